/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The translation of filters for XDP, as far as it shows without the kernel; needs no root. */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdlib.h>

#include "../fuzz/ebpf_vm.h"
#include "../unit/check.h"
#include "lib/filter/filter.h"
#include "lib/filter/flow.h"
#include "lib/filter/xdp.h"
#include "hand_picked_filters.h"
#include "random_frame.h"

#define ETHERNET  1
#define FRAMES	  200
#define ALL_MODES 4 /* combinations of enum nsr_xdp_flag */

/* Programs return one of these, nothing else. */
#define MATCH	 77
#define NO_MATCH 78

static struct nsr_filter *compile(const char *text)
{
	struct nsr_filter *filter;
	struct nsr_error err;

	if (nsr_filter_compile(text, ETHERNET, &filter, &err) < 0)
		fail_msg("%s", err.text);
	return filter;
}

static struct nsr_ebpf_code translate(const struct nsr_filter *filter, uint32_t flags)
{
	struct nsr_ebpf_code code;
	struct nsr_error err;

	if (nsr_filter_xdp_program(filter, flags, MATCH, NO_MATCH, &code, &err) < 0)
		fail_msg("%s", err.text);
	return code;
}

static struct ebpf_result run(const struct nsr_ebpf_code *code, const uint8_t *data, uint32_t len,
			      uint32_t linear)
{
	struct ebpf_frame frame = { data, len, linear };
	struct ebpf_result result = ebpf_run(code->insns, code->count, &frame);

	if (result.fault)
		fail_msg("it %s", result.fault);
	assert_in_range(result.value, MATCH, NO_MATCH);
	return result;
}

static bool matches(const struct nsr_ebpf_code *code, const uint8_t *data, uint32_t len)
{
	return run(code, data, len, len).value == MATCH;
}

static bool text_matches(const char *text, const uint8_t *data, uint32_t len)
{
	struct nsr_filter *filter = compile(text);
	struct nsr_ebpf_code code = translate(filter, 0);
	bool result = matches(&code, data, len);

	free(code.insns);
	nsr_filter_free(filter);
	return result;
}

static void check_frame(const char *text, const struct nsr_filter *filter,
			const struct nsr_ebpf_code *code, uint32_t flags, uint8_t *frame,
			uint32_t len)
{
	uint32_t linear = flags & NSR_XDP_FRAGS ? len / 3 : len;
	struct ebpf_result result = run(code, frame, len, linear);
	bool expected;

	/* Where the limit on jumps back ended the run, libpcap's might not end at all. */
	if (result.jumps_back >= NSR_XDP_JUMPS_BACK)
		return;
	expected = nsr_filter_match(filter, frame, len, len);
	if ((result.value == MATCH) != expected)
		fail_msg("\"%s\", flags %u: not libpcap's verdict on %u bytes", text, flags, len);
}

static void check_filter(const char *text, uint32_t flags)
{
	struct nsr_filter *filter = compile(text);
	struct nsr_ebpf_code code = translate(filter, flags);
	uint8_t frame[RANDOM_FRAME_MOST];
	uint64_t random = 1234567;
	uint32_t i, len;

	for (i = 0; i < FRAMES; i++) {
		len = random_frame(&random, frame);
		check_frame(text, filter, &code, flags, frame, len);
		/* Shorter than the kernel's test runs take. */
		check_frame(text, filter, &code, flags, frame, i % 14);
	}
	free(code.insns);
	nsr_filter_free(filter);
}

static void every_filter_ends_in_match_or_no_match_as_libpcap_says(void **state)
{
	uint32_t i, flags;

	for (i = 0; hand_picked_filters[i]; i++)
		for (flags = 0; flags < ALL_MODES; flags++)
			check_filter(hand_picked_filters[i], flags);
}

static void no_filter_matches_every_frame(void **state)
{
	struct nsr_ebpf_code code = translate(NULL, 0);

	assert_true(matches(&code, (const uint8_t *)"", 0));
	free(code.insns);
}

static int refusal(const struct sock_filter *code, uint32_t count)
{
	struct nsr_ebpf_code out;
	struct nsr_error err = { 0 };
	int rc = nsr_filter_xdp_program_of(code, count, 0, MATCH, NO_MATCH, &out, &err);

	if (rc == 0)
		free(out.insns);
	else
		assert_int_equal(err.code, rc);
	return rc;
}

