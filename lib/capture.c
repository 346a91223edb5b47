/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A capture: an open target.
 *
 * Engines only say what is there now; waiting, waking, filtering for engines that can't, watching
 * over the place, totals and the order "packets first, then the error" are here, once.
 *
 * A capture that comes to an end (stopped, device or namespace gone) may still have packets: it
 * goes on handing them out until the engine has been quiet for its drain time, then returns the
 * reason, for ever.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "filter.h"
#include "options.h"
#include "place.h"
#include "publish.h"
#include "registry.h"
#include "sized.h"
#include "target.h"
#include "wait.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h since 5.14 */
#endif

/* nsr_options.batch_ms where neither the caller nor the engine has a wish. */
#define DEFAULT_BATCH_MS 20

/* The place of a target that captures all namespaces at once. */
#define ALL_PLACES "all"

/* How often to look whether a place still exists. */
#define PLACE_CHECK_MS 1000

/* And whether a device that is down still exists. */
#define SUSPECT_CHECK_MS 200

struct nsr_capture {
	const struct nsr_engine_ops *ops;
	void *priv;
	struct nsr_wait wait;
	struct nsr_packet *packets; /* opts.batch_packets of them */
	struct nsr_options opts;
	struct nsr_filter *filter; /* engines that filter: what they use */
	struct nsr_filter_set *sift; /* engines that don't */
	bool suspect; /* the engine asked to be checked again soon */
	bool lively; /* packets have come since the reader waited for the engine's descriptor */
	int end; /* why it is over, 0 while it is not */
	int64_t check_at_ms; /* engines that never wait: when to look after it and its place again */
	int64_t quiet_until_ms; /* with @end: when the engine counts as drained */
	struct nsr_error last;
	/* Written by the reader (or sender) only; others may read them at any time. */
	_Atomic uint64_t n_packets, n_bytes, n_filtered, n_sent, n_sent_bytes;
	struct nsr_target target;
	struct nsr_place place;
	uint64_t netns_cookie;
	struct nsr_publisher publisher;
};

static void count(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

/* What has to happen inside the place. */
struct opening {
	struct nsr_capture *cap;
	struct nsr_error *err;
};

static uint64_t own_netns_cookie(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) < 0)
		cookie = 0;
	close(fd);
	return cookie;
}

static bool is_everywhere(const struct nsr_target *target)
{
	return strcmp(target->place, ALL_PLACES) == 0;
}

static int call_open(struct nsr_capture *cap, struct nsr_error *err)
{
	struct nsr_options opts = cap->opts;
	struct nsr_engine_args args = {
		.size = sizeof(args),
		.device = cap->target.device,
		.queue = cap->target.queue,
		.opts = &opts,
		.batch_default = !opts.batch_ms,
		.all = is_everywhere(&cap->target),
	};

	if (!opts.batch_ms)
		opts.batch_ms = DEFAULT_BATCH_MS;

	/* The filter must see what is cut off: see trim(). */
	if (!cap->ops->set_filter)
		opts.snaplen = NSR_SNAPLEN_MAX;
	return cap->ops->open(&args, &cap->priv, err);
}

static int open_inside(void *arg)
{
	struct opening *opening = arg;
	struct nsr_capture *cap = opening->cap;

	cap->netns_cookie = own_netns_cookie();
	return call_open(cap, opening->err);
}

