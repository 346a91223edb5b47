// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>
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
	seq_printf(m, "opened:     %llu\n", READ_ONCE(captures->opened));
	seq_puts(m, "closed captures, packets:\n");
	seq_printf(m, "  written:  %lld\n", atomic64_read(&captures->past_written));
	seq_printf(m, "  filtered: %lld\n", atomic64_read(&captures->past_filtered));
	seq_printf(m, "  full:     %lld\n", atomic64_read(&captures->past_full));
}

/* The namespace that a file is of; held as long as it is open. */
static struct net *net_of(const struct seq_file *m)
{
	return m->private;
}

static void *info_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? NULL : SEQ_START_TOKEN;
}

static void *info_next(struct seq_file *m, void *at, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void info_stop(struct seq_file *m, void *at)
{
}

static int info_show(struct seq_file *m, void *at)
{
	const struct net *net = net_of(m);

	seq_printf(m, "version:    %s\n", NSRING_VERSION);
	seq_printf(m, "abi:        %u\n", NSRING_ABI);
	show_captures(m, nsr_captures(net));
	/* A figure of the whole host, so only for those who see the whole host. */
	if (net_eq(net, &init_net))
		seq_printf(m, "memory:     %lu KiB\n", nsr_memory_pages() << (PAGE_SHIFT - 10));
	return 0;
}

static const struct seq_operations info_operations = {
	.start = info_start,
	.next = info_next,
	.stop = info_stop,
	.show = info_show,
};

/* Where a walk is. A page at a time is made under RCU, and copied to the reader without. */
static void *dev_start(struct seq_file *m, loff_t *pos)
{
	struct net_device *dev;
	loff_t skip = *pos;

	rcu_read_lock();
	if (!skip--)
		return SEQ_START_TOKEN;
	for_each_netdev_rcu(net_of(m), dev)
		if (!skip--)
			return dev;
	return NULL;
}

static void *dev_next(struct seq_file *m, void *at, loff_t *pos)
{
	struct net *net = net_of(m);
	struct list_head *next;

	++*pos;
	next = at == SEQ_START_TOKEN
		       ? rcu_dereference(list_next_rcu(&net->dev_base_head))
		       : rcu_dereference(list_next_rcu(&((struct net_device *)at)->dev_list));
	return next == &net->dev_base_head ? NULL : list_entry(next, struct net_device, dev_list);
}

static void stop(struct seq_file *m, void *at)
{
	rcu_read_unlock();
}

/* No name of a device has a blank: dev_valid_name(). */
static int dev_show(struct seq_file *m, void *at)
{
	const struct net_device *dev = at;

	if (at == SEQ_START_TOKEN)
		seq_puts(m, "ifindex name type mtu state captures\n");
	else
		seq_printf(m, "%d %s %u %u %s %u\n", dev->ifindex, dev->name, dev->type,
			   READ_ONCE(dev->mtu), READ_ONCE(dev->flags) & IFF_UP ? "up" : "down",
			   nsr_hook_own_taps(net_of(m), dev->ifindex));
	return 0;
}

static const struct seq_operations dev_operations = {
	.start = dev_start,
	.next = dev_next,
	.stop = stop,
	.show = dev_show,
};

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

	seq_printf(m, "ring:     %lu bytes, %u lanes of %llu\n",
		   READ_ONCE(ring->charge.pages) << PAGE_SHIFT, READ_ONCE(ring->lanes_made),
		   ring->lane_bytes);
	seq_printf(m, "snaplen:  %u\n", ring->snaplen);
	if (ring->share)
		seq_printf(m, "share:    %u, reader %u\n", ring->share, sock->index);
	nsr_ring_stats(ring, sock->index, &stats);
	seq_printf(m, "written:  %llu\n", stats.written);
	seq_printf(m, "filtered: %llu\n", stats.filtered);
	seq_printf(m, "sampled:  %llu\n", stats.sampled);
	seq_printf(m, "full:     %llu\n", stats.full);
}

static void *captures_start(struct seq_file *m, loff_t *pos)
{
	const struct nsr_captures *captures = nsr_captures(net_of(m));
	struct nsr_sock *sock;
	loff_t skip = *pos;

	rcu_read_lock();
	if (captures)
		list_for_each_entry_rcu(sock, &captures->socks, in_captures)
			if (!skip--)
				return sock;
	return NULL;
}

