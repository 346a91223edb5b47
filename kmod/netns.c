// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "netns.h"
#include "proc.h"

unsigned int nsr_net_id __read_mostly;
LIST_HEAD(nsr_nets);
DEFINE_MUTEX(nsr_nets_lock);
LIST_HEAD(nsr_sources_everywhere);

/* Namespaces must be possible to make where memory is in pieces. */
static_assert(sizeof(struct nsr_net) <= PAGE_SIZE && sizeof(struct nsr_captures) <= PAGE_SIZE);

static void free_captures(struct nsr_captures *captures)
{
	xa_destroy(&captures->hooks);
	mutex_destroy(&captures->lock);
	kfree(captures);
}

/**
 * nsr_captures_make() - the captures of a namespace, made now if there are none yet
 * @net: the namespace, held or under RTNL
 * @gfp: GFP_KERNEL_ACCOUNT for who captures; under RTNL GFP_KERNEL
 *
 * Return: the captures, owned by the namespace; NULL without memory.
 */
struct nsr_captures *nsr_captures_make(struct net *net, gfp_t gfp)
{
	struct nsr_captures *captures = nsr_captures(net), *first;

	if (captures)
		return captures;
	captures = kzalloc(sizeof(*captures), gfp);
	if (!captures)
		return NULL;
	xa_init(&captures->hooks);
	mutex_init(&captures->lock);
	INIT_LIST_HEAD(&captures->sources);
	INIT_LIST_HEAD(&captures->shared);
	INIT_LIST_HEAD(&captures->clusters);
	INIT_LIST_HEAD(&captures->socks);
	/* No lock is common to all who make them, so the first one wins. Pairs with nsr_captures(). */
	first = cmpxchg(&nsr_net(net)->captures, NULL, captures);
	if (!first)
		return captures;
	free_captures(captures);
	return first;
}

static int __net_init add(struct net *net)
{
	struct nsr_net *ns = nsr_net(net);

	ns->net = net;
	nsr_proc_add_namespace(ns);
	/* Before the namespace gets its first device, so that no source misses one. */
	mutex_lock(&nsr_nets_lock);
	list_add_tail(&ns->node, &nsr_nets);
	mutex_unlock(&nsr_nets_lock);
	return 0;
}

/* No device and no socket is left: each held the namespace. */
static void __net_exit remove(struct net *net)
{
	struct nsr_net *ns = nsr_net(net);

	mutex_lock(&nsr_nets_lock);
	list_del(&ns->node);
	mutex_unlock(&nsr_nets_lock);
	nsr_proc_remove_namespace(ns);
	if (!ns->captures)
		return;
	WARN_ON_ONCE(!xa_empty(&ns->captures->hooks));
	free_captures(ns->captures);
}

static struct pernet_operations operations = {
	.init = add,
	.exit = remove,
	.id = &nsr_net_id,
	.size = sizeof(struct nsr_net),
};

/** nsr_netns_register() - follow namespaces, existing ones too; 0 or -errno */
int nsr_netns_register(void)
{
	return register_pernet_subsys(&operations);
}

/** nsr_netns_unregister() - undo nsr_netns_register() */
void nsr_netns_unregister(void)
{
	unregister_pernet_subsys(&operations);
}
