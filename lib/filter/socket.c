/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters for sockets.
 *
 * A filter is compiled for packets as they are handed out. The program of a packet socket runs
 * earlier and sees less: a VLAN tag that the device (or the stack, on receive) took off is only in
 * the metadata, and a cooked packet starts at its network header, its LINKTYPE_LINUX_SLL2 header
 * being made up later. So every load is translated to where the kernel has those bytes: in the
 * packet, at another offset, or in an ancillary field (SKF_AD_…, linux/filter.h).
 *
 * Where a tag can be missing from the packet the program is there twice, once for each case, and
 * starts by asking which one it is. In the tagged case the EtherType that the filter looks at first
 * is the tag's, so most of the second copy can't be reached; it is left out, which also leaves out
 * loads (`ldh [x + 14]` of a filter for untagged IPv4) that would straddle the missing tag.
 *
 * A cooked packet that is sent with its tag inside starts behind the tag, which can't be translated
 * at all: the program lets it pass whole, for the engine to judge.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <pcap/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"
#include "code.h"
#include "filter.h"
#include "flow.h"
#include "run.h"

#define TPID_8021Q  0x8100
#define TPID_8021AD 0x88a8
#define SLL2_BYTES  20
#define TAG_BYTES   4

/**
 * struct translation - a program that is being written
 * @as: its labels: input instruction i of copy c is c * (n + 1) + i; then come the common exits
 * @accept, @whole, @reject: these exits
 */
struct translation {
	struct nsr_assembly as;
	uint32_t accept, whole, reject;
};

/* Where a byte of a packet as handed out is found. */
struct field {
	uint32_t from, to; /* offsets as handed out, @to excluded */
	enum { FIELD_DATA, FIELD_ANCILLARY, FIELD_ZERO, FIELD_TPID } kind;
	uint32_t k; /* DATA: bytes to subtract from the offset; ANCILLARY: SKF_AD_… */
};

#define NO_END UINT32_MAX

static const struct field plain[] = { { 0, NO_END, FIELD_DATA, 0 }, { 0 } };

static const struct field ethernet_tagged[] = {
	{ 0, 12, FIELD_DATA, 0 },
	{ 12, 14, FIELD_TPID, SKF_AD_VLAN_TPID },
	{ 14, 16, FIELD_ANCILLARY, SKF_AD_VLAN_TAG },
	{ 16, NO_END, FIELD_DATA, TAG_BYTES },
	{ 0 },
};

/* struct sll2_header of pcap/sll.h; the link-layer address (11 to 19) is out of reach. */
#define SLL2_MIDDLE                                                                                \
	{ 2, 4, FIELD_ZERO, 0 }, { 4, 8, FIELD_ANCILLARY, SKF_AD_IFINDEX },                        \
		{ 8, 10, FIELD_ANCILLARY, SKF_AD_HATYPE },                                         \
	{                                                                                          \
		10, 11, FIELD_ANCILLARY, SKF_AD_PKTTYPE                                            \
	}

static const struct field cooked[] = {
	{ 0, 2, FIELD_ANCILLARY, SKF_AD_PROTOCOL },
	SLL2_MIDDLE,
	{ SLL2_BYTES, NO_END, FIELD_DATA, SLL2_BYTES },
	{ 0 },
};

static const struct field cooked_tagged[] = {
	{ 0, 2, FIELD_TPID, SKF_AD_VLAN_TPID },
	SLL2_MIDDLE,
	{ 20, 22, FIELD_ANCILLARY, SKF_AD_VLAN_TAG },
	{ 22, 24, FIELD_ANCILLARY, SKF_AD_PROTOCOL },
	{ 24, NO_END, FIELD_DATA, SLL2_BYTES + TAG_BYTES },
	{ 0 },
};

