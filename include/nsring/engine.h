/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The engine plug-in ABI.
 *
 * An engine takes packets from somewhere. Its source, a file or a folder, ends in one
 * `const struct nsr_engine_ops`. Built-in engines are listed in lib/registry.c; others are shared
 * objects named NAME.so that export their ops as the symbol `nsr_engine`, found in the engine
 * directory when a target names an engine that isn't built in, or handed to nsr_engine_register().
 *
 * What the core does for every engine, so that none does it again: parsing the target, entering
 * the place (an engine's open runs in a thread that is already there), defaults of options,
 * compiling filters and running them in user space for engines without @set_filter, waiting,
 * waking, noticing that a namespace is gone, totals, error texts.
 *
 * The life of a capture: open → set_filter (if there is one) → start → recv/send/… → stop → close.
 * An engine takes no packet before start. The core never calls two of an engine's functions on the
 * same capture at once, except stats, which another thread may call at any time.
 */
#ifndef NSRING_ENGINE_H
#define NSRING_ENGINE_H

#include <nsring/nsring.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NSR_ENGINE_ABI 3

struct nsr_filter;

/** Engine traits. */
enum nsr_engine_flag {
	NSR_ENGINE_FREE_DEVICE = 1 << 0, /* the device is free text to its end, see target.h */
	NSR_ENGINE_QUEUE = 1 << 1, /* understands @queue */
	NSR_ENGINE_XDP = 1 << 2, /* understands the options xdp and busy_poll_us */
	NSR_ENGINE_SHARE = 1 << 3, /* understands share, sample, inject, and every fanout */
	NSR_ENGINE_ALL = 1 << 4, /* understands @all */
	NSR_ENGINE_NO_PLACE = 1 << 5, /* takes no place; the core opens it in the caller's thread */
	NSR_ENGINE_OFFLINE = 1 << 6, /* packets come from no device: it reads a file */
	NSR_ENGINE_TAKE = 1 << 7, /* understands the option take */
	NSR_ENGINE_SENDS_ALONG = 1 << 8, /* NSR_SEND beside NSR_RECV costs next to nothing */
};

/**
 * struct nsr_engine_args - what an engine's open is given, valid during the call
 * @size:   sizeof(struct nsr_engine_args) as the core knows it
 * @device: the device's name, "any", or free text; never "". A device that exists is called as the kernel
 *          calls it, though the target may have an alternative name of it
 * @queue:  queue number, -1 for all
 * @opts:   the core has put the defaults in place of 0, except in @opts->ring_bytes, whose
 *          default is the engine's; for an engine without set_filter @opts->snaplen is the largest,
 *          because the core cuts packets after it has filtered them
 * @batch_default: the caller chose no batch_ms, so @opts->batch_ms is the core's default; an engine
 *          that has a better default uses its own
 * @all:    the device "any" of all namespaces at once
 */
struct nsr_engine_args {
	uint32_t size;
	const char *device;
	int queue;
	const struct nsr_options *opts;
	bool batch_default;
	bool all;
};

/**
 * struct nsr_engine_ops - an engine
 * @abi:   NSR_ENGINE_ABI
 * @size:  sizeof(struct nsr_engine_ops); the core takes functions beyond it for NULL
 * @name:  lower-case letters, digits and '_', at most 15, no kind of place ("netns"); what users
 *         write before the ':'
 * @flags: enum nsr_engine_flag
 * @open:  get ready to capture in the calling thread's namespace; set *priv. On error fill in
 *         @err with nsr_error_set() and leave nothing behind.
 * @set_filter: use @filter (NULL: none) from now on; it stays valid until the next set_filter or
 *         close has returned. NULL: the core filters in user space.
 * @start: begin to take packets
 * @recv:  fill in up to @max packets and return how many; never waits. Ends the life of the
 *         packets of the call before. 0: nothing now; -ENODATA: no more to come; else the
 *         capture has failed for good and @err says why.
 * @send:  see nsr_send(), which one thread may call while another is in recv; NULL: can't send
 * @fd:    descriptor that polls readable when recv has something; -1: recv always has
 * @check: the descriptor polled an error, or readable although recv had nothing: 0 to carry on, 1
 *         to carry on and be checked again soon, -ENODEV the device is gone, … with @err
 * @stop:  take no further packets
 * @stats: add to what the core has filled in: the lost_… fields, and to @filtered, where the core
 *         has what it refused itself, or set it to NSR_UNKNOWN
 * @info:  fill in @mode, @linktype, @mixed, @snaplen, @ring_bytes, @fanout_group, @diverts, @queued; also
 *         @batch_packets where send best gets more frames than that at once
 * @interface: see nsr_interface_get()
 * @close: free everything; also after a failed start
 * @drain_ms: how long after stop or the end of the device packets may still come out of recv
 * @idle:  recv has just returned 0. Return 0: the descriptor will poll readable once there is
 *         something; -EAGAIN: call recv again, there is something now. With @coalesce, which the
 *         core sets once after packets have come, the engine may also return how many µs the core
 *         should leave the descriptor alone first, so that packets come many at a time. *fd, -1
 *         before, may then be set to a descriptor that ends this pause when it polls readable.
 * @usable: whether this engine would do what @opts ask for a target that names no engine, as far as
 *         it can tell without any effect, such as loading a module. The core asks only the engines
 *         that can be the default.
 *
 * @drained: asked after stop or the end of the device, when recv has just returned 0: whether all
 *         packets that were let in have been handed out or counted as lost, so that the end need not
 *         be waited for as long as @drain_ms
 * @saved: see nsr_saved_get()
 *
 * @stop, @check, @stats, @set_filter, @idle, @usable, @drained and @saved may be NULL.
 */
struct nsr_engine_ops {
	uint32_t abi;
	uint32_t size;
	const char *name;
	uint32_t flags;
	int (*open)(const struct nsr_engine_args *args, void **priv, struct nsr_error *err);
	int (*set_filter)(void *priv, const struct nsr_filter *filter, struct nsr_error *err);
	int (*start)(void *priv, struct nsr_error *err);
	int (*recv)(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err);
	int (*send)(void *priv, const struct nsr_frame *frames, uint32_t count,
		    struct nsr_error *err);
	int (*fd)(void *priv);
	int (*check)(void *priv, struct nsr_error *err);
	int (*stop)(void *priv, struct nsr_error *err);
	void (*stats)(void *priv, struct nsr_stats *stats);
	void (*info)(void *priv, struct nsr_info *info);
	int (*interface)(void *priv, uint32_t id, struct nsr_interface *iface);
	void (*close)(void *priv);
	uint32_t (*drain_ms)(void *priv);
	int (*idle)(void *priv, bool coalesce, int *fd);
	bool (*usable)(const struct nsr_options *opts);
	bool (*drained)(void *priv);
	int (*saved)(void *priv, uint32_t id, struct nsr_saved *saved);
};

/** The symbol that a plug-in exports. */
extern const struct nsr_engine_ops nsr_engine;

/**
 * nsr_engine_register() - make an engine known to nsr_open()
 * @ops: checked and copied; its name and functions must stay until the process ends
 * @err: the reason in words; may be NULL
 *
 * Return: 0; -EINVAL a malformed or reserved name, or a missing function; -EPROTO another ABI;
 * -EEXIST the name is taken; -ENOSPC too many engines.
 */
int nsr_engine_register(const struct nsr_engine_ops *ops, struct nsr_error *err);

/**
 * nsr_filter_match() - judge one packet, as libpcap's interpreter does
 * @filter: compiled for the link type of the packet; NULL matches everything
 * @data:   as it is handed out
 * @len:    bytes on the wire
 * @caplen: bytes at @data
 */
bool nsr_filter_match(const struct nsr_filter *filter, const uint8_t *data, uint32_t len,
		      uint32_t caplen);

struct sock_fprog;

/** How a packet looks to a socket's filter, compared with the packet as it is handed out. */
enum nsr_skb_view {
	NSR_SKB_ETHERNET, /* as handed out, except that a VLAN tag may be in the metadata */
	NSR_SKB_COOKED, /* starts at the network header; LINKTYPE_LINUX_SLL2 is made up later */
	NSR_SKB_PLAIN, /* as handed out */
};

/** Packets that a socket's filter refuses in addition to those that the user's filter refuses. */
enum nsr_skb_rule {
	NSR_SKB_ONLY_OUT = 1 << 0, /* packets that come in */
	NSR_SKB_ONLY_IN = 1 << 1, /* packets that go out */
	NSR_SKB_LOOPBACK_ONCE = 1 << 2, /* packets sent on a loopback device: they come in again */
};

/**
 * nsr_filter_for_socket() - translate a filter for SO_ATTACH_FILTER
 * @filter: compiled filter, NULL for one that accepts everything
 * @view:   enum nsr_skb_view
 * @rules:  enum nsr_skb_rule
 * @accept: the value that accepting returns: bytes to keep
 * @prog:   filled in; free @prog->filter with free()
 * @err:    the reason in words; may be NULL
 *
 * The verdict is that of nsr_filter_match() on the packet as it is handed out, although the
 * socket's program runs before VLAN tags and cooked headers are put in place. The program can't
 * judge one case: it lets in whole a cooked packet that is sent with a VLAN tag inside, whatever
 * @accept says, and the caller must judge that packet when it hands it out.
 *
 * Return: 0; -EOPNOTSUPP the filter reads something that a socket's filter can't; -E2BIG it is
 * too long for the kernel; -ENOMEM.
 */
int nsr_filter_for_socket(const struct nsr_filter *filter, enum nsr_skb_view view,
			  unsigned int rules, uint32_t accept, struct sock_fprog *prog,
			  struct nsr_error *err);

/**
 * nsr_spare_memory() - memory that the host can give without swapping
 *
 * Return: bytes, as /proc/meminfo tells (MemAvailable); 0 when it can't be read.
 */
uint64_t nsr_spare_memory(void);

/**
 * struct nsr_link - a network interface, from rtnetlink
 * @ifindex:   its index in its namespace
 * @arphrd:    ARPHRD_ value of linux/if_arp.h
 * @flags:     IFF_ values
 * @max_frame: longest packet it can hand to a capture, in bytes: MTU, or what segmentation
 *             offload makes of it, with the link-layer header
 * @mtu:       in bytes, without the link-layer header
 * @missed:    packets the device dropped for want of receive buffers, since it exists
 * @received, @transmitted: packets, since it exists
 * @name:      its name
 */
struct nsr_link {
	uint32_t ifindex;
	uint32_t arphrd;
	uint32_t flags;
	uint32_t max_frame;
	uint32_t mtu;
	uint64_t missed;
	uint64_t received, transmitted;
	char name[16];
};

/**
 * nsr_link_open() - a netlink socket to ask about the calling thread's namespace
 *
 * Return: a descriptor that goes on asking about that namespace, to be closed with close(2);
 * -errno.
 */
int nsr_link_open(void);

/**
 * nsr_link_get() - look an interface up
 * @fd:      of nsr_link_open()
 * @name:    its name or an alternative one, or NULL to look up @ifindex
 * @ifindex: its index, when @name is NULL
 * @link:    filled in
 *
 * Return: 0; -ENODEV there is none; -errno of the socket.
 */
int nsr_link_get(int fd, const char *name, uint32_t ifindex, struct nsr_link *link);

/**
 * nsr_link_max_frame() - the largest nsr_link.max_frame of all interfaces
 * @fd: of nsr_link_open()
 *
 * Return: bytes, or -errno.
 */
int nsr_link_max_frame(int fd);

#ifdef __cplusplus
}
#endif

#endif
