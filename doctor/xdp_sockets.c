/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* AF_XDP sockets, and how much memory they may lock. */
#include <errno.h>
#include <linux/if_xdp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sys/compat.h"
#include "text/units.h"
#include "doctor.h"

/* Memory that the engine zc takes for a queue: by default, and at least. */
#define QUEUE_BYTES (16u << 20)
#define LEAST_BYTES (512u << 10)
#define FRAME_BYTES 2048

/* How often to try again, 10 ms apart. */
#define PATIENCE 15

/* Registers @bytes with a socket, which locks them, and releases them; 0 or -errno. */
static int lock(size_t bytes)
{
	struct xdp_umem_reg memory = { .len = bytes, .chunk_size = FRAME_BYTES };
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), rc = 0;
	void *base;

	if (fd < 0)
		return -errno;
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED) {
		rc = -errno;
		goto close_fd;
	}
	memory.addr = (uintptr_t)base;
	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &memory, sizeof(memory)) < 0)
		rc = -errno;
close_fd:
	close(fd);
	if (base != MAP_FAILED)
		munmap(base, bytes);
	return rc;
}

static bool is_too_much(int code)
{
	return code == -ENOBUFS || code == -ENOMEM;
}

/*
 * Tries again for a while: the kernel still counts memory of sockets that were closed just before.
 */
static int lock_patiently(size_t bytes)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	int rc = lock(bytes), tries;

	for (tries = 0; is_too_much(rc) && tries < PATIENCE; tries++) {
		nanosleep(&pause, NULL);
		rc = lock(bytes);
	}
	return rc;
}

static void limit_text(char *text, size_t size)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		snprintf(text, size, "no limit");
	else
		snprintf(text, size, "%s", units_bytes(limit.rlim_cur).text);
}

static void judge_memory(struct doctor *doctor, size_t bytes, int rc)
{
	struct finding *finding;
	char limit[64];

	limit_text(limit, sizeof(limit));
	if (rc == 0 && bytes == QUEUE_BYTES) {
		report_add(&doctor->report, "zc.sockets", VERDICT_USABLE,
			   "AF_XDP, %s can be locked for a queue", units_bytes(bytes).text);
		return;
	}
	if (rc == 0)
		finding =
			report_add(&doctor->report, "zc.sockets", VERDICT_LIMITED,
				   "AF_XDP, but only %s of %s can be locked for a queue (memlock: "
				   "%s)",
				   units_bytes(bytes).text, units_bytes(QUEUE_BYTES).text, limit);
	else
		finding = report_add(&doctor->report, "zc.sockets", VERDICT_NO,
				     "no memory can be locked for AF_XDP sockets (memlock: %s)",
				     limit);
	report_advise(finding, "ulimit -l unlimited, LimitMEMLOCK=infinity, or CAP_IPC_LOCK");
}

void doctor_sockets(struct doctor *doctor)
{
	struct nsr_error err;
	struct finding *finding;
	size_t bytes = QUEUE_BYTES;
	int rc = lock_patiently(bytes);

	while (is_too_much(rc) && bytes > LEAST_BYTES) {
		bytes /= 2;
		rc = lock(bytes);
	}
	if (rc == 0 || is_too_much(rc)) {
		judge_memory(doctor, bytes, rc);
		return;
	}
	nsr_error_set(&err, rc, "%s",
		      rc == -EAFNOSUPPORT ? "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)"
					  : strerror(-rc));
	finding = doctor_refused(doctor, "zc.sockets", NSR_CAP_BIT(NET_RAW), &err);
	if (rc == -EAFNOSUPPORT)
		report_advise(finding,
			      "a kernel that has it; without, zc copies, but for groups and "
			      "busy polling");
}
