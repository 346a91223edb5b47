// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>
#include <net/net_namespace.h>

#include "memory.h"
#include "workqueue.h"

static unsigned int memory_percent = 25;
module_param(memory_percent, uint, 0644);
MODULE_PARM_DESC(memory_percent, "most memory that all rings may have, percent of RAM (25)");

/* RETRY_MAYFAIL: reclaim, but fail rather than have the OOM killer choose a victim. */
#define NSR_GFP (GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

static atomic_long_t all_pages;

/** nsr_memory_pages() - pages of all rings of the host */
unsigned long nsr_memory_pages(void)
{
	return atomic_long_read(&all_pages);
}

/* Add to a counter unless it would exceed the limit. */
static bool charge(atomic_long_t *counter, unsigned long count, unsigned long limit)
{
	long old = atomic_long_read(counter);

	do {
		if (count > limit || old > limit - count)
			return false;
	} while (!atomic_long_try_cmpxchg(counter, &old, old + count));
	return true;
}

/* The host's own captures find a quarter left, whatever other namespaces take. */
static unsigned long host_limit(const struct net *net)
{
	unsigned int percent = min(READ_ONCE(memory_percent), 90U);
	unsigned long limit = totalram_pages() / 100 * percent;

	return net_eq(net, &init_net) ? limit : limit - limit / 4;
}

/* Memory that others live on should not be reclaimed for a ring. */
static bool charge_host(unsigned long count, unsigned long limit)
{
	return count <= si_mem_available() / 2 && charge(&all_pages, count, limit);
}

/* Pages that the user may lock; ULONG_MAX: as many as there are. */
static unsigned long user_limit(void)
{
	return capable(CAP_IPC_LOCK) ? ULONG_MAX : rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
}

static bool charge_user(struct nsr_area *area)
{
	unsigned long limit = user_limit();

	if (limit == ULONG_MAX)
		return true;
	if (!charge(&current_user()->locked_vm, area->count, limit))
		return false;
	area->user = get_uid(current_user());
	return true;
}

static bool charge_area(struct nsr_area *area, const struct net *net)
{
	if (!charge_host(area->count, host_limit(net)))
		return false;
	if (charge_user(area))
		return true;
	atomic_long_sub(area->count, &all_pages);
	return false;
}

/*
 * Closed sockets give back their memory a grace period later: wait for that before giving up, except for
 * what is too much even alone.
 */
static bool charge_patiently(struct nsr_area *area, const struct net *net)
{
	if (charge_area(area, net))
		return true;
	if (area->count > host_limit(net) || area->count > user_limit())
		return false;
	rcu_barrier();
	flush_workqueue(nsr_workqueue);
	return charge_area(area, net);
}

static void uncharge(struct nsr_area *area)
{
	atomic_long_sub(area->count, &all_pages);
	if (!area->user)
		return;
	atomic_long_sub(area->count, &area->user->locked_vm);
	free_uid(area->user);
	area->user = NULL;
}

/* The memory node near the CPU whose lane page @i belongs to. */
static int page_node(unsigned long i, unsigned long first, unsigned long per_cpu)
{
	unsigned long cpu;

	if (!per_cpu || i < first)
		return NUMA_NO_NODE;
	cpu = (i - first) / per_cpu;
	return cpu < nr_cpu_ids && cpu_possible(cpu) ? cpu_to_mem(cpu) : NUMA_NO_NODE;
}

static int alloc_pages_of(struct nsr_area *area, unsigned long first, unsigned long per_cpu)
{
	unsigned long i;
	int node;

	for (i = 0; i < area->count; i++) {
		node = page_node(i, first, per_cpu);
		if (node == NUMA_NO_NODE)
			area->pages[i] = alloc_page(NSR_GFP);
		else
			area->pages[i] = alloc_pages_node(node, NSR_GFP, 0);
		if (!area->pages[i] || fatal_signal_pending(current))
			return -ENOMEM;
		cond_resched();
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

/**
 * nsr_area_make() - allocate an area
 * @area:            filled in; zeroed before
 * @net:             the namespace that it is for
 * @count:           pages
 * @first_node_page: from here on pages belong to CPUs, the first ones to CPU 0
 * @pages_per_cpu:   each CPU has so many, allocated near it; 0: pages belong to no CPU
 *
 * May sleep, and wait for the memory of closed sockets; not under RTNL. Return: 0; -ENOMEM: no
 * memory, or a limit is reached.
 */
int nsr_area_make(struct nsr_area *area, const struct net *net, unsigned long count,
		  unsigned long first_node_page, unsigned long pages_per_cpu)
{
	area->count = count;
	if (!charge_patiently(area, net))
		return -ENOMEM;
	area->pages = kvcalloc(count, sizeof(*area->pages), NSR_GFP);
	if (!area->pages)
		goto uncharge;
	if (alloc_pages_of(area, first_node_page, pages_per_cpu) < 0)
		goto free_pages;
	area->addr = vmap(area->pages, count, VM_MAP, PAGE_KERNEL);
	if (!area->addr)
		goto free_pages;
	return 0;

free_pages:
	free_pages_of(area);
uncharge:
	uncharge(area);
	return -ENOMEM;
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
	uncharge(area);
}
