/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The contract between the writers of a ring and its readers: the record format, the layout of a
 * ring, and the control interface of nsring.ko. This is also its manual.
 *
 * THE RING
 *
 * A ring is two areas of shared memory:
 *
 *	ring area, written by the writer only		cursor area, written by the reader only
 *	┌──────────────────────────────┐		┌──────────────────────────────┐
 *	│ struct nsring_ring           │ offset 0	│ struct nsring_cursor, lane 0 │
 *	│ lanes used, a bit each       │ used_offset	│ struct nsring_cursor, lane 1 │
 *	├──────────────────────────────┤		│ …                            │
 *	│ struct nsring_lane, lane 0   │ lane_offset	└──────────────────────────────┘
 *	│ data of lane 0: lane_bytes   │ data_offset
 *	├──────────────────────────────┤
 *	│ struct nsring_lane, lane 1   │ lane_offset + lane_stride
 *	│ data of lane 1               │ data_offset + data_stride
 *	├──────────────────────────────┤
 *	│ …                            │
 *	└──────────────────────────────┘
 *
 * The order of these parts is the writer's choice: only the offsets and strides tell.
 *
 * There is a place for each lane that there may ever be, and not every lane has memory in its place: nsring.ko
 * makes the lanes of CPUs that are online, and later those of CPUs that come. A lane that has no memory must
 * not be touched (SIGBUS). So a reader looks only at lanes whose bit is set in the bitmap: 64-bit words, in which
 * lane i is bit i % 64 of word i / 64. The writer sets the bit before it publishes the lane's first head, and
 * never clears it.
 *
 * A lane has one writer: a CPU, a thread, a guest. So writers need no lock. Records of one lane are
 * in the order in which they were written; across lanes their stamps order them.
 *
 * Positions are counts of bytes since the ring was made, 64 bits, that never go back. The byte of
 * position p is at p % lane_bytes of its lane's data; lane_bytes is a power of two. A record begins
 * at a multiple of NSRING_ALIGN and never runs over the end of the data: where one would, a record
 * of type NSRING_PAD fills the rest and the record begins at offset 0. All numbers are in the byte
 * order of the machine.
 *
 * A reader keeps a position (pos) of its own for each lane, and reads a lane whose bit it has found set so:
 *
 *	head = load-acquire(lane->head)
 *	while (pos != head) {
 *		read the record at pos; check it; hand it out
 *		pos += record->bytes
 *	}
 *	when done with what was handed out: store-release(cursor->tail, pos)
 *
 * The reader checks before it uses: NSRING_ALIGN divides bytes; bytes <= head - pos; the record
 * ends within the data; in a packet, header_bytes + caplen <= bytes. A ring that breaks this is
 * broken, and the reader must give it up. The writer checks tail: it is between head - lane_bytes
 * and head, or the lane counts as full. So neither can make the other read or write elsewhere. The
 * writer keeps its own head and never reads back what it has published.
 *
 * When a record doesn't fit between tail and head, the writer drops it, the newest, and counts it
 * in lane->full.
 *
 * A SHARED RING (NSRING_RING_SHARED) has several readers, and each packet is copied once for all of
 * them. The writer doesn't wait for them: it overwrites the oldest records. So a reader copies a
 * record out before using it, and then looks whether the writer has got there meanwhile:
 *
 *	copy the record at pos
 *	read barrier
 *	if (load-acquire(lane->claimed) - pos > lane_bytes)
 *		what was copied is void: go on at pos = load-acquire(lane->oldest)
 *
 * claimed, oldest and head only grow, oldest <= head <= claimed, and the writer publishes oldest
 * before claimed: a reader that has seen claimed, and then loads oldest, has claimed - oldest <=
 * lane_bytes.
 *
 * Each reader has an index. Bit index of record->readers says that the record is for it: its filter
 * has accepted the packet. lane->others[index] counts the records that were not for it: written
 * before it joined, or refused. So a reader that has been overtaken in a lane, and has then read up
 * to head, has missed written - others[index] records there, less those that it has read:
 *
 *	head = load-acquire(lane->head); read written and others[index]; read barrier
 *	if (load(lane->claimed) == head), they count the records before head, no more and no less
 *
 * (A reader that has never been overtaken has missed nothing; before that others[index] may lag.)
 *
 * A shared ring's cursor does not hold up the writer; it only tells when to wake the reader.
 *
 * THE SOCKET
 *
 *	NSRING_CMD_OPEN of the generic netlink family NSRING_GENL_NAME	gives fd
 *	setsockopt(fd, SOL_NSRING, NSRING_SETUP, &setup, sizeof(setup))	until bind has succeeded
 *	setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER or SO_ATTACH_BPF)	at any time
 *	bind(fd, &address, sizeof(address))				makes the ring, starts
 *	getsockopt(fd, SOL_NSRING, NSRING_LAYOUT, &layout, &size)	the ring as it was made
 *	mmap(NULL, layout.ring_bytes, PROT_READ, MAP_SHARED, fd, NSRING_MAP_RING)
 *	mmap(NULL, layout.cursor_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, NSRING_MAP_CURSORS)
 *	poll(fd)
 *
 * There is no socket family: nsring.ko makes the socket when it is asked by generic netlink, and installs
 * it in the asking process, close-on-exec, as a descriptor whose number the answer has. The socket belongs to
 * the namespace of the netlink socket. Who asks needs CAP_NET_RAW over that namespace, as does the opener of the
 * netlink socket. And who asks shows a packet socket of that namespace, SOCK_RAW, as socket(2) makes it: so whatever
 * keeps a process from packet sockets (a security module, seccomp) keeps it from these. It need not be bound, and may
 * be closed afterwards; one whose filter is locked does not do. Namespaces that belong to a user namespace other than the initial one are refused unless
 * the module was loaded with user_namespaces=1. Nothing loads the module by itself.
 *
 * NSRING_CMD_CAPTURES and NSRING_CMD_DEVICES, both NLM_F_DUMP, tell what there is in the namespace of the netlink socket,
 * to who has CAP_NET_ADMIN over it. Captures of all namespaces are the initial namespace's alone.
 *
 * Unused parts of the structs must be zero. Structs may grow: the module takes a shorter one as
 * followed by zeros, and refuses a longer one with E2BIG unless the rest is zero.
 *
 * The filter sees a packet as the filter of a packet socket does (SOCK_RAW, or SOCK_DGRAM with
 * NSRING_COOKED): VLAN tags that the device took off are in the metadata. It returns the number of
 * bytes to keep, 0 to refuse the packet. The record in the ring has the tag in its place.
 *
 * poll() tells EPOLLIN when watermark_bytes wait in one lane (in a lane in which a reader of the ring has once left as
 * many unread, up to a sixteenth more, or a 256th of the lane), or a packet has waited for
 * wait_min_us to wait_max_us; EPOLLERR when the device is gone: SO_ERROR then has ENODEV, once. A socket whose
 * device is gone can be bound again and goes on with the same ring.
 *
 * Errors: NSRING_CMD_OPEN: EPERM no CAP_NET_RAW, or NSRING_A_PACKET_FD is not such a packet socket, EBADF it is no
 * socket, EACCES the namespace is a user namespace's, EPROTONOSUPPORT another NSRING_ABI, EINVAL an attribute is
 * missing. NSRING_SETUP: EINVAL a field out of range, EBUSY bound already, EPERM (see the flags).
 * bind: ENODEV no such device; EBUSY bound already; ENOMEM over a limit: the user's RLIMIT_MEMLOCK,
 * the memory cgroup, or the module's own (parameter "memory_percent"); EINVAL the cluster or shared
 * ring has other settings; EUSERS it is full, or NSRING_ANY_MAX captures take any device of the namespace.
 * getsockopt, NSRING_STOP: ENOTCONN not bound. sendmsg: ENETDOWN, EMSGSIZE, ENOBUFS, ENODEV, EPERM as for a packet socket.
 */
