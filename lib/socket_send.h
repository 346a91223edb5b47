/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sending frames through a socket that is bound to a device, many for each system call. */
#ifndef NSR_SOCKET_SEND_H
#define NSR_SOCKET_SEND_H

#include <nsring/engine.h>

struct iovec;
struct mmsghdr;

/**
 * struct nsr_socket_sender - what sending needs
 * @fd:       the socket
 * @device:   for error texts
 * @messages, @vectors: of one system call
 */
struct nsr_socket_sender {
	int fd;
	const char *device;
	struct mmsghdr *messages;
	struct iovec *vectors;
};

/** nsr_socket_send_open() - get ready to send; @fd and @device are filled in; 0 or -ENOMEM */
int nsr_socket_send_open(struct nsr_socket_sender *sender);

/** nsr_socket_send() - see nsr_engine_ops.send */
int nsr_socket_send(const struct nsr_socket_sender *sender, const struct nsr_frame *frames,
		    uint32_t count, struct nsr_error *err);

/** nsr_socket_send_close() - free it, also after a failed open, or none */
void nsr_socket_send_close(struct nsr_socket_sender *sender);

#endif
