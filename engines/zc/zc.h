/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A capture of the engine zc, and what all of its parts share. How they meet: see zc.c, and
 * engines/README.md for a list.
 */
#ifndef NSR_ENGINES_ZC_ZC_H
#define NSR_ENGINES_ZC_ZC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <nsring/engine.h>

#include "sys/caps.h"

/** How many queues of a device one capture takes at most. */
#define ZC_QUEUES_MAX 256

/** The capabilities that the engine needs. */
#define ZC_CAPS (NSR_CAP_BIT(NET_RAW) | NSR_CAP_BIT(NET_ADMIN) | NSR_CAP_BIT(BPF))

/** The name of the program on the device. */
#define ZC_PROGRAM_NAME "nsring_zc"

/** The name of the map of struct zc_state. */
#define ZC_STATE_NAME "nsring_state"

/** Members of a fanout group at most; fewer on a device of many queues. */
#define ZC_SLOTS_MAX 16

/** struct zc_device - the device, as it was when the capture was opened */
struct zc_device {
	char name[16];
	uint32_t ifindex;
	uint32_t mtu;
	uint32_t queues; /* receive queues in use; may be more than ZC_QUEUES_MAX */
	bool promiscuous;
	bool is_master; /* a bond or team */
	bool polls_queues; /* its driver runs XDP programs only where the kernel polls a queue */
	bool may_zero_copy; /* its driver has not said that it can't */
	bool suspect; /* it was down when we looked last */
	int link_fd; /* netlink, for the ledger's row "nic" */
	int watch_fd; /* packet socket that learns when the device goes, and makes it promiscuous */
	pthread_mutex_t link_lock; /* for @link_fd: check and stats may be called by two threads */
	uint64_t missed_before;
	_Atomic uint64_t missed; /* since then, when we looked last */
};

struct nsr_ebpf;
struct zc_program;
struct zc_lanes;
struct zc_sockets;
struct zc_receiver_ops;

/** Emits what is done with a frame that the filter accepts; ends in an exit, or jumps to @pass. */
typedef void zc_emit_fn(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass);

/**
 * struct zc_program - what the program on the device does
 * @flags:      enum nsr_xdp_flag
 * @take:       what is done with a match; the receiver sets this, and what it needs of the rest
 * @sockets:    XSKMAP; -1: none
 * @state:      array map of one struct zc_state
 * @lanes:      where frames are copied to
 * @passes:     frames go on to the stack once they are copied: a tap
 * @alone:      the kernel runs it for one frame of a queue at a time
 * @barrier:    with one between a record and the look at what its reader asked for
 * @generation: of the filter; copied into each record
 * @doorbell:      ring buffer map that wakes the reader; -1: none
 * @doorbell_step: how much more of a lane must come before it is rung again
 * @queue:      the only queue whose frames are taken, -1: all
 * @stamp:      enum zc_stamp_source
 * @stamp_kfunc: BTF id of bpf_xdp_metadata_rx_timestamp() with ZC_STAMP_DEVICE
 * @ifindex:    the device, for a program that asks it for stamps
 * @netns:      descriptor of the device's namespace, -1 without ZC_STAMP_DEVICE
 */
struct zc_program {
	uint32_t flags;
	zc_emit_fn *take;
	int sockets;
	int state;
	const struct zc_lanes *lanes;
	bool passes;
	bool alone;
	bool barrier;
	uint32_t generation;
	int doorbell;
	uint32_t doorbell_step;
	int queue;
	uint32_t stamp;
	int32_t stamp_kfunc;
	uint32_t ifindex;
	int netns;
};

/** The clock that stamps a packet before it is in the ring. */
enum zc_stamp_source { ZC_STAMP_NONE = 0, ZC_STAMP_KERNEL, ZC_STAMP_DEVICE };

/** The bytes that the program puts in front of a frame for a socket, when it stamps. */
struct zc_meta {
	uint64_t mark; /* ZC_META_MARK; the reader overwrites it */
	uint64_t stamp_ns; /* 0: none; else by the clock of enum zc_stamp_source */
};

#define ZC_META_MARK UINT64_C(0x6e7372696e67207a)

/**
 * struct zc_lane - how far the program and the reader of a queue are
 * @head:    how much has come: bytes of records, or frames for a socket
 * @ring_at: the doorbell rings once @head is here
 * @lost:    frames for which there was no room
 * @refused: frames that the filter refused
 * @seen:    what @tail was when the program last looked, which it does when there seems to be no room
 * @tail:    up to where the reader is done
 *
 * The program writes one cache line, and the reader another; both write @ring_at.
 */
