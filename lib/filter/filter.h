/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Filters in tcpdump's syntax, compiled for a link type. */
#ifndef NSR_FILTER_H
#define NSR_FILTER_H

#include <nsring/engine.h>

struct bpf_insn;

/**
 * nsr_filter_compile() - compile a filter for packets of a device
 * @text:     tcpdump's syntax, see pcap-filter(7)
 * @linktype: LINKTYPE_ value of the packets that it will judge
 * @filter:   set to the filter, to be freed with nsr_filter_free()
 * @err:      the reason in words; may be NULL
 *
 * Return: 0; -EINVAL malformed, or nothing that this link type can be asked; -ENOMEM.
 */
int nsr_filter_compile(const char *text, uint32_t linktype, struct nsr_filter **filter,
		       struct nsr_error *err);

/**
 * nsr_filter_compile_on() - nsr_filter_compile() for packets of a device that has a network
 * @netmask: called with @arg where the filter asks for the netmask (`ip broadcast`); returns it in
 *           host byte order, 0 where it is not known
 */
int nsr_filter_compile_on(const char *text, uint32_t linktype, uint32_t (*netmask)(void *arg),
			  void *arg, struct nsr_filter **filter, struct nsr_error *err);

/**
 * nsr_filter_compile_saved() - compile a filter for packets of which only the bytes are known
 *
 * As nsr_filter_compile(), for packets of a capture file in the byte order of this host. Which
 * families IPv6 has in BSD's loopback headers differs by the system that wrote them: all are asked
 * for. Their direction is not known, except from a link type that tells it.
 */
int nsr_filter_compile_saved(const char *text, uint32_t linktype, struct nsr_filter **filter,
			     struct nsr_error *err);

/** nsr_filter_dlt() - libpcap's DLT_ value for a LINKTYPE_ value; -1: memory is short */
int nsr_filter_dlt(uint32_t linktype);

/** nsr_filter_free() - @filter may be NULL */
void nsr_filter_free(struct nsr_filter *filter);

/**
 * nsr_filter_code() - the compiled program
 * @filter: compiled
 * @count:  set to its instructions
 *
 * Return: classic BPF that returns 0 to refuse, owned by @filter.
 */
const struct bpf_insn *nsr_filter_code(const struct nsr_filter *filter, unsigned int *count);

#endif
