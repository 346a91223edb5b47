/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One packet, and many: counts, bytes, and what a record says of them.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define COUNT 1000U

static void each_packet_is_captured_once(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	uint32_t next = 0;

	send_udp("v0", COUNT, 100);
	assert_int_equal(ring_wait(ring, COUNT, check_numbers, &next), COUNT);
	assert_int_equal(received("v1"), COUNT);
	assert_int_equal(ring_stats(ring->fd).written, COUNT);
	assert_int_equal(ring_written(ring), COUNT);
	ring_close(ring);
}

static void generate(const char *device, uint32_t count)
{
	char path[128], text[128];

	snprintf(text, sizeof(text), "add_device %s", device);
	assert_int_equal(write_text("/proc/thread-self/net/pktgen/kpktgend_1", text), 0);
	snprintf(path, sizeof(path), "/proc/thread-self/net/pktgen/%s", device);
	snprintf(text, sizeof(text), "count %u", count);
	assert_int_equal(write_text(path, text), 0);
	assert_int_equal(write_text(path, "pkt_size 60"), 0);
	assert_int_equal(write_text(path, "dst_mac 02:00:00:00:00:02"), 0);
	assert_int_equal(write_text("/proc/thread-self/net/pktgen/pgctrl", "start\n"), 0);
	assert_non_null(strstr(read_text(path), "Result: OK"));
}

static void pktgen_and_the_interface_count_what_is_captured(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 16 << 20, .snaplen = 64 };
	const uint32_t count = fewer(20000);
	struct ring *ring = ring_open(&setup, "v1");

	generate("v0", count);
	assert_int_equal(ring_wait(ring, count, NULL, NULL), count);
	assert_int_equal(ring_full(ring), 0);
	assert_int_equal(received("v1"), count);
	ring_close(ring);
}

/* Sends @out frames out of v1 and @in into it. */
static uint32_t capture_direction(uint32_t direction, struct nsring_record *last)
{
	struct nsring_setup setup = { .direction = direction };
	struct ring *ring = ring_open(&setup, "v1");
	uint32_t expected, count;

	send_udp("v0", 30, 100);
	send_udp("v1", 20, 100);
	expected = direction == NSRING_DIRECTION_IN    ? 30
		   : direction == NSRING_DIRECTION_OUT ? 20
						       : 50;
	count = ring_wait(ring, expected, keep_record, last);
	ring_close(ring);
	return count;
}

static void direction_in_has_only_what_is_received(void **state)
{
	struct nsring_record last;

	assert_int_equal(capture_direction(NSRING_DIRECTION_IN, &last), 30);
	assert_int_equal(last.flags & NSRING_OUT, 0);
	assert_int_equal(last.pkt_type, PACKET_OTHERHOST);
}

static void direction_out_has_only_what_is_sent(void **state)
{
	struct nsring_record last;

	assert_int_equal(capture_direction(NSRING_DIRECTION_OUT, &last), 20);
	assert_int_equal(last.flags & NSRING_OUT, NSRING_OUT);
	assert_int_equal(last.pkt_type, PACKET_OUTGOING);
}

static void both_directions_are_captured_and_told_apart(void **state)
{
	struct nsring_record last;

	assert_int_equal(capture_direction(NSRING_DIRECTION_BOTH, &last), 50);
	assert_int_equal(last.flags & NSRING_OUT, NSRING_OUT);
}

/* @direction: of the capture. Return: how often it has one of ten datagrams to this host. */
static uint32_t capture_loopback(uint32_t direction, struct nsring_record *last)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
	struct nsring_setup setup = { .direction = direction };
	struct ring *ring = ring_open(&setup, "lo");
	int fd = (int)check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), i;
	socklen_t size = sizeof(to);
	uint32_t count;

	check(bind(fd, (const struct sockaddr *)&to, sizeof(to)));
	check(getsockname(fd, (struct sockaddr *)&to, &size));
	for (i = 0; i < 10; i++)
		check(sendto(fd, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)));
	count = ring_wait(ring, 10, keep_record, last);
	close(fd);
	ring_close(ring);
	return count;
}

