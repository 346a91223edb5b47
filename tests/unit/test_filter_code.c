/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Filters given as a program: that made of one for packets as handed out, and the interpreter. */
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../fuzz/classic_program.h"
#include "../fuzz/classic_witness.h"
#include "../netns/random_frame.h"
#include "lib/filter/code.h"
#include "lib/filter/run.h"
#include "check.h"

#define SEED UINT64_C(88172645463325252)

#define LOAD(size, k)	  BPF_STMT(BPF_LD | (size) | BPF_ABS, k)
#define LOAD_X(size, k)	  BPF_STMT(BPF_LD | (size) | BPF_IND, k)
#define LOAD_FIELD(which) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + (which))
#define LOAD_LENGTH	  BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0)
#define SET_A(k)	  BPF_STMT(BPF_LD | BPF_IMM, k)
#define SET_X(k)	  BPF_STMT(BPF_LDX | BPF_IMM, k)
#define READ_MEMORY(i)	  BPF_STMT(BPF_LD | BPF_MEM, i)
#define WRITE_MEMORY(i)	  BPF_STMT(BPF_ST, i)
#define COPY_X_TO_A	  BPF_STMT(BPF_MISC | BPF_TXA, 0)
#define IF_EQUAL(k, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, t, f)
#define JUMP(k)		  BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(k))
#define ALU(operation, k) BPF_STMT(BPF_ALU | (operation), k)
#define RETURN(k)	  BPF_STMT(BPF_RET | BPF_K, k)
#define RETURN_A	  BPF_STMT(BPF_RET | BPF_A, 0)
#define CODE(...)                                                                                  \
	(const struct sock_filter[])                                                               \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define COUNT(...)   ((uint32_t)(sizeof(CODE(__VA_ARGS__)) / sizeof(struct sock_filter)))
#define PROGRAM(...) CODE(__VA_ARGS__), COUNT(__VA_ARGS__)

static const uint8_t plain_frame[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 20 };
static const uint8_t tagged_frame[] = { 2, 0,	 0, 0,	  0,	0x2, 2, 0,    0, 0, 0,
					1, 0x81, 0, 0x20, 0x05, 8,   0, 0x45, 0, 0, 20 };
static const uint8_t service_tagged_frame[] = {
	2,
	0,
	0,
	0,
	0,
	2,
	2,
	0,
	0,
	0,
	0,
	1,
	/* The outer tag, and one that stays in the packet. */
	0x88,
	0xa8,
	0x30,
	0x07,
	0x81,
	0,
	0,
	6,
	0x86,
	0xdd,
	0x60,
	0,
};

/* LINKTYPE_LINUX_SLL2: interface 3, ARPHRD_ETHER, PACKET_OUTGOING. */
static const uint8_t plain_cooked[] = { 8, 0, 0, 0, 0, 0, 0, 3, 0,    1, 4, 6,
					2, 0, 0, 0, 0, 1, 0, 0, 0x45, 0, 0, 20 };
static const uint8_t tagged_cooked[] = { 0x81, 0, 0, 0, 0, 0, 0,    3,	  0, 1, 4,    6, 2, 0,
					 0,    0, 0, 1, 0, 0, 0x20, 0x05, 8, 0, 0x45, 0, 0, 20 };

static int refusal(const struct sock_filter *code, uint32_t count, enum nsr_code_view view)
{
	struct sock_fprog wire = { 0 };
	struct nsr_error err = { 0 };
	int rc = nsr_code_for_wire(code, count, view, &wire, &err);

	assert_int_equal(err.code, rc);
	free(wire.filter);
	return rc;
}

