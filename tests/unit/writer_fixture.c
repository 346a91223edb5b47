/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The common part of the writer's tests.
 */
#include "writer_fixture.h"

#include <pcap/pcap.h>
#include <unistd.h>

#define EPOCH_S	  1700000000u
#define STEP_NS	  1000000007u
#define NS_PER_S  1000000000u
#define CUT_BYTES 10

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "%.100s/nsring-writer-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/trace", f->folder);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

struct nsr_writer *begin(const char *path, uint32_t format)
{
	const struct nsr_writer_options opts = { .size = sizeof(opts), .format = format };
	struct nsr_error err = { .text = "" };
	struct nsr_writer *writer;

	if (nsr_writer_open(path, &opts, &writer, &err) < 0)
		fail_msg("%s", err.text);
	return writer;
}

uint32_t add_interface(struct nsr_writer *writer, const char *name, uint32_t linktype)
{
	const struct nsr_writer_interface iface = {
		.size = sizeof(iface),
		.name = name,
		.description = "netns:test",
		.filter = "port 53",
		.linktype = linktype,
		.snaplen = 262144,
	};
	int id = nsr_writer_put_interface(writer, &iface);

	assert_true(id >= 0);
	return (uint32_t)id;
}

uint32_t packet_bytes(uint32_t number)
{
	return 14 + number % 97;
}

static uint64_t packet_stamp(uint32_t number)
{
	return (uint64_t)EPOCH_S * NS_PER_S + (uint64_t)number * STEP_NS;
}

static void fill(uint8_t *data, uint32_t number)
{
	memset(data, (int)(number & 0xff), packet_bytes(number));
}

int put_packet(struct nsr_writer *writer, uint32_t id, uint32_t number)
{
	uint8_t data[128];
	const struct nsr_packet packet = {
		.data = data,
		.stamp_ns = packet_stamp(number),
		.caplen = packet_bytes(number),
		.len = packet_bytes(number) + CUT_BYTES,
	};

	fill(data, number);
	return nsr_writer_put_packet(writer, id, &packet);
}

void put_packets(struct nsr_writer *writer, uint32_t id, uint32_t first, uint32_t end)
{
	for (; first < end; first++)
		assert_int_equal(put_packet(writer, id, first), 0);
}

static void check(uint32_t number, const struct pcap_pkthdr *hdr, const u_char *data)
{
	uint8_t expected[128];

	fill(expected, number);
	assert_int_equal(hdr->caplen, packet_bytes(number));
	assert_int_equal(hdr->len, packet_bytes(number) + CUT_BYTES);
	assert_int_equal((uint64_t)hdr->ts.tv_sec * NS_PER_S + (uint64_t)hdr->ts.tv_usec,
			 packet_stamp(number));
	assert_memory_equal(data, expected, hdr->caplen);
}

uint32_t read_with_libpcap(const char *path)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	struct pcap_pkthdr *hdr;
	const u_char *data;
	uint32_t number = 0;
	int rc;

	if (!pcap)
		fail_msg("%s", why);
	while ((rc = pcap_next_ex(pcap, &hdr, &data)) == 1)
		check(number++, hdr, data);
	if (rc != PCAP_ERROR_BREAK)
		fail_msg("%s", pcap_geterr(pcap));
	pcap_close(pcap);
	return number;
}

void output_of(char *out, size_t bytes, const char *fmt, ...)
{
	char command[1024];
	va_list args;
	size_t used;
	FILE *pipe;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	used = fread(out, 1, bytes - 1, pipe);
	out[used] = '\0';
	assert_int_equal(pclose(pipe), 0);
}