static void a_packet_on_loopback_is_captured_once(void **state)
{
	struct nsring_record last;

	assert_int_equal(capture_loopback(NSRING_DIRECTION_BOTH, &last), 10);
	assert_int_equal(last.flags & NSRING_OUT, 0);
	assert_int_equal(capture_loopback(NSRING_DIRECTION_IN, &last), 10);
}

static void direction_out_has_what_is_sent_over_loopback(void **state)
{
	struct nsring_record last;

	assert_int_equal(capture_loopback(NSRING_DIRECTION_OUT, &last), 10);
	assert_int_equal(last.flags & NSRING_OUT, NSRING_OUT);
}

struct cut {
	uint32_t snaplen;
	uint32_t len;
	uint32_t next;
};

static void check_cut(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	struct cut *cut = arg;

	assert_int_equal(record->len, cut->len);
	assert_int_equal(record->caplen, cut->snaplen < cut->len ? cut->snaplen : cut->len);
	assert_true(frame_is(data, record->caplen, cut->len, cut->next));
	cut->next++;
}

static void a_cut_packet_has_its_first_bytes_and_both_lengths(void **state)
{
	static const uint32_t snaplens[] = { 1, 13, 14, 64, 65, 499, 500, 501, NSRING_SNAPLEN_MAX };
	struct nsring_setup setup = { 0 };
	struct ring *ring;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(snaplens); i++) {
		struct cut cut = { snaplens[i], 500, 0 };

		setup.snaplen = snaplens[i];
		ring = ring_open(&setup, "v1");
		send_udp("v0", 5, 500);
		assert_int_equal(ring_wait(ring, 5, check_cut, &cut), 5);
		ring_close(ring);
	}
}

/* A tag of VLAN 291 with priority 5 behind the addresses. */
static uint32_t tag_frame(uint8_t *tagged, const uint8_t *frame, uint32_t len, uint16_t tpid)
{
	const uint16_t tag[] = { htons(tpid), htons(5 << 13 | 291) };

	memcpy(tagged, frame, 12);
	memcpy(tagged + 12, tag, sizeof(tag));
	memcpy(tagged + 16, frame + 12, len - 12);
	return len + 4;
}

struct whole {
	const uint8_t *frame;
	uint32_t len;
	struct nsring_record record;
};

static void check_whole(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	struct whole *whole = arg;

	assert_int_equal(record->len, whole->len);
	assert_memory_equal(data, whole->frame, record->caplen);
	whole->record = *record;
}

/* @arg: a struct whole, whose frame has room for it */
static void keep_cooked(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	struct whole *whole = arg;

	assert_in_range(record->len, 20, 120);
	memcpy((uint8_t *)whole->frame, data, record->len);
	whole->len = record->len;
}

static void check_tag(uint16_t tpid, uint32_t snaplen)
{
	struct nsring_setup setup = { .snaplen = snaplen };
	uint8_t frame[100], tagged[104];
	struct whole whole = { tagged, 0, { 0 } };
	struct ring *ring = ring_open(&setup, "v1");
	int sender = sender_open("v0");

	frame_udp(frame, sizeof(frame), 7);
	whole.len = tag_frame(tagged, frame, sizeof(frame), tpid);
	sender_send(sender, tagged, whole.len);
	assert_int_equal(ring_wait(ring, 1, check_whole, &whole), 1);
	assert_int_equal(whole.record.flags & NSRING_VLAN, NSRING_VLAN);
	assert_int_equal(whole.record.vlan_tci, 5 << 13 | 291);
	assert_int_equal(whole.record.vlan_tpid, tpid);
	assert_int_equal(whole.record.caplen, snaplen < whole.len ? snaplen : whole.len);
	close(sender);
	ring_close(ring);
}

