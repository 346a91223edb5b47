/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The view of the host: every network namespace that can be found, what is in it, who holds it.
 *
 * host_look() takes four steps, each with files of its own:
 *
 *	find*.c     which namespaces there are, by their names, processes, mounts and descriptors
 *	visit.c     worker threads enter each and read links.c, addresses.c, hardware.c, traffic
 *	            control (tc.c) and open captures (packet_sockets.c, ring_sockets.c,
 *	            xdp_sockets.c)
 *	peers.c     which namespace the other end of a link is in
 *	owners.c    which process a socket or a program belongs to; programs.c: what it is called
 *
 * All names in the view are untrusted; escape them before printing.
 */
#ifndef NSRING_HOST_H
#define NSRING_HOST_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/publish.h"

#define HOST_NAME_BYTES 16 /* name of a command, program or kind of interface, with its NUL */

/** How a namespace is held; in the order in which holders are listed. */
enum host_holder_kind {
	HOST_HOLDER_NAME, /* a name in /run/netns */
	HOST_HOLDER_MOUNT, /* a bind mount elsewhere */
	HOST_HOLDER_PROCESS, /* a process in it */
	HOST_HOLDER_THREAD, /* a thread in it, whose process is elsewhere */
	HOST_HOLDER_FD, /* an open descriptor of a process */
	HOST_HOLDER_KINDS,
};

/**
 * struct host_holder - what keeps a namespace
 * @kind: enum host_holder_kind
 * @pid:  process or thread; for a mount: a process that sees it, 0: this one does
 * @fd:   the descriptor's number
 * @comm: the process's or thread's name, "" where it can't be read
 * @path: of a name or mount, as the process @pid sees it; else NULL
 */
struct host_holder {
	uint32_t kind;
	pid_t pid;
	int fd;
	char comm[HOST_NAME_BYTES];
	char *path;
};

/** struct host_address - an IP address of an interface; @family is AF_INET or AF_INET6 */
struct host_address {
	uint8_t family;
	uint8_t prefix;
	uint8_t bytes[16];
};

/** Where a program is attached. */
enum host_hook {
	HOST_XDP_NATIVE,
	HOST_XDP_GENERIC,
	HOST_XDP_OFFLOADED,
	HOST_TC_INGRESS,
	HOST_TC_EGRESS,
	HOST_TCX_INGRESS,
	HOST_TCX_EGRESS,
};

/**
 * struct host_program - a BPF program on an interface
 * @hook: enum host_hook
 * @id:   the kernel's number for it
 * @name: "" where it can't be read
 * @pid:  a process that holds it by a bpf link, 0 where none is known
 * @comm: of that process
 */
struct host_program {
	uint32_t hook;
	uint32_t id;
	char name[HOST_NAME_BYTES];
	pid_t pid;
	char comm[HOST_NAME_BYTES];
};

/** What is known about an interface's peer. */
enum host_peer_state {
	HOST_PEER_NONE, /* it has none */
	HOST_PEER_FOUND,
	HOST_PEER_UNSEEN, /* in a namespace that isn't in the view */
};

/**
 * struct host_peer - the other end of a veth pair, or the interface that this one lies on
 * @state:   enum host_peer_state
 * @ns:      index of the peer's namespace in the view's list, if found
 * @ifindex: the peer's index in its own namespace
 * @abroad:  its namespace is another one than the interface's
 * @nsid:    that namespace as the interface's numbers it; -1: it has no number, or they are the same
 */
struct host_peer {
	uint32_t state;
	uint32_t ns;
	uint32_t ifindex;
	bool abroad;
	int32_t nsid;
};

/** struct host_counters - an interface's counters since it was made */
struct host_counters {
	uint64_t rx_packets, tx_packets;
	uint64_t rx_bytes, tx_bytes;
	uint64_t rx_dropped, tx_dropped;
	uint64_t rx_errors, tx_errors;
	uint64_t rx_missed;
};

