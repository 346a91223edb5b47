/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Fanout groups of the engine zc on v1, whose members deal packets out in turn, in several processes. */
#ifndef NSR_TESTS_ZC_GROUP_H
#define NSR_TESTS_ZC_GROUP_H

#include <stdint.h>
#include <sys/types.h>

#include <nsring/nsring.h>

/** in_turns() - options of a member; @group: 0 makes one */
struct nsr_options in_turns(uint32_t group);

/** group_of() - the number of a capture's group */
uint32_t group_of(const struct nsr_capture *cap);

/** open_first() - make a group */
struct nsr_capture *open_first(void);

/** stats_of() - nsr_stats_get() that must succeed */
struct nsr_stats stats_of(struct nsr_capture *cap);

/** send_some() - send so many packets to v1 */
void send_some(uint32_t count);

/** wait_until_alone() - until all of 24 packets come here; returns how many were sent for that */
uint32_t wait_until_alone(struct nsr_capture *cap);

/** struct member - a process with a capture of a group, which says numbers on a pipe */
struct member {
	pid_t pid;
	int out;
	uint32_t group;
};

/** tell() - say a number on a member's pipe */
void tell(int out, uint32_t value);

/** hear() - the next number that a member says */
uint32_t hear(const struct member *member);

/**
 * start_member() - start a process that joins a group; waits until it has
 * @group: 0 makes one
 * @go_on: called when it has joined, after which it stays until it is killed; may be NULL
 */
struct member start_member(uint32_t group, void (*go_on)(struct nsr_capture *cap, int out));

/** have_child() - for start_member(): fork a child that lives until nobody reads the pipe; says 0 */
void have_child(struct nsr_capture *cap, int out);

/** end_member() - kill -9 */
void end_member(const struct member *member);

#endif
