/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Spreading frames over the captures of a group: the part of the program that computes a frame's
 * bucket. The XSKMAP says which socket has the bucket (member.c).
 *
 * The flow hash is symmetric: it joins addresses and ports by XOR, so both directions of a flow
 * have the same. bpf_xdp_load_bytes() reads the headers, which also works for frames of several
 * buffers and without CAP_PERFMON.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>

#include "emit.h"
#include "group.h"

/* Where on the stack headers are read to; an IPv6 header has 40 bytes. */
#define BUFFER (-48)

enum { OFFSET = BPF_REG_7, TYPE = BPF_REG_8, HASH = BPF_REG_9 };

static void load(struct nsr_ebpf *p, int32_t bytes, uint32_t failed)
{
	zc_emit_move(p, BPF_REG_1, BPF_REG_6);
	zc_emit_move(p, BPF_REG_2, OFFSET);
	zc_emit_stack(p, BPF_REG_3, BUFFER);
	zc_emit_set(p, BPF_REG_4, bytes);
	zc_emit_call(p, BPF_FUNC_xdp_load_bytes);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 0, failed);
}

static void read_buffer(struct nsr_ebpf *p, uint8_t reg, uint8_t size, int16_t at)
{
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | size, reg, BPF_REG_10, (int16_t)(BUFFER + at), 0);
}

static void alu(struct nsr_ebpf *p, uint8_t op, uint8_t reg, int32_t value)
{
	nsr_ebpf_emit(p, BPF_ALU64 | op | BPF_K, reg, 0, 0, value);
}

static void jump_if(struct nsr_ebpf *p, uint8_t op, uint8_t reg, int32_t value, uint32_t label)
{
	nsr_ebpf_jump(p, BPF_JMP | op | BPF_K, reg, 0, value, label);
}

/* HASH ^= what is in the buffer at @at */
static void join(struct nsr_ebpf *p, uint8_t size, int16_t at)
{
	read_buffer(p, BPF_REG_1, size, at);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_XOR | BPF_X, HASH, BPF_REG_1, 0, 0);
}

/* Reads addresses and type: HASH is of the addresses, OFFSET behind the type. */
static void hash_ethernet(struct nsr_ebpf *p, uint32_t done)
{
	zc_emit_set(p, OFFSET, 0);
	zc_emit_set(p, HASH, 0);
	load(p, ETH_HLEN, done);
	join(p, BPF_H, 2);
	join(p, BPF_H, 8);
	alu(p, BPF_LSH, HASH, 16);
	join(p, BPF_H, 4);
	join(p, BPF_H, 10);
	read_buffer(p, TYPE, BPF_H, 12);
	alu(p, BPF_ADD, OFFSET, ETH_HLEN);
}

/* Skips one VLAN tag, if there is one. */
static void skip_tag(struct nsr_ebpf *p, uint32_t done)
{
	uint32_t tag = nsr_ebpf_labels(p, 2), none = tag + 1;

	jump_if(p, BPF_JEQ, TYPE, htons(ETH_P_8021Q), tag);
	jump_if(p, BPF_JNE, TYPE, htons(ETH_P_8021AD), none);
	nsr_ebpf_place(p, tag);
	load(p, 4, done);
	read_buffer(p, TYPE, BPF_H, 2);
	alu(p, BPF_ADD, OFFSET, 4);
	nsr_ebpf_place(p, none);
}

/* Jumps to @ports if the protocol, in R1, begins with two ports; else to @done. */
static void ask_protocol(struct nsr_ebpf *p, uint32_t ports, uint32_t done)
{
	jump_if(p, BPF_JEQ, BPF_REG_1, IPPROTO_TCP, ports);
	jump_if(p, BPF_JEQ, BPF_REG_1, IPPROTO_UDP, ports);
	jump_if(p, BPF_JEQ, BPF_REG_1, IPPROTO_SCTP, ports);
	nsr_ebpf_jump(p, BPF_JMP | BPF_JA, 0, 0, 0, done);
}

/* Only the first fragment has ports: all of them go by address, so that they stay together. */
static void hash_ipv4(struct nsr_ebpf *p, uint32_t ports, uint32_t done)
{
	load(p, 20, done);
	zc_emit_set(p, HASH, 0);
	join(p, BPF_W, 12);
	join(p, BPF_W, 16);
	read_buffer(p, BPF_REG_1, BPF_H, 6);
	alu(p, BPF_AND, BPF_REG_1, htons(0x3fff));
	jump_if(p, BPF_JNE, BPF_REG_1, 0, done);
	read_buffer(p, BPF_REG_1, BPF_B, 0);
	alu(p, BPF_AND, BPF_REG_1, 0xf);
	alu(p, BPF_LSH, BPF_REG_1, 2);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, OFFSET, BPF_REG_1, 0, 0);
	read_buffer(p, BPF_REG_1, BPF_B, 9);
	ask_protocol(p, ports, done);
}

