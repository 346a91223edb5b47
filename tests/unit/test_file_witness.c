/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The `file` engine against others: what libpcap and Wireshark's tools write is read as libpcap
 * and tshark read it.
 */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engines/file/file.h"
#include "lib/file/savefile_format.h"
#include "file_bytes.h"

#define PACKETS 1500
#define SNAPLEN 400

/* A folder for each test. */
static char folder[64];

static int make_folder(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/nsring-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	static char paths[4][96];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

/* Skips the test when the tool is not installed, fails it when the tool fails. */
static void run(const char *tool, const char *arguments)
{
	char command[512];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", tool);
	if (system(command)) {
		print_message("%s is not installed\n", tool);
		skip();
	}
	snprintf(command, sizeof(command), "cd '%s' && HOME=$PWD %s %s 2>tool.log", folder, tool,
		 arguments);
	if (system(command))
		fail_msg("failed: %s", command);
}

/* Packets of all lengths from 1 (0 makes dumpcap stumble), cut at SNAPLEN, written by libpcap. */
static void write_with_libpcap(const char *name, int linktype, int precision)
{
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(linktype, SNAPLEN, (u_int)precision);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, in_folder(name));
	struct pcap_pkthdr hdr = { 0 };
	uint8_t data[SNAPLEN];
	uint32_t i;

	assert_non_null(dumper);
	for (i = 0; i < PACKETS; i++) {
		memset(data, (int)i, sizeof(data));
		hdr.ts.tv_sec = 1700000000 + i;
		hdr.ts.tv_usec = i * 666;
		hdr.len = i + 1;
		hdr.caplen = hdr.len < SNAPLEN ? hdr.len : SNAPLEN;
		pcap_dump((u_char *)dumper, &hdr, data);
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
}

/* Each packet is what libpcap makes of it. */
static void compare_with_libpcap(const char *path)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, errbuf);
	struct pcap_pkthdr *hdr;
	const u_char *data;
	struct reading got;
	uint32_t i;

	assert_non_null(pcap);
	read_path(path, 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.info.linktype, pcap_datalink(pcap));
	for (i = 0; i < got.count; i++) {
		assert_int_equal(pcap_next_ex(pcap, &hdr, &data), 1);
		assert_int_equal(got.packets[i].stamp_ns,
				 hdr->ts.tv_sec * 1000000000ull + (uint64_t)hdr->ts.tv_usec);
		assert_int_equal(got.packets[i].caplen, hdr->caplen);
		assert_int_equal(got.packets[i].len, hdr->len);
		assert_memory_equal(got.packets[i].data, data, hdr->caplen);
	}
	assert_int_equal(pcap_next_ex(pcap, &hdr, &data), PCAP_ERROR_BREAK);
	assert_in_range(got.count, 1, PACKETS);
	pcap_close(pcap);
	reading_free(&got);
}

static void reads_what_libpcap_writes_in_microseconds(void **state)
{
	write_with_libpcap("usec.pcap", DLT_EN10MB, PCAP_TSTAMP_PRECISION_MICRO);
	compare_with_libpcap(in_folder("usec.pcap"));
}

static void reads_what_libpcap_writes_in_nanoseconds(void **state)
{
	write_with_libpcap("nsec.pcap", DLT_EN10MB, PCAP_TSTAMP_PRECISION_NANO);
	compare_with_libpcap(in_folder("nsec.pcap"));
}

static void reads_what_editcap_writes_as_pcapng(void **state)
{
	write_with_libpcap("nsec.pcap", DLT_EN10MB, PCAP_TSTAMP_PRECISION_NANO);
	run("editcap", "-F pcapng nsec.pcap out.pcapng");
	compare_with_libpcap(in_folder("out.pcapng"));
}

static void reads_what_dumpcap_writes(void **state)
{
	write_with_libpcap("usec.pcap", DLT_EN10MB, PCAP_TSTAMP_PRECISION_MICRO);
	run("dumpcap", "-q -i - -w out.pcapng <usec.pcap");
	compare_with_libpcap(in_folder("out.pcapng"));
}

