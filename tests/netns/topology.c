/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "softirq.h"
#include "topology.h"

static bool entered;

void ip(const char *fmt, ...)
{
	char command[256] = "ip ";
	va_list args;

	va_start(args, fmt);
	vsnprintf(command + 3, sizeof(command) - 3, fmt, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return; /* no IPv6 in this kernel */
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static void make_pair(void)
{
	ip("link add v0 type veth peer name v1");
	ip("link set v0 up");
	ip("link set v1 up");
}

int topology_enter(void **state)
{
	if (unshare(CLONE_NEWNET) < 0)
		return errno == EPERM ? 0 : -1;
	entered = true;
	/* Has its own namespace made, which tests without capabilities can not. */
	softirq_let_arrive(0);
	write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	ip("link set lo up");
	make_pair();
	return 0;
}

bool has_program(const char *device)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return bpf_xdp_query((int)if_nametoindex(device), 0, &query) == 0 && query.prog_id;
}

void topology_require(void)
{
	if (!entered) {
		print_message("making a network namespace needs root\n");
		skip();
	}
	/* A test that failed has left its captures open. */
	if (has_program("v0") || has_program("v1")) {
		ip("link delete v0");
		make_pair();
	}
}

bool linux_is(unsigned int major, unsigned int minor)
{
	unsigned int has_major = 0, has_minor = 0;
	struct utsname name;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%u.%u", &has_major, &has_minor), 2);
	return has_major > major || (has_major == major && has_minor >= minor);
}

void topology_require_groups(void)
{
	topology_require();
	if (!linux_is(6, 4)) {
		print_message("fanout groups of zc need Linux 6.4\n");
		skip();
	}
}

const struct nsr_options taking = { .size = sizeof(taking), .take = NSR_TAKE };

struct nsr_capture *open_target(const char *target, const struct nsr_options *opts)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	if (nsr_open(target, opts, &cap, &err) < 0)
		fail_msg("%s", err.text);
	return cap;
}

void send_frames(const char *device, const struct nsr_frame *frames, uint32_t count)
{
	struct nsr_options opts;
	struct nsr_capture *cap;

	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	cap = open_target(device, &opts);
	assert_int_equal(nsr_send(cap, frames, count), count);
	nsr_close(cap);
	softirq_let_arrive(count);
}

void udp_frame(uint8_t frame[60], uint16_t port)
{
	static const uint8_t start[] = {
		2,    0, 0, 0,	0, 2,  2, 0, 0,	 0,  0, 1, 8,	0, /* Ethernet */
		0x45, 0, 0, 46, 0, 0,  0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, /* IPv4 */
		4,    0, 0, 0,	0, 26, 0, 0, /* UDP */
	};

	memset(frame, 0, 60);
	memcpy(frame, start, sizeof(start));
	port = htons(port);
	memcpy(frame + 36, &port, sizeof(port));
}

/* The code that nsr_recv() returns in the end. */
static int take_until(struct nsr_capture *cap, int wait_ms, uint32_t *count,
		      void (*each)(const struct nsr_packet *, void *arg), void *arg)
{
	struct nsr_batch batch;
	uint32_t i;
	int n;

	*count = 0;
	while ((n = nsr_recv(cap, &batch, wait_ms)) > 0) {
		for (i = 0; each && i < batch.count; i++)
			each(&batch.packets[i], arg);
		*count += batch.count;
	}
	return n;
}

uint32_t take_now(struct nsr_capture *cap, void (*each)(const struct nsr_packet *, void *arg),
		  void *arg)
{
	uint32_t count;

	assert_int_equal(take_until(cap, 0, &count, each, arg), 0);
	return count;
}

uint32_t collect(struct nsr_capture *cap, void (*each)(const struct nsr_packet *, void *arg),
		 void *arg)
{
	uint32_t count;

	assert_int_equal(nsr_stop(cap), 0);
	assert_int_equal(take_until(cap, -1, &count, each, arg), -ENODATA);
	return count;
}

void send_on(const char *target, uint16_t port, uint32_t count)
{
	struct nsr_frame *frames = calloc(count, sizeof(*frames));
	uint8_t frame[60];
	uint32_t i;

	udp_frame(frame, port);
	for (i = 0; i < count; i++)
		frames[i] = (struct nsr_frame){ frame, sizeof(frame) };
	send_frames(target, frames, count);
	free(frames);
}

void send_udp(uint16_t port, uint32_t count)
{
	send_on("v0", port, count);
}

uint32_t count_entries(const char *path)
{
	struct dirent *entry;
	uint32_t count = 0;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count++;
	closedir(dir);
	return count;
}

uint32_t count_mappings(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	uint32_t count = 0;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, name) != NULL;
	fclose(maps);
	return count;
}
