// SPDX-License-Identifier: GPL-2.0-only
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "cluster.h"
#include "flow.h"
#include "netns.h"
#include "packet.h"
#include "reader.h"
#include "ring.h"
#include "sock.h"
#include "workqueue.h"

/**
 * struct nsr_members - a list of members, constant once published; another takes its place
 * @rcu:     frees it
 * @count:   at least 1
 * @members: their sockets
 */
struct nsr_members {
	struct rcu_head rcu;
	u32 count;
	struct nsr_sock *members[];
};

/**
 * struct nsr_cluster - a cluster
 * @mode:    NSRING_CLUSTER_…
 * @members: NULL once there are none
 * @hasher:  for the modes by flow
 * @turn:    counter of each CPU, for round robin
 * @source:  where packets come from
 * @id:      its number
 * @pid_ns:  PID namespace of its members, see nsr_sock_pid_ns()
 * @flags:   of the members' setups
 * @captures: of the namespace
 * @node:    in their list
 * @free_work: frees it after a grace period
 */
struct nsr_cluster {
	u32 mode;
	struct nsr_members __rcu *members;
	struct nsr_flow_hasher *hasher;
	u32 __percpu *turn;
	struct nsr_source source;
	u32 id;
	const struct pid_namespace *pid_ns;
	u32 flags;
	struct nsr_captures *captures;
	struct list_head node;
	struct rcu_work free_work;
};

/* One that has lost its device, or loses it now, only waits for its members to leave. */
static struct nsr_cluster *find(const struct nsr_captures *captures, const struct nsr_sock *sock)
{
	struct nsr_cluster *cluster;

	list_for_each_entry(cluster, &captures->clusters, node)
		if (cluster->id == sock->setup.cluster &&
		    cluster->pid_ns == nsr_sock_pid_ns(sock) && nsr_cluster_is_attached(cluster))
			return cluster;
	return NULL;
}

static void free_cluster(struct work_struct *work)
{
	struct nsr_cluster *cluster =
		container_of(to_rcu_work(work), struct nsr_cluster, free_work);

	free_percpu(cluster->turn);
	kvfree_sensitive(cluster->hasher, sizeof(*cluster->hasher));
	kfree(cluster);
}

static bool by_flow(u32 mode)
{
	return mode <= NSRING_CLUSTER_INNER_2_TUPLE;
}

static int make_hasher(struct nsr_cluster *cluster)
{
	struct nsr_flow_hasher *hasher;
	u32 mode = cluster->mode;

	if (!by_flow(mode))
		return 0;
	/* More than a page, and memory may be in pieces. */
	hasher = kvzalloc(sizeof(*hasher), GFP_KERNEL_ACCOUNT);
	if (!hasher)
		return -ENOMEM;
	get_random_bytes(&hasher->seed, sizeof(hasher->seed));
	hasher->inner = mode == NSRING_CLUSTER_INNER_FLOW || mode == NSRING_CLUSTER_INNER_2_TUPLE;
	hasher->key = mode == NSRING_CLUSTER_FLOW || mode == NSRING_CLUSTER_INNER_FLOW
			      ? NSR_FLOW_5_TUPLE
			      : NSR_FLOW_2_TUPLE;
	cluster->hasher = hasher;
	return 0;
}

/* Nobody finds it yet. */
static struct nsr_cluster *make(struct nsr_captures *captures, const struct nsr_sock *sock)
{
	const struct nsring_setup *setup = &sock->setup;
	struct nsr_cluster *cluster = kzalloc(sizeof(*cluster), GFP_KERNEL_ACCOUNT);

	if (!cluster)
		return NULL;
	INIT_RCU_WORK(&cluster->free_work, free_cluster);
	nsr_source_init(&cluster->source, NULL, cluster);
	cluster->id = setup->cluster;
	cluster->pid_ns = nsr_sock_pid_ns(sock);
	cluster->mode = setup->cluster_mode;
	cluster->flags = setup->flags;
	cluster->captures = captures;
	cluster->turn = alloc_percpu_gfp(u32, GFP_KERNEL_ACCOUNT);
	if (!cluster->turn || make_hasher(cluster) < 0) {
		free_cluster(&cluster->free_work.work);
		return NULL;
	}
	return cluster;
}

