/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The `file` engine: damaged files, and files that are none. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engines/file/file.h"
#include "lib/file/savefile_format.h"
#include "check.h"
#include "file_bytes.h"

/**
 * struct damage - one field of a sample set to something wrong
 * @at:      its offset
 * @value:   32 bits in its place
 * @packets: handed out before the damage shows
 * @text:    what the error says
 */
struct damage {
	size_t at;
	uint32_t value;
	uint32_t packets;
	const char *text;
};

#define OPTION(code, length) ((code) | (uint32_t)(length) << 16)

/* Blocks at 0, 28, 72, 120; end at 140. */
static const size_t pcapng_ends[] = { 28, 72, 120, 140 };

static void sample_pcapng(struct bytes *file)
{
	size_t begun;

	section(file);
	interface_with(file, ETHERNET, PCAPNG_IF_TSRESOL, "\x09", 1);
	begun = packet_begin(file, 0, 1, "12345", 5);
	option(file, PCAPNG_EPB_FLAGS, "\0\0\0\0", 4);
	block_end(file, begun);
	begun = block_begin(file, PCAPNG_SPB);
	put32(file, 4);
	put(file, "1234", 4);
	block_end(file, begun);
	assert_int_equal(file->len, 140);
}

static const size_t pcap_ends[] = { 24, 45, 61, 84 };

static void sample_pcap(struct bytes *file)
{
	pcap_header(file, PCAP_MAGIC_USEC, ETHERNET);
	pcap_packet(file, 1, 2, "12345", 5);
	pcap_packet(file, 3, 4, "", 0);
	pcap_packet(file, 5, 6, "1234567", 7);
	assert_int_equal(file->len, 84);
}

static void check_damage(void (*sample)(struct bytes *), bool big, const struct damage *damage)
{
	struct bytes file = { .big = big };
	struct reading got;

	sample(&file);
	set32(&file, damage->at, damage->value);
	read_bytes(&file, 64, &got);
	assert_damage(&got, damage->text);
	assert_int_equal(got.count, damage->packets);
	reading_free(&got);
	bytes_free(&file);
}

static void damage_in_each_field_of_pcapng_is_told_with_its_offset(void **state)
{
	static const struct damage damages[] = {
		{ 4, 27, 0, "offset 4: block length 27 is not a multiple of 4" },
		{ 4, 8, 0, "offset 4: block length 8 is less than 12" },
		{ 4, 24, 0, "offset 20: block length 4294967295 at its end, but 24 at its start" },
		{ 8, 0, 0, "offset 8: a section's byte-order magic is 0x00000000" },
		{ 24, 32, 0, "offset 24: block length 32 at its end, but 28 at its start" },
		{ 32, 7, 0, "offset 32: block length 7 is not a multiple of 4" },
		{ 32, 0, 0, "offset 32: block length 0 is less than 12" },
		{ 32, 0xfffffffc, 0, "offset 32: block length 4294967292 is more than 16842752" },
		{ 44, OPTION(1, 200), 0, "offset 46: option 1 of 200 bytes is longer" },
		{ 44, OPTION(1, 65535), 0, "offset 46: option 1 of 65535 bytes is longer" },
		{ 56, OPTION(9, 2), 0, "offset 58: option 9 has 2 bytes instead of 1" },
		{ 56, OPTION(14, 4), 0, "offset 58: option 14 has 4 bytes instead of 8" },
		{ 68, 0, 0, "offset 68: block length 0 at its end, but 44 at its start" },
		{ 76, 49, 0, "offset 76: block length 49 is not a multiple of 4" },
		{ 76, 72, 0, "offset 72: the file ends in the middle of a block" },
		{ 80, 1, 0, "offset 80: a packet of interface 1, but the section has 1 so far" },
		{ 80, UINT32_MAX, 0, "offset 80: a packet of interface 4294967295" },
		{ 92, 17, 0, "offset 92: captured length 17 is longer than its block (16 left)" },
		{ 92, UINT32_MAX, 0, "offset 92: captured length 4294967295 is longer" },
		{ 124, 8, 1, "offset 124: block length 8 is less than 12" },
		{ 128, 5, 1, "offset 128: captured length 5 is longer than its block (4 left)" },
		{ 136, 21, 1, "offset 136: block length 21 at its end, but 20 at its start" },
	};
	size_t i;

	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		check_damage(sample_pcapng, false, &damages[i]);
}

/* The first packet has @option at its end, and the second is handed out, too. */
static void check_damaged_option(uint32_t option)
{
	struct bytes file = { 0 };
	struct reading got;

	sample_pcapng(&file);
	set32(&file, 108, option);
	read_bytes(&file, 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 2);
	assert_packet(&got.packets[0], 1, "12345");
	assert_int_equal(got.packets[0].flags, NSR_PKT_UNDIRECTED);
	assert_int_equal(got.info.damaged_options, 1);
	reading_free(&got);
	bytes_free(&file);
}

