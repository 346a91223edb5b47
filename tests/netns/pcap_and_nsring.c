/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * pcap_and_nsring TARGET PACKETS
 *
 * A program of both libraries: captures TARGET by each, with a filter, and tells what each counted.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include <nsring/nsring.h>

static long capture_by_nsring(struct nsr_capture *capture, long wanted)
{
	struct nsr_batch batch;
	long count = 0;
	int rc = 1;

	while (rc > 0 && count < wanted) {
		rc = nsr_recv(capture, &batch, 30000);
		if (rc > 0)
			count += rc;
	}
	return count;
}

static void count_one(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	++*(long *)user;
}

int main(int argc, char **argv)
{
	struct nsr_options opts = NSR_OPTIONS_INIT;
	long wanted = argc > 2 ? atol(argv[2]) : 0, by_pcap = 0;
	char errbuf[PCAP_ERRBUF_SIZE];
	struct bpf_program program;
	struct nsr_capture *capture;
	struct nsr_error err;
	pcap_t *pcap;

	opts.filter = "udp port 9";
	if (argc < 3 || nsr_open(argv[1], &opts, &capture, &err) < 0) {
		fprintf(stderr, "nsr_open: %s\n", argc < 3 ? "no target" : err.text);
		return 1;
	}
	pcap = pcap_open_live(argv[1], 96, 0, 100, errbuf);
	if (!pcap || pcap_compile(pcap, &program, "udp port 9", 1, 0) < 0 ||
	    pcap_setfilter(pcap, &program) < 0) {
		fprintf(stderr, "pcap: %s\n", pcap ? pcap_geterr(pcap) : errbuf);
		return 1;
	}
	pcap_freecode(&program);
	puts("ready");
	fflush(stdout);
	pcap_loop(pcap, (int)wanted, count_one, (u_char *)&by_pcap);
	printf("pcap %ld nsring %ld\n", by_pcap, capture_by_nsring(capture, wanted));
	pcap_close(pcap);
	nsr_close(capture);
	return 0;
}
