/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters: the installed libpcap compiles them, and they mean what they mean there.
 *
 * libpcap has the kernel run a program, which sees no VLAN tag that the device, or the stack on receive,
 * has taken off. nsr_set_filter_code() does the same. What it refuses is judged here, packet by packet,
 * as libpcap does, too.
 */
#include "handle.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/filter/run.h"
#include "cooked.h"
#include "keeper.h"

/*
 * For `vlan` libpcap asks the kernel for the tag, but only where its handle is a live one: such a handle,
 * for this moment. It captures nothing that anybody reads.
 */
static pcap_t *open_live_compiler(const struct handle *h)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *live = real_pcap_create(h->cooked ? "any" : "lo", errbuf);

	if (!live)
		return NULL;
	real_pcap_set_snaplen(live, (int)h->snaplen);
	if (real_pcap_activate(live) >= 0 &&
	    (real_pcap_datalink(live) == h->dlt || real_pcap_set_datalink(live, h->dlt) == 0))
		return live;
	real_pcap_close(live);
	return NULL;
}

EXPORTED int pcap_compile(pcap_t *p, struct bpf_program *program, const char *text, int optimize,
			  bpf_u_int32 netmask)
{
	struct handle *h = handle_of(p);
	bool tags_lie_aside;
	pcap_t *live = NULL;
	pcap_t *compiler;
	int rc;

	if (!h)
		return real_pcap_compile(p, program, text, optimize, netmask);
	if (!h->capture)
		return handle_say(h, PCAP_ERROR, "not-yet-activated pcap_t passed to pcap_compile");
	tags_lie_aside = !h->offline && (h->cooked || h->dlt == DLT_EN10MB);
	if (tags_lie_aside && text && strstr(text, "vlan"))
		live = open_live_compiler(h);
	compiler = live ? live : h->dead;
	rc = real_pcap_compile(compiler, program, text, optimize, netmask);
	if (rc < 0)
		handle_say(h, rc, "%s", real_pcap_geterr(compiler));
	if (live)
		real_pcap_close(live);
	return rc;
}

static struct bpf_insn *copy_code(const struct bpf_program *program)
{
	size_t bytes = program->bf_len * sizeof(*program->bf_insns);
	struct bpf_insn *code = malloc(bytes);

	return code ? memcpy(code, program->bf_insns, bytes) : NULL;
}

/* The arguments of nsr_set_filter_code(), or of nsr_set_filter() for every packet. */
struct setting {
	struct nsr_capture *capture;
	const struct sock_filter *code;
	uint32_t count;
	struct nsr_error *err;
};

static int set_code(void *arg)
{
	struct setting *setting = arg;

	return nsr_set_filter_code(setting->capture, setting->code, setting->count, setting->err);
}

static int set_none(void *arg)
{
	struct setting *setting = arg;

	return nsr_set_filter(setting->capture, NULL, setting->err);
}

/* Has the capture itself leave out what the program refuses. False: it can't. */
static bool give_to_capture(struct handle *h, const struct bpf_program *program)
{
	struct sock_filter *code = malloc(program->bf_len * sizeof(*code));
	bool given = code != NULL;
	u_int i;

	for (i = 0; given && i < program->bf_len; i++)
		code[i] = (struct sock_filter){ program->bf_insns[i].code, program->bf_insns[i].jt,
						program->bf_insns[i].jf, program->bf_insns[i].k };
	if (given && h->cooked)
		given = !cooked_code_asks_length(code, program->bf_len);
	if (given && h->cooked && h->dlt == DLT_LINUX_SLL)
		given = cooked_code_for_sll2(code, program->bf_len);
	if (given) {
		struct setting setting = { h->capture, code, program->bf_len, NULL };

		given = keeper_run(set_code, &setting) == 0;
	}
	free(code);
	h->given |= given;
	return given;
}

/* What is compiled of an empty text. */
static bool accepts_all(const struct bpf_program *program)
{
	return program->bf_insns[0].code == (BPF_RET | BPF_K) && program->bf_insns[0].k;
}

/*
 * Has the capture leave out nothing. Programs that have given up their privileges by then, as tcpdump has,
 * can't change the filter of every engine: so one that is in no filter's way is left alone.
 */
static int take_from_capture(struct handle *h)
{
	struct nsr_error err = { 0 };
	struct setting setting = { .capture = h->capture, .err = &err };

	if (h->given && keeper_run(set_none, &setting) < 0)
		return handle_say_why(h, PCAP_ERROR, &err);
	h->given = false;
	return 0;
}