static const struct field *find_field(const struct field *layout, uint32_t offset, uint32_t size)
{
	for (; layout->to; layout++)
		if (offset >= layout->from && offset < layout->to && size <= layout->to - offset)
			return layout;
	return NULL;
}

/* Knowledge of the accumulator before an instruction. */
enum known { KNOWN_UNREACHED, KNOWN_TPID, KNOWN_NOTHING };

static void flow_to(enum known *target, enum known state)
{
	if (*target == KNOWN_UNREACHED)
		*target = state;
	else if (*target != state)
		*target = KNOWN_NOTHING;
}

static bool jump_taken(const struct bpf_insn *insn, uint32_t a)
{
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return a == insn->k;
	case BPF_JGT:
		return a > insn->k;
	case BPF_JGE:
		return a >= insn->k;
	default: /* BPF_JSET */
		return a & insn->k;
	}
}

/* Whether a conditional jump on a tag's EtherType can only go one way; *taken tells which. */
static bool jump_decided(const struct bpf_insn *insn, enum known state, bool *taken)
{
	if (state != KNOWN_TPID || BPF_SRC(insn->code) != BPF_K)
		return false;
	*taken = jump_taken(insn, TPID_8021Q);
	return *taken == jump_taken(insn, TPID_8021AD);
}

static bool loads_accumulator(uint16_t code)
{
	switch (BPF_CLASS(code)) {
	case BPF_LD:
	case BPF_ALU:
		return true;
	case BPF_MISC:
		return BPF_MISCOP(code) == BPF_TXA;
	default:
		return false;
	}
}

/*
 * Finds what each instruction can be reached with. One pass is enough: classic BPF only jumps
 * forward. @known has n + 1 entries, the last for running off the end, which libpcap never does.
 */
static void trace(const struct bpf_insn *code, uint32_t n, const struct field *layout,
		  enum known *known)
{
	const struct field *field;
	const struct bpf_insn *insn;
	enum known after;
	bool taken;
	uint32_t i;

	memset(known, 0, (n + 1) * sizeof(*known));
	known[0] = KNOWN_NOTHING;
	for (i = 0; i < n; i++) {
		insn = &code[i];
		if (known[i] == KNOWN_UNREACHED || BPF_CLASS(insn->code) == BPF_RET)
			continue;
		if (BPF_CLASS(insn->code) == BPF_JMP) {
			if (BPF_OP(insn->code) == BPF_JA) {
				flow_to(&known[i + 1 + insn->k], known[i]);
				continue;
			}
			if (!jump_decided(insn, known[i], &taken)) {
				flow_to(&known[i + 1 + insn->jt], known[i]);
				flow_to(&known[i + 1 + insn->jf], known[i]);
			} else {
				flow_to(&known[i + 1 + (taken ? insn->jt : insn->jf)], known[i]);
			}
			continue;
		}
		after = loads_accumulator(insn->code) ? KNOWN_NOTHING : known[i];
		if (BPF_CLASS(insn->code) == BPF_LD && BPF_MODE(insn->code) == BPF_ABS &&
		    BPF_SIZE(insn->code) == BPF_H) {
			field = find_field(layout, insn->k, 2);
			if (field && field->kind == FIELD_TPID)
				after = KNOWN_TPID;
		}
		flow_to(&known[i + 1], after);
	}
}

/* A load from a fixed offset. False: the kernel has these bytes in no one place. */
static bool emit_absolute(struct translation *t, const struct bpf_insn *insn,
			  const struct field *layout)
{
	uint32_t size = nsr_flow_load_bytes(insn->code);
	const struct field *field = find_field(layout, insn->k, size);
	uint32_t behind;

	if (!field)
		return false;
	switch (field->kind) {
	case FIELD_DATA:
		/* From SKF_LL_OFF up the kernel would read something else than the packet. */
		if (insn->k > INT32_MAX)
			nsr_emit_ja(&t->as, t->reject);
		else
			nsr_emit_plain(&t->as, insn->code, insn->k - field->k);
		return true;
	case FIELD_ZERO:
		nsr_emit_plain(&t->as, BPF_LD | BPF_IMM, 0);
		return true;
	default:
		nsr_emit_ancillary(&t->as, field->k);
		behind = field->to - (insn->k + size);
		if (behind)
			nsr_emit_plain(&t->as, BPF_ALU | BPF_RSH | BPF_K, behind * 8);
		if (size < 4 && size < field->to - field->from)
			nsr_emit_plain(&t->as, BPF_ALU | BPF_AND | BPF_K, (1u << (size * 8)) - 1);
		return true;
	}
}

