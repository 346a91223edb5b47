/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Network interfaces, as RTM_GETLINK tells of them. This is the only place that reads these
 * messages; struct nsr_link, which engines get, is a part of what is here.
 */
#ifndef NSR_SYS_LINK_H
#define NSR_SYS_LINK_H

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <stdbool.h>

#include <nsring/engine.h>

#define NSR_LINK_KIND_BYTES 16 /* with the final NUL */
#define NSR_LINK_MAC_BYTES  32

/** Ways in which an XDP program can be on an interface. */
enum nsr_link_xdp_mode {
	NSR_LINK_XDP_NATIVE,
	NSR_LINK_XDP_GENERIC,
	NSR_LINK_XDP_OFFLOADED,
	NSR_LINK_XDP_MODES,
};

/**
 * struct nsr_link_info - an interface
 * @ifindex:   its index in its namespace
 * @name:      its name
 * @kind:      "veth", "bridge", …; "" for hardware and loopback
 * @arphrd:    ARPHRD_
 * @flags:     IFF_
 * @operstate: IF_OPER_
 * @mtu:       bytes, without the link-layer header
 * @max_frame: see struct nsr_link
 * @mac:       link-level address, of @mac_bytes
 * @mac_bytes: 0 without one
 * @master:    index of the bridge, bond, … that it is a port of; 0: none
 * @below:     index of the other end of a veth pair, or of the interface that it lies on; 0: none
 * @abroad:    @below is in another namespace
 * @nsid:      what the interface's namespace calls that one; -1: it has no number for it, such as
 *             when it is going away, or it is the same
 * @id:        of a VLAN or VXLAN, if @has_id
 * @has_id:    whether it has one
 * @xdp_mode:  XDP_ATTACHED_ of linux/if_link.h
 * @xdp_id:    of a program there; any, if there are several
 * @xdp_ids:   by enum nsr_link_xdp_mode; 0: none
 * @stats:     counters, since it exists
 * @altnames:  for nsr_link_altnames(); lies in the message, so not beyond nsr_link_list()'s @found
 */
struct nsr_link_info {
	uint32_t ifindex;
	char name[16];
	char kind[NSR_LINK_KIND_BYTES];
	uint16_t arphrd;
	uint32_t flags;
	uint8_t operstate;
	uint32_t mtu;
	uint32_t max_frame;
	uint8_t mac[NSR_LINK_MAC_BYTES];
	uint32_t mac_bytes;
	uint32_t master;
	uint32_t below;
	bool abroad;
	int32_t nsid;
	uint32_t id;
	bool has_id;
	uint8_t xdp_mode;
	uint32_t xdp_id;
	uint32_t xdp_ids[NSR_LINK_XDP_MODES];
	struct rtnl_link_stats64 stats;
	const struct nlattr *altnames;
};

/**
 * nsr_link_parse() - read a message of rtnetlink
 * @msg:  lies wholly in memory, as long as it says
 * @info: filled in; what the message lacks, or has too short, stays 0
 *
 * Return: 0; -EBADMSG it is no RTM_NEWLINK, or too short for one.
 */
int nsr_link_parse(const struct nlmsghdr *msg, struct nsr_link_info *info);

/** nsr_link_altnames() - call @found for each alternative name, until it returns other than 0 */
int nsr_link_altnames(const struct nsr_link_info *info,
		      int (*found)(const char name[ALTIFNAMSIZ], void *arg), void *arg);

/** nsr_link_look() - nsr_link_get(), with all that is known, except alternative names */
int nsr_link_look(int fd, const char *name, uint32_t ifindex, struct nsr_link_info *info);

/**
 * nsr_link_resolve() - find the interface that a target's device and queue name
 * @fd:     of nsr_link_open()
 * @device: its name, or an alternative one
 * @queue:  number behind the device's '@', -1 without one; set to -1 where that is a part of the
 *          name: an interface that is called DEVICE@QUEUE comes first
 * @info:   filled in; its @name is what the kernel calls it
 *
 * Return: as nsr_link_get().
 */
int nsr_link_resolve(int fd, const char *device, int *queue, struct nsr_link_info *info);

/**
 * nsr_link_list() - all interfaces
 * @fd:    of nsr_link_open()
 * @found: called for each; its return value other than 0 ends it
 * @arg:   for @found
 *
 * Return: 0; -EINTR some came or went meanwhile, so that one may be missing; what @found returned;
 * -errno.
 */
int nsr_link_list(int fd, int (*found)(const struct nsr_link_info *info, void *arg), void *arg);

/**
 * nsr_link_watch() - a netlink socket that hears of changes of interfaces
 *
 * Return: a descriptor for nsr_link_changed(), of the calling thread's namespace; -errno.
 */
int nsr_link_watch(void);

/**
 * nsr_link_changed() - whether an interface has come, gone or changed, such as its name
 * @fd: of nsr_link_watch()
 *
 * Return: true if so since the last call, or if nobody can tell. One system call where nothing has.
 */
bool nsr_link_changed(int fd);

/**
 * nsr_link_find() - nsr_link_get() by name, with the reason in words
 * @fd:   of nsr_link_open()
 * @name: its name
 * @link: filled in
 * @err:  the reason in words
 *
 * Return: 0; -ENODEV there is none; -errno of the socket.
 */
int nsr_link_find(int fd, const char *name, struct nsr_link *link, struct nsr_error *err);

#endif
