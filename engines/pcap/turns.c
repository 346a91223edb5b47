/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Some devices, such as D-Bus, have no non-blocking mode. A thread reads those, which takes turns with
 * recv in two areas of memory: it fills one while recv's caller has the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sys/thread.h"
#include "pcap.h"

/**
 * struct lp_turns - reading in a thread
 * @lock:   held to look at what follows
 * @emptied: recv has taken the area that was full
 * @areas, @filling: the thread fills areas[filling], recv's caller has the other
 * @event:  readable while there is a packet in areas[filling], or @failed
 * @failed: libpcap has; the thread has ended
 * @quit:   the thread is to end
 */
struct lp_turns {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t emptied;
	struct lp_area areas[2];
	uint32_t filling;
	int event;
	bool failed, quit;
};

int lp_turns_make(struct lp *lp, struct nsr_error *err)
{
	struct lp_turns *turns = calloc(1, sizeof(*turns));
	int rc;

	if (!turns)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	lp->turns = turns;
	pthread_mutex_init(&turns->lock, NULL);
	pthread_cond_init(&turns->emptied, NULL);
	turns->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (turns->event < 0)
		return nsr_error_set(err, -errno, "eventfd: %s", strerror(errno));
	rc = lp_area_make(&turns->areas[0], lp->snaplen, err);
	return rc < 0 ? rc : lp_area_make(&turns->areas[1], lp->snaplen, err);
}

/* The same, in the thread. */
static void keep_for_recv(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct lp *lp = (void *)user;
	struct lp_turns *turns = lp->turns;

	pthread_mutex_lock(&turns->lock);
	while (turns->areas[turns->filling].count == LP_BATCH && !turns->quit)
		pthread_cond_wait(&turns->emptied, &turns->lock);
	if (!turns->quit)
		lp_area_add(lp, &turns->areas[turns->filling], header, bytes);
	eventfd_write(turns->event, 1);
	pthread_mutex_unlock(&turns->lock);
}

static void *read_all(void *arg)
{
	struct lp *lp = arg;
	struct lp_turns *turns = lp->turns;
	bool quit = false;

	while (!quit && pcap_dispatch(lp->pcap, 1, keep_for_recv, (void *)lp) >= 0) {
		pthread_mutex_lock(&turns->lock);
		quit = turns->quit;
		pthread_mutex_unlock(&turns->lock);
	}
	pthread_mutex_lock(&turns->lock);
	turns->failed = true;
	eventfd_write(turns->event, 1);
	pthread_mutex_unlock(&turns->lock);
	return NULL;
}

int lp_turns_start(struct lp *lp, struct nsr_error *err)
{
	int rc = nsr_thread_start(&lp->turns->thread, read_all, lp);

	return rc < 0 ? nsr_error_set(err, rc, "thread: %s", strerror(-rc)) : 0;
}

int lp_turns_fd(const struct lp *lp)
{
	return lp->turns->event;
}

int lp_turns_take(struct lp *lp, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	struct lp_turns *turns = lp->turns;
	struct lp_area *area = &turns->areas[turns->filling ^ 1];
	eventfd_t events;
	bool failed;

	/* What did not fit into the caller's batch last time comes first. */
	if (!area->count) {
		pthread_mutex_lock(&turns->lock);
		area->used = 0;
		area = &turns->areas[turns->filling];
		turns->filling ^= 1;
		eventfd_read(turns->event, &events);
		pthread_cond_signal(&turns->emptied);
		failed = turns->failed;
		if (failed)
			eventfd_write(turns->event, 1);
		pthread_mutex_unlock(&turns->lock);
		if (!area->count)
			return failed ? lp_say_failed(lp, err) : 0;
	}
	if (max > area->count)
		max = area->count;
	memcpy(packets, area->packets, max * sizeof(*packets));
	area->count -= max;
	memmove(area->packets, area->packets + max, area->count * sizeof(*packets));
	if (area->count)
		eventfd_write(turns->event, 1);
	return (int)max;
}

/* A thread in pcap_dispatch() looks after a tenth of a second at most: dbus_read() in libpcap. */
void lp_turns_end(struct lp *lp)
{
	struct lp_turns *turns = lp->turns;
	uint32_t i;

	if (turns->thread) {
		pthread_mutex_lock(&turns->lock);
		turns->quit = true;
		pthread_cond_signal(&turns->emptied);
		pthread_mutex_unlock(&turns->lock);
		pcap_breakloop(lp->pcap);
		pthread_join(turns->thread, NULL);
	}
	for (i = 0; i < 2; i++)
		lp_area_free(&turns->areas[i]);
	if (turns->event > 0)
		close(turns->event);
	pthread_cond_destroy(&turns->emptied);
	pthread_mutex_destroy(&turns->lock);
	free(turns);
	lp->turns = NULL;
}
