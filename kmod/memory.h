/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Areas of memory that user space maps. An area is charged to the memory cgroup of the process that
 * makes it, to the user's RLIMIT_MEMLOCK, and against a limit for all rings of the host, of which namespaces
 * other than the initial one reach three quarters.
 *
 * Lifetime: an area goes with its ring or reader. A mapping holds the socket, so none is left by
 * then.
 */
#ifndef NSR_MEMORY_H
#define NSR_MEMORY_H

#include <linux/sched/user.h>
#include <linux/types.h>

struct net;

/**
 * struct nsr_area - pages that lie next to each other in the kernel's address space
 * @addr:  where the kernel sees them; NULL: not made
 * @pages: @count of them
 * @user:  the user that is charged; NULL: exempt from RLIMIT_MEMLOCK by CAP_IPC_LOCK
 */
struct nsr_area {
	void *addr;
	struct page **pages;
	unsigned long count;
	struct user_struct *user;
};

int nsr_area_make(struct nsr_area *area, const struct net *net, unsigned long count,
		  unsigned long first_node_page, unsigned long pages_per_cpu);
void nsr_area_free(struct nsr_area *area);
unsigned long nsr_memory_pages(void);

#endif
