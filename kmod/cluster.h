/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cluster: sockets that share the packets of a source. Each packet goes to one member.
 *
 * All of it under RTNL, but for nsr_cluster_choose().
 */
#ifndef NSR_CLUSTER_H
#define NSR_CLUSTER_H

#include <linux/types.h>

#include "source.h"

struct nsr_cluster;
struct nsr_sock;
struct sk_buff;

int nsr_cluster_join(struct nsr_sock *sock, u32 ifindex);
void nsr_cluster_leave(struct nsr_sock *sock);
struct nsr_ring *nsr_cluster_choose(struct nsr_cluster *cluster, const struct sk_buff *skb);
void nsr_cluster_fail(struct nsr_cluster *cluster, int error);
bool nsr_cluster_is_attached(const struct nsr_cluster *cluster);
unsigned int nsr_cluster_count(const struct nsr_cluster *cluster);

#endif
