/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The form of an interface: Wireshark draws it, and hands back as options what the user has typed. */
#ifndef NSRING_EXTCAP_FORM_H
#define NSRING_EXTCAP_FORM_H

#include <stddef.h>

#include "extcap.h"

/**
 * struct form_field - a field, and the option that hands it back
 * @name:     of the option, without the dashes
 * @kinds:    the interfaces that have it: enum extcap_kind
 * @offset:   of what is typed in struct capture_form
 * @label:    beside the field
 * @type:     in extcap's words: string, unsigned, fileselect
 * @further:  other properties, as extcap's sentences have them; "": none
 * @help:     shown when the pointer rests there
 */
struct form_field {
	const char *name;
	unsigned int kinds;
	size_t offset;
	const char *label;
	const char *type;
	const char *further;
	const char *help;
};

/** All fields, in the order of the form; ends with a row whose name is NULL. */
extern const struct form_field form_fields[];

/** form_print() - print the sentences of an interface's form */
void form_print(enum extcap_kind kind);

#endif