/* What the program made of @code returns for a packet. */
static uint32_t value(const struct sock_filter *code, uint32_t count, enum nsr_code_view view,
		      const uint8_t *data, uint32_t len)
{
	struct sock_fprog wire;
	struct nsr_error err;
	uint32_t result;

	if (nsr_code_for_wire(code, count, view, &wire, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(bpf_validate((void *)wire.filter, wire.len));
	result = bpf_filter((void *)wire.filter, data, len, len);
	free(wire.filter);
	return result;
}

#define ETHERNET_VALUE(frame, ...)                                                                 \
	value(PROGRAM(__VA_ARGS__), NSR_CODE_ETHERNET, frame, sizeof(frame))
#define COOKED_VALUE(packet, ...)                                                                  \
	value(PROGRAM(__VA_ARGS__), NSR_CODE_COOKED, packet, sizeof(packet))

static void assert_same(const struct sock_filter *code, uint32_t count, enum nsr_code_view view)
{
	struct sock_fprog wire;

	assert_int_equal(nsr_code_for_wire(code, count, view, &wire, NULL), 0);
	assert_int_equal(wire.len, count);
	assert_memory_equal(wire.filter, code, count * sizeof(*code));
	free(wire.filter);
}

static void program_that_asks_nothing_a_tag_changes_stays_one_copy(void **state)
{
	assert_same(PROGRAM(LOAD(BPF_W, 8), LOAD(BPF_H, 10), LOAD(BPF_B, 11), RETURN_A),
		    NSR_CODE_ETHERNET);
	assert_same(PROGRAM(SET_A(7), WRITE_MEMORY(0), IF_EQUAL(7, 0, 1), RETURN(1), RETURN(0)),
		    NSR_CODE_ETHERNET);
	assert_same(PROGRAM(LOAD(BPF_W, 4), LOAD(BPF_W, 16), LOAD(BPF_B, 10), RETURN_A),
		    NSR_CODE_COOKED);
}

static void program_for_packets_without_taken_off_tags_stays_as_it_is(void **state)
{
	assert_same(PROGRAM(LOAD(BPF_W, 10), LOAD_X(BPF_B, 0), LOAD_LENGTH,
			    BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), RETURN_A),
		    NSR_CODE_PLAIN);
}

static void load_behind_a_tag_finds_what_stands_there_without_one(void **state)
{
	assert_int_equal(ETHERNET_VALUE(plain_frame, LOAD(BPF_H, 12), RETURN_A), 0x0800);
	assert_int_equal(ETHERNET_VALUE(tagged_frame, LOAD(BPF_H, 12), RETURN_A), 0x0800);
	assert_int_equal(ETHERNET_VALUE(service_tagged_frame, LOAD(BPF_H, 12), RETURN_A), 0x8100);
	assert_int_equal(ETHERNET_VALUE(service_tagged_frame, LOAD(BPF_H, 16), RETURN_A), 0x86dd);
	assert_int_equal(COOKED_VALUE(plain_cooked, LOAD(BPF_B, 20), RETURN_A), 0x45);
	assert_int_equal(COOKED_VALUE(tagged_cooked, LOAD(BPF_B, 20), RETURN_A), 0x45);
}

static void load_from_x_behind_a_tag_finds_what_stands_there_without_one(void **state)
{
	assert_int_equal(ETHERNET_VALUE(plain_frame, SET_X(2), LOAD_X(BPF_B, 12), RETURN_A), 0x45);
	assert_int_equal(ETHERNET_VALUE(tagged_frame, SET_X(2), LOAD_X(BPF_B, 12), RETURN_A), 0x45);
	assert_int_equal(COOKED_VALUE(tagged_cooked, SET_X(3), LOAD_X(BPF_B, 20), RETURN_A), 20);
}

#define LOAD_HEADER_LENGTH(k) BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, k)

static void header_length_behind_a_tag_is_that_without_one(void **state)
{
	assert_int_equal(ETHERNET_VALUE(plain_frame, LOAD_HEADER_LENGTH(14), COPY_X_TO_A, RETURN_A),
			 20);
	assert_int_equal(
		ETHERNET_VALUE(tagged_frame, LOAD_HEADER_LENGTH(14), COPY_X_TO_A, RETURN_A), 20);
	assert_int_equal(COOKED_VALUE(tagged_cooked, LOAD_HEADER_LENGTH(20), COPY_X_TO_A, RETURN_A),
			 20);
}

static void vlan_fields_are_those_of_the_outer_tag(void **state)
{
	assert_int_equal(ETHERNET_VALUE(tagged_frame, LOAD_FIELD(SKF_AD_VLAN_TAG), RETURN_A),
			 0x2005);
	assert_int_equal(ETHERNET_VALUE(tagged_frame, LOAD_FIELD(SKF_AD_VLAN_TPID), RETURN_A),
			 0x8100);
	assert_int_equal(
		ETHERNET_VALUE(service_tagged_frame, LOAD_FIELD(SKF_AD_VLAN_TAG), RETURN_A),
		0x3007);
	assert_int_equal(
		ETHERNET_VALUE(service_tagged_frame, LOAD_FIELD(SKF_AD_VLAN_TPID), RETURN_A),
		0x88a8);
	assert_int_equal(COOKED_VALUE(tagged_cooked, LOAD_FIELD(SKF_AD_VLAN_TAG), RETURN_A),
			 0x2005);
	assert_int_equal(COOKED_VALUE(tagged_cooked, LOAD_FIELD(SKF_AD_VLAN_TPID), RETURN_A),
			 0x8100);
}

static void vlan_tag_present_is_1_with_a_tag(void **state)
{
	assert_int_equal(
		ETHERNET_VALUE(tagged_frame, LOAD_FIELD(SKF_AD_VLAN_TAG_PRESENT), RETURN_A), 1);
	assert_int_equal(COOKED_VALUE(tagged_cooked, LOAD_FIELD(SKF_AD_VLAN_TAG_PRESENT), RETURN_A),
			 1);
}

static void vlan_fields_without_a_tag_are_0(void **state)
{
	static const uint32_t fields[] = { SKF_AD_VLAN_TAG, SKF_AD_VLAN_TPID,
					   SKF_AD_VLAN_TAG_PRESENT };
	size_t i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(
			ETHERNET_VALUE(plain_frame, SET_A(9), LOAD_FIELD(fields[i]), RETURN_A), 0);
		assert_int_equal(
			COOKED_VALUE(plain_cooked, SET_A(9), LOAD_FIELD(fields[i]), RETURN_A), 0);
	}
}

