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

#include "filter.h"
#include "flow.h"
#include "loop.h"

#define TPID_8021Q  0x8100
#define TPID_8021AD 0x88a8
#define SLL2_BYTES  20
#define TAG_BYTES   4

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

/* An output instruction; jumps name the instruction they lead to. */
struct step {
	struct sock_filter insn;
	uint32_t jt, jf; /* of a jump: labels (BPF_JA has jt only); NO_JUMP: the next step */
};

#define NO_JUMP UINT32_MAX

/*
 * Labels: input instruction i of copy c is c * (n + 1) + i; then the common exits. label_at[] tells
 * at which step each one is.
 */
struct assembly {
	struct step *steps;
	uint32_t count, room;
	uint32_t *label_at;
	uint32_t labels;
	uint32_t accept, whole, reject; /* labels */
	bool no_memory;
};

static void emit(struct assembly *as, uint16_t code, uint32_t k, uint32_t jt, uint32_t jf)
{
	struct step *steps;

	if (as->count == as->room) {
		as->room = as->room ? as->room * 2 : 64;
		steps = realloc(as->steps, as->room * sizeof(*steps));
		if (!steps) {
			as->no_memory = true;
			as->room = as->count;
			return;
		}
		as->steps = steps;
	}
	as->steps[as->count++] =
		(struct step){ .insn = { .code = code, .k = k }, .jt = jt, .jf = jf };
}

static void emit_plain(struct assembly *as, uint16_t code, uint32_t k)
{
	emit(as, code, k, NO_JUMP, NO_JUMP);
}

static void emit_ancillary(struct assembly *as, uint32_t which)
{
	emit_plain(as, BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + which);
}

static void place_label(struct assembly *as, uint32_t label)
{
	as->label_at[label] = as->count;
}

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
static bool emit_absolute(struct assembly *as, const struct bpf_insn *insn,
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
			emit(as, BPF_JMP | BPF_JA, 0, as->reject, NO_JUMP);
		else
			emit_plain(as, insn->code, insn->k - field->k);
		return true;
	case FIELD_ZERO:
		emit_plain(as, BPF_LD | BPF_IMM, 0);
		return true;
	default:
		emit_ancillary(as, field->k);
		behind = field->to - (insn->k + size);
		if (behind)
			emit_plain(as, BPF_ALU | BPF_RSH | BPF_K, behind * 8);
		if (size < 4 && size < field->to - field->from)
			emit_plain(as, BPF_ALU | BPF_AND | BPF_K, (1u << (size * 8)) - 1);
		return true;
	}
}

/*
 * A load at X + k. X is unsigned, so it never reaches below k; the kernel adds with 32 bits, and
 * a sum beyond INT32_MAX would mean metadata, which is why a large X is refused first.
 */
static bool emit_indirect(struct assembly *as, const struct bpf_insn *insn,
			  const struct field *layout)
{
	const struct field *field = find_field(layout, insn->k, 1);

	if (!field || field->kind != FIELD_DATA || field->to != NO_END || insn->k > INT32_MAX / 2)
		return false;
	emit_plain(as, BPF_MISC | BPF_TXA, 0);
	emit(as, BPF_JMP | BPF_JGT | BPF_K, INT32_MAX / 2, as->reject, NO_JUMP);
	emit_plain(as, insn->code, insn->k - field->k);
	return true;
}

/* X = 4 * (P[k] & 0xf) */
static bool emit_msh(struct assembly *as, const struct bpf_insn *insn, const struct field *layout)
{
	const struct field *field = find_field(layout, insn->k, 1);

	if (!field || field->kind != FIELD_DATA || insn->k > INT32_MAX)
		return false;
	emit_plain(as, insn->code, insn->k - field->k);
	return true;
}

static uint32_t missing_bytes(const struct field *layout)
{
	while (layout->to != NO_END)
		layout++;
	return layout->k;
}

static void emit_length(struct assembly *as, const struct bpf_insn *insn,
			const struct field *layout)
{
	uint32_t missing = missing_bytes(layout);

	emit_plain(as, insn->code, 0);
	if (missing)
		emit_plain(as, BPF_ALU | BPF_ADD | BPF_K, missing);
}

static void emit_jump(struct assembly *as, const struct bpf_insn *insn, enum known state,
		      uint32_t next)
{
	bool taken;

	if (BPF_OP(insn->code) == BPF_JA)
		emit(as, BPF_JMP | BPF_JA, 0, next + insn->k, NO_JUMP);
	else if (jump_decided(insn, state, &taken))
		emit(as, BPF_JMP | BPF_JA, 0, next + (taken ? insn->jt : insn->jf), NO_JUMP);
	else
		emit(as, insn->code, insn->k, next + insn->jt, next + insn->jf);
}

