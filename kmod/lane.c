// SPDX-License-Identifier: GPL-2.0-only
/*
 * How rings get their lanes, and CPUs theirs in each ring.
 *
 * The mask @ready has the CPUs for which hotplug has called us, which it does before it starts a CPU and after
 * it has stopped one. A ring enters the list of rings in the same critical section in which it finds that each
 * CPU of the mask has a lane. A CPU that comes later finds the ring in the list: no CPU runs without a lane.
 * The process that makes a ring waits for its memory without a lock, since its cgroup may keep it from its CPU
 * for as long as it likes.
 *
 * Locks, in this order: the one of CPU hotplug, which prepare() is called under; rings_lock. Neither is taken under
 * RTNL, and RTNL is not taken under them. prepare() waits for memory under them, and for no memory cgroup.
 */
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "lane.h"
#include "ring.h"
#include "sock.h"

static DEFINE_MUTEX(rings_lock); /* protects the two that follow */
static LIST_HEAD(rings);
static struct cpumask ready;
static enum cpuhp_state hotplug_state;

/** nsr_lanes_online() - how many lanes a ring that is made now needs, more or less */
unsigned int nsr_lanes_online(void)
{
	unsigned int count;

	mutex_lock(&rings_lock);
	count = cpumask_weight(&ready);
	mutex_unlock(&rings_lock);
	return count;
}

/** nsr_lane_pages() - pages of a lane's place in the ring area */
unsigned long nsr_lane_pages(u64 lane_bytes)
{
	return 1 + (lane_bytes >> PAGE_SHIFT);
}

/* The memory node near a CPU, which may not be online yet. */
static int node_of(unsigned int cpu)
{
	int node = cpu_to_mem(cpu);

	return node != NUMA_NO_NODE && node_online(node) ? node : NUMA_NO_NODE;
}

/* The CPU's own side; NULL: no memory. The ring is not listed yet, or rings_lock is held. */
static struct nsr_lane *make_lane(struct nsr_ring *ring, unsigned int cpu)
{
	struct nsr_lane *lane = ring->lanes[cpu];
	u32 words = ring->shared ? NSRING_READERS_MAX + NSR_PARTS : 1;

	if (lane)
		return lane;
	lane = kzalloc_node(struct_size(lane, refused, words), GFP_KERNEL, node_of(cpu));
	if (!lane)
		return NULL;
	lane->tail = lane->oldest = NSR_POS_UNKNOWN;
	if (ring->shared)
		lane->starts = lane->refused + NSRING_READERS_MAX;
	/* Pairs with nsr_lane(). */
	smp_store_release(&ring->lanes[cpu], lane);
	return lane;
}

/* Memory for a lane's records, by nsr_area_allocate() or as that one. As make_lane(). */
static int give_memory(struct nsr_ring *ring, unsigned int cpu, typeof(nsr_area_allocate) *allocate)
{
	unsigned long pages = nsr_lane_pages(ring->lane_bytes);
	struct nsr_lane *lane = ring->lanes[cpu];
	int rc;

	rc = allocate(&lane->area, &ring->charge, pages, node_of(cpu));
	if (rc < 0)
		return rc;
	lane->shown = lane->area.addr;
	/* Pairs with nsr_lane_has_memory(). */
	smp_store_release(&lane->data, lane->area.addr + PAGE_SIZE);
	WRITE_ONCE(ring->lanes_made, ring->lanes_made + 1);
	return 0;
}

static int make_lane_with_memory(struct nsr_ring *ring, unsigned int cpu)
{
	if (!make_lane(ring, cpu))
		return -ENOMEM;
	return ring->lanes[cpu]->data ? 0 : give_memory(ring, cpu, nsr_area_allocate);
}

/* Lists the ring if it has the lanes that it needs. False: @cpus is set to those that need one. */
static bool list_ring(struct nsr_ring *ring, struct cpumask *cpus)
{
	bool complete = true;
	unsigned int cpu;

	mutex_lock(&rings_lock);
	for_each_cpu(cpu, &ready)
		complete &= ring->lanes[cpu] && ring->lanes[cpu]->data;
	if (complete)
		list_add_tail(&ring->in_rings, &rings);
	else
		cpumask_copy(cpus, &ready);
	mutex_unlock(&rings_lock);
	return complete;
}

/**
 * nsr_lanes_make() - make the lanes of a new ring
 * @ring: nothing else can reach it yet
 *
 * After a failure, too, nsr_lanes_free() must follow. May sleep. Return: 0; -ENOMEM.
 */
