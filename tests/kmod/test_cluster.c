/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Members of a cluster, who each get a share of the packets.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define MEMBERS 4U
#define FLOWS	200U
#define NOBODY	UINT8_MAX

#define VXLAN_PORT 4789
#define GTP_PORT   2152

struct cluster {
	struct ring *rings[MEMBERS];
	uint8_t owner[FLOWS]; /* member that has this flow */
	uint32_t counts[MEMBERS];
	uint32_t member; /* whose packets are looked at */
	uint32_t number_at; /* where a frame has the number of its flow */
	uint32_t strays; /* packets of a flow that another member has, too */
};

static void open_cluster(struct cluster *cluster, uint32_t mode)
{
	struct nsring_setup setup = { .cluster = 3, .cluster_mode = mode };
	uint32_t i;

	memset(cluster, 0, sizeof(*cluster));
	memset(cluster->owner, NOBODY, sizeof(cluster->owner));
	for (i = 0; i < MEMBERS; i++)
		cluster->rings[i] = ring_open(&setup, "v1");
	assert_int_equal(cluster->rings[MEMBERS - 1]->layout.members, MEMBERS);
}

static void close_cluster(struct cluster *cluster)
{
	uint32_t i;

	for (i = 0; i < MEMBERS; i++)
		ring_close(cluster->rings[i]);
}

/* The last bytes of each frame: the number of its flow. */
static void put_number(uint8_t *frame, uint32_t len, uint32_t number)
{
	memcpy(frame + len - 4, &number, 4);
}

static void look_at(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	struct cluster *cluster = arg;
	uint32_t number;

	memcpy(&number, data + record->caplen - 4, 4);
	assert_true(number < FLOWS);
	if (cluster->owner[number] == NOBODY)
		cluster->owner[number] = (uint8_t)cluster->member;
	cluster->strays += cluster->owner[number] != cluster->member;
	cluster->counts[cluster->member]++;
}

static uint64_t met(const struct cluster *cluster)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < MEMBERS; i++)
		sum += ring_stats(cluster->rings[i]->fd).written;
	return sum;
}

struct expected {
	const struct cluster *cluster;
	uint64_t count;
};

static bool has_met(const void *arg)
{
	const struct expected *expected = arg;

	return met(expected->cluster) >= expected->count;
}

/* All that were sent, each at one member. */
static void read_cluster(struct cluster *cluster, uint64_t total)
{
	struct expected expected = { cluster, total };
	uint32_t i, sum = 0;

	wait_until(has_met, &expected);
	assert_int_equal(met(cluster), total);
	for (i = 0; i < MEMBERS; i++) {
		cluster->member = i;
		sum += ring_read(cluster->rings[i], look_at, cluster);
	}
	assert_int_equal(sum, total);
}

/* A chance of one in millions says otherwise. */
static void check_spread(const struct cluster *cluster)
{
	uint32_t i, counts[MEMBERS] = { 0 };

	for (i = 0; i < FLOWS; i++)
		counts[cluster->owner[i]]++;
	for (i = 0; i < MEMBERS; i++)
		assert_in_range(counts[i], FLOWS / MEMBERS / 4, FLOWS / 2);
}

static struct flow flow_of(uint32_t number, bool back)
{
	struct flow there = { 0x0a000001 + number % 7, 0x0a000100, (uint16_t)(2000 + number), 80,
			      IPPROTO_TCP },
		    again = { there.destination, there.source, there.destination_port,
			      there.source_port, there.protocol };

	return back ? again : there;
}

static void send_flows(uint32_t rounds)
{
	int sender = sender_open("v0");
	uint8_t frame[100];
	uint32_t i;

	for (i = 0; i < FLOWS * rounds; i++) {
		struct flow flow = flow_of(i % FLOWS, (i / FLOWS) % 2);

		frame_flow(frame, sizeof(frame), &flow);
		put_number(frame, sizeof(frame), i % FLOWS);
		sender_send(sender, frame, sizeof(frame));
	}
	close(sender);
}

