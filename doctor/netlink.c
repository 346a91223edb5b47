/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* One question to the kernel. */
#include "netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define ANSWER_BYTES 65536

static int read_answer(struct mnl_socket *socket, uint32_t seq, mnl_cb_t read, void *arg)
{
	unsigned int port = mnl_socket_get_portid(socket);
	char *buf = malloc(ANSWER_BYTES);
	int more = 1, rc = 0;
	ssize_t got;

	if (!buf)
		return -ENOMEM;
	while (more > 0) {
		got = mnl_socket_recvfrom(socket, buf, ANSWER_BYTES);
		if (got < 0 && errno == EINTR)
			continue;
		more = got < 0 ? -1 : mnl_cb_run(buf, (size_t)got, seq, port, read, arg);
		if (more < 0)
			rc = -errno;
	}
	free(buf);
	return rc;
}

int netlink_once(int bus, struct nlmsghdr *request, mnl_cb_t read, void *arg)
{
	const struct timeval patience = { .tv_sec = 5 };
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int rc = 0;

	if (!socket)
		return -errno;
	request->nlmsg_seq = 1;
	request->nlmsg_flags |= NLM_F_ACK;
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		rc = -errno;
	if (rc == 0)
		rc = read_answer(socket, request->nlmsg_seq, read, arg);
	mnl_socket_close(socket);
	return rc;
}
