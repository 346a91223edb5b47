/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/net/nsring of each namespace: three files, info, dev and captures, each made by one walk when it is
 * read. A namespace that comes gets them; devices and captures that come and go touch nothing here,
 * so that no reader, however slow, holds anybody up. A namespace is never told of captures that others make of
 * its devices.
 *
 * Nothing depends on these files: one that can't be made is left out.
 */
#ifndef NSR_PROC_H
#define NSR_PROC_H

struct nsr_net;

void nsr_proc_add_namespace(struct nsr_net *ns);
void nsr_proc_remove_namespace(struct nsr_net *ns);

#endif
