/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Programs for sockets, made to judge packets as they are handed out.
 *
 * The result first asks whether there is a tag, then runs one of two copies of the program: in that
 * for packets with a tag, what stands behind the tag is 4 bytes further on. It is one copy if the program
 * never asks anything that a tag would change.
 */
#include "code.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"
#include "flow.h"

#define TPID_8021Q  0x8100
#define TPID_8021AD 0x88a8
#define TAG_BYTES   4

/**
 * struct layout - where packets of a link type have what
 * @tag:   offset at which a tag stands: all from there on is moved by it
 * @tpid:  of the tag's EtherType, as it is in a packet with a tag
 * @protocol: of the EtherType behind the tag; NO_FIELD: not known
 * @cooked: LINKTYPE_LINUX_SLL2, which has the ancillary fields in its header
 */
struct layout {
	uint32_t tag, tpid, protocol;
	bool cooked;
};

static const struct layout ethernet = { 12, 12, 16, false };
static const struct layout sll2 = { 20, 0, 22, true };

/**
 * struct rewriting - a program that is being rewritten
 * @layout: NULL: packets have no tags that could be taken off
 * @tagged: this copy is for packets with a tag
 * @base:   this copy's first label
 */
struct rewriting {
	struct nsr_assembly as;
	const struct layout *layout;
	bool tagged;
	uint32_t base;
};

static bool is_load(const struct sock_filter *insn, uint16_t mode)
{
	return BPF_MODE(insn->code) == mode &&
	       (BPF_CLASS(insn->code) == BPF_LD || BPF_CLASS(insn->code) == BPF_LDX);
}

static bool is_ancillary(const struct sock_filter *insn)
{
	return is_load(insn, BPF_ABS) && insn->k >= (uint32_t)SKF_AD_OFF;
}

/* Moves @bytes at *k to where they are in a packet with a tag. False: they are in no one place. */
static bool behind_tag(const struct layout *layout, uint32_t *k, uint32_t bytes)
{
	if (*k >= layout->tag) {
		*k += TAG_BYTES;
		return true;
	}
	if (!layout->cooked)
		return *k + bytes <= layout->tag;
	if (*k < 2) {
		*k += layout->protocol;
		return *k + bytes <= layout->protocol + 2;
	}
	return *k + bytes <= layout->tag;
}

/* Whether a tag changes what an instruction finds. */
static bool minds_tag(const struct layout *layout, const struct sock_filter *insn)
{
	uint32_t k = insn->k;

	if (is_load(insn, BPF_LEN) || is_ancillary(insn) || is_load(insn, BPF_IND))
		return true;
	if (!is_load(insn, BPF_ABS) && !is_load(insn, BPF_MSH))
		return false;
	return !behind_tag(layout, &k, nsr_flow_load_bytes(insn->code)) || k != insn->k;
}

static void emit_load(struct rewriting *r, uint16_t size, uint32_t k)
{
	nsr_emit_plain(&r->as, BPF_LD | size | BPF_ABS, k);
}

static bool emit_vlan_field(struct rewriting *r, uint32_t field)
{
	const struct layout *layout = r->layout;

	if (!r->tagged || field == SKF_AD_VLAN_TAG_PRESENT)
		nsr_emit_plain(&r->as, BPF_LD | BPF_IMM, r->tagged);
	else
		emit_load(r, BPF_H, field == SKF_AD_VLAN_TAG ? layout->protocol - 2 : layout->tpid);
	return true;
}

/* False: it is not in the packet. */
static bool emit_ancillary(struct rewriting *r, const struct sock_filter *insn)
{
	uint32_t field = insn->k - (uint32_t)SKF_AD_OFF;
	const struct layout *layout = r->layout;

	if (!layout)
		return false;
	if (field == SKF_AD_VLAN_TAG || field == SKF_AD_VLAN_TAG_PRESENT ||
	    field == SKF_AD_VLAN_TPID)
		return emit_vlan_field(r, field);
	if (!layout->cooked)
		return false;
	/* struct sll2_header of pcap/sll.h */
	switch (field) {
	case SKF_AD_PROTOCOL:
		emit_load(r, BPF_H, r->tagged ? layout->protocol : 0);
		return true;
	case SKF_AD_IFINDEX:
		emit_load(r, BPF_W, 4);
		return true;
	case SKF_AD_HATYPE:
		emit_load(r, BPF_H, 8);
		return true;
	case SKF_AD_PKTTYPE:
		emit_load(r, BPF_B, 10);
		return true;
	default:
		return false;
	}
}

/* A load from the packet; or of its length. False: it can't be done. */
static bool emit_moved(struct rewriting *r, const struct sock_filter *insn)
{
	uint32_t k = insn->k;

	if (is_load(insn, BPF_LEN)) {
		nsr_emit_plain(&r->as, insn->code, 0);
		if (r->tagged)
			nsr_emit_plain(&r->as, BPF_ALU | BPF_SUB | BPF_K, TAG_BYTES);
		return !r->tagged || BPF_CLASS(insn->code) == BPF_LD;
	}
	/* From SKF_LL_OFF on it would be something else than the packet. */
	if (k > INT32_MAX - TAG_BYTES)
		return false;
	if (r->tagged) {
		/* X can add anything. */
		if (is_load(insn, BPF_IND) && k < r->layout->tag)
			return false;
		if (!behind_tag(r->layout, &k, nsr_flow_load_bytes(insn->code)))
			return false;
	}
	nsr_emit_plain(&r->as, insn->code, k);
	return true;
}

