/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * kernel_lone KIND FROM NAMESPACE TO [now]: how long a lone packet takes from sendto() on device FROM to
 * a reader of the capture on device TO of NAMESPACE (a path) that waits for it: the median, in
 * ns. With `now` the capture is told not to let packets wait for others.
 */
#include "kernel_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKETS	 31
#define PAUSE_US 200000 /* the reader has long been asleep again */

static struct kernel_capture capture;
static uint64_t arrived_ns;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void *wait_for_packets(void *unused)
{
	for (;;) {
		if (kernel_capture_read(&capture, -1) > 0)
			__atomic_store_n(&arrived_ns, now_ns(), __ATOMIC_RELEASE);
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int enter(const char *namespace)
{
	int fd = open(namespace, O_RDONLY | O_CLOEXEC);

	return fd < 0 || setns(fd, CLONE_NEWNET) ? -errno : 0;
}

/* Send a packet when everybody sleeps; returns how long it took, or 0 if it has not come. */
static uint64_t send_one(int fd)
{
	static uint8_t frame[60] = { [0] = 0x02, [5] = 0x99, [6] = 0x02, [12] = 0x08 };
	uint64_t began;

	usleep(PAUSE_US);
	__atomic_store_n(&arrived_ns, 0, __ATOMIC_RELEASE);
	began = now_ns();
	if (send(fd, frame, sizeof(frame), 0) < 0)
		return 0;
	usleep(PAUSE_US);
	if (__atomic_load_n(&arrived_ns, __ATOMIC_ACQUIRE) < began)
		return 0;
	return __atomic_load_n(&arrived_ns, __ATOMIC_ACQUIRE) - began;
}

int main(int argc, char **argv)
{
	struct kernel_options opts = { .ring_bytes = 1 << 20, .snaplen = 96 };
	uint64_t took[PACKETS];
	pthread_t reader;
	int fd, rc;

	capture.kind = argc >= 5 ? kernel_kind_find(argv[1]) : NULL;
	if (!capture.kind) {
		fputs("usage: kernel_lone KIND FROM NAMESPACE TO [now]\n", stderr);
		return 2;
	}
	opts.device = argv[4];
	opts.wait_us = argc > 5 ? KERNEL_WAIT_NOT : 0;
	fd = kernel_kind_packet.open_sender(argv[2]);
	rc = fd < 0 ? fd : enter(argv[3]);
	if (!rc)
		rc = capture.kind->open(&capture, &opts);
	if (!rc)
		rc = -pthread_create(&reader, NULL, wait_for_packets, NULL);
	for (int i = 0; !rc && i < PACKETS; i++) {
		took[i] = send_one(fd);
		rc = took[i] ? 0 : -ETIMEDOUT;
	}
	if (rc) {
		fprintf(stderr, "kernel_lone: %s: %s\n", argv[1], strerror(-rc));
		return 1;
	}
	qsort(took, PACKETS, sizeof(took[0]), compare);
	printf("%llu\n", (unsigned long long)took[PACKETS / 2]);
	return 0;
}
