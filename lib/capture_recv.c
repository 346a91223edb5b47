/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Receiving: handing out what an engine has, waiting for it, and the end.
 *
 * nsr_recv() goes round: take() asks the engine; hand_out() gives packets to the caller; idle()
 * waits when there are none, and checks engine and place; filter_on() goes on when the filter has
 * refused all that there was.
 *
 * A capture that comes to an end (stopped, device or namespace gone) may still have packets: it
 * goes on handing them out until the engine knows that there are none, or has been quiet for its
 * drain time, then returns the reason, for ever.
 */
#include "capture.h"

#include <errno.h>

#include "sys/clock.h"

/* How often the core looks whether a device that is down still exists. */
#define SUSPECT_CHECK_MS 200

/* Starts the time anew that the engine must be quiet before the end is told. */
static void stay_quiet(struct nsr_capture *cap)
{
	cap->quiet_until_ms = nsr_clock_ms() + cap->ops->drain_ms(cap->priv);
}

/* Notes the first reason why the capture is over; packets may still come. */
static void end(struct nsr_capture *cap, int why)
{
	if (cap->end)
		return;
	cap->end = why;
	stay_quiet(cap);
	/* A program that polls nsr_fd() must wake up once more, to be told the end. */
	nsr_wait_tick(&cap->wait, cap->ops->drain_ms(cap->priv) + 1);
}

static uint32_t iface_linktype(void *arg, uint32_t id)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	struct nsr_capture *cap = arg;

	return cap->ops->interface(cap->priv, id, &iface) == 0 ? iface.linktype : 0;
}

/* Packets of a batch that the filter accepts. The refused are counted. */
static int filter_batch(struct nsr_capture *cap, int n)
{
	int i, verdict, kept = 0, unasked = 0;

	for (i = 0; i < n; i++) {
		verdict = nsr_filter_set_match(cap->soft_filter, &cap->packets[i], iface_linktype,
					       cap);
		if (verdict == -EOPNOTSUPP) {
			unasked++;
			continue;
		}
		if (verdict < 0)
			return nsr_error_set(&cap->last, verdict, "filter: out of memory");
		if (verdict)
			cap->packets[kept++] = cap->packets[i];
	}
	nsr_capture_count(&cap->n_filtered, (uint64_t)(n - kept));
	nsr_capture_count(&cap->n_unasked, (uint64_t)unasked);
	return kept;
}

/* Packets of a batch that go the way that nsr_set_direction() has chosen. The others are counted. */
static int keep_direction(struct nsr_capture *cap, int n)
{
	uint32_t wanted = cap->only == NSR_OUT ? NSR_PKT_OUT : 0;
	int i, kept = 0;

	for (i = 0; i < n; i++)
		if (cap->packets[i].flags & NSR_PKT_UNDIRECTED ||
		    (cap->packets[i].flags & NSR_PKT_OUT) == wanted)
			cap->packets[kept++] = cap->packets[i];
	nsr_capture_count(&cap->n_filtered, (uint64_t)(n - kept));
	return kept;
}

/* Cuts packets that the engine left whole for the filter. */
static void trim(struct nsr_capture *cap, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (cap->packets[i].caplen > cap->opts.snaplen)
			cap->packets[i].caplen = cap->opts.snaplen;
}

/* A filter that could be asked of no packet has done nothing: that is no normal end. */
static int judge_end(struct nsr_capture *cap)
{
	if (!cap->soft_filter || !nsr_filter_set_useless(cap->soft_filter, &cap->last))
		return -ENODATA;
	return cap->last.code;
}

/* Packets that are there now; *more: the engine had some, though the filter refused them all. */
static int take(struct nsr_capture *cap, bool *more)
{
	int n = cap->ops->recv(cap->priv, cap->packets, cap->opts.batch_packets, &cap->last);

	*more = n > 0;
	if (n > 0 && cap->soft_filter)
		n = filter_batch(cap, n);
	if (n > 0 && cap->only != NSR_BOTH)
		n = keep_direction(cap, n);
	if (n == -ENODATA)
		return judge_end(cap);
	if (cap->opts.snaplen < NSR_SNAPLEN_MAX && !cap->ops->set_filter)
		trim(cap, n);
	return n;
}

static void publish(struct nsr_capture *cap)
{
	struct nsr_stats stats = NSR_STATS_INIT;

	if (nsr_publish_due(&cap->publisher))
		nsr_stats_get(cap, &stats);
}

static int hand_out(struct nsr_capture *cap, struct nsr_batch *batch, int n)
{
	uint64_t bytes = 0;
	int i;

	for (i = 0; i < n; i++)
		bytes += cap->packets[i].len;
	nsr_capture_count(&cap->n_packets, (uint64_t)n);
	nsr_capture_count(&cap->n_bytes, bytes);
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
	/* Its devices live as long as the capture does: draining would never see the last packet. */
	if (cap->opts.mode & NSR_RECV && cap->ops->stop)
		cap->ops->stop(cap->priv, NULL);
	end(cap, -ENETDOWN);
}

