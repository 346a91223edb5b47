/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The `file` engine: what a pcapng file holds beside its packets, and what the writer makes of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engines/file/file.h"
#include "lib/file/savefile_format.h"
#include "file_bytes.h"

#include <nsring/writer.h>

#define NS_PER_S 1000000000ull

static void option16(struct bytes *file, uint16_t code, const char *text)
{
	option(file, code, text, (uint16_t)strlen(text));
}

static void option32(struct bytes *file, uint16_t code, uint32_t value)
{
	struct bytes bytes = { .big = file->big };

	put32(&bytes, value);
	option(file, code, bytes.data, 4);
	bytes_free(&bytes);
}

/* @words: two of 32 bits, the upper one first, or one of 64. */
static void option64(struct bytes *file, uint16_t code, uint64_t value, bool words)
{
	struct bytes bytes = { .big = file->big };

	if (words) {
		put32(&bytes, (uint32_t)(value >> 32));
		put32(&bytes, (uint32_t)value);
	} else {
		put64(&bytes, value);
	}
	option(file, code, bytes.data, 8);
	bytes_free(&bytes);
}

/* An enterprise's number, then what is its own matter. */
static void custom_option(struct bytes *file, uint16_t code)
{
	struct bytes bytes = { .big = file->big };

	put32(&bytes, 32473);
	put(&bytes, "own", 3);
	option(file, code, bytes.data, 7);
	bytes_free(&bytes);
}

static void end_options(struct bytes *file)
{
	option(file, PCAPNG_OPT_ENDOFOPT, NULL, 0);
}

static void section_of(struct bytes *file, const char *os)
{
	size_t begun = block_begin(file, PCAPNG_SHB);

	put32(file, PCAPNG_BYTE_ORDER_MAGIC);
	put16(file, PCAPNG_VERSION_MAJOR);
	put16(file, PCAPNG_VERSION_MINOR);
	put64(file, PCAPNG_SECTION_UNKNOWN);
	option16(file, PCAPNG_OPT_COMMENT, "a comment");
	option16(file, PCAPNG_SHB_OS, os);
	end_options(file);
	block_end(file, begun);
}

static void full_interface(struct bytes *file)
{
	size_t begun = block_begin(file, PCAPNG_IDB);

	put16(file, ETHERNET);
	put16(file, 0);
	put32(file, 65535);
	option16(file, PCAPNG_IF_NAME, "eth9");
	option16(file, PCAPNG_IF_DESCRIPTION, "uplink");
	option(file, PCAPNG_IF_FILTER, "\0port 53", 8);
	option64(file, PCAPNG_IF_SPEED, 1000000000, false);
	option(file, PCAPNG_IF_TSRESOL, "\x03", 1);
	option64(file, PCAPNG_IF_TSOFFSET, 100, false);
	custom_option(file, PCAPNG_OPT_CUSTOM_TEXT);
	custom_option(file, PCAPNG_OPT_CUSTOM_TEXT_NO_COPY);
	end_options(file);
	block_end(file, begun);
}

static void names(struct bytes *file)
{
	size_t begun = block_begin(file, PCAPNG_NRB);

	option(file, 1, "\xc0\x00\x02\x01host.example\0", 17);
	option(file, 0, NULL, 0);
	option16(file, PCAPNG_NS_DNSNAME, "resolver");
	end_options(file);
	block_end(file, begun);
}

static void secrets(struct bytes *file)
{
	size_t begun = block_begin(file, PCAPNG_DSB);

	put32(file, 0x544c534b);
	put32(file, 9);
	put(file, "CLIENT_XY\0\0", 12);
	option16(file, PCAPNG_OPT_COMMENT, "of nobody");
	end_options(file);
	block_end(file, begun);
}

static void custom(struct bytes *file, uint32_t type)
{
	size_t begun = block_begin(file, type);

	put32(file, 32473);
	put(file, "whatever", 8);
	block_end(file, begun);
}

static void commented_packet(struct bytes *file)
{
	size_t begun = packet_begin(file, 0, 5000, "12345", 5);

	option16(file, PCAPNG_OPT_COMMENT, "look here");
	option32(file, PCAPNG_EPB_FLAGS, PCAPNG_EPB_FLAGS_OUTBOUND);
	option64(file, PCAPNG_EPB_DROPCOUNT, 7, false);
	option32(file, PCAPNG_EPB_QUEUE, 3);
	end_options(file);
	block_end(file, begun);
}

static void statistics(struct bytes *file, uint64_t received)
{
	size_t begun = block_begin(file, PCAPNG_ISB);

	put32(file, 0);
	put32(file, 0);
	put32(file, 9000);
	option64(file, PCAPNG_ISB_STARTTIME, 2000, true);
	option64(file, PCAPNG_ISB_IFRECV, received, false);
	end_options(file);
	block_end(file, begun);
}

