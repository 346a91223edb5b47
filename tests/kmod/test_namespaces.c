/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Captures in namespaces that know nothing of each other.
 *
 *	the test's ┐  v0 ─ v1		another ┐  v0 ─ v1
 */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

/* The devices have the same numbers there. */
static int make_twin(void)
{
	int twin = netns_new(), here = netns_here();
	uint32_t index = ifindex("v1");

	netns_enter(twin);
	make_pair("v0", "v1");
	assert_int_equal(ifindex("v1"), index);
	netns_enter(here);
	close(here);
	return twin;
}

/* So many frames out of v0 there. */
static void send_in(int netns, uint32_t count)
{
	int here = netns_here();

	netns_enter(netns);
	send_udp("v0", count, 100);
	netns_enter(here);
	close(here);
}

static void the_same_ifindex_in_another_namespace_is_another_device(void **state)
{
	int twin = make_twin(), here = netns_here();
	struct ring *ring = ring_open(NULL, "v1"), *other;

	netns_enter(twin);
	other = ring_open(NULL, "v1");
	netns_enter(here);
	send_udp("v0", 10, 100);
	send_in(twin, 7);
	assert_int_equal(ring_wait(ring, 10, NULL, NULL), 10);
	assert_int_equal(ring_wait(other, 7, NULL, NULL), 7);
	assert_int_equal(ring_stats(ring->fd).written, 10);
	assert_int_equal(ring_stats(other->fd).written, 7);
	close(here);
	ring_close(ring);
	ring_close(other);
}

static void a_socket_stays_in_the_namespace_where_it_was_made(void **state)
{
	int twin = make_twin(), here = netns_here(), fd = ring_socket();
	struct ring *ring;

	netns_enter(twin);
	check(ring_bind(fd, ifindex("v1")));
	netns_enter(here);
	ring = ring_map(fd);
	send_in(twin, 7);
	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 10, NULL, NULL), 10);
	close(here);
	ring_close(ring);
}

static void any_is_every_device_of_its_namespace_and_of_no_other(void **state)
{
	int twin = make_twin();
	struct ring *ring = ring_open(NULL, NULL);
	struct nsring_record record;

	send_in(twin, 10);
	assert_int_equal(ring_read(ring, NULL, NULL), 0);
	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 20, keep_record, &record), 20);
	assert_int_equal(record.netns, netns_cookie());
	assert_int_equal(ring_stats(ring->fd).written, 20);
	ring_close(ring);
}

static void any_has_devices_that_come_later(void **state)
{
	struct ring *ring = ring_open(NULL, NULL);

	make_pair("v2", "v3");
	send_udp("v2", 10, 100);
	assert_int_equal(ring_wait(ring, 20, NULL, NULL), 20);
	ip("link delete v2");
	send_udp("v0", 10, 100);
	assert_int_equal(ring_wait(ring, 20, NULL, NULL), 20);
	ring_close(ring);
}

static const struct nsring_setup everywhere = { .flags = NSRING_ALL_NETNS };

struct places {
	uint64_t cookies[3];
	uint32_t counts[3];
	uint32_t index;
	uint32_t other;
};

static void count_places(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	struct places *places = arg;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(places->cookies); i++)
		if (record->netns == places->cookies[i] && record->ifindex == places->index)
			places->counts[i]++;
}

static uint64_t cookie_of(int netns)
{
	int here = netns_here();
	uint64_t cookie;

	netns_enter(netns);
	cookie = netns_cookie();
	netns_enter(here);
	close(here);
	return cookie;
}

static void all_namespaces_at_once_are_captured_from_the_first(void **state)
{
	int twins[2] = { make_twin(), make_twin() }, here = netns_here();
	struct places places = { .index = ifindex("v1") };
	struct ring *ring;

	netns_enter(netns_first());
	ring = ring_open(&everywhere, NULL);
	netns_enter(here);
	places.cookies[0] = netns_cookie();
	places.cookies[1] = cookie_of(twins[0]);
	places.cookies[2] = cookie_of(twins[1]);
	send_udp("v0", 10, 100);
	send_in(twins[0], 7);
	send_in(twins[1], 5);
	ring_wait(ring, 44, count_places, &places);
	assert_int_equal(places.counts[0], 10);
	assert_int_equal(places.counts[1], 7);
	assert_int_equal(places.counts[2], 5);
	close(here);
	ring_close(ring);
}

static void all_namespaces_has_those_that_come_later_and_survives_their_end(void **state)
{
	int here = netns_here(), twin;
	struct places places = { .index = ifindex("v1") };
	struct ring *ring;

	netns_enter(netns_first());
	ring = ring_open(&everywhere, NULL);
	netns_enter(here);
	twin = make_twin();
	places.cookies[0] = cookie_of(twin);
	places.cookies[1] = netns_cookie();
	send_in(twin, 7);
	netns_close(twin);
	send_udp("v0", 3, 100);
	ring_wait(ring, 20, count_places, &places);
	assert_int_equal(places.counts[0], 7);
	assert_int_equal(places.counts[1], 3);
	close(here);
	ring_close(ring);
}