static void a_tag_that_was_taken_off_is_back_in_its_place(void **state)
{
	check_tag(ETH_P_8021Q, 1000);
	check_tag(ETH_P_8021AD, 1000);
}

static void a_tag_in_a_packet_cut_within_it_is_right(void **state)
{
	uint32_t snaplen;

	for (snaplen = 11; snaplen <= 19; snaplen++)
		check_tag(ETH_P_8021Q, snaplen);
}

static void a_tag_that_the_device_is_to_put_in_is_in_the_packet(void **state)
{
	struct nsring_setup setup = { .direction = NSRING_DIRECTION_OUT };
	uint8_t frame[100], tagged[104];
	struct whole whole = { tagged, 0, { 0 } };
	struct ring *ring;
	int sender;

	ip("link add link v0 name v0.291 type vlan id 291 egress 0:5");
	ip("link set v0.291 up");
	ring = ring_open(&setup, "v0");
	sender = sender_open("v0.291");
	frame_udp(frame, sizeof(frame), 8);
	whole.len = tag_frame(tagged, frame, sizeof(frame), ETH_P_8021Q);
	sender_send(sender, frame, sizeof(frame));
	assert_int_equal(ring_wait(ring, 1, check_whole, &whole), 1);
	assert_int_equal(whole.record.vlan_tci, 5 << 13 | 291);
	close(sender);
	ring_close(ring);
}

/* SLL2's protocol is the outer tag's; behind the header is the rest of the tags, and what follows. */
static void check_cooked(const char *tags, uint32_t tags_len, uint16_t type)
{
	struct nsring_setup setup = { .flags = NSRING_COOKED };
	struct ring *ring = ring_open(&setup, "v1");
	int sender = sender_open("v0");
	uint8_t frame[100], tagged[108], cooked[120] = { 0 };
	struct whole whole = { cooked, 0, { 0 } };

	frame_udp(frame, sizeof(frame), 9);
	memcpy(frame + 12, &type, sizeof(type));
	memcpy(tagged, frame, 12);
	memcpy(tagged + 12, tags, tags_len);
	memcpy(tagged + 12 + tags_len, frame + 12, sizeof(frame) - 12);
	sender_send(sender, tagged, sizeof(frame) + tags_len);
	assert_int_equal(ring_wait(ring, 1, keep_cooked, &whole), 1);
	assert_int_equal(whole.len, 20 + sizeof(frame) - 14 + tags_len);
	assert_memory_equal(cooked, tags, 2);
	assert_memory_equal(cooked + 20, tagged + 14, whole.len - 20);
	close(sender);
	ring_close(ring);
}

static void tags_behind_a_cooked_header_are_as_on_the_wire(void **state)
{
	check_cooked("\x81\x00\x00\x64", 4, htons(ETH_P_IP));
	check_cooked("\x88\xa8\x00\x64\x81\x00\x00\x07", 8, htons(ETH_P_IP));
	check_cooked("\x81\x00\x00\x64\x88\xa8\x00\x07", 8, htons(ETH_P_IP));
}

static void llc_in_a_vlan_has_its_length_behind_a_cooked_header(void **state)
{
	check_cooked("\x81\x00\x00\x64", 4, htons(100 - 14));
	check_cooked("\x81\x00\x00\x64\x81\x00\x00\x07", 8, htons(100 - 14));
}

static void jumbo_frames_are_captured_whole(void **state)
{
	struct ring *ring;
	uint32_t next = 0;

	ip("link set v0 mtu 9000");
	ip("link set v1 mtu 9000");
	ring = ring_open(NULL, "v1");
	send_udp("v0", 50, FRAME_MAX);
	assert_int_equal(ring_wait(ring, 50, check_numbers, &next), 50);
	ring_close(ring);
}

