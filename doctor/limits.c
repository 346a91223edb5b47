/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Limits and settings of the kernel that affect captures. */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "text/units.h"
#include "doctor.h"

/* With fewer, neither the command's 4,096 targets nor all namespaces of a busy host fit. */
#define CAPTURES_ENOUGH 1024

/* The kernel's own limit, which tcpdump's longest filters reach in practice. */
#define LONGEST_FILTER 4096
#define LONG_ENOUGH    1024

static void judge_descriptors(struct doctor *doctor)
{
	unsigned int each = doctor->descriptors ? doctor->descriptors : 5;
	unsigned int any = doctor->descriptors_any ? doctor->descriptors_any : 6;
	struct rlimit limit = { 0 };
	struct finding *finding;
	uint64_t captures;

	getrlimit(RLIMIT_NOFILE, &limit);
	captures = limit.rlim_max / each;
	if (captures >= CAPTURES_ENOUGH) {
		report_add(&doctor->report, "limit.nofile", VERDICT_USABLE,
			   "%s descriptors: about %s captures, which take %u each, of any %u",
			   units_number(limit.rlim_max).text, units_number(captures).text, each,
			   any);
		return;
	}
	finding = report_add(
		&doctor->report, "limit.nofile", VERDICT_LIMITED,
		"%s descriptors: about %s captures at a time, which take %u each, of any %u",
		units_number(limit.rlim_max).text, units_number(captures).text, each, any);
	report_advise(finding, "ulimit -Hn 20000 as root, or LimitNOFILE=20000");
}

/* Attaches a filter of @length instructions to a socket without traffic; 0 or -errno. */
static int attach_filter(int fd, uint32_t length)
{
	struct sock_filter *code = calloc(length, sizeof(*code));
	struct sock_fprog program = { .len = (unsigned short)length, .filter = code };
	uint32_t i;
	int rc;

	if (!code)
		return -ENOMEM;
	/* Like real filters: loads and comparisons, and two ends. */
	for (i = 0; i < length - 1; i++)
		code[i] = i % 2 ? (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 9, 0, 0)
				: (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12);
	code[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	rc = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											 : 0;
	free(code);
	return rc;
}

static void judge_filter_length(struct doctor *doctor)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t length = LONGEST_FILTER;
	struct finding *finding;

	if (fd < 0)
		return;
	while (length > 16 && attach_filter(fd, length) < 0)
		length /= 2;
	close(fd);
	if (length >= LONG_ENOUGH) {
		report_add(&doctor->report, "limit.filter", VERDICT_USABLE,
			   "filters of up to %s instructions", units_number(length).text);
		return;
	}
	finding =
		report_add(&doctor->report, "limit.filter", VERDICT_LIMITED,
			   "filters of at most about %s instructions: packet sockets have no room "
			   "for longer ones",
			   units_number(length).text);
	report_advise(finding, "sysctl -w net.core.optmem_max=131072");
}

static bool read_number(const char *path, long *number)
{
	FILE *file = fopen(path, "re");
	bool found;

	if (!file)
		return false;
	found = fscanf(file, "%ld", number) == 1;
	fclose(file);
	return found;
}

/* Loads a program and looks what became of it. 1: compiled; 0: interpreted; -1: can't tell. */
static int program_is_compiled(void)
{
	const struct bpf_insn accept[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "nsring_doctor", "Dual BSD/GPL", accept,
			       2, NULL);
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int rc;

	if (fd < 0)
		return -1;
	rc = bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? -1 : info.jited_prog_len > 0;
	close(fd);
	return rc;
}

static void judge_jit(struct doctor *doctor)
{
	int compiled =
		nsr_caps_missing(&doctor->caps, NSR_CAP_BIT(BPF)) ? -1 : program_is_compiled();
	struct finding *finding;
	long setting;

	if (compiled < 0 && read_number("/proc/sys/net/core/bpf_jit_enable", &setting))
		compiled = setting > 0;
	if (compiled > 0) {
		report_add(&doctor->report, "kernel.bpf-jit", VERDICT_USABLE,
			   "filters run as machine code");
		return;
	}
	if (compiled < 0) {
		finding = report_add(&doctor->report, "kernel.bpf-jit", VERDICT_LIMITED,
				     "not known whether filters run as machine code");
		report_advise(finding, "look on the host: sysctl net.core.bpf_jit_enable");
		return;
	}
	finding = report_add(&doctor->report, "kernel.bpf-jit", VERDICT_LIMITED,
			     "filters are interpreted, which is several times slower");
	report_advise(finding, "sysctl -w net.core.bpf_jit_enable=1");
}

/* Sums the second column: packets for which a CPU's backlog had no room since the host started. */
static bool read_backlog(uint64_t *dropped)
{
	FILE *file = fopen("/proc/net/softnet_stat", "re");
	unsigned int processed, one;
	char line[512];

	*dropped = 0;
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%x %x", &processed, &one) == 2)
			*dropped += one;
	}
	fclose(file);
	return true;
}

static void judge_backlog(struct doctor *doctor)
{
	struct finding *finding;
	uint64_t dropped;
	long most = 0;

	if (!read_backlog(&dropped))
		return;
	if (!dropped) {
		report_add(&doctor->report, "kernel.backlog", VERDICT_USABLE,
			   "no packet was dropped before a capture could see it");
		return;
	}
	read_number("/proc/sys/net/core/netdev_max_backlog", &most);
	finding = report_add(&doctor->report, "kernel.backlog", VERDICT_LIMITED,
			     "%s packets were dropped since the host runs before any capture could "
			     "see them",
			     units_number(dropped).text);
	if (most > 0 && most < INT32_MAX / 4)
		report_advise(finding,
			      "if it still grows: sysctl -w net.core.netdev_max_backlog=%ld",
			      most * 4);
	else
		report_advise(finding,
			      "if it still grows, raise net.core.netdev_max_backlog on the "
			      "host");
}

void doctor_limits(struct doctor *doctor)
{
	judge_descriptors(doctor);
	judge_filter_length(doctor);
	judge_jit(doctor);
	judge_backlog(doctor);
}
