/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Devices on top of devices. Numbered packets, from both CPUs: each is captured once on each device
 * that it passes, in the order of its CPU, by who captures there, in the namespace, and everywhere.
 *
 *	top ── v0 ──────── v1 ── top
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define CPUS	  2U
#define PASSES	  4U
#define FRAME_LEN 100U

/* What a packet passes, in this order. */
struct pass {
	const char *device;
	bool out;
};

struct way {
	struct pass passes[PASSES];
	uint32_t count; /* of passes */
	void (*send)(const char *device, uint32_t first, uint32_t count);
	uint64_t netns;
};

/* What a capture has had: the next number, by device and CPU. */
struct seen {
	const struct way *way;
	uint32_t next[PASSES][CPUS];
};

static uint32_t each_sends(void)
{
	return fewer(500);
}

static void send_frames(const char *device, uint32_t first, uint32_t count)
{
	int sender = sender_open(device);

	send_numbers(sender, first, count, FRAME_LEN);
	close(sender);
}

/* By the host's own stack, bound to the device, to where v0 leads. */
static void send_datagrams(const char *device, uint32_t first, uint32_t count)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons(9),
					.sin_addr.s_addr = htonl(0xc0000202) };
	int fd = (int)check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	uint8_t frame[FRAME_LEN];

	check(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)));
	for (; count--; first++) {
		frame_udp(frame, sizeof(frame), first);
		check(sendto(fd, frame + AT_PAYLOAD, sizeof(frame) - AT_PAYLOAD, 0,
			     (const struct sockaddr *)&to, sizeof(to)));
	}
	close(fd);
}

struct job {
	const struct way *way;
	uint32_t cpu;
};

static void *send_from_cpu(void *arg)
{
	const struct job *job = arg;

	pin_cpu(job->cpu);
	job->way->send(job->way->passes[0].device, job->cpu * each_sends(), each_sends());
	return NULL;
}