#ifndef NSRING_UAPI_H
#define NSRING_UAPI_H

#include <linux/types.h>

#ifdef __cplusplus
#define NSRING_ASSERT(what) static_assert(what, #what)
extern "C" {
#else
#define NSRING_ASSERT(what) _Static_assert(what, #what)
#endif

/** The version of this contract: what NSRING_CMD_OPEN asks for, and nsring_ring.version. */
#define NSRING_ABI 1

/* ---- The entry --------------------------------------------------------------------------- */

#define NSRING_GENL_NAME    "nsring"
#define NSRING_GENL_VERSION 1

/** Commands of the generic netlink family. */
enum nsring_command {
	NSRING_CMD_UNSPEC,
	NSRING_CMD_OPEN, /* NSRING_A_ABI and NSRING_A_PACKET_FD in, NSRING_A_FD out */
	NSRING_CMD_CAPTURES, /* NLM_F_DUMP: a message for each capture of the namespace */
	NSRING_CMD_DEVICES, /* NLM_F_DUMP: a message for each device of the namespace */
};

/** Attributes of its messages. */
enum nsring_attribute {
	NSRING_A_UNSPEC,
	NSRING_A_ABI, /* u32: NSRING_ABI */
	NSRING_A_FD, /* s32: the descriptor of the new socket */
	NSRING_A_PACKET_FD, /* s32: a packet socket of the asking process */
	NSRING_A_PAD,
	NSRING_A_IFINDEX, /* u32: of a device, or that a capture is bound to; 0: any */

	/* of a capture */
	NSRING_A_NUMBER, /* u64: in its namespace */
	NSRING_A_PID, /* u32: as who asks sees it; 0: it is not in that PID namespace */
	NSRING_A_PROCESS, /* string: the process's name */
	NSRING_A_UID, /* u32 */
	NSRING_A_INODE, /* u64: of the socket */
	NSRING_A_STATE, /* u32: enum nsring_state */
	NSRING_A_FLAGS, /* u32: of its setup */
	NSRING_A_FILTERED, /* flag: it has a filter */
	NSRING_A_CLUSTER, /* u32, unless 0 */
	NSRING_A_SHARE, /* u32, unless 0 */
	NSRING_A_RING_BYTES, /* u64: memory of its ring; it and NSRING_A_STATS only if it has one */
	NSRING_A_STATS, /* struct nsring_stats */

	/* of a device */
	NSRING_A_CAPTURES, /* u32: captures and clusters of its own namespace that take its packets */
};

/** What a capture does. */
enum nsring_state {
	NSRING_STATE_CAPTURES,
	NSRING_STATE_SENDS, /* it has no ring */
	NSRING_STATE_STOPPED,
	NSRING_STATE_DEVICE_GONE,
};

/* ---- The ring ---------------------------------------------------------------------------- */

#define NSRING_MAGIC	   0x6e73724eU /* "Nrsn" in memory of a little-endian machine */
#define NSRING_ALIGN	   16U
#define NSRING_LANE_MIN	   65536U /* bytes of the data of a lane */
#define NSRING_LANES_MAX   8192U
#define NSRING_READERS_MAX 32U
#define NSRING_SNAPLEN_MAX 262144U

/** nsring_ring.flags */
#define NSRING_RING_SHARED (1U << 0) /* overwriting, with several readers */

/**
 * struct nsring_ring - describes a ring to its reader; constant
 * @magic:        NSRING_MAGIC
 * @version:      NSRING_ABI
 * @header_bytes: from the start of a record of type NSRING_PACKET to its data; at least
 *                sizeof(struct nsring_record), a multiple of 8
 * @flags:        NSRING_RING_…
 * @lanes:        places for lanes, 1 to NSRING_LANES_MAX
 * @lane_bytes:   bytes of each lane's data, a power of two, NSRING_LANE_MIN or more
 * @lane_offset:  of the first struct nsring_lane in the ring area, bytes, a multiple of 64
 * @lane_stride:  from one struct nsring_lane to the next, bytes, a multiple of 64
 * @linktype:     LINKTYPE_ value of the packets (tcpdump.org/linktypes.html); 0: that of the device
 * @data_offset:  of the data of lane 0 in the ring area, bytes, a multiple of 4096
 * @snaplen:      most bytes kept of a packet
 * @cursor_stride: from one struct nsring_cursor to the next, bytes, a multiple of 64
 * @used_offset:  of the bitmap of lanes that have, or ever had, a record; bytes, a multiple of 8
 * @data_stride:  from the data of one lane to those of the next, bytes, a multiple of 4096
 */
struct nsring_ring {
	__u32 magic;
	__u16 version;
	__u16 header_bytes;
	__u32 flags;
	__u32 lanes;
	__u64 lane_bytes;
	__u32 lane_offset;
	__u32 lane_stride;
	__u64 data_offset;
	__u32 linktype;
	__u32 snaplen;
	__u32 cursor_stride;
	__u32 used_offset;
	__u64 data_stride;
};
NSRING_ASSERT(sizeof(struct nsring_ring) == 64);

/**
 * struct nsring_lane - the state of a lane, as its writer publishes it
 * @head:    position of the next record: everything before it can be read
 * @claimed: the writer may have overwritten up to here; published before it writes (shared rings)
 * @oldest:  start of the oldest record that is whole (shared rings)
 * @written: records of packets
 * @full:    packets dropped because there was no room, or dealt to a member of a cluster as it came or went
 * @others:  by reader: records that were not for it (shared rings)
 */
struct nsring_lane {
	__u64 head;
	__u64 claimed;
	__u64 oldest;
	__u64 written;
	__u64 full;
	__u64 reserved[3];
	__u64 others[NSRING_READERS_MAX];
};
NSRING_ASSERT(sizeof(struct nsring_lane) == 64 + 8 * NSRING_READERS_MAX);

/**
 * struct nsring_cursor - how far the reader has got in a lane
 * @tail: the reader no longer needs anything before it; starts at 0, or in a shared ring at the head
 *        when it joined
 */
struct nsring_cursor {
	__u64 tail;
	__u64 reserved[7];
};
NSRING_ASSERT(sizeof(struct nsring_cursor) == 64);

/** nsring_record.type */
#define NSRING_PAD    0 /* nothing but @bytes and @type is set */
#define NSRING_PACKET 1

/** nsring_record.flags */
#define NSRING_OUT (1U << 0) /* sent by the namespace; else received */
#define NSRING_STAMP_HW                                                                            \
	(1U << 1) /* the device has stamped it, too: device_ns of struct nsring_stamped_record */
#define NSRING_VLAN	    (1U << 2) /* a tag that was in the metadata has been put into the data */
#define NSRING_CSUM_PARTIAL (1U << 3) /* checksum left to the device, so wrong in the data */
#define NSRING_CSUM_GOOD    (1U << 4) /* checksum verified by the device or the stack */
#define NSRING_GSO	    (1U << 5) /* several segments in one, which the device will cut, or has joined */
#define NSRING_HASH_L4	    (1U << 6) /* @hash covers ports */

/**
 * struct nsring_record - header of a record; its data follow at header_bytes
 * @bytes:   of the whole record with header and padding; a multiple of NSRING_ALIGN
 * @type:    NSRING_PAD, NSRING_PACKET; a reader skips types that it doesn't know
 * @pkt_type: PACKET_HOST, PACKET_OTHERHOST, … of linux/if_packet.h
 * @flags:   NSRING_OUT …
 * @stamp_ns: ns since 1970-01-01 UTC, by the clock of the kernel, so that it orders records of all lanes
 * @len:     bytes on the wire, with a tag that was put back and a cooked header
 * @caplen:  bytes of it in the record
 * @netns:   cookie of the namespace (SO_NETNS_COOKIE)
 * @ifindex: of the device in that namespace
 * @hash:    flow hash, if the device or the stack had one, else 0
 * @vlan_tci: with NSRING_VLAN: priority, DEI, VLAN id
 * @vlan_tpid: with NSRING_VLAN: its EtherType
 * @readers: bits of the readers that the record is for, by index; 1 in a ring that is not shared
 */
struct nsring_record {
	__u32 bytes;
	__u8 type;
	__u8 pkt_type;
	__u16 flags;
	__u64 stamp_ns;
	__u32 len;
	__u32 caplen;
	__u64 netns;
	__u32 ifindex;
	__u32 hash;
	__u16 vlan_tci;
	__u16 vlan_tpid;
	__u32 readers;
};
NSRING_ASSERT(sizeof(struct nsring_record) == 48);

/**
 * struct nsring_stamped_record - header of a record with room for the device's stamp, as header_bytes tells
 * @record:    header of a record
 * @device_ns: with NSRING_STAMP_HW: when the device had the packet, as its own clock counts
 */
struct nsring_stamped_record {
	struct nsring_record record;
	__u64 device_ns;
};
NSRING_ASSERT(sizeof(struct nsring_stamped_record) == 56);

/* ---- The socket -------------------------------------------------------------------------- */

#define SOL_NSRING 6874

/** Options of SOL_NSRING. */
#define NSRING_SETUP  1 /* set: struct nsring_setup */
#define NSRING_LAYOUT 2 /* get: struct nsring_layout */
#define NSRING_STATS  3 /* get: struct nsring_stats */
#define NSRING_DEVICE 4 /* get: struct nsring_device, whose netns and ifindex are read */
#define NSRING_STOP   5 /* set: no value; take no further packets, keep the ring */

/** Offsets for mmap(2). The ring area can't be mapped for writing (EPERM). */
#define NSRING_MAP_RING	   0
#define NSRING_MAP_CURSORS 0x100000000ULL

/** nsring_setup.flags */
#define NSRING_COOKED	   (1U << 0) /* LINKTYPE_LINUX_SLL2 in place of the link-layer header */
#define NSRING_PROMISCUOUS (1U << 1) /* while bound to a device; EINVAL for any */
#define NSRING_ALL_NETNS                                                                           \
	(1U << 2) /* any, in all namespaces: EPERM except in the initial one with CAP_NET_RAW
				      * and CAP_SYS_ADMIN over the initial user namespace */
#define NSRING_NO_RING (1U << 3) /* for sending only */
#define NSRING_INJECT                                                                              \
	(1U << 4) /* the stack receives sent frames, as from the device: needs CAP_NET_ADMIN */
#define NSRING_DEVICE_STAMPS                                                                       \
	(1U << 5) /* records have room for the stamp of a device that stamps: of packets that it
				      * has received itself; none of those sent, or passed on to it by another */

/** nsring_setup.directions */
#define NSRING_DIRECTION_BOTH 0 /* on a loopback device each packet once, as it comes in */
#define NSRING_DIRECTION_IN   1
#define NSRING_DIRECTION_OUT  2

/** nsring_setup.cluster_mode: which member gets a packet */
#define NSRING_CLUSTER_FLOW	     0 /* addresses, protocol and ports; both directions the same */
#define NSRING_CLUSTER_2_TUPLE	     1 /* addresses; both directions the same */
#define NSRING_CLUSTER_INNER_FLOW    2 /* as FLOW, of what is inside VXLAN, GTP-U and GRE */
#define NSRING_CLUSTER_INNER_2_TUPLE 3
#define NSRING_CLUSTER_CPU	     4 /* the CPU that has the packet */
#define NSRING_CLUSTER_VLAN	     5 /* VLAN id */
#define NSRING_CLUSTER_ROUND_ROBIN   6
#define NSRING_CLUSTER_QUEUE	     7 /* the device's receive queue */
#define NSRING_CLUSTER_MODES	     8

#define NSRING_CLUSTER_MEMBERS_MAX 256U

/* Captures and clusters that take any device of one namespace; who has CAP_SYS_RESOURCE is not held to it. */
#define NSRING_ANY_MAX 256U

/**
 * struct nsring_setup - how to capture
 * @flags:      NSRING_COOKED …
 * @snaplen:    bytes kept of each packet, and never more than fits into a quarter of a lane; 0:
 *              NSRING_SNAPLEN_MAX
 * @ring_bytes: memory for records, all lanes together; there is a lane for each CPU that is online, of a
 *              power of two and at least NSRING_LANE_MIN bytes; 0: 4 MiB. A CPU that comes later adds a
 *              lane as large as the others.
 * @watermark_bytes: wake the reader when a lane holds so many; 0: a quarter of a lane
 * @wait_min_us: wake the reader so long after a packet; 0: at once
 * @wait_max_us: and up to so long as long as the next packet comes within @wait_min_us after the reader has
 *              polled for it; from @wait_min_us, which means always the same, to NSRING_WAIT_MAX_US
 * @direction:  NSRING_DIRECTION_…
 * @sample:     keep every nth packet that the filter accepts; 0 and 1: each
 * @share:      number of a ring to share with all that name it (same namespace, same device, same
 *              @flags, @direction, @sample; @snaplen no more than the first one's); 0: a ring of its own
 * @cluster:    number of a cluster to join (same namespace, device, @flags, @direction,
 *              @cluster_mode); 0: none. Not with @share.
 * @cluster_mode: NSRING_CLUSTER_…
 *
 * A number is the network namespace's, and the PID namespace's of who binds: a container, which may capture where
 * it is, neither takes packets from a cluster of the host nor makes the host's shared ring a small one.
 */
struct nsring_setup {
	__u32 flags;
	__u32 snaplen;
	__u64 ring_bytes;
	__u32 watermark_bytes;
	__u32 wait_min_us;
	__u32 wait_max_us;
	__u32 direction;
	__u32 sample;
	__u32 share;
	__u32 cluster;
	__u32 cluster_mode;
	__u32 reserved[4];
};
NSRING_ASSERT(sizeof(struct nsring_setup) == 64);

#define NSRING_WAIT_MAX_US 10000000U

/**
 * struct sockaddr_nsring - for bind(2)
 * @family:  AF_UNSPEC
 * @ifindex: a device of the socket's namespace; 0: any
 */
struct sockaddr_nsring {
	__u16 family;
	__u16 reserved;
	__u32 ifindex;
};
NSRING_ASSERT(sizeof(struct sockaddr_nsring) == 8);

/**
 * struct nsring_layout - the ring that a setup has led to
 * @ring_bytes:   of the ring area, with the places of lanes that have no memory
 * @cursor_bytes: of the cursor area
 * @reader:       this socket's index among the readers of a shared ring, else 0
 * @snaplen:      bytes kept of each packet
 * @lanes:        places for lanes: one for each possible CPU
 * @members:      of the cluster, or readers of the shared ring, now
 * @memory_bytes: memory that the ring area takes now
 * @lanes_made:   lanes that have memory now
 */
struct nsring_layout {
	__u64 ring_bytes;
	__u64 cursor_bytes;
	__u32 reader;
	__u32 snaplen;
	__u32 lanes;
	__u32 members;
	__u64 memory_bytes;
	__u32 lanes_made;
	__u32 reserved[5];
};
NSRING_ASSERT(sizeof(struct nsring_layout) == 64);

/**
 * struct nsring_stats - counters of the packets that met this socket, since it was bound
 * @written:  put into the ring for this socket
 * @filtered: refused by its filter
 * @sampled:  left out by sampling; for a shared ring, since the ring was made
 * @full:     dropped because the ring was full, or because there was no memory for the lane of a CPU that
 *            came online later. Of a shared ring only the latter: its readers count what they miss.
 * @sent:     accepted for sending
 */
struct nsring_stats {
	__u64 written;
	__u64 filtered;
	__u64 sampled;
	__u64 full;
	__u64 sent;
	__u64 reserved[3];
};
NSRING_ASSERT(sizeof(struct nsring_stats) == 64);

/**
 * struct nsring_device - a device that a record came from
 * @netns:   cookie of its namespace; 0: the socket's. Others only with NSRING_ALL_NETNS (EPERM).
 * @ifindex: in that namespace
 * @arphrd:  ARPHRD_ value of linux/if_arp.h
 * @name:    ends with a zero byte
 */
struct nsring_device {
	__u64 netns;
	__u32 ifindex;
	__u32 arphrd;
	char name[16];
	__u64 reserved[4];
};
NSRING_ASSERT(sizeof(struct nsring_device) == 64);

#ifdef __cplusplus
}
#endif

#endif