static void *captures_next(struct seq_file *m, void *at, loff_t *pos)
{
	struct list_head *socks = &nsr_captures(net_of(m))->socks;
	struct nsr_sock *sock = at;
	struct list_head *next = rcu_dereference(list_next_rcu(&sock->in_captures));

	++*pos;
	return next == socks ? NULL : list_entry(next, struct nsr_sock, in_captures);
}

/* Paragraphs, with an empty line between them. */
static int captures_show(struct seq_file *m, void *at)
{
	const struct nsr_sock *sock = at;
	const struct sock *sk = &sock->sk;

	seq_printf(m, "capture:  %llu\n", sock->id);
	seq_printf(m, "pid:      %d\n",
		   pid_nr_ns(sock->pid, proc_pid_ns(file_inode(m->file)->i_sb)));
	seq_puts(m, "process:  ");
	seq_escape(m, sock->comm, "\n\\");
	seq_putc(m, '\n');
	seq_printf(m, "uid:      %u\n", from_kuid_munged(seq_user_ns(m), sk->sk_uid));
	seq_printf(m, "inode:    %llu\n", sock->inode);
	show_name(m, sock);
	seq_printf(m, "state:    %s\n",
		   READ_ONCE(sock->stopped) ? "stopped"
		   : !sock->ring	    ? "sends"
		   : nsr_is_attached(sock)  ? "captures"
					    : "device gone");
	seq_printf(m, "filter:   %s\n", rcu_access_pointer(sk->sk_filter) ? "yes" : "no");
	if (sock->setup.cluster)
		seq_printf(m, "cluster:  %u\n", sock->setup.cluster);
	if (sock->ring)
		show_ring(m, sock);
	seq_printf(m, "sent:     %lld\n\n", atomic64_read(&sock->sent));
	return 0;
}

static const struct seq_operations captures_operations = {
	.start = captures_start,
	.next = captures_next,
	.stop = stop,
	.show = captures_show,
};

static int open(struct inode *inode, struct file *file)
{
	struct net *net = maybe_get_net(proc_get_parent_data(inode));
	struct seq_file *m;
	int rc;

	if (!net)
		return -ENXIO;
	rc = seq_open(file, pde_data(inode));
	if (rc < 0) {
		put_net(net);
		return rc;
	}
	m = file->private_data;
	m->private = net;
	return 0;
}

static int release(struct inode *inode, struct file *file)
{
	put_net(net_of(file->private_data));
	return seq_release(inode, file);
}

/*
 * A reader may stand still in a page fault for as long as somebody in user space likes. Whoever removes the file waits
 * for it, which in nsr_exit() would keep all namespaces of the host from coming and going: so a reader holds the module.
 */
static ssize_t read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	ssize_t got;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	got = seq_read(file, to, size, pos);
	module_put(THIS_MODULE);
	return got;
}

static const struct proc_ops file_operations = {
	.proc_open = open,
	.proc_read = read,
	.proc_lseek = seq_lseek,
	.proc_release = release,
};

static struct proc_dir_entry *add_file(struct nsr_net *ns, const char *name, umode_t mode,
				       const struct seq_operations *walk)
{
	return proc_create_data(name, mode, ns->proc, &file_operations, (void *)walk);
}

/* Not everybody may know which processes there are: this file is the namespace's root's. */
static void add_captures(struct nsr_net *ns)
{
	kuid_t uid = make_kuid(ns->net->user_ns, 0);
	kgid_t gid = make_kgid(ns->net->user_ns, 0);
	struct proc_dir_entry *file = add_file(ns, "captures", 0400, &captures_operations);

	if (file)
		proc_set_user(file, uid_valid(uid) ? uid : GLOBAL_ROOT_UID,
			      gid_valid(gid) ? gid : GLOBAL_ROOT_GID);
}

/** nsr_proc_add_namespace() - make the files of a namespace */
void nsr_proc_add_namespace(struct nsr_net *ns)
{
	ns->proc = proc_net_mkdir(ns->net, "nsring", ns->net->proc_net);
	if (!ns->proc)
		return;
	add_file(ns, "info", 0444, &info_operations);
	add_file(ns, "dev", 0444, &dev_operations);
	add_captures(ns);
}

/** nsr_proc_remove_namespace() - remove them; waits for those that read them */
void nsr_proc_remove_namespace(struct nsr_net *ns)
{
	proc_remove(ns->proc);
}
