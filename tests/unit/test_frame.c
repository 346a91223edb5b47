/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Generated frames. Checksums are verified the receiver's way: everything summed is all ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <cmocka.h>

#include "jobs/frame.h"
#include "jobs/generate.h"

static struct frame_layout layout_of(int family, uint32_t size, uint32_t vlan)
{
	struct frame_layout layout = { .size = size,
				       .vlan = vlan,
				       .src_mac = { 2, 0, 0, 0, 0, 1 },
				       .dst_mac = { 2, 0, 0, 0, 0, 2 },
				       .src_port = 10000,
				       .dst_port = 9 };

	layout.src.family = family;
	layout.dst.family = family;
	inet_pton(family, family == AF_INET ? "198.51.100.1" : "2001:db8::1", layout.src.bytes);
	inet_pton(family, family == AF_INET ? "198.51.100.254" : "2001:db8::ffff",
		  layout.dst.bytes);
	return layout;
}

static uint32_t sum16(const uint8_t *data, size_t bytes)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < bytes; i++)
		sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void assert_udp_sum(const uint8_t *addresses, size_t address_bytes, const uint8_t *udp,
			   size_t udp_bytes)
{
	uint32_t sum = sum16(addresses, address_bytes) + sum16(udp, udp_bytes) +
		       (uint32_t)udp_bytes + IPPROTO_UDP;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
	assert_true(udp[6] || udp[7]);
}

/* Both checksums of an IPv4 frame. */
static void assert_sums(const uint8_t *frame, uint32_t size, uint32_t ip_offset)
{
	const uint8_t *ip = frame + ip_offset;

	assert_int_equal(sum16(ip, 20), 0xffff);
	assert_udp_sum(ip + 12, 8, ip + 20, size - ip_offset - 20);
}

static void ipv4_checksums_are_right_for_even_and_odd_sizes(void **state)
{
	uint32_t size;

	for (size = 60; size < 70; size++) {
		struct frame_layout layout = layout_of(AF_INET, size, 0);
		uint8_t frame[70];

		frame_build(&layout, frame);
		assert_sums(frame, size, 14);
	}
}

static void ipv6_checksum_is_right(void **state)
{
	struct frame_layout layout = layout_of(AF_INET6, 101, 0);
	uint8_t frame[101];

	frame_build(&layout, frame);
	assert_udp_sum(frame + 14 + 8, 32, frame + 54, 101 - 54);
}

static void lengths_in_the_headers_add_up_to_the_size(void **state)
{
	struct frame_layout layout = layout_of(AF_INET, 9014, 0);
	uint8_t *frame = malloc(9014);

	assert_non_null(frame);
	frame_build(&layout, frame);
	assert_int_equal(frame[16] << 8 | frame[17], 9000);
	assert_int_equal(frame[38] << 8 | frame[39], 8980);
	free(frame);
}

static void a_tag_stands_between_addresses_and_type(void **state)
{
	const uint8_t expected[6] = { 0x81, 0x00, 0x0a, 0xbc, 0x08, 0x00 };
	struct frame_layout layout = layout_of(AF_INET, 60, 0xabc);
	uint8_t frame[60];

	frame_build(&layout, frame);
	assert_memory_equal(frame + 12, expected, sizeof(expected));
	assert_sums(frame, 60, 18);
}

static void smallest_frames_hold_just_the_headers(void **state)
{
	struct frame_layout layout = layout_of(AF_INET6, 66, 5);
	uint8_t frame[66];

	assert_int_equal(frame_overhead(&layout), 66);
	frame_build(&layout, frame);
	assert_udp_sum(frame + 18 + 8, 32, frame + 58, 8);
}

static void a_new_source_gives_the_frame_that_building_gives(void **state)
{
	const int families[] = { AF_INET, AF_INET6 };
	uint8_t mended[90], built[90];
	uint32_t i;

	for (i = 0; i < 20000; i++) {
		struct frame_layout layout = layout_of(families[i & 1], 90, 0);

		frame_build(&layout, mended);
		layout.src.bytes[3] = (uint8_t)(i * 7);
		layout.src.bytes[2] = (uint8_t)(i >> 4);
		layout.src_port = (uint16_t)(i * 13);
		frame_set_source(&layout, mended);
		frame_build(&layout, built);
		assert_memory_equal(mended, built, sizeof(built));
	}
}

/* One of all ports makes the sum zero, which must be written as its other form. */
static void no_port_makes_the_udp_checksum_zero(void **state)
{
	struct frame_layout layout = layout_of(AF_INET, 60, 0);
	uint8_t mended[60], built[60];
	uint32_t port;

	frame_build(&layout, mended);
	for (port = 0; port <= 65535; port++) {
		layout.src_port = (uint16_t)port;
		frame_set_source(&layout, mended);
		frame_build(&layout, built);
		assert_sums(mended, sizeof(mended), 14);
		assert_sums(built, sizeof(built), 14);
	}
}

