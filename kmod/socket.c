// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space asks of a socket: setup, options, poll. Sizes, flags and fields are checked here,
 * before anything is made of them; bind.c, map.c and send.c do the rest.
 */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/rtnetlink.h>
#include <linux/sockptr.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "cluster.h"
#include "compat.h"
#include "netns.h"
#include "reader.h"
#include "ring.h"
#include "sock.h"

#define SETUP_FLAGS                                                                                \
	(NSRING_COOKED | NSRING_PROMISCUOUS | NSRING_ALL_NETNS | NSRING_NO_RING | NSRING_INJECT |  \
	 NSRING_DEVICE_STAMPS)

static struct proto proto = {
	.name = "NSRING",
	.owner = THIS_MODULE,
	.obj_size = sizeof(struct nsr_sock),
};

static int release(struct socket *socket)
{
	struct sock *sk = socket->sk;

	if (!sk)
		return 0;
	nsr_release(nsr_sock(sk));
	socket->sk = NULL;
	return 0;
}

static int bind(struct socket *socket, NSR_ADDRESS *address, int len)
{
	const struct sockaddr_nsring *to = (const void *)address;
	struct sock *sk = socket->sk;
	int rc;

	if (len < (int)sizeof(*to) || to->family != AF_UNSPEC || to->reserved)
		return -EINVAL;
	lock_sock(sk);
	rc = nsr_bind(nsr_sock(sk), to->ifindex);
	release_sock(sk);
	return rc;
}

static int get_name(struct socket *socket, struct sockaddr *address, int peer)
{
	struct sockaddr_nsring *from = (void *)address;

	if (peer)
		return -EOPNOTSUPP;
	memset(from, 0, sizeof(*from));
	from->ifindex = READ_ONCE(nsr_sock(socket->sk)->ifindex);
	return sizeof(*from);
}

