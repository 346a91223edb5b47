/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/link.h"
#include "socket_send.h"

#define CHUNK 256

/* The device's queue has no event that tells of room. In this time about 80 frames of 1,500 bytes
 * leave at 1 Gbit/s. */
#define RETRY_MS 1

/* The caller must get to its own signals and timers; and an egress filter that drops every frame
 * looks like a full queue. */
#define WAIT_MOST_MS 100

int nsr_socket_send_open(struct nsr_socket_sender *sender)
{
	uint32_t i;

	sender->link_fd = -1;
	sender->messages = calloc(CHUNK, sizeof(*sender->messages));
	sender->vectors = calloc(CHUNK, sizeof(*sender->vectors));
	if (!sender->messages || !sender->vectors)
		return -ENOMEM;
	for (i = 0; i < CHUNK; i++) {
		sender->messages[i].msg_hdr.msg_iov = &sender->vectors[i];
		sender->messages[i].msg_hdr.msg_iovlen = 1;
	}
	/* Without it errors are less exact. */
	sender->link_fd = nsr_link_open();
	return 0;
}

void nsr_socket_send_close(struct nsr_socket_sender *sender)
{
	if (sender->messages && sender->link_fd >= 0)
		close(sender->link_fd);
	free(sender->messages);
	free(sender->vectors);
}

static bool lacks_carrier(const struct nsr_socket_sender *sender)
{
	struct nsr_link link;

	return sender->link_fd >= 0 &&
	       nsr_link_get(sender->link_fd, NULL, sender->ifindex, &link) == 0 &&
	       !(link.flags & IFF_LOWER_UP);
}

static int say(const struct nsr_socket_sender *sender, int code, const struct nsr_frame *frame,
	       struct nsr_error *err)
{
	switch (code) {
	case -EMSGSIZE:
		return nsr_error_advise(
			err,
			nsr_error_set(err, code,
				      "%s: a frame of %u bytes is longer than the device takes",
				      sender->device, frame->len),
			"send shorter frames or raise its MTU");
	case -ENETDOWN:
		return nsr_error_advise(
			err, nsr_error_set(err, code, "%s: the device is down", sender->device),
			"ip link set %s up", sender->device);
	case -ENXIO:
	case -ENODEV:
		return nsr_error_set(err, -ENODEV,
				     "%s: the device is gone (deleted, or moved to another "
				     "namespace)",
				     sender->device);
	case -EAGAIN:
		if (lacks_carrier(sender))
			return nsr_error_set(err, code, "%s: the device has no carrier",
					     sender->device);
		return nsr_error_set(err, code,
				     "%s: its queue stays full, or something drops what is sent",
				     sender->device);
	case -EINTR:
		return nsr_error_set(err, code, "interrupted");
	case -EINVAL:
		return nsr_error_set(
			err, code, "%s: a frame of %u bytes has no room for the link-layer header",
			sender->device, frame->len);
	default:
		return nsr_error_set(err, code, "%s: sending: %s", sender->device, strerror(-code));
	}
}

/* Waits until there may be room; 0 or -EINTR. */
static int wait_for_room(const struct nsr_socket_sender *sender, int reason)
{
	struct pollfd room = { .fd = sender->fd, .events = POLLOUT };

	/* An event tells of room in the socket, none of room in the device's queue. */
	return poll(&room, reason == EAGAIN ? 1 : 0, RETRY_MS) < 0 ? -errno : 0;
}

/*
 * A device that is being deleted or moved is down first. Both take the kernel's RTNL lock, which an
 * answer about any device waits for; by then the socket knows that its device is gone.
 */
static void let_changes_end(const struct nsr_socket_sender *sender)
{
	struct nsr_link link;

	if (sender->link_fd >= 0)
		nsr_link_get(sender->link_fd, NULL, sender->ifindex, &link);
}

/*
 * A full queue shows as ENOBUFS (the device's) or EAGAIN (the socket's). Never blocks in the
 * kernel, because a signal that comes after the first of many frames would not end that.
 */
static int send_some(const struct nsr_socket_sender *sender, unsigned int n, uint32_t *waits_left)
{
	bool was_down = false;
	int sent, rc = 0;

	while (rc == 0) {
		sent = sendmmsg(sender->fd, sender->messages, n, MSG_DONTWAIT);
		if (sent >= 0)
			return sent;
		if (errno == ENETDOWN && !was_down) {
			was_down = true;
			let_changes_end(sender);
			continue;
		}
		if (errno != ENOBUFS && errno != EAGAIN)
			return -errno;
		if (*waits_left == 0)
			return -EAGAIN;
		(*waits_left)--;
		rc = wait_for_room(sender, errno);
	}
	return rc;
}

int nsr_socket_send(const struct nsr_socket_sender *sender, const struct nsr_frame *frames,
		    uint32_t count, struct nsr_error *err)
{
	uint32_t waits_left = WAIT_MOST_MS / RETRY_MS;
	uint32_t done = 0, n, i;
	int sent;

	while (done < count) {
		n = count - done < CHUNK ? count - done : CHUNK;
		for (i = 0; i < n; i++) {
			sender->vectors[i].iov_base = (void *)frames[done + i].data;
			sender->vectors[i].iov_len = frames[done + i].len;
		}
		sent = send_some(sender, n, &waits_left);
		if (sent < 0)
			return done ? (int)done : say(sender, sent, &frames[done], err);
		done += (uint32_t)sent;
	}
	return (int)done;
}
