/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring ls: what its files share. cmd_ls.c looks at the host (host.h), ls_choose.c picks what was
 * asked for, and ls_text.c or ls_json.c prints it.
 */
#ifndef NSRING_LS_H
#define NSRING_LS_H

#include <stdio.h>

#include "host.h"

/**
 * struct ls_choice - what is printed
 * @ns:      NULL: every namespace
 * @ifindex: 0: every interface of it
 */
struct ls_choice {
	const struct host_ns *ns;
	uint32_t ifindex;
};

/**
 * ls_choose() - find the place or device that a target names
 * @view:   where to look
 * @target: PLACE, PLACE/DEVICE, or DEVICE in the caller's own namespace; NULL: all there is
 * @choice: filled in, pointing into @view
 *
 * Return: 0; CLI_FAILED, which has been said.
 */
int ls_choose(const struct host_view *view, const char *target, struct ls_choice *choice);

/** ls_chosen() - whether @ns is to be printed */
static inline bool ls_chosen(const struct ls_choice *choice, const struct host_ns *ns)
{
	return !choice->ns || choice->ns == ns;
}

/** ls_chosen_link() - whether the interface @ifindex of a chosen namespace is */
static inline bool ls_chosen_link(const struct ls_choice *choice, uint32_t ifindex)
{
	return !choice->ifindex || choice->ifindex == ifindex;
}

/** struct ls_style - how to print for people: columns of a line, and whether with colours */
struct ls_style {
	int width;
	bool colour;
};

/** ls_text() - print for people, aligned */
void ls_text(const struct host_view *view, const struct ls_choice *choice, FILE *out,
	     const struct ls_style *style);

/** ls_json() - print a JSON object for each namespace, and one that sums up; 0 or -errno */
int ls_json(const struct host_view *view, const struct ls_choice *choice, FILE *out);

/** ls_hook_name() - where a program is attached, in one word: "xdp-native" */
const char *ls_hook_name(uint32_t hook);

/** ls_family_name() - of a capture's socket, in one word: "packet", "xdp" or "nsring" */
const char *ls_family_name(int family);

/** ls_state_name() - an interface's operational state as ip-link(8) has it: "UP" */
const char *ls_state_name(uint8_t operstate);

/** ls_lies_on() - whether @link lies on its peer (a macvlan does), rather than ending in it */
bool ls_lies_on(const struct host_link *link);

/** ls_ledger_stats() - its losses and what its filter refused */
struct nsr_stats ls_ledger_stats(const struct nsr_published *page);

#define LS_ADDRESS_TEXT 56

/** ls_address_text() - "10.0.0.1/24" into @text of LS_ADDRESS_TEXT bytes; returns @text */
const char *ls_address_text(const struct host_address *address, char *text);

/** ls_mac_text() - "02:00:00:00:00:01" into @text of 3 bytes for each of the address's, or "" */
const char *ls_mac_text(const struct host_link *link, char *text);

#endif
