/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The numbers of the capture file formats, with the names that their specifications give them:
 * draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. Shared by the reader (engines/file/) and
 * the writer (lib/file/writer.c). All fields are in the byte order of the program that wrote the
 * file or section.
 */
#ifndef NSR_SAVEFILE_FORMAT_H
#define NSR_SAVEFILE_FORMAT_H

#include <stdint.h>

/* Classic pcap */
#define PCAP_MAGIC_USEC	    0xa1b2c3d4u
#define PCAP_MAGIC_NSEC	    0xa1b23c4du
#define PCAP_MAGIC_MODIFIED 0xa1b2cd34u /* Kuznetzov's: µs, and more in front of each packet */
#define PCAP_VERSION_MAJOR  2
#define PCAP_VERSION_MINOR  4
/* The link type shares its word with the FCS length (f, FCSLen) and reserved bits. */
#define PCAP_LINKTYPE_MASK 0x0000ffffu
#define PCAP_FCS_PRESENT   0x04000000u
#define PCAP_FCS_SHIFT	   28 /* its length in units of 16 bits */

/** struct pcap_file_hdr - what a classic pcap file starts with */
struct pcap_file_hdr {
	uint32_t magic;
	uint16_t version_major;
	uint16_t version_minor;
	uint32_t reserved1; /* once the time zone */
	uint32_t reserved2; /* once the accuracy */
	uint32_t snaplen;
	uint32_t linktype;
};

/** struct pcap_record_hdr - what each packet of a classic pcap file starts with */
struct pcap_record_hdr {
	uint32_t ts_sec;
	uint32_t ts_frac; /* µs or ns, as the file's magic tells */
	uint32_t caplen;
	uint32_t len;
};

/** struct pcap_modified_hdr - the same with PCAP_MAGIC_MODIFIED */
struct pcap_modified_hdr {
	struct pcap_record_hdr record;
	uint32_t ifindex;
	uint16_t protocol;
	uint8_t packet_type;
	uint8_t padding;
};

/* pcapng: block types */
#define PCAPNG_SHB	  0x0a0d0d0au /* Section Header Block, the same in both byte orders */
#define PCAPNG_IDB	  0x00000001u /* Interface Description Block */
#define PCAPNG_PB	  0x00000002u /* Packet Block, obsolete */
#define PCAPNG_SPB	  0x00000003u /* Simple Packet Block */
#define PCAPNG_NRB	  0x00000004u /* Name Resolution Block */
#define PCAPNG_ISB	  0x00000005u /* Interface Statistics Block */
#define PCAPNG_EPB	  0x00000006u /* Enhanced Packet Block */
#define PCAPNG_DSB	  0x0000000au /* Decryption Secrets Block */
#define PCAPNG_CB	  0x00000badu /* Custom Block that may be copied */
#define PCAPNG_CB_NO_COPY 0x40000badu /* Custom Block that may not */

#define PCAPNG_BYTE_ORDER_MAGIC 0x1a2b3c4du
#define PCAPNG_VERSION_MAJOR	1
#define PCAPNG_VERSION_MINOR	0
#define PCAPNG_SECTION_UNKNOWN	UINT64_MAX /* Section Length when it is not known */
#define PCAPNG_BLOCK_ALIGN	4u

/* pcapng: option codes of all blocks */
#define PCAPNG_OPT_ENDOFOPT 0
#define PCAPNG_OPT_COMMENT  1
/* Custom options begin with their enterprise's number. */
#define PCAPNG_OPT_CUSTOM_TEXT		2988
#define PCAPNG_OPT_CUSTOM_BYTES		2989
#define PCAPNG_OPT_CUSTOM_TEXT_NO_COPY	19372
#define PCAPNG_OPT_CUSTOM_BYTES_NO_COPY 19373

/* pcapng: option codes of the Section Header Block */
#define PCAPNG_SHB_HARDWARE 2
#define PCAPNG_SHB_OS	    3
#define PCAPNG_SHB_USERAPPL 4

/* pcapng: option codes of the Interface Description Block */
#define PCAPNG_IF_NAME	      2
#define PCAPNG_IF_DESCRIPTION 3
#define PCAPNG_IF_IPV4ADDR    4
#define PCAPNG_IF_IPV6ADDR    5
#define PCAPNG_IF_MACADDR     6
#define PCAPNG_IF_EUIADDR     7
#define PCAPNG_IF_SPEED	      8
#define PCAPNG_IF_TSRESOL     9
#define PCAPNG_IF_TZONE	      10
#define PCAPNG_IF_FILTER      11
#define PCAPNG_IF_OS	      12
#define PCAPNG_IF_FCSLEN      13 /* in bits, though some write bytes */
#define PCAPNG_IF_TSOFFSET    14
#define PCAPNG_IF_HARDWARE    15
#define PCAPNG_IF_TXSPEED     16
#define PCAPNG_IF_RXSPEED     17
#define PCAPNG_IF_IANA_TZNAME 18

