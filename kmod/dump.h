/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NSR_DUMP_H
#define NSR_DUMP_H

struct netlink_callback;
struct sk_buff;

int nsr_dump_captures(struct sk_buff *skb, struct netlink_callback *cb);
int nsr_dump_devices(struct sk_buff *skb, struct netlink_callback *cb);

#endif
