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
 * @ifindex:  its index in the namespace of @link_fd
 * @link_fd:  of nsr_link_open(), to ask about the device; -1: without
 * @messages, @vectors: for one system call
 */
struct nsr_socket_sender {
	int fd;
	const char *device;
	uint32_t ifindex;
	int link_fd;
	struct mmsghdr *messages;
	struct iovec *vectors;
};

/**
 * nsr_socket_send_open() - get ready
 * @sender: the caller has set @fd, @device and @ifindex, and is in the device's namespace
 *
 * Return: 0 or -ENOMEM.
 */
int nsr_socket_send_open(struct nsr_socket_sender *sender);

/** nsr_socket_send() - see nsr_engine_ops.send */
int nsr_socket_send(const struct nsr_socket_sender *sender, const struct nsr_frame *frames,
		    uint32_t count, struct nsr_error *err);

/** nsr_socket_send_close() - free it; the open may have failed, or never been called */
void nsr_socket_send_close(struct nsr_socket_sender *sender);

#endif