static void a_segment_of_60_kib_is_one_record_and_says_so(void **state)
{
	const struct flow flow = { 0xc0000201, 0xc0000202, 1024, 9, IPPROTO_TCP };
	const uint32_t len = 61440;
	uint8_t *frame = malloc(len);
	struct whole whole = { frame, len, { 0 } };
	struct ring *ring = ring_open(NULL, "v1");

	frame_flow(frame, len, &flow);
	send_large("v0", len);
	assert_int_equal(ring_wait(ring, 1, check_whole, &whole), 1);
	assert_int_equal(whole.record.caplen, len);
	assert_int_equal(whole.record.flags & NSRING_GSO, NSRING_GSO);
	assert_int_equal(whole.record.flags & NSRING_CSUM_PARTIAL, NSRING_CSUM_PARTIAL);
	free(frame);
	ring_close(ring);
}

/* What leaves the device has its checksums, rather than the device's promise. */
static void sum_in_software(const char *device)
{
	struct ethtool_value off = { .cmd = ETHTOOL_STXCSUM };
	struct ifreq request = { .ifr_data = (char *)&off };
	int fd = (int)check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	check(ioctl(fd, SIOCETHTOOL, &request));
	close(fd);
}

static void tunnel(const char *device, const char *name, int from, int to)
{
	ip("addr add 10.0.0.%d/24 dev %s", from, device);
	ip("link add %s type gretap local 10.0.0.%d remote 10.0.0.%d csum", name, from, to);
	ip("link set %s up", name);
}

/*
 * A frame in a GRE tunnel with checksums: its bytes have been summed up, nobody has verified its UDP
 * checksum. That is how the kernel hands up CHECKSUM_COMPLETE.
 */
static void a_checksum_that_nobody_has_verified_is_not_called_good(void **state)
{
	struct nsring_setup setup = { .direction = NSRING_DIRECTION_IN };
	int here = netns_here(), other = netns_new();
	struct nsring_record record = { 0 };
	uint8_t frame[100];
	struct ring *ring;

	move_device("v1", other);
	tunnel("v0", "g0", 1, 2);
	sum_in_software("v0");
	netns_enter(other);
	tunnel("v1", "g1", 2, 1);
	ring = ring_open(&setup, "g1");
	netns_enter(here);
	frame_udp(frame, sizeof(frame), 0);
	memcpy(frame + AT_UDP + 6, "\xde\xad", 2);
	sender_send(sender_open("g0"), frame, sizeof(frame));
	assert_int_equal(ring_wait(ring, 1, keep_record, &record), 1);
	assert_int_equal(record.len, sizeof(frame));
	assert_int_equal(record.flags & NSRING_CSUM_GOOD, 0);
	ring_close(ring);
	close(here);
}

static void any_has_a_cooked_header(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_COOKED };
	struct nsring_record record;
	uint8_t frame[100], cooked[106] = { 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, PACKET_OTHERHOST, 6 };
	struct whole whole = { cooked, sizeof(cooked), { 0 } };
	struct ring *ring = ring_open(&setup, NULL);
	int sender = sender_open("v0");

	/* linktype, ifindex, ARPHRD, type, and the sender's address */
	cooked[7] = (uint8_t)ifindex("v1");
	frame_udp(frame, sizeof(frame), 9);
	memcpy(cooked + 12, frame + 6, 6);
	memcpy(cooked + 20, frame + 14, sizeof(frame) - 14);
	assert_int_equal(ring->ring->linktype, 276);
	sender_send(sender, frame, sizeof(frame));
	/* First out of v0. */
	setup.direction = NSRING_DIRECTION_BOTH;
	assert_int_equal(ring_wait(ring, 2, keep_record, &record), 2);
	assert_int_equal(record.ifindex, ifindex("v1"));
	assert_int_equal(record.len, sizeof(cooked));
	ring_close(ring);

	setup.direction = NSRING_DIRECTION_IN;
	ring = ring_open(&setup, NULL);
	sender_send(sender, frame, sizeof(frame));
	assert_int_equal(ring_wait(ring, 1, check_whole, &whole), 1);
	close(sender);
	ring_close(ring);
}

