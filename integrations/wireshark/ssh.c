/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Captures on another host: ssh runs a shell there, which reads its script from standard input.
 *
 * So the login shell, which may be of any kind, gets nothing but the constant words "exec sh -s". In the
 * script, which only a POSIX shell reads, each word of the user's is quoted. The script knows by
 * SSH_CONNECTION which packets are those of the ssh connection itself, and leaves them out: each would
 * otherwise make more of them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/program.h"
#include "text/quote.h"
#include "text/units.h"
#include "capture.h"
#include "child.h"
#include "complain.h"
#include "ssh_end.h"

/* Link-local addresses have a zone behind a '%', which a filter does not take. */
static const char script_form[] =
	"filter=%s\n"
	"set -f\n"
	"set -- $SSH_CONNECTION\n"
	"case $#$1 in\n"
	"4[0-9a-f:]*)\n"
	"	own=\"not (host ${1%%%%%%*} and host ${3%%%%%%*} and tcp port $2 and tcp port $4)\"\n"
	"	filter=\"$own${filter:+ and ($filter)}\"\n"
	"	;;\n"
	"esac\n"
	"exec %s dump -w - -s %s -i %s -- \"$filter\"\n";

/* A word as a shell takes it for one word; to be freed. NULL: memory is short. */
static char *quoted(const char *word)
{
	/* Each quote in it becomes four characters. */
	size_t room = 4 * strlen(word) + 16;
	char *to = malloc(room);

	if (to)
		quote(to, room, word);
	return to;
}

/* The script for the other host, to be freed; NULL: memory is short. */
static char *write_script(const struct capture_form *form, const char *target, const char *filter)
{
	char *words[] = { quoted(filter), quoted(form->nsring ? form->nsring : "nsring"),
			  quoted(form->snaplen ? form->snaplen : "0"), quoted(target) };
	char *script = NULL;
	size_t i;

	if (words[0] && words[1] && words[2] && words[3] &&
	    asprintf(&script, script_form, words[0], words[1], words[2], words[3]) < 0)
		script = NULL;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		free(words[i]);
	return script;
}

/* A file that reads as @text, from its beginning. */
static int file_of(const char *text)
{
	int fd = memfd_create("nsring-extcap", MFD_CLOEXEC);
	ssize_t length = (ssize_t)strlen(text);

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != length || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

/*
 * ssh gives the names of hosts and users to shells when its configuration says so (ProxyCommand, Match exec),
 * and not every release looks at them first.
 */
static int refuse_name(const char *what, const char *name)
{
	static const char bad[] = "'\"`$\\;&<>|(){}*?!~#";
	const char *at;

	if (*name == '-')
		return complain("the %s %s begins with '-': ssh would take it for an option", what,
				name);
	for (at = name; *at; at++) {
		if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr(bad, *at))
			return complain("the %s \"%s\" has a character that names do not have: "
					"type it anew",
					what, name);
	}
	return EXTCAP_DONE;
}

static int refuse_form(const struct capture_form *form)
{
	uint64_t port;

	if (!form->host)
		return complain("no host given: type its name or address into the form (--host)");
	if (refuse_name("host", form->host) || (form->user && refuse_name("user", form->user)))
		return EXTCAP_FAILED;
	if (form->port && !units_parse_range(form->port, 1, UINT16_MAX, &port))
		return complain("the port %s is none: ports are 1 to 65535", form->port);
	if (form->nsring && *form->nsring == '-')
		return complain("the program %s begins with '-': give its path", form->nsring);
	return EXTCAP_DONE;
}

/* A shared connection would go on in the background, and hold what this one was given. */
static void add_arguments(struct child *child, const struct capture_form *form)
{
	static const char *const fixed[] = { "ssh",	      "-T", "-o",
					     "BatchMode=yes", "-o", "ControlMaster=no" };
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		child_add(child, fixed[i]);
	if (form->port) {
		child_add(child, "-p");
		child_add(child, form->port);
	}
	if (form->identity) {
		child_add(child, "-i");
		child_add(child, form->identity);
	}
	if (form->user) {
		child_add(child, "-l");
		child_add(child, form->user);
	}
	child_add(child, "--");
	child_add(child, form->host);
	child_add(child, "exec sh -s");
}

int ssh_capture(const struct capture_form *form, const char *target, const char *filter, int fifo)
{
	char path[PATH_MAX];
	struct child child = { .path = path };
	char *script;
	int status;

	if (refuse_form(form))
		return EXTCAP_FAILED;
	if (nsr_program_find("ssh", path, sizeof(path)) < 0)
		return complain("there is no program ssh here: install openssh-client");
	script = write_script(form, target, filter);
	child.input = script ? file_of(script) : -ENOMEM;
	free(script);
	if (child.input < 0)
		return complain("the script for the other host: %s: end other programs",
				strerror(-child.input));
	add_arguments(&child, form);
	status = child_run(&child, fifo);
	close(child.input);
	return status == EXTCAP_DONE ? ssh_end(&child, form) : status;
}