/* Refuses what only other engines have. */
static int check_engine_has(const struct nsr_capture *cap, struct nsr_error *err)
{
	const struct nsr_options *opts = &cap->opts;
	const char *name = cap->ops->name;

	if (cap->target.queue >= 0 && !(cap->ops->flags & NSR_ENGINE_QUEUE))
		return nsr_error_set(err, -EINVAL,
				     "engine %s takes no queue: leave \"@%d\" out of the target",
				     name, cap->target.queue);
	if ((cap->opts.xdp || cap->opts.busy_poll_us) && !(cap->ops->flags & NSR_ENGINE_XDP))
		return nsr_error_set(err, -EOPNOTSUPP,
				     "engine %s doesn't use XDP: leave its modes and busy polling "
				     "out, or use zc:%s",
				     name, cap->target.device);
	if ((opts->share || opts->sample > 1 || opts->inject || opts->fanout > NSR_FANOUT_QUEUE) &&
	    !(cap->ops->flags & NSR_ENGINE_SHARE))
		return nsr_error_set(err, -EOPNOTSUPP,
				     "engine %s can't %s: load nsring.ko and use ring:%s", name,
				     opts->share	? "share a ring"
				     : opts->sample > 1 ? "sample"
				     : opts->inject	? "inject frames into the stack"
							: "spread packets that way",
				     cap->target.device);
	if (is_everywhere(&cap->target) && !(cap->ops->flags & NSR_ENGINE_ALL))
		return nsr_error_set(err, -EOPNOTSUPP,
				     "engine %s captures one namespace at a time: for all at once "
				     "load nsring.ko and use all/ring:any",
				     name);
	if (is_everywhere(&cap->target) && strcmp(cap->target.device, "any") != 0)
		return nsr_error_set(err, -EINVAL,
				     "of all namespaces at once there is only the device \"any\"");
	if (opts->mode & NSR_SEND && !cap->ops->send)
		return nsr_error_set(err, -EOPNOTSUPP, "engine %s can't send", name);
	return 0;
}

static int open_engine(struct nsr_capture *cap, struct nsr_error *err)
{
	struct opening opening = { .cap = cap, .err = err };
	int rc;

	rc = check_engine_has(cap, err);
	if (rc < 0)
		return rc;
	if (cap->ops->flags & NSR_ENGINE_PATH) {
		if (cap->target.place[0])
			return nsr_error_set(err, -EINVAL,
					     "engine %s takes no place: leave \"%s/\" out of the "
					     "target",
					     cap->ops->name, cap->target.place);
		return call_open(cap, err);
	}
	rc = nsr_place_open(is_everywhere(&cap->target) ? "" : cap->target.place, &cap->place, err);
	if (rc < 0)
		return rc;
	rc = nsr_place_run(&cap->place, open_inside, &opening, err);
	nsr_place_close(&cap->place);
	return rc;
}

static uint32_t linktype(struct nsr_capture *cap)
{
	struct nsr_info info = { .size = sizeof(info) };

	cap->ops->info(cap->priv, &info);
	return info.linktype;
}

static int use_filter(struct nsr_capture *cap, const char *text, struct nsr_error *err)
{
	struct nsr_filter *filter = NULL;
	int rc;

	if (text) {
		rc = nsr_filter_compile(text, linktype(cap), &filter, err);
		if (rc < 0)
			return rc;
	}
	rc = cap->ops->set_filter(cap->priv, filter, err);
	if (rc < 0) {
		nsr_filter_free(filter);
		return rc;
	}
	nsr_filter_free(cap->filter);
	cap->filter = filter;
	return 0;
}

static int use_sift(struct nsr_capture *cap, const char *text, struct nsr_error *err)
{
	struct nsr_filter_set *sift = NULL;
	int rc;

	if (text) {
		rc = nsr_filter_set_new(text, linktype(cap), &sift, err);
		if (rc < 0)
			return rc;
	}
	nsr_filter_set_free(cap->sift);
	cap->sift = sift;
	return 0;
}

int nsr_set_filter(struct nsr_capture *cap, const char *filter, struct nsr_error *err)
{
	int rc;

	if (filter && !*filter)
		filter = NULL;
	rc = cap->ops->set_filter ? use_filter(cap, filter, err) : use_sift(cap, filter, err);
	if (rc == 0)
		nsr_publish_filter(&cap->publisher, filter);
	return rc;
}

static int start(struct nsr_capture *cap, struct nsr_error *err)
{
	int fd, rc;

	rc = nsr_set_filter(cap, cap->opts.filter, err);
	if (rc < 0)
		return rc;
	fd = cap->ops->fd(cap->priv);
	rc = nsr_wait_open(&cap->wait, fd, cap->place.path[0] ? PLACE_CHECK_MS : 0);
	if (rc < 0)
		return nsr_error_set(err, rc, "%s: can't wait on it: %s", cap->target.device,
				     strerror(-rc));
	return cap->ops->start(cap->priv, err);
}