static void cooked_fields_are_those_of_the_header(void **state)
{
	assert_int_equal(COOKED_VALUE(plain_cooked, LOAD_FIELD(SKF_AD_PROTOCOL), RETURN_A), 0x0800);
	assert_int_equal(COOKED_VALUE(plain_cooked, LOAD_FIELD(SKF_AD_IFINDEX), RETURN_A), 3);
	assert_int_equal(COOKED_VALUE(plain_cooked, LOAD_FIELD(SKF_AD_HATYPE), RETURN_A), 1);
	assert_int_equal(COOKED_VALUE(plain_cooked, LOAD_FIELD(SKF_AD_PKTTYPE), RETURN_A), 4);
}

static void cooked_protocol_is_that_behind_the_tag(void **state)
{
	assert_int_equal(COOKED_VALUE(tagged_cooked, LOAD_FIELD(SKF_AD_PROTOCOL), RETURN_A),
			 0x0800);
	assert_int_equal(COOKED_VALUE(tagged_cooked, LOAD(BPF_H, 0), RETURN_A), 0x0800);
	assert_int_equal(COOKED_VALUE(tagged_cooked, LOAD(BPF_B, 0), RETURN_A), 8);
}

static void length_is_that_without_the_tag(void **state)
{
	assert_int_equal(ETHERNET_VALUE(plain_frame, LOAD_LENGTH, RETURN_A), 18);
	assert_int_equal(ETHERNET_VALUE(tagged_frame, LOAD_LENGTH, RETURN_A), 18);
	assert_int_equal(COOKED_VALUE(tagged_cooked, LOAD_LENGTH, RETURN_A), 24);
}

static void program_may_rely_on_a_being_0_at_its_start(void **state)
{
	assert_int_equal(ETHERNET_VALUE(plain_frame, IF_EQUAL(0, 0, 1), LOAD(BPF_H, 12), RETURN_A),
			 0x0800);
	assert_int_equal(ETHERNET_VALUE(tagged_frame, IF_EQUAL(0, 0, 1), LOAD(BPF_H, 12), RETURN_A),
			 0x0800);
}

static void program_may_rely_on_x_being_0_at_its_start(void **state)
{
	assert_int_equal(ETHERNET_VALUE(plain_frame, LOAD_X(BPF_H, 12), RETURN_A), 0x0800);
	assert_int_equal(ETHERNET_VALUE(tagged_frame, LOAD_X(BPF_H, 12), RETURN_A), 0x0800);
}