static void damaged_option_of_a_packet_is_ignored_and_counted(void **state)
{
	check_damaged_option(OPTION(PCAPNG_EPB_FLAGS, 5));
	check_damaged_option(OPTION(PCAPNG_EPB_FLAGS, 3));
	check_damaged_option(OPTION(PCAPNG_OPT_COMMENT, 65535));
}

static void damage_in_each_field_of_pcap_is_told_with_its_offset(void **state)
{
	static const struct damage damages[] = {
		{ 4, 0x00030004, 0, "offset 4: pcap version 3.4 is not known" },
		{ 32, 16777217, 0, "offset 32: captured length 16777217 is more than 16777216" },
		{ 53, UINT32_MAX, 1, "offset 53: captured length 4294967295 is more than" },
		{ 69, 8, 2, "offset 61: the file ends in the middle of a packet (23 bytes of 24" },
	};
	size_t i;

	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		check_damage(sample_pcap, true, &damages[i]);
}

static void unknown_version_of_pcapng_is_refused(void **state)
{
	check_damage(sample_pcapng, true,
		     &(struct damage){ 12, 0x00020001, 0,
				       "offset 12: pcapng version 2.1 is not known" });
}

static void block_too_short_for_its_type_is_damage(void **state)
{
	static const uint32_t types[] = { PCAPNG_SHB, PCAPNG_IDB, PCAPNG_EPB, PCAPNG_PB,
					  PCAPNG_SPB };
	struct reading got;
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct bytes file = { 0 };
		size_t begun;

		section(&file);
		interface(&file, ETHERNET);
		begun = block_begin(&file, types[i]);
		if (types[i] == PCAPNG_SHB)
			put32(&file, PCAPNG_BYTE_ORDER_MAGIC);
		block_end(&file, begun);
		read_bytes(&file, 64, &got);
		assert_damage(&got, types[i] == PCAPNG_SHB ? "offset 52: a section header of 4"
							   : "offset 52: a");
		assert_non_null(strstr(got.err.text, "is too short"));
		bytes_free(&file);
	}
}

static void packet_before_any_interface_of_its_section_is_damage(void **state)
{
	struct bytes file = { 0 };
	struct reading got;
	size_t begun;

	section(&file);
	interface(&file, ETHERNET);
	section(&file);
	begun = block_begin(&file, PCAPNG_SPB);
	put32(&file, 0);
	block_end(&file, begun);
	read_bytes(&file, 64, &got);
	assert_damage(&got, "offset 76: a packet of interface 0, but the section has 0 so far");
	bytes_free(&file);
}

static void interface_too_many_is_damage(void **state)
{
	struct bytes file = { 0 };
	struct reading got;
	uint32_t i;

	section(&file);
	for (i = 0; i < SAVEFILE_IFACES_MAX; i++)
		interface(&file, ETHERNET);
	packet(&file, SAVEFILE_IFACES_MAX - 1, 0, "a", 1);
	interface(&file, ETHERNET);
	read_bytes(&file, 64, &got);
	assert_damage(&got, "offset 1310784: more than 65536 interfaces");
	assert_int_equal(got.count, 1);
	reading_free(&got);
	bytes_free(&file);
}

static void packets_before_the_damage_come_first_and_the_error_stays(void **state)
{
	struct nsr_packet packets[8];
	struct bytes file = { 0 };
	struct nsr_error err;
	void *priv;
	int i;

	sample_pcap(&file);
	set32(&file, 69, UINT32_MAX);
	assert_int_equal(open_bytes(&file, &priv, &err), 0);
	assert_int_equal(nsr_engine_file.recv(priv, packets, 8, &err), 2);
	for (i = 0; i < 3; i++) {
		memset(&err, 0, sizeof(err));
		assert_int_equal(nsr_engine_file.recv(priv, packets, 8, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "offset 69: "));
	}
	nsr_engine_file.close(priv);
	bytes_free(&file);
}

static void check_truncated(struct bytes *file, const size_t *ends, uint32_t packets_from)
{
	size_t len, whole, begun = 0;
	char text[64];

	for (len = 0, whole = 0; len < file->len; len++) {
		struct bytes part = { .data = file->data, .len = len };
		struct reading got;
		bool at_end = len == ends[whole];

		if (at_end)
			begun = ends[whole++];
		read_bytes(&part, 64, &got);
		assert_int_equal(got.count, whole > packets_from ? whole - packets_from : 0);
		snprintf(text, sizeof(text), "offset %zu: the file ends in the middle of ", begun);
		if (at_end)
			assert_int_equal(got.rc, -ENODATA);
		else
			assert_damage(&got, len ? text : "offset 0: empty file");
		reading_free(&got);
	}
}

static void pcapng_cut_anywhere_gives_only_its_whole_packets(void **state)
{
	struct bytes file = { 0 };

	sample_pcapng(&file);
	check_truncated(&file, pcapng_ends, 2);
	bytes_free(&file);
}

