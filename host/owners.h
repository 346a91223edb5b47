/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which process has a socket or a bpf link open. */
#ifndef NSRING_HOST_OWNERS_H
#define NSRING_HOST_OWNERS_H

#include "published.h"

/**
 * struct owners - what processes have open
 * @sockets:  all sockets, by inode
 * @programs: programs that bpf links hold on an interface, by id
 * @published: ledgers of nsring's own captures
 */
struct owners {
	struct owner *sockets;
	uint32_t socket_count;
	struct owner *programs;
	uint32_t program_count;
	struct published published;
};

/** owners_add_socket() - process @pid has the socket @inode open; returns 0 or -ENOMEM */
int owners_add_socket(struct owners *owners, uint64_t inode, pid_t pid);

/** owners_add_program() - process @pid has a link of the program @id open; likewise */
int owners_add_program(struct owners *owners, uint32_t id, pid_t pid);

/** owners_sort() - prepare for owners_name(); call it once everything has been added */
void owners_sort(struct owners *owners);

/**
 * owners_name() - fill in whose captures and programs a view has
 * @owners: sorted
 * @view:   each capture's and program's @pid, @comm and @command
 *
 * Several processes may have the same socket open. The kernel doesn't tell which opened it, so the
 * one with the lowest number is named.
 */
void owners_name(const struct owners *owners, struct host_view *view);

/** owners_free() - free @owners, and zero it */
void owners_free(struct owners *owners);

#endif
