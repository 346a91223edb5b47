/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Where the headers of a packet are: dissect() walks them once and fills in offsets, from which
 * lines are printed and from which flow keys and JSON fields can be taken.
 *
 *	struct dissect d;
 *
 *	dissect(&d, packet->data, packet->caplen, packet->len, linktype);
 *	if (d.transport.ports)
 *		source_port = bytes_u16(packet->data + d.transport.ports);
 *
 * Packets are hostile input. An offset of addresses or ports is set only if all their bytes were
 * captured and their header doesn't contradict itself; otherwise it is 0, where none can be. Of
 * everything else a reader may read no more bytes than the field "captured" beside it says.
 */
#ifndef NSRING_DISSECT_H
#define NSRING_DISSECT_H

#include <stdbool.h>
#include <stdint.h>

#define DISSECT_IP_MOST 4 /* nested IP headers; what the innermost carries is not walked further */

/** enum dissect_status - how far a header can be trusted */
enum dissect_status {
	DISSECT_WHOLE = 0,
	DISSECT_CUT, /* the captured bytes end within it */
	DISSECT_BAD, /* its lengths contradict each other; nothing behind it is looked at */
};

/** enum dissect_link - the link layer */
enum dissect_link {
	DISSECT_LINK_UNKNOWN = 0,
	DISSECT_LINK_ETHERNET,
	DISSECT_LINK_SLL,
	DISSECT_LINK_SLL2,
	DISSECT_LINK_FAMILY, /* BSD's loopback: an address family */
	DISSECT_LINK_NONE, /* the packet begins with IP */
};

/** enum dissect_network - what the link layer carries */
enum dissect_network {
	DISSECT_NETWORK_NONE = 0, /* not reached, or a link layer that isn't known */
	DISSECT_NETWORK_IP,
	DISSECT_NETWORK_ARP,
	DISSECT_NETWORK_LENGTH, /* an 802.3 length in the place of an EtherType */
	DISSECT_NETWORK_OTHER, /* see dissect.ethertype */
};

/**
 * struct dissect_ip - an IPv4 or IPv6 header, with its options or extension headers
 * @version:         4 or 6; any other number, as found in the packet, means that it is not IP
 * @protocol:        of the payload; of the extension header where one was cut
 * @status:          enum dissect_status
 * @fragment:        the packet is a fragment
 * @more_fragments:  it is not the last fragment
 * @fragment_id:     of a fragment
 * @fragment_offset: of a fragment, bytes; above 0 there is no transport header
 * @header:          offset
 * @src:             offset of the source address, 4 or 16 bytes
 * @dst:             offset of the destination address, 4 or 16 bytes
 * @header_bytes:    with options, and with extension headers as far as they were captured
 * @total:           bytes of the IP packet on the wire, by its header, or by the layer below when
 *                   the header doesn't say
 * @payload:         offset
 * @captured:        captured bytes of the payload, without Ethernet's padding
 * @len:             bytes of the payload on the wire
 */
struct dissect_ip {
	uint8_t version;
	uint8_t protocol;
	uint8_t status;
	bool fragment;
	bool more_fragments;
	uint32_t fragment_id;
	uint32_t fragment_offset;
	uint32_t header;
	uint32_t src;
	uint32_t dst;
	uint32_t header_bytes;
	uint32_t total;
	uint32_t payload;
	uint32_t captured;
	uint32_t len;
};

/**
 * struct dissect_transport - what the innermost IP header carries
 * @known:            it was reached; false in later fragments and behind a bad IP header
 * @protocol:         IP protocol number
 * @status:           enum dissect_status; WHOLE for a protocol that isn't walked
 * @header:           offset
 * @captured:         captured bytes from @header on
 * @len:              bytes on the wire from @header on, by the IP header
 * @ports:            offset of the two ports, source first, of TCP, UDP and SCTP
 * @header_bytes:     with options, as the header says; 0 for a protocol that isn't walked, and
 *                    with DISSECT_CUT when not even the part without options was captured
 * @payload:          offset; 0 unless @status is WHOLE
 * @payload_captured: captured bytes of the payload
 * @payload_len:      bytes of it on the wire; 0 when the header was cut or is bad
 */
struct dissect_transport {
	bool known;
	uint8_t protocol;
	uint8_t status;
	uint32_t header;
	uint32_t captured;
	uint32_t len;
	uint32_t ports;
	uint32_t header_bytes;
	uint32_t payload;
	uint32_t payload_captured;
	uint32_t payload_len;
};

/**
 * struct dissect - a packet's headers
 * @cut:              the captured bytes end within a header
 * @bad:              a header contradicts itself
 * @link:             enum dissect_link; its header is at 0
 * @link_bytes:       length of that header, without tags; 0 when it was cut
 * @link_ethertype:   the EtherType in it, if it has one; with tags, the first tag's
 * @vlans:            tags, each 4 bytes: priority and id, then the next EtherType
 * @vlan:             offset of the first of them
 * @network_kind:     enum dissect_network
 * @ethertype:        behind the tags
 * @network:          offset
 * @network_captured: captured bytes from there on
 * @network_len:      bytes on the wire from there on, with Ethernet's padding
 * @ips:              number of IP headers in @ip
 * @ip:               IP headers, the outermost first
 * @transport:        what the last IP header carries
 */
struct dissect {
	bool cut;
	bool bad;
	uint8_t link;
	uint8_t network_kind;
	uint16_t link_ethertype;
	uint16_t ethertype;
	uint32_t link_bytes;
	uint32_t vlans;
	uint32_t vlan;
	uint32_t network;
	uint32_t network_captured;
	uint32_t network_len;
	uint32_t ips;
	struct dissect_ip ip[DISSECT_IP_MOST];
	struct dissect_transport transport;
};

/**
 * dissect() - walk a packet's headers
 * @d:        filled in
 * @data:     the packet; may be NULL when @caplen is 0
 * @caplen:   captured bytes; dissect() reads nothing beyond them
 * @len:      the packet's bytes on the wire
 * @linktype: LINKTYPE_ value, host byte order
 *
 * Allocates nothing; its time is at most proportional to @caplen.
 */
void dissect(struct dissect *d, const uint8_t *data, uint32_t caplen, uint32_t len,
	     uint32_t linktype);

#endif