static void jumps_of_a_long_program_lead_where_they_did(void **state)
{
	struct sock_filter code[600];
	uint32_t i;

	for (i = 0; i < 600; i++)
		code[i] = (struct sock_filter)ALU(BPF_ADD | BPF_K, 1);
	code[0] = (struct sock_filter)IF_EQUAL(0, 0, 255);
	code[1] = (struct sock_filter)LOAD(BPF_H, 12);
	code[2] = (struct sock_filter)IF_EQUAL(0x0800, 255, 0);
	code[3] = (struct sock_filter)JUMP(500);
	code[599] = (struct sock_filter)RETURN_A;
	/* To 258, from where on 341 instructions add 1; or to 504, from where on 95 do. */
	assert_int_equal(value(code, 600, NSR_CODE_ETHERNET, plain_frame, sizeof(plain_frame)),
			 0x0800 + 341);
	assert_int_equal(value(code, 600, NSR_CODE_ETHERNET, tagged_frame, sizeof(tagged_frame)),
			 0x0800 + 341);
	assert_int_equal(value(code, 600, NSR_CODE_ETHERNET, service_tagged_frame,
			       sizeof(service_tagged_frame)),
			 0x8100 + 95);
}

static void load_that_would_straddle_a_tag_is_refused(void **state)
{
	static const struct {
		enum nsr_code_view view;
		uint16_t size;
		uint32_t k;
	} loads[] = {
		{ NSR_CODE_ETHERNET, BPF_W, 9 },  { NSR_CODE_ETHERNET, BPF_W, 10 },
		{ NSR_CODE_ETHERNET, BPF_W, 11 }, { NSR_CODE_ETHERNET, BPF_H, 11 },
		{ NSR_CODE_COOKED, BPF_W, 17 },	  { NSR_CODE_COOKED, BPF_W, 19 },
		{ NSR_CODE_COOKED, BPF_H, 19 },	  { NSR_CODE_COOKED, BPF_W, 0 },
		{ NSR_CODE_COOKED, BPF_H, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		assert_int_equal(
			refusal(PROGRAM(LOAD(loads[i].size, loads[i].k), RETURN_A), loads[i].view),
			-EOPNOTSUPP);
}

static void load_from_x_that_may_begin_before_a_tag_is_refused(void **state)
{
	assert_int_equal(refusal(PROGRAM(LOAD_X(BPF_B, 11), RETURN_A), NSR_CODE_ETHERNET),
			 -EOPNOTSUPP);
	assert_int_equal(refusal(PROGRAM(LOAD_X(BPF_B, 19), RETURN_A), NSR_CODE_COOKED),
			 -EOPNOTSUPP);
}

static void length_in_x_is_refused_where_a_tag_may_be(void **state)
{
	assert_int_equal(refusal(PROGRAM(BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), RETURN_A),
				 NSR_CODE_ETHERNET),
			 -EOPNOTSUPP);
	assert_int_equal(
		refusal(PROGRAM(BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), RETURN_A), NSR_CODE_COOKED),
		-EOPNOTSUPP);
}

static void field_that_a_packet_does_not_tell_is_refused(void **state)
{
	static const uint32_t of_a_socket[] = { SKF_AD_NLATTR, SKF_AD_MARK,	 SKF_AD_QUEUE,
						SKF_AD_RXHASH, SKF_AD_CPU,	 SKF_AD_ALU_XOR_X,
						SKF_AD_RANDOM, SKF_AD_PAY_OFFSET };
	static const uint32_t cooked[] = { SKF_AD_PROTOCOL, SKF_AD_PKTTYPE, SKF_AD_IFINDEX,
					   SKF_AD_HATYPE };
	size_t i;

	for (i = 0; i < sizeof(of_a_socket) / sizeof(of_a_socket[0]); i++)
		assert_int_equal(
			refusal(PROGRAM(LOAD_FIELD(of_a_socket[i]), RETURN_A), NSR_CODE_COOKED),
			-EOPNOTSUPP);
	for (i = 0; i < sizeof(cooked) / sizeof(cooked[0]); i++)
		assert_int_equal(
			refusal(PROGRAM(LOAD_FIELD(cooked[i]), RETURN_A), NSR_CODE_ETHERNET),
			-EOPNOTSUPP);
	assert_int_equal(refusal(PROGRAM(LOAD_FIELD(SKF_AD_VLAN_TAG), RETURN_A), NSR_CODE_PLAIN),
			 -EOPNOTSUPP);
}