static bool emit_insn(struct assembly *as, const struct bpf_insn *insn, const struct field *layout,
		      enum known state, uint32_t next)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_RET:
		/* libpcap returns constants only: the snaplen, or 0 */
		emit(as, BPF_JMP | BPF_JA, 0, insn->k ? as->accept : as->reject, NO_JUMP);
		return BPF_RVAL(insn->code) == BPF_K;
	case BPF_JMP:
		emit_jump(as, insn, state, next);
		return true;
	case BPF_LD:
		if (BPF_MODE(insn->code) == BPF_ABS)
			return emit_absolute(as, insn, layout);
		if (BPF_MODE(insn->code) == BPF_IND)
			return emit_indirect(as, insn, layout);
		break;
	case BPF_LDX:
		if (BPF_MODE(insn->code) == BPF_MSH)
			return emit_msh(as, insn, layout);
		break;
	}
	if (BPF_MODE(insn->code) == BPF_LEN &&
	    (BPF_CLASS(insn->code) == BPF_LD || BPF_CLASS(insn->code) == BPF_LDX)) {
		if (BPF_CLASS(insn->code) == BPF_LDX && missing_bytes(layout))
			return false;
		emit_length(as, insn, layout);
		return true;
	}
	emit_plain(as, insn->code, insn->k);
	return true;
}

/* One copy of the program, for one layout; its labels start at @base. */
static int emit_copy(struct assembly *as, const struct nsr_filter *filter,
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
		place_label(as, base + i);
		if (known[i] == KNOWN_UNREACHED)
			continue;
		if (!emit_insn(as, &code[i], layout, known[i], base + i + 1))
			rc = nsr_error_set(err, -EOPNOTSUPP,
					   "filter: reads link-layer bytes (near offset %u) that "
					   "the kernel keeps elsewhere while it filters",
					   code[i].k);
	}
	free(known);
	return rc;
}

/* Jumps of classic BPF reach 255 instructions; further ones go by way of a BPF_JA. */
static bool is_far(const struct assembly *as, const uint32_t *at, uint32_t i, uint32_t label)
{
	return label != NO_JUMP && at[as->label_at[label]] - at[i] - 1 > 255;
}

/* Lays the steps out: at[i] becomes the position of step i. */
static void lay_out(const struct assembly *as, uint32_t *at, uint8_t *far)
{
	const struct step *step;
	bool changed = true;
	uint32_t i;

	memset(far, 0, as->count);
	while (changed) {
		changed = false;
		at[0] = 0;
		for (i = 0; i < as->count; i++)
			at[i + 1] = at[i] + 1 + (far[i] ? 2 : 0);
		for (i = 0; i < as->count; i++) {
			step = &as->steps[i];
			if (far[i] || step->jt == NO_JUMP || step->insn.code == (BPF_JMP | BPF_JA))
				continue;
			if (is_far(as, at, i, step->jt) ||
			    (step->jf != NO_JUMP && is_far(as, at, i, step->jf)))
				far[i] = changed = true;
		}
	}
}

static uint32_t target_of(const struct assembly *as, const uint32_t *at, uint32_t i, uint32_t label)
{
	return label == NO_JUMP ? at[i + 1] : at[as->label_at[label]];
}

static void write_out(const struct assembly *as, const uint32_t *at, const uint8_t *far,
		      struct sock_filter *out)
{
	const struct step *step;
	struct sock_filter *insn;
	uint32_t i, yes, no;

	for (i = 0; i < as->count; i++) {
		step = &as->steps[i];
		insn = &out[at[i]];
		*insn = step->insn;
		if (BPF_CLASS(step->insn.code) != BPF_JMP)
			continue;
		yes = target_of(as, at, i, step->jt);
		no = target_of(as, at, i, step->jf);
		if (step->insn.code == (BPF_JMP | BPF_JA)) {
			insn->k = yes - at[i] - 1;
		} else if (!far[i]) {
			insn->jt = (uint8_t)(yes - at[i] - 1);
			insn->jf = (uint8_t)(no - at[i] - 1);
		} else {
			insn->jt = 0;
			insn->jf = 1;
			insn[1] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, yes - at[i] - 2);
			insn[2] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, no - at[i] - 3);
		}
	}
}

