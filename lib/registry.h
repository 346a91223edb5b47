/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The engines that nsr_open() knows. Only registry.c names the built-in ones. */
#ifndef NSR_REGISTRY_H
#define NSR_REGISTRY_H

#include <nsring/engine.h>

/**
 * nsr_registry_default() - an engine for a target that names none
 * @opts:  what it must be able to do
 * @after: the one that the caller tried before, NULL at first
 *
 * Return: the next one that says it is usable; NULL: there are no more.
 */
const struct nsr_engine_ops *nsr_registry_default(const struct nsr_options *opts,
						  const struct nsr_engine_ops *after);

/** nsr_registry_name_length() - how many characters @text begins with that a name may have */
size_t nsr_registry_name_length(const char *text);

/** nsr_registry_has() - whether there is an engine of this name, without looking for a plug-in */
bool nsr_registry_has(const char *name);

/**
 * nsr_registry_find() - look an engine up, loading its plug-in if there is one
 * @name: its name
 * @err:  the reason in words; may be NULL
 *
 * Return: the engine, valid until the process ends, or NULL.
 */
const struct nsr_engine_ops *nsr_registry_find(const char *name, struct nsr_error *err);

#endif
