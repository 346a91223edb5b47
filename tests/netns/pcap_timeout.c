/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * pcap_timeout DEVICE [drop | send]
 *
 * Linked to libpcap alone: opens DEVICE for what goes out of it, with a timeout of 100 ms, says "ready", and then whether
 * one read returned for the timeout. With `drop` it gives up its capabilities instead, before it opens anything, and waits;
 * with `send` it waits for SIGUSR1, sends a frame, and says what that returned.
 */
#include <linux/capability.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int wait_without_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (syscall(SYS_capset, &header, none) < 0)
		return 1;
	puts("ready");
	for (;;)
		pause();
}

static int send_when_told(pcap_t *p)
{
	static const uint8_t frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	puts("ready");
	sigwait(&set, &signal);
	printf("%d\n", pcap_sendpacket(p, frame, sizeof(frame)));
	return 0;
}

int main(int argc, char **argv)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	pcap_t *p;
	int rc;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2 && strcmp(argv[2], "drop") == 0)
		return wait_without_capabilities();
	p = pcap_open_live(argv[1], 96, 0, 100, errbuf);
	if (!p) {
		fprintf(stderr, "%s\n", errbuf);
		return 1;
	}
	if (argc > 2)
		return send_when_told(p);
	pcap_setdirection(p, PCAP_D_OUT);
	puts("ready");
	sleep(1);
	rc = pcap_next_ex(p, &header, &bytes);
	puts(rc == 0 ? "no packet in time" : "a packet");
	pcap_close(p);
	return 0;
}
