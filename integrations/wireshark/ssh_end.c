/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * How a capture on another host has ended. ssh ends with the status of the command there, and with 255 when
 * there was none, which it explains in English whatever the locale.
 */
#include "ssh_end.h"

#include <string.h>

#include "complain.h"
#include "repeat.h"

#define SSH_FAILED	255
#define SHELL_NOT_FOUND 127
#define SHELL_NO_LEAVE	126

/**
 * struct reason - why there was no connection
 * @sign:   in what ssh says
 * @what:   behind the host's name, for people
 */
struct reason {
	const char *sign;
	const char *what;
};

/* clang-format off */
static const struct reason reasons[] = {
	{ "Permission denied", "it does not let you in: give a user and an identity file that it knows, or "
			       "load the key into ssh-agent (nobody is asked for a password)" },
	{ "Host key verification failed", "its key is not known here or has changed: connect once by ssh "
					  "in a terminal" },
	{ "Connection refused", "no ssh server answers at this port: correct the port, or start sshd there" },
	{ "Could not resolve hostname", "there is no host of this name: correct it" },
	{ "timed out", "it does not answer: check its address, and firewalls on the way" },
	{ "No route to host", "no route leads to it: check its address and the network" },
	{ "Network is unreachable", "no route leads to it: check its address and the network" },
};
/* clang-format on */

static void explain_connection(const struct child *child, const char *host, const char *port)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (!strstr(child->said, reasons[i].sign))
			continue;
		complain("%s%s%s: %s", host, port ? " port " : "", port ? port : "",
			 reasons[i].what);
		return;
	}
}

int ssh_end(const struct child *child, const struct capture_form *form)
{
	const char *nsring = form->nsring ? form->nsring : "nsring";

	if (child->stopped || child->status == 0) {
		repeat_notes(child->said);
		return EXTCAP_DONE;
	}
	if (child->status == SSH_FAILED)
		explain_connection(child, form->host, form->port);
	else if (child->status == SHELL_NOT_FOUND)
		complain("%s: there is no program %s: install nsring there, or give its path",
			 form->host, nsring);
	else if (child->status == SHELL_NO_LEAVE)
		complain("%s: %s can't be executed: give the path of nsring there", form->host,
			 nsring);
	repeat(child->said);
	return EXTCAP_FAILED;
}