static void sample(struct bytes *file)
{
	section_of(file, "OtherOS 1");
	names(file);
	full_interface(file);
	secrets(file);
	commented_packet(file);
	custom(file, PCAPNG_CB);
	statistics(file, 41);
	statistics(file, 42);
}

/** struct held - what a file held, in one string of bytes; @blocks: ids */
struct held {
	struct bytes all;
	uint32_t blocks;
	struct nsr_interface iface;
	struct nsr_info info;
};

/* The first packet of an open file, its options, and all that stands beside it. */
static void hold(void *priv, struct held *held)
{
	struct nsr_packet packet = { 0 };
	struct nsr_error err;
	struct nsr_saved saved;

	*held = (struct held){ .iface = NSR_INTERFACE_INIT };
	assert_int_equal(nsr_engine_file.recv(priv, &packet, 1, &err), 1);
	put(&held->all, packet.data, packet.caplen);
	put(&held->all, packet.data + packet.options_at, packet.options_bytes);
	put(&held->all, &packet.stamp_ns, sizeof(packet.stamp_ns));
	put(&held->all, &packet.flags, sizeof(packet.flags));
	assert_int_equal(nsr_engine_file.recv(priv, &packet, 1, &err), -ENODATA);
	while (nsr_engine_file.saved(priv, held->blocks + 1, &saved) == 0) {
		held->blocks++;
		assert_int_equal(saved.bytes % 4, 0);
		put(&held->all, &saved.type, sizeof(saved.type));
		put(&held->all, saved.data, saved.bytes);
	}
	assert_int_equal(nsr_engine_file.interface(priv, 0, &held->iface), 0);
	nsr_engine_file.info(priv, &held->info);
	nsr_engine_file.close(priv);
}

static void hold_bytes(const struct bytes *file, struct held *held)
{
	struct nsr_error err;
	void *priv;

	assert_int_equal(open_bytes(file, &priv, &err), 0);
	hold(priv, held);
}

static void
what_a_file_holds_is_in_this_host_s_order_in_ns_and_without_what_must_not_be_copied(void **state)
{
	struct bytes options = { 0 }, file = { 0 };
	struct nsr_saved saved;
	struct nsr_packet packet;
	struct nsr_error err;
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	void *priv;

	sample(&file);
	assert_int_equal(open_bytes(&file, &priv, &err), 0);
	assert_int_equal(nsr_engine_file.recv(priv, &packet, 1, &err), 1);
	assert_int_equal(nsr_engine_file.recv(priv, &packet, 1, &err), -ENODATA);
	assert_int_equal(nsr_engine_file.interface(priv, 0, &iface), 0);

	option16(&options, PCAPNG_IF_NAME, "eth9");
	option16(&options, PCAPNG_IF_DESCRIPTION, "uplink");
	option(&options, PCAPNG_IF_FILTER, "\0port 53", 8);
	option64(&options, PCAPNG_IF_SPEED, 1000000000, false);
	custom_option(&options, PCAPNG_OPT_CUSTOM_TEXT);
	assert_int_equal(nsr_engine_file.saved(priv, iface.options, &saved), 0);
	assert_int_equal(saved.bytes, options.len);
	assert_memory_equal(saved.data, options.data, options.len);

	/* The last of the statistics alone. */
	options.len = 0;
	put32(&options, (uint32_t)(109 * NS_PER_S >> 32));
	put32(&options, (uint32_t)(109 * NS_PER_S));
	option64(&options, PCAPNG_ISB_STARTTIME, 102 * NS_PER_S, true);
	option64(&options, PCAPNG_ISB_IFRECV, 42, false);
	assert_int_equal(nsr_engine_file.saved(priv, iface.counts, &saved), 0);
	assert_int_equal(saved.bytes, options.len);
	assert_memory_equal(saved.data, options.data, options.len);
	nsr_engine_file.close(priv);
	bytes_free(&options);
	bytes_free(&file);
}

static void files_of_either_byte_order_hold_the_same(void **state)
{
	struct bytes little = { 0 }, big = { .big = true };
	struct held one, other;

	sample(&little);
	sample(&big);
	hold_bytes(&little, &one);
	hold_bytes(&big, &other);
	assert_int_equal(one.blocks, 6);
	assert_int_equal(one.info.left_out, 0);
	assert_int_equal(other.all.len, one.all.len);
	assert_memory_equal(other.all.data, one.all.data, one.all.len);
	bytes_free(&one.all);
	bytes_free(&other.all);
	bytes_free(&little);
	bytes_free(&big);
}

