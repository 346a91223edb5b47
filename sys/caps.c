/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "caps.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

struct cap_name {
	unsigned int number;
	const char *name; /* without "CAP_" */
};

/* All that any part of nsring uses, in the order in which advice lists them. */
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
		return true; /* can't tell */
	got = fscanf(map, "%u %u %u", &inside, &outside, &count);
	fclose(map);
	return got == 3 && !inside && !outside && count == UINT32_MAX;
}

static bool is_on_nosuid(void)
{
	struct statvfs fs;

	return statvfs("/proc/self/exe", &fs) == 0 && fs.f_flag & ST_NOSUID;
}

void nsr_caps_read(struct nsr_caps *caps)
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
	caps->nosuid = is_on_nosuid();
	caps->root = geteuid() == 0;
	caps->initial = in_initial_user_ns();
}

uint64_t nsr_caps_missing(const struct nsr_caps *caps, uint64_t wanted)
{
	uint64_t has = caps->effective;

	/* As the kernel's bpf_capable() and perfmon_capable() have it. */
	if (has & NSR_CAP_BIT(SYS_ADMIN))
		has |= NSR_CAP_BIT(BPF) | NSR_CAP_BIT(PERFMON);
	return wanted & ~has;
}

const char *nsr_caps_names(uint64_t set, char text[NSR_CAPS_TEXT])
{
	const char *between = "";
	size_t length = 0, i;

	text[0] = '\0';
	for (i = 0; i < NAMES; i++) {
		if (!(set & UINT64_C(1) << names[i].number))
			continue;
		set &= ~(UINT64_C(1) << names[i].number);
		length += (size_t)snprintf(text + length, NSR_CAPS_TEXT - length, "%sCAP_%s",
					   between, names[i].name);
		between = set & (set - 1) ? ", " : " and ";
	}
	return text;
}

/* Writes "cap_net_raw,cap_bpf", as setcap(8) takes it. */
static const char *setcap_list(uint64_t set, char text[NSR_CAPS_TEXT])
{
	size_t length = 0, i;
	char *c;

	text[0] = '\0';
	for (i = 0; i < NAMES; i++) {
		if (set & UINT64_C(1) << names[i].number)
			length += (size_t)snprintf(text + length, NSR_CAPS_TEXT - length,
						   "%scap_%s", length ? "," : "", names[i].name);
	}
	for (c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return text;
}

static int advise_setcap(struct nsr_error *err, int code, const struct nsr_caps *caps,
			 uint64_t wanted, const char *program)
{
	char text[NSR_CAPS_TEXT];
	uint64_t missing = nsr_caps_missing(caps, wanted);

	if (caps->no_new_privs && !caps->root)
		return nsr_error_advise(
			err, code,
			"start it without no_new_privs (docker's no-new-privileges, systemd's "
			"NoNewPrivileges=), and as root or with %s granted",
			nsr_caps_names(missing, text));
	if (caps->nosuid)
		return nsr_error_advise(err, code,
					"run as root: setcap(8) has no effect on a file system "
					"that is mounted nosuid");
	/* setcap(8) replaces the whole set, so the line repeats the capabilities already held. */
	return nsr_error_advise(err, code, "run as root, or: setcap %s+ep %s",
				setcap_list(wanted | caps->permitted, text),
				program ? program : "PROGRAM");
}

int nsr_caps_advise(struct nsr_error *err, int code, const struct nsr_caps *caps, uint64_t wanted,
		    const char *program)
{
	struct nsr_caps now;
	char text[NSR_CAPS_TEXT];
	uint64_t missing;

	if (!caps)
		nsr_caps_read(&now);
	caps = caps ? caps : &now;
	missing = nsr_caps_missing(caps, wanted);
	if (!missing && caps->initial)
		return nsr_error_advise(
			err, code,
			"the capabilities are there: look for a seccomp profile (docker run "
			"--security-opt seccomp=), an LSM, or kernel lockdown");
	if (!missing)
		return nsr_error_advise(err, code,
					"run it outside of this container's user namespace");
	if (missing & ~caps->bounding)
		return nsr_error_advise(
			err, code,
			"have %s left in the bounding set by what starts this (docker run "
			"--cap-add, systemd's CapabilityBoundingSet=)",
			nsr_caps_names(missing & ~caps->bounding, text));
	return advise_setcap(err, code, caps, wanted, program);
}
