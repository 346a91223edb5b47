/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* lib/filter/flow.c on classic BPF programs, without a kernel that runs them. */
#include <linux/filter.h>

#include "lib/filter/flow.h"
#include "check.h"

#define MOST 8

static struct nsr_flow flow[MOST];
static struct nsr_flow_sum sum;

static int trace(const struct sock_filter *code, uint32_t count)
{
	assert_in_range(count, 1, MOST);
	memset(flow, 0xee, sizeof(flow));
	memset(&sum, 0xee, sizeof(sum));
	return nsr_flow_trace(code, count, flow, &sum);
}

#define TRACE(...)                                                                                 \
	assert_int_equal(trace((const struct sock_filter[]){ __VA_ARGS__ },                        \
			       sizeof((const struct sock_filter[]){ __VA_ARGS__ }) /               \
				       sizeof(struct sock_filter)),                                \
			 0)

#define LOAD_A(k)	    BPF_STMT(BPF_LD | BPF_IMM, k)
#define LOAD_X(k)	    BPF_STMT(BPF_LDX | BPF_IMM, k)
#define LOAD_WORD(k)	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, k)
#define LOAD_WORD_FROM_X(k) BPF_STMT(BPF_LD | BPF_W | BPF_IND, k)
#define COPY_A_TO_X	    BPF_STMT(BPF_MISC | BPF_TAX, 0)
#define COPY_X_TO_A	    BPF_STMT(BPF_MISC | BPF_TXA, 0)
#define ACCEPT		    BPF_STMT(BPF_RET | BPF_K, 1)
#define ACCEPT_IF_A	    BPF_STMT(BPF_RET | BPF_A, 0)

static void copy_to_x_sets_x(void **state)
{
	TRACE(LOAD_A(1), COPY_A_TO_X, LOAD_WORD_FROM_X(0), ACCEPT);
	assert_int_equal(flow[1].set, NSR_FLOW_A);
	assert_int_equal(flow[2].set, NSR_FLOW_A | NSR_FLOW_X);
	assert_int_equal(sum.unset, 0);
}

static void copy_to_a_sets_a(void **state)
{
	TRACE(LOAD_X(1), COPY_X_TO_A, ACCEPT_IF_A);
	assert_int_equal(flow[1].set, NSR_FLOW_X);
	assert_int_equal(flow[2].set, NSR_FLOW_X | NSR_FLOW_A);
	assert_int_equal(sum.unset, 0);
}

static void what_is_read_before_it_is_set_is_told(void **state)
{
	TRACE(COPY_X_TO_A, ACCEPT_IF_A);
	assert_int_equal(sum.unset, NSR_FLOW_X);
	TRACE(COPY_A_TO_X, ACCEPT);
	assert_int_equal(sum.unset, NSR_FLOW_A);
}

static void bytes_needed_from_x_on_are_known_as_long_as_x_stays(void **state)
{
	TRACE(LOAD_X(4), LOAD_A(0), LOAD_WORD_FROM_X(10), ACCEPT);
	assert_int_equal(flow[2].need_x, 14);
	assert_int_equal(flow[1].need_x, 14);
	assert_int_equal(flow[1].need, 14);
	assert_int_equal(flow[0].need_x, 0);
	assert_int_equal(flow[0].need, 14);
}

static void what_no_packet_fulfils_is_never_fulfilled_from_another_x_either(void **state)
{
	TRACE(LOAD_X(4), LOAD_WORD(65532), ACCEPT);
	assert_int_equal(flow[0].need, NSR_FLOW_NEVER);
	assert_int_equal(flow[0].need_x, NSR_FLOW_NEVER);
}

static void the_last_word_within_reach_is_within_reach(void **state)
{
	TRACE(LOAD_WORD(65531), ACCEPT);
	assert_int_equal(flow[0].need, 65535);
	assert_true(flow[1].reached);
	assert_true(sum.matches);
}

static void nothing_is_reached_behind_a_load_out_of_reach(void **state)
{
	TRACE(LOAD_WORD(65532), ACCEPT);
	assert_true(flow[0].reached);
	assert_false(flow[1].reached);
	assert_false(sum.matches);
	assert_true(sum.refuses);
}

static void a_jump_back_is_told_where_it_is_reached(void **state)
{
	TRACE(LOAD_A(0), BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)-2), ACCEPT);
	assert_true(sum.loops);
	assert_true(flow[0].again);
	assert_false(flow[1].again);
	assert_false(flow[2].reached);
	TRACE(LOAD_WORD(65532), BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)-2), ACCEPT);
	assert_false(sum.loops);
	assert_false(flow[0].again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copy_to_x_sets_x),
		cmocka_unit_test(copy_to_a_sets_a),
		cmocka_unit_test(what_is_read_before_it_is_set_is_told),
		cmocka_unit_test(bytes_needed_from_x_on_are_known_as_long_as_x_stays),
		cmocka_unit_test(what_no_packet_fulfils_is_never_fulfilled_from_another_x_either),
		cmocka_unit_test(the_last_word_within_reach_is_within_reach),
		cmocka_unit_test(nothing_is_reached_behind_a_load_out_of_reach),
		cmocka_unit_test(a_jump_back_is_told_where_it_is_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
