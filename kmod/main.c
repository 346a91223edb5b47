// SPDX-License-Identifier: GPL-2.0-only
/*
 * nsring.ko: writes packets of network devices into rings that user space maps. nsring_uapi.h is
 * the contract with user space, and its manual; README.md says how the files meet.
 *
 *	packet ─▶ hook of the device ─▶ tap ─▶ source ─┬─▶ ring ─▶ its readers
 *	          hook.c                        source.c └─▶ cluster ─▶ ring of one member
 *	                                                    cluster.c
 *
 * Locks: a socket's lock, that of its namespace's captures, RTNL, nsr_nets_lock, in this order.
 * Delivery takes none: it runs under RCU.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "device.h"
#include "entry.h"
#include "hook.h"
#include "lane.h"
#include "netns.h"
#include "nsring_uapi.h"
#include "sock.h"
#include "source.h"
#include "workqueue.h"

struct workqueue_struct *nsr_workqueue;

static int __init nsr_init(void)
{
	int rc;

#ifdef DEBUG
	if (!nsr_deliver_selftest())
		return -ENOTRECOVERABLE;
#endif
	nsr_workqueue = alloc_workqueue("nsring", WQ_UNBOUND, 0);
	if (!nsr_workqueue)
		return -ENOMEM;
	rc = nsr_lanes_register();
	if (rc < 0)
		goto destroy_workqueue;
	rc = nsr_netns_register();
	if (rc < 0)
		goto unregister_lanes;
	rc = nsr_device_register();
	if (rc < 0)
		goto unregister_netns;
	rc = nsr_socket_register();
	if (rc < 0)
		goto unregister_device;
	rc = nsr_entry_register();
	if (rc < 0)
		goto unregister_socket;
	return 0;

unregister_socket:
	nsr_socket_unregister();
unregister_device:
	nsr_device_unregister();
unregister_netns:
	nsr_netns_unregister();
unregister_lanes:
	nsr_lanes_unregister();
destroy_workqueue:
	destroy_workqueue(nsr_workqueue);
	return rc;
}

static void __exit nsr_exit(void)
{
	nsr_entry_unregister();
	nsr_device_unregister();
	nsr_netns_unregister();
	nsr_sources_stop_retrying();
	/* The last sockets have left work to RCU, which leaves it to the queue: in this order. */
	rcu_barrier();
	destroy_workqueue(nsr_workqueue);
	/* Not before: freeing the last sockets takes their struct proto, and rings are in a list there. */
	nsr_socket_unregister();
	nsr_lanes_unregister();
}

module_init(nsr_init);
module_exit(nsr_exit);

MODULE_DESCRIPTION("packet capture with mapped rings, by network namespace");
MODULE_AUTHOR("The nsring authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(NSRING_VERSION);