static int finish(const struct assembly *as, struct sock_fprog *prog, struct nsr_error *err)
{
	uint32_t *at = calloc(as->count + 1, sizeof(*at));
	uint8_t *far = calloc(as->count + 1, 1);
	struct sock_filter *out = NULL;
	int rc = 0;

	if (!at || !far || as->no_memory) {
		rc = nsr_error_set(err, -ENOMEM, "filter: out of memory");
		goto free_all;
	}
	lay_out(as, at, far);
	if (at[as->count] > BPF_MAXINSNS) {
		rc = nsr_error_set(err, -E2BIG,
				   "filter: it has %u instructions, and the kernel runs only %d",
				   at[as->count], BPF_MAXINSNS);
		goto free_all;
	}
	out = calloc(at[as->count], sizeof(*out));
	if (!out) {
		rc = nsr_error_set(err, -ENOMEM, "filter: out of memory");
		goto free_all;
	}
	write_out(as, at, far, out);
	prog->filter = out;
	prog->len = (unsigned short)at[as->count];
free_all:
	free(at);
	free(far);
	return rc;
}

static void emit_rules(struct assembly *as, unsigned int rules)
{
	if (rules & NSR_SKB_ONLY_OUT) {
		emit_ancillary(as, SKF_AD_PKTTYPE);
		emit(as, BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, NO_JUMP, as->reject);
	}
	if (rules & NSR_SKB_ONLY_IN) {
		emit_ancillary(as, SKF_AD_PKTTYPE);
		emit(as, BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, as->reject, NO_JUMP);
	}
	if (rules & NSR_SKB_LOOPBACK_ONCE) {
		/* Both in one comparison, the type of packet above the type of device. */
		emit_ancillary(as, SKF_AD_HATYPE);
		emit_plain(as, BPF_MISC | BPF_TAX, 0);
		emit_ancillary(as, SKF_AD_PKTTYPE);
		emit_plain(as, BPF_ALU | BPF_LSH | BPF_K, 16);
		emit_plain(as, BPF_ALU | BPF_OR | BPF_X, 0);
		emit(as, BPF_JMP | BPF_JEQ | BPF_K, (PACKET_OUTGOING << 16) | ARPHRD_LOOPBACK,
		     as->reject, NO_JUMP);
	}
}

static int emit_program(struct assembly *as, const struct nsr_filter *filter,
			enum nsr_skb_view view, unsigned int rules, uint32_t accept,
			struct nsr_error *err)
{
	const struct field *untagged = view == NSR_SKB_COOKED ? cooked : plain;
	const struct field *tagged = view == NSR_SKB_COOKED ? cooked_tagged : ethernet_tagged;
	uint32_t second = as->accept / 2;
	int rc = 0;

	emit_rules(as, rules);
	if (filter && view != NSR_SKB_PLAIN) {
		emit_ancillary(as, SKF_AD_VLAN_TAG_PRESENT);
		emit(as, BPF_JMP | BPF_JEQ | BPF_K, 0, NO_JUMP, second);
	}
	if (filter && view == NSR_SKB_COOKED) {
		emit_ancillary(as, SKF_AD_PROTOCOL);
		emit(as, BPF_JMP | BPF_JEQ | BPF_K, TPID_8021Q, as->whole, NO_JUMP);
		emit(as, BPF_JMP | BPF_JEQ | BPF_K, TPID_8021AD, as->whole, NO_JUMP);
	}
	if (filter)
		rc = emit_copy(as, filter, untagged, 0, err);
	if (filter && rc == 0 && view != NSR_SKB_PLAIN)
		rc = emit_copy(as, filter, tagged, second, err);
	place_label(as, as->accept);
	emit_plain(as, BPF_RET | BPF_K, accept);
	place_label(as, as->whole);
	emit_plain(as, BPF_RET | BPF_K, UINT32_MAX);
	place_label(as, as->reject);
	emit_plain(as, BPF_RET | BPF_K, 0);
	return rc;
}

int nsr_filter_for_socket(const struct nsr_filter *filter, enum nsr_skb_view view,
			  unsigned int rules, uint32_t accept, struct sock_fprog *prog,
			  struct nsr_error *err)
{
	struct assembly as = { 0 };
	unsigned int n = 0;
	int rc;

	if (filter)
		nsr_filter_code(filter, &n);
	if (filter && nsr_filter_has_loop(nsr_filter_code(filter, &n), n))
		return nsr_error_set(err, -EOPNOTSUPP,
				     "filter: it has a loop, which the kernel does not run");
	as.accept = 2 * (n + 1);
	as.whole = as.accept + 1;
	as.reject = as.whole + 1;
	as.labels = as.reject + 1;
	as.label_at = calloc(as.labels, sizeof(*as.label_at));
	if (!as.label_at)
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	rc = emit_program(&as, filter, view, rules, accept, err);
	if (rc == 0)
		rc = finish(&as, prog, err);
	free(as.steps);
	free(as.label_at);
	return rc;
}