static void offset_that_means_another_header_is_refused(void **state)
{
	assert_int_equal(
		refusal(PROGRAM(LOAD(BPF_B, (uint32_t)SKF_LL_OFF), RETURN_A), NSR_CODE_ETHERNET),
		-EOPNOTSUPP);
	assert_int_equal(
		refusal(PROGRAM(LOAD(BPF_B, (uint32_t)SKF_NET_OFF), RETURN_A), NSR_CODE_PLAIN),
		-EOPNOTSUPP);
}

static void shift_by_a_register_is_refused(void **state)
{
	static const enum nsr_code_view views[] = { NSR_CODE_ETHERNET, NSR_CODE_COOKED,
						    NSR_CODE_PLAIN };
	size_t i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(refusal(PROGRAM(ALU(BPF_LSH | BPF_X, 0), RETURN_A), views[i]),
				 -EOPNOTSUPP);
		assert_int_equal(refusal(PROGRAM(ALU(BPF_RSH | BPF_X, 0), RETURN_A), views[i]),
				 -EOPNOTSUPP);
	}
}

static void program_that_becomes_longer_than_the_kernel_takes_is_refused(void **state)
{
	struct sock_filter *code = calloc(BPF_MAXINSNS, sizeof(*code));

	code[0] = (struct sock_filter)LOAD(BPF_H, 10);
	code[BPF_MAXINSNS - 1] = (struct sock_filter)RETURN_A;
	assert_int_equal(refusal(code, BPF_MAXINSNS, NSR_CODE_ETHERNET), 0);
	code[0] = (struct sock_filter)LOAD(BPF_H, 12);
	assert_int_equal(refusal(code, BPF_MAXINSNS, NSR_CODE_ETHERNET), -E2BIG);
	assert_int_equal(refusal(code, BPF_MAXINSNS, NSR_CODE_PLAIN), 0);
	free(code);
}

#define ASSERT_MALFORMED(...)                                                                      \
	assert_int_equal(refusal(PROGRAM(__VA_ARGS__), NSR_CODE_ETHERNET), -EINVAL)

static void program_of_no_or_too_many_instructions_is_malformed(void **state)
{
	struct sock_filter *code = calloc(BPF_MAXINSNS + 1, sizeof(*code));

	code[BPF_MAXINSNS] = (struct sock_filter)RETURN_A;
	assert_int_equal(refusal(code, 0, NSR_CODE_ETHERNET), -EINVAL);
	assert_int_equal(refusal(NULL, 1, NSR_CODE_ETHERNET), -EINVAL);
	assert_int_equal(refusal(code, BPF_MAXINSNS + 1, NSR_CODE_ETHERNET), -EINVAL);
	free(code);
}

static void unknown_instruction_is_malformed(void **state)
{
	ASSERT_MALFORMED(BPF_STMT(0xffff, 0), RETURN(1));
	ASSERT_MALFORMED(BPF_STMT(BPF_LD | BPF_W | 0xc0, 0), RETURN(1));
	ASSERT_MALFORMED(BPF_STMT(BPF_LDX | BPF_W | BPF_ABS, 0), RETURN(1));
	ASSERT_MALFORMED(BPF_STMT(BPF_ALU | 0xb0, 0), RETURN(1));
	ASSERT_MALFORMED(BPF_STMT(BPF_JMP | 0x50, 0), RETURN(1));
	ASSERT_MALFORMED(BPF_STMT(BPF_RET | BPF_X, 0));
}

static void jump_out_of_the_program_is_malformed(void **state)
{
	ASSERT_MALFORMED(IF_EQUAL(0, 1, 0), RETURN(1));
	ASSERT_MALFORMED(IF_EQUAL(0, 0, 1), RETURN(1));
	ASSERT_MALFORMED(JUMP(1), RETURN(1));
}

static void jump_back_is_malformed(void **state)
{
	ASSERT_MALFORMED(SET_A(1), JUMP(-1), RETURN(1));
	ASSERT_MALFORMED(SET_A(1), JUMP(-2), RETURN(1));
}

static void division_by_0_is_malformed(void **state)
{
	ASSERT_MALFORMED(ALU(BPF_DIV | BPF_K, 0), RETURN(1));
	ASSERT_MALFORMED(ALU(BPF_MOD | BPF_K, 0), RETURN(1));
}

