/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The command that captures, and the wait for its end.
 *
 * Its stderr is read here, as Wireshark takes any word there for an error, while nsring tells its totals
 * even when all went well.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "complain.h"

#define PATIENCE_MS 3000

/**
 * struct watch - what is waited for
 * @pid:     the command; 0 once it has ended
 * @fifo:    kept open, to be told when its reader is gone
 * @said:    the command's stderr
 * @signals: those of stop_signals, and SIGCHLD
 * @until_ms: when it is killed, once it was asked to end
 */
struct watch {
	pid_t pid;
	int fifo;
	int said;
	int signals;
	int64_t until_ms;
};

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

void child_add(struct child *child, const char *argument)
{
	size_t i;

	for (i = 0; i + 1 < sizeof(child->argv) / sizeof(child->argv[0]); i++) {
		if (!child->argv[i]) {
			child->argv[i] = argument;
			return;
		}
	}
}

/* Only in the new process. Returns when the program could not be executed. */
static void become(const struct child *child, int fifo, int said, pid_t parent)
{
	int input = child->input >= 0 ? child->input : open("/dev/null", O_RDONLY);
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		return;
	if (dup2(input, STDIN_FILENO) < 0 || dup2(fifo, STDOUT_FILENO) < 0 ||
	    dup2(said, STDERR_FILENO) < 0)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(child->path, (char *const *)child->argv);
	dprintf(STDERR_FILENO, "%s: %s\n", child->path, strerror(errno));
}

/* Blocked in this process from now on, so that none is missed before somebody waits for it. */
static int open_signals(void)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (i = 0; i < sizeof(stop_signals) / sizeof(stop_signals[0]); i++)
		sigaddset(&set, stop_signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int start(const struct child *child, struct watch *watch)
{
	pid_t parent = getpid();
	int said[2];

	if (pipe2(said, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	watch->said = said[0];
	watch->pid = fork();
	if (watch->pid == 0) {
		/* Its end blocks, as programs expect it. */
		fcntl(said[1], F_SETFL, 0);
		become(child, watch->fifo, said[1], parent);
		_exit(127);
	}
	close(said[1]);
	return watch->pid < 0 ? -errno : 0;
}

/* Whether Wireshark has closed its end of the FIFO. */
static bool reader_gone(const struct watch *watch)
{
	struct pollfd fifo = { .fd = watch->fifo };

	return poll(&fifo, 1, 0) == 1 && (fifo.revents & POLLERR);
}

/*
 * Reads what there is of the command's stderr; keeps the beginning, and nothing once Wireshark has ended the
 * capture: a command may then complain that nobody reads its output.
 */
static void listen_to(struct child *child, const struct watch *watch)
{
	size_t length = strlen(child->said), room;
	char heard[512];
	ssize_t n;

	while ((n = read(watch->said, heard, sizeof(heard))) > 0) {
		room = sizeof(child->said) - 1 - length;
		if (child->stopped || reader_gone(watch))
			continue;
		room = room < (size_t)n ? room : (size_t)n;
		memcpy(child->said + length, heard, room);
		length += room;
		child->said[length] = '\0';
	}
}

static void note_end(struct child *child, struct watch *watch)
{
	int status;

	if (waitpid(watch->pid, &status, WNOHANG) != watch->pid)
		return;
	watch->pid = 0;
	child->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void stop(struct child *child, struct watch *watch)
{
	child->stopped = true;
	watch->until_ms = nsr_clock_ms() + PATIENCE_MS;
	kill(watch->pid, SIGTERM);
}

static void on_signal(struct child *child, struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		note_end(child, watch);
	else if (!child->stopped)
		stop(child, watch);
}

/* However much it says meanwhile. */
static int patience_ms(const struct child *child, const struct watch *watch)
{
	int64_t left = child->stopped ? watch->until_ms - nsr_clock_ms() : -1;

	return child->stopped && left < 0 ? 0 : (int)left;
}

/* A closed stderr would be reported again and again: poll() leaves negative descriptors alone. */
static void wait_for_end(struct child *child, struct watch *watch)
{
	struct pollfd fds[] = {
		{ .fd = watch->signals, .events = POLLIN },
		{ .fd = watch->said, .events = POLLIN },
		{ .fd = watch->fifo },
	};

	while (watch->pid) {
		int ready = poll(fds, 3, patience_ms(child, watch));

		if (child->stopped && patience_ms(child, watch) == 0)
			kill(watch->pid, SIGKILL);
		if (ready <= 0)
			continue;
		if (fds[1].revents) {
			listen_to(child, watch);
			if (fds[1].revents & POLLHUP)
				fds[1].fd = -1;
		}
		if (fds[2].revents & POLLERR) {
			fds[2].fd = -1;
			stop(child, watch);
		}
		if (fds[0].revents)
			on_signal(child, watch);
	}
	listen_to(child, watch);
	child->stopped |= reader_gone(watch);
}

int child_run(struct child *child, int fifo)
{
	struct watch watch = { .fifo = fifo, .said = -1 };
	int rc;

	watch.signals = open_signals();
	rc = watch.signals < 0 ? -errno : start(child, &watch);
	if (rc < 0)
		return complain("%s: can't be started: %s: end other programs", child->path,
				strerror(-rc));
	wait_for_end(child, &watch);
	close(watch.said);
	close(watch.signals);
	return EXTCAP_DONE;
}
