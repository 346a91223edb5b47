/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * JSON objects and lists in the making. Memory may run short at any step, and half an object would
 * look like a whole one. So the first step that fails frees the object and makes it NULL, and later
 * steps do nothing. The caller sets all fields and checks once, or leaves that to output_json().
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
 * @object: the caller's; freed and set to NULL when memory is short
 * @name:   of the field
 * @value:  always taken over; NULL when memory was short as it was made
 */
void object_set(json_t **object, const char *name, json_t *value);

/** object_set_number() - set a field to an integer; beyond 63 bits it becomes negative */
void object_set_number(json_t **object, const char *name, uint64_t number);

/** object_set_flag() - set a field to true or false */
void object_set_flag(json_t **object, const char *name, int flag);

/** object_set_text() - set a field to foreign text, by output_text(); to null for NULL and "" */
void object_set_text(json_t **object, const char *name, const char *text);

/** object_append() - give a list one more value, as object_set() gives fields */
void object_append(json_t **list, json_t *value);

#endif
