/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * kernel_send KIND DEVICE PACKETS BATCH: time that it takes to send frames of 60 bytes, in ns for
 * each. A BATCH of 1 is send(), of more sendmmsg().
 */
#include "kernel_kind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MAX_BATCH 256
#define WARM_UP	  1024

static uint8_t frame[60] = {
	[0] = 0x02, [4] = 0x99,	 [5] = 0x99, /* to nobody here */
	[6] = 0x02, [11] = 0x01, [12] = 0x08, [14] = 0x45, /* IPv4 */
	[17] = 46,  [22] = 64,	 [23] = 17,   [26] = 10,   [29] = 1, [30] = 10, [33] = 2,
};

static struct mmsghdr messages[MAX_BATCH];

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Send @packets, @batch with each call; returns -errno. */
static int send_all(int fd, long packets, unsigned int batch)
{
	struct iovec iov = { frame, sizeof(frame) };

	for (unsigned int i = 0; i < batch; i++) {
		messages[i].msg_hdr = (struct msghdr){

			.msg_iov = &iov,
			.msg_iovlen = 1,
		};
	}
	while (packets > 0) {
		long sent = batch > 1 ? sendmmsg(fd, messages, batch, 0)
				      : send(fd, frame, sizeof(frame), 0) > 0;

		if (sent <= 0)
			return -errno;
		packets -= sent;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct kernel_kind *kind = argc == 5 ? kernel_kind_find(argv[1]) : NULL;
	long packets = argc == 5 ? atol(argv[3]) : 0;
	unsigned int batch = argc == 5 ? (unsigned int)atoi(argv[4]) : 0;
	uint64_t began;
	int fd, rc;

	if (!kind || packets < 1 || batch < 1 || batch > MAX_BATCH) {
		fputs("usage: kernel_send KIND DEVICE PACKETS BATCH\n", stderr);
		return 2;
	}
	fd = kind->open_sender(argv[2]);
	/* the first packets of a socket cost more than those that follow */
	rc = fd < 0 ? fd : send_all(fd, WARM_UP, batch);
	began = now_ns();
	if (!rc)
		rc = send_all(fd, packets, batch);
	if (rc) {
		fprintf(stderr, "kernel_send: %s: %s\n", argv[1], strerror(-rc));
		return 1;
	}
	printf("%.2f\n", (double)(now_ns() - began) / (double)packets);
	return 0;
}