static void shift_by_32_is_malformed(void **state)
{
	ASSERT_MALFORMED(ALU(BPF_LSH | BPF_K, 32), RETURN(1));
	ASSERT_MALFORMED(ALU(BPF_RSH | BPF_K, 32), RETURN(1));
}

static void memory_that_there_is_not_is_malformed(void **state)
{
	ASSERT_MALFORMED(WRITE_MEMORY(16), RETURN(1));
	ASSERT_MALFORMED(BPF_STMT(BPF_STX, 16), RETURN(1));
	ASSERT_MALFORMED(READ_MEMORY(16), RETURN(1));
	ASSERT_MALFORMED(BPF_STMT(BPF_LDX | BPF_MEM, 16), RETURN(1));
}

static void memory_read_before_it_is_set_is_malformed(void **state)
{
	ASSERT_MALFORMED(READ_MEMORY(0), RETURN_A);
	ASSERT_MALFORMED(WRITE_MEMORY(1), BPF_STMT(BPF_LDX | BPF_MEM, 0), RETURN_A);
	/* On one of two ways. */
	ASSERT_MALFORMED(IF_EQUAL(0, 0, 1), WRITE_MEMORY(0), READ_MEMORY(0), RETURN_A);
	assert_int_equal(refusal(PROGRAM(WRITE_MEMORY(0), IF_EQUAL(0, 1, 0), SET_A(1),
					 READ_MEMORY(0), RETURN_A),
				 NSR_CODE_ETHERNET),
			 0);
}

/* The kernel looks there too. */
static void memory_read_before_it_is_set_is_malformed_where_nothing_can_match(void **state)
{
	ASSERT_MALFORMED(SET_A(0), READ_MEMORY(0), RETURN(0));
	ASSERT_MALFORMED(LOAD_X(BPF_B, 100000), READ_MEMORY(0), RETURN_A);
}

static void program_without_a_return_at_its_end_is_malformed(void **state)
{
	ASSERT_MALFORMED(SET_A(1));
	ASSERT_MALFORMED(RETURN(1), SET_A(1));
}

/* Mostly valid ones, of a few instructions that use memory. */
static uint32_t maybe_malformed(uint64_t *random, struct sock_filter *code)
{
	uint32_t count = 1 + random_below(random, 10), i, left;

	for (i = 0; i < count; i++) {
		left = count - i;
		switch (random_below(random, 6)) {
		case 0:
			code[i] = (struct sock_filter)WRITE_MEMORY(random_below(random, 2));
			break;
		case 1:
			code[i] = (struct sock_filter)READ_MEMORY(random_below(random, 2));
			break;
		case 2:
			code[i] = (struct sock_filter)IF_EQUAL(0, random_below(random, left) & 0xff,
							       random_below(random, left) & 0xff);
			break;
		case 3:
			code[i] = (struct sock_filter)JUMP(random_below(random, left));
			break;
		case 4:
			code[i] = (struct sock_filter)RETURN(random_below(random, 2));
			break;
		default:
			code[i] = (struct sock_filter)LOAD(BPF_B, random_below(random, 60));
			if (random_below(random, 20) == 0)
				code[i].code = (uint16_t)random_below(random, 0x100);
		}
	}
	if (random_below(random, 20))
		code[count - 1] = (struct sock_filter)RETURN_A;
	return count;
}

static void malformed_is_what_the_kernel_refuses(void **state)
{
	uint32_t i, refused = 0, programs = 50000;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;
	uint64_t random = SEED, before;
	struct sock_filter code[10];
	struct sock_fprog prog = { .filter = code };
	bool taken;

	assert_true(fd >= 0);
	for (i = 0; i < programs; i++) {
		before = random;
		prog.len = (unsigned short)maybe_malformed(&random, code);
		taken = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) == 0;
		assert_true(taken || errno == EINVAL);
		rc = refusal(code, prog.len, NSR_CODE_PLAIN);
		refused += !taken;
		if ((rc != -EINVAL) != taken)
			fail_msg("program %u of %u instructions, seed %llu: %d", i, prog.len,
				 (unsigned long long)before, rc);
	}
	close(fd);
	assert_in_range(refused, programs / 10, programs - programs / 10);
}

