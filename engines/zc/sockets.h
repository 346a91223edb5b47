/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* AF_XDP sockets, one a queue, with the memory that their frames are in. */
#ifndef NSR_ENGINES_ZC_SOCKETS_H
#define NSR_ENGINES_ZC_SOCKETS_H

#include "rings.h"
#include "zc.h"

/** Room for joining a batch's frames of several buffers; the longest has 64 KiB and a little. */
#define ZC_BOUNCE_BYTES (1u << 20)

/** A queue has at least as many frames. */
#define ZC_LEAST_FRAMES 256

/**
 * struct zc_queue - one receive queue's socket
 * @id:      the queue's number
 * @fd:      AF_XDP socket
 * @memory:  the UMEM that its frames are in
 * @rx, @tx: the socket's rings
 * @fill, @completion: the UMEM's rings, mapped from the socket that registered it
 * @held:    addresses of the frames that were handed out: *@held_count, at most @held_room
 * @recheck: how many of the next packets an older filter may have let in
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
};

/**
 * struct zc_memory - how each queue's UMEM is laid out
 * @chunk_bytes: size of a frame, with the kernel's headroom
 * @rx_frames:   frames for receiving, a power of two; the fill ring has as many entries
 * @ring_frames: entries of a socket's receive ring; fewer than @rx_frames where several sockets
 *               share the frames, so that none can gather them all
 * @tx_frames:   frames for sending, which lie behind those, also a power of two
 */
struct zc_memory {
	uint32_t chunk_bytes;
	uint32_t rx_frames, ring_frames, tx_frames;
};

/**
 * struct zc_sockets - the sockets of a capture
 * @memory: layout of each queue's UMEM
 * @queues: @count of them
 * @next:   queue to look at first
 * @mode:   NSR_RECV, NSR_SEND: what they do
 * @joins:  frames of several buffers may come, which recv.c copies into one piece: those of a large
 *          MTU, and in generic mode what the stack joined (GRO)
 * @zero_copy: the driver writes into the UMEM itself
 * @bounce, @bounce_used: where frames are joined, and how much of it this batch uses
 */
struct zc_sockets {
	struct zc_memory memory;
	struct zc_queue *queues;
	uint32_t count;
	uint32_t next;
	uint32_t mode;
	bool joins;
	bool zero_copy;
	uint8_t *bounce;
	uint32_t bounce_used;
};

/**
 * struct zc_socket_spec - an AF_XDP socket that registers a UMEM
 * @ifindex, @queue: the device and queue that it is bound to
 * @base:       the UMEM
 * @memory:     its layout
 * @receive:    it has a receive ring
 * @rings:      map the rings into this queue before binding; NULL: none. Linux before 6.4 maps none
 *              of a socket that is bound.
 */
struct zc_socket_spec {
	uint32_t ifindex, queue;
	void *base;
	const struct zc_memory *memory;
	bool receive;
	struct zc_queue *rings;
};

/** sockets.c */

/** zc_sockets_may_join() - what zc_sockets.joins must be: the program is attached */
bool zc_sockets_may_join(const struct zc *zc);

/** zc_sockets_make_map() - make zc_program.sockets, for @most sockets a queue; 0 or -errno */
int zc_sockets_make_map(struct zc *zc, uint32_t most, struct nsr_error *err);

/** zc_sockets_prepare() - get ready to read: join, wait, poll busily; 0 or -errno */
int zc_sockets_prepare(const struct zc *zc, struct zc_sockets *sockets, struct nsr_error *err);

/** zc_sockets_busy_poll() - have reads poll the device, if @zc->busy_poll_us says so */
void zc_sockets_busy_poll(const struct zc *zc, const struct zc_sockets *sockets);

/** zc_sockets_idle_us() - how many µs to leave the sockets alone without a doorbell, at most @us */
int zc_sockets_idle_us(const struct zc_sockets *sockets, uint32_t us);

/** zc_sockets_info() - fill in mode and ring_bytes */
void zc_sockets_info(const struct zc *zc, const struct zc_sockets *sockets, struct nsr_info *info);

/** recv.c */

/** zc_sockets_give_back() - put the frames of a queue that were handed out into its fill ring */
void zc_sockets_give_back(struct zc_queue *queue);

