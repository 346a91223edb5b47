/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A set of open captures and the one loop that reads them.
 *
 *	captures_open(&set, &args->capture, filter, default_snaplen)
 *	captures_run(&set, &args->capture, &events)
 *	... totals: set.list[i].packets, .bytes, captures_stats() ...
 *	captures_close(&set)
 *
 * captures_run() ends at a signal, after a time or a number of packets, when every capture has
 * ended, or when an event function says so. It then stops the captures and hands out the packets
 * taken before, so that handed out + lost = received; but not after --packets, nor when an event
 * function failed.
 */
#ifndef NSRING_CAPTURES_H
#define NSRING_CAPTURES_H

#include <stdbool.h>
#include <stdint.h>

#include <nsring/nsring.h>

#include "device.h"
#include "request.h"

struct merge;

/**
 * struct captures_one - an open capture
 * @target:  as typed
 * @shown:   the same for people: without control characters
 * @cap:     the library's handle
 * @info:    nsr_info_get() after opening
 * @state:   of its device when it was opened
 * @snaplen: bytes to keep of each packet, 0: whole packets
 * @packets: handed to the events so far
 * @bytes:   their lengths on the wire
 * @status:  0 while it runs; -ENODATA after a normal end; else why it failed
 * @error:   @status in words, freed by captures_close(); NULL without a failure
 * @active:  it is in the set's @queue: may have packets though its descriptor isn't readable
 * @user:    for the command's own use
 */
struct captures_one {
	const char *target;
	char *shown;
	struct nsr_capture *cap;
	struct nsr_info info;
	enum device_state state;
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
 * @live:     how many have not ended
 * @packets:  handed out by all captures
 * @begin_ns: when captures_run() began, monotonic clock
 * @end_ns:   when it ended taking packets; 0 before
 * @poll_fd:  epoll descriptor, -1 with one capture
 * @queue:    indices of the active captures: a ring with room for @count
 * @head:     position of the first index in @queue
 * @actives:  number of indices in @queue
 * @turns:    batches handed out since the descriptors were last polled
 * @merge:    puts the packets in order, NULL: captures take turns
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
	struct merge *merge;
};

/**
 * struct captures_events - what a command does in the loop; each may be NULL
 * @packets: packets came; they are valid until it returns
 * @idle:    nothing is ready and the loop is about to wait: flush here
 * @tick:    a second has passed; not called once the run has ended
 * @arg:     passed to each
 * @ordered: packets of several captures come in the order of their time stamps, as far as batches of
 *           one capture are in it
 *
 * Each returns 0 to go on. Anything else ends the run: a negative number after a failure that the
 * function has reported itself, 1 for a normal end.
 */
struct captures_events {
	int (*packets)(void *arg, struct captures_one *from, const struct nsr_packet *packets,
		       uint32_t count);
	int (*idle)(void *arg);
	int (*tick)(void *arg);
	void *arg;
	bool ordered;
};

/**
 * captures_open() - open every target
 * @set:     filled in; call captures_close() also after an error
 * @args:    the options
 * @filter:  tcpdump's syntax, NULL or "" for none
 * @snaplen: default without --snaplen, except for files; 0: whole packets
 *
 * Return: 0; -1 after a message on stderr.
 */
int captures_open(struct captures *set, const struct capture_request *args, const char *filter,
		  uint32_t snaplen);

/**
 * captures_run() - read until the end
 * @set:    open
 * @args:   --duration and --packets
 * @events: the command's functions
 *
 * Return: 0; -1 when a capture or an event function failed, after a message on stderr.
 */
int captures_run(struct captures *set, const struct capture_request *args,
		 const struct captures_events *events);

/**
 * captures_activate() - put a capture in the queue, even if its descriptor isn't readable
 * @set: open
 * @one: of @set; ignored when it has ended or is in the queue
 */
void captures_activate(struct captures *set, struct captures_one *one);

/**
 * captures_next() - the next batch of any capture, in turns
 * @set:     open
 * @batch:   filled in; valid until the next call
 * @wait_ms: longest wait; a signal ends it
 *
 * Marks captures that end, and reports errors on stderr.
 *
 * Return: the capture that the batch came from; NULL when there was none.
 */
struct captures_one *captures_next(struct captures *set, struct nsr_batch *batch, int wait_ms);

/**
 * captures_take_active() - remove the first capture from the queue
 * @set: open
 *
 * Return: the capture, which may have ended; NULL: the queue is empty.
 */
struct captures_one *captures_take_active(struct captures *set);

/**
 * captures_poll() - put the captures that are readable in the queue
 * @set:     open, of several captures
 * @wait_ms: longest wait for the first; a signal ends it
 *
 * Return: how many were not there before.
 */
uint32_t captures_poll(struct captures *set, int wait_ms);

/**
 * captures_recv() - nsr_recv() of one capture, which it marks as ended at an error
 * @set:     open
 * @one:     of @set, not ended
 * @batch:   filled in
 * @wait_ms: longest wait
 *
 * Return: the number of packets, or 0.
 */
int captures_recv(struct captures *set, struct captures_one *one, struct nsr_batch *batch,
		  int wait_ms);

/**
 * captures_stop() - take no further packets; those already taken can still be handed out
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
