/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The life of a handle: pcap_create(), what is set before activation, pcap_activate(), pcap_close(). */
#include "handle.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/sll.h>

#include "lib/filter/filter.h"
#include "lib/link_type.h"
#include "lib/registry.h"
#include "keeper.h"

EXPORTED pcap_t *pcap_create(const char *source, char *errbuf)
{
	struct nsr_target target;
	struct handle *h;

	if (!handle_claims(source, &target))
		return real_pcap_create(source, errbuf);
	h = calloc(1, sizeof(*h));
	if (h)
		h->target = strdup(source);
	if (!h || !h->target) {
		free(h);
		snprintf(errbuf, PCAP_ERRBUF_SIZE, "malloc: %s", strerror(ENOMEM));
		return NULL;
	}
	h->mark = &handle_mark;
	h->parsed = target;
	h->snaplen = SNAPLEN_MOST;
	h->stamp_type = PCAP_TSTAMP_HOST;
	h->precision = PCAP_TSTAMP_PRECISION_MICRO;
	h->poll = h->more = -1;
	pthread_mutex_init(&h->sending, NULL);
	return (pcap_t *)h;
}

static int check_settable(struct handle *h)
{
	return h->capture ? handle_say(h, PCAP_ERROR_ACTIVATED,
				       "can't perform  operation on activated capture")
			  : 0;
}

/* A function that sets something before activation: by @statement. */
#define SETTER(name, type, value, statement)                                                       \
	EXPORTED int name(pcap_t *p, type value)                                                   \
	{                                                                                          \
		struct handle *h = handle_of(p);                                                   \
                                                                                                   \
		if (!h)                                                                            \
			return real_##name(p, value);                                              \
		if (check_settable(h))                                                             \
			return PCAP_ERROR_ACTIVATED;                                               \
		statement;                                                                         \
		return 0;                                                                          \
	}

SETTER(pcap_set_snaplen, int, bytes,
       h->snaplen = bytes <= 0 || bytes > SNAPLEN_MOST ? SNAPLEN_MOST : (uint32_t)bytes)
SETTER(pcap_set_promisc, int, promisc, h->promisc = promisc)
SETTER(pcap_set_rfmon, int, rfmon, h->rfmon = rfmon)
SETTER(pcap_set_timeout, int, timeout_ms, h->timeout_ms = timeout_ms)
SETTER(pcap_set_immediate_mode, int, immediate, h->immediate = immediate)
SETTER(pcap_set_protocol_linux, int, protocol, h->protocol = protocol == ETH_P_ALL ? 0 : protocol)
/* As in libpcap: what makes no sense leaves the default. */
SETTER(pcap_set_buffer_size, int, bytes, if (bytes > 0) h->buffer_bytes = bytes)

EXPORTED int pcap_set_tstamp_type(pcap_t *p, int type)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_set_tstamp_type(p, type);
	if (check_settable(h))
		return PCAP_ERROR_ACTIVATED;
	if (type < 0)
		return PCAP_WARNING_TSTAMP_TYPE_NOTSUP;
	if (type != PCAP_TSTAMP_HOST && type != PCAP_TSTAMP_ADAPTER_UNSYNCED)
		return PCAP_WARNING_TSTAMP_TYPE_NOTSUP;
	h->stamp_type = type;
	return 0;
}

EXPORTED int pcap_list_tstamp_types(pcap_t *p, int **types)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_list_tstamp_types(p, types);
	*types = malloc(2 * sizeof(**types));
	if (!*types)
		return handle_say(h, PCAP_ERROR, "malloc: %s", strerror(ENOMEM));
	(*types)[0] = PCAP_TSTAMP_HOST;
	(*types)[1] = PCAP_TSTAMP_ADAPTER_UNSYNCED;
	return 2;
}

EXPORTED int pcap_set_tstamp_precision(pcap_t *p, int precision)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_set_tstamp_precision(p, precision);
	if (check_settable(h))
		return PCAP_ERROR_ACTIVATED;
	if (precision != PCAP_TSTAMP_PRECISION_MICRO && precision != PCAP_TSTAMP_PRECISION_NANO)
		return PCAP_ERROR_TSTAMP_PRECISION_NOTSUP;
	h->precision = precision;
	return 0;
}

EXPORTED int pcap_get_tstamp_precision(pcap_t *p)
{
	struct handle *h = handle_of(p);

	return h ? h->precision : real_pcap_get_tstamp_precision(p);
}

EXPORTED int pcap_can_set_rfmon(pcap_t *p)
{
	struct handle *h = handle_of(p);

	return h ? 0 : real_pcap_can_set_rfmon(p);
}

static enum nsr_take take_asked(void)
{
	const char *take = secure_getenv("NSRING_TAKE");

