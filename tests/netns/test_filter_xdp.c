/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters in XDP against libpcap's interpreter: each filter, hand-picked or random, is loaded into
 * the kernel and run on the same random frames (BPF_PROG_TEST_RUN); every verdict must be the same.
 * No packet is sent, and no device is needed.
 *
 * NSR_TEST_LESS=N, for slow machines: an Nth of the frames and of the random filters.
 */
#include <linux/capability.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fuzz/classic_program.h"
#include "../fuzz/classic_witness.h"
#include "../fuzz/ebpf_vm.h"
#include "../unit/check.h"
#include "lib/filter/filter.h"
#include "lib/filter/flow.h"
#include "lib/filter/xdp.h"
#include "filter_grammar.h"
#include "hand_picked_filters.h"
#include "random_frame.h"
#include "xdp_run.h"

#define ETHERNET 1
#define FRAMES	 1000
#define SEED	 20240229

static uint32_t less = 1;
static uint8_t frames[FRAMES][RANDOM_FRAME_MOST];
static uint32_t lengths[FRAMES];
static bool can_load, can_split;

/* The work on one list of filters. */
struct run {
	uint32_t flags; /* enum nsr_xdp_flag */
	uint32_t runs, matches, undecided;
	bool split; /* put part of each frame into a second buffer */
};

static void require_bpf(void)
{
	if (can_load)
		return;
	print_message("loading BPF programs needs root\n");
	skip();
}

/* The end of what the verifier says; cmocka's own messages have less room. */
static void explain_refusal(const struct nsr_ebpf_code *code, int frags)
{
	static char log[16 << 20];
	size_t used;

	log[0] = '\0';
	xdp_load(code, frags, log, sizeof(log));
	used = strlen(log);
	fprintf(stderr, "%s\n", log + (used > 3000 ? used - 3000 : 0));
}

static int load_or_explain(const char *text, const struct nsr_ebpf_code *code, int frags)
{
	int fd = xdp_load(code, frags, NULL, 0);

	if (fd >= 0)
		return fd;
	explain_refusal(code, frags);
	fail_msg("\"%s\" is refused: %s", text, strerror(-fd));
	return fd;
}

static void explain_difference(const char *text, const struct run *run, uint32_t frame,
			       bool expected)
{
	uint32_t i;

	for (i = 0; i < lengths[frame]; i++)
		fprintf(stderr, "%02x%s", frames[frame][i], i % 16 == 15 ? "\n" : " ");
	fail_msg("\"%s\", seed %u, flags %u, frame %u of %u bytes: libpcap says %d", text, SEED,
		 run->flags, frame, lengths[frame], expected);
}

/* libpcap's interpreter may go round for ever where our limit on jumps back ends the run. */
static bool ends_by_limit(const struct nsr_ebpf_code *code, uint32_t frame)
{
	struct ebpf_frame view = { frames[frame], lengths[frame], lengths[frame] };
	struct ebpf_result result = ebpf_run(code->insns, code->count, &view);

	if (result.fault)
		fail_msg("the interpreter: it %s", result.fault);
	return result.jumps_back >= NSR_XDP_JUMPS_BACK;
}

static void compare(struct run *run, const char *text, const struct nsr_filter *filter,
		    const struct nsr_ebpf_code *code, int fd)
{
	bool loops = strstr(text, "protochain"), expected;
	uint32_t i, linear;
	int got;

	for (i = 0; i < FRAMES / less; i++) {
		if (loops && ends_by_limit(code, i)) {
			run->undecided++;
			continue;
		}
		linear = run->split ? 14 + i * 7 % (lengths[i] - 13) : lengths[i];
		got = xdp_run(fd, frames[i], lengths[i], linear);
		assert_in_range(got, 0, 1);
		expected = nsr_filter_match(filter, frames[i], lengths[i], lengths[i]);
		if (got != expected)
			explain_difference(text, run, i, expected);
		run->runs++;
		run->matches += expected;
	}
}

/* False: libpcap refuses the filter. */
static bool check_filter(struct run *run, const char *text)
{
	struct nsr_ebpf_code code;
	struct nsr_filter *filter;
	struct nsr_error err;
	int fd;

	if (nsr_filter_compile(text, ETHERNET, &filter, NULL) < 0)
		return false;
	if (nsr_filter_xdp_program(filter, run->flags, 1, 0, &code, &err) < 0)
		fail_msg("\"%s\": %s", text, err.text);
	fd = load_or_explain(text, &code, run->flags & NSR_XDP_FRAGS);
	compare(run, text, filter, &code, fd);
	close(fd);
	free(code.insns);
	nsr_filter_free(filter);
	return true;
}

