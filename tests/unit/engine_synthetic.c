/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An engine outside the library, built as a plug-in: proves that <nsring/engine.h> is enough.
 *
 * `synthetic:N` hands out N packets of 4 bytes that hold their number, in batches of at most 10,
 * then is quiet.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <nsring/engine.h>

struct synthetic {
	int event;
	bool started, quiet;
	uint32_t next, count;
	uint32_t sent;
	uint8_t data[10][4];
};

static int synthetic_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	struct synthetic *s;
	char *end;
	unsigned long n = strtoul(args->device, &end, 10);

	if (*end || n > 1000000)
		return nsr_error_set(err, -ENODEV, "synthetic: \"%s\" is no number", args->device);
	s = calloc(1, sizeof(*s));
	if (!s)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	s->count = (uint32_t)n;
	s->event = eventfd(1, EFD_CLOEXEC);
	if (s->event < 0) {
		free(s);
		return nsr_error_set(err, -errno, "event descriptor: %s", strerror(errno));
	}
	*priv = s;
	return 0;
}

static int synthetic_start(void *priv, struct nsr_error *err)
{
	((struct synthetic *)priv)->started = true;
	return 0;
}

static int synthetic_recv(void *priv, struct nsr_packet *packets, uint32_t max,
			  struct nsr_error *err)
{
	struct synthetic *s = priv;
	uint64_t drained;
	uint32_t n = 0;

	if (!s->started)
		return nsr_error_set(err, -EIO, "synthetic: recv before start");
	for (; n < max && n < 10 && s->next < s->count; n++, s->next++) {
		memcpy(s->data[n], &s->next, 4);
		packets[n] = (struct nsr_packet){ .data = s->data[n], .caplen = 4, .len = 4 };
	}
	if (n == 0 && !s->quiet)
		s->quiet = read(s->event, &drained, sizeof(drained)) > 0;
	return (int)n;
}

static int synthetic_send(void *priv, const struct nsr_frame *frames, uint32_t count,
			  struct nsr_error *err)
{
	struct synthetic *s = priv;

	s->sent += count;
	return (int)count;
}

static int synthetic_fd(void *priv)
{
	return ((struct synthetic *)priv)->event;
}

/* Packets that stop() came before are not handed out. */
static int synthetic_stop(void *priv, struct nsr_error *err)
{
	struct synthetic *s = priv;

	if (s->count > s->next + 10)
		s->count = s->next + 10;
	return 0;
}

static void synthetic_stats(void *priv, struct nsr_stats *stats)
{
	stats->lost_ring = 3;
}

static void synthetic_info(void *priv, struct nsr_info *info)
{
	snprintf(info->mode, sizeof(info->mode), "made up");
	info->linktype = 147; /* LINKTYPE_USER0 */
}

static int synthetic_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	if (id)
		return -ENOENT;
	snprintf(iface->name, sizeof(iface->name), "synthetic0");
	iface->linktype = 147;
	return 0;
}

static void synthetic_close(void *priv)
{
	struct synthetic *s = priv;

	close(s->event);
	free(s);
}

static uint32_t synthetic_drain_ms(void *priv)
{
	return 5;
}

const struct nsr_engine_ops nsr_engine = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(struct nsr_engine_ops),
	.name = "synthetic",
	.open = synthetic_open,
	.start = synthetic_start,
	.recv = synthetic_recv,
	.send = synthetic_send,
	.fd = synthetic_fd,
	.stop = synthetic_stop,
	.stats = synthetic_stats,
	.info = synthetic_info,
	.interface = synthetic_interface,
	.close = synthetic_close,
	.drain_ms = synthetic_drain_ms,
};