	if (!take || !*take || strcmp(take, "0") == 0)
		return NSR_TAKE_NONE;
	return strcmp(take, "really") == 0 ? NSR_TAKE_REALLY : NSR_TAKE;
}

static int status_of(int rc)
{
	switch (rc) {
	case -EPERM:
	case -EACCES:
		return PCAP_ERROR_PERM_DENIED;
	case -ENODEV:
	case -ENOENT:
		return PCAP_ERROR_NO_SUCH_DEVICE;
	case -ENETDOWN:
		return PCAP_ERROR_IFACE_NOT_UP;
	default:
		return PCAP_ERROR;
	}
}

/* The arguments of nsr_open(). */
struct opening {
	const char *target;
	const struct nsr_options *opts;
	struct nsr_capture **capture;
	struct nsr_error *err;
};

static int open_target(void *arg)
{
	struct opening *opening = arg;

	return nsr_open(opening->target, opening->opts, opening->capture, opening->err);
}

static int open_capture(struct handle *h, uint32_t mode, struct nsr_capture **capture,
			struct nsr_error *err)
{
	struct nsr_options opts = NSR_OPTIONS_INIT;
	struct opening opening = { h->target, &opts, capture, err };

	opts.mode = mode;
	opts.snaplen = h->snaplen;
	/* The header may be replaced by a shorter one. */
	if (h->parsed.any && opts.snaplen <= SNAPLEN_MOST - (SLL2_HDR_LEN - SLL_HDR_LEN))
		opts.snaplen += SLL2_HDR_LEN - SLL_HDR_LEN;
	opts.promiscuous = h->promisc;
	opts.immediate = h->immediate;
	opts.ring_bytes = (uint64_t)h->buffer_bytes;
	opts.take = mode & NSR_RECV ? take_asked() : NSR_TAKE_NONE;
	opts.stamp = h->stamp_type == PCAP_TSTAMP_HOST ? NSR_STAMP_KERNEL : NSR_STAMP_DEVICE;
	if (h->parsed.offline)
		opts.stamp = NSR_STAMP_AUTO;
	if (h->timeout_ms > 0)
		opts.batch_ms = h->timeout_ms < NSR_BATCH_MS_MAX ? (uint32_t)h->timeout_ms
								 : NSR_BATCH_MS_MAX;
	return keeper_run(open_target, &opening);
}

static bool sends_along(const struct handle *h)
{
	const struct nsr_engine_ops *engine;

	if (!h->parsed.engine[0])
		return true;
	engine = nsr_registry_find(h->parsed.engine, NULL);
	return engine && engine->flags & NSR_ENGINE_SENDS_ALONG;
}

/*
 * A capture that also sends leaves out its own frames, as libpcap's handles do, and sends where it captures,
 * whatever is called so by then. Where sending needs memory of its own, @out does it, from the first frame on.
 */
static int open_receiver(struct handle *h, struct nsr_error *err)
{
	h->sends = sends_along(h) && !h->parsed.any &&
		   open_capture(h, NSR_RECV | NSR_SEND, &h->capture, NULL) == 0;
	return h->sends ? 0 : open_capture(h, NSR_RECV, &h->capture, err);
}

int handle_open_dead(struct handle *h)
{
	pcap_t *dead = real_pcap_open_dead_with_tstamp_precision(h->dlt, (int)h->snaplen,
								 (u_int)h->precision);

	if (!dead)
		return -ENOMEM;
	if (h->dead)
		real_pcap_close(h->dead);
	h->dead = dead;
	return 0;
}

/* As libpcap does, "any" begins with the older of the cooked headers, until the program chooses. */
static int look(struct handle *h)
{
	struct nsr_info info = NSR_INFO_INIT;

	nsr_info_get(h->capture, &info);
	h->linktype = info.linktype;
	h->offline = info.offline;
	h->mixed = info.mixed;
	h->cooked = info.linktype == LINKTYPE_LINUX_SLL2 && !info.offline;
	h->dlt = h->cooked ? DLT_LINUX_SLL : nsr_filter_dlt(info.linktype);
	if (h->dlt < 0)
		return -ENOMEM;
	/* A tag that is taken off, or a header that is replaced, leaves a packet shorter. */
	h->room = malloc(SNAPLEN_MOST);
	return h->room ? handle_open_dead(h) : -ENOMEM;
}

static void forget(struct handle *h)
{
	nsr_close(h->capture);
	nsr_close(h->out);
	h->capture = h->out = NULL;
	if (h->dead)
		real_pcap_close(h->dead);
	h->dead = NULL;
	free(h->room);
	h->room = NULL;
	handle_forget_kept(h, true);
	real_pcap_freecode(&h->program);
	if (h->poll >= 0)
		close(h->poll);
	if (h->more >= 0)
		close(h->more);
	h->poll = h->more = -1;
}

