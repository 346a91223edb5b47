/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The form of an interface. */
#include "form.h"

#include <stdio.h>

/* clang-format off */
const struct form_field form_fields[] = {
	{ "host", EXTCAP_SSH, offsetof(struct capture_form, host), "Host", "string",
	  "{required=true}{group=Host}", "A name or an address, or a Host of your ssh_config" },
	{ "port", EXTCAP_SSH, offsetof(struct capture_form, port), "Port", "unsigned",
	  "{range=1,65535}{group=Host}", "Of its ssh server; empty: as ssh_config has it, else 22" },
	{ "user", EXTCAP_SSH, offsetof(struct capture_form, user), "User", "string",
	  "{group=Host}", "Empty: as ssh_config has it, else your own name" },
	{ "identity", EXTCAP_SSH, offsetof(struct capture_form, identity), "Identity file", "fileselect",
	  "{mustexist=true}{group=Host}", "The private key; empty: those of ssh_config and ssh-agent" },
	{ "target", EXTCAP_ANY | EXTCAP_SSH, offsetof(struct capture_form, target), "Target", "string",
	  "{required=true}{placeholder=netns:web/eth0}{group=Capture}",
	  "[PLACE/][ENGINE:]DEVICE, such as eth0, netns:web/any or pid:4211/zc:eth0" },
	{ "device", EXTCAP_NETNS, offsetof(struct capture_form, device), "Device", "string",
	  "{default=any}{group=Capture}", "[ENGINE:]DEVICE; any: all interfaces of the namespace" },
	{ "filter", EXTCAP_ANY | EXTCAP_NETNS | EXTCAP_SSH, offsetof(struct capture_form, filter),
	  "Filter", "string", "{placeholder=tcp port 80}{group=Capture}",
	  "Which packets, in the syntax of capture filters; with a capture filter both hold" },
	{ "snaplen", EXTCAP_ANY | EXTCAP_NETNS | EXTCAP_SSH, offsetof(struct capture_form, snaplen),
	  "Snapshot length", "unsigned", "{range=0,262144}{group=Capture}",
	  "Bytes kept of each packet; empty or 0: all" },
	{ "nsring", EXTCAP_SSH, offsetof(struct capture_form, nsring), "nsring there", "string",
	  "{default=nsring}{group=Capture}", "The program on that host; a path if its shell does not find it" },
	{ 0 },
};
/* clang-format on */

void form_print(enum extcap_kind kind)
{
	const struct form_field *field;
	int number = 0;

	for (field = form_fields; field->name; field++) {
		if (field->kinds & kind)
			printf("arg {number=%d}{call=--%s}{display=%s}{type=%s}{tooltip=%s}%s\n",
			       number++, field->name, field->label, field->type, field->help,
			       field->further);
	}
}
