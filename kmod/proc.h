/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/net/nsring of each namespace: info, dev/ with its devices, and a file for each capture.
 * Nothing depends on these files: one that can't be made is left out.
 */
#ifndef NSR_PROC_H
#define NSR_PROC_H

struct net_device;
struct nsr_net;
struct nsr_sock;

void nsr_proc_add_namespace(struct nsr_net *ns);
void nsr_proc_remove_namespace(struct nsr_net *ns);
void nsr_proc_add_device(struct net_device *dev);
void nsr_proc_remove_device(struct net_device *dev);
void nsr_proc_rename_device(struct net_device *dev);
void nsr_proc_add_capture(struct nsr_sock *sock);
void nsr_proc_remove_capture(struct nsr_sock *sock);

#endif
