/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The engines: those built in, those that the program registers, and plug-ins, shared objects that
 * the registry loads when a target first names them. Entries are only ever added, so that the ops
 * that a caller got stay valid.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/place.h"
#include "registry.h"

#define ENGINES_MAX  32
#define NAME_MAX_LEN 15

extern const struct nsr_engine_ops nsr_engine_packet, nsr_engine_file, nsr_engine_live,
	nsr_engine_pcap, nsr_engine_ring, nsr_engine_zc;

static const struct nsr_engine_ops *const built_in[] = {
	&nsr_engine_packet, &nsr_engine_ring, &nsr_engine_zc,
	&nsr_engine_live,   &nsr_engine_file, &nsr_engine_pcap,
};

/* For a target that names no engine: the first of these that is usable. */
static const struct nsr_engine_ops *const by_default[] = {
	&nsr_engine_ring,
	&nsr_engine_packet,
};

#define DEFAULTS (sizeof(by_default) / sizeof(by_default[0]))
#define BUILT_IN (sizeof(built_in) / sizeof(built_in[0]))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct nsr_engine_ops added[ENGINES_MAX]; /* under lock */
static unsigned int n_added; /* under lock */

static const struct nsr_engine_ops *lookup(const char *name)
{
	unsigned int i;

	for (i = 0; i < BUILT_IN; i++)
		if (strcmp(built_in[i]->name, name) == 0)
			return built_in[i];
	for (i = 0; i < n_added; i++)
		if (strcmp(added[i].name, name) == 0)
			return &added[i];
	return NULL;
}

bool nsr_registry_has(const char *name)
{
	bool has;

	pthread_mutex_lock(&lock);
	has = lookup(name);
	pthread_mutex_unlock(&lock);
	return has;
}

size_t nsr_registry_name_length(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

static int check_name(const char *name, struct nsr_error *err)
{
	size_t length = name ? nsr_registry_name_length(name) : 0;

	if (length == 0 || name[length] || length > NAME_MAX_LEN)
		return nsr_error_set(err, -EINVAL,
				     "engine \"%s\": a name has 1 to %d of a-z, 0-9 and '_'",
				     name ? name : "", NAME_MAX_LEN);
	if (nsr_place_reserves(name))
		return nsr_error_set(err, -EINVAL, "engine \"%s\": that is a kind of place", name);
	return 0;
}

/* The functions after drain_ms came later within this ABI: an engine may lack them. */
static int check_ops(const struct nsr_engine_ops *ops, struct nsr_error *err)
{
	size_t least = offsetof(struct nsr_engine_ops, drain_ms) + sizeof(ops->drain_ms);

	if (ops->abi != NSR_ENGINE_ABI)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EPROTO,
				      "engine built for plug-in ABI %u, this libnsring (%s) has %u",
				      ops->abi, NSR_VERSION, NSR_ENGINE_ABI),
			"rebuild the engine");
	if (ops->size < least || ops->size > 65536)
		return nsr_error_set(err, -EPROTO,
				     "engine says its ops have %u bytes, ABI %u has at least %zu",
				     ops->size, NSR_ENGINE_ABI, least);
	if (check_name(ops->name, err) < 0)
		return -EINVAL;
	if (!ops->open || !ops->start || !ops->recv || !ops->fd || !ops->info || !ops->interface ||
	    !ops->close || !ops->drain_ms)
		return nsr_error_set(err, -EINVAL, "engine \"%s\" lacks a function", ops->name);
	return 0;
}

static int add(const struct nsr_engine_ops *ops, struct nsr_error *err)
{
	size_t known = ops->size < sizeof(*ops) ? ops->size : sizeof(*ops);

	if (lookup(ops->name))
		return nsr_error_set(err, -EEXIST, "engine \"%s\" is known already", ops->name);
	if (n_added == ENGINES_MAX)
		return nsr_error_set(err, -ENOSPC, "engine \"%s\": there are %d already", ops->name,
				     ENGINES_MAX);
	memcpy(&added[n_added], ops, known);
	n_added++;
	return 0;
}

int nsr_engine_register(const struct nsr_engine_ops *ops, struct nsr_error *err)
{
	int rc = check_ops(ops, err);

	if (rc < 0)
		return rc;
	pthread_mutex_lock(&lock);
	rc = add(ops, err);
	pthread_mutex_unlock(&lock);
	return rc;
}

/* Adds a loaded plug-in. Under lock, as add() is. */
static int add_plugin(const char *name, void *plugin, const char *path, struct nsr_error *err)
{
	const struct nsr_engine_ops *ops = dlsym(plugin, "nsr_engine");
	struct nsr_error why;
	int rc;

	if (!ops)
		return nsr_error_set(err, -EINVAL, "engine \"%s\": %s has no symbol nsr_engine",
				     name, path);
	rc = check_ops(ops, &why);
	if (rc < 0)
		return nsr_error_advise(
			err,
			nsr_error_set(err, rc, "engine \"%s\": %s: %.300s", name, path, why.text),
			"%s", why.advice);
	if (strcmp(ops->name, name) != 0)
		return nsr_error_set(err, -EINVAL, "engine \"%s\": %s holds engine \"%s\"", name,
				     path, ops->name);
	return add(ops, err);
}

static int say_unknown(const char *name, const char *path, struct nsr_error *err)
{
	char names[(NAME_MAX_LEN + 6) * BUILT_IN];
	size_t length = 0;
	unsigned int i;

	for (i = 0; i < BUILT_IN; i++)
		length += (size_t)sprintf(names + length, "%s%s",
					  i == 0	     ? ""
					  : i + 1 < BUILT_IN ? ", "
							     : " and ",
					  built_in[i]->name);
	return nsr_error_set(
		err, -ENOENT,
		"engine \"%s\" is unknown: built in are %s, and there is no plug-in %s", name,
		names, path);
}

/*
 * A program with more privileges than its caller loads plug-ins from the installed directory only:
 * secure_getenv(3) tells it no other.
 */
static int load_plugin(const char *name, struct nsr_error *err)
{
	const char *dir = secure_getenv("NSRING_ENGINE_DIR");
	char path[512];
	void *plugin;
	int rc;

	if (!dir || *dir != '/')
		dir = NSR_ENGINE_DIR;
	if (snprintf(path, sizeof(path), "%s/%s.so", dir, name) >= (int)sizeof(path))
		return nsr_error_set(err, -ENAMETOOLONG, "engine directory %.64s… is too long",
				     dir);
	if (access(path, F_OK) < 0)
		return say_unknown(name, path, err);
	plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!plugin)
		return nsr_error_set(err, -EINVAL, "engine \"%s\" does not load: %s", name,
				     dlerror());
	rc = add_plugin(name, plugin, path, err);
	if (rc < 0)
		dlclose(plugin);
	return rc;
}

const struct nsr_engine_ops *nsr_registry_default(const struct nsr_options *opts,
						  const struct nsr_engine_ops *after)
{
	uint32_t i = 0;

	while (after && by_default[i++] != after)
		;
	for (; i < DEFAULTS; i++)
		if (!by_default[i]->usable || by_default[i]->usable(opts))
			return by_default[i];
	return NULL;
}

const struct nsr_engine_ops *nsr_registry_find(const char *name, struct nsr_error *err)
{
	const struct nsr_engine_ops *ops;

	if (check_name(name, err) < 0)
		return NULL;
	pthread_mutex_lock(&lock);
	ops = lookup(name);
	if (!ops && load_plugin(name, err) == 0)
		ops = lookup(name);
	pthread_mutex_unlock(&lock);
	return ops;
}
