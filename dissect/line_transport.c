/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The transport layer of a packet line: TCP, UDP, ICMP, ICMPv6, SCTP, and other protocols by name.
 */
#include <netinet/in.h>
#include <linux/icmp.h>

#include "line_parts.h"

#define DNS_PORT    53
#define MDNS_PORT   5353
#define VXLAN_PORT  4789
#define VXLAN_BYTES 8

/* Defined here, as <netinet/icmp6.h> and <linux/icmpv6.h> clash with <linux/icmp.h>. */
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

/* Appends "10.0.0.1.443 > 10.0.0.2.51000: ". */
static void add_endpoints(struct text *text, const struct line_packet *packet,
			  const struct dissect_ip *ip)
{
	const uint8_t *ports = packet->data + packet->d.transport.ports;

	line_add_ip(text, ip->version, packet->data + ip->src);
	text_add(text, ".%u > ", bytes_u16(ports));
	line_add_ip(text, ip->version, packet->data + ip->dst);
	text_add(text, ".%u: ", bytes_u16(ports + 2));
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

static void add_tcp(struct text *text, const struct dissect_transport *t, const uint8_t *hdr)
{
	uint32_t seq = bytes_u32(hdr + 4);

	if (t->status == DISSECT_BAD) {
		text_add(text, "bad TCP header length %u", t->header_bytes);
		return;
	}
	add_tcp_flags(text, hdr[13]);
	text_add(text, ", seq %u", seq);
	if (t->payload_len > 0)
		text_add(text, ":%u", seq + t->payload_len);
	if (hdr[13] & 0x10)
		text_add(text, ", ack %u", bytes_u32(hdr + 8));
	text_add(text, ", win %u, length %u", bytes_u16(hdr + 14), t->payload_len);
}

static bool is_port(const uint8_t *ports, uint16_t port)
{
	return bytes_u16(ports) == port || bytes_u16(ports + 2) == port;
}

static void add_udp(struct text *text, const struct dissect_transport *t, const uint8_t *hdr)
{
	/* All bytes of the IP packet, not only as many as UDP's own length says. */
	struct bytes bytes = { .data = hdr, .at = t->header_bytes, .end = t->captured };
	const uint8_t *vxlan;

	if (t->status == DISSECT_BAD) {
		text_add(text, "bad UDP length %u", bytes_u16(hdr + 4));
		return;
	}
	if (is_port(hdr, DNS_PORT) || is_port(hdr, MDNS_PORT)) {
		line_dns(text, bytes, t->payload_len);
		return;
	}
	vxlan = is_port(hdr, VXLAN_PORT) ? bytes_take(&bytes, VXLAN_BYTES) : NULL;
	if (vxlan)
		text_add(text, "VXLAN, vni %u, length %u", bytes_u32(vxlan + 4) >> 8,
			 t->payload_len);
	else
		text_add(text, "UDP, length %u", t->payload_len);
}

static void add_type(struct text *text, const struct line_name *names, uint8_t type, uint8_t code)
{
	const char *name = line_find_name(names, type);

	if (name)
		text_add(text, "%s", name);
	else
		text_add(text, "type %u, code %u", type, code);
}

static void add_icmp(struct text *text, const struct dissect_transport *t, const uint8_t *hdr)
{
	const char *what = line_find_name(unreachable_codes, hdr[1]);

	text_add(text, "ICMP ");
	add_type(text, icmp_types, hdr[0], hdr[1]);
	if (hdr[0] == ICMP_ECHO || hdr[0] == ICMP_ECHOREPLY)
		text_add(text, ", id %u, seq %u", bytes_u16(hdr + 4), bytes_u16(hdr + 6));
	else if (hdr[0] == ICMP_DEST_UNREACH && what)
		text_add(text, " (%s)", what);
	else if (hdr[0] == ICMP_DEST_UNREACH)
		text_add(text, " (code %u)", hdr[1]);
	text_add(text, ", length %u", t->len);
}

static void add_icmp6(struct text *text, const struct dissect_transport *t, const uint8_t *hdr)
{
	struct bytes bytes = { .data = hdr, .at = t->header_bytes, .end = t->captured };
	const uint8_t *target;

	text_add(text, "ICMP6, ");
	add_type(text, icmp6_types, hdr[0], hdr[1]);
	if (hdr[0] == ICMP6_ECHO_REQUEST || hdr[0] == ICMP6_ECHO_REPLY) {
		text_add(text, ", id %u, seq %u", bytes_u16(hdr + 4), bytes_u16(hdr + 6));
	} else if (hdr[0] == ICMP6_SOLICITATION || hdr[0] == ICMP6_ADVERTISEMENT) {
		target = bytes_take(&bytes, sizeof(struct in6_addr));
		text_add(text, " ");
		if (target)
			line_add_ip(text, 6, target);
		else
			text_add(text, "[|icmp6]");
	} else if (hdr[0] == ICMP6_TOO_BIG) {
		text_add(text, ", mtu %u", bytes_u32(hdr + 4));
	}
	text_add(text, ", length %u", t->len);
}

static void add_sctp(struct text *text, const struct dissect_transport *t, const uint8_t *hdr)
{
	text_add(text, "SCTP, length %u", t->len);
}

static void add_other(struct text *text, const struct dissect_ip *ip)
{
	const char *name = line_find_name(protocols, ip->protocol);

	if (name)
		text_add(text, "%s", name);
	else
		text_add(text, "protocol %u", ip->protocol);
	text_add(text, ", length %u", ip->len);
}

/**
 * struct printer - how to print a transport header
 * @protocol: IP protocol number
 * @cut:      text for a header that was not captured
 * @ports:    the protocol has ports
 * @add:      appends to text; @hdr is the header, captured at least without its options
 */
struct printer {
	uint8_t protocol;
	const char *cut;
	bool ports;
	void (*add)(struct text *text, const struct dissect_transport *t, const uint8_t *hdr);
};

static const struct printer printers[] = {
	{ IPPROTO_TCP, "[|tcp]", true, add_tcp },
	{ IPPROTO_UDP, "[|udp]", true, add_udp },
	{ IPPROTO_ICMP, "[|icmp]", false, add_icmp },
	{ IPPROTO_ICMPV6, "[|icmp6]", false, add_icmp6 },
	{ IPPROTO_SCTP, "[|sctp]", true, add_sctp },
};

static const struct printer *find_printer(const struct dissect_transport *t)
{
	size_t i;

	for (i = 0; t->known && i < sizeof(printers) / sizeof(printers[0]); i++) {
		if (printers[i].protocol == t->protocol)
			return &printers[i];
	}
	return NULL;
}

void line_transport(struct text *text, const struct line_packet *packet,
		    const struct dissect_ip *ip)
{
	const struct dissect_transport *t = &packet->d.transport;
	const struct printer *printer = find_printer(t);
	/* Missing options don't matter, because they are not printed. */
	bool whole = printer && (t->status != DISSECT_CUT || t->header_bytes > 0);

	if (whole && printer->ports)
		add_endpoints(text, packet, ip);
	else
		line_ip_addresses(text, packet, ip);
	if (whole)
		printer->add(text, t, packet->data + t->header);
	else if (printer)
		text_add(text, "%s", printer->cut);
	else
		add_other(text, ip);
}
