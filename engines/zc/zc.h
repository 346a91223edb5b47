/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The zc engine's parts: zc.c (the ops), device.c (the device and its queues), attach.c (the program
 * on the device), program.c (what it does), spread.c (over several captures), stamp.c (the device's
 * time stamps), socket.c (AF_XDP sockets), rings.h (their rings), queues.c (those of a capture of its
 * own), recv.c, copy.c (a ring of our own instead), doorbell.c (when to look), send.c, group.c, member.c
 * and rendezvous.c (captures that share a device).
 */
#ifndef NSR_ENGINES_ZC_ZC_H
#define NSR_ENGINES_ZC_ZC_H

#include <pthread.h>
#include <stdatomic.h>

#include <nsring/engine.h>

#include "rings.h"

/** Queues of a device that one capture takes. */
#define ZC_QUEUES_MAX 256

/** What the program on the device is called there. */
#define ZC_PROGRAM_NAME "nsring_zc"

/** struct zc_device - the device, as it was when the capture was opened */
struct zc_device {
	char name[16];
	uint32_t ifindex;
	uint32_t mtu;
	uint32_t queues; /* receive queues in use, also more than ZC_QUEUES_MAX */
	bool promiscuous;
	bool is_master; /* a bond or team */
	bool may_zero_copy; /* its driver has not said that it can't */
	bool suspect; /* it was down when it was looked at last */
	int link_fd; /* netlink, for the ledger's row "nic" */
	int watch_fd; /* packet socket that learns when the device goes; also promiscuous */
	pthread_mutex_t link_lock; /* one question at a time: check and stats are of two threads */
	uint64_t missed_before;
	_Atomic uint64_t missed; /* since then, as last seen */
};

/**
 * struct zc_queue - one receive queue's socket
 * @id:      the queue's number
 * @fd:      AF_XDP socket
 * @memory:  the UMEM that its frames are in
 * @rx, @tx: the socket's rings; @tx.map is NULL without sending
 * @fill, @completion: the UMEM's, mapped from the socket that registered it
 * @held:    addresses of the frames that were handed out, @held_count of at most @held_room
 * @recheck: packets that the filter before may still have let in
 * @lost_before: what the socket's statistics said when a group's member took it
 */
struct zc_queue {
	uint32_t id;
	int fd;
	uint8_t *memory;
	struct zc_ring rx, tx, fill, completion;
	uint64_t *held;
	uint32_t *held_count;
	uint32_t held_room;
	uint32_t recheck;
	uint64_t lost_before;
};

/**
 * struct zc_memory - how each queue's UMEM is laid out
 * @chunk_bytes: of a frame, with the kernel's headroom
 * @rx_frames:   frames for receiving, a power of two; the fill ring has as many entries
 * @ring_frames: entries of a socket's receive ring: of a group's, fewer, so that a member that
 *               stands still can't gather all frames
 * @tx_frames:   and behind them frames for sending, also a power of two; 0 without sending
 * @huge:        the memory is of huge pages
 */
struct zc_memory {
	uint32_t chunk_bytes;
	uint32_t rx_frames, ring_frames, tx_frames;
	bool huge;
};

struct nsr_ebpf;
struct zc_program;

/** Emits code for a frame that the filter accepts, up to an exit; from label @pass on it may pass. */
typedef void zc_emit_fn(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass);

/**
 * struct zc_program - what the program on the device is to do
 * @flags:     enum nsr_xdp_flag
 * @take:      what is done with a match, see emit.h
 * @sockets:   XSKMAP; -1: none
 * @state:     array map of one struct zc_state
 * @records:   array map of the blocks of the lanes, see copy.c; -1: it goes to sockets
 * @doorbell:      ring buffer map that wakes the reader; -1: none
 * @doorbell_step: how many of a queue's frames, or bytes of a lane's records, wake it
 * @queue:     the only queue whose frames are taken, -1: all
 * @passes:    what was copied goes on to the stack: a tap
 * @copy_most: bytes of a frame that are copied; @copy_room: the next power of two
 * @lanes, @lane_bytes, @blocks, @block_bits, @secret: see struct zc_copy
 * @stamp:     enum zc_stamp_source
 * @stamp_kfunc: BTF id of bpf_xdp_metadata_rx_timestamp() with ZC_STAMP_DEVICE
 * @ifindex:   the device, for a program that asks it
 * @netns:     descriptor of the namespace that the device is in, -1 when it isn't needed
 * @generation: of the filter
 */
