/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Capture files as other readers see them: libpcap, capinfos and tshark say what the writer wrote.
 * Failures of writing are in test_writer_failure.c.
 */
#include "writer_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file/savefile_format.h"
#include "text/units.h"

static void write_some(struct fixture *f, uint32_t format)
{
	struct nsr_writer *writer = begin(f->path, format);

	put_packets(writer, add_interface(writer, "eth0", 1), 0, 50);
	assert_int_equal(nsr_writer_close(writer), 0);
}

static void libpcap_reads_back_pcapng(void **state)
{
	struct fixture *f = *state;

	write_some(f, NSR_WRITER_PCAPNG);
	assert_int_equal(read_with_libpcap(f->path), 50);
}

static void libpcap_reads_back_pcap(void **state)
{
	struct fixture *f = *state;

	write_some(f, NSR_WRITER_PCAP);
	assert_int_equal(read_with_libpcap(f->path), 50);
}

static void file_engine_reads_back_flags_and_interfaces(void **state)
{
	struct fixture *f = *state;
	struct nsr_packet sent = { .data = (const uint8_t *)"abcd", .caplen = 4, .len = 4 };
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);
	struct nsr_capture *cap;
	struct nsr_batch batch;
	char target[PATH_BYTES + 8];

	add_interface(writer, "eth0", 1);
	add_interface(writer, "tun0", 101);
	sent.flags = NSR_PKT_OUT | NSR_PKT_BROADCAST;
	assert_int_equal(nsr_writer_put_packet(writer, 0, &sent), 0);
	sent.flags = NSR_PKT_OTHERHOST;
	assert_int_equal(nsr_writer_put_packet(writer, 1, &sent), 0);
	assert_int_equal(nsr_writer_close(writer), 0);

	snprintf(target, sizeof(target), "file:%s", f->path);
	assert_int_equal(nsr_open(target, NULL, &cap, NULL), 0);
	assert_int_equal(nsr_recv(cap, &batch, 0), 2);
	assert_int_equal(batch.packets[0].flags, NSR_PKT_OUT | NSR_PKT_BROADCAST);
	assert_int_equal(batch.packets[1].flags, NSR_PKT_OTHERHOST);
	assert_int_equal(nsr_interface_get(cap, batch.packets[1].iface, &iface), 0);
	assert_string_equal(iface.name, "tun0");
	assert_int_equal(iface.linktype, 101);
	nsr_close(cap);
}

/* @before is how long the file was, @told how many bytes were to be added. */
static void assert_grew(const struct nsr_writer *writer, uint64_t before, uint64_t told)
{
	assert_int_equal(nsr_writer_bytes(writer) - before, told);
}

static void write_and_compare(struct nsr_writer *writer, size_t text_bytes, uint32_t flags)
{
	static const uint8_t data[64];
	char text[64] = "";
	const struct nsr_writer_interface iface = { .size = sizeof(iface),
						    .name = text,
						    .filter = text,
						    .description = text_bytes % 2 ? text : "",
						    .linktype = 1 };
	const struct nsr_packet packet = {
		.data = data, .caplen = (uint32_t)text_bytes, .len = 64, .flags = flags
	};
	struct nsr_writer_counts counts = { .size = sizeof(counts), .comment = text };
	uint64_t before = nsr_writer_bytes(writer), told;
	int id;

	memset(text, 'x', text_bytes);
	told = nsr_writer_interface_bytes(writer, &iface);
	id = nsr_writer_put_interface(writer, &iface);
	assert_true(id >= 0);
	assert_grew(writer, before, told);
	before = nsr_writer_bytes(writer);
	told = nsr_writer_packet_bytes(writer, &packet);
	assert_int_equal(nsr_writer_put_packet(writer, (uint32_t)id, &packet), 0);
	assert_grew(writer, before, told);
	before = nsr_writer_bytes(writer);
	counts.dropped = text_bytes % 3 ? 7 : NSR_WRITER_UNKNOWN;
	told = nsr_writer_counts_bytes(writer, &counts);
	assert_int_equal(nsr_writer_put_counts(writer, (uint32_t)id, &counts), 0);
	assert_grew(writer, before, told);
}

