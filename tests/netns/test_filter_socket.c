/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters in the kernel against libpcap's interpreter: a capture without a filter gets random
 * frames as they are handed out, each filter's own capture must have got exactly those of them that
 * the interpreter accepts.
 *
 *	sends ─ v0 ──────── v1 ─ captures	v0: VLAN tags are in the packet
 *						v1: the stack has taken them off
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/filter/filter.h"
#include "topology.h"

#define FRAMES	    1000
#define STEP	    5 /* frames sent before what came of them is taken */
#define FRAME_BYTES 200
#define ID_AT	    (FRAME_BYTES - 4) /* each frame ends in its number */

static const char *const ethernet_filters[] = {
	"ip",
	"ip6",
	"arp",
	"not ip",
	"tcp",
	"udp",
	"icmp",
	"tcp port 80",
	"udp src port 53",
	"port 53 or port 80",
	"portrange 50-90",
	"host 192.0.2.1",
	"net 192.0.2.0/25",
	"src host 192.0.2.1 and dst port 80",
	"vlan",
	"not vlan",
	"vlan 5",
	"vlan 5 and udp",
	"vlan and vlan",
	"vlan 5 and vlan 6 and tcp port 80",
	"vlan and ip6",
	"vlan and tcp port 80",
	"port 53 or (vlan and port 53)",
	"ether host 2:0:0:0:0:2",
	"ether src 2:0:0:0:0:1",
	"ether proto 0x88a8",
	"ether[12:2] = 0x8100",
	"ether[14:2] & 0xfff = 5",
	"ether[14] = 0x60",
	"ether[13] = 0",
	"ether[15] = 5",
	"ether[16:2] = 0x0800",
	"ether[0] & 1 = 1",
	"ether broadcast",
	"ether multicast",
	"ip multicast",
	"len > 200",
	"less 202",
	"greater 204",
	"len = 204",
	"ip[8] > 32",
	"ip[6:2] & 0x1fff != 0",
	"ip[0] & 0xf != 5",
	"tcp[tcpflags] & tcp-syn != 0",
	"tcp[13] = 2 and ip[9] = 6",
	"ip[ip[0] & 0xf] > 100",
	"udp[0:2] = 53",
	"icmp[icmptype] = icmp-echo",
	"ip6 and tcp port 80",
	"ip6 protochain 17",
	"ip proto 132",
	"mpls",
	"mpls 7 and ip",
	"pppoes",
	"pppoes and ip",
	"stp",
	"llc",
	"ether proto \\ip and len < 2000",
	"ip6[6] = 17",
	"vlan and len = 204",
	"vlan and ether[18] = 0x45",
	"ip[2:2] > len - 50",
	"(ip[0] & 0xf) << 2 > 20",
	"vlan and arp",
};

static const char *const cooked_filters[] = {
	"ip",
	"ip6",
	"arp",
	"not ip",
	"tcp",
	"tcp port 80",
	"udp src port 53",
	"host 192.0.2.1",
	"port 53",
	"len > 200",
	"len = 206",
	"len = 210",
	"inbound",
	"outbound",
	"ip[8] > 32",
	"tcp[13] & 2 != 0",
	"ip6 and udp",
	"link[0:2] = 0x8100",
	"link[10] = 4",
	"link[8:2] = 1",
	"link[20:2] & 0xfff = 5",
	"link[22:2] = 0x800",
	"link[23] = 0",
	"link[4:4] > 2",
	"ip[0] = 69",
	"link[0] = 8",
	"link[1] = 0",
	"link[7] = 2",
	"link[2] = 0",
	"ip and len > 100",
};

static uint8_t frames[FRAMES][FRAME_BYTES];