static void a_flow_stays_with_one_member_in_both_directions(void **state)
{
	struct cluster cluster;

	open_cluster(&cluster, NSRING_CLUSTER_FLOW);
	send_flows(4);
	read_cluster(&cluster, FLOWS * 4);
	assert_int_equal(cluster.strays, 0);
	check_spread(&cluster);
	close_cluster(&cluster);
}

static void two_addresses_stay_with_one_member_whatever_the_ports(void **state)
{
	struct cluster cluster;
	uint32_t i;

	open_cluster(&cluster, NSRING_CLUSTER_2_TUPLE);
	send_flows(4);
	read_cluster(&cluster, FLOWS * 4);
	assert_int_equal(cluster.strays, 0);
	for (i = 7; i < FLOWS; i++)
		assert_int_equal(cluster.owner[i], cluster.owner[i % 7]);
	close_cluster(&cluster);
}

/* @first: the one with the ports; others have nothing but the address and an id. */
static void send_fragment(int sender, uint32_t number, uint32_t offset, bool more)
{
	struct flow flow = { 0x0a000001, 0x0a000002, (uint16_t)(3000 + number), 53, IPPROTO_UDP };
	uint16_t id = htons((uint16_t)(100 + number)),
		 where = htons((uint16_t)((more ? 0x2000 : 0) | offset / 8));
	uint8_t frame[98];

	frame_flow(frame, sizeof(frame), &flow);
	memcpy(frame + AT_IP + 4, &id, 2);
	memcpy(frame + AT_IP + 6, &where, 2);
	if (offset)
		memset(frame + AT_UDP, 0xee, sizeof(frame) - AT_UDP);
	put_number(frame, sizeof(frame), number);
	sender_send(sender, frame, sizeof(frame));
}

static void fragments_follow_the_first_one(void **state)
{
	int sender = sender_open("v0");
	struct cluster cluster;
	uint32_t i;

	open_cluster(&cluster, NSRING_CLUSTER_FLOW);
	for (i = 0; i < FLOWS; i++) {
		send_fragment(sender, i, 0, true);
		send_fragment(sender, i, 64, true);
		send_fragment(sender, i, 128, false);
	}
	read_cluster(&cluster, FLOWS * 3);
	assert_int_equal(cluster.strays, 0);
	check_spread(&cluster);
	close(sender);
	close_cluster(&cluster);
}

static void round_robin_is_even(void **state)
{
	struct cluster cluster;
	uint32_t i;

	open_cluster(&cluster, NSRING_CLUSTER_ROUND_ROBIN);
	send_flows(4);
	read_cluster(&cluster, FLOWS * 4);
	for (i = 0; i < MEMBERS; i++)
		assert_int_equal(cluster.counts[i], FLOWS * 4 / MEMBERS);
	close_cluster(&cluster);
}

static void a_cpu_stays_with_one_member(void **state)
{
	struct cluster cluster;
	uint32_t i, used = 0;

	open_cluster(&cluster, NSRING_CLUSTER_CPU);
	pin_cpu(0);
	send_flows(1);
	pin_cpu(1);
	send_flows(1);
	read_cluster(&cluster, FLOWS * 2);
	for (i = 0; i < MEMBERS; i++) {
		assert_true(cluster.counts[i] == 0 || cluster.counts[i] == FLOWS);
		used += cluster.counts[i] != 0;
	}
	assert_int_equal(used, 2);
	close_cluster(&cluster);
}

static void a_queue_stays_with_one_member(void **state)
{
	struct cluster cluster;
	uint32_t i, used = 0;

	open_cluster(&cluster, NSRING_CLUSTER_QUEUE);
	send_flows(2);
	read_cluster(&cluster, FLOWS * 2);
	for (i = 0; i < MEMBERS; i++)
		used += cluster.counts[i] != 0;
	assert_int_equal(used, 1);
	close_cluster(&cluster);
}

