/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "filter_grammar.h"
#include "random_frame.h"

/* A text that grows; what does not fit is cut, and then hardly compiles. */
struct writer {
	uint64_t *state;
	char *text;
	size_t bytes, used;
};

__attribute__((format(printf, 2, 3))) static void say(struct writer *w, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(w->text + w->used, w->bytes - w->used, fmt, args);
	va_end(args);
	if (n > 0)
		w->used += (size_t)n < w->bytes - w->used ? (size_t)n : w->bytes - w->used - 1;
}

static uint32_t below(struct writer *w, uint32_t end)
{
	return random_below(w->state, end);
}

#define ANY(w, ...)                                                                                \
	((const char *const[]){ __VA_ARGS__ }[below(                                               \
		w, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))])

static const char *direction(struct writer *w)
{
	return ANY(w, "", "", "src ", "dst ", "src or dst ", "src and dst ");
}

static const char *port(struct writer *w)
{
	return ANY(w, "53", "80", "443", "22", "1024", "70");
}

static void say_address(struct writer *w)
{
	const char *family = ANY(w, "", "ip ", "arp ", "ip6 ");

	if (below(w, 3) == 0)
		say(w, "%s%shost %s", strcmp(family, "ip6 ") ? "" : family, direction(w),
		    ANY(w, "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "fe80:db8::1"));
	else
		say(w, "%s%shost %s", strcmp(family, "ip6 ") ? family : "", direction(w),
		    ANY(w, "192.0.2.1", "192.0.2.2", "198.51.100.1", "224.0.0.1"));
}

static void say_net(struct writer *w)
{
	say(w, "%snet %s", direction(w),
	    ANY(w, "192.0.2.0/24", "192.0.2.128/25", "198.51.100.0/24", "192.0.2", "10",
		"0.0.0.0/0", "2001:db8::/32", "2001:db8:1::/48", "ff02::/16"));
}

static void say_port(struct writer *w)
{
	const char *protocol = ANY(w, "", "tcp ", "udp ", "sctp ");

	if (below(w, 4))
		say(w, "%s%sport %s", protocol, direction(w), port(w));
	else
		say(w, "%s%sportrange %s-%s", protocol, direction(w), ANY(w, "22", "50", "443"),
		    ANY(w, "80", "444", "1024"));
}

static void say_protocol(struct writer *w)
{
	say(w, "%s",
	    ANY(w, "ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6", "sctp", "igmp",
		"igrp", "pim", "ah", "esp", "vrrp", "carp", "atalk", "aarp", "decnet", "lat",
		"moprc", "mopdl", "iso", "clnp", "esis", "isis", "stp", "ipx", "netbeui", "llc",
		"loopback", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "llc i", "llc s",
		"llc u", "llc rr", "llc rnr", "llc rej", "llc ui", "llc sabme", "llc test",
		"llc xid", "iso proto 0x83", "isis proto 18", "ether proto 0x88cc",
		"ether proto \\ip", "ether proto 100", "ip proto 17", "ip proto \\tcp",
		"ip6 proto 58", "proto 47", "ip proto 9", "ip6 proto 44"));
}

static void say_ether(struct writer *w)
{
	if (below(w, 3) == 0)
		say(w, "%s",
		    ANY(w, "ether broadcast", "ether multicast", "broadcast", "multicast",
			"ip multicast", "ip6 multicast"));
	else
		say(w, "ether %s%s", ANY(w, "host ", "src ", "dst "),
		    ANY(w, "02:00:00:00:00:01", "02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff",
			"01:80:c2:00:00:00"));
}

/* These move what the terms after them look at. */
static void say_layer(struct writer *w)
{
	say(w, "%s",
	    ANY(w, "vlan", "vlan 5", "vlan 6", "vlan 100", "mpls", "mpls 7", "mpls 100", "pppoes",
		"pppoes 2", "pppoed", "geneve", "geneve 1", "vlan and vlan 5", "mpls and mpls 8"));
}

static const char *relation(struct writer *w)
{
	return ANY(w, "=", "=", "!=", "<", ">", "<=", ">=");
}

static void say_number(struct writer *w)
{
	switch (below(w, 4)) {
	case 0:
		say(w, "%u", below(w, 8));
		break;
	case 1:
		say(w, "0x%x", 1u << below(w, 32));
		break;
	case 2:
		say(w, "%u", random_next(w->state));
		break;
	default:
		say(w, "%u", below(w, 256));
	}
}

static void say_expression(struct writer *w, uint32_t depth);

/* An accessor, mostly with a constant offset. */
static void say_bytes(struct writer *w, uint32_t depth)
{
	say(w, "%s[",
	    ANY(w, "ether", "ether", "ip", "ip", "tcp", "udp", "icmp", "ip6", "ip6", "arp", "icmp6",
		"sctp", "igmp", "rarp"));
	if (below(w, 4) || !depth)
		say(w, "%u", below(w, 10) ? below(w, 40) : below(w, 3000));
	else
		say_expression(w, depth - 1);
	say(w, "%s]", ANY(w, "", "", ":1", ":2", ":2", ":4"));
}

static void say_expression(struct writer *w, uint32_t depth)
{
	if (!depth || below(w, 3) == 0) {
		if (below(w, 8) == 0)
			say(w, "len");
		else if (below(w, 3))
			say_bytes(w, depth);
		else
			say_number(w);
		return;
	}
	if (below(w, 12) == 0)
		say(w, "-");
	say(w, "(");
	say_expression(w, depth - 1);
	say(w, " %s ", ANY(w, "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"));
	if (below(w, 2))
		say_number(w);
	else
		say_expression(w, depth - 1);
	say(w, ")");
}

static void say_comparison(struct writer *w)
{
	if (below(w, 2)) {
		say_bytes(w, 1);
		if (below(w, 2))
			say(w, " & 0x%x", 1 + below(w, 255));
		say(w, " %s %u", relation(w), below(w, 128));
		return;
	}
	say_expression(w, 3);
	say(w, " %s ", relation(w));
	say_expression(w, 2);
}

static void say_length(struct writer *w)
{
	if (below(w, 2))
		say(w, "%s %u", ANY(w, "less", "greater"), 14 + below(w, 300));
	else
		say(w, "len %s %u", relation(w), 14 + below(w, 300));
}

static void say_term(struct writer *w)
{
	if (below(w, 40) == 0) {
		say(w, "%sprotochain %s", ANY(w, "ip ", "ip6 ", ""), ANY(w, "6", "17", "58", "1"));
		return;
	}
	switch (below(w, 10)) {
	case 0:
		say_address(w);
		break;
	case 1:
		say_net(w);
		break;
	case 2:
	case 3:
		say_port(w);
		break;
	case 4:
	case 5:
		say_protocol(w);
		break;
	case 6:
		say_ether(w);
		break;
	case 7:
		say_layer(w);
		break;
	case 8:
		say_comparison(w);
		break;
	default:
		if (below(w, 2))
			say_length(w);
		else
			say_comparison(w);
	}
}

void random_filter(uint64_t *state, char *text, size_t bytes)
{
	struct writer w = { .state = state, .text = text, .bytes = bytes };
	uint32_t terms = 1 + below(&w, 3) + below(&w, 4), open = 0, i;

	text[0] = '\0';
	for (i = 0; i < terms; i++) {
		if (i)
			say(&w, "%s", ANY(&w, " and ", " or ", " or ", " and not "));
		else if (below(&w, 5) == 0)
			say(&w, "not ");
		if (i + 1 < terms && below(&w, 4) == 0) {
			say(&w, "(");
			open++;
		}
		say_term(&w);
		if (open && below(&w, 2)) {
			say(&w, ")");
			open--;
		}
	}
	while (open--)
		say(&w, ")");
}
