/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The `file` engine: what it makes of undamaged pcap files, and how it hands packets out. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "engines/file/file.h"
#include "lib/file/savefile_format.h"
#include "file_bytes.h"

#define NS_PER_S 1000000000ull

static void read_a_pcap(uint32_t magic, bool big, const char *mode)
{
	uint64_t unit = magic == PCAP_MAGIC_NSEC ? 1 : 1000;
	struct bytes file = { .big = big };
	struct reading got;

	pcap_header(&file, magic, RAW_IP);
	pcap_packet(&file, 1700000000, 123456, "first", 5);
	pcap_packet(&file, 4294967295, 999999, "second packet", 13);
	read_bytes(&file, 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 2);
	assert_packet(&got.packets[0], 1700000000 * NS_PER_S + 123456 * unit, "first");
	assert_packet(&got.packets[1], 4294967295 * NS_PER_S + 999999 * unit, "second packet");
	assert_int_equal(got.info.linktype, RAW_IP);
	assert_int_equal(got.info.snaplen, 65535);
	assert_int_equal(got.info.ring_bytes, 0);
	assert_string_equal(got.info.mode, mode);
	reading_free(&got);
	bytes_free(&file);
}

static void reads_pcap_in_microseconds(void **state)
{
	read_a_pcap(PCAP_MAGIC_USEC, false, "pcap, microseconds, little-endian");
}

static void reads_pcap_in_nanoseconds(void **state)
{
	read_a_pcap(PCAP_MAGIC_NSEC, false, "pcap, nanoseconds, little-endian");
}

static void reads_big_endian_pcap_in_microseconds(void **state)
{
	read_a_pcap(PCAP_MAGIC_USEC, true, "pcap, microseconds, big-endian");
}

static void reads_big_endian_pcap_in_nanoseconds(void **state)
{
	read_a_pcap(PCAP_MAGIC_NSEC, true, "pcap, nanoseconds, big-endian");
}

static void read_a_modified_pcap(bool big, const char *mode)
{
	struct bytes file = { .big = big };
	struct reading got;

	pcap_header(&file, PCAP_MAGIC_MODIFIED, RAW_IP);
	modified_pcap_packet(&file, 1700000000, "first", 5);
	modified_pcap_packet(&file, 1700000001, "", 0);
	modified_pcap_packet(&file, 1700000002, "third packet", 12);
	read_bytes(&file, 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 3);
	assert_packet(&got.packets[0], 1700000000 * NS_PER_S, "first");
	assert_packet(&got.packets[1], 1700000001 * NS_PER_S, "");
	assert_packet(&got.packets[2], 1700000002 * NS_PER_S, "third packet");
	assert_string_equal(got.info.mode, mode);
	reading_free(&got);
	bytes_free(&file);
}

static void reads_modified_pcap_of_either_byte_order(void **state)
{
	read_a_modified_pcap(false, "modified pcap, little-endian");
	read_a_modified_pcap(true, "modified pcap, big-endian");
}

static void link_type_of_pcap_is_without_the_fcs_bits(void **state)
{
	struct bytes file = { 0 };
	struct reading got;

	pcap_header(&file, PCAP_MAGIC_USEC, 0xf4000000 | ETHERNET);
	read_bytes(&file, 1, &got);
	assert_int_equal(got.info.linktype, ETHERNET);
	bytes_free(&file);
}

static void length_is_never_less_than_the_captured_length(void **state)
{
	struct bytes file = { 0 };
	struct reading got;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	pcap_packet(&file, 1, 0, "abcdef", 6);
	set32(&file, 24 + 12, 2);
	read_bytes(&file, 1, &got);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.packets[0].caplen, 6);
	assert_int_equal(got.packets[0].len, 6);
	reading_free(&got);
	bytes_free(&file);
}

static void swapped_lengths_of_old_pcap_versions_are_swapped_back(void **state)
{
	struct bytes file = { 0 };
	struct reading got;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	file.data[6] = 2;
	pcap_packet(&file, 1, 0, "abcdef", 6);
	set32(&file, 24 + 8, 60);
	read_bytes(&file, 1, &got);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.packets[0].caplen, 6);
	assert_int_equal(got.packets[0].len, 60);
	reading_free(&got);
	bytes_free(&file);
}

