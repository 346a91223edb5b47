/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The live engine's parts: live.c (the ops), area.c (frames laid out for the kernel), program.c
 * (what runs there), device.c (what the device takes), hold.c (what makes runs cheap), send.c.
 */
#ifndef NSR_ENGINES_LIVE_LIVE_H
#define NSR_ENGINES_LIVE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <nsring/engine.h>

#include "sys/netdev.h"

/** Bytes of a frame. A page less what the kernel keeps around it: its headroom, its own notes, and
 * room for struct skb_shared_info. */
#define LIVE_FRAME_LEAST 14
#define LIVE_FRAME_MOST	 (4096 - 768)

/** Bytes of memory for frames: as many frames fit into one run as make its set-up cheap. */
#define LIVE_AREA_BYTES (2u << 20)

/** How many frames nsr_send() best gets at once. */
#define LIVE_BATCH 16384

/** Frames that the kernel gives to a device in one go (DEV_MAP_BULK_SIZE of net/core). */
#define LIVE_BULK 16

/**
 * struct live_state - shared between the programs and the process; the frames follow it
 * @done:     frames of this run handed to the device's queue; their place in the run
 * @accepted: of these, taken by the device; see live_program_watch()
 * @held:     @accepted when the device first refused some
 * @rx_dev:   the device pointer by which the watcher knows this run's frames, 0: not yet
 * @stopped:  the device has refused some: the program hands nothing more over
 * @gone:     the device is gone
 * @cpu:      the run's processor plus one
 * @batch_mask: frames of a kernel's batch, less one
 * @size:     length that each frame has when the program gets it
 * @cursor:   where the next frame stands in the area
 * @end:      where they end: then it begins anew
 */
struct live_state {
	uint64_t done;
	uint64_t accepted;
	uint64_t held;
	uint64_t rx_dev;
	uint32_t stopped;
	uint32_t gone;
	uint32_t cpu;
	uint32_t batch_mask;
	uint32_t size;
	uint32_t cursor;
	uint32_t end;
};

/** A frame in the area: its length, its bytes, and the next one at a multiple of LIVE_ALIGN. */
struct live_slot {
	uint32_t len;
	uint8_t data[];
};

#define LIVE_ALIGN 64u

/**
 * struct live_shared - the value of the map that both see
 * @area: ends in room for the longest frame, as the program's reads are bounded by masks
 */
struct live_shared {
	struct live_state state;
	uint8_t gap[4096 - sizeof(struct live_state)];
	uint8_t area[LIVE_AREA_BYTES + 4096];
};

/**
 * struct live_chunk - frames for one run
 * @frames: how many
 * @bytes:  of the area that they take; fewer than @frames may be in there, which then repeat
 * @longest: of them
 */
struct live_chunk {
	uint32_t frames;
	uint32_t bytes;
	uint32_t longest;
};

/**
 * struct live_device - what is known about the device
 * @link_fd:  of nsr_link_open(), in its namespace
 * @xdp:      to ask for what its driver has
 * @name:     as the target says
 * @ifindex:  there
 * @max_len:  longest frame without a VLAN tag
 */
struct live_device {
	int link_fd;
	struct nsr_netdev xdp;
	const char *name;
	uint32_t ifindex;
	uint32_t max_len;
};

/**
 * struct live - an open live engine
 * @name:    of the device, what @device.name points to
 * @map_fd, @shared: struct live_shared
 * @devmap_fd: a map whose only entry is the device
 * @send_fd: the program that sends
 * @watch_fd: the attached program that counts what the device takes
 * @hold_fd, @hold_ns_fd: of live_hold(); -1: not held
 * @batch:   frames of a kernel's batch
 */
struct live {
	char name[16];
	struct live_device device;
	int map_fd;
	struct live_shared *shared;
	int devmap_fd;
	int send_fd;
	int watch_fd;
	int hold_fd, hold_ns_fd;
	uint32_t batch;
};

/**
 * live_frame_fits() - whether a frame can be sent
 * @frame:   the frame
 * @max_len: longest frame without a VLAN tag; the tag that some have comes on top, as in the kernel
 */
static inline bool live_frame_fits(const struct nsr_frame *frame, uint32_t max_len)
{
	const uint8_t *type = (const uint8_t *)frame->data + 12;
	uint32_t tag = 0;

	if (frame->len < LIVE_FRAME_LEAST || frame->len > LIVE_FRAME_MOST)
		return false;
	if (frame->len > max_len && type[0] == 0x81 && type[1] == 0x00)
		tag = 4;
	return frame->len <= max_len + tag;
}

/**
 * live_area_fill() - lay frames out for a run
 * @area:    LIVE_AREA_BYTES
 * @frames:  what to send
 * @count:   how many
 * @max_len: see live_frame_fits()
 * @chunk:   filled in: the frames from the first on that fit into @area, up to one that can't be
 *           sent
 *
 * Frames that repeat (the same pointers and lengths, in the same order, to the end) are laid out
 * once.
 */
void live_area_fill(uint8_t *area, const struct nsr_frame *frames, uint32_t count, uint32_t max_len,
		    struct live_chunk *chunk);

/**
 * live_program_send() - load the program that puts frames of the area on the device
 * @map_fd:    struct live_shared
 * @devmap_fd: its first entry is the device
 *
 * Return: its descriptor; -errno.
 */
int live_program_send(int map_fd, int devmap_fd);

/**
 * live_program_watch() - count the frames that the device takes
 * @map_fd: struct live_shared
 *
 * The kernel drops frames that a device refuses, and only a tracepoint tells.
 *
 * Return: the descriptor of an attached program, which counts until it is closed; -errno.
 */
int live_program_watch(int map_fd);

/**
 * live_device_open() - find the device in the calling thread's namespace
 * @device: @name is set; to be closed with live_device_close() also after an error
 * @err:    filled in on error
 *
 * Return: 0; -ENODEV; -EINVAL for "any"; -EOPNOTSUPP it is no Ethernet, or takes no XDP frames.
 */
int live_device_open(struct live_device *device, struct nsr_error *err);

/** live_device_close() - close what live_device_open() opened */
void live_device_close(struct live_device *device);

/** live_device_update() - look up @max_len again, as the MTU may have changed */
void live_device_update(struct live_device *device);

/**
 * live_device_refuses() - why a device takes nothing
 * @device: the device
 * @err:    filled in
 *
 * Return: -ENODEV it is gone; -ENETDOWN it or its other end is down; -EOPNOTSUPP it takes no XDP
 * frames any more; -EAGAIN no reason is known: its queue may be full.
 */
int live_device_refuses(struct live_device *device, struct nsr_error *err);

/**
 * live_hold() - keep a program in the kernel's XDP dispatcher
 * @send_fd: the program
 * @ns_fd:   set to a socket that holds a namespace of its own
 *
 * A run of a program that is attached nowhere puts it into the dispatcher and takes it out again,
 * and waits for RCU each time, 20 ms and more. So it is attached to the loopback device of a
 * namespace made for this, where nothing ever arrives: no other device is touched.
 *
 * Return: a link that holds it until closed; -EPERM without CAP_SYS_ADMIN; -errno.
 */
int live_hold(int send_fd, int *ns_fd);

/** live_send() - see nsr_send() */
int live_send(void *priv, const struct nsr_frame *frames, uint32_t count, struct nsr_error *err);

/**
 * live_send_try() - run once, sending nothing
 * @live: with its programs loaded
 *
 * Return: 0; -errno: this kernel has no live frames, or does not let us.
 */
int live_send_try(struct live *live);

#endif