EXPORTED int pcap_setfilter(pcap_t *p, struct bpf_program *program)
{
	struct handle *h = handle_of(p);
	struct bpf_insn *code;
	bool all, given;

	if (!h)
		return real_pcap_setfilter(p, program);
	if (handle_check_active(h))
		return PCAP_ERROR_NOT_ACTIVATED;
	if (!program)
		return handle_say(h, PCAP_ERROR, "setfilter: No filter specified");
	if (!program->bf_insns || !real_bpf_validate(program->bf_insns, (int)program->bf_len))
		return handle_say(h, PCAP_ERROR, "BPF program is not valid");
	code = copy_code(program);
	if (!code || handle_keep_waiting(h) < 0) {
		free(code);
		return handle_say(h, PCAP_ERROR, "malloc: %s", strerror(ENOMEM));
	}
	all = accepts_all(program);
	given = !all && give_to_capture(h, program);
	if (!given && take_from_capture(h) < 0) {
		free(code);
		return PCAP_ERROR;
	}
	real_pcap_freecode(&h->program);
	h->program.bf_insns = code;
	h->program.bf_len = program->bf_len;
	h->program_dlt = h->dlt;
	h->judge = !all && !given;
	return 0;
}

static uint32_t ifindex_of(struct handle *h, uint32_t id)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;

	return nsr_interface_get(h->capture, id, &iface) == 0 ? iface.ifindex : 0;
}

static uint8_t pkttype_of(uint32_t flags)
{
	return flags & NSR_PKT_OUT	   ? PACKET_OUTGOING
	       : flags & NSR_PKT_BROADCAST ? PACKET_BROADCAST
	       : flags & NSR_PKT_MULTICAST ? PACKET_MULTICAST
	       : flags & NSR_PKT_OTHERHOST ? PACKET_OTHERHOST
					   : PACKET_HOST;
}

/* The stack takes the outer tag off what is received, wherever XDP has seen it. */
static bool has_tag(const struct nsr_packet *packet, uint32_t at)
{
	uint16_t tpid;

	if (packet->caplen < at + 4)
		return false;
	tpid = get16(packet->data + at);
	return (tpid == ETH_P_8021Q || tpid == ETH_P_8021AD) &&
	       (packet->flags & NSR_PKT_VLAN || !(packet->flags & NSR_PKT_OUT));
}

/* Makes @packet what a packet socket sees of an Ethernet frame. */
static void see_ethernet(struct handle *h, struct nsr_packet *packet,
			 struct nsr_ancillary *ancillary)
{
	static const uint32_t tag_at = 12, tag_bytes = 4;

	ancillary->pkttype = pkttype_of(packet->flags);
	ancillary->hatype = ARPHRD_ETHER;
	if (has_tag(packet, tag_at)) {
		ancillary->vlan_tpid = get16(packet->data + tag_at);
		ancillary->vlan_tci = get16(packet->data + tag_at + 2);
		memcpy(h->room, packet->data, tag_at);
		memcpy(h->room + tag_at, packet->data + tag_at + tag_bytes,
		       packet->caplen - tag_at - tag_bytes);
		packet->data = h->room;
		packet->caplen -= tag_bytes;
		packet->len -= tag_bytes;
	}
	if (packet->caplen >= tag_at + 2)
		ancillary->protocol = get16(packet->data + tag_at);
}

/* A packet socket that is bound to one protocol has what is received of it. */
static bool is_of_protocol(struct handle *h, uint32_t flags, const struct nsr_ancillary *ancillary)
{
	if (!h->protocol || (ancillary->protocol == h->protocol && !(flags & NSR_PKT_OUT)))
		return true;
	h->others++;
	return false;
}

bool handle_judge(struct handle *h, const struct nsr_packet *packet)
{
	bool old = h->program_dlt == DLT_LINUX_SLL;
	struct nsr_ancillary ancillary = { 0 };
	struct nsr_packet seen = *packet;
	uint32_t header = 0;

	if (h->offline)
		return nsr_filter_run(h->program.bf_insns, NULL, packet->data, packet->len,
				      packet->caplen);
	if (h->cooked) {
		/* Where a filter runs the kernel has not made the header yet, and does not count it. */
		header = cooked_see(old, h->room, &seen, &ancillary);
	} else if (h->dlt == DLT_EN10MB) {
		see_ethernet(h, &seen, &ancillary);
	} else {
		ancillary.pkttype = pkttype_of(packet->flags);
	}
	if (!is_of_protocol(h, packet->flags, &ancillary))
		return false;
	if (!ancillary.ifindex)
		ancillary.ifindex = ifindex_of(h, packet->iface);
	return !h->program.bf_insns || nsr_filter_run(h->program.bf_insns, &ancillary, seen.data,
						      seen.len - header, seen.caplen);
}
