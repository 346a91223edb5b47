/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Walking transport headers: TCP, UDP, ICMP, ICMPv6 and SCTP.
 */
#include <netinet/in.h>

#include "walk.h"

#define TCP_BYTES   20
#define UDP_BYTES   8
#define ICMP_BYTES  8
#define SCTP_BYTES  12
#define PORTS_BYTES 4 /* enough to tell flows apart, even when the rest was cut */

/* Length of the header without options; 0 for a protocol that isn't walked. */
static uint32_t fixed_bytes(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return TCP_BYTES;
	case IPPROTO_UDP:
		return UDP_BYTES;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return ICMP_BYTES;
	case IPPROTO_SCTP:
		return SCTP_BYTES;
	}
	return 0;
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* Takes the lengths from the header at @hdr, which was captured at least without its options. */
static enum dissect_status measure(struct dissect_transport *t, const uint8_t *hdr)
{
	uint32_t len = t->len;

	if (t->protocol == IPPROTO_TCP)
		t->header_bytes = (hdr[12] >> 4) * 4u;
	/* Zero: the device segments. */
	if (t->protocol == IPPROTO_UDP && bytes_u16(hdr + 4))
		len = bytes_u16(hdr + 4);
	if (t->header_bytes < fixed_bytes(t->protocol) || t->header_bytes > len)
		return DISSECT_BAD;
	t->payload_len = len - t->header_bytes;
	return t->header_bytes > t->captured ? DISSECT_CUT : DISSECT_WHOLE;
}

static void find_payload(struct dissect_transport *t)
{
	t->payload = t->header + t->header_bytes;
	t->payload_captured = t->captured - t->header_bytes;
	if (t->payload_captured > t->payload_len)
		t->payload_captured = t->payload_len;
}

void walk_transport(struct dissect *d, const struct dissect_ip *ip, struct bytes bytes)
{
	struct dissect_transport *t = &d->transport;
	uint32_t fixed = fixed_bytes(ip->protocol);
	enum dissect_status status = DISSECT_WHOLE;

	*t = (struct dissect_transport){
		.known = true,
		.protocol = ip->protocol,
		.header = bytes.at,
		.captured = bytes_left(&bytes),
		.len = ip->len,
	};
	if (has_ports(t->protocol) && t->captured >= PORTS_BYTES)
		t->ports = t->header;
	if (t->captured < fixed) {
		t->status = walk_end(d, DISSECT_CUT);
		return;
	}
	t->header_bytes = fixed;
	if (fixed)
		status = measure(t, bytes.data + bytes.at);
	else
		t->payload_len = t->len;
	t->status = walk_end(d, status);
	if (status == DISSECT_WHOLE)
		find_payload(t);
}