static __poll_t poll(struct file *file, struct socket *socket, struct poll_table_struct *wait)
{
	struct nsr_sock *sock = nsr_sock(socket->sk);
	bool edge = poll_requested_events(wait) & EPOLLET;
	__poll_t events = 0;

	sock_poll_wait(file, socket, wait);
	if (READ_ONCE(sock->sk.sk_err))
		events |= EPOLLERR;
	/* Once made, the ring stays as long as the socket. */
	if (smp_load_acquire(&sock->bound) && sock->ring && nsr_wake_arm(sock, edge))
		events |= EPOLLIN | EPOLLRDNORM;
	if (sock_writeable(&sock->sk))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static bool all_zero(const void *bytes, size_t len)
{
	return !memchr_inv(bytes, 0, len);
}

static int check_setup(const struct net *net, const struct nsring_setup *setup)
{
	bool all = setup->flags & NSRING_ALL_NETNS;

	if (setup->flags & ~SETUP_FLAGS || !all_zero(setup->reserved, sizeof(setup->reserved)))
		return -EINVAL;
	if (setup->snaplen > NSRING_SNAPLEN_MAX || setup->direction > NSRING_DIRECTION_OUT ||
	    setup->cluster_mode >= NSRING_CLUSTER_MODES)
		return -EINVAL;
	if (setup->wait_min_us > setup->wait_max_us || setup->wait_max_us > NSRING_WAIT_MAX_US)
		return -EINVAL;
	if (setup->share && setup->cluster)
		return -EINVAL;
	if ((setup->flags & NSRING_NO_RING) && (setup->share || setup->cluster || all))
		return -EINVAL;
	if (all && (setup->flags & NSRING_PROMISCUOUS))
		return -EINVAL;
	/* As for setns(2): without CAP_SYS_ADMIN nobody gets into the others. */
	if (all && (!net_eq(net, &init_net) || !capable(CAP_NET_RAW) || !capable(CAP_SYS_ADMIN)))
		return -EPERM;
	if ((setup->flags & NSRING_INJECT) && !ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	return 0;
}

static int set_up(struct nsr_sock *sock, sockptr_t value, unsigned int len)
{
	struct nsring_setup setup = {};
	u8 more[64];
	unsigned int at, n;
	int rc;

	if (len > PAGE_SIZE)
		return -E2BIG;
	if (copy_from_sockptr(&setup, value, min_t(unsigned int, len, sizeof(setup))))
		return -EFAULT;
	for (at = sizeof(setup); at < len; at += n) {
		n = min_t(unsigned int, len - at, sizeof(more));
		if (copy_from_sockptr_offset(more, value, at, n))
			return -EFAULT;
		if (!all_zero(more, n))
			return -E2BIG;
	}
	rc = check_setup(sock_net(&sock->sk), &setup);
	if (rc < 0)
		return rc;
	setup.sample = setup.sample ?: 1;
	lock_sock(&sock->sk);
	if (sock->bound)
		rc = -EBUSY;
	else
		sock->setup = setup;
	release_sock(&sock->sk);
	return rc;
}

static int setsockopt(struct socket *socket, int level, int name, sockptr_t value, unsigned int len)
{
	struct nsr_sock *sock = nsr_sock(socket->sk);
	int rc;

	if (level != SOL_NSRING)
		return -ENOPROTOOPT;
	switch (name) {
	case NSRING_SETUP:
		return set_up(sock, value, len);
	case NSRING_STOP:
		lock_sock(&sock->sk);
		rc = nsr_stop(sock);
		release_sock(&sock->sk);
		return rc;
	}
	return -ENOPROTOOPT;
}

static int tell_layout(struct nsr_sock *sock, struct nsring_layout *layout)
{
	const struct nsr_ring *ring = sock->ring;
	const struct nsr_cluster *cluster;

	if (!ring)
		return -ENOTCONN;
	layout->ring_bytes = (u64)nsr_ring_pages(ring) << PAGE_SHIFT;
	layout->cursor_bytes = (u64)sock->cursors.count << PAGE_SHIFT;
	layout->reader = sock->index;
	layout->snaplen = ring->snaplen;
	layout->lanes = nr_cpu_ids;
	layout->memory_bytes = (u64)READ_ONCE(ring->charge.pages) << PAGE_SHIFT;
	layout->lanes_made = READ_ONCE(ring->lanes_made);
	rcu_read_lock();
	cluster = READ_ONCE(sock->cluster);
	layout->members = cluster ? nsr_cluster_count(cluster) : nsr_readers_count(ring);
	rcu_read_unlock();
	return 0;
}

static int tell_stats(struct nsr_sock *sock, struct nsring_stats *stats)
{
	if (!sock->ring && !sock->bound)
		return -ENOTCONN;
	if (sock->ring)
		nsr_ring_stats(sock->ring, sock->index, stats);
	stats->sent = atomic64_read(&sock->sent);
	return 0;
}

static struct net *find_namespace(u64 cookie)
{
	struct net *net;

	for_each_net_rcu(net)
		if (net->net_cookie == cookie)
			return net;
	return NULL;
}

static int tell_device(struct nsr_sock *sock, struct nsring_device *device)
{
	struct net *net = sock_net(&sock->sk);
	struct net_device *dev;
	u32 ifindex = device->ifindex;
	u64 cookie = device->netns;
	int rc = -ENODEV;

	if (cookie && cookie != net->net_cookie && !(sock->setup.flags & NSRING_ALL_NETNS))
		return -EPERM;
	memset(device, 0, sizeof(*device));
	rcu_read_lock();
	if (cookie && cookie != net->net_cookie)
		net = find_namespace(cookie);
	dev = net ? dev_get_by_index_rcu(net, ifindex) : NULL;
	if (dev) {
		device->netns = net->net_cookie;
		device->ifindex = dev->ifindex;
		device->arphrd = dev->type;
		strscpy(device->name, dev->name, sizeof(device->name));
		rc = 0;
	}
	rcu_read_unlock();
	return rc;
}

/* Every answer of getsockopt(2) is a struct of 64 bytes. */
union answer {
	struct nsring_layout layout;
	struct nsring_stats stats;
	struct nsring_device device;
};

static int get(struct nsr_sock *sock, int name, union answer *answer)
{
	switch (name) {
	case NSRING_LAYOUT:
		return tell_layout(sock, &answer->layout);
	case NSRING_STATS:
		return tell_stats(sock, &answer->stats);
	case NSRING_DEVICE:
		return tell_device(sock, &answer->device);
	}
	return -ENOPROTOOPT;
}

static int getsockopt(struct socket *socket, int level, int name, char __user *value,
		      int __user *optlen)
{
	struct nsr_sock *sock = nsr_sock(socket->sk);
	union answer answer = {};
	int len, rc;

	if (level != SOL_NSRING)
		return -ENOPROTOOPT;
	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min_t(int, len, sizeof(answer));
	if (name == NSRING_DEVICE) {
		if (len < (int)offsetofend(struct nsring_device, ifindex))
			return -EINVAL;
		if (copy_from_user(&answer, value, offsetofend(struct nsring_device, ifindex)))
			return -EFAULT;
	}
	lock_sock(&sock->sk);
	rc = get(sock, name, &answer);
	release_sock(&sock->sk);
	if (rc < 0)
		return rc;
	if (put_user(len, optlen) || copy_to_user(value, &answer, len))
		return -EFAULT;
	return 0;
}

static const struct proto_ops ops = {
	.family = AF_UNSPEC,
	.owner = THIS_MODULE,
	.release = release,
	.bind = bind,
	.connect = sock_no_connect,
	.socketpair = sock_no_socketpair,
	.accept = sock_no_accept,
	.getname = get_name,
	.poll = poll,
	.ioctl = sock_no_ioctl,
	.listen = sock_no_listen,
	.shutdown = sock_no_shutdown,
	.setsockopt = setsockopt,
	.getsockopt = getsockopt,
	.sendmsg = nsr_sendmsg,
	.recvmsg = sock_no_recvmsg,
	.mmap = nsr_mmap,
};

/* The socket that a struct socket of our own kind leads to. */
static int make_sock(struct net *net, struct socket *socket)
{
	struct sock *sk = sk_alloc(net, AF_UNSPEC, GFP_KERNEL, &proto, 0);

	if (!sk)
		return -ENOMEM;
	sock_init_data(socket, sk);
	socket->state = SS_UNCONNECTED;
	nsr_sock(sk)->setup.sample = 1;
	/* Since release() is called from now on, which gives this back. The sock has one already. */
	__module_get(THIS_MODULE);
	socket->ops = &ops;
	return 0;
}

/**
 * nsr_socket_make() - make a socket
 * @net: its namespace, which it holds
 *
 * Return: its file; -ENFILE; -ENOMEM.
 */
struct file *nsr_socket_make(struct net *net)
{
	struct socket *socket = sock_alloc();
	int rc;

	if (!socket)
		return ERR_PTR(-ENFILE);
	socket->type = SOCK_RAW;
	rc = make_sock(net, socket);
	if (rc < 0) {
		sock_release(socket);
		return ERR_PTR(rc);
	}
	/* After a failure it has released the socket. */
	return sock_alloc_file(socket, O_RDWR, "nsring");
}

/** nsr_socket_register() - so that /proc/net/protocols counts sockets; 0 or -errno */
int nsr_socket_register(void)
{
	/* With a slab of its own, which charges the memory cgroup of who opens a socket. */
	return proto_register(&proto, 1);
}

/** nsr_socket_unregister() - undo nsr_socket_register(), when no socket is left */
void nsr_socket_unregister(void)
{
	proto_unregister(&proto);
}
