/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/clock.h"
#include "publish.h"

#define EACH_MS 1000

/* Cuts a text off where @size ends. */
static void put_text(char *to, size_t size, const char *text)
{
	strncpy(to, text, size - 1);
	to[size - 1] = '\0';
}

void nsr_publish_open(struct nsr_publisher *publisher, const char *target, const char *engine,
		      uint64_t netns_inode)
{
	int fd = memfd_create(NSR_PUBLISHED_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct nsr_published *page;

	if (fd < 0)
		return;
	/* Others can open it: the seals keep them from shortening it, which would kill us. */
	if (ftruncate(fd, sizeof(*page)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		close(fd);
		return;
	}
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		close(fd);
		return;
	}
	page->netns_inode = netns_inode;
	put_text(page->target, sizeof(page->target), target);
	put_text(page->engine, sizeof(page->engine), engine);
	memcpy(page->magic, NSR_PUBLISHED_MAGIC, sizeof(page->magic));
	publisher->fd = fd;
	publisher->page = page;
}

void nsr_publish_filter(struct nsr_publisher *publisher, const char *filter)
{
	if (publisher->page)
		put_text(publisher->page->filter, sizeof(publisher->page->filter),
			 filter ? filter : "");
}

bool nsr_publish_due(struct nsr_publisher *publisher)
{
	int64_t now = publisher->page ? nsr_clock_coarse_ms() : 0;

	if (now < publisher->next_ms || !publisher->page)
		return false;
	publisher->next_ms = now + EACH_MS;
	return true;
}

/* Readers in other processes see each figure whole, though not all of one moment. */
static void put(uint64_t *to, uint64_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

void nsr_publish_stats(struct nsr_publisher *publisher, const struct nsr_stats *stats)
{
	struct nsr_published *page = publisher->page;

	if (!page)
		return;
	put(&page->packets, stats->packets);
	put(&page->bytes, stats->bytes);
	put(&page->filtered, stats->filtered);
	put(&page->lost_nic, stats->lost_nic);
	put(&page->lost_kernel, stats->lost_kernel);
	put(&page->lost_ring, stats->lost_ring);
	put(&page->lost_consumer, stats->lost_consumer);
	put(&page->at_ns, nsr_clock_boot_ns());
}

void nsr_publish_close(struct nsr_publisher *publisher)
{
	if (!publisher->page)
		return;
	munmap(publisher->page, sizeof(*publisher->page));
	close(publisher->fd);
	publisher->page = NULL;
}
