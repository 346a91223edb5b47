/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The common part of the writer's tests: a folder of their own, packets that tell their number, and
 * reading files back with libpcap.
 */
#ifndef WRITER_FIXTURE_H
#define WRITER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include <cmocka.h>

#include <nsring/writer.h>

#define PATH_BYTES 256

/** struct fixture - a test's folder, and a file name within it */
struct fixture {
	char folder[PATH_BYTES / 2];
	char path[PATH_BYTES];
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/** begin() - open a writer, which must work */
struct nsr_writer *begin(const char *path, uint32_t format);

/** add_interface() - with place "netns:test" and filter "port 53", which must work */
uint32_t add_interface(struct nsr_writer *writer, const char *name, uint32_t linktype);

/** packet_bytes() - captured bytes of packet @number: lengths of every remainder by 4 */
uint32_t packet_bytes(uint32_t number);

/** put_packet() - write packet @number; Return: of nsr_writer_put_packet() */
int put_packet(struct nsr_writer *writer, uint32_t id, uint32_t number);

/** put_packets() - write packets @first up to @end, which must work */
void put_packets(struct nsr_writer *writer, uint32_t id, uint32_t first, uint32_t end);

/**
 * read_with_libpcap() - read a file to its end, which must come without an error
 *
 * Every packet must be the one that put_packet() wrote with its number.
 *
 * Return: packets.
 */
uint32_t read_with_libpcap(const char *path);

/** output_of() - run a shell command, which must exit with 0; its standard output into @out */
__attribute__((format(printf, 3, 4))) void output_of(char *out, size_t bytes, const char *fmt, ...);

#endif