static void set_tick(struct nsr_capture *cap)
{
	uint32_t place_ms = cap->place.path[0] ? PLACE_CHECK_MS : 0;

	nsr_wait_tick(&cap->wait, cap->suspect ? SUSPECT_CHECK_MS : place_ms);
}

/* Asks the engine about an error, or a device under suspicion. */
static void check_engine(struct nsr_capture *cap)
{
	int rc;

	if (!cap->ops->check)
		return;
	/* Must run after the end, too: it takes the error off the descriptor. */
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

void nsr_capture_look_after(struct nsr_capture *cap)
{
	int64_t now = nsr_clock_coarse_ms();

	if (now < cap->check_at_ms)
		return;
	cap->check_at_ms = now + PLACE_CHECK_MS;
	check_place(cap);
	/* The timer of an engine that always has something stands expired: it does not tick. */
	if (cap->ops->fd(cap->priv) < 0)
		check_engine(cap);
}

/* How long the caller of nsr_recv() still waits. */
struct patience {
	int wait_ms;
	bool waited;
	bool ready; /* the engine's descriptor polled readable */
	int64_t until_ms; /* 0: not waited yet */
};

/* Reads the clock only when the caller has set a limit. */
static int time_left_ms(struct patience *patience)
{
	int64_t now;

	if (patience->wait_ms <= 0)
		return patience->wait_ms;
	now = nsr_clock_ms();
	if (!patience->until_ms)
		patience->until_ms = now + patience->wait_ms;
	return now < patience->until_ms ? (int)(patience->until_ms - now) : 0;
}

/* Handles the events of a wait. 1: look again; 0: somebody has called nsr_wake(). */
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
 * Lets packets gather before the reader waits for the descriptor, once after packets have come. 1:
 * look again; 0: wait; or an error.
 */
static int coalesce(struct nsr_capture *cap, int left_ms)
{
	bool may_coalesce = cap->lively && left_ms != 0 && !cap->end;
	int rc, fd = -1, us;

	cap->lively = cap->lively && !may_coalesce;
	if (!cap->ops->idle)
		return 0;
	us = cap->ops->idle(cap->priv, may_coalesce, &fd);
	if (us <= 0)
		return us == -EAGAIN ? 1 : us;
	if (left_ms > 0 && us / 1000 >= left_ms)
		us = left_ms * 1000;
	rc = nsr_wait_coalesce(&cap->wait, (uint32_t)us, fd);
	return rc < 0 ? rc : 1;
}

/* Waits, as the engine has nothing now. 1: look again; 0 or an error: nsr_recv() returns it. */
static int idle(struct nsr_capture *cap, struct patience *patience)
{
	int left_ms = time_left_ms(patience);
	bool draining = false;
	int64_t quiet_ms;
	int events, rc;

	if (patience->ready) {
		patience->ready = false;
		check_engine(cap);
	}
	nsr_capture_look_after(cap);
	publish(cap);
	rc = coalesce(cap, left_ms);
	if (rc)
		return rc;
	if (cap->end) {
		quiet_ms = cap->quiet_until_ms - nsr_clock_ms();
		if (quiet_ms <= 0 || (cap->ops->drained && cap->ops->drained(cap->priv)))
			return cap->end;
		draining = left_ms < 0 || left_ms > quiet_ms;
		if (draining)
			left_ms = (int)quiet_ms;
	}
	if (left_ms == 0 && patience->waited)
		return 0;
	patience->waited = true;
	events = nsr_wait_for(&cap->wait, left_ms);
	if (events <= 0)
		return events == 0 && draining ? 1 : events;
	patience->ready = events & NSR_WAIT_READY && cap->ops->fd(cap->priv) >= 0;
	return see_to(cap, events);
}

/* A call goes through refused packets for this long, even if the caller would wait less. */
#define FILTER_MS 100

/* Called when the filter has refused all that the engine had. Returns as idle() does. */
static int filter_on(struct nsr_capture *cap, struct patience *patience)
{
	int64_t now = nsr_clock_ms();
	int events;

	nsr_capture_look_after(cap);
	if (!patience->until_ms)
		patience->until_ms =
			now + (patience->wait_ms > FILTER_MS ? patience->wait_ms : FILTER_MS);
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
			nsr_capture_look_after(cap);
			if (cap->end)
				stay_quiet(cap);
			return hand_out(cap, batch, n);
		}
		if (n < 0)
			return nsr_capture_failed(cap, n);
		rc = more ? filter_on(cap, &patience) : idle(cap, &patience);
		if (rc <= 0)
			return rc < 0 ? nsr_capture_failed(cap, rc) : 0;
	}
}

int nsr_stop(struct nsr_capture *cap)
{
	int rc;

	if (cap->end == -ENODATA)
		return 0;
	rc = cap->ops->stop ? cap->ops->stop(cap->priv, &cap->last) : 0;
	if (rc < 0)
		return nsr_capture_failed(cap, rc);
	if (!cap->end)
		nsr_error_set(&cap->last, -ENODATA, "stopped");
	end(cap, -ENODATA);
	return 0;
}
