/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The transport layer of a packet line: TCP, UDP, ICMP, ICMPv6, SCTP and the names of others.
 */
#include <netinet/in.h>
#include <linux/icmp.h>

#include "line_parts.h"

#define TCP_BYTES   20
#define UDP_BYTES   8
#define ICMP_BYTES  8
#define SCTP_BYTES  12
#define DNS_PORT    53
#define MDNS_PORT   5353
#define VXLAN_PORT  4789
#define VXLAN_BYTES 8

/* <netinet/icmp6.h> and <linux/icmpv6.h> don't agree with <linux/icmp.h>. */
#define ICMP6_UNREACHABLE   1
#define ICMP6_TOO_BIG	    2
#define ICMP6_TIME_EXCEEDED 3
#define ICMP6_ECHO_REQUEST  128
#define ICMP6_ECHO_REPLY    129
#define ICMP6_SOLICITATION  135
#define ICMP6_ADVERTISEMENT 136

static const struct line_name icmp_types[] = {
	{ ICMP_ECHOREPLY, "echo reply" },
	{ ICMP_DEST_UNREACH, "unreachable" },
	{ ICMP_SOURCE_QUENCH, "source quench" },
	{ ICMP_REDIRECT, "redirect" },
	{ ICMP_ECHO, "echo request" },
	{ 9, "router advertisement" },
	{ 10, "router solicitation" },
	{ ICMP_TIME_EXCEEDED, "time exceeded" },
	{ ICMP_PARAMETERPROB, "parameter problem" },
	{ ICMP_TIMESTAMP, "timestamp request" },
	{ ICMP_TIMESTAMPREPLY, "timestamp reply" },
	{ 0, NULL },
};

static const struct line_name unreachable_codes[] = {
	{ ICMP_NET_UNREACH, "net" },
	{ ICMP_HOST_UNREACH, "host" },
	{ ICMP_PROT_UNREACH, "protocol" },
	{ ICMP_PORT_UNREACH, "port" },
	{ ICMP_FRAG_NEEDED, "need to frag" },
	{ ICMP_PKT_FILTERED, "admin prohibited" },
	{ 0, NULL },
};

static const struct line_name icmp6_types[] = {
	{ ICMP6_UNREACHABLE, "unreachable" },
	{ ICMP6_TOO_BIG, "packet too big" },
	{ ICMP6_TIME_EXCEEDED, "time exceeded" },
	{ 4, "parameter problem" },
	{ ICMP6_ECHO_REQUEST, "echo request" },
	{ ICMP6_ECHO_REPLY, "echo reply" },
	{ 130, "multicast listener query" },
	{ 131, "multicast listener report" },
	{ 132, "multicast listener done" },
	{ 133, "router solicitation" },
	{ 134, "router advertisement" },
	{ ICMP6_SOLICITATION, "neighbor solicitation, who has" },
	{ ICMP6_ADVERTISEMENT, "neighbor advertisement, tgt is" },
	{ 137, "redirect" },
	{ 143, "multicast listener report v2" },
	{ 0, NULL },
};

static const struct line_name protocols[] = {
	{ IPPROTO_HOPOPTS, "hop-by-hop options" },
	{ IPPROTO_ICMP, "ICMP" },
	{ IPPROTO_IGMP, "IGMP" },
	{ IPPROTO_IPIP, "IP in IP" },
	{ IPPROTO_TCP, "TCP" },
	{ IPPROTO_UDP, "UDP" },
	{ IPPROTO_DCCP, "DCCP" },
	{ IPPROTO_IPV6, "IPv6 in IP" },
	{ IPPROTO_GRE, "GRE" },
	{ IPPROTO_ESP, "ESP" },
	{ IPPROTO_AH, "AH" },
	{ IPPROTO_ICMPV6, "ICMP6" },
	{ IPPROTO_NONE, "no next header" },
	{ 89, "OSPF" },
	{ IPPROTO_PIM, "PIM" },
	{ 112, "VRRP" },
	{ IPPROTO_SCTP, "SCTP" },
	{ IPPROTO_UDPLITE, "UDP-Lite" },
	{ 0, NULL },
};

static void add_addresses(struct text *text, const struct line_flow *flow)
{
	line_add_ip(text, flow->family, flow->src);
	text_add(text, " > ");
	line_add_ip(text, flow->family, flow->dst);
	text_add(text, ": ");
}

/* "10.0.0.1.443 > 10.0.0.2.51000: ", from the two ports at @ports. */
static void add_endpoints(struct text *text, const struct line_flow *flow, const uint8_t *ports)
{
	line_add_ip(text, flow->family, flow->src);
	text_add(text, ".%u > ", line_u16(ports));
	line_add_ip(text, flow->family, flow->dst);
	text_add(text, ".%u: ", line_u16(ports + 2));
}

static void add_tcp_flags(struct text *text, uint8_t flags)
{
	static const char letters[] = "FSRP.UEW";
	char shown[sizeof(letters)];
	size_t n = 0;
	unsigned int bit;

	for (bit = 0; bit < sizeof(letters) - 1; bit++) {
		if (flags & 1u << bit)
			shown[n++] = letters[bit];
	}
	shown[n] = '\0';
	text_add(text, "Flags [%s]", n > 0 ? shown : "none");
}

