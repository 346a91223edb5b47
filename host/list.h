/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Arrays that grow. */
#ifndef NSRING_HOST_LIST_H
#define NSRING_HOST_LIST_H

#include <stddef.h>
#include <stdint.h>

/**
 * host_list_add() - append a zeroed element
 * @list:  address of the pointer to the first element; the array may move
 * @count: elements, incremented
 * @size:  bytes of an element
 *
 * The capacity is always the next power of two, so @count alone tells when the array is full.
 *
 * Return: the element, valid until the next one is added; NULL when memory is short.
 */
void *host_list_add(void *list, uint32_t *count, size_t size);

#endif