static void a_record_names_its_device_and_namespace(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	struct nsring_device device = { 0 };
	socklen_t size = sizeof(device);
	struct nsring_record record;

	send_udp("v0", 1, 60);
	assert_int_equal(ring_wait(ring, 1, keep_record, &record), 1);
	assert_int_equal(record.ifindex, ifindex("v1"));
	assert_int_equal(record.netns, netns_cookie());
	device.netns = record.netns;
	device.ifindex = record.ifindex;
	check(getsockopt(ring->fd, SOL_NSRING, NSRING_DEVICE, &device, &size));
	assert_string_equal(device.name, "v1");
	assert_int_equal(device.arphrd, ARPHRD_ETHER);
	ring_close(ring);
}

struct stamps {
	uint64_t last;
	uint32_t back;
};

static void check_stamp(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	struct stamps *stamps = arg;

	stamps->back += record->stamp_ns < stamps->last;
	stamps->last = record->stamp_ns;
}

static uint64_t clock_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void stamps_are_of_the_clock_and_in_order(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");
	struct stamps stamps = { clock_ns(), 0 };

	send_udp("v0", 100, 60);
	assert_int_equal(ring_wait(ring, 100, check_stamp, &stamps), 100);
	assert_int_equal(stamps.back, 0);
	assert_true(stamps.last <= clock_ns());
	ring_close(ring);
}

/* As a packet that is to leave at a time (SO_TXTIME), which some kernels take along to the other end. */
static void send_at(int sender, uint64_t txtime_ns)
{
	char control[CMSG_SPACE(sizeof(txtime_ns))] = { 0 };
	uint8_t frame[100];
	struct iovec part = { frame, sizeof(frame) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	frame_udp(frame, sizeof(frame), 0);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_TXTIME;
	header->cmsg_len = CMSG_LEN(sizeof(txtime_ns));
	memcpy(CMSG_DATA(header), &txtime_ns, sizeof(txtime_ns));
	assert_int_equal(check(sendmsg(sender, &message, 0)), sizeof(frame));
}

static void a_sender_does_not_choose_the_stamp(void **state)
{
	static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_TAI, CLOCK_REALTIME };
	struct ring *ring = ring_open(NULL, "v1");
	struct stamps stamps = { clock_ns(), 0 };
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		struct sock_txtime txtime = { .clockid = clocks[i] };
		int sender = sender_open("v0");

		if (setsockopt(sender, SOL_SOCKET, SO_TXTIME, &txtime, sizeof(txtime)) == 0) {
			send_at(sender, 1);
			send_at(sender, 4102444800000000000);
			assert_int_equal(ring_wait(ring, 2, check_stamp, &stamps), 2);
			assert_int_equal(stamps.back, 0);
			assert_true(stamps.last <= clock_ns());
		}
		close(sender);
	}
	ring_close(ring);
}

static void check_kernel_stamp(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	assert_int_equal(record->flags & NSRING_STAMP_HW, 0);
	assert_int_equal(((const struct nsring_stamped_record *)record)->device_ns, 0);
	assert_true(frame_is(data, record->caplen, record->len, frame_number(data)));
	check_stamp(record, data, arg);
}

/* A veth doesn't stamp. */
static void records_have_room_for_a_stamp_of_the_device_if_asked(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_DEVICE_STAMPS };
	struct ring *ring = ring_open(&setup, "v1"), *without = ring_open(NULL, "v1");
	struct stamps stamps = { clock_ns(), 0 };

	assert_int_equal(ring->ring->header_bytes, sizeof(struct nsring_stamped_record));
	assert_int_equal(without->ring->header_bytes, sizeof(struct nsring_record));
	send_udp("v0", 100, 200);
	assert_int_equal(ring_wait(ring, 100, check_kernel_stamp, &stamps), 100);
	assert_int_equal(stamps.back, 0);
	assert_true(stamps.last <= clock_ns());
	ring_close(ring);
	ring_close(without);
}