static void instruction_that_libpcap_does_not_know_is_refused(void **state)
{
	static const struct sock_filter bad[] = {
		BPF_STMT(0xffff, 0),
		BPF_STMT(BPF_LD | BPF_W | 0xc0, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_LEN, 0),
		BPF_STMT(BPF_LDX | BPF_W | BPF_ABS, 0),
		BPF_STMT(BPF_RET | BPF_X, 0),
		BPF_STMT(BPF_ALU | 0xb0, 0),
		BPF_STMT(BPF_JMP | 0x50, 0),
		BPF_STMT(0x100 | BPF_JMP | BPF_JEQ, 0),
		BPF_STMT(BPF_MISC | 0x40, 0),
	};
	struct sock_filter program[2] = { { 0 }, BPF_STMT(BPF_RET | BPF_K, 1) };
	uint32_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		program[0] = bad[i];
		if (refusal(program, 2) != -EINVAL)
			fail_msg("0x%x is not refused", bad[i].code);
	}
}

static void operand_out_of_range_is_refused(void **state)
{
	static const struct sock_filter bad[] = {
		BPF_STMT(BPF_LD | BPF_MEM, 16),		 BPF_STMT(BPF_STX, UINT32_MAX),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0),	 BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 0),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 33),
		BPF_STMT(BPF_JMP | BPF_JA, 1),		 BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)-2),
		BPF_JUMP(BPF_JMP | BPF_JEQ, 0, 1, 0),	 BPF_JUMP(BPF_JMP | BPF_JEQ, 0, 0, 255),
	};
	struct sock_filter program[2] = { { 0 }, BPF_STMT(BPF_RET | BPF_K, 1) };
	uint32_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		program[0] = bad[i];
		if (refusal(program, 2) != -EINVAL)
			fail_msg("number %u is not refused", i);
	}
}

static void program_without_a_return_at_its_end_is_refused(void **state)
{
	static const struct sock_filter load = BPF_STMT(BPF_LD | BPF_IMM, 1);

	assert_int_equal(refusal(&load, 1), -EINVAL);
	assert_int_equal(refusal(NULL, 0), -EINVAL);
}

static void program_longer_than_jumps_reach_is_refused(void **state)
{
	uint32_t count = 30000, i;
	struct sock_filter *code = calloc(count, sizeof(*code));

	assert_non_null(code);
	for (i = 0; i < count - 1; i++)
		code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_IND, 14);
	code[count - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	assert_int_equal(refusal(code, count), -E2BIG);
	free(code);
}

/* IPv6 with @headers hop-by-hop options, 8 bytes each, then UDP. */
static uint32_t chain(uint8_t *frame, uint32_t headers)
{
	uint32_t i;

	memset(frame, 0, 14 + 40 + 8 * headers + 8);
	frame[12] = 0x86;
	frame[13] = 0xdd;
	frame[14] = 0x60;
	frame[20] = headers ? 0 : 17;
	for (i = 1; i <= headers; i++)
		frame[14 + 40 + 8 * (i - 1)] = i < headers ? 0 : 17;
	return 14 + 40 + 8 * headers + 8;
}

static void the_65th_jump_back_refuses_the_frame(void **state)
{
	uint8_t frame[1000];

	assert_true(text_matches("ip6 protochain 17", frame, chain(frame, 0)));
	assert_true(text_matches("ip6 protochain 17", frame, chain(frame, 64)));
	assert_false(text_matches("ip6 protochain 17", frame, chain(frame, 65)));
}

static void header_chain_that_leads_back_to_itself_is_refused(void **state)
{
	uint8_t frame[64] = { 0 };

	frame[12] = 0x08;
	frame[14] = 0x45;
	frame[23] = 51; /* an AH, whose next header is an AH, found where this one is */
	frame[34] = 51;
	frame[35] = 3;
	assert_false(text_matches("ip protochain 17", frame, sizeof(frame)));
}

static void bytes_from_65535_on_count_as_cut_off(void **state)
{
	static uint8_t frame[66000];

	memset(frame, 1, sizeof(frame));
	assert_true(text_matches("ether[65534] = 1", frame, sizeof(frame)));
	assert_false(text_matches("ether[65535] = 1", frame, sizeof(frame)));
	assert_true(text_matches("ether[65533:2] = 257", frame, sizeof(frame)));
	assert_false(text_matches("ether[65534:2] = 257", frame, sizeof(frame)));
	assert_true(text_matches("ether[ether[0] + 65533] = 1", frame, sizeof(frame)));
	assert_false(text_matches("ether[ether[0] + 65534] = 1", frame, sizeof(frame)));
	assert_true(text_matches("len = 66000", frame, sizeof(frame)));
}

static void scratch_memory_that_was_not_written_reads_zero(void **state)
{
	static const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_MEM, 3),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct nsr_ebpf_code code;

	assert_int_equal(nsr_filter_xdp_program_of(program, 2, 0, MATCH, NO_MATCH, &code, NULL), 0);
	assert_false(matches(&code, (const uint8_t *)"", 0));
	free(code.insns);
}

