// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netdevice.h>

#include "device.h"
#include "hook.h"
#include "netns.h"
#include "sock.h"
#include "source.h"

static void appeared(struct net_device *dev)
{
	struct nsr_captures *captures = nsr_captures(dev_net(dev));
	struct nsr_source *source;

	if (captures)
		list_for_each_entry(source, &captures->sources, node)
			nsr_source_add_device(source, dev);
	list_for_each_entry(source, &nsr_sources_everywhere, node)
		nsr_source_add_device(source, dev);
}

/* Under RTNL. A device that moves to another namespace vanishes here and appears there. */
static int notice(struct notifier_block *block, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);

	switch (event) {
	case NETDEV_REGISTER:
		appeared(dev);
		break;
	case NETDEV_UNREGISTER:
		nsr_hook_lose_device(dev);
		nsr_send_lose_device(dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block block = { .notifier_call = notice };

/** nsr_device_register() - follow devices; existing ones appear now; 0 or -errno */
int nsr_device_register(void)
{
	return register_netdevice_notifier(&block);
}

/** nsr_device_unregister() - undo nsr_device_register(): to the module all devices vanish */
void nsr_device_unregister(void)
{
	unregister_netdevice_notifier(&block);
}
