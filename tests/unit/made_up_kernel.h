/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Netlink answers that no kernel gives: a thread at the other end of a socket pair takes a question
 * and sends what the test has made up.
 */
#ifndef NSRING_TESTS_MADE_UP_KERNEL_H
#define NSRING_TESTS_MADE_UP_KERNEL_H

#include <libmnl/libmnl.h>
#include <pthread.h>

#define REPLY_ROOM 4096

/**
 * struct kernel - all 0 at first
 * @fd:     its end of the pair
 * @asker:  the other end, to be asked
 * @reply:  @length bytes of messages, sent as they are except for sequence numbers
 * @stale:  so many messages at the beginning answer an earlier question
 * @thread: it
 */
struct kernel {
	int fd;
	int asker;
	char reply[REPLY_ROOM];
	size_t length;
	uint32_t stale;
	pthread_t thread;
};

/** kernel_start() - have one question on @kernel->asker answered */
void kernel_start(struct kernel *kernel);

/** kernel_stop() - once it is answered */
void kernel_stop(struct kernel *kernel);

/** kernel_put() - the next message of the reply, with a zeroed header of @bytes behind netlink's own */
struct nlmsghdr *kernel_put(struct kernel *kernel, uint16_t type, size_t bytes);

/** kernel_end() - the message is complete */
void kernel_end(struct kernel *kernel, const struct nlmsghdr *msg);

/** kernel_put_done() - the end of a dump */
void kernel_put_done(struct kernel *kernel);

#endif
