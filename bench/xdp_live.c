/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packet generator: UDP frames that the kernel makes itself, millions a second from one core.
 *
 * BPF_PROG_TEST_RUN with BPF_F_TEST_XDP_LIVE_FRAMES runs a small XDP program, which redirects each
 * frame into a device. A frame sent into one end of a veth pair arrives at the other, whose GRO
 * must be on: only then has it the NAPI queue that ndo_xdp_xmit needs.
 *
 * Frames go to a foreign MAC address, so that the receiving stack drops them early, with a UDP
 * checksum of 0 (none). Chunks of frames are paced by an absolute clock.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define NS_PER_SEC 1000000000ULL
#define MAX_BATCH  256 /* the kernel's limit, and the length of a veth's queue */
#define MAX_CHUNK  65536 /* frames in one call when nothing paces them */
#define CHUNK_NS   1000000ULL
#define MIN_SIZE   60
#define MAX_SIZE   1514 /* frames of the kernel's test run must fit one page with headroom */
#define UDP_SOURCE (sizeof(struct ethhdr) + sizeof(struct iphdr) + offsetof(struct udphdr, source))
#define FIRST_PORT 1024
#define MAX_FLOWS  32768

/** What to send. */
struct plan {
	const char *device;
	uint64_t count; /* 0: until @duration_ns has passed */
	uint64_t duration_ns;
	uint64_t rate; /* frames a second, 0: as fast as possible */
	uint32_t size; /* bytes of a frame without its checksum */
	uint32_t batch;
	uint32_t flows;
};

/** What was sent. */
struct result {
	uint64_t sent;
	uint64_t elapsed_ns;
	uint64_t cpu_ns; /* CPU time of this process; what it receives in its context is in it */
};

static const char usage[] =
	"usage: xdp_live DEVICE (--count N | --seconds S) [--rate PPS] [--size BYTES] [--batch N]\n"
	"                [--flows N]\n"
	"Sends UDP frames into DEVICE, one end of a veth pair whose other end has GRO on.\n"
	"  --count N     frames to send\n"
	"  --seconds S   or how long to send, at most 3600\n"
	"  --rate PPS    frames a second, 0 (default): as fast as possible\n"
	"  --size BYTES  of a frame without its checksum, 60 (default) to 1514\n"
	"  --batch N     frames the kernel handles together, 1 to 256, default 64\n"
	"  --flows N     different source ports, 1 (default) to 32768\n";

__attribute__((format(printf, 1, 2))) static int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("xdp_live: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void sleep_until(uint64_t when_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(when_ns / NS_PER_SEC),
		.tv_nsec = (long)(when_ns % NS_PER_SEC),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static uint16_t ip_checksum(const struct iphdr *ip)
{
	const uint8_t *bytes = (const uint8_t *)ip;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(*ip); i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void fill_frame(uint8_t *frame, uint32_t size)
{
	struct ethhdr eth = {
		.h_dest = { 0x02, 0, 0, 0, 0xbe, 0xef }, /* nobody's: locally administered */
		.h_source = { 0x02, 0, 0, 0, 0, 0x01 },
		.h_proto = htons(ETH_P_IP),
	};
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = htons((uint16_t)(size - sizeof(eth))),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = htonl(0xc6120001), /* 198.18.0.0/15 is for benchmarks (RFC 2544) */
		.daddr = htonl(0xc6130001),
	};
	struct udphdr udp = {
		.source = htons(FIRST_PORT),
		.dest = htons(9),
		.len = htons((uint16_t)(size - sizeof(eth) - sizeof(ip))),
	};

	ip.check = ip_checksum(&ip);
	memset(frame, 0, size);
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), &ip, sizeof(ip));
	memcpy(frame + sizeof(eth) + sizeof(ip), &udp, sizeof(udp));
}

/* clang-format off */
#define LOAD(size, dst, src, offset) \
	{ .code = BPF_LDX | BPF_MEM | (size), .dst_reg = (dst), .src_reg = (src), .off = (offset) }
#define STORE(size, dst, src, offset) \
	{ .code = BPF_STX | BPF_MEM | (size), .dst_reg = (dst), .src_reg = (src), .off = (offset) }
#define JUMP_IMM(op, dst, value, skip) \
	{ .code = BPF_JMP | (op) | BPF_K, .dst_reg = (dst), .off = (skip), .imm = (value) }
#define JUMP_REG(op, dst, src, skip) \
	{ .code = BPF_JMP | (op) | BPF_X, .dst_reg = (dst), .src_reg = (src), .off = (skip) }
