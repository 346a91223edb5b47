/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters: libpcap compiles them, and its interpreter is what every engine's verdict must equal, but
 * for filters with a loop (filter_loop.c).
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "lib/options.h"
#include "filter.h"
#include "loop.h"

#define LINKTYPE_ETHERNET 1

struct nsr_filter {
	struct bpf_program program;
	bool loops;
};

/*
 * Files and captures count link types as https://www.tcpdump.org/linktypes.html does, libpcap's
 * compiler by the DLT_ values of this system; most are equal.
 */
static int to_dlt(uint32_t linktype)
{
	static const struct {
		uint32_t linktype;
		int dlt;
	} differing[] = {
		{ 100, DLT_ATM_RFC1483 }, { 101, DLT_RAW },	 { 102, DLT_SLIP_BSDOS },
		{ 103, DLT_PPP_BSDOS },	  { 106, DLT_ATM_CLIP },
	};
	size_t i;

	for (i = 0; i < sizeof(differing) / sizeof(differing[0]); i++)
		if (differing[i].linktype == linktype)
			return differing[i].dlt;
	return (int)linktype;
}

/*
 * `inbound`, `outbound` and `ifindex` ask the kernel (SKF_AD_OFF, linux/filter.h) where the packet
 * itself does not tell. Judged by the packet's bytes they would match nothing.
 */
static bool asks_kernel(const struct bpf_program *program)
{
	const struct bpf_insn *insn;

	for (insn = program->bf_insns; insn < program->bf_insns + program->bf_len; insn++)
		if (BPF_CLASS(insn->code) == BPF_LD && BPF_MODE(insn->code) == BPF_ABS &&
		    insn->k > INT32_MAX)
			return true;
	return false;
}

int nsr_filter_compile(const char *text, uint32_t linktype, struct nsr_filter **filter,
		       struct nsr_error *err)
{
	struct nsr_filter *f;
	pcap_t *pcap;
	int rc = 0;

	*filter = NULL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	pcap = pcap_open_dead(to_dlt(linktype), NSR_SNAPLEN_MAX);
	if (!pcap) {
		rc = nsr_error_set(err, -ENOMEM, "filter: out of memory");
		goto free_filter;
	}
	if (pcap_compile(pcap, &f->program, text, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		rc = nsr_error_set(err, -EINVAL, "filter \"%.150s\": %s", text, pcap_geterr(pcap));
		goto close_pcap;
	}
	if (asks_kernel(&f->program)) {
		rc = nsr_error_set(
			err, -EINVAL,
			"filter \"%.150s\": packets of this link type don't tell their "
			"direction or interface: use the option direction, or name a device",
			text);
		goto free_code;
	}
	f->loops = nsr_filter_has_loop(f->program.bf_insns, f->program.bf_len);
	pcap_close(pcap);
	*filter = f;
	return 0;

free_code:
	pcap_freecode(&f->program);
close_pcap:
	pcap_close(pcap);
free_filter:
	free(f);
	return rc;
}

void nsr_filter_free(struct nsr_filter *filter)
{
	if (!filter)
		return;
	pcap_freecode(&filter->program);
	free(filter);
}

const struct bpf_insn *nsr_filter_code(const struct nsr_filter *filter, unsigned int *count)
{
	*count = filter->program.bf_len;
	return filter->program.bf_insns;
}

bool nsr_filter_match(const struct nsr_filter *filter, const uint8_t *data, uint32_t len,
		      uint32_t caplen)
{
	if (!filter)
		return true;
	if (filter->loops)
		return nsr_filter_run_loop(filter->program.bf_insns, data, len, caplen);
	return bpf_filter(filter->program.bf_insns, data, len, caplen) != 0;
}

struct nsr_filter_set {
	char *text;
	struct nsr_filter **filters; /* by interface; NULL matches nothing */
	uint32_t count;
};

int nsr_filter_set_new(const char *text, uint32_t linktype, struct nsr_filter_set **set,
		       struct nsr_error *err)
{
	struct nsr_filter *probe;
	int rc;

	*set = NULL;
	rc = nsr_filter_compile(text, linktype ? linktype : LINKTYPE_ETHERNET, &probe, err);
	if (rc < 0)
		return rc;
	nsr_filter_free(probe);
	*set = calloc(1, sizeof(**set));
	if (!*set)
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	(*set)->text = strdup(text);
	if (!(*set)->text) {
		nsr_filter_set_free(*set);
		*set = NULL;
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	}
	return 0;
}

void nsr_filter_set_free(struct nsr_filter_set *set)
{
	uint32_t i;

	if (!set)
		return;
	for (i = 0; i < set->count; i++)
		nsr_filter_free(set->filters[i]);
	free(set->filters);
	free(set->text);
	free(set);
}

static int learn(struct nsr_filter_set *set, uint32_t iface,
		 uint32_t (*linktype)(void *arg, uint32_t iface), void *arg)
{
	struct nsr_filter **filters;

	filters = realloc(set->filters, ((size_t)iface + 1) * sizeof(*filters));
	if (!filters)
		return -ENOMEM;
	set->filters = filters;
	while (set->count <= iface) {
		if (nsr_filter_compile(set->text, linktype(arg, set->count), &filters[set->count],
				       NULL) == -ENOMEM)
			return -ENOMEM;
		set->count++;
	}
	return 0;
}

int nsr_filter_set_match(struct nsr_filter_set *set, const struct nsr_packet *packet,
			 uint32_t (*linktype)(void *arg, uint32_t iface), void *arg)
{
	const struct nsr_filter *filter;
	int rc;

	if (packet->iface >= set->count) {
		rc = learn(set, packet->iface, linktype, arg);
		if (rc < 0)
			return rc;
	}
	filter = set->filters[packet->iface];
	return filter && nsr_filter_match(filter, packet->data, packet->len, packet->caplen);
}
