/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A socket of the module: one capture, or one reader of a shared ring, or one member of a cluster.
 *
 * Lifetime: release takes it out of everything that delivers; what a packet on its way may still
 * touch is freed a grace period later, by a work item that then drops the last reference.
 */
#ifndef NSR_SOCK_H
#define NSR_SOCK_H

#include <linux/workqueue.h>
#include <net/sock.h>

#include "memory.h"
#include "nsring_uapi.h"
#include "wake.h"

struct nsr_cluster;
struct nsr_ring;

/**
 * struct nsr_sock - a socket
 * @sk:       first
 * @wake:     of its reader
 * @cursors:  the cursor area
 * @ring:     NULL before bind, and for sending only; constant then
 * @index:    among the ring's readers
 * @joined:   which generation of the ring's readers it came with
 * @setup:    checked, with defaults in place
 * @bound:    has been bound; with acquire: @ring, @cursors and @wake are there
 * @stopped:  no further packets, by NSRING_STOP
 * @ifindex:  where it is bound
 * @dev:      the device then, to be compared only
 * @cluster:  that it is a member of, under RTNL
 * @sent:     packets
 * @pid, @comm: who bound it
 * @id:       number of the capture in its namespace
 * @proc:     its file
 * @free_work: what is left to do after a grace period
 */
struct nsr_sock {
	struct sock sk;
	struct nsr_wake wake;
	struct nsr_area cursors;
	struct nsr_ring *ring;
	u32 index;
	u32 joined;
	struct nsring_setup setup;
	bool bound;
	bool stopped;
	u32 ifindex;
	const struct net_device *dev;
	struct nsr_cluster *cluster;
	atomic64_t sent;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u32 id;
	struct proc_dir_entry *proc;
	struct rcu_work free_work;
};

static inline struct nsr_sock *nsr_sock(const struct sock *sk)
{
	return (struct nsr_sock *)sk;
}

/** nsr_sock_cursor() - what the reader tells of a lane; not to be believed */
static inline const struct nsring_cursor *nsr_sock_cursor(const struct nsr_sock *sock,
							  unsigned int cpu)
{
	return (const struct nsring_cursor *)sock->cursors.addr + cpu;
}

int nsr_socket_register(void);
void nsr_socket_unregister(void);
int nsr_bind(struct nsr_sock *sock, u32 ifindex);
int nsr_stop(struct nsr_sock *sock);
void nsr_release(struct nsr_sock *sock);
bool nsr_is_attached(const struct nsr_sock *sock);
int nsr_mmap(struct file *file, struct socket *socket, struct vm_area_struct *vma);
int nsr_sendmsg(struct socket *socket, struct msghdr *msg, size_t len);

#endif