static void a_vlan_stays_with_one_member(void **state)
{
	struct flow flow = flow_of(0, false);
	uint8_t frame[100], tagged[104];
	int sender = sender_open("v0");
	struct cluster cluster;
	uint32_t i, used = 0;

	open_cluster(&cluster, NSRING_CLUSTER_VLAN);
	for (i = 0; i < 160; i++) {
		flow.source_port = (uint16_t)i;
		frame_flow(frame, sizeof(frame), &flow);
		memcpy(tagged, frame, 12);
		memcpy(tagged + 12, "\x81\x00\x00", 3);
		tagged[15] = (uint8_t)(1 + i % 16);
		memcpy(tagged + 16, frame + 12, sizeof(frame) - 12);
		put_number(tagged, sizeof(tagged), i % 16);
		sender_send(sender, tagged, sizeof(tagged));
	}
	read_cluster(&cluster, 160);
	assert_int_equal(cluster.strays, 0);
	for (i = 0; i < MEMBERS; i++)
		used += cluster.counts[i] != 0;
	assert_true(used > 1);
	close(sender);
	close_cluster(&cluster);
}

enum tunnel {
	VXLAN,
	GTP,
	GRE,
};

/* The tunnel's own addresses and ports are always the same. */
static uint32_t wrap(uint8_t *frame, enum tunnel tunnel, const uint8_t *inner, uint32_t len)
{
	struct flow outer = { 0xc6336401, 0xc6336402, 4000, VXLAN_PORT, IPPROTO_UDP };
	uint32_t header = 8, skip = AT_IP, at = AT_PAYLOAD;

	if (tunnel == VXLAN)
		skip = 0;
	if (tunnel == GTP)
		outer.destination_port = GTP_PORT;
	if (tunnel == GRE) {
		outer = (struct flow){ 0xc6336401, 0xc6336402, 0, 0, IPPROTO_GRE };
		header = 4;
		at = AT_UDP;
	}
	frame_flow(frame, at + header + len - skip, &outer);
	if (tunnel == VXLAN)
		memcpy(frame + at, "\x08\0\0\0\0\0\x2a\0", 8);
	else if (tunnel == GTP)
		memcpy(frame + at, "\x30\xff\0\x56\0\0\0\x2a", 8);
	else
		memcpy(frame + at, "\0\0\x08\0", 4);
	memcpy(frame + at + header, inner + skip, len - skip);
	return at + header + len - skip;
}

static void send_tunnel(enum tunnel tunnel, uint32_t rounds)
{
	int sender = sender_open("v0");
	uint8_t inner[100], frame[200];
	uint32_t i, len;

	for (i = 0; i < FLOWS * rounds; i++) {
		struct flow flow = flow_of(i % FLOWS, (i / FLOWS) % 2);

		frame_flow(inner, sizeof(inner), &flow);
		put_number(inner, sizeof(inner), i % FLOWS);
		len = wrap(frame, tunnel, inner, sizeof(inner));
		sender_send(sender, frame, len);
	}
	close(sender);
}

static void check_tunnel(enum tunnel tunnel)
{
	struct cluster cluster;
	uint32_t i, used = 0;

	open_cluster(&cluster, NSRING_CLUSTER_INNER_FLOW);
	send_tunnel(tunnel, 2);
	read_cluster(&cluster, FLOWS * 2);
	assert_int_equal(cluster.strays, 0);
	check_spread(&cluster);
	close_cluster(&cluster);

	open_cluster(&cluster, NSRING_CLUSTER_FLOW);
	send_tunnel(tunnel, 2);
	read_cluster(&cluster, FLOWS * 2);
	for (i = 0; i < MEMBERS; i++)
		used += cluster.counts[i] != 0;
	assert_int_equal(used, 1);
	close_cluster(&cluster);
}

static void flows_within_vxlan_are_spread_if_asked(void **state)
{
	check_tunnel(VXLAN);
}

static void flows_within_gtp_are_spread_if_asked(void **state)
{
	check_tunnel(GTP);
}

static void flows_within_gre_are_spread_if_asked(void **state)
{
	check_tunnel(GRE);
}