static void every_tenth_is_kept_by_sampling(void **state)
{
	struct nsring_setup setup = { .sample = 10 };
	struct ring *ring = ring_open(&setup, "v1");
	struct nsring_stats stats;

	send_udp("v0", COUNT, 60);
	stats = ring_met(ring->fd, COUNT);
	assert_int_equal(stats.written, COUNT / 10);
	assert_int_equal(stats.sampled, COUNT - COUNT / 10);
	assert_int_equal(ring_wait(ring, COUNT / 10, NULL, NULL), COUNT / 10);
	ring_close(ring);
}

static void nothing_is_captured_after_stop(void **state)
{
	struct ring *ring = ring_open(NULL, "v1");

	send_udp("v0", 10, 60);
	ring_met(ring->fd, 10);
	ring_stop(ring->fd);
	send_udp("v0", 10, 60);
	assert_int_equal(received("v1"), 20);
	assert_int_equal(ring_wait(ring, 10, NULL, NULL), 10);
	assert_int_equal(ring_stats(ring->fd).written, 10);
	ring_close(ring);
}

static void several_captures_of_a_device_each_have_all(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1 << 20, .snaplen = 64 };
	struct ring *rings[8];
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(rings); i++)
		rings[i] = ring_open(&setup, i % 2 ? "v1" : NULL);
	send_udp("v0", COUNT, 60);
	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		uint32_t expected = i % 2 ? COUNT : 2 * COUNT;

		assert_int_equal(ring_wait(rings[i], expected, NULL, NULL), expected);
		ring_close(rings[i]);
	}
}

static void the_device_is_promiscuous_as_long_as_that_is_asked_for(void **state)
{
	struct nsring_setup setup = { .flags = NSRING_PROMISCUOUS };
	struct ring *ring = ring_open(&setup, "v1"), *other = ring_open(&setup, "v1");

	assert_true(is_promiscuous("v1"));
	ring_close(ring);
	assert_true(is_promiscuous("v1"));
	ring_close(other);
	assert_false(is_promiscuous("v1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_packet_is_captured_once),
		TEST(pktgen_and_the_interface_count_what_is_captured),
		TEST(direction_in_has_only_what_is_received),
		TEST(direction_out_has_only_what_is_sent),
		TEST(both_directions_are_captured_and_told_apart),
		TEST(a_packet_on_loopback_is_captured_once),
		TEST(direction_out_has_what_is_sent_over_loopback),
		TEST(a_cut_packet_has_its_first_bytes_and_both_lengths),
		TEST(a_tag_that_was_taken_off_is_back_in_its_place),
		TEST(a_tag_in_a_packet_cut_within_it_is_right),
		TEST(a_tag_that_the_device_is_to_put_in_is_in_the_packet),
		TEST(tags_behind_a_cooked_header_are_as_on_the_wire),
		TEST(llc_in_a_vlan_has_its_length_behind_a_cooked_header),
		TEST(jumbo_frames_are_captured_whole),
		TEST(a_segment_of_60_kib_is_one_record_and_says_so),
		TEST(a_checksum_that_nobody_has_verified_is_not_called_good),
		TEST(any_has_a_cooked_header),
		TEST(a_record_names_its_device_and_namespace),
		TEST(stamps_are_of_the_clock_and_in_order),
		TEST(a_sender_does_not_choose_the_stamp),
		TEST(records_have_room_for_a_stamp_of_the_device_if_asked),
		TEST(every_tenth_is_kept_by_sampling),
		TEST(nothing_is_captured_after_stop),
		TEST(several_captures_of_a_device_each_have_all),
		TEST(the_device_is_promiscuous_as_long_as_that_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