static void say_target(const char *target, struct nsr_error *err)
{
	struct nsr_error why = *err;

	size_t len = strlen(target);

	if (strncmp(why.text, target, len) == 0 && why.text[len] == ':')
		return; /* said already, as of a file */
	nsr_error_set(err, why.code, "%.150s: %.350s", target, why.text);
}

/* Lets go of all that opening and starting has made. */
static void shut(struct nsr_capture *cap)
{
	nsr_wait_close(&cap->wait);
	if (cap->priv)
		cap->ops->close(cap->priv);
	cap->priv = NULL;
	nsr_filter_free(cap->filter);
	cap->filter = NULL;
	nsr_filter_set_free(cap->sift);
	cap->sift = NULL;
	nsr_publish_close(&cap->publisher);
}

static int open_with(struct nsr_capture *cap, const struct nsr_engine_ops *ops, const char *target,
		     struct nsr_error *err)
{
	int rc;

	cap->ops = ops;
	rc = open_engine(cap, err);
	if (rc == 0 && cap->opts.mode & NSR_RECV)
		nsr_publish_open(&cap->publisher, target, ops->name, cap->place.inode);
	if (rc == 0)
		rc = start(cap, err);
	if (rc < 0)
		shut(cap);
	return rc;
}

/* Reasons that are the engine's own: another one may well do. */
static bool may_fall_back(int code)
{
	return code == -ENOMEM || code == -EPROTONOSUPPORT || code == -EAFNOSUPPORT;
}

/* When none does, the first one's reason is told. */
static int open_with_default(struct nsr_capture *cap, const char *target, struct nsr_error *err)
{
	const struct nsr_engine_ops *ops = nsr_registry_default(&cap->opts, NULL);
	struct nsr_error unused;
	int rc, next;

	rc = next = open_with(cap, ops, target, err);
	while (next < 0 && may_fall_back(next)) {
		ops = nsr_registry_default(&cap->opts, ops);
		if (!ops)
			return rc;
		next = open_with(cap, ops, target, &unused);
	}
	return next < 0 ? rc : nsr_error_set(err, 0, "%s", "");
}

static int open_target(struct nsr_capture *cap, const char *target, struct nsr_error *err)
{
	const struct nsr_engine_ops *ops;

	if (!*cap->target.engine)
		return open_with_default(cap, target, err);
	ops = nsr_registry_find(cap->target.engine, err);
	return ops ? open_with(cap, ops, target, err) : err->code;
}

int nsr_open(const char *target, const struct nsr_options *opts, struct nsr_capture **result,
	     struct nsr_error *err)
{
	struct nsr_capture *cap;
	struct nsr_error unused;
	int rc;

	*result = NULL;
	if (!err)
		err = &unused;
	nsr_error_set(err, 0, "%s", "");
	cap = calloc(1, sizeof(*cap));
	if (!cap)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	cap->wait.epoll = cap->wait.timer = -1;
	rc = nsr_target_parse(target, &cap->target, err);
	if (rc == 0)
		rc = nsr_options_take(opts, &cap->opts, err);
	if (rc < 0)
		goto close;
	cap->packets = calloc(cap->opts.batch_packets, sizeof(*cap->packets));
	if (!cap->packets) {
		rc = nsr_error_set(err, -ENOMEM, "out of memory");
		goto close;
	}
	rc = open_target(cap, target, err);
	if (rc < 0)
		goto close;
	cap->opts.filter = NULL; /* the caller's */
	*result = cap;
	return 0;

close:
	say_target(target, err);
	nsr_close(cap);
	return rc;
}

void nsr_close(struct nsr_capture *cap)
{
	if (!cap)
		return;
	shut(cap);
	free(cap->packets);
	free(cap);
}

