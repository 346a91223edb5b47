/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Areas of memory that user space maps, and who is charged for them: the memory cgroup of the process that
 * begins the charge, the user's RLIMIT_MEMLOCK, and a limit for all rings of the host, of which namespaces
 * other than the initial one reach three quarters.
 *
 * A charge remembers all of these, so that more can be added later in any process: a ring gets a lane when a
 * CPU comes online, in the process that brings it up. That one memory cgroup is not charged for: at its limit
 * it would make CPU hotplug wait.
 *
 * Pages are charged some at a time, as they are allocated: a process that its memory cgroup keeps waiting holds
 * nothing of what it has not got, which others would miss. What is available is compared with all of them as the
 * charge begins, and again each time.
 *
 * Lifetime: an area goes with its ring or reader. A mapping holds the socket, so none is left by
 * then.
 */
#ifndef NSR_MEMORY_H
#define NSR_MEMORY_H

#include <linux/types.h>

struct cred;
struct mem_cgroup;
struct net;

/**
 * struct nsr_charge - pages, and who is charged for them
 * @pages:      how many there are now
 * @begun:      false: nothing else is set
 * @of_host:    for the initial namespace
 * @cred:       whose user is charged; NULL: exempt from RLIMIT_MEMLOCK by CAP_IPC_LOCK. Early 6.1 kernels let no
 *              module free a reference to a user alone; so its keyrings stay, too, as long as the charge.
 * @user_limit: pages that the user may lock
 * @memcg:      that is charged as the pages are allocated; NULL: none
 */
struct nsr_charge {
	unsigned long pages;
	bool begun;
	bool of_host;
	const struct cred *cred;
	unsigned long user_limit;
	struct mem_cgroup *memcg;
};

/**
 * struct nsr_area - pages that lie next to each other in the kernel's address space
 * @addr:   where the kernel sees them; NULL: not made
 * @pages:  @count of them
 * @charge: for them alone; not begun where the area is part of another charge
 */
struct nsr_area {
	void *addr;
	struct page **pages;
	unsigned long count;
	struct nsr_charge charge;
};

int nsr_charge_begin(struct nsr_charge *charge, const struct net *net, unsigned long pages);
void nsr_charge_end(struct nsr_charge *charge);
int nsr_area_make(struct nsr_area *area, const struct net *net, unsigned long count);
int nsr_area_allocate(struct nsr_area *area, struct nsr_charge *charge, unsigned long count,
		      int node);
int nsr_area_allocate_at_once(struct nsr_area *area, struct nsr_charge *charge, unsigned long count,
			      int node);
void nsr_area_free(struct nsr_area *area);
unsigned long nsr_memory_pages(void);

#endif
