/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters: libpcap compiles them, and its interpreter is what every engine's verdict must equal, except
 * for filters with a loop (run.c).
 */
#include <errno.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file/savefile_format.h"
#include "lib/options.h"
#include "code.h"
#include "filter.h"
#include "run.h"

/**
 * struct nsr_filter - a filter
 * @program: judges packets as they are handed out
 * @loops:   it has a loop
 * @socket_code: of a filter that was given as a program: that program; else NULL
 * @socket_count: its instructions
 */
struct nsr_filter {
	struct bpf_program program;
	bool loops;
	struct sock_filter *socket_code;
	uint32_t socket_count;
};

/*
 * libpcap's compiler asks of a file's packets what a file can tell, which is not what a device can:
 * the address families that other systems write, no direction, no metadata. It takes a pcap header
 * for the file, which also makes a DLT_ value of the link type. @hdr must outlive the result.
 */
static pcap_t *open_saved(struct pcap_file_hdr *hdr, uint32_t linktype)
{
	char reason[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;
	FILE *file;

	*hdr = (struct pcap_file_hdr){
		.magic = PCAP_MAGIC_USEC,
		.version_major = PCAP_VERSION_MAJOR,
		.version_minor = PCAP_VERSION_MINOR,
		.snaplen = NSR_SNAPLEN_MAX,
		.linktype = linktype,
	};
	file = fmemopen(hdr, sizeof(*hdr), "r");
	if (!file)
		return NULL;
	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_MICRO, reason);
	if (!pcap)
		fclose(file);
	return pcap;
}

int nsr_filter_dlt(uint32_t linktype)
{
	struct pcap_file_hdr hdr;
	pcap_t *saved = open_saved(&hdr, linktype);
	int dlt = saved ? pcap_datalink(saved) : -1;

	if (saved)
		pcap_close(saved);
	return dlt;
}

/* The same for packets of a device. */
static pcap_t *open_live(uint32_t linktype)
{
	int dlt = nsr_filter_dlt(linktype);

	return dlt < 0 ? NULL : pcap_open_dead(dlt, NSR_SNAPLEN_MAX);
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

static uint32_t no_netmask(void *arg)
{
	return 0;
}

/*
 * Looks the netmask up only when libpcap says that it lacks it. It takes it in host byte order, other
 * than pcap_lookupnet(3) has it (libpcap's pull request 1454).
 */
static int run_compiler(pcap_t *pcap, struct bpf_program *program, const char *text,
			uint32_t (*netmask)(void *arg), void *arg)
{
	uint32_t mask;

	if (pcap_compile(pcap, program, text, 1, PCAP_NETMASK_UNKNOWN) == 0)
		return 0;
	mask = strstr(pcap_geterr(pcap), "netmask") ? netmask(arg) : 0;
	return mask ? pcap_compile(pcap, program, text, 1, mask) : -1;
}

/* Closes @pcap, which is NULL where memory was short. */
static int compile(pcap_t *pcap, const char *text, uint32_t (*netmask)(void *arg), void *arg,
		   struct nsr_filter **filter, struct nsr_error *err)
{
	struct nsr_filter *f = calloc(1, sizeof(*f));
	int rc;

	*filter = NULL;
	if (!pcap || !f) {
		rc = nsr_error_set(err, -ENOMEM, "filter: out of memory");
		goto close_pcap;
	}
	if (run_compiler(pcap, &f->program, text, netmask, arg) < 0) {
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
	if (pcap)
		pcap_close(pcap);
	free(f);
	return rc;
}

int nsr_filter_compile(const char *text, uint32_t linktype, struct nsr_filter **filter,
		       struct nsr_error *err)
{
	return nsr_filter_compile_on(text, linktype, no_netmask, NULL, filter, err);
}

int nsr_filter_compile_on(const char *text, uint32_t linktype, uint32_t (*netmask)(void *arg),
			  void *arg, struct nsr_filter **filter, struct nsr_error *err)
{
	return compile(open_live(linktype), text, netmask, arg, filter, err);
}

int nsr_filter_compile_saved(const char *text, uint32_t linktype, struct nsr_filter **filter,
			     struct nsr_error *err)
{
	struct pcap_file_hdr hdr;

	return compile(open_saved(&hdr, linktype), text, no_netmask, NULL, filter, err);
}

int nsr_filter_from_code(const struct sock_filter *code, uint32_t count, enum nsr_code_view view,
			 struct nsr_filter **filter, struct nsr_error *err)
{
	struct nsr_filter *f = calloc(1, sizeof(*f));
	struct sock_fprog wire = { 0 };
	int rc;

	*filter = NULL;
	rc = f ? nsr_code_for_wire(code, count, view, &wire, err)
	       : nsr_error_set(err, -ENOMEM, "filter: out of memory");
	if (rc < 0)
		goto free_filter;
	f->program.bf_len = wire.len;
	f->program.bf_insns = (void *)wire.filter;
	f->socket_count = count;
	f->socket_code = malloc(count * sizeof(*code));
	if (!f->socket_code) {
		rc = nsr_error_set(err, -ENOMEM, "filter: out of memory");
		goto free_filter;
	}
	memcpy(f->socket_code, code, count * sizeof(*code));
	*filter = f;
	return 0;

free_filter:
	nsr_filter_free(f);
	return rc;
}

const struct sock_filter *nsr_filter_socket_code(const struct nsr_filter *filter, uint32_t *count)
{
	*count = filter->socket_count;
	return filter->socket_code;
}

void nsr_filter_free(struct nsr_filter *filter)
{
	if (!filter)
		return;
	pcap_freecode(&filter->program);
	free(filter->socket_code);
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
		return nsr_filter_run(filter->program.bf_insns, NULL, data, len, caplen);
	return bpf_filter(filter->program.bf_insns, data, len, caplen) != 0;
}