/*
 * A load at X + k. X is unsigned, so it never reaches below k; the kernel adds with 32 bits, and
 * a sum beyond INT32_MAX would mean metadata, which is why a large X is refused first.
 */
static bool emit_indirect(struct translation *t, const struct bpf_insn *insn,
			  const struct field *layout)
{
	const struct field *field = find_field(layout, insn->k, 1);

	if (!field || field->kind != FIELD_DATA || field->to != NO_END || insn->k > INT32_MAX / 2)
		return false;
	nsr_emit_plain(&t->as, BPF_MISC | BPF_TXA, 0);
	nsr_emit(&t->as, BPF_JMP | BPF_JGT | BPF_K, INT32_MAX / 2, t->reject, NSR_NEXT);
	nsr_emit_plain(&t->as, insn->code, insn->k - field->k);
	return true;
}

/* X = 4 * (P[k] & 0xf) */
static bool emit_msh(struct translation *t, const struct bpf_insn *insn, const struct field *layout)
{
	const struct field *field = find_field(layout, insn->k, 1);

	if (!field || field->kind != FIELD_DATA || insn->k > INT32_MAX)
		return false;
	nsr_emit_plain(&t->as, insn->code, insn->k - field->k);
	return true;
}

static uint32_t missing_bytes(const struct field *layout)
{
	while (layout->to != NO_END)
		layout++;
	return layout->k;
}

static void emit_length(struct translation *t, const struct bpf_insn *insn,
			const struct field *layout)
{
	uint32_t missing = missing_bytes(layout);

	nsr_emit_plain(&t->as, insn->code, 0);
	if (missing)
		nsr_emit_plain(&t->as, BPF_ALU | BPF_ADD | BPF_K, missing);
}

static void emit_jump(struct translation *t, const struct bpf_insn *insn, enum known state,
		      uint32_t next)
{
	bool taken;

	if (BPF_OP(insn->code) == BPF_JA)
		nsr_emit_ja(&t->as, next + insn->k);
	else if (jump_decided(insn, state, &taken))
		nsr_emit_ja(&t->as, next + (taken ? insn->jt : insn->jf));
	else
		nsr_emit(&t->as, insn->code, insn->k, next + insn->jt, next + insn->jf);
}

static bool emit_insn(struct translation *t, const struct bpf_insn *insn,
		      const struct field *layout, enum known state, uint32_t next)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_RET:
		/* libpcap returns constants only: the snaplen, or 0 */
		nsr_emit_ja(&t->as, insn->k ? t->accept : t->reject);
		return BPF_RVAL(insn->code) == BPF_K;
	case BPF_JMP:
		emit_jump(t, insn, state, next);
		return true;
	case BPF_LD:
		if (BPF_MODE(insn->code) == BPF_ABS)
			return emit_absolute(t, insn, layout);
		if (BPF_MODE(insn->code) == BPF_IND)
			return emit_indirect(t, insn, layout);
		break;
	case BPF_LDX:
		if (BPF_MODE(insn->code) == BPF_MSH)
			return emit_msh(t, insn, layout);
		break;
	}
	if (BPF_MODE(insn->code) == BPF_LEN &&
	    (BPF_CLASS(insn->code) == BPF_LD || BPF_CLASS(insn->code) == BPF_LDX)) {
		if (BPF_CLASS(insn->code) == BPF_LDX && missing_bytes(layout))
			return false;
		emit_length(t, insn, layout);
		return true;
	}
	nsr_emit_plain(&t->as, insn->code, insn->k);
	return true;
}

