/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Finding the installed libpcap, and calling it.
 *
 * It has the same soname as the drop-in, by which the program was given the drop-in. So it is loaded by
 * its path. RTLD_DEEPBIND has its calls to its own functions stay within it, though the drop-in's functions
 * of the same names come first in the process.
 */
#include "real.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pointer to each: at first to first_NAME(), as others' constructors may call before that of this library. */
struct real {
#define MEMBER(result, name, parameters, arguments) result(*name) parameters;
	REAL_HANDED_ON(MEMBER) REAL_JUDGED(MEMBER)
#undef MEMBER
};

static struct real real;

static void begin(void);

#define FIRST(result, name, parameters, arguments)                                                 \
	static result first_##name parameters                                                      \
	{                                                                                          \
		begin();                                                                           \
		return real.name arguments;                                                        \
	}
REAL_HANDED_ON(FIRST)
REAL_JUDGED(FIRST)
#undef FIRST

static struct real real = {
#define MEMBER(result, name, parameters, arguments) .name = first_##name,
	REAL_HANDED_ON(MEMBER) REAL_JUDGED(MEMBER)
#undef MEMBER
};

#define CALL(result, name, parameters, arguments)                                                  \
	result real_##name parameters                                                              \
	{                                                                                          \
		return real.name arguments;                                                        \
	}
REAL_HANDED_ON(CALL)
REAL_JUDGED(CALL)
#undef CALL

#define EXPORT(result, name, parameters, arguments)                                                \
	__attribute__((visibility("default"))) result name parameters                              \
	{                                                                                          \
		return real.name arguments;                                                        \
	}
REAL_HANDED_ON(EXPORT)
#undef EXPORT

/* Data that libpcap exports, for programs that were linked to it: filled in from there. */
__attribute__((visibility("default"))) char pcap_version[7];
__attribute__((visibility("default"))) char eproto_db[208] __attribute__((aligned(16)));

static const struct {
	const char *name;
	void *function;
} functions[] = {
#define NAME(result, name, parameters, arguments) { #name, &real.name },
	REAL_HANDED_ON(NAME) REAL_JUDGED(NAME)
#undef NAME
};

/* Where it may be: where it was when this was built, then where systems have it. */
static const char *const folders[] = { REAL_LIBDIR, "/usr/lib64", "/usr/lib",
				       "/lib64",    "/lib",	  "/usr/local/lib" };

static bool is_this(const char *path)
{
	struct stat found, own;
	Dl_info info;

	return dladdr(&real, &info) && stat(path, &found) == 0 && stat(info.dli_fname, &own) == 0 &&
	       found.st_dev == own.st_dev && found.st_ino == own.st_ino;
}

static void *load(const char *path)
{
	void *library;

	if (is_this(path))
		return NULL;
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	/* Another copy of the drop-in would look for the real one for ever. */
	if (library && dlsym(library, REAL_MARK)) {
		dlclose(library);
		return NULL;
	}
	return library;
}

static void *find(void)
{
	const char *path = secure_getenv("NSRING_LIBPCAP");
	char name[4096];
	void *library;
	size_t i;

	if (path)
		return load(path);
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(name, sizeof(name), "%s/" REAL_SONAME, folders[i]);
		library = load(name);
		if (library)
			return library;
	}
	return NULL;
}

static void copy(void *library, const char *name, void *to, size_t room)
{
	const void *from = dlsym(library, name);
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (from && dladdr1(from, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol)
		memcpy(to, from, symbol->st_size < room ? symbol->st_size : room);
}

/* A program that was started with a library missing ends, too: with the linker's status. */
__attribute__((noreturn)) static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "nsring: libpcap %s (%s): install libpcap0.8, or set NSRING_LIBPCAP\n",
		what, why);
	_exit(127);
}

__attribute__((constructor)) static void begin(void)
{
	static bool begun;
	void *library, *function;
	const char *why;
	size_t i;

	if (begun)
		return;
	begun = true;
	library = find();
	why = library ? NULL : dlerror();
	if (!library)
		give_up("can't be found", why ? why : REAL_LIBDIR);
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		function = dlsym(library, functions[i].name);
		if (!function)
			give_up("lacks a function", functions[i].name);
		memcpy(functions[i].function, &function, sizeof(function));
	}
	copy(library, "pcap_version", pcap_version, sizeof(pcap_version));
	copy(library, "eproto_db", eproto_db, sizeof(eproto_db));
}
