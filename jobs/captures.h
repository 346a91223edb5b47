/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A set of open captures and the one loop that reads them.
 *
 *	captures_open(&set, &args->capture, filter, default_snaplen)
 *	captures_run(&set, &args->capture, &events)
 *	... totals: set.list[i].packets, .bytes, captures_stats() ...
 *	captures_close(&set)
 *
 * captures_run() ends by signal, time, number of packets, when every capture has ended, or when
 * an event function fails. It then stops the captures and hands out what had been taken before,
 * so that handed out + lost = received. After --packets the rest is left alone.
 */
#ifndef NSRING_CAPTURES_H
#define NSRING_CAPTURES_H

#include <stdbool.h>
#include <stdint.h>

#include <nsring/nsring.h>

#include "request.h"

/**
 * struct captures_one - an open capture
 * @target:  as typed
 * @cap:     the library's handle
 * @info:    nsr_info() after opening
 * @snaplen: bytes to keep of each packet, 0: whole packets
 * @packets: handed to the events so far
 * @bytes:   their lengths on the wire
 * @status:  0 while it runs; -ENODATA after a normal end; else why it failed
 * @error:   that in words, to be freed by captures_close(); NULL without
 * @active:  may have packets without its descriptor saying so
 * @user:    the command's
 */
struct captures_one {
	const char *target;
	struct nsr_capture *cap;
	struct nsr_info info;
	uint32_t snaplen;
	uint64_t packets;
	uint64_t bytes;
	int status;
	char *error;
	bool active;
	void *user;
};

/**
 * struct captures - the set
 * @list:     @count captures, in the order of the -i
 * @count:    how many
 * @live:     of these, still running
 * @packets:  handed out by all
 * @begin_ns: when captures_run() began, monotonic clock
 * @end_ns:   when it ended taking packets; 0 before
 * @poll_fd:  epoll descriptor, -1 with one capture
 * @queue:    indices of the captures whose @active is set, a ring of @count
 * @head:     the first of them
 * @actives:  how many
 * @turns:    batches handed out since the descriptors were last looked at
 */
struct captures {
	struct captures_one *list;
	uint32_t count;
	uint32_t live;
	uint64_t packets;
	uint64_t begin_ns;
	uint64_t end_ns;
	int poll_fd;
	uint32_t *queue;
	uint32_t head;
	uint32_t actives;
	uint32_t turns;
};

/**
 * struct captures_events - what a command does in the loop; each may be NULL
 * @packets: packets came; valid until it returns
 * @idle:    nothing is ready, the loop is about to wait: flush here
 * @tick:    a second has passed (not called again after the end)
 * @arg:     handed to each
 *
 * Each returns 0 to go on; anything else ends the run: negative when it failed, which has
 * been said, or 1 for a normal end.
 */
struct captures_events {
	int (*packets)(void *arg, struct captures_one *from, const struct nsr_packet *packets,
		       uint32_t count);
	int (*idle)(void *arg);
	int (*tick)(void *arg);
	void *arg;
};

/**
 * captures_open() - open every target
 * @set:     filled in; captures_close() also after an error
 * @args:    the options
 * @filter:  tcpdump's syntax, NULL or "" for none
 * @snaplen: when --snaplen wasn't given; not for files; 0: whole packets
 *
 * Return: 0; -1 it failed, which has been said.
 */
int captures_open(struct captures *set, const struct capture_request *args, const char *filter,
		  uint32_t snaplen);

/**
 * captures_run() - read until the end
 * @set:    open
 * @args:   --duration and --packets
 * @events: what to do
 *
 * Return: 0; -1 when a capture or an event function failed, which has been said.
 */
int captures_run(struct captures *set, const struct capture_request *args,
		 const struct captures_events *events);

/**
 * captures_activate() - have a capture's packets looked for, whatever its descriptor says
 * @set: open
 * @one: nothing happens when it has ended
 */
void captures_activate(struct captures *set, struct captures_one *one);

/**
 * captures_next() - the next batch of any capture, in turns
 * @set:     open
 * @batch:   filled in; valid until the next call
 * @wait_ms: at most; a signal ends the wait
 *
 * A capture that ends is marked so; an error is said.
 *
 * Return: where it came from; NULL when there was nothing.
 */
struct captures_one *captures_next(struct captures *set, struct nsr_batch *batch, int wait_ms);

/**
 * captures_stop() - take no further packets; what was taken is still handed out
 * @set: open
 */
void captures_stop(struct captures *set);

/**
 * captures_stats() - the library's totals of one capture
 * @one:   open or ended
 * @stats: filled in
 */
void captures_stats(const struct captures_one *one, struct nsr_stats *stats);

/**
 * captures_seconds() - how long the run took, or has taken so far
 * @set: after captures_run() has begun
 */
double captures_seconds(const struct captures *set);

/**
 * captures_close() - close all and free
 * @set: zeroed, opened, or half opened
 */
void captures_close(struct captures *set);

#endif