/**
 * struct host_link - an interface
 * @ifindex:    index
 * @name:       name
 * @kind:       as rtnetlink has it ("veth"); "" for hardware and loopback
 * @arphrd:     ARPHRD_
 * @flags:      IFF_
 * @operstate:  IF_OPER_
 * @mtu:        bytes
 * @mac:        link-level address
 * @mac_bytes:  length of @mac, 0 without one
 * @master:     index of the bridge, bond… that it is a member of, 0: none
 * @id:         VLAN or VXLAN number, if @has_id
 * @has_id:     whether it has one
 * @peer:       other end, or the interface that it lies on
 * @counters:   packets and losses
 * @driver:     "" where there is none
 * @speed_mbit: 0 where it has none
 * @altnames:   @altname_count alternative names
 * @addresses:  @address_count of them
 * @programs:   @program_count of them
 */
struct host_link {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	char kind[HOST_NAME_BYTES];
	uint16_t arphrd;
	uint32_t flags;
	uint8_t operstate;
	uint32_t mtu;
	uint8_t mac[32];
	uint32_t mac_bytes;
	uint32_t master;
	uint32_t id;
	bool has_id;
	struct host_peer peer;
	struct host_counters counters;
	char driver[32];
	uint32_t speed_mbit;
	char **altnames;
	uint32_t altname_count;
	struct host_address *addresses;
	uint32_t address_count;
	struct host_program *programs;
	uint32_t program_count;
};

/** What is known of a socket's filter. */
enum host_filter {
	HOST_FILTER_UNKNOWN, /* may not be read */
	HOST_FILTER_NONE, /* none, or an eBPF filter, which the kernel does not report */
	HOST_FILTER_CLASSIC,
	HOST_FILTER_PRESENT, /* classic or eBPF */
};

/** struct host_xdp_stats - what an AF_XDP socket counts */
struct host_xdp_stats {
	uint64_t dropped, invalid, ring_full, fill_ring_empty;
	uint64_t tx_invalid, tx_ring_empty;
};

/**
 * struct host_capture - a socket that captures: AF_PACKET, AF_XDP or nsring.ko's
 * @family:       AF_PACKET, AF_XDP, or AF_UNSPEC: nsring.ko's
 * @type:         SOCK_RAW or SOCK_DGRAM
 * @protocol:     EtherType, ETH_P_ALL; 0: none
 * @receives:     whether it takes packets at all: it has a protocol, and no filter that refuses all
 * @ifindex:      0: every interface
 * @all_namespaces: nsring.ko: every interface of every namespace
 * @queue:        AF_XDP: of the device
 * @inode:        of the socket
 * @uid:          user that opened it
 * @ring_bytes:   AF_PACKET and nsring.ko: receive ring; AF_XDP: the memory of its frames; 0: none
 * @ring_version: TPACKET_ version less one
 * @ring_entries: AF_XDP: descriptors of the receive ring
 * @share:        nsring.ko: number of the ring that several captures read, 0: not shared
 * @fanout:       group, if @has_fanout
 * @has_fanout:   whether it is in a group
 * @filter:       enum host_filter
 * @filter_insns: instructions of a classic filter
 * @drops:        packets that a packet socket without a ring dropped, or that nsring.ko found no
 *                room for; if @has_drops
 * @has_drops:    whether @drops is known
 * @xdp:          AF_XDP's own counters, if @has_xdp_stats
 * @has_xdp_stats: Linux 5.9
 * @pid:          a process that has it open, 0: not known
 * @comm:         of that process
 * @command:      its command line, NULL where it can't be read
 */
struct host_capture {
	int family;
	uint8_t type;
	uint16_t protocol;
	bool receives;
	uint32_t ifindex;
	bool all_namespaces;
	uint32_t queue;
	uint64_t inode;
	uint32_t uid;
	uint64_t ring_bytes;
	uint32_t ring_version;
	uint32_t ring_entries;
	uint32_t share;
	uint16_t fanout;
	bool has_fanout;
	uint32_t filter;
	uint32_t filter_insns;
	uint64_t drops;
	bool has_drops;
	struct host_xdp_stats xdp;
	bool has_xdp_stats;
	pid_t pid;
	char comm[HOST_NAME_BYTES];
	char *command;
};

