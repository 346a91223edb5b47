/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * pcap_early
 *
 * Linked to libpcap alone: calls it before any library's constructor has run, and then again.
 */
#include <pcap/pcap.h>
#include <stdio.h>

static const char *first;

static void call_early(void)
{
	first = pcap_lib_version();
}

__attribute__((section(".preinit_array"), used)) static void (*const early)(void) = call_early;

int main(void)
{
	puts(first == pcap_lib_version() ? "the same" : "another");
	return 0;
}