static void told_sizes_are_those_that_are_written(void **state)
{
	struct fixture *f = *state;
	uint32_t format;
	size_t bytes;

	for (format = NSR_WRITER_PCAPNG; format <= NSR_WRITER_PCAP; format++) {
		struct nsr_writer *writer = begin(f->path, format);

		for (bytes = 0; bytes < 10; bytes++) {
			write_and_compare(writer, bytes, NSR_PKT_UNDIRECTED);
			write_and_compare(writer, bytes, NSR_PKT_OUT);
		}
		assert_int_equal(nsr_writer_close(writer), 0);
	}
}

/* Writes one packet and reads it back. Returns its flags. */
static uint32_t flags_read_back(const char *path, uint32_t snaplen, uint32_t flags, uint32_t len)
{
	const struct nsr_writer_interface iface = { .size = sizeof(iface),
						    .linktype = 1,
						    .snaplen = snaplen };
	struct nsr_packet packet = { .data = (const uint8_t *)"abcdef", .caplen = 5, .len = len };
	struct nsr_writer *writer = begin(path, NSR_WRITER_PCAPNG);
	char target[PATH_BYTES + 8];
	struct nsr_capture *cap;
	struct nsr_batch batch;

	packet.flags = flags;
	assert_int_equal(nsr_writer_put_interface(writer, &iface), 0);
	assert_int_equal(nsr_writer_put_packet(writer, 0, &packet), 0);
	assert_int_equal(nsr_writer_close(writer), 0);
	snprintf(target, sizeof(target), "file:%s", path);
	assert_int_equal(nsr_open(target, NULL, &cap, NULL), 0);
	assert_int_equal(nsr_recv(cap, &batch, 0), 1);
	assert_int_equal(batch.packets[0].caplen, 5);
	assert_int_equal(batch.packets[0].len, len);
	assert_memory_equal(batch.packets[0].data, "abcde", 5);
	flags = batch.packets[0].flags;
	nsr_close(cap);
	return flags;
}

static void packet_without_a_time_has_none_where_the_format_can_tell_that(void **state)
{
	const uint32_t none = NSR_PKT_UNDIRECTED | NSR_PKT_NO_STAMP;
	struct fixture *f = *state;

	assert_int_equal(flags_read_back(f->path, 0, none, 5), none);
	assert_int_equal(flags_read_back(f->path, 5, none, 9), none);
	assert_int_equal(flags_read_back(f->path, 0, none, 9), NSR_PKT_UNDIRECTED);
	assert_int_equal(flags_read_back(f->path, 0, NSR_PKT_OUT | NSR_PKT_NO_STAMP, 5),
			 NSR_PKT_OUT);
}

static void time_after_2106_does_not_fit_into_pcap(void **state)
{
	struct nsr_packet packet = { .data = (const uint8_t *)"abcd", .caplen = 4, .len = 4 };
	struct fixture *f = *state;
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAP);

	add_interface(writer, "eth0", 1);
	packet.stamp_ns = UINT32_MAX * 1000000000ull + 999999999;
	assert_int_equal(nsr_writer_put_packet(writer, 0, &packet), 0);
	packet.stamp_ns++;
	assert_int_equal(nsr_writer_put_packet(writer, 0, &packet), -EOVERFLOW);
	assert_int_equal(nsr_writer_lost(writer), 1);
	assert_int_equal(nsr_writer_close(writer), 0);
}

