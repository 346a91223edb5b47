/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A socket of the module: one capture, or one reader of a shared ring, or one member of a cluster.
 *
 * Lifetime: release takes a socket out of everything that delivers. A packet on its way may still
 * touch the socket and its ring, so a work item frees both a grace period later, and then drops the
 * last reference. A mapping holds the socket's file, so release comes after the last unmapping.
 */
#ifndef NSR_SOCK_H
#define NSR_SOCK_H

#include <linux/workqueue.h>
#include <net/sock.h>

#include "memory.h"
#include "nsring_uapi.h"
#include "wake.h"

struct nsr_cluster;
struct nsr_members;
struct nsr_readers;
struct nsr_ring;

/**
 * struct nsr_sock - a socket
 * @sk:       first
 * @wake:     wakes its reader
 * @cursors:  the cursor area
 * @ring:     NULL before bind, and when it only sends; constant once bound
 * @index:    among the ring's readers
 * @joined:   the number of the list of readers that it came with, see reader.h
 * @list_to_join, @list_to_leave: memory for these lists, until they are made
 * @cluster_to_make, @members_to_join: memory for joining a cluster, while it binds
 * @setup:    checked, with defaults in place
 * @bound:    it has been bound; a load with acquire makes @ring, @cursors and @wake visible
 * @stopped:  it takes no further packets, by NSRING_STOP
 * @ifindex:  of the device that it is bound to
 * @dev:      that device, to send through; NULL once it is gone; compared only, as it is not held
 * @cluster:  that it is a member of; written under the lock of the namespace's captures
 * @mark:     in packets that it sends, see nsr_sock_mark(); 0 before bind
 * @sent:     packets
 * @kept:     what its namespace's totals have of its counts, once it is closed
 * @pid, @comm: of the process that bound it, or binds it now
 * @inode:    of its file, as /proc/PID/fd shows it
 * @id:       number of the capture in its namespace
 * @in_captures: link in the namespace's list, for /proc
 * @free_work: frees it after a grace period
 */
struct nsr_sock {
	struct sock sk;
	struct nsr_wake wake;
	struct nsr_area cursors;
	struct nsr_ring *ring;
	u32 index;
	u64 joined;
	struct nsr_readers *list_to_join, *list_to_leave;
	struct nsr_cluster *cluster_to_make;
	struct nsr_members *members_to_join;
	struct nsring_setup setup;
	bool bound;
	bool stopped;
	u32 ifindex;
	const struct net_device *dev;
	struct nsr_cluster *cluster;
	u32 mark;
	atomic64_t sent;
	struct nsring_stats kept;
	struct pid *pid;
	char comm[TASK_COMM_LEN];
	u64 inode;
	u64 id;
	struct list_head in_captures;
	struct rcu_work free_work;
};

static inline struct nsr_sock *nsr_sock(const struct sock *sk)
{
	return (struct nsr_sock *)sk;
}

/**
 * nsr_sock_pid_ns() - the PID namespace of who bound it, or binds it now; there as long as the socket
 *
 * Sockets share rings and clusters within one: a container that may capture in a namespace which it has in common
 * with the host takes no packets from the host's cluster, nor finds its numbers taken.
 */
static inline const struct pid_namespace *nsr_sock_pid_ns(const struct nsr_sock *sock)
{
	return ns_of_pid(sock->pid);
}

/** nsr_sock_cursor() - the reader's cursor of a lane; user space writes it: never trust it */
static inline const struct nsring_cursor *nsr_sock_cursor(const struct nsr_sock *sock,
							  unsigned int cpu)
{
	return (const struct nsring_cursor *)sock->cursors.addr + cpu;
}

/**
 * nsr_sock_mark() - mark a packet as sent by a socket
 * @sock: bound
 * @skb:  new, without stamps asked for
 *
 * The mark is in @tskey, which means nothing where tx_flags ask for no stamp, as here. It lies beside
 * the data: so clones have it, and it is copied when the data moves. The kernel clears it in each
 * new packet, so none has it by accident.
 */
static inline void nsr_sock_mark(const struct nsr_sock *sock, struct sk_buff *skb)
{
	skb_shinfo(skb)->tskey = sock->mark;
}

/** nsr_sock_has_marked() - whether a packet, or what it was cloned from, was sent by a socket */
static inline bool nsr_sock_has_marked(const struct nsr_sock *sock, const struct sk_buff *skb)
{
	return skb_shinfo(skb)->tskey == sock->mark;
}

struct file *nsr_socket_make(struct net *net);
int nsr_socket_register(void);
void nsr_socket_unregister(void);
int nsr_bind(struct nsr_sock *sock, u32 ifindex);
int nsr_stop(struct nsr_sock *sock);
void nsr_release(struct nsr_sock *sock);
bool nsr_is_attached(const struct nsr_sock *sock);
int nsr_mmap(struct file *file, struct socket *socket, struct vm_area_struct *vma);
int nsr_sendmsg(struct socket *socket, struct msghdr *msg, size_t len);
void nsr_send_through(struct nsr_sock *sock, u32 ifindex);
void nsr_send_lose_device(struct net_device *dev);

#endif
