/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sending frames through a socket that is bound to a device, many with each system call. */
#ifndef NSR_SOCKET_SEND_H
#define NSR_SOCKET_SEND_H

#include <nsring/engine.h>

struct iovec;
struct mmsghdr;

/**
 * struct nsr_socket_sender - a socket to send through
 * @fd:       the socket
 * @device:   for error texts
 * @messages, @vectors: for one system call
 */
struct nsr_socket_sender {
	int fd;
	const char *device;
	struct mmsghdr *messages;
	struct iovec *vectors;
};

/** nsr_socket_send_open() - get ready; the caller has set @fd and @device; 0 or -ENOMEM */
int nsr_socket_send_open(struct nsr_socket_sender *sender);

/** nsr_socket_send() - see nsr_engine_ops.send */
int nsr_socket_send(const struct nsr_socket_sender *sender, const struct nsr_frame *frames,
		    uint32_t count, struct nsr_error *err);

/** nsr_socket_send_close() - free it; the open may have failed, or never been called */
void nsr_socket_send_close(struct nsr_socket_sender *sender);

#endif
