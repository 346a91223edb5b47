/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cluster: sockets that share the packets of a source. Each packet goes to one member, which has
 * a ring of its own.
 *
 * The list of members never changes: a member that joins or leaves makes a new one, which takes the
 * old one's place under RCU. So delivery, under RCU, always sees a whole list, and its count and
 * its entries match. A flow stays with its member as long as the list stays.
 *
 * Lifetime: the first member makes the cluster, the last one takes it along; a work item frees it a
 * grace period later. A cluster that has lost its device is not found any more: members that bind
 * again meet in a new cluster of the same number.
 *
 * All of it under the lock of the namespace's captures, except the memory for joining, which is got before, except
 * nsr_cluster_choose(), and except nsr_cluster_fail(), which a device's end calls under RTNL: it walks the list under RCU.
 */
#ifndef NSR_CLUSTER_H
#define NSR_CLUSTER_H

#include <linux/types.h>

#include "source.h"

struct nsr_cluster;
struct nsr_sock;
struct sk_buff;

int nsr_cluster_prepare(struct nsr_sock *sock);
void nsr_cluster_forget(struct nsr_sock *sock);
int nsr_cluster_join(struct nsr_sock *sock, u32 ifindex, struct nsr_taps *taps);
void nsr_cluster_leave(struct nsr_sock *sock);
struct nsr_ring *nsr_cluster_choose(struct nsr_cluster *cluster, const struct sk_buff *skb);
void nsr_cluster_fail(struct nsr_cluster *cluster, int error);
bool nsr_cluster_is_attached(const struct nsr_cluster *cluster);
unsigned int nsr_cluster_count(const struct nsr_cluster *cluster);

#endif
