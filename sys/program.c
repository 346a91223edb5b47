/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* <link.h> has ElfW() for this, but the name is taken by link.h of this folder. */
#if __SIZEOF_POINTER__ == 8
typedef Elf64_Ehdr elf_header;
typedef Elf64_Phdr elf_part;
#else
typedef Elf32_Ehdr elf_header;
typedef Elf32_Phdr elf_part;
#endif

#define FALLBACK_PATH "/usr/local/bin:/usr/bin:/bin"

static int check_file(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

int nsr_program_find(const char *name, char *path, size_t room)
{
	const char *dir = getenv("PATH"), *end;
	int rc, found = -ENOENT;

	if (strchr(name, '/')) {
		if ((size_t)snprintf(path, room, "%s", name) >= room)
			return -ENAMETOOLONG;
		return check_file(path);
	}
	if (!*name)
		return -ENOENT;
	for (dir = dir ? dir : FALLBACK_PATH;; dir = end + 1) {
		end = strchrnul(dir, ':');
		/* An empty folder is the current one. */
		if ((size_t)snprintf(path, room, "%.*s%s%s", (int)(end - dir), dir,
				     end == dir ? "" : "/", name) < room) {
			rc = check_file(path);
			if (rc == 0)
				return 0;
			if (rc == -EACCES)
				found = rc;
		}
		if (!*end)
			return found;
	}
}

int nsr_program_beside(const char *const *places, size_t count, int mode, char *path)
{
	char self[PATH_MAX], name[2 * PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;
	size_t i;

	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (i = 0; i < count; i++) {
		if (places[i][0] == '/')
			snprintf(name, sizeof(name), "%s", places[i]);
		else
			snprintf(name, sizeof(name), "%s/%s", self, places[i]);
		if ((places[i][0] == '/' || slash) && realpath(name, path) &&
		    access(path, mode) == 0)
			return 0;
	}
	return -ENOENT;
}

/* Of a program of this machine: whether it names a linker. */
static int judge_elf(int fd, const elf_header *header)
{
	elf_part part;
	int i;

	for (i = 0; i < header->e_phnum; i++) {
		off_t at = (off_t)(header->e_phoff + (size_t)i * sizeof(part));

		if (pread(fd, &part, sizeof(part), at) != sizeof(part))
			return -ENOEXEC;
		if (part.p_type == PT_INTERP)
			return NSR_PROGRAM_FREE;
	}
	return NSR_PROGRAM_STATIC;
}

static int judge_file(int fd)
{
	elf_header header, own;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	bool known = self >= 0 && pread(self, &own, sizeof(own), 0) == sizeof(own);

	if (self >= 0)
		close(self);
	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return NSR_PROGRAM_FREE; /* a script */
	if (known &&
	    (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
	     header.e_ident[EI_DATA] != own.e_ident[EI_DATA] || header.e_machine != own.e_machine))
		return NSR_PROGRAM_OTHER;
	if (header.e_phentsize != sizeof(elf_part))
		return -ENOEXEC;
	return judge_elf(fd, &header);
}

/* Whether execve(2) ignores what the file would give: see capabilities(7) and mount(8). */
static bool gives_nothing(int fd)
{
	struct statvfs fs;

	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
	       (fstatvfs(fd, &fs) == 0 && fs.f_flag & ST_NOSUID);
}

int nsr_program_bar(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int rc;

	/* One that may be executed but not read tells nothing. */
	if (fd < 0)
		return errno == EACCES ? NSR_PROGRAM_FREE : -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!gives_nothing(fd) && ((st.st_mode & S_ISUID && st.st_uid != getuid()) ||
					(st.st_mode & S_ISGID && st.st_gid != getgid())))
		rc = NSR_PROGRAM_SETUID;
	/* To root they give nothing that it has not. */
	else if (!gives_nothing(fd) && getuid() != 0 &&
		 fgetxattr(fd, "security.capability", NULL, 0) > 0)
		rc = NSR_PROGRAM_CAPS;
	else
		rc = judge_file(fd);
	close(fd);
	return rc;
}
