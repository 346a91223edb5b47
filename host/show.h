/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Showing the view of the host. host.h makes the view, choose.c picks what was asked for,
 * show_text.c prints it for people in the columns of show_table.c, show_json.c makes JSON objects
 * of it. show_words.c has the words that both use.
 */
#ifndef NSRING_HOST_SHOW_H
#define NSRING_HOST_SHOW_H

#include <stdio.h>

#include <jansson.h>

#include "host.h"

/**
 * struct host_choice - what is printed
 * @ns:      NULL: every namespace
 * @ifindex: 0: every interface of it
 */
struct host_choice {
	const struct host_ns *ns;
	uint32_t ifindex;
};

/**
 * host_choose() - find the place or device that a target names
 * @view:   where to look
 * @target: PLACE, PLACE/DEVICE, or DEVICE in the caller's own namespace; NULL: all there is
 * @choice: filled in, pointing into @view
 *
 * Return: 0; -1 after a message on stderr.
 */
int host_choose(const struct host_view *view, const char *target, struct host_choice *choice);

/** host_chosen() - whether @ns is to be printed */
static inline bool host_chosen(const struct host_choice *choice, const struct host_ns *ns)
{
	return !choice->ns || choice->ns == ns;
}

/** host_chosen_link() - whether the interface @ifindex of a chosen namespace is to be printed */
static inline bool host_chosen_link(const struct host_choice *choice, uint32_t ifindex)
{
	return !choice->ifindex || choice->ifindex == ifindex;
}

/** struct host_style - how to print for people: columns in a line, and whether to use colours */
struct host_style {
	int width;
	bool colour;
};

/** host_show_text() - print for people, aligned */
void host_show_text(const struct host_view *view, const struct host_choice *choice, FILE *out,
		    const struct host_style *style);

/**
 * host_ns_json() - a namespace as JSON
 * @view:   that it is part of
 * @ns:     the namespace
 * @choice: which of its interfaces
 *
 * Return: a new object, NULL when memory is short.
 */
json_t *host_ns_json(const struct host_view *view, const struct host_ns *ns,
		     const struct host_choice *choice);

/** host_summary_json() - the object that sums up, with "final": true; NULL when memory is short */
json_t *host_summary_json(const struct host_view *view);

/** host_hook_name() - where a program is attached, in one word: "xdp-native" */
const char *host_hook_name(uint32_t hook);

/** host_family_name() - of a capture's socket, in one word: "packet", "xdp" or "nsring" */
const char *host_family_name(int family);

/** host_state_name() - an interface's operational state as ip-link(8) has it: "UP" */
const char *host_state_name(uint8_t operstate);

/** host_lies_on() - whether @link lies on its peer (a macvlan does), rather than ending in it */
bool host_lies_on(const struct host_link *link);

/**
 * host_ledger_stats() - a ledger's losses and what its filter refused, as ledger_text() takes them
 */
struct nsr_stats host_ledger_stats(const struct nsr_published *page);

#define HOST_ADDRESS_TEXT 56

/** host_address_text() - "10.0.0.1/24" into @text of HOST_ADDRESS_TEXT bytes; returns @text */
const char *host_address_text(const struct host_address *address, char *text);

/** host_mac_text() - "02:00:00:00:00:01" into @text of 3 bytes for each of the address's, or "" */
const char *host_mac_text(const struct host_link *link, char *text);

#endif
