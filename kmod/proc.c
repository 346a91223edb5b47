// SPDX-License-Identifier: GPL-2.0-only
#include <linux/netdevice.h>
#include <linux/proc_fs.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "cluster.h"
#include "hook.h"
#include "memory.h"
#include "netns.h"
#include "proc.h"
#include "ring.h"
#include "sock.h"

static void show_captures(struct seq_file *m, const struct nsr_captures *captures)
{
	static const struct nsr_captures none;

	captures = captures ?: &none;
	seq_printf(m, "captures:   %u\n", READ_ONCE(captures->open));
	seq_printf(m, "opened:     %u\n", READ_ONCE(captures->opened));
	seq_puts(m, "closed captures, packets:\n");
	seq_printf(m, "  written:  %lld\n", atomic64_read(&captures->past_written));
	seq_printf(m, "  filtered: %lld\n", atomic64_read(&captures->past_filtered));
	seq_printf(m, "  full:     %lld\n", atomic64_read(&captures->past_full));
}

static int show_info(struct seq_file *m, void *unused)
{
	struct net *net = m->private;

	seq_printf(m, "version:    %s\n", NSRING_VERSION);
	seq_printf(m, "abi:        %u\n", NSRING_ABI);
	show_captures(m, nsr_captures(net));
	/* A figure of the whole host, so only for those who see the whole host. */
	if (net_eq(net, &init_net))
		seq_printf(m, "memory:     %lu KiB\n", nsr_memory_pages() << (PAGE_SHIFT - 10));
	return 0;
}

static int show_device(struct seq_file *m, void *unused)
{
	int ifindex = (long)pde_data(file_inode(m->file));
	struct net *net = m->private;
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(net, ifindex);
	if (dev) {
		seq_printf(m, "name:     %s\n", dev->name);
		seq_printf(m, "ifindex:  %d\n", dev->ifindex);
		seq_printf(m, "type:     %u\n", dev->type);
		seq_printf(m, "mtu:      %u\n", READ_ONCE(dev->mtu));
		seq_printf(m, "up:       %s\n", dev->flags & IFF_UP ? "yes" : "no");
		seq_printf(m, "captures: %u\n", nsr_hook_taps(net, ifindex));
	}
	rcu_read_unlock();
	return 0;
}

static void show_name(struct seq_file *m, const struct nsr_sock *sock)
{
	u32 ifindex = READ_ONCE(sock->ifindex);
	struct net_device *dev;

	if (sock->setup.flags & NSRING_ALL_NETNS) {
		seq_puts(m, "device:   any, in all namespaces\n");
		return;
	}
	if (!ifindex) {
		seq_puts(m, "device:   any\n");
		return;
	}
	rcu_read_lock();
	dev = dev_get_by_index_rcu(sock_net(&sock->sk), ifindex);
	seq_printf(m, "device:   %s\n", dev ? dev->name : "gone");
	seq_printf(m, "ifindex:  %u\n", ifindex);
	rcu_read_unlock();
}

static void show_ring(struct seq_file *m, const struct nsr_sock *sock)
{
	const struct nsr_ring *ring = sock->ring;
	struct nsring_stats stats = {};

	seq_printf(m, "ring:     %lu bytes, %u lanes of %llu\n", ring->area.count << PAGE_SHIFT,
		   nr_cpu_ids, ring->lane_bytes);
	seq_printf(m, "snaplen:  %u\n", ring->snaplen);
	if (ring->share)
		seq_printf(m, "share:    %u, reader %u\n", ring->share, sock->index);
	nsr_ring_stats(ring, sock->index, &stats);
	seq_printf(m, "written:  %llu\n", stats.written);
	seq_printf(m, "filtered: %llu\n", stats.filtered);
	seq_printf(m, "sampled:  %llu\n", stats.sampled);
	seq_printf(m, "full:     %llu\n", stats.full);
}

static bool attached(const struct nsr_sock *sock)
{
	bool is;

	rcu_read_lock();
	is = nsr_is_attached(sock);
	rcu_read_unlock();
	return is;
}

