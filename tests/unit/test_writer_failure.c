/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Writing that fails: full disks, closed pipes, size limits. The file must hold whole packets up
 * to there, and the others must be counted.
 */
#include "writer_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GIVEN 400

static void set_size_limit(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int lift_size_limit(void **state)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	return fixture_teardown(state);
}

/* Give GIVEN packets to a file that can't grow beyond @limit; each is in the file or lost. */
static void write_to_limit(const char *path, uint32_t format, rlim_t limit)
{
	struct nsr_writer *writer = begin(path, format);
	uint32_t id = add_interface(writer, "eth0", 1);
	uint64_t lost, bytes;
	struct stat st;
	uint32_t i;

	assert_int_equal(nsr_writer_flush(writer), 0);
	set_size_limit(limit);
	for (i = 0; i < GIVEN; i++)
		assert_int_equal(put_packet(writer, id, i), 0);
	assert_int_equal(nsr_writer_flush(writer), -EFBIG);
	assert_int_equal(put_packet(writer, id, i), -EFBIG);
	lost = nsr_writer_lost(writer);
	bytes = nsr_writer_bytes(writer);
	assert_int_equal(nsr_writer_close(writer), -EFBIG);
	set_size_limit(RLIM_INFINITY);
	assert_true(lost > 1 && lost < GIVEN);
	assert_int_equal(read_with_libpcap(path), GIVEN + 1 - lost);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, bytes);
}

static void pcapng_cut_at_any_byte_holds_whole_blocks(void **state)
{
	struct fixture *f = *state;
	rlim_t limit;

	for (limit = 4000; limit < 4200; limit++)
		write_to_limit(f->path, NSR_WRITER_PCAPNG, limit);
}

static void pcap_cut_at_any_byte_holds_whole_records(void **state)
{
	struct fixture *f = *state;
	rlim_t limit;

	for (limit = 4000; limit < 4200; limit++)
		write_to_limit(f->path, NSR_WRITER_PCAP, limit);
}

static void capinfos_reads_a_cut_file_without_complaint(void **state)
{
	struct fixture *f = *state;
	char seen[256];

	write_to_limit(f->path, NSR_WRITER_PCAPNG, 5001);
	output_of(seen, sizeof(seen), "capinfos %s 2>&1 | grep -ci 'cut short\\|damaged' | cat",
		  f->path);
	assert_string_equal(seen, "0\n");
}

static void header_that_does_not_fit_leaves_no_file(void **state)
{
	struct fixture *f = *state;
	struct nsr_writer *writer;
	struct nsr_error err;

	set_size_limit(10);
	assert_int_equal(nsr_writer_open(f->path, NULL, &writer, &err), -EFBIG);
	assert_null(writer);
	assert_non_null(strstr(err.text, f->path));
	assert_int_equal(access(f->path, F_OK), -1);
}

static void pcap_header_that_does_not_fit_leaves_an_empty_file(void **state)
{
	struct fixture *f = *state;
	const struct nsr_writer_interface iface = { .size = sizeof(iface), .linktype = 1 };
	struct nsr_writer *writer = begin(f->path, NSR_WRITER_PCAP);
	struct stat st;

	set_size_limit(10);
	assert_int_equal(nsr_writer_put_interface(writer, &iface), -EFBIG);
	assert_int_equal(nsr_writer_lost(writer), 0);
	assert_int_equal(nsr_writer_close(writer), -EFBIG);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, 0);
}

static void output_appended_to_a_file_keeps_what_stood_before(void **state)
{
	struct fixture *f = *state;
	int saved = dup(STDOUT_FILENO);
	int fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	struct nsr_writer *writer;
	struct stat st;
	uint64_t bytes;

	assert_int_equal(write(fd, "before", 6), 6);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	close(fd);
	writer = begin("-", NSR_WRITER_PCAPNG);
	add_interface(writer, "eth0", 1);
	put_packets(writer, 0, 0, 100);
	set_size_limit(1001);
	nsr_writer_flush(writer);
	bytes = nsr_writer_bytes(writer);
	assert_int_equal(nsr_writer_close(writer), -EFBIG);
	set_size_limit(RLIM_INFINITY);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, 6 + bytes);
	assert_true(bytes > 900 && bytes < 1001);
}

