/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Program files, before they are executed. */
#ifndef NSR_PROGRAM_H
#define NSR_PROGRAM_H

#include <stddef.h>

/** Why a program can't be given another library by LD_LIBRARY_PATH. */
enum nsr_program_bar {
	NSR_PROGRAM_FREE = 0, /* it can, as far as its file tells; a script's children can, too */
	NSR_PROGRAM_SETUID, /* set-user-ID or set-group-ID: the linker ignores the environment */
	NSR_PROGRAM_CAPS, /* file capabilities: likewise */
	NSR_PROGRAM_STATIC, /* it has no linker */
	NSR_PROGRAM_OTHER, /* of another architecture */
};

/**
 * nsr_program_find() - find a program as execvp(3) does
 * @name: with a '/' a path; else looked for in PATH
 * @path: filled in
 * @room: bytes at @path
 *
 * Return: 0; -ENOENT there is none; -EACCES there is a file that may not be executed; -ENAMETOOLONG.
 */
int nsr_program_find(const char *name, char *path, size_t room);

/**
 * nsr_program_beside() - find a file that was built or installed together with this program
 * @places: paths from the folder of this program, or absolute ones; the first that is there counts
 * @count:  how many
 * @mode:   as access(2) has it: what the caller must be able to do with it
 * @path:   filled in, PATH_MAX bytes
 *
 * Return: 0 or -ENOENT.
 */
int nsr_program_beside(const char *const *places, size_t count, int mode, char *path);

/**
 * nsr_program_bar() - whether a program that the caller executes could be given another library
 * @path: of nsr_program_find()
 *
 * Return: enum nsr_program_bar, or -errno.
 */
int nsr_program_bar(const char *path);

#endif