struct zc_program {
	uint32_t flags;
	zc_emit_fn *take;
	int sockets;
	int state;
	int records;
	int doorbell;
	uint32_t doorbell_step;
	int queue;
	bool passes;
	uint32_t copy_most, copy_room;
	uint32_t lanes, lane_bytes, blocks, block_bits;
	uint64_t secret;
	uint32_t stamp;
	int32_t stamp_kfunc;
	uint32_t ifindex;
	int netns;
	uint32_t generation;
};

/** What stamps a packet before it is in the ring. */
enum zc_stamp_source { ZC_STAMP_NONE = 0, ZC_STAMP_KERNEL, ZC_STAMP_DEVICE };

/** In front of a frame, where the program stamps. */
struct zc_meta {
	uint64_t mark; /* ZC_META_MARK: this is one; taken off when it is read */
	uint64_t stamp_ns; /* 0: none; else by the clock of enum zc_stamp_source */
};

#define ZC_META_MARK UINT64_C(0x6e7372696e67207a)

/**
 * struct zc_lane - where the program and the reader of a queue are
 * @head:    what has come: bytes of records, or frames for a socket
 * @ring_at: when @head is as far, the doorbell rings
 * @lost:    frames for which there was no room
 * @refused: frames that the filter refused
 * @tail:    what the reader is done with
 *
 * What the program writes is apart from what the reader does.
 */
struct zc_lane {
	uint64_t head;
	uint64_t ring_at;
	uint64_t lost;
	uint64_t refused;
	uint64_t reserved[4];
	uint64_t tail;
	uint64_t reserved2[7];
};

/** What the program and the library share: the value of an array map that is mapped. */
struct zc_state {
	uint64_t turn; /* for programs that deal frames out in turn */
	uint64_t reserved[7];
	struct zc_lane lanes[ZC_QUEUES_MAX];
};

/**
 * struct zc_record - in front of each frame that was copied
 * @mark:       where the record begins, XOR a number that no sender knows; written last
 * @stamp_ns:   by the program's clock or the device's, 0: none
 * @len:        of the frame; 0: it could not be copied
 * @caplen:     bytes that follow
 * @generation: of the filter that let it in
 */
struct zc_record {
	uint64_t mark;
	uint64_t stamp_ns;
	uint32_t len;
	uint32_t caplen;
	uint32_t generation;
	uint32_t reserved;
};

/** zc_record_bytes() - what a record of a frame takes */
static inline uint32_t zc_record_bytes(uint32_t caplen)
{
	return ((uint32_t)sizeof(struct zc_record) + caplen + 7) & ~7u;
}

struct zc_group;

/**
 * struct zc_copy - the reader's side of frames that the program copies
 * @data:   the blocks of all lanes
 * @stride: from one block to the next, bytes: a record may reach out of its block
 * @mapped: bytes
 * @next:   of each lane, where to read on; what lies between it and the lane's tail is handed out
 * @more:   eventfd that is readable, unless all lanes were found empty and the doorbell tells of more
 * @watching: that is so
 */
struct zc_copy {
	const uint8_t *data;
	size_t stride;
	size_t mapped;
	uint64_t *next;
	int more;
	bool watching;
};

/** struct zc_doorbell - the reader's side of the ring buffer that wakes it, see doorbell.c */
struct zc_doorbell {
	uint64_t *consumer;
	const uint64_t *producer;
	bool idle;
};

