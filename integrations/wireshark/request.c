/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The arguments of nsring-extcap: extcap's own, and one for each field of the forms. */
#include "request.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "complain.h"
#include "form.h"

#define FIELDS_MOST 16

/* getopt's values: a question, or the place of a string in struct request behind these bases. */
#define QUESTION 0x100
#define STRING	 0x200
#define FIELD	 0x300
#define IGNORED	 0x400

/* clang-format off */
static const struct option protocol[] = {
	{ "extcap-interfaces", no_argument, NULL, QUESTION + EXTCAP_INTERFACES },
	{ "extcap-dlts", no_argument, NULL, QUESTION + EXTCAP_DLTS },
	{ "extcap-config", no_argument, NULL, QUESTION + EXTCAP_CONFIG },
	{ "capture", no_argument, NULL, QUESTION + EXTCAP_CAPTURE },
	{ "extcap-cleanup-postkill", no_argument, NULL, QUESTION + EXTCAP_CLEANUP },
	{ "help", no_argument, NULL, QUESTION + EXTCAP_HELP },
	{ "version", no_argument, NULL, QUESTION + EXTCAP_VERSION },
	{ "extcap-interface", required_argument, NULL, STRING + offsetof(struct request, interface) },
	{ "fifo", required_argument, NULL, STRING + offsetof(struct request, fifo) },
	{ "extcap-capture-filter", required_argument, NULL, STRING + offsetof(struct request, filter) },
	{ "extcap-version", optional_argument, NULL, IGNORED },
};
/* clang-format on */

#define PROTOCOL (sizeof(protocol) / sizeof(protocol[0]))

static void make_table(struct option table[PROTOCOL + FIELDS_MOST + 1])
{
	size_t i;

	memset(table, 0, (PROTOCOL + FIELDS_MOST + 1) * sizeof(*table));
	memcpy(table, protocol, sizeof(protocol));
	for (i = 0; i < FIELDS_MOST && form_fields[i].name; i++)
		table[PROTOCOL + i] = (struct option){ .name = form_fields[i].name,
						       .has_arg = required_argument,
						       .val = (int)(FIELD + i) };
}

/* An empty field is one that nobody has filled in. */
static void set(void *in, size_t offset, const char *value)
{
	memcpy((char *)in + offset, &(const char *){ *value ? value : NULL }, sizeof(value));
}

static void store(struct request *request, int value)
{
	if (value >= IGNORED)
		return;
	if (value >= FIELD)
		set(&request->form, form_fields[value - FIELD].offset, optarg);
	else if (value >= STRING)
		set(request, (size_t)(value - STRING), optarg);
	else
		request->question = (enum extcap_question)(value - QUESTION);
}

int request_parse(int argc, char **argv, struct request *request)
{
	struct option table[PROTOCOL + FIELDS_MOST + 1];
	int value;

	*request = (struct request){ .question = EXTCAP_NOTHING };
	make_table(table);
	opterr = 0;
	while ((value = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		if (value == ':')
			return complain_usage("%s needs an argument", argv[optind - 1]);
		if (value == '?')
			return complain_usage("unknown or ambiguous option %s", argv[optind - 1]);
		store(request, value);
	}
	if (optind < argc)
		return complain_usage("%s is no option", argv[optind]);
	return EXTCAP_DONE;
}

void request_help(void)
{
	const struct form_field *field;

	printf("usage: nsring-extcap --extcap-interfaces\n"
	       "       nsring-extcap --extcap-interface INTERFACE --extcap-config | --extcap-dlts\n"
	       "       nsring-extcap --extcap-interface INTERFACE --extcap-capture-filter FILTER\n"
	       "       nsring-extcap --extcap-interface INTERFACE --capture --fifo FIFO\n"
	       "                     [--extcap-capture-filter FILTER] [options]\n\n"
	       "Wireshark runs it, as extcap(4) has it. The options are the fields of its form:\n\n");
	for (field = form_fields; field->name; field++)
		printf("  --%-10s %s\n", field->name, field->help);
}
