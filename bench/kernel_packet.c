/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Packet sockets: with a ring of TPACKET_V3, as tcpdump and nsring's engine `packet` have, or bare. */
#include "kernel_kind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK_BYTES  (64U << 10)
#define WAIT_MS	     60
#define FANOUT_GROUP 4711

/* As libpcap does it, a filter that takes every packet cuts it. */
static int set_snaplen(int fd, uint32_t snaplen)
{
	struct sock_filter insn = BPF_STMT(BPF_RET | BPF_K, snaplen);
	struct sock_fprog prog = { .len = 1, .filter = &insn };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

/* A socket that gets nothing yet. */
static int open_socket(struct kernel_capture *cap, const struct kernel_options *opts)
{
	cap->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return cap->fd < 0 || set_snaplen(cap->fd, opts->snaplen) ? -errno : 0;
}

/* From here on it gets packets. */
static int start(struct kernel_capture *cap, const struct kernel_options *opts)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(opts->device),
	};
	int group = FANOUT_GROUP | PACKET_FANOUT_HASH << 16;

	if (!address.sll_ifindex || bind(cap->fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	switch (opts->share) {
	case SHARE_NOT:
		return 0;
	case SHARE_PACKETS:
		return setsockopt(cap->fd, SOL_PACKET, PACKET_FANOUT, &group, sizeof(group))
			       ? -errno
			       : 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int map_ring(struct kernel_capture *cap, const struct kernel_options *opts)
{
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK_BYTES,
		.tp_frame_size = TPACKET_ALIGNMENT << 7,
		.tp_block_nr = (uint32_t)(opts->ring_bytes / BLOCK_BYTES),
		.tp_retire_blk_tov = opts->wait_us ? (opts->wait_us + 999) / 1000 : WAIT_MS,
	};
	int version = TPACKET_V3;

	req.tp_frame_nr = req.tp_block_size / req.tp_frame_size * req.tp_block_nr;
	if (setsockopt(cap->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(cap->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return -errno;
	cap->ring_bytes = (size_t)req.tp_block_size * req.tp_block_nr;
	cap->ring = mmap(NULL, cap->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, cap->fd, 0);
	return cap->ring == MAP_FAILED ? -errno : 0;
}

static int open_packet(struct kernel_capture *cap, const struct kernel_options *opts)
{
	int rc = open_socket(cap, opts);

	if (!rc)
		rc = map_ring(cap, opts);
	return rc ? rc : start(cap, opts);
}

/* Read the length of each packet of a block, which is what counting takes. */
static int read_block(const struct tpacket_block_desc *block)
{
	const uint8_t *at = (const uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
	static volatile uint64_t bytes;

	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		const struct tpacket3_hdr *packet = (const void *)at;

		bytes += packet->tp_len;
		at += packet->tp_next_offset;
	}
	return (int)block->hdr.bh1.num_pkts;
}

static int drain_packet(struct kernel_capture *cap)
{
	int packets = 0;

	for (;;) {
		struct tpacket_block_desc *block = (void *)(cap->ring + cap->next);
		uint32_t *status = &block->hdr.bh1.block_status;

		if (!(__atomic_load_n(status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			return packets;
		packets += read_block(block);
		__atomic_store_n(status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		cap->next = (cap->next + BLOCK_BYTES) % cap->ring_bytes;
	}
}

static int read_totals(struct kernel_capture *cap, struct kernel_totals *totals)
{
	struct tpacket_stats_v3 stats = { 0 };
	socklen_t size = sizeof(stats);

	if (getsockopt(cap->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size))
		return -errno;
	totals->captured = stats.tp_packets - stats.tp_drops;
	totals->lost = stats.tp_drops;
	return 0;
}

static int open_sender(const char *device)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return fd;
}

static int open_recv(struct kernel_capture *cap, const struct kernel_options *opts)
{
	int rc = open_socket(cap, opts);

	return rc ? rc : start(cap, opts);
}

static int drain_recv(struct kernel_capture *cap)
{
	static uint8_t packet[2048];
	int packets = 0;

	while (recv(cap->fd, packet, sizeof(packet), MSG_DONTWAIT) > 0)
		packets++;
	return packets;
}

const struct kernel_kind kernel_kind_packet = {
	.name = "packet",
	.open = open_packet,
	.drain = drain_packet,
	.totals = read_totals,
	.open_sender = open_sender,
};

const struct kernel_kind kernel_kind_recv = {
	.name = "recv",
	.open = open_recv,
	.drain = drain_recv,
	.totals = read_totals,
	.open_sender = open_sender,
};