static void add_tcp(struct text *text, const struct line_flow *flow, struct line_bytes bytes)
{
	const uint8_t *hdr = line_take(&bytes, TCP_BYTES);
	uint32_t hdr_bytes, seq, data_bytes;

	if (!hdr) {
		add_addresses(text, flow);
		text_add(text, "[|tcp]");
		return;
	}
	add_endpoints(text, flow, hdr);
	hdr_bytes = (hdr[12] >> 4) * 4u;
	if (hdr_bytes < TCP_BYTES || hdr_bytes > flow->len) {
		text_add(text, "bad TCP header length %u", hdr_bytes);
		return;
	}
	seq = line_u32(hdr + 4);
	data_bytes = flow->len - hdr_bytes;
	add_tcp_flags(text, hdr[13]);
	text_add(text, ", seq %u", seq);
	if (data_bytes > 0)
		text_add(text, ":%u", seq + data_bytes);
	if (hdr[13] & 0x10)
		text_add(text, ", ack %u", line_u32(hdr + 8));
	text_add(text, ", win %u, length %u", line_u16(hdr + 14), data_bytes);
}

static bool is_port(const uint8_t *ports, uint16_t port)
{
	return line_u16(ports) == port || line_u16(ports + 2) == port;
}

static void add_udp(struct text *text, const struct line_flow *flow, struct line_bytes bytes)
{
	const uint8_t *hdr = line_take(&bytes, UDP_BYTES);
	const uint8_t *vxlan;
	uint32_t len;

	if (!hdr) {
		add_addresses(text, flow);
		text_add(text, "[|udp]");
		return;
	}
	add_endpoints(text, flow, hdr);
	len = line_u16(hdr + 4);
	/* Zero: segmentation is left to the device. */
	if (len == 0)
		len = flow->len;
	if (len < UDP_BYTES) {
		text_add(text, "bad UDP length %u", len);
		return;
	}
	len -= UDP_BYTES;
	if (is_port(hdr, DNS_PORT) || is_port(hdr, MDNS_PORT)) {
		line_dns(text, bytes, len);
		return;
	}
	vxlan = is_port(hdr, VXLAN_PORT) ? line_take(&bytes, VXLAN_BYTES) : NULL;
	if (vxlan)
		text_add(text, "VXLAN, vni %u, length %u", line_u32(vxlan + 4) >> 8, len);
	else
		text_add(text, "UDP, length %u", len);
}

static void add_type(struct text *text, const struct line_name *names, uint8_t type, uint8_t code)
{
	const char *name = line_find_name(names, type);

	if (name)
		text_add(text, "%s", name);
	else
		text_add(text, "type %u, code %u", type, code);
}

static void add_icmp(struct text *text, const struct line_flow *flow, struct line_bytes bytes)
{
	const uint8_t *hdr = line_take(&bytes, ICMP_BYTES);
	const char *what;

	add_addresses(text, flow);
	if (!hdr) {
		text_add(text, "[|icmp]");
		return;
	}
	text_add(text, "ICMP ");
	add_type(text, icmp_types, hdr[0], hdr[1]);
	what = line_find_name(unreachable_codes, hdr[1]);
	if (hdr[0] == ICMP_ECHO || hdr[0] == ICMP_ECHOREPLY)
		text_add(text, ", id %u, seq %u", line_u16(hdr + 4), line_u16(hdr + 6));
	else if (hdr[0] == ICMP_DEST_UNREACH && what)
		text_add(text, " (%s)", what);
	else if (hdr[0] == ICMP_DEST_UNREACH)
		text_add(text, " (code %u)", hdr[1]);
	text_add(text, ", length %u", flow->len);
}

static void add_icmp6(struct text *text, const struct line_flow *flow, struct line_bytes bytes)
{
	const uint8_t *hdr = line_take(&bytes, ICMP_BYTES);
	const uint8_t *target;

	add_addresses(text, flow);
	if (!hdr) {
		text_add(text, "[|icmp6]");
		return;
	}
	text_add(text, "ICMP6, ");
	add_type(text, icmp6_types, hdr[0], hdr[1]);
	if (hdr[0] == ICMP6_ECHO_REQUEST || hdr[0] == ICMP6_ECHO_REPLY) {
		text_add(text, ", id %u, seq %u", line_u16(hdr + 4), line_u16(hdr + 6));
	} else if (hdr[0] == ICMP6_SOLICITATION || hdr[0] == ICMP6_ADVERTISEMENT) {
		target = line_take(&bytes, sizeof(struct in6_addr));
		text_add(text, " ");
		if (target)
			line_add_ip(text, AF_INET6, target);
		else
			text_add(text, "[|icmp6]");
	} else if (hdr[0] == ICMP6_TOO_BIG) {
		text_add(text, ", mtu %u", line_u32(hdr + 4));
	}
	text_add(text, ", length %u", flow->len);
}

static void add_sctp(struct text *text, const struct line_flow *flow, struct line_bytes bytes)
{
	const uint8_t *hdr = line_take(&bytes, SCTP_BYTES);

	if (!hdr) {
		add_addresses(text, flow);
		text_add(text, "[|sctp]");
		return;
	}
	add_endpoints(text, flow, hdr);
	text_add(text, "SCTP, length %u", flow->len);
}

static void add_other(struct text *text, const struct line_flow *flow)
{
	const char *name = line_find_name(protocols, flow->protocol);

	add_addresses(text, flow);
	if (name)
		text_add(text, "%s", name);
	else
		text_add(text, "protocol %u", flow->protocol);
	text_add(text, ", length %u", flow->len);
}

void line_transport(struct text *text, const struct line_flow *flow, struct line_bytes bytes)
{
	switch (flow->protocol) {
	case IPPROTO_TCP:
		add_tcp(text, flow, bytes);
		break;
	case IPPROTO_UDP:
		add_udp(text, flow, bytes);
		break;
	case IPPROTO_ICMP:
		add_icmp(text, flow, bytes);
		break;
	case IPPROTO_ICMPV6:
		add_icmp6(text, flow, bytes);
		break;
	case IPPROTO_SCTP:
		add_sctp(text, flow, bytes);
		break;
	default:
		add_other(text, flow);
	}
}
