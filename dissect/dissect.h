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
 * Packets are hostile input. Addresses and ports were captured as a whole; those that were cut off,
 * or whose header contradicts itself, have the offset 0, where none can be. Of all else as many
 * bytes may be read as its field "captured" says.
 */
#ifndef NSRING_DISSECT_H
#define NSRING_DISSECT_H

#include <stdbool.h>
#include <stdint.h>

#define DISSECT_IP_MOST 4 /* IP headers within each other; the innermost carries what is beyond */

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
 * @version:         4 or 6; another number, which the packet has there, is none of IP
 * @protocol:        of the payload; that of an extension header which was cut
 * @status:          enum dissect_status
 * @fragment:        the packet is a fragment
 * @more_fragments:  and not the last
 * @fragment_id:     of a fragment
 * @fragment_offset: of a fragment, bytes; above 0 there is no transport header
 * @header:          offset
 * @src:             offset of its address, of 4 or 16 bytes
 * @dst:             likewise
 * @header_bytes:    with options, and with extension headers as far as they were captured
 * @total:           bytes of the IP packet on the wire, as it says, else as the layer below does
 * @payload:         offset
 * @captured:        bytes of the payload; Ethernet's padding is none of them
 * @len:             of the payload, on the wire
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
 * @known:            it was reached: not in later fragments, nor behind an IP header that is bad
 * @protocol:         IP protocol number
 * @status:           enum dissect_status; WHOLE for a protocol that isn't walked
 * @header:           offset
 * @captured:         bytes from @header on
 * @len:              on the wire from @header on, as the IP header tells
 * @ports:            offset of the two ports, source first, of TCP, UDP and SCTP
 * @header_bytes:     with options, as the header says; 0 for a protocol that isn't walked, and
 *                    with DISSECT_CUT when not even the part without options was captured
 * @payload:          offset; 0 unless @status is WHOLE
 * @payload_captured: bytes
 * @payload_len:      bytes on the wire; 0 when the header was cut or is bad
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
 * @link_bytes:       of it, without tags; 0 when it was cut
 * @link_ethertype:   in it, where it has one: the first tag's, if there are tags
 * @vlans:            tags, each 4 bytes: priority and id, then the next EtherType
 * @vlan:             offset of the first of them
 * @network_kind:     enum dissect_network
 * @ethertype:        behind the tags
 * @network:          offset
 * @network_captured: bytes
 * @network_len:      bytes on the wire, Ethernet's padding included
 * @ips:              IP headers, from the outermost
 * @ip:               these
 * @transport:        of the last of them
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
 * @caplen:   bytes of it, beyond which nothing is read
 * @len:      its bytes on the wire
 * @linktype: LINKTYPE_ value, host byte order
 *
 * Allocates nothing and takes time in proportion to @caplen at most.
 */
void dissect(struct dissect *d, const uint8_t *data, uint32_t caplen, uint32_t len,
	     uint32_t linktype);

#endif