EXPORTED int pcap_activate(pcap_t *p)
{
	struct handle *h = handle_of(p);
	struct nsr_error err = { 0 };
	int rc;

	if (!h)
		return real_pcap_activate(p);
	if (check_settable(h))
		return PCAP_ERROR_ACTIVATED;
	if (h->rfmon)
		return handle_say(h, PCAP_ERROR_RFMON_NOTSUP, "%s: no monitor mode here",
				  h->target);
	/* As libpcap does: a header and a byte at least. */
	if (h->parsed.any && h->snaplen <= SLL2_HDR_LEN)
		h->snaplen = SLL2_HDR_LEN + 1;
	rc = open_receiver(h, &err);
	if (rc < 0)
		return handle_say_why(h, status_of(rc), &err);
	rc = look(h);
	if (rc < 0) {
		forget(h);
		return handle_say(h, PCAP_ERROR, "%s: out of memory", h->target);
	}
	return 0;
}

EXPORTED pcap_t *pcap_open_live(const char *device, int snaplen, int promisc, int timeout_ms,
				char *errbuf)
{
	struct nsr_target target;
	struct handle *h;
	pcap_t *p;
	int rc;

	if (!handle_claims(device, &target))
		return real_pcap_open_live(device, snaplen, promisc, timeout_ms, errbuf);
	p = pcap_create(device, errbuf);
	if (!p)
		return NULL;
	pcap_set_snaplen(p, snaplen);
	pcap_set_promisc(p, promisc);
	pcap_set_timeout(p, timeout_ms);
	rc = pcap_activate(p);
	if (rc >= 0)
		return p;
	h = handle_of(p);
	memcpy(errbuf, h->errbuf, PCAP_ERRBUF_SIZE);
	pcap_close(p);
	return NULL;
}

EXPORTED void pcap_close(pcap_t *p)
{
	struct handle *h = handle_of(p);

	if (!h) {
		if (p)
			real_pcap_close(p);
		return;
	}
	forget(h);
	pthread_mutex_destroy(&h->sending);
	free(h->target);
	free(h);
}

/* The device's name, or its namespace's, may be another's by now. */
static bool is_of_same_device(const struct handle *h)
{
	struct nsr_info here = NSR_INFO_INIT, there = NSR_INFO_INIT;
	struct nsr_interface from = NSR_INTERFACE_INIT, to = NSR_INTERFACE_INIT;

	nsr_info_get(h->capture, &here);
	nsr_info_get(h->out, &there);
	return here.netns_cookie == there.netns_cookie && here.netns_inode == there.netns_inode &&
	       nsr_interface_get(h->capture, 0, &from) == 0 &&
	       nsr_interface_get(h->out, 0, &to) == 0 && from.ifindex == to.ifindex;
}

static int open_out(struct handle *h)
{
	struct nsr_error err = { 0 };
	int rc = open_capture(h, NSR_SEND, &h->out, &err);

	if (rc < 0)
		return handle_say_why(h, PCAP_ERROR, &err);
	if (is_of_same_device(h))
		return 0;
	nsr_close(h->out);
	h->out = NULL;
	return handle_say(h, PCAP_ERROR, "%s: names another device by now", h->target);
}

static int send_frame(struct handle *h, const void *bytes, size_t count)
{
	const struct nsr_frame frame = { .data = bytes, .len = (uint32_t)count };
	struct nsr_capture *out;
	int rc = 0;

	if (handle_check_active(h))
		return PCAP_ERROR_NOT_ACTIVATED;
	if (count > INT32_MAX)
		return handle_say(h, PCAP_ERROR, "%s: a frame of %zu bytes can't be sent",
				  h->target, count);
	if (!bytes)
		return handle_say(h, PCAP_ERROR, "send: %s", strerror(EFAULT));
	pthread_mutex_lock(&h->sending);
	if (!h->sends && !h->out)
		rc = open_out(h);
	out = h->sends ? h->capture : h->out;
	if (rc == 0)
		rc = nsr_send(out, &frame, 1) == 1
			     ? (int)count
			     : handle_say_why(h, PCAP_ERROR, nsr_last_error(out));
	pthread_mutex_unlock(&h->sending);
	return rc;
}

EXPORTED int pcap_inject(pcap_t *p, const void *bytes, size_t count)
{
	struct handle *h = handle_of(p);

	return h ? send_frame(h, bytes, count) : real_pcap_inject(p, bytes, count);
}

EXPORTED int pcap_sendpacket(pcap_t *p, const u_char *bytes, int count)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_sendpacket(p, bytes, count);
	if (count < 0)
		return handle_say(h, PCAP_ERROR, "a frame of %d bytes can't be sent", count);
	return send_frame(h, bytes, (size_t)count) < 0 ? PCAP_ERROR : 0;
}
