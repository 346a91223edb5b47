/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Fuzz target for the readers of capture files. Each input is read twice: from a buffer of its
 * exact size, so that AddressSanitizer sees a read one byte behind it, and through the engine's
 * ops as a file. Both must give the same packets.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engines/file/file.h"

#define BATCH 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** struct sum - what an input gave */
struct sum {
	uint64_t packets;
	uint64_t hash;
};

static void require(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "fuzz_file: %s\n", what);
	abort();
}

/* Touches each byte. */
static void add(struct sum *sum, const struct nsr_packet *packet)
{
	uint32_t i;

	require(packet->caplen <= packet->len, "more bytes than the packet has");
	for (i = 0; i < packet->caplen; i++)
		sum->hash = sum->hash * 31 + packet->data[i];
	sum->hash = sum->hash * 31 + packet->stamp_ns + packet->flags + packet->iface;
	sum->packets++;
}

static struct sum read_exact(const uint8_t *data, size_t size)
{
	struct savefile file = { .buf_bytes = size, .end = size, .snaplen = UINT32_MAX };
	struct nsr_packet packets[BATCH];
	struct sum sum = { 0 };
	int i, count;

	file.buf = malloc(size);
	require(file.buf || !size, "out of memory");
	if (size)
		memcpy(file.buf, data, size);
	savefile_ifaces_init(&file.ifaces);
	if (savefile_begin(&file) == SAVEFILE_SKIP) {
		while ((count = savefile_take(&file, packets, BATCH)) > 0)
			for (i = 0; i < count; i++)
				add(&sum, &packets[i]);
		require(file.failure.code || file.need > file.end - file.start,
			"wants what is there already");
	}
	savefile_ifaces_free(&file.ifaces);
	savefile_keeper_free(&file.keeper);
	free(file.buf);
	return sum;
}

static void *open_input(int fd)
{
	struct nsr_options opts = { .size = sizeof(opts), .snaplen = 262144 };
	struct nsr_engine_args args = { .size = sizeof(args), .queue = -1, .opts = &opts };
	struct nsr_error err = { 0 };
	void *priv = NULL;
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	args.device = path;
	rc = nsr_engine_file.open(&args, &priv, &err);
	require(rc == 0 || rc == -EBADMSG, "open failed");
	require(rc == 0 || strstr(err.text, ": offset "), "damage without its offset");
	return rc ? NULL : priv;
}

static struct sum read_file(const uint8_t *data, size_t size)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	struct nsr_packet packets[BATCH];
	int fd = memfd_create("input", MFD_CLOEXEC);
	struct sum sum = { 0 };
	struct nsr_error err;
	void *priv;
	int i, count;

	require(pwrite(fd, data, size, 0) == (ssize_t)size, "memfd");
	priv = open_input(fd);
	close(fd);
	if (!priv)
		return sum;
	while ((count = nsr_engine_file.recv(priv, packets, BATCH, &err)) >= 0) {
		for (i = 0; i < count; i++) {
			add(&sum, &packets[i]);
			require(!nsr_engine_file.interface(priv, packets[i].iface, &iface),
				"packet of an unknown interface");
		}
	}
	require(nsr_engine_file.recv(priv, packets, BATCH, &err) == count, "error went away");
	nsr_engine_file.close(priv);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum exact = read_exact(data, size);
	struct sum file = read_file(data, size);

	require(exact.packets == file.packets && exact.hash == file.hash,
		"the same bytes gave other packets");
	return 0;
}