static void tshark_sees_interface_name_description_filter_and_direction(void **state)
{
	struct fixture *f = *state;
	const struct nsr_packet out = {
		.data = (const uint8_t *)"0123456789abcdef",
		.stamp_ns = 1700000000123456789ull,
		.caplen = 16,
		.len = 99,
		.flags = NSR_PKT_OUT,
	};
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);
	char seen[512];

	assert_int_equal(nsr_writer_put_packet(writer, add_interface(writer, "eth7", 1), &out), 0);
	assert_int_equal(nsr_writer_close(writer), 0);
	output_of(seen, sizeof(seen),
		  "tshark -r %s -T fields -E separator=, -e frame.interface_name "
		  "-e frame.interface_description -e frame.packet_flags_direction -e frame.len "
		  "-e frame.cap_len -e frame.time_epoch",
		  f->path);
	assert_string_equal(seen, "eth7,netns:test,0x00000002,99,16,1700000000.123456789\n");
	output_of(seen, sizeof(seen), "capinfos %s | grep -c 'Filter string = port 53'", f->path);
	assert_string_equal(seen, "1\n");
	output_of(seen, sizeof(seen), "capinfos %s | grep -c 'nsring 0\\|Linux'", f->path);
	assert_string_equal(seen, "2\n");
}

static void capinfos_sees_a_statistics_entry_an_interface(void **state)
{
	struct fixture *f = *state;
	const struct nsr_writer_counts counts = { .size = sizeof(counts),
						  .delivered = 8,
						  .dropped = 2 };
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);
	char seen[512];

	add_interface(writer, "eth0", 1);
	add_interface(writer, "eth1", 1);
	assert_int_equal(nsr_writer_put_counts(writer, 0, &counts), 0);
	assert_int_equal(nsr_writer_put_counts(writer, 1, &counts), 0);
	assert_int_equal(nsr_writer_close(writer), 0);
	output_of(seen, sizeof(seen), "capinfos %s | grep -c 'Number of stat entries = 1'",
		  f->path);
	assert_string_equal(seen, "2\n");
}

/* The value of an 8-byte option of the last block, 0 without one. */
static uint64_t last_block_option(const char *path, uint16_t code)
{
	uint8_t file[4096];
	int fd = open(path, O_RDONLY);
	ssize_t bytes = read(fd, file, sizeof(file));
	struct pcapng_option opt;
	uint32_t block, at;
	uint64_t value;

	close(fd);
	assert_true(bytes > 4 && bytes < (ssize_t)sizeof(file));
	memcpy(&block, file + bytes - 4, 4);
	for (at = (uint32_t)bytes - block + 20; at + 12 <= (uint32_t)bytes - 4;) {
		memcpy(&opt, file + at, sizeof(opt));
		memcpy(&value, file + at + 4, sizeof(value));
		if (opt.code == code)
			return value;
		at += 4 + ((opt.length + 3u) & ~3u);
	}
	return 0;
}

static void statistics_hold_received_dropped_and_delivered(void **state)
{
	struct fixture *f = *state;
	const struct nsr_writer_counts counts = {
		.size = sizeof(counts), .delivered = 8, .dropped = 2, .comment = "two"
	};
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);

	add_interface(writer, "eth0", 1);
	assert_int_equal(nsr_writer_put_counts(writer, 0, &counts), 0);
	assert_int_equal(nsr_writer_close(writer), 0);
	assert_int_equal(last_block_option(f->path, PCAPNG_ISB_IFRECV), 10);
	assert_int_equal(last_block_option(f->path, PCAPNG_ISB_IFDROP), 2);
	assert_int_equal(last_block_option(f->path, PCAPNG_ISB_USRDELIV), 8);
}

static void statistics_leave_unknown_losses_out(void **state)
{
	struct fixture *f = *state;
	const struct nsr_writer_counts counts = { .size = sizeof(counts),
						  .delivered = 8,
						  .dropped = NSR_WRITER_UNKNOWN };
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);

	add_interface(writer, "any", 1);
	assert_int_equal(nsr_writer_put_counts(writer, 0, &counts), 0);
	assert_int_equal(nsr_writer_close(writer), 0);
	assert_int_equal(last_block_option(f->path, PCAPNG_ISB_IFRECV), 0);
	assert_int_equal(last_block_option(f->path, PCAPNG_ISB_IFDROP), 0);
	assert_int_equal(last_block_option(f->path, PCAPNG_ISB_USRDELIV), 8);
}

