/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The `file` engine: packets from a capture file, `file:PATH`, or from standard input, `file:-`,
 * which may be a pipe that somebody is still writing to.
 *
 * One buffer holds what has been read, and unpacked where the file is compressed (unpack.h). Packets are views into it; it is filled again, and moved,
 * only once no whole record is left in it, which is the next call of recv at the earliest. What
 * the bytes mean is up to the formats: see file.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/file/savefile_format.h"
#include "file.h"
#include "host_order.h"

/* Large enough that read() is few, small enough for the second-level cache. */
#define BUFFER_BYTES (1u << 20)

/* So that a file without packets in it does not keep the caller from looking at its clock. */
#define READS_PER_RECV 64

/* A path of 4096 bytes would leave no room for the reason. */
#define LABEL_MAX 128

int savefile_damage(struct savefile *file, const uint8_t *at, const char *fmt, ...)
{
	uint64_t offset = file->base + (uint64_t)(at - file->buf);
	char what[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return nsr_error_set(&file->failure, -EBADMSG, "file:%s: offset %" PRIu64 "%s: %s",
			     file->label, offset, file->unpack ? " when unpacked" : "", what);
}

/* Say that @what failed with @code, a negative errno value; nothing more is handed out. */
static int fail(struct savefile *file, int code, const char *what)
{
	return nsr_error_set(&file->failure, code, "file:%s: can't %s: %s", file->label, what,
			     strerror(-code));
}

/* Hand the failure to whoever asks. */
static int tell(const struct savefile *file, struct nsr_error *err)
{
	if (err)
		*err = file->failure;
	return file->failure.code;
}

int savefile_add_iface(struct savefile *file, const struct savefile_iface *iface,
		       const struct savefile_ts *ts, const uint8_t *at)
{
	int rc = savefile_ifaces_add(&file->ifaces, iface, ts);

	if (rc == -ENOSPC)
		return savefile_damage(file, at, "more than %u interfaces", SAVEFILE_IFACES_MAX);
	return rc ? fail(file, rc, "keep another interface") : 0;
}

static const struct savefile_format *format_of(uint32_t magic)
{
	switch (magic) {
	case PCAP_MAGIC_USEC:
	case PCAP_MAGIC_NSEC:
	case PCAP_MAGIC_MODIFIED:
	case __builtin_bswap32(PCAP_MAGIC_USEC):
	case __builtin_bswap32(PCAP_MAGIC_NSEC):
	case __builtin_bswap32(PCAP_MAGIC_MODIFIED):
		return &savefile_pcap;
	case PCAPNG_SHB:
		return &savefile_pcapng;
	default:
		return NULL;
	}
}

static void describe(struct savefile *file)
{
	bool big = file->swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	snprintf(file->mode, sizeof(file->mode), "%s, %s%s%s", file->format->mode(file),
		 big ? "big-endian" : "little-endian", file->unpack ? ", " : "",
		 file->unpack ? unpack_name(file->unpack) : "");
}

int savefile_begin(struct savefile *file)
{
	const uint8_t *at = file->buf + file->start;
	size_t avail = file->end - file->start;
	uint32_t magic;
	size_t bytes;
	int rc;

	file->need = sizeof(magic);
	if (avail < sizeof(magic))
		return SAVEFILE_MORE;
	memcpy(&magic, at, sizeof(magic));
	file->format = format_of(magic);
	if (!file->format)
		return savefile_damage(file, at,
				       "starts with %02x %02x %02x %02x: neither pcap nor pcapng",
				       at[0], at[1], at[2], at[3]);
	rc = file->format->begin(file, at, avail, &bytes);
	if (rc == SAVEFILE_MORE)
		file->need = bytes;
	if (rc != SAVEFILE_SKIP)
		return rc;
	file->start += bytes;
	file->begun = true;
	describe(file);
	return rc;
}

/* Look at the next record in the buffer and move past it, unless it is a packet: *@bytes long. */
static int next_record(struct savefile *file, struct nsr_packet *packet, size_t *bytes)
{
	int rc;

	memset(packet, 0, sizeof(*packet));
	packet->flags = NSR_PKT_UNDIRECTED;
	rc = file->format->record(file, file->buf + file->start, file->end - file->start, packet,
				  bytes);
	if (rc == SAVEFILE_SKIP)
		file->start += *bytes;
	else if (rc == SAVEFILE_MORE)
		file->need = *bytes;
	return rc;
}

static void to_host_order(struct savefile *file, const struct nsr_packet *packet)
{
	uint8_t *data = file->buf + (packet->data - file->buf);

	savefile_to_host_order(file->ifaces.known[packet->iface].iface.linktype, data,
			       packet->caplen);
}

int savefile_take(struct savefile *file, struct nsr_packet *packets, uint32_t max)
{
	uint32_t count = 0;
	size_t bytes;

	while (count < max) {
		struct nsr_packet *packet = &packets[count];
		int rc = next_record(file, packet, &bytes);

		if (rc == SAVEFILE_SKIP)
			continue;
		if (rc != SAVEFILE_PACKET)
			break;
		file->start += bytes;
		if (file->swapped)
			to_host_order(file, packet);
		if (packet->len < packet->caplen)
			packet->len = packet->caplen;
		if (packet->caplen > file->snaplen)
			packet->caplen = file->snaplen;
		count++;
	}
	return count;
}

static int end_here(struct savefile *file)
{
	file->failure.code = -ENODATA;
	return -ENODATA;
}

/* Nothing more will come: is that a good place to end? */
static int end_of_file(struct savefile *file)
{
	const uint8_t *at = file->buf + file->start;
	size_t avail = file->end - file->start;
	const char *what = file->begun ? file->format->record_name : "its header";

	if (avail)
		return savefile_damage(
			file, at, "the file ends in the middle of %s (%zu bytes of %zu or more)",
			what, avail, file->need);
	if (!file->begun)
		return savefile_damage(file, at, "empty file");
	return end_here(file);
}

/* Make room in the buffer for @file->need bytes from @file->start on, and for at least one more. */
static int make_room(struct savefile *file)
{
	size_t bytes = file->buf_bytes;
	uint8_t *buf;

	memmove(file->buf, file->buf + file->start, file->end - file->start);
	file->base += file->start;
	file->end -= file->start;
	file->start = 0;
	if (file->need <= bytes)
		return 0;
	while (bytes < file->need)
		bytes *= 2;
	buf = realloc(file->buf, bytes);
	if (!buf)
		return fail(file, -ENOMEM, "get a buffer");
	file->buf = buf;
	file->buf_bytes = bytes;
	return 0;
}

/* More can be handed out without reading? */
static bool has_pending(const struct savefile *file)
{
	return file->unpack && unpack_pending(file->unpack);
}

/* Something can be read without waiting longer than @wait_ms? 1, 0 or -EINTR. */
static int readable(const struct savefile *file, int wait_ms)
{
	struct pollfd pollfd = { .fd = file->fd, .events = POLLIN };
	int rc;

	if (!file->pollable)
		return 1;
	rc = poll(&pollfd, 1, wait_ms);
	return rc < 0 ? -errno : rc;
}

/* Have read(2) put up to @room bytes to @at. 1 and *@bytes; 0, -EINTR or @file->failure as fill(). */
static int read_some(struct savefile *file, int wait_ms, uint8_t *at, size_t room, size_t *bytes)
{
	ssize_t n;
	int rc = readable(file, wait_ms);

	if (rc <= 0)
		return rc;
	n = read(file->fd, at, room);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -errno;
	if (n < 0)
		return fail(file, -errno, "read");
	*bytes = (size_t)n;
	return 1;
}

/* Say what is wrong with the compressed stream. */
static int fail_unpacking(struct savefile *file, const struct nsr_error *why)
{
	return nsr_error_set(&file->failure, why->code, "file:%s: %.300s", file->label, why->text);
}

/* As fill(), of a compressed file. Reads only what the unpacker is through with. */
static int fill_unpacked(struct savefile *file, int wait_ms)
{
	size_t bytes = file->buf_bytes - file->end, read, room;
	struct nsr_error why;
	uint8_t *at;
	int rc;

	if (!unpack_pending(file->unpack)) {
		at = unpack_room(file->unpack, &room);
		rc = read_some(file, wait_ms, at, room, &read);
		if (rc <= 0)
			return rc;
		if (!read && unpack_end(file->unpack, &why) < 0)
			return fail_unpacking(file, &why);
		if (!read)
			return end_of_file(file);
		unpack_feed(file->unpack, read);
	}
	rc = unpack_step(file->unpack, file->buf + file->end, &bytes, &why);
	if (rc < 0)
		return fail_unpacking(file, &why);
	file->end += bytes;
	return 1;
}

/*
 * Read what there is behind the rest of the buffer, once no whole record is left in it. 1: there
 * is more; 0: not within @wait_ms; -EINTR: a signal came first; else @file->failure.
 */
static int fill(struct savefile *file, int wait_ms)
{
	size_t bytes;
	int rc;

	if (file->stopped && !has_pending(file))
		return end_here(file);
	rc = make_room(file);
	if (rc)
		return rc;
	if (file->unpack)
		return fill_unpacked(file, wait_ms);
	rc = read_some(file, wait_ms, file->buf + file->end, file->buf_bytes - file->end, &bytes);
	if (rc <= 0)
		return rc;
	if (!bytes)
		return end_of_file(file);
	file->end += bytes;
	return 1;
}

/* The file turns out to be compressed: what has been read of it is for the unpacker. */
static int begin_unpacking(struct savefile *file, const struct unpack_format *format)
{
	int rc = unpack_open(format, file->buf + file->start, file->end - file->start,
			     &file->unpack);

	if (rc == -EOPNOTSUPP) {
		nsr_error_set(&file->failure, rc,
			      "file:%s: is compressed by %s, which this build can't read",
			      file->label, unpack_format_name(format));
		return nsr_error_advise(&file->failure, rc, "unpack it into file:-");
	}
	if (rc < 0)
		return fail(file, rc, "unpack");
	file->end = file->start;
	return 0;
}

/* As savefile_begin(), of a file that may be compressed. */
static int begin(struct savefile *file)
{
	const struct unpack_format *format = NULL;
	int rc;

	if (!file->tried && file->end - file->start >= UNPACK_MAGIC_BYTES) {
		file->tried = true;
		format = unpack_format(file->buf + file->start);
	}
	if (format) {
		rc = begin_unpacking(file, format);
		if (rc)
			return rc;
	}
	return savefile_begin(file);
}

/* Wait for the file's header. */
static int read_header(struct savefile *file)
{
	int rc;

	while ((rc = begin(file)) == SAVEFILE_MORE) {
		do {
			rc = fill(file, -1);
		} while (rc == -EAGAIN);
		if (rc == -EINTR)
			return fail(file, rc, "wait for the header");
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : 0;
}

/*
 * Go on to the first interface, so that nsr_info_get() knows its link type, if it is there already.
 * Damage on the way there shows when packets are asked for.
 */
static void look_for_iface(struct savefile *file)
{
	struct nsr_packet packet;
	size_t bytes;
	int reads = 0;

	while (!file->ifaces.count && !file->failure.code) {
		int rc = next_record(file, &packet, &bytes);

		if (rc == SAVEFILE_MORE && (reads++ == READS_PER_RECV || fill(file, 0) <= 0))
			return;
	}
}

/* epoll refuses what is always ready: regular files, directories, block devices. */
static bool can_poll(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	bool can;

	if (epoll < 0)
		return false;
	can = !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	close(epoll);
	return can;
}

static int check_options(struct savefile *file, const struct nsr_options *opts)
{
	const char *what = NULL;

	if (opts->direction != NSR_BOTH)
		what = "a direction";
	else if (opts->fanout != NSR_FANOUT_NONE)
		what = "fanout";
	if (!what)
		return 0;
	nsr_error_set(&file->failure, -EOPNOTSUPP, "file:%s: a capture file can't do %s",
		      file->label, what);
	return nsr_error_advise(&file->failure, -EOPNOTSUPP, "leave it out");
}

static void set_label(struct savefile *file, const char *path)
{
	size_t bytes = strlen(path);

	if (bytes <= LABEL_MAX)
		snprintf(file->label, sizeof(file->label), "%s", path);
	else
		snprintf(file->label, sizeof(file->label), "...%s", path + bytes - LABEL_MAX);
}

static int open_path(struct savefile *file, const char *path)
{
	if (strcmp(path, "-") == 0)
		file->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	else
		file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (file->fd < 0)
		return fail(file, -errno, "open");
	file->pollable = can_poll(file->fd);
	posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

static void file_close(void *priv)
{
	struct savefile *file = priv;

	if (file->fd >= 0)
		close(file->fd);
	savefile_ifaces_free(&file->ifaces);
	savefile_keeper_free(&file->keeper);
	unpack_close(file->unpack);
	free(file->buf);
	free(file);
}

static int file_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	struct savefile *file = calloc(1, sizeof(*file));
	int rc;

	if (!file)
		return nsr_error_set(err, -ENOMEM, "file:%s: out of memory", args->device);
	file->fd = -1;
	savefile_ifaces_init(&file->ifaces);
	set_label(file, args->device);
	file->snaplen = args->opts->snaplen < NSR_SNAPLEN_MAX ? args->opts->snaplen : UINT32_MAX;
	file->buf_bytes = BUFFER_BYTES;
	file->buf = malloc(file->buf_bytes);
	rc = file->buf ? check_options(file, args->opts) : fail(file, -ENOMEM, "get a buffer");
	if (!rc)
		rc = open_path(file, args->device);
	if (!rc)
		rc = read_header(file);
	if (rc) {
		tell(file, err);
		file_close(file);
		return rc;
	}
	look_for_iface(file);
	*priv = file;
	return 0;
}

static int file_start(void *priv, struct nsr_error *err)
{
	return 0;
}

/* The code that recv returns once there is a failure; the end of the file needs no words. */
static int report(const struct savefile *file, struct nsr_error *err)
{
	if (file->failure.code == -ENODATA)
		return -ENODATA;
	return tell(file, err);
}

static int file_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	struct savefile *file = priv;
	int reads, count;

	for (reads = 0; !file->failure.code; reads++) {
		count = savefile_take(file, packets, max);
		if (count)
			return count;
		if (file->failure.code)
			break;
		/* No descriptor turns readable for pending bytes. */
		if ((reads >= READS_PER_RECV && !(file->pollable && has_pending(file))) ||
		    fill(file, 0) != 1)
			return file->failure.code ? report(file, err) : 0;
	}
	return report(file, err);
}

static int file_fd(void *priv)
{
	struct savefile *file = priv;

	return file->pollable ? file->fd : -1;
}

/* Bytes kept of the packets of @iface. */
static uint32_t kept(const struct savefile *file, const struct savefile_iface *iface)
{
	uint32_t limit = iface->snaplen ? iface->snaplen : NSR_SNAPLEN_MAX;

	return limit < file->snaplen ? limit : file->snaplen;
}

static void file_info(void *priv, struct nsr_info *info)
{
	struct savefile *file = priv;
	struct savefile_iface first;

	snprintf(info->mode, sizeof(info->mode), "%s", file->mode);
	info->left_out = file->left_out;
	info->damaged_options = file->damaged_options;
	info->mixed = file->format != &savefile_pcap;
	if (savefile_ifaces_get(&file->ifaces, 0, &first)) {
		info->linktype = first.linktype;
		info->snaplen = kept(file, &first);
	}
}

static int file_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	struct savefile *file = priv;
	struct savefile_iface found;

	if (!savefile_ifaces_get(&file->ifaces, id, &found))
		return -ENOENT;
	memcpy(iface->name, found.name, sizeof(iface->name));
	iface->linktype = found.linktype;
	iface->fcs_bytes = found.fcs_bytes;
	iface->snaplen = kept(file, &found);
	iface->section = found.section;
	iface->options = found.options;
	iface->counts = savefile_ifaces_counts(&file->ifaces, id);
	return 0;
}

static int file_saved(void *priv, uint32_t id, struct nsr_saved *saved)
{
	const struct savefile *file = priv;
	const struct savefile_kept *found = savefile_kept(&file->keeper, id);

	if (!found)
		return -ENOENT;
	saved->type = found->type;
	saved->section = found->section;
	saved->bytes = found->bytes;
	saved->data = found->data;
	return 0;
}

/* Packets that have been read are still handed out. */
static int file_stop(void *priv, struct nsr_error *err)
{
	struct savefile *file = priv;

	file->stopped = true;
	return 0;
}

static uint32_t file_drain_ms(void *priv)
{
	return 0;
}

const struct nsr_engine_ops nsr_engine_file = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(struct nsr_engine_ops),
	.name = "file",
	.flags = NSR_ENGINE_FREE_DEVICE | NSR_ENGINE_NO_PLACE | NSR_ENGINE_OFFLINE,
	.open = file_open,
	.start = file_start,
	.recv = file_recv,
	.fd = file_fd,
	.stop = file_stop,
	.info = file_info,
	.interface = file_interface,
	.close = file_close,
	.drain_ms = file_drain_ms,
	.saved = file_saved,
};