static int show_capture(struct seq_file *m, void *unused)
{
	struct nsr_sock *sock = m->private;
	struct sock *sk = &sock->sk;

	seq_printf(m, "pid:      %d\n", sock->pid);
	seq_puts(m, "process:  ");
	seq_escape(m, sock->comm, "\n\\");
	seq_putc(m, '\n');
	seq_printf(m, "uid:      %u\n", from_kuid_munged(seq_user_ns(m), sk->sk_uid));
	seq_printf(m, "inode:    %lu\n", sock_i_ino(sk));
	show_name(m, sock);
	seq_printf(m, "state:    %s\n",
		   sock->stopped    ? "stopped"
		   : !sock->ring    ? "sends"
		   : attached(sock) ? "captures"
				    : "device gone");
	seq_printf(m, "filter:   %s\n", rcu_access_pointer(sk->sk_filter) ? "yes" : "no");
	if (sock->setup.cluster)
		seq_printf(m, "cluster:  %u\n", sock->setup.cluster);
	if (sock->ring)
		show_ring(m, sock);
	seq_printf(m, "sent:     %lld\n", atomic64_read(&sock->sent));
	return 0;
}

/** nsr_proc_add_namespace() - make the folder of a namespace */
void nsr_proc_add_namespace(struct nsr_net *ns)
{
	ns->proc = proc_net_mkdir(ns->net, "nsring", ns->net->proc_net);
	if (!ns->proc)
		return;
	proc_create_net_single("info", 0444, ns->proc, show_info, NULL);
	proc_net_mkdir(ns->net, "dev", ns->proc);
}

/** nsr_proc_remove_namespace() - remove the folder of a namespace, with everything in it */
void nsr_proc_remove_namespace(struct nsr_net *ns)
{
	proc_remove(ns->proc);
}

/* Names change, so a file knows its device by index. */
static void add_device(const struct nsr_net *ns, const struct net_device *dev)
{
	char path[sizeof("dev/") + IFNAMSIZ];
	void *data = (void *)(long)dev->ifindex;

	snprintf(path, sizeof(path), "dev/%s", dev->name);
	proc_create_net_single(path, 0444, ns->proc, show_device, data);
}

/** nsr_proc_add_device() - a device has appeared; under RTNL */
void nsr_proc_add_device(struct net_device *dev)
{
	const struct nsr_net *ns = nsr_net(dev_net(dev));

	if (ns->proc)
		add_device(ns, dev);
}

/** nsr_proc_remove_device() - a device vanishes; under RTNL */
void nsr_proc_remove_device(struct net_device *dev)
{
	const struct net_device *named = __dev_get_by_name(dev_net(dev), dev->name);
	const struct nsr_net *ns = nsr_net(dev_net(dev));
	char path[sizeof("dev/") + IFNAMSIZ];

	/* The kernel may repeat this, when another device has the name. */
	if (named && named != dev)
		return;
	snprintf(path, sizeof(path), "dev/%s", dev->name);
	/* Not remove_proc_entry(), which complains if the file couldn't be made. */
	if (ns->proc)
		remove_proc_subtree(path, ns->proc);
}

/**
 * nsr_proc_rename_device() - a device has another name now; under RTNL
 * @dev: the device
 *
 * The kernel doesn't tell the old name, and remembering names costs memory in each namespace. So
 * this makes all the files anew.
 */
void nsr_proc_rename_device(struct net_device *dev)
{
	const struct nsr_net *ns = nsr_net(dev_net(dev));
	struct net_device *each;

	if (!ns->proc)
		return;
	remove_proc_subtree("dev", ns->proc);
	proc_net_mkdir(ns->net, "dev", ns->proc);
	for_each_netdev(ns->net, each)
		add_device(ns, each);
}

/**
 * nsr_proc_add_capture() - a file for a socket that was bound: PID-NUMBER
 * @sock: the socket
 *
 * Not everybody may know which processes there are: the file is the namespace's root's.
 */
void nsr_proc_add_capture(struct nsr_sock *sock)
{
	const struct nsr_net *ns = nsr_net(sock_net(&sock->sk));
	kuid_t uid = make_kuid(ns->net->user_ns, 0);
	kgid_t gid = make_kgid(ns->net->user_ns, 0);
	char name[32];

	if (!ns->proc)
		return;
	snprintf(name, sizeof(name), "%d-%u", sock->pid, sock->id);
	sock->proc = proc_create_single_data(name, 0400, ns->proc, show_capture, sock);
	if (sock->proc)
		proc_set_user(sock->proc, uid_valid(uid) ? uid : GLOBAL_ROOT_UID,
			      gid_valid(gid) ? gid : GLOBAL_ROOT_GID);
}

/** nsr_proc_remove_capture() - remove the file of a socket; waits for those that read it */
void nsr_proc_remove_capture(struct nsr_sock *sock)
{
	proc_remove(sock->proc);
}