static void check_hand_picked(struct run *run)
{
	uint32_t i;

	require_bpf();
	for (i = 0; hand_picked_filters[i]; i++)
		if (!check_filter(run, hand_picked_filters[i]))
			fail_msg("libpcap refuses \"%s\"", hand_picked_filters[i]);
	print_message("%u filters, %u verdicts, %u of them matches\n", i, run->runs, run->matches);
	assert_true(i >= 100);
}

static void check_random(struct run *run, uint32_t count)
{
	uint64_t state = SEED;
	uint32_t done = 0, tries = 0;
	char text[2000];

	require_bpf();
	count /= less;
	while (done < count && tries++ < count * 3) {
		random_filter(&state, text, sizeof(text));
		done += check_filter(run, text);
	}
	print_message("%u filters of %u, %u verdicts, %u of them matches, %u left out\n", done,
		      tries, run->runs, run->matches, run->undecided);
	assert_int_equal(done, count);
	assert_true(run->matches > run->runs / 20);
	assert_true(run->undecided < run->runs / 100);
}

static void hand_picked_filters_agree_with_libpcap(void **state)
{
	struct run run = { 0 };

	check_hand_picked(&run);
}

static void random_filters_agree_with_libpcap(void **state)
{
	struct run run = { 0 };

	check_random(&run, 1000);
}

static void hand_picked_filters_agree_on_frames_of_two_buffers(void **state)
{
	struct run run = { .flags = NSR_XDP_FRAGS, .split = can_split };

	check_hand_picked(&run);
}

static void random_filters_agree_on_frames_of_two_buffers(void **state)
{
	struct run run = { .flags = NSR_XDP_FRAGS, .split = can_split };

	check_random(&run, 200);
}

static void filters_that_only_use_helpers_agree(void **state)
{
	struct run run = { .flags = NSR_XDP_HELPERS };
	struct run split = { .flags = NSR_XDP_HELPERS | NSR_XDP_FRAGS, .split = can_split };

	check_hand_picked(&run);
	check_random(&run, 100);
	check_hand_picked(&split);
}

/* Loops are for the filters: older kernels accept them only where they are entered at their top. */
static bool jumps_back(const struct sock_filter *program, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (program[i].code == (BPF_JMP | BPF_JA) && program[i].k > INT32_MAX)
			return true;
	return false;
}

static void run_classic(const struct sock_filter *program, uint32_t count, uint32_t flags)
{
	struct nsr_ebpf_code code;
	bool expected;
	uint32_t i;
	int fd;

	assert_int_equal(nsr_filter_xdp_program_of(program, count, flags, 1, 0, &code, NULL), 0);
	fd = load_or_explain("random program", &code, flags & NSR_XDP_FRAGS);
	for (i = 0; i < 50; i++) {
		expected = classic_matches(program, count, frames[i], lengths[i], NSR_FLOW_REACH);
		assert_int_equal(xdp_run(fd, frames[i], lengths[i], lengths[i]), expected);
	}
	close(fd);
	free(code.insns);
}

static void random_classic_programs_agree_with_libpcap(void **state)
{
	uint8_t bytes[CLASSIC_PROGRAM_MAX * CLASSIC_PROGRAM_BYTES];
	struct sock_filter program[CLASSIC_PROGRAM_MAX];
	uint32_t done = 0, count, i;
	uint64_t random = SEED;

	require_bpf();
	while (done < 3000 / less) {
		count = 2 + random_below(&random, CLASSIC_PROGRAM_MAX - 1);
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)random_next(&random);
		classic_program(bytes, count, program);
		if (!jumps_back(program, count))
			run_classic(program, count, done++ % 4);
	}
}