static void undirected_packet_tells_no_direction(void **state)
{
	struct fixture *f = *state;
	const struct nsr_packet packet = {
		.data = (const uint8_t *)"abcd", .caplen = 4, .len = 4, .flags = NSR_PKT_UNDIRECTED
	};
	const struct nsr_writer_interface iface = { .size = sizeof(iface), .linktype = 1 };
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);
	char seen[64];

	assert_int_equal(nsr_writer_put_interface(writer, &iface), 0);
	assert_int_equal(nsr_writer_put_packet(writer, 0, &packet), 0);
	assert_int_equal(nsr_writer_close(writer), 0);
	output_of(seen, sizeof(seen), "tshark -r %s -T fields -e frame.packet_flags", f->path);
	assert_string_equal(seen, "\n");
}

static void texts_of_every_length_leave_the_file_whole(void **state)
{
	struct fixture *f = *state;
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);
	struct nsr_writer_interface iface = { .size = sizeof(iface), .linktype = 1 };
	static const char text[] = "abcdefghi";
	char seen[16];
	uint32_t i;

	/* The ends of the text, each with the remainder by 4 that no other has beside it. */
	for (i = 0; i < 9; i++) {
		iface.filter = text + i;
		iface.name = text + (i + 1) % 9;
		iface.description = text + (i + 2) % 9;
		assert_int_equal(nsr_writer_put_interface(writer, &iface), i);
		put_packets(writer, i, i, i + 1);
	}
	assert_int_equal(nsr_writer_close(writer), 0);
	assert_int_equal(read_with_libpcap(f->path), 9);
	output_of(seen, sizeof(seen), "capinfos %s | grep -c 'Filter string = [a-i]*i$'", f->path);
	assert_string_equal(seen, "9\n");
}

static void text_longer_than_an_option_is_left_out(void **state)
{
	struct fixture *f = *state;
	static char filter[70000];
	const struct nsr_writer_interface iface = { .size = sizeof(iface),
						    .filter = filter,
						    .linktype = 1 };
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);

	memset(filter, ' ', sizeof(filter) - 1);
	assert_int_equal(nsr_writer_put_interface(writer, &iface), 0);
	put_packets(writer, 0, 0, 1);
	assert_true(nsr_writer_bytes(writer) < 1000);
	assert_int_equal(nsr_writer_close(writer), 0);
	assert_int_equal(read_with_libpcap(f->path), 1);
}

static void packet_larger_than_the_buffer_is_whole(void **state)
{
	struct fixture *f = *state;
	const uint32_t bytes = 3u << 20;
	uint8_t *data = malloc(bytes);
	const struct nsr_packet packet = { .data = data, .caplen = bytes, .len = bytes };
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAP);
	struct stat st;

	memset(data, 7, bytes);
	assert_int_equal(nsr_writer_put_packet(writer, add_interface(writer, "eth0", 1), &packet),
			 0);
	put_packets(writer, 0, 0, 1);
	assert_int_equal(nsr_writer_close(writer), 0);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, 24 + 16 + bytes + 16 + packet_bytes(0));
	free(data);
}

static void packet_beyond_the_limit_is_refused_and_counted(void **state)
{
	struct fixture *f = *state;
	const struct nsr_packet packet = { .caplen = UINT32_MAX, .len = UINT32_MAX };
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);

	add_interface(writer, "eth0", 1);
	assert_int_equal(nsr_writer_put_packet(writer, 0, &packet), -EMSGSIZE);
	assert_int_equal(nsr_writer_lost(writer), 1);
	assert_int_equal(nsr_writer_close(writer), 0);
}

