/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * JSON objects and lists in the making.
 */
#include "object.h"

#include "output.h"

/* Keeps *@made, or frees it and makes it NULL when jansson's status @rc is a failure. */
static void keep(json_t **made, int rc)
{
	if (!rc)
		return;
	json_decref(*made);
	*made = NULL;
}

void object_set(json_t **object, const char *name, json_t *value)
{
	keep(object, json_object_set_new(*object, name, value));
}

void object_set_number(json_t **object, const char *name, uint64_t number)
{
	object_set(object, name, json_integer((json_int_t)number));
}

void object_set_flag(json_t **object, const char *name, int flag)
{
	object_set(object, name, json_boolean(flag));
}

void object_set_text(json_t **object, const char *name, const char *text)
{
	object_set(object, name, text && *text ? output_text(text) : json_null());
}

void object_append(json_t **list, json_t *value)
{
	keep(list, json_array_append_new(*list, value));
}