static void full_device_is_enospc_when_opened(void **state)
{
	struct nsr_writer *writer;

	assert_int_equal(nsr_writer_open("/dev/full", NULL, &writer, NULL), -ENOSPC);
	assert_int_equal(access("/dev/full", F_OK), 0);
}

static void null_device_takes_everything(void **state)
{
	struct nsr_writer *writer = begin("/dev/null", NSR_WRITER_PCAPNG);

	put_packets(writer, add_interface(writer, "eth0", 1), 0, 20000);
	assert_int_equal(nsr_writer_lost(writer), 0);
	assert_int_equal(nsr_writer_close(writer), 0);
}

static void closed_pipe_is_epipe_and_counts_what_was_buffered(void **state)
{
	struct fixture *f = *state;
	struct nsr_writer *writer;
	int reader;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	reader = open(f->path, O_RDONLY | O_NONBLOCK);
	writer = begin(f->path, NSR_WRITER_PCAPNG);
	put_packets(writer, add_interface(writer, "eth0", 1), 0, 5);
	close(reader);
	assert_int_equal(nsr_writer_flush(writer), -EPIPE);
	assert_int_equal(put_packet(writer, 0, 5), -EPIPE);
	assert_int_equal(nsr_writer_lost(writer), 6);
	assert_int_equal(nsr_writer_close(writer), -EPIPE);
}

static void missing_folder_is_enoent_and_named(void **state)
{
	struct nsr_writer *writer;
	struct nsr_error err;

	assert_int_equal(nsr_writer_open("/nonexistent/x.pcapng", NULL, &writer, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/x.pcapng"));
}

/* In a mount namespace of its own: 0 when the facts hold, else the line of the one that doesn't. */
#define CHECK(fact)                                                                                \
	do {                                                                                       \
		if (!(fact))                                                                       \
			_exit(__LINE__ & 0xff);                                                    \
	} while (0)

static void fill_tmpfs(const struct fixture *f)
{
	struct nsr_writer *writer;
	uint32_t id, given;
	uint64_t lost;
	struct stat st;
	int rc = 0;

	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("nsring", f->folder, "tmpfs", 0, "size=64k") == 0);
	writer = begin(f->path, NSR_WRITER_PCAPNG);
	id = add_interface(writer, "eth0", 1);
	for (given = 0; given < 20000; given++)
		rc = put_packet(writer, id, given);
	CHECK(rc == -ENOSPC);
	lost = nsr_writer_lost(writer);
	CHECK(stat(f->path, &st) == 0);
	CHECK((uint64_t)st.st_size == nsr_writer_bytes(writer));
	CHECK(nsr_writer_close(writer) == -ENOSPC);
	CHECK(read_with_libpcap(f->path) == given - lost);
	_exit(0);
}

static void full_disk_leaves_whole_blocks(void **state)
{
	int status;
	pid_t child;

	if (geteuid() != 0) {
		print_message("mounting a small tmpfs needs root\n");
		skip();
	}
	child = fork();
	if (child == 0)
		fill_tmpfs(*state);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, fixture_setup, lift_size_limit)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(pcapng_cut_at_any_byte_holds_whole_blocks),
		FACT(pcap_cut_at_any_byte_holds_whole_records),
		FACT(capinfos_reads_a_cut_file_without_complaint),
		FACT(header_that_does_not_fit_leaves_no_file),
		FACT(pcap_header_that_does_not_fit_leaves_an_empty_file),
		FACT(output_appended_to_a_file_keeps_what_stood_before),
		FACT(full_device_is_enospc_when_opened),
		FACT(null_device_takes_everything),
		FACT(closed_pipe_is_epipe_and_counts_what_was_buffered),
		FACT(missing_folder_is_enoent_and_named),
		FACT(full_disk_leaves_whole_blocks),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