static void hash_ipv6(struct nsr_ebpf *p, uint32_t ports, uint32_t done)
{
	int16_t at;

	load(p, 40, done);
	zc_emit_set(p, HASH, 0);
	for (at = 8; at < 40; at += 4)
		join(p, BPF_W, at);
	alu(p, BPF_ADD, OFFSET, 40);
	read_buffer(p, BPF_REG_1, BPF_B, 6);
	ask_protocol(p, ports, done);
}

static void hash_ports(struct nsr_ebpf *p, uint32_t done)
{
	load(p, 4, done);
	read_buffer(p, BPF_REG_1, BPF_H, 0);
	read_buffer(p, BPF_REG_2, BPF_H, 2);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_XOR | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	alu(p, BPF_MUL, HASH, 31);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, HASH, BPF_REG_1, 0, 0);
}

static void fold(struct nsr_ebpf *p, int32_t bits)
{
	nsr_ebpf_emit(p, BPF_ALU | BPF_MOV | BPF_X, BPF_REG_1, HASH, 0, 0);
	nsr_ebpf_emit(p, BPF_ALU | BPF_RSH | BPF_K, BPF_REG_1, 0, 0, bits);
	nsr_ebpf_emit(p, BPF_ALU | BPF_XOR | BPF_X, HASH, BPF_REG_1, 0, 0);
}

static void multiply(struct nsr_ebpf *p, uint32_t factor)
{
	nsr_ebpf_emit(p, BPF_ALU | BPF_MUL | BPF_K, HASH, 0, 0, (int32_t)factor);
}

/* MurmurHash3's finalizer: each bit changes all, since only a few of them choose the member. */
static void mix(struct nsr_ebpf *p)
{
	fold(p, 16);
	multiply(p, 0x85ebca6b);
	fold(p, 13);
	multiply(p, 0xc2b2ae35);
	fold(p, 16);
}

static void hash_flow(struct nsr_ebpf *p)
{
	uint32_t done = nsr_ebpf_labels(p, 3), ports = done + 1, ipv6 = done + 2;

	hash_ethernet(p, done);
	skip_tag(p, done);
	skip_tag(p, done);
	jump_if(p, BPF_JEQ, TYPE, htons(ETH_P_IPV6), ipv6);
	jump_if(p, BPF_JNE, TYPE, htons(ETH_P_IP), done);
	hash_ipv4(p, ports, done);
	nsr_ebpf_place(p, ipv6);
	hash_ipv6(p, ports, done);
	nsr_ebpf_place(p, ports);
	hash_ports(p, done);
	nsr_ebpf_place(p, done);
	mix(p);
}

static void hash_cpu(struct nsr_ebpf *p)
{
	zc_emit_call(p, BPF_FUNC_get_smp_processor_id);
	zc_emit_move(p, HASH, BPF_REG_0);
}

static void hash_queue(struct nsr_ebpf *p)
{
	nsr_ebpf_emit(p, BPF_LDX | BPF_MEM | BPF_W, HASH, BPF_REG_6,
		      offsetof(struct xdp_md, rx_queue_index), 0);
}

static void count_turns(struct nsr_ebpf *p, const struct zc_program *program)
{
	zc_emit_state(p, BPF_REG_1, program->state, offsetof(struct zc_state, turn));
	zc_emit_set(p, HASH, 1);
	nsr_ebpf_emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_1, HASH, 0, BPF_ADD | BPF_FETCH);
}

/* Redirects to the socket that has bucket HASH % ZC_BUCKETS of the frame's queue. */
static void to_bucket(struct nsr_ebpf *p, const struct zc_program *program)
{
	nsr_ebpf_emit(p, BPF_ALU | BPF_MOD | BPF_K, HASH, 0, 0, ZC_BUCKETS);
	zc_emit_queue(p);
	alu(p, BPF_MUL, BPF_REG_2, ZC_BUCKETS);
	nsr_ebpf_emit(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_2, HASH, 0, 0);
	zc_emit_to_socket(p, program);
}

static void stamp(struct nsr_ebpf *p, const struct zc_program *program)
{
	if (program->stamp)
		zc_emit_stamp(p, program);
}

static void emit_flow(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	stamp(p, program);
	hash_flow(p);
	to_bucket(p, program);
}

static void emit_cpu(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	stamp(p, program);
	hash_cpu(p);
	to_bucket(p, program);
}

static void emit_turns(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	stamp(p, program);
	count_turns(p, program);
	to_bucket(p, program);
}

static void emit_queue(struct nsr_ebpf *p, const struct zc_program *program, uint32_t pass)
{
	stamp(p, program);
	hash_queue(p);
	to_bucket(p, program);
}

zc_emit_fn *zc_spread_emitter(enum zc_spread spread)
{
	static zc_emit_fn *const emitters[] = {
		[ZC_SPREAD_FLOW] = emit_flow,
		[ZC_SPREAD_CPU] = emit_cpu,
		[ZC_SPREAD_TURNS] = emit_turns,
		[ZC_SPREAD_QUEUE] = emit_queue,
	};

	return emitters[spread];
}