#define ALU_IMM(op, dst, value) \
	{ .code = BPF_ALU64 | (op) | BPF_K, .dst_reg = (dst), .imm = (value) }
#define MOVE_REG(dst, src) \
	{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (dst), .src_reg = (src) }
#define TO_BE16(dst) { .code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = (dst), .imm = 16 }
#define CALL(function) { .code = BPF_JMP | BPF_CALL, .imm = (function) }
#define EXIT() { .code = BPF_JMP | BPF_EXIT }
/* clang-format on */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Load the XDP program: three parts, the middle one only for several flows. */
static int load_program(uint32_t ifindex, uint32_t flows)
{
	/* what the device really received goes its way: if (ingress_ifindex == ifindex) pass */
	const struct bpf_insn pass[] = {
		LOAD(BPF_W, BPF_REG_2, BPF_REG_1, offsetof(struct xdp_md, ingress_ifindex)),
		JUMP_IMM(BPF_JNE, BPF_REG_2, (int32_t)ifindex, 2),
		ALU_IMM(BPF_MOV, BPF_REG_0, XDP_PASS),
		EXIT(),
	};
	/* if (data + UDP_SOURCE + 2 <= data_end) source = FIRST_PORT + random() % flows */
	const struct bpf_insn pick_flow[] = {
		LOAD(BPF_W, BPF_REG_6, BPF_REG_1, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, BPF_REG_7, BPF_REG_1, offsetof(struct xdp_md, data_end)),
		ALU_IMM(BPF_ADD, BPF_REG_6, UDP_SOURCE),
		MOVE_REG(BPF_REG_2, BPF_REG_6),
		ALU_IMM(BPF_ADD, BPF_REG_2, sizeof(uint16_t)),
		JUMP_REG(BPF_JGT, BPF_REG_2, BPF_REG_7, 5),
		CALL(BPF_FUNC_get_prandom_u32),
		ALU_IMM(BPF_MOD, BPF_REG_0, (int32_t)flows),
		ALU_IMM(BPF_ADD, BPF_REG_0, FIRST_PORT),
		TO_BE16(BPF_REG_0),
		STORE(BPF_H, BPF_REG_6, BPF_REG_0, 0),
	};
	const struct bpf_insn redirect[] = {
		ALU_IMM(BPF_MOV, BPF_REG_1, (int32_t)ifindex),
		ALU_IMM(BPF_MOV, BPF_REG_2, 0),
		CALL(BPF_FUNC_redirect),
		EXIT(),
	};
	struct bpf_insn insns[COUNT(pass) + COUNT(pick_flow) + COUNT(redirect)];
	size_t count = COUNT(pass);
	int fd;

	memcpy(insns, pass, sizeof(pass));
	if (flows > 1) {
		memcpy(insns + count, pick_flow, sizeof(pick_flow));
		count += COUNT(pick_flow);
	}
	memcpy(insns + count, redirect, sizeof(redirect));
	count += COUNT(redirect);
	fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "xdp_live", "Dual BSD/GPL", insns, count, NULL);
	return fd < 0 ? -errno : fd;
}

/*
 * Attach the program to the device itself, for as long as this process lives. A test run of a
 * program that is attached nowhere puts it into the XDP dispatcher and takes it out again, and each
 * time waits many milliseconds for RCU.
 */
static int hold_program(int prog, uint32_t ifindex)
{
	int fd = bpf_link_create(prog, (int)ifindex, BPF_XDP, NULL);

	return fd < 0 ? -errno : fd;
}

/* Send @frames frames with one call of the kernel; all of them go out, or -errno is returned. */
static int send_chunk(int prog, const struct plan *plan, const uint8_t *frame, uint32_t frames)
{
	struct xdp_md ctx = { .data_end = plan->size };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = plan->size,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = (int)frames,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = plan->batch);

	return bpf_prog_test_run_opts(prog, &opts) ? -errno : 0;
}

static uint32_t chunk_frames(const struct plan *plan)
{
	uint64_t frames = plan->rate ? plan->rate * CHUNK_NS / NS_PER_SEC : MAX_CHUNK;

	if (frames < plan->batch)
		frames = plan->rate ? plan->batch : MAX_CHUNK;
	return frames > MAX_CHUNK ? MAX_CHUNK : (uint32_t)frames;
}

