/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Capabilities: reading, naming, and how to get them. */
#include "caps.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct cap_name {
	unsigned int number;
	const char *name; /* without "CAP_" */
};

/* In the order in which advice lists them. */
static const struct cap_name names[] = {
	{ CAP_NET_RAW, "NET_RAW" },
	{ CAP_NET_ADMIN, "NET_ADMIN" },
	{ CAP_BPF, "BPF" },
	{ CAP_PERFMON, "PERFMON" },
	{ CAP_SYS_ADMIN, "SYS_ADMIN" },
	{ CAP_SYS_PTRACE, "SYS_PTRACE" },
	{ CAP_IPC_LOCK, "IPC_LOCK" },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

/* The initial user namespace's map has one line, which maps all users to themselves. */
static bool in_initial_user_ns(void)
{
	unsigned int inside = 1, outside = 1, count = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");
	int got;

	if (!map)
		return true; /* can't tell; a trial that fails will */
	got = fscanf(map, "%u %u %u", &inside, &outside, &count);
	fclose(map);
	return got == 3 && !inside && !outside && count == UINT32_MAX;
}

static void find_program(struct caps *caps)
{
	ssize_t length = readlink("/proc/self/exe", caps->program, sizeof(caps->program) - 1);

	if (length > 0)
		caps->program[length] = '\0';
	else
		strcpy(caps->program, "nsring");
}

void caps_read(struct caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	uint64_t i;

	memset(caps, 0, sizeof(*caps));
	syscall(SYS_capget, &header, data);
	caps->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	caps->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	for (i = 0; i < 64; i++) {
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			caps->bounding |= UINT64_C(1) << i;
	}
	caps->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	caps->root = geteuid() == 0;
	caps->initial = in_initial_user_ns();
	find_program(caps);
}

uint64_t caps_missing(const struct caps *caps, uint64_t wanted)
{
	uint64_t has = caps->effective;

	/* As the kernel's bpf_capable() and perfmon_capable() have it. */
	if (has & CAP_BIT(SYS_ADMIN))
		has |= CAP_BIT(BPF) | CAP_BIT(PERFMON);
	return wanted & ~has;
}

const char *caps_names(uint64_t set, char text[CAPS_TEXT])
{
	const char *between = "";
	size_t length = 0, i;

	text[0] = '\0';
	for (i = 0; i < NAMES; i++) {
		if (!(set & UINT64_C(1) << names[i].number))
			continue;
		set &= ~(UINT64_C(1) << names[i].number);
		length += (size_t)snprintf(text + length, CAPS_TEXT - length, "%sCAP_%s", between,
					   names[i].name);
		between = set & (set - 1) ? ", " : " and ";
	}
	return text;
}

/* Writes "cap_net_raw,cap_bpf", as setcap(8) takes it. */
static void setcap_list(uint64_t set, char text[CAPS_TEXT])
{
	size_t length = 0, i;
	char *c;

	text[0] = '\0';
	for (i = 0; i < NAMES; i++) {
		if (set & UINT64_C(1) << names[i].number)
			length += (size_t)snprintf(text + length, CAPS_TEXT - length, "%scap_%s",
						   length ? "," : "", names[i].name);
	}
	for (c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
}

void caps_advise(const struct caps *caps, uint64_t wanted, struct finding *finding)
{
	uint64_t missing = caps_missing(caps, wanted);
	char text[CAPS_TEXT];

	if (missing & ~caps->bounding) {
		report_advise(finding,
			      "have %s left in the bounding set by what starts this (docker run "
			      "--cap-add, systemd's CapabilityBoundingSet=)",
			      caps_names(missing & ~caps->bounding, text));
		return;
	}
	if (caps->no_new_privs && !caps->root) {
		report_advise(finding,
			      "start it without no_new_privs (docker's no-new-privileges, "
			      "systemd's NoNewPrivileges=), and as root or with %s granted",
			      caps_names(missing, text));
		return;
	}
	/* setcap(8) replaces the whole set, so the line repeats the capabilities already held. */
	setcap_list(wanted | (caps->permitted & CAPS_ALL), text);
	report_advise(finding, "run as root, or: setcap %s+ep %s", text, caps->program);
}
