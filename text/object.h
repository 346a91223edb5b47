/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * JSON objects and lists in the making. Memory may be short at any step, and half an object would
 * look like a whole one: from the first step that fails on there is none, NULL, and later steps do
 * nothing. So a maker sets its fields and looks once, or leaves that to output_json().
 *
 *	json_t *object = json_object();
 *
 *	object_set(&object, "name", output_text(name));
 *	object_set_number(&object, "packets", packets);
 *	return object;
 */
#ifndef NSRING_OBJECT_H
#define NSRING_OBJECT_H

#include <stdint.h>

#include <jansson.h>

/**
 * object_set() - give an object one more field
 * @object: the maker's; becomes NULL, and what it was is freed, when memory is short
 * @name:   of the field
 * @value:  taken over, in any case; NULL: memory was short when it was made
 */
void object_set(json_t **object, const char *name, json_t *value);

/** object_set_number() - likewise, an integer; beyond 63 bits it becomes negative */
void object_set_number(json_t **object, const char *name, uint64_t number);

/** object_set_flag() - likewise, true or false */
void object_set_flag(json_t **object, const char *name, int flag);

/** object_set_text() - likewise, foreign text as output_text() makes it; null for NULL and "" */
void object_set_text(json_t **object, const char *name, const char *text);

/** object_append() - give a list one more value, as object_set() gives fields */
void object_append(json_t **list, json_t *value);

#endif
