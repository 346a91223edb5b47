/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A sink: buffering, writing, and mending a file whose last write failed.
 *
 * The buffer always begins and ends at a record. So after a write that failed half-way the sink
 * only has to walk the records in the buffer to know which of them the kernel took whole.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nsring/engine.h>

/* Holds the largest packet that a capture hands out, and stays in a CPU's second-level cache. */
#define BUFFER_BYTES (512u << 10)

int nsr_sink_open(struct nsr_sink *sink, const char *path, nsr_sink_measure measure,
		  struct nsr_error *err)
{
	int rc;

	*sink = (struct nsr_sink){ .fd = STDOUT_FILENO, .measure = measure };
	sink->buf = malloc(BUFFER_BYTES);
	if (!sink->buf)
		return nsr_error_set(err, -ENOMEM, "%s: out of memory for its buffer", path);
	sink->capacity = BUFFER_BYTES;
	if (strcmp(path, "-") == 0)
		return 0;
	sink->owned = true;
	sink->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (sink->fd < 0) {
		rc = nsr_error_set(err, -errno, "%s: can't open it for writing: %s", path,
				   strerror(errno));
		goto free_buf;
	}
	return 0;

free_buf:
	free(sink->buf);
	sink->buf = NULL;
	return rc;
}

int nsr_sink_grow(struct nsr_sink *sink, size_t bytes, uint8_t **record)
{
	int rc = nsr_sink_flush(sink);
	uint8_t *buf;

	if (rc < 0)
		return rc;
	if (bytes > sink->capacity) {
		buf = realloc(sink->buf, bytes);
		if (!buf)
			return -ENOMEM;
		sink->buf = buf;
		sink->capacity = bytes;
	}
	*record = sink->buf;
	return 0;
}

/*
 * Writes the whole buffer, and waits for a pipe that someone has set non-blocking. Returns 0 or
 * -errno; sets *taken to how much the kernel took.
 */
static int write_buffer(struct nsr_sink *sink, size_t *taken)
{
	struct pollfd writable = { .fd = sink->fd, .events = POLLOUT };
	ssize_t n;

	*taken = 0;
	while (*taken < sink->fill) {
		n = write(sink->fd, sink->buf + *taken, sink->fill - *taken);
		if (n > 0)
			*taken += (size_t)n;
		else if (n == 0)
			return -EIO;
		else if (errno == EAGAIN)
			poll(&writable, 1, -1);
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Bytes of the whole records within the first @taken of the buffer; counts the packets beyond. */
static size_t whole_records(const struct nsr_sink *sink, size_t taken, uint64_t *lost)
{
	size_t whole = 0;
	size_t at = 0;
	bool packet;

	while (at < sink->fill) {
		at += sink->measure(sink->buf + at, sink->written + at, &packet);
		if (at <= taken)
			whole = at;
		else
			*lost += packet;
	}
	return whole;
}

/*
 * Cuts the last @excess bytes off a regular file. A file that does not end where this sink left it
 * has another writer, whose bytes must stay.
 */
static void cut_back(int fd, size_t excess)
{
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	if (excess == 0 || end < (off_t)excess || fstat(fd, &st) < 0)
		return;
	if (!S_ISREG(st.st_mode) || st.st_size != end)
		return;
	if (ftruncate(fd, end - (off_t)excess) == 0)
		lseek(fd, end - (off_t)excess, SEEK_SET);
}

int nsr_sink_flush(struct nsr_sink *sink)
{
	size_t taken, whole;

	if (sink->error || sink->fill == 0)
		return sink->error;
	sink->error = write_buffer(sink, &taken);
	whole = taken;
	if (sink->error) {
		whole = whole_records(sink, taken, &sink->lost);
		cut_back(sink->fd, taken - whole);
	}
	sink->written += whole;
	sink->fill = 0;
	return sink->error;
}

int nsr_sink_close(struct nsr_sink *sink)
{
	nsr_sink_flush(sink);
	if (sink->owned && close(sink->fd) < 0 && !sink->error)
		sink->error = -errno;
	free(sink->buf);
	sink->buf = NULL;
	return sink->error;
}