/* Files that are hard to come by from others: resolutions, offsets, sections, both byte orders. */
static void put_interface(struct bytes *file, uint8_t tsresol)
{
	size_t begun = block_begin(file, PCAPNG_IDB);

	put16(file, ETHERNET);
	put16(file, 0);
	put32(file, 65535);
	option(file, PCAPNG_IF_TSRESOL, &tsresol, 1);
	option(file, PCAPNG_OPT_ENDOFOPT, NULL, 0);
	block_end(file, begun);
}

static void reads_resolutions_as_libpcap_does(void **state)
{
	static const uint8_t resolutions[] = { 0, 1, 6, 8, 9, 0x80, 0x84, 0x8a, 0x9e, 0xa0 };
	size_t i;

	for (i = 0; i < 2 * sizeof(resolutions); i++) {
		struct bytes file = { .big = i % 2 };
		FILE *out = fopen(in_folder("made.pcapng"), "w");

		section(&file);
		put_interface(&file, resolutions[i / 2]);
		packet(&file, 0, 0x6553f100, "one", 3);
		packet(&file, 0, 0x16553f100, "two", 3);
		packet(&file, 0, 0x2716553f1ull, "four", 4);
		assert_int_equal(fwrite(file.data, 1, file.len, out), file.len);
		fclose(out);
		compare_with_libpcap(in_folder("made.pcapng"));
		bytes_free(&file);
	}
}

static void reads_modified_pcap_as_libpcap_does(void **state)
{
	int big;

	for (big = 0; big < 2; big++) {
		struct bytes file = { .big = big };
		FILE *out = fopen(in_folder("modified.pcap"), "w");

		pcap_header(&file, PCAP_MAGIC_MODIFIED, ETHERNET);
		modified_pcap_packet(&file, 1700000000, "one", 3);
		modified_pcap_packet(&file, 1700000001, "second", 6);
		assert_int_equal(fwrite(file.data, 1, file.len, out), file.len);
		fclose(out);
		compare_with_libpcap(in_folder("modified.pcap"));
		bytes_free(&file);
	}
}

/* Each packet is what tshark makes of it, which unlike libpcap reads several link types. */
static void compare_with_tshark(const char *name)
{
	char arguments[256], line[128], ours[128];
	struct reading got;
	uint32_t i;
	FILE *fields;

	snprintf(arguments, sizeof(arguments),
		 "-n -r %s -T fields -E separator=/s -e frame.time_epoch -e frame.cap_len "
		 "-e frame.len -e frame.interface_id >fields",
		 name);
	run("tshark", arguments);
	read_path(in_folder(name), 64, &got);
	assert_int_equal(got.rc, -ENODATA);
	fields = fopen(in_folder("fields"), "r");
	assert_non_null(fields);
	for (i = 0; i < got.count; i++) {
		const struct nsr_packet *packet = &got.packets[i];

		assert_non_null(fgets(line, sizeof(line), fields));
		snprintf(ours, sizeof(ours), "%" PRIu64 ".%09" PRIu64 " %u %u %u\n",
			 packet->stamp_ns / 1000000000, packet->stamp_ns % 1000000000,
			 packet->caplen, packet->len, packet->iface);
		assert_string_equal(ours, line);
	}
	assert_null(fgets(line, sizeof(line), fields));
	assert_int_equal(got.count, 2 * PACKETS);
	fclose(fields);
	reading_free(&got);
}

static void reads_what_mergecap_makes_of_two_link_types_and_resolutions(void **state)
{
	write_with_libpcap("ether.pcap", DLT_EN10MB, PCAP_TSTAMP_PRECISION_NANO);
	write_with_libpcap("raw.pcap", DLT_RAW, PCAP_TSTAMP_PRECISION_MICRO);
	run("mergecap", "-w merged.pcapng ether.pcap raw.pcap");
	compare_with_tshark("merged.pcapng");
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(reads_what_libpcap_writes_in_microseconds),
		IN_FOLDER(reads_what_libpcap_writes_in_nanoseconds),
		IN_FOLDER(reads_what_editcap_writes_as_pcapng),
		IN_FOLDER(reads_what_dumpcap_writes),
		IN_FOLDER(reads_resolutions_as_libpcap_does),
		IN_FOLDER(reads_modified_pcap_as_libpcap_does),
		IN_FOLDER(reads_what_mergecap_makes_of_two_link_types_and_resolutions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