/* A frame of the largest size that the kernel's test runs take, most of it in further buffers. */
static void check_large(const char *text, bool expected)
{
	static uint8_t large[60000];
	struct nsr_ebpf_code code;
	struct nsr_filter *filter;
	int fd;

	large[12] = 0x08;
	large[14] = 0x45;
	large[5000] = 7;
	large[59999] = 9;
	large[40000] = 0x12;
	large[40001] = 0x34;
	assert_int_equal(nsr_filter_compile(text, ETHERNET, &filter, NULL), 0);
	assert_int_equal(nsr_filter_xdp_program(filter, NSR_XDP_FRAGS, 1, 0, &code, NULL), 0);
	fd = load_or_explain(text, &code, 1);
	assert_int_equal(xdp_run(fd, large, sizeof(large), sizeof(large)), expected);
	assert_int_equal(nsr_filter_match(filter, large, sizeof(large), sizeof(large)), expected);
	close(fd);
	free(code.insns);
	nsr_filter_free(filter);
}

static void bytes_far_behind_the_first_buffer_are_found(void **state)
{
	require_bpf();
	check_large("ether[5000] = 7", true);
	check_large("ether[40000:2] = 0x1234", true);
	check_large("ether[59999] = 9", true);
	check_large("ether[59999:2] = 9", false);
	check_large("ether[59999 + ether[0]] = 9", true);
	check_large("ether[60000 + ether[0]] = 9", false);
	check_large("len = 60000", true);
	check_large("ether[len - 1] = 9", true);
}

static void drop_perfmon(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t keep = 1ull << CAP_NET_RAW | 1ull << CAP_NET_ADMIN | 1ull << CAP_BPF;

	data[0].effective = data[0].permitted = (uint32_t)keep;
	data[1].effective = data[1].permitted = (uint32_t)(keep >> 32);
	if (syscall(SYS_capset, &header, data) < 0)
		_exit(9);
}

/* How loading ends for a holder of CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF only. */
static int errno_without_perfmon(const char *text, uint32_t flags, bool explain)
{
	struct nsr_ebpf_code code;
	struct nsr_filter *filter;
	int rc, status;
	pid_t pid;

	assert_int_equal(nsr_filter_compile(text, ETHERNET, &filter, NULL), 0);
	assert_int_equal(nsr_filter_xdp_program(filter, flags, 1, 0, &code, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		drop_perfmon();
		rc = xdp_load(&code, 0, NULL, 0);
		if (rc < 0 && explain)
			explain_refusal(&code, 0);
		_exit(rc < 0 ? -rc : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	free(code.insns);
	nsr_filter_free(filter);
	return WEXITSTATUS(status);
}

static void helpers_make_cap_perfmon_unnecessary(void **state)
{
	uint32_t i;

	require_bpf();
	for (i = 0; hand_picked_filters[i]; i++)
		if (!strstr(hand_picked_filters[i], "protochain") &&
		    errno_without_perfmon(hand_picked_filters[i], NSR_XDP_HELPERS, true))
			fail_msg("\"%s\" is refused", hand_picked_filters[i]);
}

static void offsets_that_vary_need_cap_perfmon_without_helpers(void **state)
{
	require_bpf();
	assert_int_equal(errno_without_perfmon("ip6", 0, true), 0);
	assert_int_not_equal(errno_without_perfmon("tcp port 80", 0, false), 0);
}

static int setup(void **state)
{
	const char *text = getenv("NSR_TEST_LESS");
	uint64_t random = SEED;
	struct nsr_ebpf_code code;
	uint32_t i;
	int fd;

	if (text && atoi(text) > 0 && atoi(text) <= 10)
		less = (uint32_t)atoi(text);
	for (i = 0; i < FRAMES; i++)
		lengths[i] = random_frame(&random, frames[i]);
	if (nsr_filter_xdp_program(NULL, 0, 1, 0, &code, NULL) < 0)
		return -1;
	fd = xdp_load(&code, 1, NULL, 0);
	can_load = fd >= 0;
	can_split = can_load && xdp_run(fd, frames[0], lengths[0], 14) == 1;
	if (can_load)
		close(fd);
	free(code.insns);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hand_picked_filters_agree_with_libpcap),
		cmocka_unit_test(random_filters_agree_with_libpcap),
		cmocka_unit_test(hand_picked_filters_agree_on_frames_of_two_buffers),
		cmocka_unit_test(random_filters_agree_on_frames_of_two_buffers),
		cmocka_unit_test(filters_that_only_use_helpers_agree),
		cmocka_unit_test(random_classic_programs_agree_with_libpcap),
		cmocka_unit_test(bytes_far_behind_the_first_buffer_are_found),
		cmocka_unit_test(helpers_make_cap_perfmon_unnecessary),
		cmocka_unit_test(offsets_that_vary_need_cap_perfmon_without_helpers),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
