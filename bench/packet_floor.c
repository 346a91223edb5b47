/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The floor: what the kernel's ring for packet sockets (TPACKET_V3) costs any program. It has one byte
 * of each packet put into a ring, looks at the blocks 50 times a second without being woken, takes
 * the kernel's number of packets in each, and touches no packet. At Ctrl-C it says how many
 * there were, and how many the kernel says it lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum { BLOCKS = 32, BLOCK_BYTES = 256 << 10, LOOK_NS = 20000000, NEVER_MS = 1000 };

static int complain(const char *device, const char *what)
{
	fprintf(stderr, "packet_floor: %s: %s: %s\n", device, what, strerror(errno));
	return 1;
}

/* Makes the ring of @sock; returns its mapping or NULL. */
static uint8_t *make_ring(int sock)
{
	struct sock_filter insns[] = { BPF_STMT(BPF_RET | BPF_K, 1) };
	struct sock_fprog one_byte = { .len = 1, .filter = insns };
	struct tpacket_req3 request = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = 2048,
		.tp_frame_nr = BLOCKS * (BLOCK_BYTES / 2048),
		.tp_retire_blk_tov = NEVER_MS,
	};
	int version = TPACKET_V3;
	void *ring;

	if (setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &one_byte, sizeof(one_byte)) ||
	    setsockopt(sock, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(sock, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)))
		return NULL;
	ring = mmap(NULL, (size_t)BLOCKS * BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, sock,
		    0);
	return ring == MAP_FAILED ? NULL : ring;
}

static int open_socket(const char *device)
{
	struct packet_mreq promiscuous = { .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	at.sll_ifindex = promiscuous.mr_ifindex = (int)if_nametoindex(device);
	if (sock < 0 || !at.sll_ifindex ||
	    setsockopt(sock, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
		       sizeof(promiscuous)) ||
	    bind(sock, (struct sockaddr *)&at, sizeof(at)))
		return -1;
	return sock;
}

/* Takes the blocks that are full, from *@next on; returns how many packets they hold. */
static uint64_t take(uint8_t *ring, uint32_t *next)
{
	uint64_t packets = 0;

	for (uint32_t i = 0; i < BLOCKS; i++) {
		struct tpacket_block_desc *block = (void *)(ring + (size_t)*next * BLOCK_BYTES);
		struct tpacket_hdr_v1 *head = &block->hdr.bh1;

		if (!(__atomic_load_n(&head->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			break;
		packets += head->num_pkts;
		__atomic_store_n(&head->block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		*next = (*next + 1) % BLOCKS;
	}
	return packets;
}

int main(int argc, char **argv)
{
	const struct timespec look = { .tv_nsec = LOOK_NS }, settle = { .tv_sec = 2 };
	struct tpacket_stats_v3 stats;
	socklen_t size = sizeof(stats);
	uint64_t packets = 0;
	uint32_t next = 0;
	sigset_t signals;
	uint8_t *ring;
	int sock;

	if (argc != 2) {
		fputs("usage: packet_floor DEVICE\n", stderr);
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sock = open_socket(argv[1]);
	if (sock < 0)
		return complain(argv[1], "packet socket");
	ring = make_ring(sock);
	if (!ring)
		return complain(argv[1], "ring");
	while (sigtimedwait(&signals, NULL, &look) < 0)
		packets += take(ring, &next);
	/* The kernel retires a block that is not full after NEVER_MS. */
	nanosleep(&settle, NULL);
	packets += take(ring, &next);
	if (getsockopt(sock, SOL_PACKET, PACKET_STATISTICS, &stats, &size))
		return complain(argv[1], "statistics");
	printf("captured=%llu lost=%u\n", (unsigned long long)packets, stats.tp_drops);
	return 0;
}