static void packets_are_cut_to_the_snaplen_asked_for(void **state)
{
	struct nsr_options opts = { .size = sizeof(opts), .snaplen = 4 };
	char path[] = "/tmp/nsring-test-XXXXXX";
	struct bytes file = { 0 };
	struct nsr_packet got;
	struct nsr_info info;
	struct nsr_error err;
	void *priv;
	int fd = mkstemp(path);

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	pcap_packet(&file, 1, 0, "abcdef", 6);
	assert_int_equal(write(fd, file.data, file.len), file.len);
	close(fd);
	assert_int_equal(open_path_with(path, &opts, &priv, &err), 0);
	unlink(path);
	assert_int_equal(nsr_engine_file.recv(priv, &got, 1, &err), 1);
	assert_int_equal(got.caplen, 4);
	assert_int_equal(got.len, 6);
	nsr_engine_file.info(priv, &info);
	assert_int_equal(info.snaplen, 4);
	nsr_engine_file.close(priv);
	bytes_free(&file);
}

/* A packet whose bytes tell its length, so that a view into the wrong place shows. */
static void put_patterned(struct bytes *file, uint32_t len)
{
	uint8_t *data = malloc(len + 1);

	memset(data, (int)(len % 251), len + 1);
	pcap_packet(file, 1, 0, data, len);
	free(data);
}

static void assert_patterned(const struct nsr_packet *got, uint32_t len)
{
	uint32_t i;

	assert_int_equal(got->caplen, len);
	for (i = 0; i < len; i++)
		if (got->data[i] != len % 251)
			fail_msg("byte %u of a packet of %u is %u", i, len, got->data[i]);
}

static void packets_across_the_edge_of_the_buffer_are_whole(void **state)
{
	struct bytes file = { 0 };
	struct reading got;
	uint32_t i;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	for (i = 0; i < 3000; i++)
		put_patterned(&file, i);
	read_bytes(&file, 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 3000);
	for (i = 0; i < 3000; i++)
		assert_patterned(&got.packets[i], i);
	reading_free(&got);
	bytes_free(&file);
}

static void packet_longer_than_the_buffer_is_whole(void **state)
{
	struct bytes file = { 0 };
	struct reading got;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	put_patterned(&file, 100);
	put_patterned(&file, SAVEFILE_PACKET_MAX);
	put_patterned(&file, 101);
	read_bytes(&file, 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 3);
	assert_patterned(&got.packets[1], SAVEFILE_PACKET_MAX);
	assert_patterned(&got.packets[2], 101);
	reading_free(&got);
	bytes_free(&file);
}

static void batch_is_never_larger_than_asked_for(void **state)
{
	struct nsr_packet packets[3];
	struct bytes file = { 0 };
	struct nsr_error err;
	void *priv;
	int i;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	for (i = 0; i < 7; i++)
		pcap_packet(&file, 1, 0, "x", 1);
	assert_int_equal(open_bytes(&file, &priv, &err), 0);
	assert_int_equal(nsr_engine_file.recv(priv, packets, 3, &err), 3);
	assert_int_equal(nsr_engine_file.recv(priv, packets, 3, &err), 3);
	assert_int_equal(nsr_engine_file.recv(priv, packets, 3, &err), 1);
	assert_int_equal(nsr_engine_file.recv(priv, packets, 3, &err), -ENODATA);
	assert_int_equal(nsr_engine_file.recv(priv, packets, 3, &err), -ENODATA);
	nsr_engine_file.close(priv);
	bytes_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_pcap_in_microseconds),
		cmocka_unit_test(reads_pcap_in_nanoseconds),
		cmocka_unit_test(reads_big_endian_pcap_in_microseconds),
		cmocka_unit_test(reads_big_endian_pcap_in_nanoseconds),
		cmocka_unit_test(reads_modified_pcap_of_either_byte_order),
		cmocka_unit_test(link_type_of_pcap_is_without_the_fcs_bits),
		cmocka_unit_test(length_is_never_less_than_the_captured_length),
		cmocka_unit_test(swapped_lengths_of_old_pcap_versions_are_swapped_back),
		cmocka_unit_test(packets_are_cut_to_the_snaplen_asked_for),
		cmocka_unit_test(packets_across_the_edge_of_the_buffer_are_whole),
		cmocka_unit_test(packet_longer_than_the_buffer_is_whole),
		cmocka_unit_test(batch_is_never_larger_than_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
