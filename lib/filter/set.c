/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"

/** struct program - the text, compiled for a link type; @filter is NULL where that can't be asked */
struct program {
	uint32_t linktype;
	struct nsr_filter *filter;
};

/**
 * struct nsr_filter_set - the programs
 * @text:          tcpdump's syntax; NULL: it was given as a program
 * @programs:      one a link type
 * @program_count: how many
 * @ifaces:        by interface: its program, NULL where there is none
 * @iface_count:   interfaces met
 * @reason:        why the first link type that can't be asked can't
 */
struct nsr_filter_set {
	char *text;
	struct program *programs;
	uint32_t program_count;
	const struct nsr_filter **ifaces;
	uint32_t iface_count;
	struct nsr_error reason;
};

static struct program *find(const struct nsr_filter_set *set, uint32_t linktype)
{
	uint32_t i;

	for (i = 0; i < set->program_count; i++) {
		if (set->programs[i].linktype == linktype)
			return &set->programs[i];
	}
	return NULL;
}

/* Compiles for @linktype, unless that was done. -EINVAL: it can't be asked. */
static int add(struct nsr_filter_set *set, uint32_t linktype)
{
	struct program *programs = find(set, linktype);
	struct nsr_error reason;
	struct nsr_filter *filter;
	int rc;

	if (programs)
		return programs->filter ? 0 : -EINVAL;
	programs = realloc(set->programs, (set->program_count + 1) * sizeof(*programs));
	if (!programs)
		return nsr_error_set(&set->reason, -ENOMEM, "filter: out of memory");
	set->programs = programs;
	filter = NULL;
	rc = set->text ? nsr_filter_compile_saved(set->text, linktype, &filter, &reason)
		       : nsr_error_set(&reason, -EINVAL,
				       "filter: the program is for packets of another link type");
	if (rc < 0 && (!set->reason.code || rc == -ENOMEM))
		set->reason = reason;
	if (rc < 0 && rc != -EINVAL)
		return rc;
	programs[set->program_count++] = (struct program){ linktype, filter };
	return rc;
}

/* Adds link types until one can be asked. -EINVAL: none can. */
static int add_until_one_fits(struct nsr_filter_set *set, const uint32_t *linktypes, uint32_t count)
{
	int rc = -EINVAL;
	uint32_t i;

	for (i = 0; i < count && rc == -EINVAL; i++)
		rc = add(set, linktypes[i]);
	return rc;
}

/*
 * Between them they can be asked all that libpcap knows: Ethernet, 802.11 with radiotap, Linux
 * cooked, raw IP, OpenBSD's pf log, SunATM, SS7's MTP2.
 */
static const uint32_t probes[] = { 1, 127, 276, 101, 117, 123, 140 };

static int check(struct nsr_filter_set *set, const uint32_t *linktypes, uint32_t count, bool more)
{
	int rc = add_until_one_fits(set, linktypes, count);

	if (rc == -EINVAL && (more || !count))
		rc = add_until_one_fits(set, probes, sizeof(probes) / sizeof(probes[0]));
	return rc;
}

int nsr_filter_set_new(const char *text, const uint32_t *linktypes, uint32_t count, bool more,
		       struct nsr_filter_set **set, struct nsr_error *err)
{
	struct nsr_filter_set *made = calloc(1, sizeof(*made));
	int rc;

	*set = NULL;
	if (made)
		made->text = strdup(text);
	if (!made || !made->text) {
		nsr_filter_set_free(made);
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	}
	rc = check(made, linktypes, count, more);
	if (rc < 0) {
		if (err)
			*err = made->reason;
		nsr_filter_set_free(made);
		return rc;
	}
	*set = made;
	return 0;
}

int nsr_filter_set_of(struct nsr_filter *filter, uint32_t linktype, struct nsr_filter_set **set,
		      struct nsr_error *err)
{
	struct nsr_filter_set *made = calloc(1, sizeof(*made));

	*set = NULL;
	if (made)
		made->programs = malloc(sizeof(*made->programs));
	if (!made || !made->programs) {
		nsr_filter_free(filter);
		free(made);
		return nsr_error_set(err, -ENOMEM, "filter: out of memory");
	}
	made->programs[0] = (struct program){ linktype, filter };
	made->program_count = 1;
	*set = made;
	return 0;
}

void nsr_filter_set_free(struct nsr_filter_set *set)
{
	uint32_t i;

	if (!set)
		return;
	for (i = 0; i < set->program_count; i++)
		nsr_filter_free(set->programs[i].filter);
	free(set->programs);
	free(set->ifaces);
	free(set->text);
	free(set);
}

static int learn(struct nsr_filter_set *set, uint32_t iface,
		 uint32_t (*linktype)(void *arg, uint32_t iface), void *arg)
{
	const struct nsr_filter **ifaces;

	ifaces = realloc(set->ifaces, ((size_t)iface + 1) * sizeof(*ifaces));
	if (!ifaces)
		return -ENOMEM;
	set->ifaces = ifaces;
	while (set->iface_count <= iface) {
		uint32_t type = linktype(arg, set->iface_count);

		if (add(set, type) == -ENOMEM)
			return -ENOMEM;
		ifaces[set->iface_count++] = find(set, type)->filter;
	}
	return 0;
}

int nsr_filter_set_match(struct nsr_filter_set *set, const struct nsr_packet *packet,
			 uint32_t (*linktype)(void *arg, uint32_t iface), void *arg)
{
	const struct nsr_filter *filter;
	int rc;

	if (packet->iface >= set->iface_count) {
		rc = learn(set, packet->iface, linktype, arg);
		if (rc < 0)
			return rc;
	}
	filter = set->ifaces[packet->iface];
	if (!filter)
		return -EOPNOTSUPP;
	return nsr_filter_match(filter, packet->data, packet->len, packet->caplen);
}

bool nsr_filter_set_asks(const struct nsr_filter_set *set, uint32_t linktype)
{
	const struct program *program = find(set, linktype);

	return !program || program->filter;
}

bool nsr_filter_set_useless(const struct nsr_filter_set *set, struct nsr_error *err)
{
	uint32_t i;

	for (i = 0; i < set->iface_count; i++) {
		if (set->ifaces[i])
			return false;
	}
	if (!set->iface_count)
		return false;
	*err = set->reason;
	return true;
}