/**
 * struct host_ledger - what one of nsring's own captures publishes
 * @page:   target, engine, filter, and what it has handed out and lost
 * @age_ms: how long ago the capture wrote the page
 * @inode:  of the memfd that holds the page
 * @pid:    process
 */
struct host_ledger {
	struct nsr_published page;
	uint64_t age_ms;
	uint64_t inode;
	pid_t pid;
};

/**
 * struct host_ns - a network namespace
 * @inode:         its number, unique while somebody holds it
 * @cookie:        its other number, never used again while the host runs; 0: not known
 * @place:         how a target names it: "host", "netns:web", "pid:42"; "" for the caller's own
 *                 when it has no name
 * @is_host:       process 1 is in it
 * @is_own:        this process is in it
 * @fd:            open until host_forget(), -1: can't be opened
 * @error:         0; -errno: why nothing of it could be read
 * @holders:       @holder_count of them, names first; at most as many as asked for of each kind
 * @held:          how many there are of each kind, including those not among @holders
 * @links:         @link_count of them, by index
 * @captures:      @capture_count of them
 * @ledgers:       @ledger_count of them, of nsring's own captures
 * @capture_error: 0; -errno: why packet sockets could not be read (no packet_diag in the kernel)
 * @xdp_error:     0; -errno: why AF_XDP sockets could not be read
 * @ring_error:    0; -errno: why captures of nsring.ko could not be read
 */
struct host_ns {
	ino_t inode;
	uint64_t cookie;
	char *place;
	bool is_host;
	bool is_own;
	int fd;
	int error;
	struct host_holder *holders;
	uint32_t holder_count;
	uint32_t held[HOST_HOLDER_KINDS];
	struct host_link *links;
	uint32_t link_count;
	struct host_capture *captures;
	uint32_t capture_count;
	struct host_ledger *ledgers;
	uint32_t ledger_count;
	int capture_error;
	int xdp_error;
	int ring_error;
};

/**
 * struct host_view - what was found
 * @list:             @count namespaces: the host's, then by name
 * @hidden_processes: processes whose namespace may not be read: that takes CAP_SYS_PTRACE
 * @hidden_fds:       processes whose descriptors may not be read: that takes it, too
 * @closed:           namespaces that may not be entered: that takes CAP_SYS_ADMIN
 * @unopened:         namespaces not opened because this process ran out of descriptors
 * @no_xdp_sockets:   the kernel can't list AF_XDP sockets (CONFIG_XDP_SOCKETS_DIAG)
 * @no_ring_sockets:  captures of nsring.ko may not be read: only root may
 */
struct host_view {
	struct host_ns *list;
	uint32_t count;
	uint32_t hidden_processes;
	uint32_t hidden_fds;
	uint32_t closed;
	uint32_t unopened;
	bool no_xdp_sockets;
	bool no_ring_sockets;
};

/**
 * host_look() - look at the whole host
 * @view:    filled in; release it with host_forget(), also after a failure
 * @holders: how many holders of each kind to keep for each namespace; the rest are counted
 *
 * The calling thread enters no namespace. A namespace or interface that comes or goes meanwhile may
 * or may not be in the view. The view holds each of its namespaces until host_forget().
 *
 * Return: 0; -ENOMEM; -ENOSYS there is no /proc, or none of this process; -errno when it can't be read or no
 * thread can start.
 */
int host_look(struct host_view *view, uint32_t holders);

/** host_forget() - free what host_look() filled in, and release the namespaces */
void host_forget(struct host_view *view);

/** host_link_find() - the interface of that index; NULL when there is none */
const struct host_link *host_link_find(const struct host_ns *ns, uint32_t ifindex);

#endif