/** struct zc - a capture of the zc engine */
struct zc {
	struct zc_device device;
	struct zc_memory memory;
	struct zc_program program;
	struct zc_queue *queues;
	uint32_t queue_count;
	uint32_t next_queue; /* to look at first */
	int epoll; /* what the core waits for: the sockets, the tap, and the device's end */
	int link; /* the program's place on the device, -1 without one */
	struct zc_state *state; /* mapped */
	struct zc_copy copy;
	struct zc_doorbell doorbell;
	struct zc_group *group; /* NULL: none */
	const struct nsr_filter *filter; /* the core's, NULL for none */
	uint8_t *bounce; /* frames of several buffers, in one piece */
	uint32_t bounce_used;
	int64_t clock_offset_ns; /* from the program's clock to the system's */
	/* Set up once: */
	uint32_t mode;
	uint32_t socket_mode; /* what of it its sockets do */
	uint32_t snaplen;
	uint32_t batch_ms;
	uint32_t busy_poll_us;
	uint32_t xdp; /* enum nsr_xdp: what it became */
	bool is_tap, copies, immediate, stopped;
	bool frags; /* frames of the device's MTU need several buffers */
	_Atomic uint64_t lost_consumer;
	_Atomic uint64_t refused; /* by the filter when they were handed out */
};

/** device.c */

/**
 * zc_device_open() - look at the device
 * @device:      filled in; to be closed also after an error
 * @name:        as in the target
 * @promiscuous: have it accept frames for others as long as it is watched
 *
 * Return: 0; -ENODEV, -EINVAL, -EOPNOTSUPP, -EPERM, -errno of netlink.
 */
int zc_device_open(struct zc_device *device, const char *name, bool promiscuous,
		   struct nsr_error *err);

/** zc_device_watch() - learn from now on when the device goes, and be promiscuous; 0 or -errno */
int zc_device_watch(struct zc_device *device, struct nsr_error *err);

/** zc_device_check() - see nsr_engine_ops.check */
int zc_device_check(struct zc_device *device, struct nsr_error *err);

/** zc_device_missed() - frames that the device lost since the capture was opened */
uint64_t zc_device_missed(struct zc_device *device);

/** zc_device_takes_sockets() - whether packets come to AF_XDP sockets on it: 0 or -EOPNOTSUPP */
int zc_device_takes_sockets(const struct zc_device *device, struct nsr_error *err);

/** zc_device_stamps() - whether the device stamps what it receives: it has been told to */
bool zc_device_stamps(const struct zc_device *device);

/** zc_device_close() - also after a failed open */
void zc_device_close(struct zc_device *device);

/** attach.c */

/**
 * zc_attach() - put a program on the device
 * @device: in the calling thread's namespace
 * @prog:   its descriptor
 * @xdp:    enum nsr_xdp that was demanded; set to NSR_XDP_NATIVE or NSR_XDP_GENERIC
 *
 * Return: descriptor of a link that holds it there; -EBUSY another program is there, which @err
 * names; -EOPNOTSUPP the device can't; -errno.
 */
int zc_attach(const struct zc_device *device, int prog, uint32_t *xdp, struct nsr_error *err);

/** zc_attach_replace() - put @prog in the place of the one that @link holds; 0 or -errno */
int zc_attach_replace(int link, int prog, struct nsr_error *err);

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

/** zc_stamp_find() - BTF id of the kernel function that asks the device; -EOPNOTSUPP, -errno */
int zc_stamp_find(void);

/** zc_stamp_offset_ns() - what to add to the program's clock to get the system's */
int64_t zc_stamp_offset_ns(void);

/** socket.c */

/**
 * struct zc_socket_spec - an AF_XDP socket that registers a UMEM
 * @ifindex, @queue: what it is bound to
 * @base:       the UMEM
 * @memory:     its layout
 * @receive:    it has a receive ring
 * @rings:      whose rings to map, before it is bound; NULL: none. Once it is bound only Linux 6.4
 *              and later let them be mapped.
 */
struct zc_socket_spec {
	uint32_t ifindex, queue;
	void *base;
	const struct zc_memory *memory;
	bool receive;
	struct zc_queue *rings;
};