static void packet_of_unknown_interface_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct nsr_packet packet = { .data = (const uint8_t *)"abcd", .caplen = 4, .len = 4 };
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);

	assert_int_equal(nsr_writer_put_packet(writer, 0, &packet), -EINVAL);
	assert_int_equal(nsr_writer_close(writer), 0);
}

static void pcap_refuses_a_second_link_type(void **state)
{
	struct fixture *f = *state;
	const struct nsr_writer_interface raw = { .size = sizeof(raw), .linktype = 101 };
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAP);

	assert_int_equal(add_interface(writer, "eth0", 1), 0);
	assert_int_equal(add_interface(writer, "eth1", 1), 1);
	assert_int_equal(nsr_writer_put_interface(writer, &raw), -EINVAL);
	assert_int_equal(nsr_writer_close(writer), 0);
}

static void bytes_is_the_size_of_the_file(void **state)
{
	struct fixture *f = *state;
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);
	struct stat st;

	put_packets(writer, add_interface(writer, "eth0", 1), 0, 2000);
	assert_int_equal(nsr_writer_flush(writer), 0);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(nsr_writer_bytes(writer), st.st_size);
	assert_int_equal(nsr_writer_close(writer), 0);
}

static void flush_makes_packets_visible(void **state)
{
	struct fixture *f = *state;
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAPNG);

	put_packets(writer, add_interface(writer, "eth0", 1), 0, 3);
	assert_int_equal(nsr_writer_flush(writer), 0);
	assert_int_equal(read_with_libpcap(f->path), 3);
	assert_int_equal(nsr_writer_close(writer), 0);
}

static void *drain_slowly(void *arg)
{
	static char sink[1 << 20];
	int fd = *(int *)arg;

	poll(NULL, 0, 50);
	while (read(fd, sink, sizeof(sink)) > 0)
		;
	return NULL;
}

static void non_blocking_pipe_is_waited_for(void **state)
{
	char path[64];
	pthread_t reader;
	int fds[2];
	struct nsr_writer *writer;

	/* /proc opens the pipe anew, so the flag is set on standard output instead. */
	int saved = dup(STDOUT_FILENO);

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	fcntl(fds[0], F_SETFL, 0);
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
	snprintf(path, sizeof(path), "-");
	writer = begin(path, NSR_WRITER_PCAPNG);
	pthread_create(&reader, NULL, drain_slowly, &fds[0]);
	put_packets(writer, add_interface(writer, "eth0", 1), 0, 2000);
	assert_int_equal(nsr_writer_flush(writer), 0);
	assert_int_equal(nsr_writer_close(writer), 0);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	pthread_join(reader, NULL);
	close(fds[0]);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(libpcap_reads_back_pcapng),
		FACT(libpcap_reads_back_pcap),
		FACT(file_engine_reads_back_flags_and_interfaces),
		FACT(told_sizes_are_those_that_are_written),
		FACT(packet_without_a_time_has_none_where_the_format_can_tell_that),
		FACT(time_after_2106_does_not_fit_into_pcap),
		FACT(tshark_sees_interface_name_description_filter_and_direction),
		FACT(capinfos_sees_a_statistics_entry_an_interface),
		FACT(statistics_hold_received_dropped_and_delivered),
		FACT(statistics_leave_unknown_losses_out),
		FACT(undirected_packet_tells_no_direction),
		FACT(texts_of_every_length_leave_the_file_whole),
		FACT(text_longer_than_an_option_is_left_out),
		FACT(packet_larger_than_the_buffer_is_whole),
		FACT(packet_beyond_the_limit_is_refused_and_counted),
		FACT(packet_of_unknown_interface_is_refused),
		FACT(pcap_refuses_a_second_link_type),
		FACT(bytes_is_the_size_of_the_file),
		FACT(flush_makes_packets_visible),
		FACT(non_blocking_pipe_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