static void a_device_of_another_namespace_has_a_name_for_who_captures_in_all(void **state)
{
	struct nsring_device device = { netns_cookie(), ifindex("v1"), 0, "", { 0 } };
	socklen_t size = sizeof(device);
	int here = netns_here();
	struct ring *ring;

	rename_device("v1", "other");
	netns_enter(netns_first());
	ring = ring_open(&everywhere, NULL);
	check(getsockopt(ring->fd, SOL_NSRING, NSRING_DEVICE, &device, &size));
	assert_string_equal(device.name, "other");
	netns_enter(here);
	close(here);
	ring_close(ring);
}

static void nobody_else_learns_of_devices_of_another_namespace(void **state)
{
	int twin = make_twin();
	struct nsring_device device = { cookie_of(twin), ifindex("v1"), 0, "", { 0 } };
	socklen_t size = sizeof(device);
	struct ring *ring = ring_open(NULL, NULL);

	assert_errno(getsockopt(ring->fd, SOL_NSRING, NSRING_DEVICE, &device, &size), EPERM);
	device.netns = UINT64_MAX;
	assert_errno(getsockopt(ring->fd, SOL_NSRING, NSRING_DEVICE, &device, &size), EPERM);
	device.netns = 0;
	device.ifindex = 4711;
	assert_errno(getsockopt(ring->fd, SOL_NSRING, NSRING_DEVICE, &device, &size), ENODEV);
	ring_close(ring);
}

static void all_namespaces_are_refused_outside_of_the_first(void **state)
{
	assert_errno(ring_setup(ring_socket(), &everywhere), EPERM);
}

static int set_up_everywhere(void *arg)
{
	return ring_setup(*(int *)arg, &everywhere) < 0 ? errno : 0;
}

static void all_namespaces_are_refused_without_the_capability(void **state)
{
	int here = netns_here(), fd;

	netns_enter(netns_first());
	fd = ring_socket();
	netns_enter(here);
	close(here);
	assert_int_equal(run_as_nobody(set_up_everywhere, &fd), EPERM);
	check(ring_setup(fd, &everywhere));
}

/* PF_RING's third. */
static void a_socket_outlives_its_namespace(void **state)
{
	int twin = make_twin(), here = netns_here(), i;
	struct ring *rings[4];

	for (i = 0; i < 4; i++) {
		struct nsring_setup setup = { .flags = i % 2 ? 0 : NSRING_PROMISCUOUS };

		netns_enter(twin);
		rings[i] = ring_open(&setup, i == 3 ? NULL : "v1");
		netns_enter(here);
	}
	send_in(twin, 10);
	netns_close(twin);
	/* The sockets keep it; what they have is still there to be read. */
	assert_int_equal(ring_wait(rings[0], 10, NULL, NULL), 10);
	assert_int_equal(ring_stats(rings[3]->fd).written, 20);
	for (i = 0; i < 4; i++)
		ring_close(rings[i]);
	assert_true(wait_until(module_is_unused, NULL));
	close(here);
}

static int read_for_ever(void *arg)
{
	struct ring *ring = arg;
	struct pollfd poller = { .fd = ring->fd, .events = POLLIN };

	for (;;) {
		poll(&poller, 1, -1);
		ring_read(ring, NULL, NULL);
	}
	return 0;
}

static void a_namespace_ends_when_its_last_reader_is_killed(void **state)
{
	int twin = make_twin(), here = netns_here();
	struct ring *ring;
	pid_t child;

	netns_enter(twin);
	ring = ring_open(NULL, "v1");
	child = child_start(read_for_ever, ring);
	netns_enter(here);
	close(here);
	send_in(twin, 100);
	netns_close(twin);
	ring_close(ring);
	assert_int_equal(module_is_unused(NULL), false);
	child_kill(child);
	assert_true(wait_until(module_is_unused, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_ifindex_in_another_namespace_is_another_device),
		TEST(a_socket_stays_in_the_namespace_where_it_was_made),
		TEST(any_is_every_device_of_its_namespace_and_of_no_other),
		TEST(any_has_devices_that_come_later),
		TEST(all_namespaces_at_once_are_captured_from_the_first),
		TEST(all_namespaces_has_those_that_come_later_and_survives_their_end),
		TEST(a_device_of_another_namespace_has_a_name_for_who_captures_in_all),
		TEST(nobody_else_learns_of_devices_of_another_namespace),
		TEST(all_namespaces_are_refused_outside_of_the_first),
		TEST(all_namespaces_are_refused_without_the_capability),
		TEST(a_socket_outlives_its_namespace),
		TEST(a_namespace_ends_when_its_last_reader_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