static uint32_t next_random(void)
{
	static uint64_t state = 88172645463325252u; /* xorshift64 */

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static uint16_t pick(const uint16_t *from, size_t count)
{
	return htons(from[next_random() % count]);
}

#define PICK(...)                                                                                  \
	pick((const uint16_t[]){ __VA_ARGS__ },                                                    \
	     sizeof((const uint16_t[]){ __VA_ARGS__ }) / sizeof(uint16_t))

static uint8_t *put16(uint8_t *at, uint16_t value)
{
	memcpy(at, &value, 2);
	return at + 2;
}

static void fill_ports(uint8_t *at)
{
	at = put16(at, PICK(53, 80, 1024, 70));
	put16(at, PICK(53, 80, 1024, 70));
	at[11] = (uint8_t)(next_random() & 0x3f); /* TCP flags, where it is TCP */
}

static void fill_ipv4(uint8_t *at)
{
	uint8_t words = next_random() % 4 ? 5 : 5 + next_random() % 11;

	at[0] = 0x40 | words;
	put16(at + 6, PICK(0, 0, 0x2000, 0x0010, 0x4000));
	at[9] = (uint8_t)ntohs(PICK(1, 6, 17, 132));
	memcpy(at + 12, (uint8_t[]){ 192, 0, 2, 1 + next_random() % 200 }, 4);
	memcpy(at + 16, (uint8_t[]){ 192, 0, 2, 1 + next_random() % 200 }, 4);
	fill_ports(at + words * 4);
}

static void fill_ipv6(uint8_t *at)
{
	at[0] = 0x60;
	at[6] = (uint8_t)ntohs(PICK(6, 17, 58, 0, 60, 44));
	if (at[6] == 0 || at[6] == 60) {
		at[40] = 17;
		at[41] = next_random() % 3;
		at += 8 + at[41] * 8;
	}
	fill_ports(at + 40);
}

static void fill_network(uint8_t *at, uint16_t type)
{
	if (type == htons(0x0800))
		fill_ipv4(at);
	else if (type == htons(0x86dd))
		fill_ipv6(at);
	else if (type == htons(0x8847))
		fill_ipv4(at + 4);
	else if (type == htons(0x8864))
		fill_ipv4(put16(at + 6, htons(0x0021)));
}

static void fill_frame(uint8_t *frame, uint32_t number, uint32_t most_tags)
{
	uint32_t tags = next_random() % 4;
	uint8_t *at;
	uint16_t type;
	size_t i;

	for (i = 0; i < FRAME_BYTES; i++)
		frame[i] = (uint8_t)next_random();
	memcpy(frame, (uint8_t[]){ 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 }, 12);
	if (number % 7 == 0)
		memset(frame, 0xff, 6);
	at = frame + 12;
	for (i = 0; tags <= most_tags && i < tags; i++) {
		at = put16(at, PICK(0x8100, 0x88a8));
		at = put16(at, PICK(5, 6, 0x2005, 7));
	}
	type = PICK(0x0800, 0x0800, 0x0800, 0x86dd, 0x0806, 0x8847, 0x8864, 0x88cc, 100);
	at = put16(at, type);
	fill_network(at, type);
	memcpy(frame + ID_AT, &number, 4);
}

/* How often each frame was seen, at most twice: by `any`, going out and coming in. */
struct seen {
	uint8_t times[FRAMES];
	const struct nsr_filter *filter; /* count only what it accepts */
};

static void note(const struct nsr_packet *packet, void *arg)
{
	struct seen *seen = arg;
	uint32_t number;

	assert_true(packet->caplen == packet->len && packet->len >= FRAME_BYTES - 14);
	memcpy(&number, packet->data + packet->len - 4, 4);
	assert_true(number < FRAMES);
	if (nsr_filter_match(seen->filter, packet->data, packet->len, packet->caplen))
		seen->times[number]++;
}

/* The packets as handed out without a filter, kept to ask the interpreter about them. */
struct kept {
	struct nsr_packet packets[2 * FRAMES];
	uint8_t data[2 * FRAMES][FRAME_BYTES + 32];
	uint32_t count;
};

static void keep(const struct nsr_packet *packet, void *arg)
{
	struct kept *kept = arg;

	assert_true(kept->count < 2 * FRAMES && packet->caplen <= sizeof(kept->data[0]));
	memcpy(kept->data[kept->count], packet->data, packet->caplen);
	kept->packets[kept->count] = *packet;
	kept->packets[kept->count].data = kept->data[kept->count];
	kept->count++;
}

/* One capture of many, and what it has got until now. */
struct filtered {
	struct nsr_capture *cap;
	struct seen got;
};

/*
 * Sends all frames and hands out what comes of them.
 *
 * The kernel closes a block of a ring when its time is up, though it holds a single packet. A ring
 * must hold STEP frames in a block each, seen twice: then no delay of the sender fills one.
 */
static void send_all(struct nsr_capture *all, struct kept *kept, struct filtered *filtered,
		     uint32_t count)
{
	struct nsr_frame list[STEP];
	uint32_t sent, i;

	for (sent = 0; sent < FRAMES; sent += STEP) {
		for (i = 0; i < STEP; i++)
			list[i] = (struct nsr_frame){ frames[sent + i], FRAME_BYTES };
		send_frames("v0", list, STEP);
		take_now(all, keep, kept);
		for (i = 0; i < count; i++)
			take_now(filtered[i].cap, note, &filtered[i].got);
	}
}

static void compare(const char *text, const struct kept *kept, struct filtered *filtered,
		    uint32_t linktype)
{
	const struct seen *got = &filtered->got;
	struct seen want = { 0 };
	struct nsr_filter *filter;
	uint32_t i;

	assert_int_equal(nsr_filter_compile(text, linktype, &filter, NULL), 0);
	want.filter = filter;
	for (i = 0; i < kept->count; i++)
		note(&kept->packets[i], &want);
	collect(filtered->cap, note, &filtered->got);
	for (i = 0; i < FRAMES; i++)
		if (want.times[i] != got->times[i])
			fail_msg("\"%s\", frame %u: the interpreter accepts it %u times, the "
				 "kernel %u",
				 text, i, want.times[i], got->times[i]);
	nsr_filter_free(filter);
}

static void fill_frames(uint32_t most_tags)
{
	uint32_t i;

	for (i = 0; i < FRAMES; i++)
		fill_frame(frames[i], i, most_tags);
}

static void check(const char *device, uint32_t direction, const char *const *texts, uint32_t count,
		  uint32_t linktype)
{
	struct filtered *filtered = calloc(count, sizeof(*filtered));
	struct kept *kept = calloc(1, sizeof(*kept));
	struct nsr_capture *all;
	struct nsr_options opts;
	uint32_t i;

	topology_require();
	nsr_options_init(&opts);
	opts.ring_bytes = 2 << 20;
	opts.snaplen = FRAME_BYTES + 32; /* as keep() has room for; a ring of 16 blocks */
	opts.direction = direction;
	all = open_target(device, &opts);
	for (i = 0; i < count; i++) {
		opts.filter = texts[i];
		filtered[i].cap = open_target(device, &opts);
	}
	send_all(all, kept, filtered, count);
	collect(all, keep, kept);
	assert_int_equal(kept->count, strcmp(device, "any") ? FRAMES : 2 * FRAMES);
	for (i = 0; i < count; i++) {
		compare(texts[i], kept, &filtered[i], linktype);
		nsr_close(filtered[i].cap);
	}
	nsr_close(all);
	free(filtered);
	free(kept);
}

#define COUNT(list) (sizeof(list) / sizeof(list[0]))

static void kernel_agrees_with_libpcap_where_tags_are_in_the_metadata(void **state)
{
	fill_frames(2);
	check("v1", NSR_BOTH, ethernet_filters, COUNT(ethernet_filters), 1);
}

static void kernel_agrees_with_libpcap_where_tags_are_in_the_packet(void **state)
{
	fill_frames(2);
	check("v0", NSR_OUT, ethernet_filters, COUNT(ethernet_filters), 1);
}

static void kernel_agrees_with_libpcap_on_cooked_packets(void **state)
{
	/* Linux 6.11 and later skip the inner one of two tags here. */
	fill_frames(1);
	check("any", NSR_BOTH, cooked_filters, COUNT(cooked_filters), 276);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_agrees_with_libpcap_where_tags_are_in_the_metadata),
		cmocka_unit_test(kernel_agrees_with_libpcap_where_tags_are_in_the_packet),
		cmocka_unit_test(kernel_agrees_with_libpcap_on_cooked_packets),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