static bool exists(struct nsr_captures *captures, const struct nsr_sock *sock)
{
	bool found;

	mutex_lock(&captures->lock);
	found = find(captures, sock);
	mutex_unlock(&captures->lock);
	return found;
}

/**
 * nsr_cluster_prepare() - get the memory for joining
 * @sock: set up; in a namespace with nsr_captures()
 *
 * Without the captures' lock, for which others wait, because this may wait for the memory cgroup of who joins. Keeps
 * what it has got before. Return: 0; -ENOMEM, and what there is is to be forgotten.
 */
int nsr_cluster_prepare(struct nsr_sock *sock)
{
	struct nsr_captures *captures = nsr_captures(sock_net(&sock->sk));
	struct nsr_members *members = sock->members_to_join;

	if (!sock->setup.cluster)
		return 0;
	if (!members)
		members = kzalloc(struct_size(members, members, NSRING_CLUSTER_MEMBERS_MAX),
				  GFP_KERNEL_ACCOUNT);
	sock->members_to_join = members;
	if (!members)
		return -ENOMEM;
	if (!sock->cluster_to_make && !exists(captures, sock)) {
		sock->cluster_to_make = make(captures, sock);
		if (!sock->cluster_to_make)
			return -ENOMEM;
	}
	return 0;
}

/** nsr_cluster_forget() - free what nsr_cluster_prepare() got and joining did not use */
void nsr_cluster_forget(struct nsr_sock *sock)
{
	kfree(sock->members_to_join);
	sock->members_to_join = NULL;
	if (sock->cluster_to_make)
		free_cluster(&sock->cluster_to_make->free_work.work);
	sock->cluster_to_make = NULL;
}

static void unmake(struct nsr_cluster *cluster)
{
	nsr_source_detach(&cluster->source);
	list_del_init(&cluster->node);
	queue_rcu_work(nsr_workqueue, &cluster->free_work);
}

static struct nsr_members *members_of(const struct nsr_cluster *cluster)
{
	return rcu_dereference_protected(cluster->members,
					 lockdep_is_held(&cluster->captures->lock));
}

/** nsr_cluster_count() - how many members there are; under RCU */
unsigned int nsr_cluster_count(const struct nsr_cluster *cluster)
{
	const struct nsr_members *members = rcu_dereference(cluster->members);

	return members ? members->count : 0;
}