/**
 * zc_sockets_recv() - packets of all queues, as nsr_engine_ops.recv
 * @sockets: the frames that were handed out before have been given back
 *
 * Return: how many.
 */
int zc_sockets_recv(struct zc *zc, struct zc_sockets *sockets, struct nsr_packet *packets,
		    uint32_t max);

/** queues.c */

/**
 * zc_queues_open() - sockets and memory for the queues of a capture of its own
 * @sockets: mode and joins are set; gets all queues, or that of @zc->program.queue; one, only to
 *           send
 * @wanted:  enum nsr_xdp
 *
 * Return: 0 or -errno. zc_queues_close() undoes also a part.
 */
int zc_queues_open(struct zc *zc, struct zc_sockets *sockets, uint32_t wanted,
		   const struct nsr_options *opts, struct nsr_error *err);
void zc_queues_close(struct zc_sockets *sockets);

/** zc_fill() - give the kernel all frames */
void zc_fill(struct zc_queue *queue, const struct zc_memory *memory);

/** memory.c */

/**
 * zc_memory_plan() - choose the size of frames and how many
 * @memory: filled in
 * @device: its MTU decides
 * @queues: how many share @opts->ring_bytes
 * @mode:   NSR_RECV, NSR_SEND
 * @opts:   as given to the engine
 */
void zc_memory_plan(struct zc_memory *memory, const struct zc_device *device, uint32_t queues,
		    uint32_t mode, const struct nsr_options *opts);

/** zc_memory_one_buffer_mtu() - the largest MTU whose frames fit into one chunk each */
uint32_t zc_memory_one_buffer_mtu(const struct zc_device *device);

/** zc_memory_frame_buffers() - how many buffers a frame takes at most */
uint32_t zc_memory_frame_buffers(const struct zc *zc, const struct zc_sockets *sockets);

/** zc_memory_bytes() - size of one UMEM */
size_t zc_memory_bytes(const struct zc_memory *memory);

/** zc_memory_map() - map a UMEM, on huge pages where some are free; NULL: no memory */
uint8_t *zc_memory_map(const struct zc_memory *memory);
void zc_memory_unmap(const struct zc_memory *memory, uint8_t *base);

/** bind.c */

/**
 * zc_bind() - open a queue's first socket, in the best way that the device has
 * @zc:      its device and program
 * @sockets: joins is set; zero_copy is set if the driver takes that
 * @spec:    the queue and its memory
 * @wanted:  enum nsr_xdp
 * @again:   sockets were closed just now, whose memory the kernel counts a little longer
 *
 * Return: the descriptor or -errno, for zc_bind_say().
 */
int zc_bind(const struct zc *zc, struct zc_sockets *sockets, const struct zc_socket_spec *spec,
	    uint32_t wanted, bool again);

/** zc_bind_say() - fill in @err for @code of zc_bind() on a queue; returns -errno to hand on */
int zc_bind_say(const struct zc *zc, int code, uint32_t queue, struct nsr_error *err);

/** socket.c */

/** zc_socket_make() - make a socket, register its UMEM, map its rings; the descriptor or -errno */
int zc_socket_make(const struct zc_socket_spec *spec);

/**
 * zc_socket_bind() - bind a socket to its queue
 * @flags: XDP_COPY, XDP_ZEROCOPY, XDP_USE_SG
 *
 * Return: 0; -errno, after which it may be tried with other flags.
 */
int zc_socket_bind(int fd, const struct zc_socket_spec *spec, uint16_t flags);

/** zc_socket_share() - add a socket to the queue and UMEM of @owner; the descriptor or -errno */
int zc_socket_share(const struct zc_socket_spec *spec, int owner);

/**
 * zc_socket_map() - map a queue's rings
 * @queue:  @queue->fd is the socket; what is mapped is set
 * @owner:  socket that registered the UMEM
 * @memory: its layout
 *
 * Return: 0; -EBUSY it is bound, and Linux before 6.4; -errno. zc_socket_unmap() undoes also a
 * part.
 */
int zc_socket_map(struct zc_queue *queue, int owner, const struct zc_memory *memory);
void zc_socket_unmap(struct zc_queue *queue);

/** zc_socket_lost() - how many frames found no room since the socket was made */
uint64_t zc_socket_lost(int fd);

#endif