static void send_from_both(const struct way *way)
{
	struct job jobs[CPUS];
	pthread_t threads[CPUS];
	uint32_t i;

	for (i = 0; i < CPUS; i++) {
		jobs[i] = (struct job){ way, i };
		assert_int_equal(pthread_create(&threads[i], NULL, send_from_cpu, &jobs[i]), 0);
	}
	for (i = 0; i < CPUS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* Ours, behind a tag or not; the stack has packets of its own to send. */
static bool find_number(const uint8_t *data, uint32_t caplen, uint32_t *number)
{
	if (caplen > 18 && memcmp(data + 12, "\x81\x00", 2) == 0)
		data += 4, caplen -= 4;
	if (caplen != FRAME_LEN || memcmp(data + 12, "\x08\x00\x45", 3) != 0 ||
	    memcmp(data + AT_UDP + 2, "\x00\x09", 2) != 0)
		return false;
	*number = frame_number(data);
	return true;
}

static void look_at(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	struct seen *seen = arg;
	uint32_t number, cpu, i;
	char name[IF_NAMESIZE];

	if (record->netns != seen->way->netns || !find_number(data, record->caplen, &number))
		return;
	assert_non_null(if_indextoname(record->ifindex, name));
	for (i = 0; i < seen->way->count; i++)
		if (strcmp(seen->way->passes[i].device, name) == 0)
			break;
	if (i == seen->way->count)
		fail_msg("a packet on %s", name);
	assert_int_equal(record->flags & NSRING_OUT, seen->way->passes[i].out ? NSRING_OUT : 0);
	cpu = number / each_sends();
	assert_true(cpu < CPUS);
	assert_int_equal(number - cpu * each_sends(), seen->next[i][cpu]++);
}

/* @only: the one that is captured from, @way->count for all. */
static bool has_all(const struct seen *seen, uint32_t only)
{
	uint32_t i, cpu;

	for (i = 0; i < seen->way->count; i++)
		for (cpu = 0; cpu < CPUS; cpu++)
			if ((only == seen->way->count || only == i) &&
			    seen->next[i][cpu] != each_sends())
				return false;
	return true;
}

/* And no more of them, once all are there. */
static void check_ring(struct ring *ring, const struct way *way, uint32_t only)
{
	struct seen seen = { .way = way };

	while (!has_all(&seen, only))
		ring_wait(ring, 1, look_at, &seen);
	sleep_ms(20);
	ring_read(ring, look_at, &seen);
	assert_true(has_all(&seen, only));
	ring_close(ring);
}

static struct ring *open_everywhere(void)
{
	const struct nsring_setup setup = { .flags = NSRING_ALL_NETNS };
	int here = netns_here();
	struct ring *ring;

	netns_enter(netns_first());
	ring = ring_open(&setup, NULL);
	netns_enter(here);
	close(here);
	return ring;
}

static void check_way(struct way *way)
{
	struct ring *rings[PASSES], *any, *everywhere;
	uint32_t i;

	for (way->count = 0; way->count < PASSES && way->passes[way->count].device;)
		wait_for_carrier(way->passes[way->count++].device);
	way->netns = netns_cookie();
	any = ring_open(NULL, NULL);
	everywhere = open_everywhere();
	for (i = 0; i < way->count; i++)
		rings[i] = ring_open(NULL, way->passes[i].device);
	send_from_both(way);
	for (i = 0; i < way->count; i++)
		check_ring(rings[i], way, i);
	check_ring(any, way, way->count);
	check_ring(everywhere, way, way->count);
}

static void on_a_pair_each_packet_is_captured_once_at_both_ends(void **state)
{
	struct way way = { .passes = { { "v0", true }, { "v1", false } }, .send = send_frames };

	check_way(&way);
}

static void in_a_vlan_each_packet_is_captured_once_on_the_vlan_and_below(void **state)
{
	struct way way = {
		.passes = { { "v0.7", true }, { "v0", true }, { "v1", false }, { "v1.7", false } },
		.send = send_frames,
	};

	ip("link add link v0 name v0.7 type vlan id 7\nlink set v0.7 up");
	ip("link add link v1 name v1.7 type vlan id 7\nlink set v1.7 up");
	check_way(&way);
}

static void through_a_bridge_each_packet_is_captured_once_on_each_port(void **state)
{
	struct way way = {
		.passes = { { "v0", true }, { "v1", false }, { "w0", true }, { "w1", false } },
		.send = send_frames,
	};

	make_pair("w0", "w1");
	ip("link add br0 type bridge mcast_snooping 0\nlink set br0 up");
	ip("link set v1 master br0\nlink set w0 master br0");
	check_way(&way);
}

static void from_a_macvlan_each_packet_is_captured_once_there_and_below(void **state)
{
	struct way way = {
		.passes = { { "m0", true }, { "v0", true }, { "v1", false } },
		.send = send_frames,
	};

	ip("link add link v0 name m0 type macvlan mode bridge\nlink set m0 up");
	check_way(&way);
}

static void from_a_bond_each_packet_is_captured_once_there_and_below(void **state)
{
	struct way way = {
		.passes = { { "bond0", true }, { "v0", true }, { "v1", false } },
		.send = send_frames,
	};

	ip("link add bond0 type bond mode active-backup\nlink set v0 down");
	ip("link set v0 master bond0\nlink set bond0 up");
	check_way(&way);
}

/* The kernel shows the VRF's taps a packet that no queue of the VRF's device has had. */
static void what_the_host_sends_in_a_vrf_is_captured_once_there_and_below(void **state)
{
	struct way way = {
		.passes = { { "red", true }, { "v0", true }, { "v1", false } },
		.send = send_datagrams,
	};

	ip("link add red type vrf table 10\nlink set red up\nlink set v0 master red");
	ip("address add 192.0.2.1/24 dev v0\n"
	   "neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev v0");
	check_way(&way);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(on_a_pair_each_packet_is_captured_once_at_both_ends),
		TEST(in_a_vlan_each_packet_is_captured_once_on_the_vlan_and_below),
		TEST(through_a_bridge_each_packet_is_captured_once_on_each_port),
		TEST(from_a_macvlan_each_packet_is_captured_once_there_and_below),
		TEST(from_a_bond_each_packet_is_captured_once_there_and_below),
		TEST(what_the_host_sends_in_a_vrf_is_captured_once_there_and_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
