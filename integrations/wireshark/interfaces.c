/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which interfaces Wireshark gets. */
#include "interfaces.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/place.h"
#include "text/escape.h"

#define NETNS_DIR "/run/netns"
#define NETNS	  "netns:"

/* Braces end a value of a sentence, and what is not ASCII may be no UTF-8, which GLib refuses. */
static int can_be_told(const struct dirent *entry)
{
	const char *name = entry->d_name;

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	for (; *name; name++) {
		if (!escape_is_plain((unsigned char)*name) || strchr("{}", *name))
			return 0;
	}
	return 1;
}

static int by_bytes(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

/* A file without a namespace on it is left behind by a machine that was switched off. */
static bool is_namespace(const char *interface)
{
	struct nsr_place place;
	int rc = nsr_place_open(interface, &place, NULL);

	if (rc == 0)
		nsr_place_close(&place);
	return rc != -EINVAL && rc != -ENOENT;
}

static void print_namespaces(void)
{
	char interface[sizeof(NETNS) + NAME_MAX];
	struct dirent **entries;
	int count = scandir(NETNS_DIR, &entries, can_be_told, by_bytes);
	int i, told = 0;

	for (i = 0; i < count; i++) {
		snprintf(interface, sizeof(interface), NETNS "%s", entries[i]->d_name);
		if (told < INTERFACES_NETNS_MOST && is_namespace(interface)) {
			printf("interface {value=%s}{display=nsring: namespace %s}\n", interface,
			       entries[i]->d_name);
			told++;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void interfaces_print(void)
{
	printf("extcap {version=%s}\n", NSR_VERSION);
	printf("interface {value=nsring}{display=nsring: any target}\n");
	print_namespaces();
	printf("interface {value=nsring-ssh}{display=nsring: remote host by ssh}\n");
}

/* The file says which it is, for each of its interfaces; extcap wants one beforehand: a user's number. */
void interfaces_print_dlts(void)
{
	printf("dlt {number=147}{name=nsring}{display=As the interfaces have it}\n");
}

enum extcap_kind interfaces_kind(const char *name)
{
	if (!strcmp(name, "nsring"))
		return EXTCAP_ANY;
	if (!strcmp(name, "nsring-ssh"))
		return EXTCAP_SSH;
	if (!strncmp(name, NETNS, strlen(NETNS)) && name[strlen(NETNS)])
		return EXTCAP_NETNS;
	return EXTCAP_NONE;
}
