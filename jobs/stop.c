/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * When a run must end. The handler sets a flag, writes to an eventfd and wakes the capture; all of
 * these are safe in a signal handler.
 */
#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <nsring/nsring.h>

#include "sys/clock.h"
#include "text/units.h"

static volatile sig_atomic_t signalled;
static int event_fd = -1;
static struct nsr_capture *volatile woken;
static uint64_t deadline_ns = UINT64_MAX;

static void on_signal(int number)
{
	const uint64_t one = 1;
	int saved_errno = errno;
	struct nsr_capture *cap = woken;
	ssize_t written;

	signalled = 1;
	/* Fails only when the eventfd is readable already. */
	written = write(event_fd, &one, sizeof(one));
	(void)written;
	if (cap)
		nsr_wake(cap);
	errno = saved_errno;
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

int stop_catch(void)
{
	/* SA_RESETHAND: the second signal has its default action, which kills. */
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
	size_t i;

	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	if (event_fd < 0)
		event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		return -errno;
	sigemptyset(&act.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction old;

		/* nohup(1) ignores SIGHUP on purpose. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN &&
		    signals[i] == SIGHUP)
			continue;
		if (sigaction(signals[i], &act, NULL) < 0)
			return -errno;
	}
	return 0;
}

void stop_restarts(void)
{
	struct sigaction act;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (sigaction(signals[i], NULL, &act) < 0 || act.sa_handler != on_signal)
			continue;
		act.sa_flags |= SA_RESTART;
		sigaction(signals[i], &act, NULL);
	}
}

void stop_after(uint64_t duration_ns)
{
	uint64_t now = nsr_clock_ns();

	deadline_ns =
		duration_ns && duration_ns < UINT64_MAX - now ? now + duration_ns : UINT64_MAX;
}

uint64_t stop_deadline_ns(void)
{
	return deadline_ns;
}

void stop_wakes(struct nsr_capture *cap)
{
	woken = cap;
}

bool stop_signalled(void)
{
	return signalled;
}

bool stop_now(void)
{
	return signalled || (deadline_ns != UINT64_MAX && nsr_clock_ns() >= deadline_ns);
}

int stop_wait_ms(int most)
{
	uint64_t now, left_ms;

	if (signalled)
		return 0;
	if (deadline_ns == UINT64_MAX)
		return most;
	now = nsr_clock_ns();
	if (now >= deadline_ns)
		return 0;
	/* Round up: waits of 0 ms would spin through the last millisecond. */
	left_ms = (deadline_ns - now + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
	return left_ms < (uint64_t)most ? (int)left_ms : most;
}

int stop_fd(void)
{
	return event_fd;
}