/** zc_memory_bytes() - of one UMEM */
size_t zc_memory_bytes(const struct zc_memory *memory);

/** zc_socket_make() - make, register and map; the descriptor or -errno */
int zc_socket_make(const struct zc_socket_spec *spec);

/**
 * zc_socket_bind() - to its queue
 * @flags: XDP_COPY, XDP_ZEROCOPY, XDP_USE_SG
 *
 * Return: 0; -errno, after which it may be tried with other flags.
 */
int zc_socket_bind(int fd, const struct zc_socket_spec *spec, uint16_t flags);

/** zc_socket_share() - one more socket on the queue and UMEM of @owner; the descriptor or -errno */
int zc_socket_share(const struct zc_socket_spec *spec, int owner);

/**
 * zc_socket_map() - map a queue's rings
 * @queue:  @queue->fd is the socket; what is mapped is set
 * @owner:  socket that registered the UMEM
 * @memory: its layout
 *
 * Return: 0; -EBUSY it is bound, and Linux before 6.4; -errno. zc_socket_unmap() undoes also a part.
 */
int zc_socket_map(struct zc_queue *queue, int owner, const struct zc_memory *memory);
void zc_socket_unmap(struct zc_queue *queue);

/** zc_socket_lost() - frames that found no room, since the socket was made */
uint64_t zc_socket_lost(int fd);

/** queues.c */

/**
 * zc_queues_open() - sockets and memory for the queues of a capture of its own
 * @queue: only that one, -1: all
 * @mode:  NSR_RECV, NSR_SEND: what the sockets are for
 *
 * Return: 0 or -errno.
 */
int zc_queues_open(struct zc *zc, int queue, const struct nsr_options *opts, uint32_t mode,
		   struct nsr_error *err);

/** zc_queues_close() - also after a failed open, and more than once */
void zc_queues_close(struct zc *zc);

/** zc_count_refused() - a packet that waited is refused by the filter that there is now */
static inline void zc_count_refused(struct zc *zc)
{
	uint64_t refused = atomic_load_explicit(&zc->refused, memory_order_relaxed);

	atomic_store_explicit(&zc->refused, refused + 1, memory_order_relaxed);
}

/** recv.c */

/** zc_recv() - see nsr_engine_ops.recv */
int zc_recv(struct zc *zc, struct nsr_packet *packets, uint32_t max);

/** send.c */

/** zc_send() - see nsr_engine_ops.send */
int zc_send(void *priv, const struct nsr_frame *frames, uint32_t count, struct nsr_error *err);

/** copy.c */

/** zc_copy_open() - make the lanes and map them; 0 or -errno */
int zc_copy_open(struct zc *zc, const struct nsr_options *opts, struct nsr_error *err);

/** zc_copy_waiting() - bytes that a lane has for the reader */
uint64_t zc_copy_waiting(const struct zc *zc, uint32_t lane);

/** zc_copy_watch() - have the descriptors tell of the next record; 0, or -EAGAIN: there is one */
int zc_copy_watch(struct zc *zc);

/** zc_copy_lost() - frames for which there was no room */
uint64_t zc_copy_lost(const struct zc *zc);
int zc_copy_recv(struct zc *zc, struct nsr_packet *packets, uint32_t max);
void zc_copy_close(struct zc *zc);

/** doorbell.c */

/** zc_doorbell_open() - have the program wake an idle reader, see zc_program.doorbell_step; 0 or -errno */
int zc_doorbell_open(struct zc *zc);

/** zc_doorbell_arm() - the reader becomes idle; false: it should not, so much is there already */
bool zc_doorbell_arm(struct zc *zc);

/** zc_doorbell_arm_now() - the reader has read all lanes and waits for the next record */
void zc_doorbell_arm_now(struct zc *zc);

/** zc_doorbell_silence() - the reader is no longer idle */
void zc_doorbell_silence(struct zc *zc);
void zc_doorbell_close(struct zc *zc);

#endif