static const struct nsr_ancillary told = {
	.protocol = 0x86dd,
	.pkttype = PACKET_OTHERHOST,
	.ifindex = 70000,
	.hatype = 772,
	.vlan_tci = 0x2005,
	.vlan_tpid = 0x88a8,
};

static bool run(const struct sock_filter *code, const struct nsr_ancillary *ancillary)
{
	return nsr_filter_run((const void *)code, ancillary, plain_frame, sizeof(plain_frame),
			      sizeof(plain_frame));
}

static bool field_is(const struct nsr_ancillary *ancillary, uint32_t field, uint32_t k)
{
	return run(CODE(LOAD_FIELD(field), IF_EQUAL(k, 0, 1), RETURN(1), RETURN(0)), ancillary);
}

static void interpreter_knows_each_field(void **state)
{
	assert_true(field_is(&told, SKF_AD_PROTOCOL, 0x86dd));
	assert_true(field_is(&told, SKF_AD_PKTTYPE, PACKET_OTHERHOST));
	assert_true(field_is(&told, SKF_AD_IFINDEX, 70000));
	assert_true(field_is(&told, SKF_AD_HATYPE, 772));
	assert_true(field_is(&told, SKF_AD_VLAN_TAG, 0x2005));
	assert_true(field_is(&told, SKF_AD_VLAN_TAG_PRESENT, 1));
	assert_true(field_is(&told, SKF_AD_VLAN_TPID, 0x88a8));
}

static void interpreter_sees_a_tag_of_vlan_0(void **state)
{
	const struct nsr_ancillary tagged = { .vlan_tpid = 0x8100 };
	const struct nsr_ancillary untagged = { 0 };

	assert_true(field_is(&tagged, SKF_AD_VLAN_TAG_PRESENT, 1));
	assert_true(field_is(&tagged, SKF_AD_VLAN_TAG, 0));
	assert_true(field_is(&untagged, SKF_AD_VLAN_TAG_PRESENT, 0));
}

static void interpreter_refuses_a_packet_by_a_field_that_it_does_not_know(void **state)
{
	assert_false(run(CODE(LOAD_FIELD(SKF_AD_CPU), RETURN(1)), &told));
	assert_false(run(CODE(LOAD_FIELD(SKF_AD_RANDOM), RETURN(1)), &told));
}

static void interpreter_without_fields_finds_no_packet_that_has_them(void **state)
{
	assert_false(run(CODE(LOAD_FIELD(SKF_AD_PROTOCOL), RETURN(1)), NULL));
}

/* X + k is 14, where the frame has 0x45. */
static void sum_of_x_and_k_goes_round_with_fields_alone(void **state)
{
	const struct sock_filter code[] = { SET_X(UINT32_MAX - 1), LOAD_X(BPF_B, 16),
					    IF_EQUAL(0x45, 0, 1), RETURN(1), RETURN(0) };

	assert_true(run(code, &told));
	assert_false(run(code, NULL));
}

static bool shifted_is(uint16_t operation, uint32_t by, uint32_t k,
		       const struct nsr_ancillary *ancillary)
{
	return run(CODE(SET_X(by), SET_A(0x80000001), ALU(operation | BPF_X, 0), IF_EQUAL(k, 0, 1),
			RETURN(1), RETURN(0)),
		   ancillary);
}

static void shift_by_32_and_more_goes_round_with_fields(void **state)
{
	assert_true(shifted_is(BPF_LSH, 32, 0x80000001, &told));
	assert_true(shifted_is(BPF_LSH, 33, 2, &told));
	assert_true(shifted_is(BPF_RSH, 63, 1, &told));
}

static void shift_by_32_and_more_gives_0_without_fields(void **state)
{
	assert_true(shifted_is(BPF_LSH, 31, 0x80000000, NULL));
	assert_true(shifted_is(BPF_LSH, 32, 0, NULL));
	assert_true(shifted_is(BPF_RSH, 33, 0, NULL));
}

/* Random bytes, with small numbers among them. */
static uint32_t random_packet(uint64_t *random, uint8_t *data, uint32_t most)
{
	uint32_t len = random_below(random, most + 1), i;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)random_below(random, random_below(random, 2) ? 4 : 256);
	return len;
}

