/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "published.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/clock.h"
#include "list.h"

bool published_is(const char *link)
{
	return strcmp(link, "/memfd:" NSR_PUBLISHED_NAME " (deleted)") == 0;
}

/*
 * Any process can make a memfd of that name, so its content is checked and its texts are ended
 * here.
 */
static bool read_page(int fd, struct nsr_published *page, uint64_t *inode)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    pread(fd, page, sizeof(*page), 0) != sizeof(*page) ||
	    memcmp(page->magic, NSR_PUBLISHED_MAGIC, sizeof(page->magic)) != 0)
		return false;
	page->target[sizeof(page->target) - 1] = '\0';
	page->engine[sizeof(page->engine) - 1] = '\0';
	page->filter[sizeof(page->filter) - 1] = '\0';
	*inode = st.st_ino;
	return true;
}

static bool is_known(const struct published *published, uint64_t inode)
{
	uint32_t i;

	for (i = 0; i < published->count; i++)
		if (published->list[i].inode == inode)
			return true;
	return false;
}

static uint64_t age_ms(uint64_t at_ns)
{
	uint64_t now_ns = nsr_clock_boot_ns();

	return now_ns > at_ns ? (now_ns - at_ns) / NSEC_PER_MSEC : 0;
}

int published_add(struct published *published, pid_t pid, int dir, const char *fd)
{
	int page_fd = openat(dir, fd, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct host_ledger found = { .pid = pid }, *ledger;
	bool read;

	if (page_fd < 0)
		return 0;
	read = read_page(page_fd, &found.page, &found.inode);
	close(page_fd);
	if (!read || is_known(published, found.inode))
		return 0;
	found.age_ms = age_ms(found.page.at_ns);
	ledger = host_list_add(&published->list, &published->count, sizeof(*ledger));
	if (!ledger)
		return -ENOMEM;
	*ledger = found;
	return 0;
}

static struct host_ns *find_ns_of(struct host_view *view, const struct host_ledger *ledger)
{
	uint32_t i;

	for (i = 0; i < view->count; i++)
		if (view->list[i].inode == ledger->page.netns_inode)
			return &view->list[i];
	return NULL;
}

int published_share(const struct published *published, struct host_view *view)
{
	struct host_ledger *ledger;
	struct host_ns *ns;
	uint32_t i;

	for (i = 0; i < published->count; i++) {
		ns = find_ns_of(view, &published->list[i]);
		if (!ns)
			continue;
		ledger = host_list_add(&ns->ledgers, &ns->ledger_count, sizeof(*ledger));
		if (!ledger)
			return -ENOMEM;
		*ledger = published->list[i];
	}
	return 0;
}

void published_free(struct published *published)
{
	free(published->list);
	*published = (struct published){ 0 };
}