static int say_out_of_reach(uint32_t k, struct nsr_error *err)
{
	return nsr_error_set(
		err, -EOPNOTSUPP,
		"filter: reads link-layer bytes (near offset %u) that the kernel keeps "
		"elsewhere while it filters",
		k);
}

/* One copy of the program, for one layout; its labels start at @base. */
static int emit_copy(struct translation *t, const struct nsr_filter *filter,
		     const struct field *layout, uint32_t base, struct nsr_error *err)
{
	const struct bpf_insn *code;
	enum known *known;
	unsigned int n;
	int rc = 0;
	uint32_t i;

	code = nsr_filter_code(filter, &n);
	known = malloc((n + 1) * sizeof(*known));
	if (!known)
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	trace(code, n, layout, known);
	for (i = 0; i < n && rc == 0; i++) {
		nsr_place_label(&t->as, base + i);
		if (known[i] == KNOWN_UNREACHED)
			continue;
		if (!emit_insn(t, &code[i], layout, known[i], base + i + 1))
			rc = say_out_of_reach(code[i].k, err);
	}
	free(known);
	return rc;
}

static void emit_rules(struct translation *t, unsigned int rules)
{
	if (rules & NSR_SKB_ONLY_OUT) {
		nsr_emit_ancillary(&t->as, SKF_AD_PKTTYPE);
		nsr_emit(&t->as, BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, NSR_NEXT, t->reject);
	}
	if (rules & NSR_SKB_ONLY_IN) {
		nsr_emit_ancillary(&t->as, SKF_AD_PKTTYPE);
		nsr_emit(&t->as, BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, t->reject, NSR_NEXT);
	}
	if (rules & NSR_SKB_LOOPBACK_ONCE) {
		/* Both in one comparison, the type of packet above the type of device. */
		nsr_emit_ancillary(&t->as, SKF_AD_HATYPE);
		nsr_emit_plain(&t->as, BPF_MISC | BPF_TAX, 0);
		nsr_emit_ancillary(&t->as, SKF_AD_PKTTYPE);
		nsr_emit_plain(&t->as, BPF_ALU | BPF_LSH | BPF_K, 16);
		nsr_emit_plain(&t->as, BPF_ALU | BPF_OR | BPF_X, 0);
		nsr_emit(&t->as, BPF_JMP | BPF_JEQ | BPF_K,
			 (PACKET_OUTGOING << 16) | ARPHRD_LOOPBACK, t->reject, NSR_NEXT);
	}
}

/* Cooked packets with a tag inside, which the engine judges: see above. */
static void emit_tags_whole(struct translation *t)
{
	nsr_emit_ancillary(&t->as, SKF_AD_PROTOCOL);
	nsr_emit(&t->as, BPF_JMP | BPF_JEQ | BPF_K, TPID_8021Q, t->whole, NSR_NEXT);
	nsr_emit(&t->as, BPF_JMP | BPF_JEQ | BPF_K, TPID_8021AD, t->whole, NSR_NEXT);
}