static void pcap_cut_anywhere_gives_only_its_whole_packets(void **state)
{
	struct bytes file = { 0 };

	sample_pcap(&file);
	check_truncated(&file, pcap_ends, 1);
	bytes_free(&file);
}

static void check_any_byte_changed(void (*sample)(struct bytes *))
{
	const uint32_t step = 255 / fewer(51);
	struct bytes file = { 0 };
	struct reading got;
	uint32_t value, i;
	size_t at;

	sample(&file);
	for (at = 0; at < file.len; at++) {
		uint8_t right = file.data[at];

		for (value = 0; value < 256; value += step) {
			file.data[at] = (uint8_t)value;
			read_bytes(&file, 64, &got);
			assert_true(got.rc == -EBADMSG || got.rc == -ENODATA);
			for (i = 0; i < got.count; i++)
				assert_true(got.packets[i].caplen <= got.packets[i].len);
			reading_free(&got);
		}
		file.data[at] = right;
	}
	bytes_free(&file);
}

static void any_byte_may_be_wrong(void **state)
{
	check_any_byte_changed(sample_pcap);
	check_any_byte_changed(sample_pcapng);
}

static void file_of_another_kind_is_named_by_its_first_bytes(void **state)
{
	struct bytes file = { 0 };
	struct reading got;

	put(&file, "PK\x03\x04", 4);
	read_bytes(&file, 64, &got);
	assert_damage(&got, "offset 0: starts with 50 4b 03 04: neither pcap nor pcapng");
	bytes_free(&file);
}

static void missing_file_is_enoent_with_its_path(void **state)
{
	struct reading got;

	read_path("/nonexistent/trace.pcap", 64, &got);
	assert_int_equal(got.rc, -ENOENT);
	assert_string_equal(got.err.text, "file:/nonexistent/trace.pcap: can't open: "
					  "No such file or directory");
}

static void directory_is_eisdir(void **state)
{
	struct reading got;

	read_path("/", 64, &got);
	assert_int_equal(got.rc, -EISDIR);
	assert_string_equal(got.err.text, "file:/: can't read: Is a directory");
}

/* In a process of its own, since root has to become somebody else for it. */
static int open_unreadable(const char *path)
{
	struct reading got;

	if (!geteuid() && setresuid(65534, 65534, 65534))
		return 1;
	read_path(path, 64, &got);
	return got.rc == -EACCES && strstr(got.err.text, "can't open: Permission denied") ? 0 : 2;
}

static void unreadable_file_is_eacces(void **state)
{
	char path[] = "/tmp/nsring-test-XXXXXX";
	int fd = mkstemp(path);
	int status;
	pid_t pid;

	assert_int_equal(fchmod(fd, 0), 0);
	close(fd);
	pid = fork();
	if (!pid)
		_exit(open_unreadable(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	assert_int_equal(status, 0);
}

static void long_path_leaves_room_for_the_reason(void **state)
{
	struct reading got;
	char path[3000];

	memset(path, '/', sizeof(path) - 1);
	memcpy(path + sizeof(path) - 14, "missing.pcap", 13);
	path[sizeof(path) - 1] = '\0';
	read_path(path, 64, &got);
	assert_int_equal(got.rc, -ENOENT);
	assert_non_null(strstr(got.err.text, "/missing.pcap: can't open: No such file"));
}

static void options_that_a_file_cannot_do_are_refused(void **state)
{
	struct nsr_options out = { .direction = NSR_OUT };
	struct nsr_options fanout = { .fanout = NSR_FANOUT_FLOW };
	struct nsr_error err;
	void *priv;

	assert_int_equal(open_path_with("x", &out, &priv, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "a direction"));
	assert_int_equal(open_path_with("x", &fanout, &priv, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "fanout"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_in_each_field_of_pcapng_is_told_with_its_offset),
		cmocka_unit_test(damaged_option_of_a_packet_is_ignored_and_counted),
		cmocka_unit_test(damage_in_each_field_of_pcap_is_told_with_its_offset),
		cmocka_unit_test(unknown_version_of_pcapng_is_refused),
		cmocka_unit_test(block_too_short_for_its_type_is_damage),
		cmocka_unit_test(packet_before_any_interface_of_its_section_is_damage),
		cmocka_unit_test(interface_too_many_is_damage),
		cmocka_unit_test(packets_before_the_damage_come_first_and_the_error_stays),
		cmocka_unit_test(pcapng_cut_anywhere_gives_only_its_whole_packets),
		cmocka_unit_test(pcap_cut_anywhere_gives_only_its_whole_packets),
		cmocka_unit_test(any_byte_may_be_wrong),
		cmocka_unit_test(file_of_another_kind_is_named_by_its_first_bytes),
		cmocka_unit_test(missing_file_is_enoent_with_its_path),
		cmocka_unit_test(directory_is_eisdir),
		cmocka_unit_test(unreadable_file_is_eacces),
		cmocka_unit_test(long_path_leaves_room_for_the_reason),
		cmocka_unit_test(options_that_a_file_cannot_do_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
