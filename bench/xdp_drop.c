/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The ceiling: drops every frame of a device in XDP, the earliest and cheapest that a kernel can
 * get rid of one, and says at Ctrl-C how many there were, by the driver's own counters.
 *
 * The program is attached by a link, in the driver, and goes when this process does.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define MAX_STATS    4096
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int complain(const char *device, const char *what, int error)
{
	fprintf(stderr, "xdp_drop: %s: %s: %s\n", device, what, strerror(error));
	return 1;
}

/* Attach a program that drops everything to the driver of @ifindex; returns its link. */
static int attach(uint32_t ifindex)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_DROP },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int prog, link;

	prog = bpf_prog_load(BPF_PROG_TYPE_XDP, "xdp_drop", "Dual BSD/GPL", insns, COUNT(insns),
			     NULL);
	if (prog < 0)
		return -errno;
	link = bpf_link_create(prog, (int)ifindex, BPF_XDP, &opts);
	return link < 0 ? -errno : link;
}

static int ask(int sock, const char *device, void *command)
{
	struct ifreq ifr = { .ifr_data = command };

	strncpy(ifr.ifr_name, device, IFNAMSIZ - 1);
	return ioctl(sock, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

/* Frames that XDP programs have dropped: a veth has rx_queue_N_xdp_drops. */
static int read_drops(int sock, const char *device, uint64_t *drops)
{
	static struct {
		struct ethtool_gstrings head;
		char name[MAX_STATS][ETH_GSTRING_LEN];
	} names;
	static struct {
		struct ethtool_stats head;
		uint64_t value[MAX_STATS];
	} stats;
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int rc = ask(sock, device, &info), found = 0;

	if (rc)
		return rc;
	if (info.n_stats > MAX_STATS)
		return -E2BIG;
	names.head = (struct ethtool_gstrings){ ETHTOOL_GSTRINGS, ETH_SS_STATS, info.n_stats };
	stats.head = (struct ethtool_stats){ ETHTOOL_GSTATS, info.n_stats };
	rc = ask(sock, device, &names);
	if (!rc)
		rc = ask(sock, device, &stats);
	if (rc)
		return rc;
	*drops = 0;
	for (uint32_t i = 0; i < info.n_stats; i++) {
		if (memmem(names.name[i], ETH_GSTRING_LEN, "xdp_drop", strlen("xdp_drop"))) {
			*drops += stats.value[i];
			found = 1;
		}
	}
	return found ? 0 : -EOPNOTSUPP;
}

int main(int argc, char **argv)
{
	uint64_t before, after;
	sigset_t signals;
	uint32_t ifindex;
	int sock, signal, rc;

	if (argc != 2) {
		fputs("usage: xdp_drop DEVICE\n", stderr);
		return 2;
	}
	/* blocked, Ctrl-C arrives also in the background, where shells have it ignored */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	ifindex = if_nametoindex(argv[1]);
	if (!ifindex)
		return complain(argv[1], "in this namespace", errno);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return complain(argv[1], "no socket", errno);
	rc = read_drops(sock, argv[1], &before);
	if (rc)
		return complain(argv[1], "its counter of XDP drops", -rc);
	rc = attach(ifindex);
	if (rc < 0)
		return complain(argv[1], "attaching the XDP program", -rc);
	sigwait(&signals, &signal);
	rc = read_drops(sock, argv[1], &after);
	if (rc)
		return complain(argv[1], "its counter of XDP drops", -rc);
	printf("dropped=%llu\n", (unsigned long long)(after - before));
	return 0;
}