struct zc_lane {
	uint64_t head;
	uint64_t ring_at;
	uint64_t lost;
	uint64_t refused;
	uint64_t seen;
	uint64_t reserved[3];
	uint64_t tail;
	uint64_t reserved2[7];
};

/**
 * struct zc_entry - where a member of a fanout group is
 * @pid:     its process; 0: the slot has no member that lets others join
 * @memory:  the number there of its descriptor of the group's memory
 * @started: when the process started, in ticks since the host did: a later one of the same number
 *           has another time
 * @serial:  how often the slot had a member that was listed: tells this one from a later one
 */
struct zc_entry {
	int32_t pid;
	int32_t memory;
	uint64_t started;
	uint64_t serial;
};

/**
 * struct zc_notice - by which another process finds a group's members, see notice.c
 * @magic:   ZC_NOTICE_MAGIC; 0: the program is not a group's
 * @number:  the group's
 * @pidns:   inode number of the members' PID namespace; 0: not known
 * @entries: of each slot
 */
struct zc_notice {
	uint64_t magic;
	uint32_t number;
	uint32_t reserved;
	uint64_t pidns;
	struct zc_entry entries[ZC_SLOTS_MAX];
};

/** Another one for each layout of what members share. */
#define ZC_NOTICE_MAGIC UINT64_C(0x6e7372696e670002)

/** The memory that the program and the library share: the value of a mapped array map. */
struct zc_state {
	uint64_t turn; /* for programs that deal frames out in turn */
	uint64_t reserved[7];
	struct zc_lane lanes[ZC_QUEUES_MAX];
	struct zc_notice notice;
};

/**
 * struct zc - a capture
 * @epoll:     what the core waits for: the receiver's descriptors, and the device's end
 * @link:      the program's place on the device, -1 without one
 * @state:     mapped; NULL without a program
 * @receiver:  how packets come, with its own state in @receiving; NULL: the capture only sends
 * @sender:    the socket of its first queue sends; NULL: the capture does not send
 * @filter:    the core's, NULL for none
 * @clock_offset_ns: from the program's clock to the system's
 * @mode, @snaplen, @batch_ms, @busy_poll_us, @immediate: as in struct nsr_options
 * @xdp:       enum nsr_xdp, where the program runs: as demanded, and once it is attached, as it is
 * @frags:     frames of the device's MTU need several buffers
 * @refused:   packets that waited while the filter was changed, and the new one refused
 */
struct zc {
	struct zc_device device;
	struct zc_program program;
	int epoll;
	int link;
	struct zc_state *state;
	const struct zc_receiver_ops *receiver;
	void *receiving;
	struct zc_sockets *sender;
	const struct nsr_filter *filter;
	int64_t clock_offset_ns;
	uint32_t mode;
	uint32_t snaplen;
	uint32_t batch_ms;
	uint32_t busy_poll_us;
	uint32_t xdp;
	bool immediate, stopped, frags;
	_Atomic uint64_t refused;
};

/** zc_watch() - have nsr_fd() of the core tell when @fd is readable; 0 or -errno */
int zc_watch(const struct zc *zc, int fd);

/** zc_count_refused() - count a packet that waited, and that the filter of now refuses */
static inline void zc_count_refused(struct zc *zc)
{
	uint64_t refused = atomic_load_explicit(&zc->refused, memory_order_relaxed);

	atomic_store_explicit(&zc->refused, refused + 1, memory_order_relaxed);
}

/** device.c */

/**
 * zc_device_open() - find the device, and see what it is
 * @device:      filled in; must be closed after an error, too
 * @name:        as in the target
 * @promiscuous: have it accept frames for others while it is watched
 *
 * Return: 0; -ENODEV, -EINVAL, -EOPNOTSUPP, -EPERM, -errno of netlink.
 */
int zc_device_open(struct zc_device *device, const char *name, bool promiscuous,
		   struct nsr_error *err);

/** zc_device_watch() - learn from now on when the device goes, and be promiscuous; 0 or -errno */
int zc_device_watch(struct zc_device *device, struct nsr_error *err);

/** zc_device_check() - see nsr_engine_ops.check */
int zc_device_check(struct zc_device *device, struct nsr_error *err);

/** zc_device_missed() - how many frames the device lost since the capture was opened */
uint64_t zc_device_missed(struct zc_device *device);

/** zc_device_takes_sockets() - whether packets come to AF_XDP sockets on it: 0 or -EOPNOTSUPP */
int zc_device_takes_sockets(const struct zc_device *device, struct nsr_error *err);

