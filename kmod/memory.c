// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <net/net_namespace.h>

#include "memory.h"
#include "workqueue.h"

static unsigned int memory_percent = 25;
module_param(memory_percent, uint, 0644);
MODULE_PARM_DESC(memory_percent, "most memory that all rings may have, percent of RAM (25)");

/* RETRY_MAYFAIL: reclaim, but fail rather than have the OOM killer choose a victim. */
#define NSR_GFP (GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

#define CHARGED_AT_ONCE 64UL

static atomic_long_t all_pages;

/** nsr_memory_pages() - pages of all rings of the host */
unsigned long nsr_memory_pages(void)
{
	return atomic_long_read(&all_pages);
}

/* Add to a counter unless it would exceed the limit. */
static bool add(atomic_long_t *counter, unsigned long pages, unsigned long limit)
{
	long old = atomic_long_read(counter);

	do {
		if (pages > limit || old > limit - pages)
			return false;
	} while (!atomic_long_try_cmpxchg(counter, &old, old + pages));
	return true;
}

/* Pages that the charged user has locked. */
static atomic_long_t *locked_by(const struct nsr_charge *charge)
{
	return &charge->cred->user->locked_vm;
}

/* The host's own captures find a quarter left, whatever other namespaces take. */
static unsigned long host_limit(const struct nsr_charge *charge)
{
	unsigned int percent = min(READ_ONCE(memory_percent), 90U);
	unsigned long limit = totalram_pages() / 100 * percent;

	return charge->of_host ? limit : limit - limit / 4;
}

static void charge_less(struct nsr_charge *charge, unsigned long pages)
{
	atomic_long_sub(pages, &all_pages);
	if (charge->cred)
		atomic_long_sub(pages, locked_by(charge));
	charge->pages -= pages;
}

/*
 * Memory that others live on should not be reclaimed for a ring: it gets half of what is available, or would be
 * without the pages that it has.
 */
static bool is_available(unsigned long pages, unsigned long has)
{
	return has + pages <= (si_mem_available() + has) / 2;
}

/* Charge for more pages of what has @has already, without waiting. One caller at a time. */
static int charge_more(struct nsr_charge *charge, unsigned long pages, unsigned long has)
{
	if (!is_available(pages, has) || !add(&all_pages, pages, host_limit(charge)))
		return -ENOMEM;
	if (charge->cred && !add(locked_by(charge), pages, charge->user_limit)) {
		atomic_long_sub(pages, &all_pages);
		return -ENOMEM;
	}
	charge->pages += pages;
	return 0;
}

/* Closed sockets give back their memory a grace period later: wait for that before giving up. */
static void wait_for_closed_sockets(void)
{
	rcu_barrier();
	flush_workqueue(nsr_workqueue);
}

static int charge_patiently(struct nsr_charge *charge, unsigned long pages)
{
	if (charge_more(charge, pages, charge->pages) == 0)
		return 0;
	wait_for_closed_sockets();
	return charge_more(charge, pages, charge->pages);
}

static bool is_available_by_and_by(unsigned long pages)
{
	if (is_available(pages, 0))
		return true;
	wait_for_closed_sockets();
	return is_available(pages, 0);
}

/**
 * nsr_charge_begin() - note who is to be charged: this process's memory cgroup, and its user
 * @charge: filled in; zeroed before
 * @net:    the namespace that the pages are for
 * @pages:  how many there will be, more or less
 *
 * Waits for the memory of closed sockets. Return: 0; -ENOMEM: there will never be so many, or they are not available
 * now, and the charge has not begun.
 */
int nsr_charge_begin(struct nsr_charge *charge, const struct net *net, unsigned long pages)
{
	charge->of_host = net_eq(net, &init_net);
	charge->user_limit = ULONG_MAX;
	if (!capable(CAP_IPC_LOCK))
		charge->user_limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	if (pages > host_limit(charge) || pages > charge->user_limit ||
	    !is_available_by_and_by(pages))
		return -ENOMEM;
	if (charge->user_limit != ULONG_MAX)
		charge->cred = get_current_cred();
	charge->memcg = get_mem_cgroup_from_mm(current->mm);
	charge->begun = true;
	return 0;
}

