/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Messages with descriptors over a UNIX socket. */
#ifndef NSR_ENGINES_ZC_PASSING_H
#define NSR_ENGINES_ZC_PASSING_H

#include <stddef.h>
#include <stdint.h>

/** Most descriptors of one message; the kernel allows 253. */
#define ZC_PASS_MOST 128

/**
 * zc_pass_send() - send a message
 * @to:    connected socket that keeps messages apart
 * @data:  @bytes of it
 * @fds:   @count descriptors, at most ZC_PASS_MOST; they stay open
 *
 * Return: 0 or -errno.
 */
int zc_pass_send(int to, const void *data, size_t bytes, const int *fds, uint32_t count);

/**
 * zc_pass_receive() - receive a message of exactly @bytes, and at most @room descriptors
 * @from: as for zc_pass_send()
 * @data: filled in
 * @fds:  set to what came; the caller closes these
 *
 * After an error nothing that came is left open.
 *
 * Return: how many descriptors came; -EPROTO the message is of another length; -EMFILE it had more
 * descriptors, or this process may have no more; -ECONNRESET the other side hung up; -ETIMEDOUT
 * nothing came; -errno.
 */
int zc_pass_receive(int from, void *data, size_t bytes, int *fds, uint32_t room);

#endif
