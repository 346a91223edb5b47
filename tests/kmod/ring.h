/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* A socket of the module and its ring, used as uapi/nsring_uapi.h has it. */
#ifndef NSR_TESTS_KMOD_RING_H
#define NSR_TESTS_KMOD_RING_H

#include "check.h"

/**
 * struct ring - a bound socket, mapped
 * @fd:      the socket
 * @layout:  what became of the setup
 * @ring:    start of the ring area
 * @cursors: start of the cursor area
 * @pos:     where to read on, for each lane
 * @seen:    of a shared ring: how many records were for this reader, for each lane
 * @overtaken: of a shared ring: whether some were overwritten before they were read, in each lane
 */
struct ring {
	int fd;
	struct nsring_layout layout;
	const struct nsring_ring *ring;
	uint8_t *cursors;
	uint64_t *pos;
	uint64_t *seen;
	bool *overtaken;
};

/** ring_each - is called for a packet; @data has @record->caplen bytes */
typedef void (*ring_each)(const struct nsring_record *record, const uint8_t *data, void *arg);

/** ring_ask() - ask the module for a socket, which ring_close_all() leaves alone; -1 and errno */
int ring_ask(uint32_t abi);

/** ring_socket() - which net_leave() closes, if nothing else does */
int ring_socket(void);

/** ring_setup(), ring_bind() - as setsockopt(2) and bind(2): -1 and errno */
int ring_setup(int fd, const struct nsring_setup *setup);
int ring_bind(int fd, uint32_t index);

/** ring_open() - all of it; @setup may be NULL, @device NULL for any */
struct ring *ring_open(const struct nsring_setup *setup, const char *device);

/** ring_map() - a socket that is bound */
struct ring *ring_map(int fd);

void ring_unmap(struct ring *ring);
void ring_close(struct ring *ring);
void ring_close_fd(int fd);

/** ring_close_all() - what a test that failed has left */
void ring_close_all(void);

/**
 * ring_read() - hand out what is there, and free its room
 * @each: may be NULL
 *
 * A record that breaks the format fails the test. In a shared ring, those that are not for this
 * reader are passed over, and those that were overwritten too.
 *
 * Return: how many packets there were.
 */
uint32_t ring_read(struct ring *ring, ring_each each, void *arg);

/**
 * ring_wait() - ring_read() until so many were there, and then once more
 *
 * Sleeps in poll(2), and fails the test when that does not wake it in time.
 *
 * Return: how many there were: @count, if there were no more.
 */
uint32_t ring_wait(struct ring *ring, uint32_t count, ring_each each, void *arg);

/** ring_missed() - of a shared ring that was read up to its head: records that this reader has missed */
uint64_t ring_missed(const struct ring *ring);

/** ring_uses() - whether the lane's bit says that it holds, or ever held, something */
bool ring_uses(const struct ring *ring, uint32_t lane);

const struct nsring_lane *ring_lane(const struct ring *ring, uint32_t lane);
struct nsring_cursor *ring_cursor(const struct ring *ring, uint32_t lane);

/** ring_written(), ring_full() - all lanes together */
uint64_t ring_written(const struct ring *ring);
uint64_t ring_full(const struct ring *ring);

struct nsring_stats ring_stats(int fd);

/** ring_met() - wait until a socket has seen so many packets, whatever became of them */
struct nsring_stats ring_met(int fd, uint64_t count);

/** ring_stop() - take no further packets */
void ring_stop(int fd);

/** ring_wakes() - whether poll(2) says within @wait_ms that there is something; fails the test on errors */
bool ring_wakes(int fd, int wait_ms);

/** socket_error() - SO_ERROR, which clears it */
int socket_error(int fd);

#endif