/* Write what @priv has with the writer, as a program would; the file is closed. */
static void write_again(void *priv, const char *path, const char *filter)
{
	struct nsr_writer_interface iface = NSR_WRITER_INTERFACE_INIT;
	struct nsr_writer_options opts = NSR_WRITER_OPTIONS_INIT;
	struct nsr_writer_counts counts = NSR_WRITER_COUNTS_INIT;
	struct nsr_saved section = NSR_SAVED_INIT, saved = NSR_SAVED_INIT;
	struct nsr_interface known = NSR_INTERFACE_INIT;
	struct nsr_packet packet;
	struct nsr_writer *writer;
	uint64_t bytes;
	uint32_t id;

	assert_int_equal(nsr_engine_file.recv(priv, &packet, 1, NULL), 1);
	assert_int_equal(nsr_engine_file.saved(priv, 1, &section), 0);
	opts.section = &section;
	assert_int_equal(nsr_writer_open(path, &opts, &writer, NULL), 0);
	for (id = 2; nsr_engine_file.saved(priv, id, &saved) == 0; id++) {
		bytes = nsr_writer_bytes(writer) + nsr_writer_saved_bytes(writer, &saved);
		assert_int_equal(nsr_writer_put_saved(writer, &saved), 0);
		assert_int_equal(nsr_writer_bytes(writer), bytes);
	}
	assert_int_equal(nsr_engine_file.interface(priv, 0, &known), 0);
	assert_int_equal(nsr_engine_file.saved(priv, known.options, &saved), 0);
	iface = (struct nsr_writer_interface){ .size = sizeof(iface),
					       .name = "another",
					       .description = "another",
					       .filter = filter,
					       .linktype = ETHERNET,
					       .options = &saved };
	bytes = nsr_writer_bytes(writer) + nsr_writer_interface_bytes(writer, &iface);
	assert_int_equal(nsr_writer_put_interface(writer, &iface), 0);
	assert_int_equal(nsr_writer_bytes(writer), bytes);
	bytes += nsr_writer_packet_bytes(writer, &packet);
	assert_int_equal(nsr_writer_put_packet(writer, 0, &packet), 0);
	assert_int_equal(nsr_writer_bytes(writer), bytes);
	while (nsr_engine_file.recv(priv, &packet, 1, NULL) > 0)
		;
	/* Blocks that came behind the packet. */
	for (; nsr_engine_file.saved(priv, id, &saved) == 0; id++)
		assert_int_equal(nsr_writer_put_saved(writer, &saved), 0);
	assert_int_equal(nsr_engine_file.interface(priv, 0, &known), 0);
	assert_int_equal(nsr_engine_file.saved(priv, known.counts, &saved), 0);
	counts.saved = &saved;
	bytes = nsr_writer_bytes(writer) + nsr_writer_counts_bytes(writer, &counts);
	assert_int_equal(nsr_writer_put_counts(writer, 0, &counts), 0);
	assert_int_equal(nsr_writer_bytes(writer), bytes);
	assert_int_equal(nsr_writer_close(writer), 0);
	nsr_engine_file.close(priv);
}

static bool is_in(const char *what, const struct bytes *all)
{
	return memmem(all->data, all->len, what, strlen(what));
}

static void what_a_file_holds_is_the_same_once_it_is_written(void **state)
{
	char path[] = "/tmp/nsring-test-XXXXXX";
	int fd = mkstemp(path);
	struct bytes file = { .big = true };
	struct held before, after;
	struct nsr_error err;
	void *priv;

	close(fd);
	sample(&file);
	hold_bytes(&file, &before);
	assert_int_equal(open_bytes(&file, &priv, &err), 0);
	write_again(priv, path, "");
	assert_int_equal(open_path(path, &priv, &err), 0);
	hold(priv, &after);
	assert_int_equal(after.blocks, before.blocks);
	/* The writer tells the application where the file didn't. */
	assert_true(is_in("nsring " NSR_VERSION, &after.all));
	assert_true(is_in("OtherOS 1", &after.all));
	assert_true(is_in("a comment", &after.all));
	assert_true(is_in("host.example", &after.all));
	assert_true(is_in("CLIENT_XY", &after.all));
	assert_true(is_in("whatever", &after.all));
	assert_true(is_in("look here", &after.all));
	assert_true(is_in("uplink", &after.all));
	assert_false(is_in("another", &after.all));
	bytes_free(&before.all);
	bytes_free(&after.all);

	/* A filter is added to the one by which the file was captured. */
	assert_int_equal(open_bytes(&file, &priv, &err), 0);
	write_again(priv, path, "udp");
	assert_int_equal(open_path(path, &priv, &err), 0);
	hold(priv, &after);
	assert_true(is_in("(port 53) and (udp)", &after.all));
	bytes_free(&after.all);
	bytes_free(&file);
	unlink(path);
}

