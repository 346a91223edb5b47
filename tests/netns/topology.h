/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A network namespace for a C test, which ends with the process, however that ends:
 *
 *	v0 ──────── v1		a veth pair, up, no addresses, no IPv6, so no packets of its own
 */
#ifndef NSR_TESTS_TOPOLOGY_H
#define NSR_TESTS_TOPOLOGY_H

#include "../unit/check.h"

/**
 * topology_enter() - move this process into the namespace; a cmocka group setup
 *
 * Return: 0; also without root, where topology_require() then skips each test.
 */
int topology_enter(void **state);

/**
 * topology_require() - skip the calling test where there is no namespace
 *
 * The pair is made anew when a test before has left a program on it.
 */
void topology_require(void);

/** linux_is() - whether this kernel is of a version or later */
bool linux_is(unsigned int major, unsigned int minor);

/** topology_require_groups() - topology_require(), and skip where zc has no fanout groups */
void topology_require_groups(void);

/** has_program() - whether an XDP program is on a device */
bool has_program(const char *device);

/** ip() - run `ip ARGUMENTS`, which must succeed */
__attribute__((format(printf, 1, 2))) void ip(const char *fmt, ...);

/** taking - options of a capture that takes packets away from the stack */
extern const struct nsr_options taking;

/** open_target() - nsr_open() that must succeed */
struct nsr_capture *open_target(const char *target, const struct nsr_options *opts);

/** send_frames() - send all of them out of @device; they have been received when this returns */
void send_frames(const char *device, const struct nsr_frame *frames, uint32_t count);

/**
 * udp_frame() - an Ethernet frame with a UDP packet
 * @frame: 60 bytes, filled in
 * @port:  destination port
 */
void udp_frame(uint8_t frame[60], uint16_t port);

/** send_on() - send @count frames of udp_frame() to a target */
void send_on(const char *target, uint16_t port, uint32_t count);

/** send_udp() - likewise, to v1 */
void send_udp(uint16_t port, uint32_t count);

/**
 * take_now() - hand each packet that is there now to a function, without waiting
 * @cap:  open
 * @each: called for each packet; may be NULL
 * @arg:  for @each
 *
 * Return: how many there were.
 */
uint32_t take_now(struct nsr_capture *cap, void (*each)(const struct nsr_packet *, void *arg),
		  void *arg);

/**
 * collect() - stop a capture and hand each packet that it has to a function
 * @cap:  open
 * @each: called for each packet; may be NULL
 * @arg:  for @each
 *
 * Return: how many there were.
 */
uint32_t collect(struct nsr_capture *cap, void (*each)(const struct nsr_packet *, void *arg),
		 void *arg);

/** count_entries() - of a folder, such as /proc/self/fd */
uint32_t count_entries(const char *path);

/** count_mappings() - of this process, with @name in their line of /proc/self/maps */
uint32_t count_mappings(const char *name);

#endif