#define PCAPNG_TSRESOL_DEFAULT	 6 /* µs */
#define PCAPNG_TSRESOL_NSEC	 9
#define PCAPNG_TSRESOL_BINARY	 0x80 /* the exponent's base is 2, not 10 */
#define PCAPNG_IF_FILTER_LIBPCAP 0 /* first byte of if_filter: a libpcap filter string follows */

/* pcapng: option codes of the Enhanced Packet Block */
#define PCAPNG_EPB_FLAGS     2 /* also pack_flags of the obsolete Packet Block */
#define PCAPNG_EPB_HASH	     3
#define PCAPNG_EPB_DROPCOUNT 4
#define PCAPNG_EPB_PACKETID  5
#define PCAPNG_EPB_QUEUE     6
#define PCAPNG_EPB_VERDICT   7

/* pcapng: option codes of the Name Resolution Block */
#define PCAPNG_NS_DNSNAME    2
#define PCAPNG_NS_DNSIP4ADDR 3
#define PCAPNG_NS_DNSIP6ADDR 4

/* pcapng: the word of epb_flags */
#define PCAPNG_EPB_FLAGS_DIRECTION	0x00000003u
#define PCAPNG_EPB_FLAGS_INBOUND	0x00000001u
#define PCAPNG_EPB_FLAGS_OUTBOUND	0x00000002u
#define PCAPNG_EPB_FLAGS_RECEPTION	0x0000001cu
#define PCAPNG_EPB_FLAGS_UNICAST	0x00000004u
#define PCAPNG_EPB_FLAGS_MULTICAST	0x00000008u
#define PCAPNG_EPB_FLAGS_BROADCAST	0x0000000cu
#define PCAPNG_EPB_FLAGS_PROMISCUOUS	0x00000010u
#define PCAPNG_EPB_FLAGS_FCS_SHIFT	5 /* 4 bits, in bytes; 0: not told */
#define PCAPNG_EPB_FLAGS_CSUM_NOT_READY 0x00000200u /* left to the device */

/* pcapng: option codes of the Interface Statistics Block */
#define PCAPNG_ISB_STARTTIME	2
#define PCAPNG_ISB_ENDTIME	3
#define PCAPNG_ISB_IFRECV	4
#define PCAPNG_ISB_IFDROP	5
#define PCAPNG_ISB_FILTERACCEPT 6
#define PCAPNG_ISB_OSDROP	7
#define PCAPNG_ISB_USRDELIV	8

/** struct pcapng_block_hdr - begins every block, whose last 4 bytes repeat total_length */
struct pcapng_block_hdr {
	uint32_t type;
	uint32_t total_length;
};

/** struct pcapng_shb_body - Section Header Block, after the block header; options follow */
struct pcapng_shb_body {
	uint32_t byte_order_magic;
	uint16_t version_major;
	uint16_t version_minor;
	uint32_t section_length[2]; /* 64 bits, not aligned within the block */
};

/** struct pcapng_idb_body - Interface Description Block; options follow */
struct pcapng_idb_body {
	uint16_t linktype;
	uint16_t reserved;
	uint32_t snaplen; /* 0: no limit */
};

/** struct pcapng_epb_body - Enhanced Packet Block; padded data, then options follow */
struct pcapng_epb_body {
	uint32_t interface_id;
	uint32_t ts_high;
	uint32_t ts_low;
	uint32_t caplen;
	uint32_t len;
};

/** struct pcapng_pb_body - obsolete Packet Block; padded data, then options follow */
struct pcapng_pb_body {
	uint16_t interface_id;
	uint16_t drops_count;
	uint32_t ts_high;
	uint32_t ts_low;
	uint32_t caplen;
	uint32_t len;
};

/** struct pcapng_spb_body - Simple Packet Block; padded data follows */
struct pcapng_spb_body {
	uint32_t len;
};

/** struct pcapng_option - header of an option; its value is padded to PCAPNG_BLOCK_ALIGN */
struct pcapng_option {
	uint16_t code;
	uint16_t length;
};

_Static_assert(sizeof(struct pcap_file_hdr) == 24, "pcap file header");
_Static_assert(sizeof(struct pcap_record_hdr) == 16, "pcap record header");
_Static_assert(sizeof(struct pcap_modified_hdr) == 24, "modified pcap record header");
_Static_assert(sizeof(struct pcapng_shb_body) == 16, "section header block");
_Static_assert(sizeof(struct pcapng_epb_body) == 20, "enhanced packet block");
_Static_assert(sizeof(struct pcapng_pb_body) == 20, "packet block");
_Static_assert(sizeof(struct pcapng_option) == 4, "option");

#endif