static bool emit(struct rewriting *r, const struct sock_filter *insn, uint32_t at)
{
	uint32_t next = r->base + at + 1;

	if (is_ancillary(insn))
		return emit_ancillary(r, insn);
	if (is_load(insn, BPF_ABS) || is_load(insn, BPF_IND) || is_load(insn, BPF_MSH) ||
	    is_load(insn, BPF_LEN))
		return emit_moved(r, insn);
	if (BPF_CLASS(insn->code) == BPF_ALU && BPF_SRC(insn->code) == BPF_X &&
	    (BPF_OP(insn->code) == BPF_LSH || BPF_OP(insn->code) == BPF_RSH))
		return false;
	if (insn->code == (BPF_JMP | BPF_JA))
		nsr_emit_ja(&r->as, next + insn->k);
	else if (BPF_CLASS(insn->code) == BPF_JMP)
		nsr_emit(&r->as, insn->code, insn->k, next + insn->jt, next + insn->jf);
	else
		nsr_emit_plain(&r->as, insn->code, insn->k);
	return true;
}

static int emit_copy(struct rewriting *r, const struct sock_filter *code, uint32_t count,
		     struct nsr_error *err)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		nsr_place_label(&r->as, r->base + i);
		if (!emit(r, &code[i], i))
			return nsr_error_set(err, -EOPNOTSUPP,
					     "filter: its instruction %u asks what packets don't "
					     "tell once they are captured",
					     i);
	}
	return 0;
}

static int emit_copies(struct rewriting *r, const struct sock_filter *code, uint32_t count,
		       struct nsr_error *err)
{
	bool minds = false;
	uint32_t i;
	int rc;

	for (i = 0; r->layout && i < count; i++)
		minds |= minds_tag(r->layout, &code[i]);
	if (!minds)
		return emit_copy(r, code, count, err);

	emit_load(r, BPF_H, r->layout->tpid);
	nsr_emit(&r->as, BPF_JMP | BPF_JEQ | BPF_K, TPID_8021Q, count, NSR_NEXT);
	nsr_emit(&r->as, BPF_JMP | BPF_JEQ | BPF_K, TPID_8021AD, count, NSR_NEXT);
	/* It may rely on a register that is 0, as the kernel has it. */
	nsr_emit_plain(&r->as, BPF_LD | BPF_IMM, 0);
	rc = emit_copy(r, code, count, err);
	if (rc < 0)
		return rc;
	r->tagged = true;
	r->base = count + 1;
	nsr_place_label(&r->as, count);
	nsr_emit_plain(&r->as, BPF_LD | BPF_IMM, 0);
	return emit_copy(r, code, count, err);
}

static int rewrite(const struct sock_filter *code, uint32_t count, enum nsr_code_view view,
		   struct sock_fprog *wire, struct nsr_error *err)
{
	struct rewriting r = { 0 };
	int rc;

	if (view != NSR_CODE_PLAIN)
		r.layout = view == NSR_CODE_COOKED ? &sll2 : &ethernet;
	if (nsr_assembly_begin(&r.as, 2 * count + 1) < 0)
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	rc = emit_copies(&r, code, count, err);
	if (rc == 0)
		rc = nsr_assembly_finish(&r.as, wire, err);
	nsr_assembly_end(&r.as);
	return rc;
}

/*
 * As check_load_and_stores() of net/core/filter.c: no memory is read before it is set. This follows the
 * order of the instructions, so that behind a return what was set before it counts. @set: of @count.
 */
static bool sets_before_reading(const struct sock_filter *code, uint32_t count, uint16_t *set)
{
	uint16_t now = 0;
	uint32_t i;

	memset(set, 0xff, count * sizeof(*set));
	for (i = 0; i < count; i++) {
		now &= set[i];
		if (BPF_CLASS(code[i].code) == BPF_ST || BPF_CLASS(code[i].code) == BPF_STX)
			now |= (uint16_t)(1u << code[i].k);
		else if (is_load(&code[i], BPF_MEM) && !(now & 1u << code[i].k))
			return false;
		if (BPF_CLASS(code[i].code) != BPF_JMP)
			continue;
		if (BPF_OP(code[i].code) == BPF_JA) {
			set[i + 1 + code[i].k] &= now;
		} else {
			set[i + 1 + code[i].jt] &= now;
			set[i + 1 + code[i].jf] &= now;
		}
		now = UINT16_MAX;
	}
	return true;
}

/* As bpf_check_classic() of net/core/filter.c does. */
static int check(const struct sock_filter *code, uint32_t count)
{
	struct nsr_flow *flow = malloc(count * sizeof(*flow));
	uint16_t *set = malloc(count * sizeof(*set));
	struct nsr_flow_sum sum;
	uint32_t i;
	int rc = flow && set ? 0 : -ENOMEM;

	for (i = 0; rc == 0 && i < count; i++)
		if (code[i].code == (BPF_JMP | BPF_JA) && code[i].k >= count)
			rc = -EINVAL;
	if (rc == 0)
		rc = nsr_flow_trace(code, count, flow, &sum);
	if (rc == 0 && !sets_before_reading(code, count, set))
		rc = -EINVAL;
	free(flow);
	free(set);
	return rc;
}

int nsr_code_for_wire(const struct sock_filter *code, uint32_t count, enum nsr_code_view view,
		      struct sock_fprog *wire, struct nsr_error *err)
{
	int rc;

	if (!code || !count || count > BPF_MAXINSNS)
		return nsr_error_set(err, -EINVAL, "filter: a program has 1 to %d instructions",
				     BPF_MAXINSNS);
	rc = check(code, count);
	if (rc == -EINVAL)
		return nsr_error_set(err, rc,
				     "filter: the kernel would refuse this program of %u "
				     "instructions",
				     count);
	if (rc < 0)
		return nsr_error_set(err, rc, "filter: out of memory");
	return rewrite(code, count, view, wire, err);
}