static void stay_quiet(struct nsr_capture *cap)
{
	cap->quiet_until_ms = nsr_wait_now_ms() + cap->ops->drain_ms(cap->priv);
}

static void end(struct nsr_capture *cap, int why)
{
	if (cap->end)
		return;
	cap->end = why;
	stay_quiet(cap);
	/* Who polls nsr_fd() has to come back for the end. */
	if (cap->ops->fd(cap->priv) >= 0)
		nsr_wait_tick(&cap->wait, cap->ops->drain_ms(cap->priv) + 1);
}

static uint32_t iface_linktype(void *arg, uint32_t id)
{
	struct nsr_interface iface = { .size = sizeof(iface) };
	struct nsr_capture *cap = arg;

	return cap->ops->interface(cap->priv, id, &iface) == 0 ? iface.linktype : 0;
}

static int sift(struct nsr_capture *cap, int n)
{
	int i, verdict, kept = 0;

	for (i = 0; i < n; i++) {
		verdict = nsr_filter_set_match(cap->sift, &cap->packets[i], iface_linktype, cap);
		if (verdict < 0)
			return nsr_error_set(&cap->last, verdict, "filter: out of memory");
		if (verdict)
			cap->packets[kept++] = cap->packets[i];
	}
	return kept;
}

static void trim(struct nsr_capture *cap, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (cap->packets[i].caplen > cap->opts.snaplen)
			cap->packets[i].caplen = cap->opts.snaplen;
}

/* Packets that are there now; *more: the engine had some, though the filter refused them all. */
static int take(struct nsr_capture *cap, bool *more)
{
	int n = cap->ops->recv(cap->priv, cap->packets, cap->opts.batch_packets, &cap->last), kept;

	*more = n > 0;
	if (n > 0 && cap->sift) {
		kept = sift(cap, n);
		count(&cap->n_filtered, kept < 0 ? 0 : (uint64_t)(n - kept));
		n = kept;
	}
	if (cap->opts.snaplen < NSR_SNAPLEN_MAX && !cap->ops->set_filter)
		trim(cap, n);
	return n;
}

static void publish(struct nsr_capture *cap)
{
	struct nsr_stats stats = { .size = sizeof(stats) };

	if (nsr_publish_due(&cap->publisher))
		nsr_stats(cap, &stats);
}

static int hand_out(struct nsr_capture *cap, struct nsr_batch *batch, int n)
{
	uint64_t bytes = 0;
	int i;

	for (i = 0; i < n; i++)
		bytes += cap->packets[i].len;
	count(&cap->n_packets, (uint64_t)n);
	count(&cap->n_bytes, bytes);
	cap->lively = true;
	publish(cap);
	batch->packets = cap->packets;
	batch->count = (uint32_t)n;
	return n;
}

static void check_place(struct nsr_capture *cap)
{
	if (cap->end || !nsr_place_gone(&cap->place))
		return;
	nsr_error_set(&cap->last, -ENETDOWN,
		      "place \"%s\" is gone: its network namespace was deleted", cap->target.place);
	end(cap, -ENETDOWN);
}

static void set_tick(struct nsr_capture *cap)
{
	uint32_t place_ms = cap->place.path[0] ? PLACE_CHECK_MS : 0;

	nsr_wait_tick(&cap->wait, cap->suspect ? SUSPECT_CHECK_MS : place_ms);
}

static void check_engine(struct nsr_capture *cap)
{
	int rc;

	if (!cap->ops->check)
		return;
	/* Also at the end: it takes the error off the descriptor. */
	rc = cap->ops->check(cap->priv, cap->end ? NULL : &cap->last);
	if (cap->end)
		return;
	if (rc < 0) {
		end(cap, rc);
	} else if (cap->suspect != (rc > 0)) {
		cap->suspect = rc > 0;
		set_tick(cap);
	}
}

