/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The `file` engine: pipes, standard input, waiting. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engines/file/file.h"
#include "lib/file/savefile_format.h"
#include "file_bytes.h"

/* A test that would wait for ever is killed. */
#define LIMIT_S 20

/** struct live - a pipe with the engine at its end */
struct live {
	int writer;
	int reader;
	void *priv;
	struct nsr_packet packets[8];
	struct nsr_error err;
};

static void live_open(struct live *live, const struct bytes *start)
{
	char path[32];
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	live->reader = fds[0];
	live->writer = fds[1];
	assert_int_equal(write(live->writer, start->data, start->len), start->len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", live->reader);
	assert_int_equal(open_path(path, &live->priv, &live->err), 0);
}

static int live_recv(struct live *live)
{
	return nsr_engine_file.recv(live->priv, live->packets, 8, &live->err);
}

static void live_close(struct live *live)
{
	nsr_engine_file.close(live->priv);
	close(live->reader);
	if (live->writer >= 0)
		close(live->writer);
}

static void live_hang_up(struct live *live)
{
	close(live->writer);
	live->writer = -1;
}

static void recv_on_an_idle_pipe_returns_0_at_once(void **state)
{
	struct bytes file = { 0 };
	struct live live;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	live_open(&live, &file);
	assert_int_equal(live_recv(&live), 0);
	assert_int_equal(live_recv(&live), 0);
	live_close(&live);
	bytes_free(&file);
}

/* Write @from to the pipe byte by byte until a packet comes, which must be with the last one. */
static void drip(struct live *live, struct bytes *from)
{
	size_t i;

	for (i = 0; i < from->len; i++) {
		assert_int_equal(live_recv(live), 0);
		assert_int_equal(write(live->writer, from->data + i, 1), 1);
	}
	assert_int_equal(live_recv(live), 1);
	from->len = 0;
}

static void packet_comes_with_its_last_byte(void **state)
{
	struct bytes file = { 0 };
	struct live live;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	live_open(&live, &file);
	file.len = 0;
	pcap_packet(&file, 1, 2, "a packet", 8);
	drip(&live, &file);
	assert_memory_equal(live.packets[0].data, "a packet", 8);
	assert_int_equal(live_recv(&live), 0);
	live_close(&live);
	bytes_free(&file);
}

static void pcapng_byte_by_byte_gives_the_same_packets(void **state)
{
	struct bytes file = { 0 };
	struct live live;

	section(&file);
	live_open(&live, &file);
	file.len = 0;
	interface(&file, RAW_IP);
	packet(&file, 0, 7, "one", 3);
	drip(&live, &file);
	assert_memory_equal(live.packets[0].data, "one", 3);
	file.big = true;
	section(&file);
	interface(&file, ETHERNET);
	packet(&file, 0, 8, "three", 5);
	drip(&live, &file);
	assert_memory_equal(live.packets[0].data, "three", 5);
	assert_int_equal(live.packets[0].iface, 1);
	live_hang_up(&live);
	assert_int_equal(live_recv(&live), -ENODATA);
	live_close(&live);
	bytes_free(&file);
}

static void pipe_closed_between_packets_is_the_end(void **state)
{
	struct bytes file = { 0 };
	struct live live;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	pcap_packet(&file, 1, 2, "a packet", 8);
	live_open(&live, &file);
	live_hang_up(&live);
	assert_int_equal(live_recv(&live), 1);
	assert_int_equal(live_recv(&live), -ENODATA);
	assert_int_equal(live_recv(&live), -ENODATA);
	live_close(&live);
	bytes_free(&file);
}

static void pipe_closed_within_a_packet_is_damage(void **state)
{
	struct bytes file = { 0 };
	struct live live;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	pcap_packet(&file, 1, 2, "a packet", 8);
	file.len--;
	live_open(&live, &file);
	assert_int_equal(live_recv(&live), 0);
	live_hang_up(&live);
	assert_int_equal(live_recv(&live), -EBADMSG);
	assert_non_null(
		strstr(live.err.text, "offset 24: the file ends in the middle of a packet"));
	live_close(&live);
	bytes_free(&file);
}

static void stop_leaves_only_what_was_read_before(void **state)
{
	struct bytes file = { 0 };
	struct live live;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	pcap_packet(&file, 1, 2, "a packet", 8);
	pcap_packet(&file, 1, 2, "half of one", 11);
	file.len -= 5;
	live_open(&live, &file);
	assert_int_equal(nsr_engine_file.stop(live.priv, &live.err), 0);
	assert_int_equal(write(live.writer, "fone.", 5), 5);
	assert_int_equal(live_recv(&live), 1);
	assert_int_equal(live_recv(&live), -ENODATA);
	assert_int_equal(live_recv(&live), -ENODATA);
	live_close(&live);
	bytes_free(&file);
}

static void descriptor_of_a_pipe_polls_readable_when_a_packet_comes(void **state)
{
	struct bytes file = { 0 };
	struct pollfd pollfd = { .events = POLLIN };
	struct live live;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	live_open(&live, &file);
	pollfd.fd = nsr_engine_file.fd(live.priv);
	assert_true(pollfd.fd >= 0);
	assert_int_equal(poll(&pollfd, 1, 0), 0);
	assert_int_equal(write(live.writer, "x", 1), 1);
	assert_int_equal(poll(&pollfd, 1, 0), 1);
	live_close(&live);
	bytes_free(&file);
}

static void regular_file_always_has_something(void **state)
{
	struct bytes file = { 0 };
	struct nsr_error err;
	void *priv;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	assert_int_equal(open_bytes(&file, &priv, &err), 0);
	assert_int_equal(nsr_engine_file.fd(priv), -1);
	nsr_engine_file.close(priv);
	bytes_free(&file);
}

static void open_waits_for_the_header_of_a_pipe(void **state)
{
	struct bytes file = { 0 };
	struct nsr_error err;
	char path[32];
	void *priv;
	int fds[2];
	size_t i;
	pid_t pid;

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		for (i = 0; i < file.len; i++) {
			usleep(2000);
			if (write(fds[1], file.data + i, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(open_path(path, &priv, &err), 0);
	nsr_engine_file.close(priv);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
	close(fds[1]);
	bytes_free(&file);
}

static void open_of_pcapng_does_not_wait_for_an_interface(void **state)
{
	struct nsr_info info = { .linktype = 0 };
	struct bytes file = { 0 };
	struct live live;

	section(&file);
	live_open(&live, &file);
	nsr_engine_file.info(live.priv, &info);
	assert_int_equal(info.linktype, 0);
	file.len = 0;
	interface(&file, RAW_IP);
	assert_int_equal(write(live.writer, file.data, file.len), file.len);
	assert_int_equal(live_recv(&live), 0);
	nsr_engine_file.info(live.priv, &info);
	assert_int_equal(info.linktype, RAW_IP);
	live_close(&live);
	bytes_free(&file);
}

static void on_signal(int signal)
{
}

static void signal_ends_an_open_that_waits(void **state)
{
	struct sigaction action = { .sa_handler = on_signal }, before;
	struct nsr_error err;
	char path[32];
	void *priv;
	int fds[2], i;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	pid = fork();
	if (!pid) {
		for (i = 0; i < 100; i++) {
			usleep(10000);
			kill(getppid(), SIGUSR1);
		}
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(open_path(path, &priv, &err), -EINTR);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sigaction(SIGUSR1, &before, NULL);
	close(fds[0]);
	close(fds[1]);
}

static void dash_is_standard_input_and_leaves_it_open(void **state)
{
	struct bytes file = { 0 };
	struct reading got;
	int saved = dup(STDIN_FILENO);
	int fds[2];

	pcap_header(&file, PCAP_MAGIC_USEC, ETHERNET);
	pcap_packet(&file, 1, 2, "a packet", 8);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], file.data, file.len), file.len);
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	read_path("-", 8, &got);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fds[0]);
	assert_int_equal(got.rc, -ENODATA);
	assert_int_equal(got.count, 1);
	reading_free(&got);
	bytes_free(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recv_on_an_idle_pipe_returns_0_at_once),
		cmocka_unit_test(packet_comes_with_its_last_byte),
		cmocka_unit_test(pcapng_byte_by_byte_gives_the_same_packets),
		cmocka_unit_test(pipe_closed_between_packets_is_the_end),
		cmocka_unit_test(pipe_closed_within_a_packet_is_damage),
		cmocka_unit_test(stop_leaves_only_what_was_read_before),
		cmocka_unit_test(descriptor_of_a_pipe_polls_readable_when_a_packet_comes),
		cmocka_unit_test(regular_file_always_has_something),
		cmocka_unit_test(open_waits_for_the_header_of_a_pipe),
		cmocka_unit_test(open_of_pcapng_does_not_wait_for_an_interface),
		cmocka_unit_test(signal_ends_an_open_that_waits),
		cmocka_unit_test(dash_is_standard_input_and_leaves_it_open),
	};

	alarm(LIMIT_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
