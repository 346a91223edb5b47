/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Fields that some link types store in the byte order of the capturing host, which is that of the
 * file, brought into the order of this host. So whatever reads packets finds them as if this host
 * had captured them, and a file that is written from them says what the first one said.
 *
 * Fields beyond the captured bytes are left alone. The layouts are those of
 * https://www.tcpdump.org/linktypes.html.
 */
#include "host_order.h"

#include <byteswap.h>
#include <string.h>

#define LINKTYPE_NULL		   0
#define LINKTYPE_ENC		   109
#define LINKTYPE_LINUX_SLL	   113
#define LINKTYPE_PFLOG		   117
#define LINKTYPE_USB_LINUX	   189
#define LINKTYPE_USB_LINUX_MMAPPED 220
#define LINKTYPE_NFLOG		   239
#define LINKTYPE_LINUX_SLL2	   276

/* Linux cooked headers: where the protocol stands, and how long they are. */
#define SLL_PROTOCOL  14
#define SLL_BYTES     16
#define SLL2_PROTOCOL 0
#define SLL2_BYTES    20

/* Protocols of Linux cooked headers that SocketCAN's headers follow. */
#define SLL_P_CAN   0x000c
#define SLL_P_CANFD 0x000d
#define SLL_P_CANXL 0x000e

/* usbmon's header */
#define USB_TRANSFER_TYPE  9
#define USB_ISOCHRONOUS	   0
#define USB_NDESC	   60
#define USB_BYTES	   64
#define USB_ISO_DESCRIPTOR 16 /* status, offset, length, padding: 32 bits each */
#define USB_SETUP	   40

/* OpenBSD's pf: two pairs of user and process, behind the length byte at 0 and two names */
#define PFLOG_USER	44
#define PFLOG_USERS_END 60

/* NFLOG: four bytes, then length, type and value, padded to four bytes, many times */
#define NFLOG_BYTES 4
#define NFLOG_TLV   4

/** struct bytes - the captured bytes of a packet */
struct bytes {
	uint8_t *at;
	uint32_t count;
};

static void swap16(struct bytes packet, uint32_t offset)
{
	uint16_t value;

	if (packet.count < sizeof(value) || offset > packet.count - sizeof(value))
		return;
	memcpy(&value, packet.at + offset, sizeof(value));
	value = bswap_16(value);
	memcpy(packet.at + offset, &value, sizeof(value));
}

static void swap32(struct bytes packet, uint32_t offset)
{
	uint32_t value;

	if (packet.count < sizeof(value) || offset > packet.count - sizeof(value))
		return;
	memcpy(&value, packet.at + offset, sizeof(value));
	value = bswap_32(value);
	memcpy(packet.at + offset, &value, sizeof(value));
}

/* The words from @offset up to @end. */
static void swap_words(struct bytes packet, uint32_t offset, uint32_t end)
{
	for (; offset < end; offset += sizeof(uint32_t))
		swap32(packet, offset);
}

static void swap64(struct bytes packet, uint32_t offset)
{
	uint64_t value;

	if (packet.count < sizeof(value) || offset > packet.count - sizeof(value))
		return;
	memcpy(&value, packet.at + offset, sizeof(value));
	value = bswap_64(value);
	memcpy(packet.at + offset, &value, sizeof(value));
}

/* The address family, and of IPsec's pseudo-device also the flags. */
static void swap_family(struct bytes packet, uint32_t linktype)
{
	swap32(packet, 0);
	if (linktype == LINKTYPE_ENC)
		swap32(packet, 8);
}

/* The CAN id, and of CAN XL also the length and the acceptance field. */
static void swap_can(struct bytes packet, uint32_t protocol_at, uint32_t header_bytes)
{
	uint32_t protocol;

	if (packet.count < header_bytes)
		return;
	protocol = (uint32_t)packet.at[protocol_at] << 8 | packet.at[protocol_at + 1];
	if (protocol != SLL_P_CAN && protocol != SLL_P_CANFD && protocol != SLL_P_CANXL)
		return;
	swap32(packet, header_bytes);
	if (protocol != SLL_P_CANXL)
		return;
	swap16(packet, header_bytes + 6);
	swap32(packet, header_bytes + 8);
}

/* The header ends where its first byte tells; older systems have none of these fields. */
static void swap_pflog(struct bytes packet)
{
	if (packet.count && packet.at[0] < packet.count)
		packet.count = packet.at[0];
	swap_words(packet, PFLOG_USER, PFLOG_USERS_END);
}

/* The descriptors of isochronous transfers, which tell how each of their parts went. */
static void swap_usb_descriptors(struct bytes packet)
{
	uint32_t count, offset;

	if (packet.count < USB_BYTES)
		return;
	memcpy(&count, packet.at + USB_NDESC, sizeof(count));
	for (offset = USB_BYTES; count && offset < packet.count; offset += USB_ISO_DESCRIPTOR) {
		swap_words(packet, offset, offset + 12);
		count--;
	}
}

static void swap_usb(struct bytes packet, bool mmapped)
{
	bool isochronous;

	isochronous =
		packet.count > USB_TRANSFER_TYPE && packet.at[USB_TRANSFER_TYPE] == USB_ISOCHRONOUS;
	swap64(packet, 0); /* the URB's id */
	swap16(packet, 12); /* the bus */
	swap64(packet, 16); /* seconds */
	swap_words(packet, 24, 40); /* µs, status, URB length, data length */
	/* For other transfers it is a setup packet, little-endian everywhere. */
	if (isochronous)
		swap_words(packet, USB_SETUP, USB_SETUP + 8);
	if (mmapped)
		swap_words(packet, 48, USB_BYTES); /* interval, frame, flags, descriptors */
	if (mmapped && isochronous)
		swap_usb_descriptors(packet);
}

/* Lengths and types; the values are in network order, or bytes. */
static void swap_nflog(struct bytes packet)
{
	uint32_t offset = NFLOG_BYTES;
	uint16_t length;

	if (packet.count < NFLOG_BYTES || packet.at[1] != 0) /* the version */
		return;
	while (offset <= packet.count && packet.count - offset >= NFLOG_TLV) {
		swap16(packet, offset);
		swap16(packet, offset + 2);
		memcpy(&length, packet.at + offset, sizeof(length));
		if (length < NFLOG_TLV)
			return;
		offset += (length + 3u) & ~3u;
	}
}

void savefile_to_host_order(uint32_t linktype, uint8_t *data, uint32_t caplen)
{
	struct bytes packet = { data, caplen };

	switch (linktype) {
	case LINKTYPE_NULL:
	case LINKTYPE_ENC:
		swap_family(packet, linktype);
		break;
	case LINKTYPE_LINUX_SLL:
		swap_can(packet, SLL_PROTOCOL, SLL_BYTES);
		break;
	case LINKTYPE_LINUX_SLL2:
		swap_can(packet, SLL2_PROTOCOL, SLL2_BYTES);
		break;
	case LINKTYPE_PFLOG:
		swap_pflog(packet);
		break;
	case LINKTYPE_USB_LINUX:
	case LINKTYPE_USB_LINUX_MMAPPED:
		swap_usb(packet, linktype == LINKTYPE_USB_LINUX_MMAPPED);
		break;
	case LINKTYPE_NFLOG:
		swap_nflog(packet);
		break;
	}
}