/* The timer of an engine that always has something stands expired: it does not tick. */
static void check_without_tick(struct nsr_capture *cap)
{
	int64_t now;

	if (cap->ops->fd(cap->priv) >= 0)
		return;
	now = nsr_wait_now_ms();
	if (now < cap->check_at_ms)
		return;
	cap->check_at_ms = now + PLACE_CHECK_MS;
	if (cap->place.path[0])
		check_place(cap);
	check_engine(cap);
}

/* How long the caller of nsr_recv() still waits. */
struct patience {
	int wait_ms;
	bool waited;
	bool ready; /* the engine's descriptor was */
	int64_t until_ms; /* 0: not waited yet */
};

static int rest_ms(struct patience *patience)
{
	int64_t now;

	if (patience->wait_ms <= 0)
		return patience->wait_ms;
	now = nsr_wait_now_ms();
	if (!patience->until_ms)
		patience->until_ms = now + patience->wait_ms;
	return now < patience->until_ms ? (int)(patience->until_ms - now) : 0;
}

/* What a wait has brought. 1: look again; 0: somebody wants the reader back. */
static int see_to(struct nsr_capture *cap, int events)
{
	if (events & NSR_WAIT_WOKEN)
		return 0;
	if (events & NSR_WAIT_TICK)
		check_place(cap);
	if (events & NSR_WAIT_ERROR || (events & NSR_WAIT_TICK && cap->suspect))
		check_engine(cap);
	return 1;
}

/*
 * Lets packets gather before the descriptor is waited for, once after packets have come. 1: look
 * again; 0: wait; or an error.
 */
static int rest_a_while(struct nsr_capture *cap, int left_ms)
{
	bool look_away = cap->lively && left_ms != 0 && !cap->end;
	int rc, fd = -1, us;

	cap->lively = cap->lively && !look_away;
	if (!cap->ops->rest)
		return 0;
	us = cap->ops->rest(cap->priv, look_away, &fd);
	if (us <= 0)
		return us == -EAGAIN ? 1 : us;
	if (left_ms > 0 && us / 1000 >= left_ms)
		us = left_ms * 1000;
	rc = nsr_wait_rest(&cap->wait, (uint32_t)us, fd);
	return rc < 0 ? rc : 1;
}

/* Nothing there now. 1: look again; 0 or an error: what nsr_recv() returns. */
static int idle(struct nsr_capture *cap, struct patience *patience)
{
	int rest = rest_ms(patience);
	bool draining = false;
	int64_t quiet_ms;
	int events, rc;

	if (patience->ready) {
		patience->ready = false;
		check_engine(cap);
	}
	check_without_tick(cap);
	publish(cap);
	rc = rest_a_while(cap, rest);
	if (rc)
		return rc;
	if (cap->end) {
		quiet_ms = cap->quiet_until_ms - nsr_wait_now_ms();
		if (quiet_ms <= 0)
			return cap->end;
		draining = rest < 0 || rest > quiet_ms;
		if (draining)
			rest = (int)quiet_ms;
	}
	if (rest == 0 && patience->waited)
		return 0;
	patience->waited = true;
	events = nsr_wait_for(&cap->wait, rest);
	if (events <= 0)
		return events == 0 && draining ? 1 : events;
	patience->ready = events & NSR_WAIT_READY && cap->ops->fd(cap->priv) >= 0;
	return see_to(cap, events);
}

/* How long to go through packets that the filter refuses, however short the caller's wait is. */
#define SIFT_MS 100

/* The filter has refused all that the engine had. 1: go on; 0 or an error: as idle(). */
static int sift_on(struct nsr_capture *cap, struct patience *patience)
{
	int64_t now = nsr_wait_now_ms();
	int events;

	if (!patience->until_ms)
		patience->until_ms =
			now + (patience->wait_ms > SIFT_MS ? patience->wait_ms : SIFT_MS);
	if (patience->wait_ms >= 0 && now >= patience->until_ms)
		return 0;
	events = nsr_wait_for(&cap->wait, 0);
	return events < 0 ? events : see_to(cap, events);
}