/* A program that a socket could run as it is: in a cooked capture it begins with the made-up header. */
static int emit_code(struct translation *t, const struct nsr_filter *filter, enum nsr_skb_view view,
		     unsigned int rules, struct nsr_error *err)
{
	const struct field *layout = view == NSR_SKB_COOKED ? cooked : plain;
	const struct sock_filter *code;
	uint32_t count, i;

	code = nsr_filter_socket_code(filter, &count);
	if (view == NSR_SKB_COOKED)
		emit_tags_whole(t);
	if (rules || view == NSR_SKB_COOKED) {
		/* It may rely on registers that are 0, as the kernel has them. */
		nsr_emit_plain(&t->as, BPF_LD | BPF_IMM, 0);
		nsr_emit_plain(&t->as, BPF_LDX | BPF_IMM, 0);
	}
	for (i = 0; i < count; i++) {
		const struct bpf_insn insn = { code[i].code, code[i].jt, code[i].jf, code[i].k };

		nsr_place_label(&t->as, i);
		if (insn.code == (BPF_RET | BPF_A)) {
			nsr_emit(&t->as, BPF_JMP | BPF_JEQ | BPF_K, 0, t->reject, t->accept);
		} else if (BPF_CLASS(insn.code) == BPF_LD && BPF_MODE(insn.code) == BPF_ABS &&
			   insn.k >= (uint32_t)SKF_AD_OFF) {
			nsr_emit_plain(&t->as, insn.code, insn.k);
		} else if (!emit_insn(t, &insn, layout, KNOWN_NOTHING, i + 1)) {
			return say_out_of_reach(insn.k, err);
		}
	}
	return 0;
}

/* A filter that judges packets as they are handed out. */
static int emit_text(struct translation *t, const struct nsr_filter *filter, enum nsr_skb_view view,
		     struct nsr_error *err)
{
	const struct field *tagged = view == NSR_SKB_COOKED ? cooked_tagged : ethernet_tagged;
	uint32_t second = t->accept / 2;
	int rc;

	if (view != NSR_SKB_PLAIN) {
		nsr_emit_ancillary(&t->as, SKF_AD_VLAN_TAG_PRESENT);
		nsr_emit(&t->as, BPF_JMP | BPF_JEQ | BPF_K, 0, NSR_NEXT, second);
	}
	if (view == NSR_SKB_COOKED)
		emit_tags_whole(t);
	rc = emit_copy(t, filter, view == NSR_SKB_COOKED ? cooked : plain, 0, err);
	if (rc == 0 && view != NSR_SKB_PLAIN)
		rc = emit_copy(t, filter, tagged, second, err);
	return rc;
}

static int emit_program(struct translation *t, const struct nsr_filter *filter,
			enum nsr_skb_view view, unsigned int rules, uint32_t accept,
			struct nsr_error *err)
{
	uint32_t count;
	int rc = 0;

	emit_rules(t, rules);
	if (filter && nsr_filter_socket_code(filter, &count))
		rc = emit_code(t, filter, view, rules, err);
	else if (filter)
		rc = emit_text(t, filter, view, err);
	nsr_place_label(&t->as, t->accept);
	nsr_emit_plain(&t->as, BPF_RET | BPF_K, accept);
	nsr_place_label(&t->as, t->whole);
	nsr_emit_plain(&t->as, BPF_RET | BPF_K, UINT32_MAX);
	nsr_place_label(&t->as, t->reject);
	nsr_emit_plain(&t->as, BPF_RET | BPF_K, 0);
	return rc;
}

int nsr_filter_for_socket(const struct nsr_filter *filter, enum nsr_skb_view view,
			  unsigned int rules, uint32_t accept, struct sock_fprog *prog,
			  struct nsr_error *err)
{
	struct translation t;
	unsigned int n = 0;
	int rc;

	if (filter)
		nsr_filter_code(filter, &n);
	if (filter && nsr_filter_has_loop(nsr_filter_code(filter, &n), n))
		return nsr_error_set(err, -EOPNOTSUPP,
				     "filter: it has a loop, which the kernel does not run");
	t.accept = 2 * (n + 1);
	t.whole = t.accept + 1;
	t.reject = t.whole + 1;
	if (nsr_assembly_begin(&t.as, t.reject + 1) < 0)
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	rc = emit_program(&t, filter, view, rules, accept, err);
	if (rc == 0)
		rc = nsr_assembly_finish(&t.as, prog, err);
	nsr_assembly_end(&t.as);
	return rc;
}