static int sleep_for_ever(void *arg)
{
	for (;;)
		pause();
	return 0;
}

/* The child alone holds it. */
static pid_t hand_over(struct ring *ring)
{
	pid_t child = child_start(sleep_for_ever, NULL);

	ring_close(ring);
	return child;
}

static void what_a_killed_member_had_goes_to_the_others_at_once(void **state)
{
	struct nsring_setup setup = { .cluster = 3 };
	struct ring *rings[2] = { ring_open(&setup, "v1"), ring_open(&setup, "v1") };
	uint64_t before;
	pid_t child;

	send_flows(1);
	before = ring_stats(rings[0]->fd).written;
	assert_int_equal(before + ring_stats(rings[1]->fd).written, FLOWS);
	assert_in_range(before, FLOWS / 10, FLOWS * 9 / 10);
	child = hand_over(rings[1]);
	send_flows(1);
	assert_in_range(ring_stats(rings[0]->fd).written, before + FLOWS / 10,
			before + FLOWS * 9 / 10);
	before = ring_stats(rings[0]->fd).written;
	child_kill(child);
	send_flows(2);
	assert_int_equal(ring_stats(rings[0]->fd).written, before + FLOWS * 2);
	ring_close(rings[0]);
}

static void each_member_has_its_own_filter(void **state)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { 1, nothing };
	struct nsring_stats stats[2];
	struct nsring_setup setup = { .cluster = 3, .cluster_mode = NSRING_CLUSTER_ROUND_ROBIN };
	struct ring *rings[2] = { ring_open(&setup, "v1"), ring_open(&setup, "v1") };

	check(setsockopt(rings[0]->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
	send_flows(1);
	stats[0] = ring_stats(rings[0]->fd);
	stats[1] = ring_stats(rings[1]->fd);
	assert_int_equal(stats[0].written, 0);
	assert_int_equal(stats[0].filtered, FLOWS / 2);
	assert_int_equal(stats[1].written, FLOWS / 2);
	ring_close(rings[0]);
	ring_close(rings[1]);
}

/* With a mode that the host's cluster has not got. */
static int capture_in_a_container(void *arg)
{
	struct nsring_setup setup = { .cluster = 3, .cluster_mode = NSRING_CLUSTER_ROUND_ROBIN };
	struct ring *ring = ring_open(&setup, "v1");
	uint32_t next = 0;
	bool alone = ring->layout.members == 1;

	send_udp("v0", 10, 100);
	return alone && ring_wait(ring, 10, check_numbers, &next) == 10 ? 0 : 1;
}

static void a_container_joins_no_cluster_of_the_host(void **state)
{
	struct nsring_setup setup = { .cluster = 3, .cluster_mode = NSRING_CLUSTER_FLOW };
	struct ring *host = ring_open(&setup, "v1");
	uint32_t next = 0;

	assert_int_equal(child_apart(capture_in_a_container, NULL), 0);
	assert_int_equal(ring_wait(host, 10, check_numbers, &next), 10);
	ring_close(host);
}

static void other_settings_or_another_device_are_refused(void **state)
{
	struct nsring_setup setup = { .cluster = 3 };
	struct ring *ring = ring_open(&setup, "v1");
	int fd = ring_socket();

	check(ring_setup(fd, &setup));
	assert_errno(ring_bind(fd, ifindex("v0")), EINVAL);
	setup.cluster_mode = NSRING_CLUSTER_CPU;
	check(ring_setup(fd, &setup));
	assert_errno(ring_bind(fd, ifindex("v1")), EINVAL);
	setup.cluster_mode = NSRING_CLUSTER_FLOW;
	setup.direction = NSRING_DIRECTION_IN;
	check(ring_setup(fd, &setup));
	assert_errno(ring_bind(fd, ifindex("v1")), EINVAL);
	setup.direction = NSRING_DIRECTION_BOTH;
	check(ring_setup(fd, &setup));
	check(ring_bind(fd, ifindex("v1")));
	ring_close(ring);
}

static void there_is_room_for_256_members_and_no_more(void **state)
{
	struct nsring_setup setup = { .cluster = 3,
				      .cluster_mode = NSRING_CLUSTER_ROUND_ROBIN,
				      .ring_bytes = 1 };
	int fds[NSRING_CLUSTER_MEMBERS_MAX + 1];
	uint32_t i;

	for (i = 0; i <= NSRING_CLUSTER_MEMBERS_MAX; i++) {
		fds[i] = ring_socket();
		check(ring_setup(fds[i], &setup));
		if (i < NSRING_CLUSTER_MEMBERS_MAX)
			check(ring_bind(fds[i], ifindex("v1")));
	}
	assert_errno(ring_bind(fds[i - 1], ifindex("v1")), EUSERS);
	send_udp("v0", 2 * NSRING_CLUSTER_MEMBERS_MAX, 60);
	for (i = 0; i < NSRING_CLUSTER_MEMBERS_MAX; i++)
		assert_int_equal(ring_met(fds[i], 2).written, 2);
	ring_close_fd(fds[0]);
	check(ring_bind(fds[NSRING_CLUSTER_MEMBERS_MAX], ifindex("v1")));
}

static void the_device_is_gone_for_all_members(void **state)
{
	struct cluster cluster;
	uint32_t i;

	open_cluster(&cluster, NSRING_CLUSTER_FLOW);
	ip("link delete v0");
	for (i = 0; i < MEMBERS; i++)
		assert_int_equal(socket_error(cluster.rings[i]->fd), ENODEV);
	make_pair("v0", "v1");
	for (i = 0; i < MEMBERS; i++)
		check(ring_bind(cluster.rings[i]->fd, ifindex("v1")));
	send_flows(2);
	read_cluster(&cluster, FLOWS * 2);
	assert_int_equal(cluster.strays, 0);
	check_spread(&cluster);
	close_cluster(&cluster);
}

/* What @fd's capture was dealt. */
static uint64_t dealt(int fd)
{
	struct nsring_stats stats = ring_stats(fd);

	return stats.written + stats.full + stats.filtered;
}

/* Against a capture beside the cluster, while packets keep coming. */
static void members_that_come_and_go_count_every_packet(void **state)
{
	struct nsring_setup setup = { .ring_bytes = 1,
				      .cluster = 3,
				      .cluster_mode = NSRING_CLUSTER_ROUND_ROBIN };
	const struct nsring_setup plain = { .ring_bytes = 1 };
	struct ring *beside = ring_open(&plain, "v1"), *member = ring_open(&setup, "v1"), *guest;
	uint32_t round, rounds = 20 + fewer(300);
	uint64_t guests = 0;

	flood_start("v0", 0);
	for (round = 0; round < rounds; round++) {
		guest = ring_open(&setup, "v1");
		ring_stop(guest->fd);
		sleep_ms(3); /* for packets on their way */
		guests += dealt(guest->fd);
		ring_close(guest);
	}
	flood_stop();
	assert_int_equal(dealt(member->fd) + guests, dealt(beside->fd));
	ring_close(beside);
	ring_close(member);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_flow_stays_with_one_member_in_both_directions),
		TEST(two_addresses_stay_with_one_member_whatever_the_ports),
		TEST(fragments_follow_the_first_one),
		TEST(round_robin_is_even),
		TEST(a_cpu_stays_with_one_member),
		TEST(a_queue_stays_with_one_member),
		TEST(a_vlan_stays_with_one_member),
		TEST(flows_within_vxlan_are_spread_if_asked),
		TEST(flows_within_gtp_are_spread_if_asked),
		TEST(flows_within_gre_are_spread_if_asked),
		TEST(what_a_killed_member_had_goes_to_the_others_at_once),
		TEST(each_member_has_its_own_filter),
		TEST(a_container_joins_no_cluster_of_the_host),
		TEST(other_settings_or_another_device_are_refused),
		TEST(there_is_room_for_256_members_and_no_more),
		TEST(the_device_is_gone_for_all_members),
		TEST(members_that_come_and_go_count_every_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
