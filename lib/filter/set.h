/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * One filter text for all interfaces of a capture: a program for each link type that occurs.
 *
 * For engines that can't filter themselves, whose packets are judged by their bytes alone.
 */
#ifndef NSR_FILTER_SET_H
#define NSR_FILTER_SET_H

#include <nsring/engine.h>

struct nsr_filter_set;

/**
 * nsr_filter_set_new() - check a text and get ready
 * @text:      tcpdump's syntax
 * @linktypes: LINKTYPE_ values that are known to occur
 * @count:     how many; may be 0
 * @more:      others may follow
 * @set:       set to the result, to be freed with nsr_filter_set_free()
 * @err:       the reason in words; may be NULL
 *
 * Accepts a text that one link type which occurs can be asked (`ether host` can't be asked of raw
 * IP). With @more, and without any link type, a text that some link type can be asked.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int nsr_filter_set_new(const char *text, const uint32_t *linktypes, uint32_t count, bool more,
		       struct nsr_filter_set **set, struct nsr_error *err);

/**
 * nsr_filter_set_of() - a set of one program
 * @filter:   for packets of @linktype alone; the set frees it, also when this fails
 * @linktype: LINKTYPE_ value; packets of others can't be asked
 * @set:      set to the result, to be freed with nsr_filter_set_free()
 *
 * Return: 0 or -ENOMEM.
 */
int nsr_filter_set_of(struct nsr_filter *filter, uint32_t linktype, struct nsr_filter_set **set,
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
 * Return: 1 matches; 0 does not; -EOPNOTSUPP its link type can't be asked; -ENOMEM.
 */
int nsr_filter_set_match(struct nsr_filter_set *set, const struct nsr_packet *packet,
			 uint32_t (*linktype)(void *arg, uint32_t iface), void *arg);

/** nsr_filter_set_asks() - can this link type be asked? Yes, while no packet of it was judged. */
bool nsr_filter_set_asks(const struct nsr_filter_set *set, uint32_t linktype);

/**
 * nsr_filter_set_useless() - has no interface that was met a link type that can be asked?
 * @set: the set
 * @err: filled in with the reason if so
 */
bool nsr_filter_set_useless(const struct nsr_filter_set *set, struct nsr_error *err);

#endif