/** nsr_charge_end() - give back all of a charge, when its pages are freed; nothing if it was not begun */
void nsr_charge_end(struct nsr_charge *charge)
{
	if (!charge->begun)
		return;
	charge_less(charge, charge->pages);
	if (charge->cred)
		put_cred(charge->cred);
	mem_cgroup_put(charge->memcg);
	*charge = (struct nsr_charge){};
}

static int allocate_pages(struct nsr_area *area, int node, gfp_t gfp, unsigned long from,
			  unsigned long to)
{
	unsigned long i;

	for (i = from; i < to; i++) {
		area->pages[i] =
			node == NUMA_NO_NODE ? alloc_page(gfp) : alloc_pages_node(node, gfp, 0);
		if (!area->pages[i] || fatal_signal_pending(current))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* As many pages as the area has, by and by: a charge never has many more than there are. */
static int charge_and_allocate(struct nsr_area *area, struct nsr_charge *charge, int node,
			       gfp_t gfp)
{
	unsigned long at, next;
	int rc;

	for (at = 0; at < area->count; at = next) {
		next = min(at + CHARGED_AT_ONCE, area->count);
		rc = gfp & __GFP_ACCOUNT ? charge_patiently(charge, next - at)
					 : charge_more(charge, next - at, at);
		if (rc == 0)
			rc = allocate_pages(area, node, gfp, at, next);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void free_pages_of(struct nsr_area *area)
{
	unsigned long i;

	for (i = 0; i < area->count && area->pages[i]; i++) {
		__free_page(area->pages[i]);
		cond_resched();
	}
	kvfree(area->pages);
	area->pages = NULL;
}

static int allocate(struct nsr_area *area, struct nsr_charge *charge, unsigned long count, int node,
		    gfp_t gfp)
{
	unsigned long before = charge->pages;

	area->count = count;
	area->pages = kvcalloc(count, sizeof(*area->pages), gfp);
	if (!area->pages)
		return -ENOMEM;
	if (charge_and_allocate(area, charge, node, gfp) == 0)
		area->addr = vmap(area->pages, count, VM_MAP, PAGE_KERNEL);
	if (area->addr)
		return 0;
	free_pages_of(area);
	charge_less(charge, charge->pages - before);
	return -ENOMEM;
}

/**
 * nsr_area_allocate() - allocate an area
 * @area:   filled in; zeroed before
 * @charge: begun; one caller at a time
 * @count:  pages
 * @node:   the memory node to prefer, or NUMA_NO_NODE
 *
 * May sleep, and wait for the memory of closed sockets; not under RTNL. Return: 0; -ENOMEM: no memory, or a
 * limit is reached.
 */
int nsr_area_allocate(struct nsr_area *area, struct nsr_charge *charge, unsigned long count,
		      int node)
{
	struct mem_cgroup *old = set_active_memcg(charge->memcg);
	int rc;

	rc = allocate(area, charge, count, node, NSR_GFP);
	set_active_memcg(old);
	return rc;
}

/**
 * nsr_area_allocate_at_once() - allocate an area while others wait
 * @area:   as of nsr_area_allocate()
 * @charge: likewise
 * @count:  likewise
 * @node:   likewise
 *
 * Waits neither for a memory cgroup, which is not charged, nor for closed sockets. Return: 0; -ENOMEM.
 */
int nsr_area_allocate_at_once(struct nsr_area *area, struct nsr_charge *charge, unsigned long count,
			      int node)
{
	return allocate(area, charge, count, node, NSR_GFP & ~__GFP_ACCOUNT);
}

/**
 * nsr_area_make() - allocate an area, with a charge of its own
 * @area:  filled in; zeroed before
 * @net:   the namespace that it is for
 * @count: pages
 *
 * As nsr_area_allocate(). Return: 0; -ENOMEM: no memory, or a limit is reached.
 */
int nsr_area_make(struct nsr_area *area, const struct net *net, unsigned long count)
{
	int rc;

	rc = nsr_charge_begin(&area->charge, net, count);
	if (rc < 0)
		return rc;
	rc = nsr_area_allocate(area, &area->charge, count, NUMA_NO_NODE);
	if (rc < 0)
		nsr_charge_end(&area->charge);
	return rc;
}

/**
 * nsr_area_free() - give an area back
 * @area: nothing happens if it was never made
 *
 * May sleep.
 */
void nsr_area_free(struct nsr_area *area)
{
	if (!area->addr)
		return;
	vunmap(area->addr);
	area->addr = NULL;
	free_pages_of(area);
	nsr_charge_end(&area->charge);
}