static void generator_gives_exactly_the_count(void **state)
{
	struct frame_layout layout = layout_of(AF_INET, 60, 0);
	struct generator *gen = generator_open(&layout, 3, 1000, 128);
	struct transmit_batch batch;
	uint64_t total = 0;

	assert_non_null(gen);
	while (generator_next(gen, &batch) == 0) {
		assert_true(batch.count > 0);
		total += batch.count;
	}
	assert_int_equal(total, 1000);
	generator_close(gen);
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Address and port as one number. */
static uint64_t source_of(const uint8_t *frame)
{
	uint64_t key = 0;

	memcpy(&key, frame + 26, 4);
	memcpy((uint8_t *)&key + 4, frame + 34, 2);
	return key;
}

static void generated_flows_are_distinct(void **state)
{
	enum { FLOWS = 100000 };
	struct frame_layout layout = layout_of(AF_INET, 60, 0);
	struct generator *gen = generator_open(&layout, FLOWS, FLOWS, 128);
	uint64_t *keys = calloc(FLOWS, sizeof(*keys));
	struct transmit_batch batch;
	uint32_t i, n = 0;

	assert_non_null(gen);
	assert_non_null(keys);
	while (generator_next(gen, &batch) == 0) {
		for (i = 0; i < batch.count; i++)
			keys[n++] = source_of(batch.frames[i].data);
	}
	qsort(keys, n, sizeof(*keys), compare_u64);
	for (i = 1; i < n; i++)
		assert_true(keys[i] != keys[i - 1]);
	assert_int_equal(n, FLOWS);
	free(keys);
	generator_close(gen);
}

static void flows_take_turns_and_come_again(void **state)
{
	struct frame_layout layout = layout_of(AF_INET, 60, 0);
	struct generator *gen = generator_open(&layout, 2, 4, 128);
	struct transmit_batch batch;

	assert_non_null(gen);
	assert_int_equal(generator_next(gen, &batch), 0);
	assert_int_equal(batch.count, 4);
	assert_memory_not_equal(batch.frames[0].data, batch.frames[1].data, 60);
	assert_memory_equal(batch.frames[0].data, batch.frames[2].data, 60);
	assert_memory_equal(batch.frames[1].data, batch.frames[3].data, 60);
	generator_close(gen);
}

/* Whether the flows of @count frames come in their turn, whatever the batches. */
static void assert_turns(uint32_t flows, uint32_t count, uint32_t size, uint32_t most)
{
	struct frame_layout layout = layout_of(AF_INET, size, 0);
	struct generator *gen = generator_open(&layout, flows, count, most);
	uint64_t *keys = calloc(flows, sizeof(*keys));
	struct transmit_batch batch;
	uint32_t i, n = 0;

	assert_non_null(gen);
	assert_non_null(keys);
	while (generator_next(gen, &batch) == 0) {
		assert_in_range(batch.count, 1, most);
		for (i = 0; i < batch.count; i++, n++) {
			uint64_t key = source_of(batch.frames[i].data);

			if (n < flows)
				keys[n] = key;
			assert_true(keys[n % flows] == key);
		}
	}
	assert_int_equal(n, count);
	free(keys);
	generator_close(gen);
}

static void flows_take_turns_across_batches_of_any_size(void **state)
{
	assert_turns(1, 1000, 60, 256);
	assert_turns(7, 40000, 60, 16384); /* several turns a batch */
	assert_turns(1000, 5000, 60, 256); /* several batches a turn */
	assert_turns(3000, 10000, 1514, 16384); /* more than there is memory for */
	assert_turns(100, 1000, 65535, 256); /* also than a batch needs */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_checksums_are_right_for_even_and_odd_sizes),
		cmocka_unit_test(ipv6_checksum_is_right),
		cmocka_unit_test(lengths_in_the_headers_add_up_to_the_size),
		cmocka_unit_test(a_tag_stands_between_addresses_and_type),
		cmocka_unit_test(smallest_frames_hold_just_the_headers),
		cmocka_unit_test(a_new_source_gives_the_frame_that_building_gives),
		cmocka_unit_test(no_port_makes_the_udp_checksum_zero),
		cmocka_unit_test(generator_gives_exactly_the_count),
		cmocka_unit_test(generated_flows_are_distinct),
		cmocka_unit_test(flows_take_turns_and_come_again),
		cmocka_unit_test(flows_take_turns_across_batches_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