int nsr_recv(struct nsr_capture *cap, struct nsr_batch *batch, int wait_ms)
{
	struct patience patience = { .wait_ms = wait_ms };
	bool more;
	int n, rc;

	batch->packets = cap->packets;
	batch->count = 0;
	if (!(cap->opts.mode & NSR_RECV))
		return nsr_error_set(&cap->last, -EBADF, "opened for sending only");
	for (;;) {
		n = take(cap, &more);
		if (n > 0) {
			if (cap->end)
				stay_quiet(cap);
			return hand_out(cap, batch, n);
		}
		if (n < 0)
			return n;
		rc = more ? sift_on(cap, &patience) : idle(cap, &patience);
		if (rc <= 0)
			return rc;
	}
}

int nsr_stop(struct nsr_capture *cap)
{
	int rc = cap->ops->stop ? cap->ops->stop(cap->priv, &cap->last) : 0;

	if (rc < 0)
		return rc;
	if (!cap->end)
		nsr_error_set(&cap->last, -ENODATA, "stopped");
	end(cap, -ENODATA);
	return 0;
}

void nsr_wake(struct nsr_capture *cap)
{
	nsr_wait_wake(&cap->wait);
}

int nsr_fd(const struct nsr_capture *cap)
{
	return cap->wait.epoll;
}

int nsr_send(struct nsr_capture *cap, const struct nsr_frame *frames, uint32_t n)
{
	uint64_t bytes = 0;
	int i, sent;

	if (!(cap->opts.mode & NSR_SEND))
		return nsr_error_set(&cap->last, -EBADF, "not opened for sending");
	if (n > INT32_MAX)
		n = INT32_MAX;
	sent = cap->ops->send(cap->priv, frames, n, &cap->last);
	if (sent <= 0)
		return sent;
	for (i = 0; i < sent; i++)
		bytes += frames[i].len;
	count(&cap->n_sent, (uint64_t)sent);
	count(&cap->n_sent_bytes, bytes);
	return sent;
}

int nsr_stats(struct nsr_capture *cap, struct nsr_stats *stats)
{
	struct nsr_stats all = { .size = sizeof(all) };

	all.packets = atomic_load_explicit(&cap->n_packets, memory_order_relaxed);
	all.bytes = atomic_load_explicit(&cap->n_bytes, memory_order_relaxed);
	all.filtered = atomic_load_explicit(&cap->n_filtered, memory_order_relaxed);
	all.sent = atomic_load_explicit(&cap->n_sent, memory_order_relaxed);
	all.sent_bytes = atomic_load_explicit(&cap->n_sent_bytes, memory_order_relaxed);
	if (cap->ops->stats)
		cap->ops->stats(cap->priv, &all);
	nsr_publish_stats(&cap->publisher, &all);
	return nsr_struct_give(stats, &all, sizeof(all));
}

int nsr_info(const struct nsr_capture *cap, struct nsr_info *info)
{
	struct nsr_info all = { .size = sizeof(all) };

	snprintf(all.engine, sizeof(all.engine), "%s", cap->ops->name);
	snprintf(all.place, sizeof(all.place), "%s", cap->target.place);
	snprintf(all.device, sizeof(all.device), "%s", cap->target.device);
	all.batch_packets = cap->opts.batch_packets;
	all.snaplen = cap->opts.snaplen;
	all.netns_inode = cap->place.inode;
	all.netns_cookie = cap->netns_cookie;
	cap->ops->info(cap->priv, &all);
	if (all.snaplen > cap->opts.snaplen)
		all.snaplen = cap->opts.snaplen;
	return nsr_struct_give(info, &all, sizeof(all));
}

int nsr_interface(struct nsr_capture *cap, uint32_t id, struct nsr_interface *iface)
{
	struct nsr_interface all = { .size = sizeof(all) };
	int rc = cap->ops->interface(cap->priv, id, &all);

	if (rc == 0 && all.snaplen > cap->opts.snaplen)
		all.snaplen = cap->opts.snaplen;
	return rc < 0 ? rc : nsr_struct_give(iface, &all, sizeof(all));
}

const char *nsr_last_error(const struct nsr_capture *cap)
{
	return cap->last.text;
}