/**
 * zc_session_check() - refuse a device that carries the ssh connection by which the caller works
 * @device: open; the calling thread is in its namespace
 * @err:    the reason in words
 *
 * SSH_CONNECTION tells of the connection, in the environment of this process or of one that it
 * descends from; sudo and programs with file capabilities drop it. An address of the
 * namespace is taken for the server's if it is the same, so that one that two namespaces have is
 * refused in both.
 *
 * Return: 0; -EBUSY it does; -errno the namespace's addresses or interfaces can't be read.
 */
int zc_session_check(const struct zc_device *device, struct nsr_error *err);

/** zc_device_stamps() - whether somebody told the device to stamp what it receives */
bool zc_device_stamps(const struct zc_device *device);

/** zc_device_close() - also after a failed open */
void zc_device_close(struct zc_device *device);

/** attach.c */

/**
 * zc_attach() - make what programs need, and attach one to the device that refuses all
 * @zc:    its device is open; xdp, link, state and program.stamp are set
 * @stamp: enum nsr_stamp, as demanded
 *
 * Does nothing on a further call. zc_detach() undoes it, also after an error.
 *
 * Return: 0; -EBUSY another program is there, which @err names; -EOPNOTSUPP the device can't, or
 * can't stamp; -EPERM; -errno.
 */
int zc_attach(struct zc *zc, uint32_t stamp, struct nsr_error *err);

/**
 * zc_attach_replace() - put the filter's program in the place of the one that is on the device
 * @filter: NULL matches everything
 * @refuse: match nothing instead
 *
 * Return: 0; see zc_program_load(); -errno. The old program stays after an error.
 */
int zc_attach_replace(struct zc *zc, const struct nsr_filter *filter, bool refuse,
		      struct nsr_error *err);

/** zc_attach_program() - as zc_attach_replace(), but returns the new program, which the caller closes */
int zc_attach_program(struct zc *zc, const struct nsr_filter *filter, bool refuse,
		      struct nsr_error *err);

/** zc_attach_program_id() - set @id to the number of the device's program, 0: none; 0 or -errno */
int zc_attach_program_id(const struct zc_device *device, uint32_t *id);

/** zc_attach_end() - take the program off the device, whoever else has a descriptor of its link */
void zc_attach_end(struct zc *zc);

/** zc_detach() - take the program off the device, and free what it needed; also without one */
void zc_detach(struct zc *zc);

/** state.c */

/** zc_state_open() - make and map what the program and this process share, once; 0 or -errno */
int zc_state_open(struct zc *zc, struct nsr_error *err);

/** zc_state_map() - map zc_program.state; 0 or -errno */
int zc_state_map(struct zc *zc);

/** zc_state_filtered() - how many frames the filter refused, in the program or when handed out */
uint64_t zc_state_filtered(const struct zc *zc);

/** zc_state_close() - also without a state */
void zc_state_close(struct zc *zc);

/** program.c */

/**
 * zc_program_load() - make the program and load it
 * @program: what it does; @program->flags changes where the caller lacks CAP_PERFMON
 * @filter:  NULL matches everything
 * @refuse:  match nothing instead
 *
 * Return: its descriptor; -EPERM a capability is missing; -EOPNOTSUPP the kernel's verifier refuses
 * it; -E2BIG it is too long; -ENOMEM.
 */
int zc_program_load(struct zc_program *program, const struct nsr_filter *filter, bool refuse,
		    struct nsr_error *err);

/** stamp.c */

/**
 * zc_stamp_choose() - set zc_program.stamp; AUTO takes the device's stamps if they are on already
 * @stamp: enum nsr_stamp
 *
 * Return: 0; -EOPNOTSUPP the device's are demanded, and the device or the kernel can't.
 */
int zc_stamp_choose(struct zc *zc, uint32_t stamp, struct nsr_error *err);

/** zc_stamp_offset_ns() - how many ns the system's clock is ahead of the program's */
int64_t zc_stamp_offset_ns(void);

/** send.c */

/**
 * zc_sender_open() - a socket and memory for sending only
 * @wanted: enum nsr_xdp: how it is bound
 * @joins:  see struct zc_sockets
 *
 * Return: 0 or -errno.
 */
int zc_sender_open(struct zc *zc, uint32_t wanted, bool joins, const struct nsr_options *opts,
		   struct nsr_error *err);

/** zc_sender_close() - also without a sender */
void zc_sender_close(struct zc *zc);

/** zc_send() - see nsr_engine_ops.send */
int zc_send(void *priv, const struct nsr_frame *frames, uint32_t count, struct nsr_error *err);

#endif
