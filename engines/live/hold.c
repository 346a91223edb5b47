/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Keeping a program in the kernel's XDP dispatcher. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/thread.h"
#include "live.h"

#define LOOPBACK 1 /* its index in every namespace */

/** struct holding - the job of a short-lived thread; the caller's never moves */
struct holding {
	int send_fd;
	int ns_fd;
	int rc;
};

static void *hold(void *arg)
{
	struct holding *job = arg;

	if (unshare(CLONE_NEWNET) < 0) {
		job->rc = -errno;
		return NULL;
	}
	job->ns_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (job->ns_fd < 0) {
		job->rc = -errno;
		return NULL;
	}
	job->rc = bpf_link_create(job->send_fd, LOOPBACK, BPF_XDP, NULL);
	if (job->rc < 0) {
		job->rc = -errno;
		close(job->ns_fd);
		job->ns_fd = -1;
	}
	return NULL;
}

int live_hold(int send_fd, int *ns_fd)
{
	struct holding job = { .send_fd = send_fd, .ns_fd = -1 };
	pthread_t thread;
	int rc;

	*ns_fd = -1;
	rc = nsr_thread_start(&thread, hold, &job);
	if (rc < 0)
		return rc;
	pthread_join(thread, NULL);
	*ns_fd = job.ns_fd;
	return job.rc;
}
