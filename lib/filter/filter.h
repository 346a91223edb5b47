/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Filters in tcpdump's syntax, compiled for a link type. */
#ifndef NSR_FILTER_H
#define NSR_FILTER_H

#include <nsring/engine.h>

struct bpf_insn;

/**
 * nsr_filter_compile() - compile a filter
 * @text:     tcpdump's syntax, see pcap-filter(7)
 * @linktype: LINKTYPE_ value of the packets that it will judge
 * @filter:   set to the filter, to be freed with nsr_filter_free()
 * @err:      the reason in words; may be NULL
 *
 * Return: 0; -EINVAL malformed, or nothing that this link type can be asked; -ENOMEM.
 */
int nsr_filter_compile(const char *text, uint32_t linktype, struct nsr_filter **filter,
		       struct nsr_error *err);

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

/**
 * struct nsr_filter_set - one filter text, compiled for each interface of a capture
 *
 * For engines that can't filter themselves and whose interfaces differ in link type.
 */
struct nsr_filter_set;

/**
 * nsr_filter_set_new() - check a text and get ready
 * @text:     tcpdump's syntax
 * @linktype: of the first interface, 0 when not known yet
 * @set:      set to the result, to be freed with nsr_filter_set_free()
 * @err:      the reason in words; may be NULL
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int nsr_filter_set_new(const char *text, uint32_t linktype, struct nsr_filter_set **set,
		       struct nsr_error *err);

/** nsr_filter_set_free() - @set may be NULL */
void nsr_filter_set_free(struct nsr_filter_set *set);

/**
 * nsr_filter_set_match() - judge one packet
 * @set:      the set
 * @packet:   its @iface is looked up
 * @linktype: called to find the link type of an interface met for the first time
 * @arg:      for @linktype
 *
 * A filter that asks what a link type does not have (`ether host` of raw IP) matches none of its
 * packets.
 *
 * Return: 1 matches, 0 does not, -ENOMEM.
 */
int nsr_filter_set_match(struct nsr_filter_set *set, const struct nsr_packet *packet,
			 uint32_t (*linktype)(void *arg, uint32_t iface), void *arg);

#endif