int nsr_lanes_make(struct nsr_ring *ring)
{
	cpumask_var_t cpus;
	unsigned int cpu;
	int rc = 0;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	while (rc == 0 && !list_ring(ring, cpus)) {
		for_each_cpu(cpu, cpus) {
			rc = make_lane_with_memory(ring, cpu);
			if (rc < 0)
				break;
		}
	}
	free_cpumask_var(cpus);
	return rc;
}

/** nsr_lanes_free() - free the lanes of a ring that nothing else can reach any more; may sleep */
void nsr_lanes_free(struct nsr_ring *ring)
{
	unsigned int cpu;

	mutex_lock(&rings_lock);
	list_del_init(&ring->in_rings);
	mutex_unlock(&rings_lock);
	for_each_possible_cpu(cpu) {
		if (!ring->lanes[cpu])
			continue;
		nsr_area_free(&ring->lanes[cpu]->area);
		kfree(ring->lanes[cpu]);
	}
}

/* The ring gets a lane for a CPU that comes; under rings_lock. -ENOMEM: not even one that counts. */
static int add_lane(struct nsr_ring *ring, unsigned int cpu)
{
	struct nsr_lane *lane = make_lane(ring, cpu);

	if (lane && !lane->data && give_memory(ring, cpu, nsr_area_allocate_at_once) < 0)
		pr_warn_ratelimited("nsring: no memory for a lane of CPU %u\n", cpu);
	return lane ? 0 : -ENOMEM;
}

/* Before a CPU starts. */
static int prepare(unsigned int cpu)
{
	struct nsr_ring *ring;
	bool any;
	int rc = 0;

	mutex_lock(&rings_lock);
	any = !list_empty(&rings);
	list_for_each_entry(ring, &rings, in_rings) {
		rc = add_lane(ring, cpu);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		cpumask_set_cpu(cpu, &ready);
	mutex_unlock(&rings_lock);
	/* Readers that join have seen the lanes, or have joined before the first record: nsr_reader_join(). */
	if (any)
		synchronize_rcu();
	return rc;
}

/* After a CPU has stopped: rings that are made now need no lane for it. */
static int retire(unsigned int cpu)
{
	mutex_lock(&rings_lock);
	cpumask_clear_cpu(cpu, &ready);
	mutex_unlock(&rings_lock);
	return 0;
}

/**
 * nsr_lanes_join() - a reader joins: it reads each lane from here on
 * @ring: its ring
 * @sock: the reader, with cursors and index
 *
 * Its counts begin with the next packet of each lane: see meet_readers() in deliver.c. The cursors of lanes
 * that are made later are 0, as their heads are.
 */
void nsr_lanes_join(struct nsr_ring *ring, struct nsr_sock *sock)
{
	struct nsring_cursor *cursors = sock->cursors.addr;
	u32 index = sock->index;
	struct nsr_lane *lane;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		lane = nsr_lane(ring, cpu);
		if (!lane)
			continue;
		WRITE_ONCE(lane->refused[index], 0);
		if (!nsr_lane_has_memory(lane))
			continue;
		WRITE_ONCE(lane->shown->others[index], READ_ONCE(lane->shown->written));
		WRITE_ONCE(cursors[cpu].tail, nsr_lane_head(lane));
	}
	if (!ring->shared)
		ring->cursors = cursors;
}

/** nsr_lanes_page() - page @i of the ring area; NULL: none, or a lane that has no memory */
struct page *nsr_lanes_page(const struct nsr_ring *ring, unsigned long i)
{
	unsigned long pages = nsr_lane_pages(ring->lane_bytes);
	const struct nsr_lane *lane;

	if (i < ring->header.count)
		return ring->header.pages[i];
	i -= ring->header.count;
	if (i / pages >= nr_cpu_ids)
		return NULL;
	lane = nsr_lane(ring, i / pages);
	return lane && nsr_lane_has_memory(lane) ? lane->area.pages[i % pages] : NULL;
}

/** nsr_lanes_register() - be told of CPUs; before there are rings. 0 or -errno */
int nsr_lanes_register(void)
{
	int rc;

	rc = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "net/nsring:prepare", prepare, retire);
	if (rc < 0)
		return rc;
	hotplug_state = rc;
	return 0;
}

/** nsr_lanes_unregister() - undo nsr_lanes_register(), when no ring is left; may sleep */
void nsr_lanes_unregister(void)
{
	cpuhp_remove_state_nocalls(hotplug_state);
}
