/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * A sink: the file behind a writer. It gathers whole records in a buffer, hands them to the kernel
 * together, and takes back a record that a failed write cut short.
 */
#ifndef NSR_SINK_H
#define NSR_SINK_H

#include <nsring/nsring.h>

/**
 * typedef nsr_sink_measure - size a record that was put into the sink
 * @record: its first byte
 * @offset: bytes of the file before it
 * @packet: set to whether it holds a packet
 *
 * Return: its bytes.
 */
typedef size_t (*nsr_sink_measure)(const uint8_t *record, uint64_t offset, bool *packet);

/**
 * struct nsr_sink - where records go
 * @fd:       open for writing
 * @owned:    @fd is closed with the sink
 * @measure:  how to find the records in @buf
 * @buf:      whole records that the kernel does not have yet
 * @capacity: of @buf, bytes
 * @fill:     used of @buf, bytes
 * @written:  bytes of whole records that the kernel has
 * @lost:     packets that were in @buf when @error came and are not in the file
 * @error:    first error, negative errno; nothing is written after it
 */
struct nsr_sink {
	int fd;
	bool owned;
	nsr_sink_measure measure;
	uint8_t *buf;
	size_t capacity;
	size_t fill;
	uint64_t written;
	uint64_t lost;
	int error;
};

/**
 * nsr_sink_open() - open or replace a file
 * @sink:    filled in; close it with nsr_sink_close()
 * @path:    "-" for standard output
 * @measure: sizes the records
 * @err:     the reason in words; may be NULL
 *
 * Return: 0; -errno of open(2); -ENOMEM.
 */
int nsr_sink_open(struct nsr_sink *sink, const char *path, nsr_sink_measure measure,
		  struct nsr_error *err);

/**
 * nsr_sink_grow() - make room for a record; the slow path of nsr_sink_reserve()
 *
 * Return: as nsr_sink_reserve().
 */
int nsr_sink_grow(struct nsr_sink *sink, size_t bytes, uint8_t **record);

/**
 * nsr_sink_reserve() - get room for one record
 * @sink:   open
 * @bytes:  the most that the record may take
 * @record: set to where it goes; valid until the next call. It counts once nsr_sink_commit() is
 *          called.
 *
 * Return: 0; -ENOMEM; or the first error of write(2).
 */
static inline int nsr_sink_reserve(struct nsr_sink *sink, size_t bytes, uint8_t **record)
{
	if (sink->error || bytes > sink->capacity - sink->fill)
		return nsr_sink_grow(sink, bytes, record);
	*record = sink->buf + sink->fill;
	return 0;
}

/** nsr_sink_commit() - add the reserved record, @bytes long in the end */
static inline void nsr_sink_commit(struct nsr_sink *sink, size_t bytes)
{
	sink->fill += bytes;
}

/**
 * nsr_sink_flush() - hand the buffer to the kernel
 * @sink: open
 *
 * Return: 0 or the first error of write(2).
 */
int nsr_sink_flush(struct nsr_sink *sink);

/**
 * nsr_sink_close() - flush, close and free
 * @sink: opened
 *
 * Return: 0 or the first error that it met.
 */
int nsr_sink_close(struct nsr_sink *sink);

#endif
