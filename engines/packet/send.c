/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Sending frames through the packet socket, many for each system call. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "packet.h"

#define CHUNK 256

/* A full queue of the device has no event to wait for; this long it takes about 60 frames of
 * 1,500 bytes to leave at 1 Gbit/s. */
#define RETRY_MS 1

/* A caller has signals and times of its own to look at, and what refuses each frame (an egress
 * filter that drops) looks like a full queue. */
#define WAIT_MOST_MS 100

int packet_send_open(struct packet *p)
{
	uint32_t i;

	p->messages = calloc(CHUNK, sizeof(*p->messages));
	p->vectors = calloc(CHUNK, sizeof(*p->vectors));
	if (!p->messages || !p->vectors)
		return -ENOMEM;
	for (i = 0; i < CHUNK; i++) {
		p->messages[i].msg_hdr.msg_iov = &p->vectors[i];
		p->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

void packet_send_close(struct packet *p)
{
	free(p->messages);
	free(p->vectors);
}

static int say(const struct packet *p, int code, const struct nsr_frame *frame,
	       struct nsr_error *err)
{
	switch (code) {
	case -EMSGSIZE:
		return nsr_error_set(err, code,
				     "%s: a frame of %u bytes is longer than the device takes: "
				     "send shorter frames or raise its MTU",
				     p->device, frame->len);
	case -ENETDOWN:
		return nsr_error_set(err, code, "%s: the device is down: ip link set %s up",
				     p->device, p->device);
	case -ENXIO:
	case -ENODEV:
		return nsr_error_set(err, -ENODEV,
				     "%s: the device is gone (deleted, or moved to another "
				     "namespace)",
				     p->device);
	case -EAGAIN:
		return nsr_error_set(err, code,
				     "%s: its queue stays full, or something drops what is sent",
				     p->device);
	case -EINTR:
		return nsr_error_set(err, code, "interrupted");
	case -EINVAL:
		return nsr_error_set(
			err, code, "%s: a frame of %u bytes has no room for the link-layer header",
			p->device, frame->len);
	default:
		return nsr_error_set(err, code, "%s: sending: %s", p->device, strerror(-code));
	}
}

/* Waits until there may be room; 0 or -EINTR. */
static int wait_for_room(const struct packet *p, int reason)
{
	struct pollfd room = { .fd = p->fd, .events = POLLOUT };

	/* The socket's room has an event, the device's queue none. */
	return poll(&room, reason == EAGAIN ? 1 : 0, RETRY_MS) < 0 ? -errno : 0;
}

/*
 * A full queue shows as ENOBUFS (the device's) or EAGAIN (the socket's). Never blocks in the
 * kernel: a signal that comes after the first frame of many would not end that.
 */
static int send_some(const struct packet *p, unsigned int n, uint32_t *waits_left)
{
	int sent, rc = 0;

	while (rc == 0) {
		sent = sendmmsg(p->fd, p->messages, n, MSG_DONTWAIT);
		if (sent >= 0)
			return sent;
		if (errno != ENOBUFS && errno != EAGAIN)
			return -errno;
		if (*waits_left == 0)
			return -EAGAIN;
		(*waits_left)--;
		rc = wait_for_room(p, errno);
	}
	return rc;
}

int packet_send(void *priv, const struct nsr_frame *frames, uint32_t count, struct nsr_error *err)
{
	uint32_t waits_left = WAIT_MOST_MS / RETRY_MS;
	struct packet *p = priv;
	uint32_t done = 0, n, i;
	int sent;

	while (done < count) {
		n = count - done < CHUNK ? count - done : CHUNK;
		for (i = 0; i < n; i++) {
			p->vectors[i].iov_base = (void *)frames[done + i].data;
			p->vectors[i].iov_len = frames[done + i].len;
		}
		sent = send_some(p, n, &waits_left);
		if (sent < 0)
			return done ? (int)done : say(p, sent, &frames[done], err);
		done += (uint32_t)sent;
	}
	return (int)done;
}