/* When frame number @sent is due: exact, however large the numbers are. */
static uint64_t due_ns(const struct plan *plan, uint64_t start_ns, uint64_t sent)
{
	return start_ns + sent / plan->rate * NS_PER_SEC +
	       sent % plan->rate * NS_PER_SEC / plan->rate;
}

static int run(int prog, const struct plan *plan, struct result *result)
{
	uint32_t chunk = chunk_frames(plan), frames;
	uint64_t start_ns = now_ns(CLOCK_MONOTONIC);
	uint64_t cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	uint8_t frame[MAX_SIZE];
	int rc;

	fill_frame(frame, plan->size);
	*result = (struct result){ 0 };
	while (plan->count ? result->sent < plan->count : result->elapsed_ns < plan->duration_ns) {
		frames = chunk;
		if (plan->count && plan->count - result->sent < frames)
			frames = (uint32_t)(plan->count - result->sent);
		if (plan->rate)
			sleep_until(due_ns(plan, start_ns, result->sent));
		rc = send_chunk(prog, plan, frame, frames);
		if (rc)
			return rc;
		result->sent += frames;
		result->elapsed_ns = now_ns(CLOCK_MONOTONIC) - start_ns;
	}
	/* the last chunk has its time too, or short runs would look faster than asked for */
	if (plan->rate)
		sleep_until(due_ns(plan, start_ns, result->sent));
	result->elapsed_ns = now_ns(CLOCK_MONOTONIC) - start_ns;
	result->cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
	return 0;
}

static bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && !*end && *value >= min && *value <= max;
}

static bool parse_seconds(const char *text, uint64_t *ns)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0.001 && seconds <= 3600))
		return false;
	*ns = (uint64_t)(seconds * (double)NS_PER_SEC);
	return true;
}

static bool set_option(struct plan *plan, int option, const char *text)
{
	uint64_t value = 0;
	bool ok;

	switch (option) {
	case 'c':
		return parse_number(text, 1, UINT64_MAX / NS_PER_SEC, &plan->count);
	case 'd':
		return parse_seconds(text, &plan->duration_ns);
	case 'r':
		return parse_number(text, 0, 100000000, &plan->rate);
	case 's':
		ok = parse_number(text, MIN_SIZE, MAX_SIZE, &value);
		plan->size = (uint32_t)value;
		return ok;
	case 'b':
		ok = parse_number(text, 1, MAX_BATCH, &value);
		plan->batch = (uint32_t)value;
		return ok;
	case 'f':
		ok = parse_number(text, 1, MAX_FLOWS, &value);
		plan->flows = (uint32_t)value;
		return ok;
	default:
		return false;
	}
}

static int parse(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "seconds", required_argument, NULL, 'd' },
		{ "rate", required_argument, NULL, 'r' },
		{ "size", required_argument, NULL, 's' },
		{ "batch", required_argument, NULL, 'b' },
		{ "flows", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*plan = (struct plan){ .size = MIN_SIZE, .batch = 64, .flows = 1 };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!set_option(plan, option, optarg))
			return -EINVAL;
	}
	if (optind != argc - 1 || !plan->count == !plan->duration_ns)
		return -EINVAL;
	plan->device = argv[optind];
	return 0;
}

int main(int argc, char **argv)
{
	struct result result;
	struct plan plan;
	uint32_t ifindex;
	int prog, rc;

	if (parse(argc, argv, &plan)) {
		fputs(usage, stderr);
		return 2;
	}
	ifindex = if_nametoindex(plan.device);
	if (!ifindex)
		return complain("%s: %s in this namespace", plan.device, strerror(errno));
	prog = load_program(ifindex, plan.flows);
	if (prog < 0)
		return complain("loading the XDP program: %s (root is needed)", strerror(-prog));
	rc = hold_program(prog, ifindex);
	if (rc < 0)
		return complain("attaching the XDP program to %s: %s", plan.device, strerror(-rc));
	/* the default slack of 50 us would make every chunk late */
	prctl(PR_SET_TIMERSLACK, 1);
	rc = run(prog, &plan, &result);
	if (rc)
		return complain("sending into %s: %s (live frames need Linux 5.18)", plan.device,
				strerror(-rc));
	printf("sent=%llu seconds=%.6f rate=%.0f cpu_ns=%llu\n", (unsigned long long)result.sent,
	       (double)result.elapsed_ns / 1e9,
	       (double)result.sent * 1e9 / (double)result.elapsed_ns,
	       (unsigned long long)result.cpu_ns);
	return 0;
}
