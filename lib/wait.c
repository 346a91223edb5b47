/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * An epoll set of two: the engine's descriptor and a timer. The timer has three jobs. It ticks
 * while somebody must check place or device; it expires at once to wake a waiting thread; and for
 * an engine without a descriptor, which always has something, it stays expired and is never read,
 * so that users can poll.
 *
 * A wake-up sets the flag @woken first and the timer second. nsr_wait_tick(), which sets the timer
 * too, looks at the flag afterwards and makes the timer expire if it is set. So no wake-up is lost,
 * whichever of the two comes last.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "wait.h"

enum source { SOURCE_ENGINE, SOURCE_TIMER, SOURCE_ALWAYS };

static int watch(int epoll, int fd, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Makes nothing but a system call, since signal handlers come here. */
static void set_timer(const struct nsr_wait *wait, bool now)
{
	uint32_t tick_ms = atomic_load(&wait->tick_ms);
	struct itimerspec when = { 0 };

	when.it_interval.tv_sec = tick_ms / 1000;
	when.it_interval.tv_nsec = (long)(tick_ms % 1000) * 1000000;
	when.it_value = when.it_interval;
	if (now) {
		when.it_value.tv_sec = 0;
		when.it_value.tv_nsec = 1;
	}
	timerfd_settime(wait->timer, 0, &when, NULL);
}

int nsr_wait_open(struct nsr_wait *wait, int fd, uint32_t tick_ms)
{
	int rc;

	wait->timer = -1;
	wait->always = fd < 0;
	atomic_init(&wait->tick_ms, tick_ms);
	atomic_init(&wait->woken, false);
	wait->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (wait->epoll < 0)
		return -errno;
	wait->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (wait->timer < 0) {
		rc = -errno;
		goto close_all;
	}
	rc = watch(wait->epoll, wait->timer, wait->always ? SOURCE_ALWAYS : SOURCE_TIMER);
	if (rc == 0 && fd >= 0)
		rc = watch(wait->epoll, fd, SOURCE_ENGINE);
	if (rc < 0)
		goto close_all;
	set_timer(wait, wait->always);
	return 0;

close_all:
	nsr_wait_close(wait);
	return rc;
}

void nsr_wait_close(struct nsr_wait *wait)
{
	if (wait->timer >= 0)
		close(wait->timer);
	if (wait->epoll >= 0)
		close(wait->epoll);
	wait->timer = wait->epoll = -1;
}

/* A timer that expired to wake a thread counts as a tick, too, where it ticks at all. */
static int timer_events(struct nsr_wait *wait)
{
	uint64_t expirations;

	if (read(wait->timer, &expirations, sizeof(expirations)) < 0)
		return 0;
	return atomic_load(&wait->tick_ms) ? NSR_WAIT_TICK : 0;
}

int nsr_wait_for(struct nsr_wait *wait, int ms)
{
	struct epoll_event events[2];
	int result = 0;
	int i, n;

	n = epoll_wait(wait->epoll, events, 2, ms);
	if (n < 0)
		return -errno;
	for (i = 0; i < n; i++) {
		if (events[i].data.u32 == SOURCE_TIMER)
			result |= timer_events(wait);
		else
			result |= NSR_WAIT_READY;
		if (events[i].data.u32 == SOURCE_ENGINE && events[i].events & EPOLLERR)
			result |= NSR_WAIT_ERROR;
	}
	if (atomic_exchange(&wait->woken, false))
		result |= NSR_WAIT_WOKEN;
	return result;
}

int nsr_wait_coalesce(struct nsr_wait *wait, uint32_t us, int fd)
{
	struct timespec pause = { .tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000 };
	struct pollfd ends[] = { { .fd = wait->timer, .events = POLLIN },
				 { .fd = fd, .events = POLLIN } };

	return ppoll(ends, 2, &pause, NULL) < 0 ? -errno : 0;
}

void nsr_wait_tick(struct nsr_wait *wait, uint32_t tick_ms)
{
	if (wait->always)
		return;
	atomic_store(&wait->tick_ms, tick_ms);
	set_timer(wait, false);
	/* This may have undone a wake-up that was waiting in the timer: see the top. */
	if (atomic_load(&wait->woken))
		set_timer(wait, true);
}

void nsr_wait_wake(struct nsr_wait *wait)
{
	atomic_store(&wait->woken, true);
	set_timer(wait, true);
}