static void interpreter_without_fields_judges_as_libpcap(void **state)
{
	uint32_t i, j, count, len, matches = 0, judged = 0;
	uint8_t bytes[CLASSIC_PROGRAM_MAX * CLASSIC_PROGRAM_BYTES], data[100];
	struct sock_filter code[CLASSIC_PROGRAM_MAX];
	uint64_t random = SEED, before;
	bool match;

	for (i = 0; i < 20000; i++) {
		before = random;
		for (j = 0; j < sizeof(bytes); j++)
			bytes[j] = (uint8_t)random_next(&random);
		count = 1 + random_below(&random, 24);
		classic_program(bytes, count, code);
		if (nsr_filter_has_loop((const void *)code, count))
			continue; /* libpcap's may not end */
		for (j = 0; j < 10; j++, judged++) {
			len = random_packet(&random, data, sizeof(data));
			match = nsr_filter_run((const void *)code, NULL, data, len, len);
			matches += match;
			if (match != classic_matches(code, count, data, len, len))
				fail_msg("program %u, seed %llu: %d", i, (unsigned long long)before,
					 match);
		}
	}
	assert_in_range(matches, judged / 10, judged - judged / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_that_asks_nothing_a_tag_changes_stays_one_copy),
		cmocka_unit_test(program_for_packets_without_taken_off_tags_stays_as_it_is),
		cmocka_unit_test(load_behind_a_tag_finds_what_stands_there_without_one),
		cmocka_unit_test(load_from_x_behind_a_tag_finds_what_stands_there_without_one),
		cmocka_unit_test(header_length_behind_a_tag_is_that_without_one),
		cmocka_unit_test(vlan_fields_are_those_of_the_outer_tag),
		cmocka_unit_test(vlan_tag_present_is_1_with_a_tag),
		cmocka_unit_test(vlan_fields_without_a_tag_are_0),
		cmocka_unit_test(cooked_fields_are_those_of_the_header),
		cmocka_unit_test(cooked_protocol_is_that_behind_the_tag),
		cmocka_unit_test(length_is_that_without_the_tag),
		cmocka_unit_test(program_may_rely_on_a_being_0_at_its_start),
		cmocka_unit_test(program_may_rely_on_x_being_0_at_its_start),
		cmocka_unit_test(jumps_of_a_long_program_lead_where_they_did),
		cmocka_unit_test(load_that_would_straddle_a_tag_is_refused),
		cmocka_unit_test(load_from_x_that_may_begin_before_a_tag_is_refused),
		cmocka_unit_test(length_in_x_is_refused_where_a_tag_may_be),
		cmocka_unit_test(field_that_a_packet_does_not_tell_is_refused),
		cmocka_unit_test(offset_that_means_another_header_is_refused),
		cmocka_unit_test(shift_by_a_register_is_refused),
		cmocka_unit_test(program_that_becomes_longer_than_the_kernel_takes_is_refused),
		cmocka_unit_test(program_of_no_or_too_many_instructions_is_malformed),
		cmocka_unit_test(unknown_instruction_is_malformed),
		cmocka_unit_test(jump_out_of_the_program_is_malformed),
		cmocka_unit_test(jump_back_is_malformed),
		cmocka_unit_test(division_by_0_is_malformed),
		cmocka_unit_test(shift_by_32_is_malformed),
		cmocka_unit_test(memory_that_there_is_not_is_malformed),
		cmocka_unit_test(memory_read_before_it_is_set_is_malformed),
		cmocka_unit_test(memory_read_before_it_is_set_is_malformed_where_nothing_can_match),
		cmocka_unit_test(program_without_a_return_at_its_end_is_malformed),
		cmocka_unit_test(malformed_is_what_the_kernel_refuses),
		cmocka_unit_test(interpreter_knows_each_field),
		cmocka_unit_test(interpreter_sees_a_tag_of_vlan_0),
		cmocka_unit_test(interpreter_refuses_a_packet_by_a_field_that_it_does_not_know),
		cmocka_unit_test(interpreter_without_fields_finds_no_packet_that_has_them),
		cmocka_unit_test(sum_of_x_and_k_goes_round_with_fields_alone),
		cmocka_unit_test(shift_by_32_and_more_goes_round_with_fields),
		cmocka_unit_test(shift_by_32_and_more_gives_0_without_fields),
		cmocka_unit_test(interpreter_without_fields_judges_as_libpcap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