static void check_both_labels(const struct sock_filter *code, uint32_t count)
{
	struct nsr_ebpf program = { 0 };
	uint32_t label = nsr_ebpf_labels(&program, 2);

	assert_int_equal(nsr_filter_xdp_translate(&program, code, count, 0, label, label + 1, NULL),
			 0);
	assert_true(nsr_ebpf_leads_to(&program, label));
	assert_true(nsr_ebpf_leads_to(&program, label + 1));
	nsr_ebpf_free(&program);
}

static void both_labels_have_jumps_that_lead_to_them(void **state)
{
	static const struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, 1);
	static const struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	static const struct sock_filter length[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT, 100, 0, 0),
		BPF_STMT(BPF_RET | BPF_K, 1),
	};

	check_both_labels(&all, 1);
	check_both_labels(&none, 1);
	check_both_labels(length, 3);
}

/* Instructions before the fragment, and after it. */
#define BEFORE 3
#define AFTER  4

static bool writes_register(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ALU || BPF_CLASS(insn->code) == BPF_ALU64 ||
	       BPF_CLASS(insn->code) == BPF_LDX;
}

static void fragment_keeps_the_callers_registers_and_stack(void **state)
{
	struct nsr_filter *filter;
	struct nsr_ebpf_code code;
	uint32_t i, k;

	for (i = 0; hand_picked_filters[i]; i++) {
		filter = compile(hand_picked_filters[i]);
		code = translate(filter, NSR_XDP_FRAGS);
		for (k = BEFORE; k < code.count - AFTER; k++) {
			if (writes_register(&code.insns[k]))
				assert_not_in_range(code.insns[k].dst_reg, 6, 8);
			else if (code.insns[k].dst_reg == BPF_REG_10)
				assert_in_range(-code.insns[k].off, 1, NSR_XDP_STACK);
		}
		free(code.insns);
		nsr_filter_free(filter);
	}
}

static uint32_t instructions(const char *text)
{
	struct nsr_filter *filter = compile(text);
	struct nsr_ebpf_code code = translate(filter, 0);

	free(code.insns);
	nsr_filter_free(filter);
	return code.count - BEFORE - AFTER;
}

static void checks_are_merged_so_that_common_filters_stay_short(void **state)
{
	assert_true(instructions("ip") <= 7);
	assert_true(instructions("host 192.0.2.1") <= 31);
	assert_true(instructions("tcp port 80") <= 46);
	assert_true(instructions("vlan and tcp port 80") <= 51);
}

static void jump_to_a_label_without_a_place_is_refused(void **state)
{
	struct nsr_ebpf program = { 0 };
	struct nsr_ebpf_code code;

	nsr_ebpf_jump(&program, BPF_JMP | BPF_JA, 0, 0, 0, nsr_ebpf_labels(&program, 1));
	assert_int_equal(nsr_ebpf_finish(&program, &code), -EINVAL);
	assert_null(code.insns);
}

static void jump_to_where_it_stands_is_kept_behind_another_label(void **state)
{
	static const struct ebpf_frame frame = { (const uint8_t *)"", 0, 0 };
	struct nsr_ebpf program = { 0 };
	uint32_t label = nsr_ebpf_labels(&program, 2);
	struct nsr_ebpf_code code;

	nsr_ebpf_emit(&program, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, MATCH);
	nsr_ebpf_jump(&program, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, MATCH, label);
	nsr_ebpf_jump(&program, BPF_JMP | BPF_JA, 0, 0, 0, label + 1);
	nsr_ebpf_place(&program, label);
	nsr_ebpf_place(&program, label + 1);
	nsr_ebpf_emit(&program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	assert_int_equal(nsr_ebpf_finish(&program, &code), 0);
	assert_null(ebpf_run(code.insns, code.count, &frame).fault);
	free(code.insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_filter_ends_in_match_or_no_match_as_libpcap_says),
		cmocka_unit_test(no_filter_matches_every_frame),
		cmocka_unit_test(instruction_that_libpcap_does_not_know_is_refused),
		cmocka_unit_test(operand_out_of_range_is_refused),
		cmocka_unit_test(program_without_a_return_at_its_end_is_refused),
		cmocka_unit_test(program_longer_than_jumps_reach_is_refused),
		cmocka_unit_test(the_65th_jump_back_refuses_the_frame),
		cmocka_unit_test(header_chain_that_leads_back_to_itself_is_refused),
		cmocka_unit_test(bytes_from_65535_on_count_as_cut_off),
		cmocka_unit_test(scratch_memory_that_was_not_written_reads_zero),
		cmocka_unit_test(both_labels_have_jumps_that_lead_to_them),
		cmocka_unit_test(fragment_keeps_the_callers_registers_and_stack),
		cmocka_unit_test(checks_are_merged_so_that_common_filters_stay_short),
		cmocka_unit_test(jump_to_a_label_without_a_place_is_refused),
		cmocka_unit_test(jump_to_where_it_stands_is_kept_behind_another_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