static int add_member(struct nsr_cluster *cluster, struct nsr_sock *sock)
{
	struct nsr_members *old = members_of(cluster), *new = sock->members_to_join;
	u32 count = old ? old->count : 0;

	if (count == NSRING_CLUSTER_MEMBERS_MAX)
		return -EUSERS;
	sock->members_to_join = NULL;
	if (old)
		memcpy(new->members, old->members, flex_array_size(old, members, count));
	new->members[count] = sock;
	new->count = count + 1;
	rcu_assign_pointer(cluster->members, new);
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

/* Must not fail: a member that leaves must be out. The list is short, so NOFAIL asks little. */
static void remove_member(struct nsr_cluster *cluster, struct nsr_sock *sock)
{
	struct nsr_members *old = members_of(cluster), *new = NULL;
	u32 i, kept = 0;

	if (old->count > 1) {
		new = kzalloc(struct_size(new, members, old->count - 1), GFP_KERNEL | __GFP_NOFAIL);
		for (i = 0; i < old->count; i++)
			if (old->members[i] != sock)
				new->members[kept++] = old->members[i];
		new->count = kept;
	}
	rcu_assign_pointer(cluster->members, new);
	kfree_rcu(old, rcu);
}

/**
 * nsr_cluster_join() - become a member
 * @sock:    prepared, with a ring that it reads
 * @ifindex: the device
 * @taps:    for the first member
 *
 * The first member makes the cluster. Return: 0; -EINVAL the cluster has other settings; -EUSERS it
 * is full, or as nsr_source_attach(); -EAGAIN there were too few taps, or the cluster has gone since @sock was prepared, and nothing has happened;
 * -ENODEV; -ENOMEM.
 */
int nsr_cluster_join(struct nsr_sock *sock, u32 ifindex, struct nsr_taps *taps)
{
	const struct nsring_setup *setup = &sock->setup;
	struct net *net = sock_net(&sock->sk);
	struct nsr_captures *captures = nsr_captures(net);
	struct nsr_cluster *cluster = find(captures, sock);
	bool first = !cluster;
	int rc;

	lockdep_assert_held(&captures->lock);
	if (first) {
		cluster = sock->cluster_to_make;
		if (!cluster)
			return -EAGAIN;
		sock->cluster_to_make = NULL;
		list_add_tail(&cluster->node, &captures->clusters);
	}
	if (!first &&
	    (cluster->mode != setup->cluster_mode || cluster->flags != setup->flags ||
	     cluster->source.ifindex != ifindex || cluster->source.direction != setup->direction))
		return -EINVAL;
	rc = add_member(cluster, sock);
	if (rc == 0 && first)
		rc = nsr_source_attach(&cluster->source, net, ifindex, setup, taps);
	if (rc < 0) {
		if (first) {
			kfree_rcu(members_of(cluster), rcu);
			unmake(cluster);
		}
		return rc;
	}
	WRITE_ONCE(sock->cluster, cluster);
	return 0;
}

/** nsr_cluster_leave() - leave the cluster; nothing happens if @sock is in none */
void nsr_cluster_leave(struct nsr_sock *sock)
{
	struct nsr_cluster *cluster = sock->cluster;

	lockdep_assert_held(&nsr_captures(sock_net(&sock->sk))->lock);
	if (!cluster)
		return;
	WRITE_ONCE(sock->cluster, NULL);
	remove_member(cluster, sock);
	if (!members_of(cluster))
		unmake(cluster);
}

/** nsr_cluster_is_attached() - whether the cluster takes packets */
bool nsr_cluster_is_attached(const struct nsr_cluster *cluster)
{
	return READ_ONCE(cluster->source.attached);
}

/**
 * nsr_cluster_fail() - wake all members with an error
 * @cluster: the cluster
 * @error:   a positive errno value
 */
void nsr_cluster_fail(struct nsr_cluster *cluster, int error)
{
	const struct nsr_members *members;
	u32 i;

	rcu_read_lock();
	members = rcu_dereference(cluster->members);
	for (i = 0; members && i < members->count; i++)
		nsr_reader_fail(members->members[i], error);
	rcu_read_unlock();
}

/* The hash reads an Ethernet header, too: packets that aren't IP have their addresses there. */
static bool has_ethernet_header(const struct sk_buff *skb)
{
	return nsr_is_ethernet(skb->dev) && dev_has_header(skb->dev);
}

static u32 hash_flow(struct nsr_cluster *cluster, const struct sk_buff *skb)
{
	if (has_ethernet_header(skb))
		return nsr_flow_hash(cluster->hasher, skb, nsr_packet_start(skb, false),
				     htons(ETH_P_TEB));
	return nsr_flow_hash(cluster->hasher, skb, nsr_packet_start(skb, true), skb->protocol);
}

static u16 vlan_of(const struct sk_buff *skb)
{
	if (has_ethernet_header(skb))
		return nsr_flow_vlan(skb, nsr_packet_start(skb, false), htons(ETH_P_TEB));
	return nsr_flow_vlan(skb, nsr_packet_start(skb, true), skb->protocol);
}

static u32 number_of(struct nsr_cluster *cluster, const struct sk_buff *skb)
{
	switch (cluster->mode) {
	case NSRING_CLUSTER_CPU:
		return smp_processor_id();
	case NSRING_CLUSTER_VLAN:
		return vlan_of(skb);
	case NSRING_CLUSTER_QUEUE:
		return skb_rx_queue_recorded(skb) ? skb_get_rx_queue(skb) : 0;
	default:
		return this_cpu_inc_return(*cluster->turn);
	}
}

/**
 * nsr_cluster_choose() - which member gets a packet
 * @cluster: the cluster
 * @skb:    the packet
 *
 * Under rcu_read_lock, bottom halves off. Return: its ring; NULL: there are no members.
 */
struct nsr_ring *nsr_cluster_choose(struct nsr_cluster *cluster, const struct sk_buff *skb)
{
	const struct nsr_members *members = rcu_dereference(cluster->members);
	u32 i;

	if (!members)
		return NULL;
	if (members->count == 1)
		i = 0;
	else if (by_flow(cluster->mode))
		i = reciprocal_scale(hash_flow(cluster, skb), members->count);
	else
		i = number_of(cluster, skb) % members->count;
	return members->members[i]->ring;
}