static void options_that_are_none_are_refused_by_the_writer(void **state)
{
	static const uint8_t too_long[] = { 1, 0, 8, 0, 0, 0, 0, 0 };
	static const uint8_t an_end[] = { 0, 0, 0, 0 };
	struct nsr_saved saved = { .size = sizeof(saved), .type = NSR_SAVED_SECTION };
	struct nsr_packet packet = { .data = too_long, .caplen = 1, .len = 1, .options_bytes = 3 };
	struct nsr_writer_interface iface = NSR_WRITER_INTERFACE_INIT;
	struct nsr_writer *writer;

	assert_int_equal(nsr_writer_open("/dev/null", NULL, &writer, NULL), 0);
	iface.linktype = ETHERNET;
	assert_int_equal(nsr_writer_put_interface(writer, &iface), 0);
	assert_int_equal(nsr_writer_put_packet(writer, 0, &packet), -EINVAL);
	assert_int_equal(nsr_writer_put_saved(writer, NULL), -EINVAL);
	saved.data = too_long;
	saved.bytes = sizeof(too_long);
	assert_int_equal(nsr_writer_put_saved(writer, &saved), -EINVAL);
	saved.bytes = 6;
	assert_int_equal(nsr_writer_put_saved(writer, &saved), -EINVAL);
	saved.data = an_end;
	saved.bytes = sizeof(an_end);
	assert_int_equal(nsr_writer_put_saved(writer, &saved), -EINVAL);
	/* An interface's options are not a section's. */
	saved.bytes = 0;
	iface.options = &saved;
	assert_int_equal(nsr_writer_put_interface(writer, &iface), -EINVAL);
	assert_int_equal(nsr_writer_close(writer), 0);
}

static void section_that_another_host_captured_has_interfaces_of_its_own(void **state)
{
	static const uint32_t expected[] = { 0, 1, 0 };
	struct bytes file = { 0 };
	struct reading got;
	uint32_t i;

	for (i = 0; i < 3; i++) {
		section_of(&file, i % 2 ? "OneOS" : "OtherOS");
		interface(&file, ETHERNET);
		packet(&file, 0, 1, "a", 1);
	}
	read_bytes(&file, 64, &got);
	assert_int_equal(got.count, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(got.packets[i].iface, expected[i]);
	reading_free(&got);
	bytes_free(&file);
}

static void statistics_of_sections_that_are_alike_are_none(void **state)
{
	struct bytes file = { 0 };
	struct held held;

	section(&file);
	interface(&file, ETHERNET);
	packet(&file, 0, 1, "a", 1);
	statistics(&file, 1);
	section(&file);
	interface(&file, ETHERNET);
	hold_bytes(&file, &held);
	assert_int_not_equal(held.iface.counts, 0);
	bytes_free(&held.all);
	statistics(&file, 1);
	hold_bytes(&file, &held);
	assert_int_equal(held.iface.counts, 0);
	bytes_free(&held.all);
	bytes_free(&file);
}

static void put_damaged(struct bytes *file, uint32_t type, const void *body, size_t bytes)
{
	size_t begun = block_begin(file, type);

	put(file, body, bytes);
	block_end(file, begun);
}

static void blocks_that_can_not_be_copied_are_counted(void **state)
{
	struct bytes file = { 0 };
	struct held held;

	section(&file);
	interface(&file, ETHERNET);
	custom(&file, PCAPNG_CB_NO_COPY);
	custom(&file, 0x0badbeef);
	put_damaged(&file, PCAPNG_NRB, "\1\0\x20\0too short", 12);
	put_damaged(&file, PCAPNG_DSB, "typetoo long", 12);
	put_damaged(&file, PCAPNG_DSB, "type", 4);
	put_damaged(&file, PCAPNG_CB, "", 0);
	put_damaged(&file, PCAPNG_ISB, "\1\0\0\0\0\0\0\0\0\0\0\0", 12);
	put_damaged(&file, PCAPNG_ISB, "\0\0\0\0", 4);
	packet(&file, 0, 1, "a", 1);
	hold_bytes(&file, &held);
	assert_int_equal(held.info.left_out, 8);
	/* The section. */
	assert_int_equal(held.blocks, 1);
	bytes_free(&held.all);
	bytes_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_a_file_holds_is_in_this_host_s_order_in_ns_and_without_what_must_not_be_copied),
		cmocka_unit_test(files_of_either_byte_order_hold_the_same),
		cmocka_unit_test(what_a_file_holds_is_the_same_once_it_is_written),
		cmocka_unit_test(options_that_are_none_are_refused_by_the_writer),
		cmocka_unit_test(section_that_another_host_captured_has_interfaces_of_its_own),
		cmocka_unit_test(statistics_of_sections_that_are_alike_are_none),
		cmocka_unit_test(blocks_that_can_not_be_copied_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
