/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "keeper.h"

#include <ctype.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/registry.h"
#include "sys/place.h"
#include "sys/thread.h"

/* What the thread is to call; @fn is NULL when it has, or has nothing to do. */
static struct {
	pthread_mutex_t turn; /* held by who has something called */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int (*fn)(void *arg);
	void *arg;
	int result;
	bool quit;
	int was_dumpable; /* before the thread began */
} job = {
	.turn = PTHREAD_MUTEX_INITIALIZER,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static atomic_bool alive;

/* Before the program, which may be debugged from then on, goes on beside the rest of this thread. */
static void give_up_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	syscall(SYS_capset, &header, none);
}

static void *keep(void *arg)
{
	pthread_mutex_lock(&job.lock);
	for (;;) {
		while (!job.fn && !job.quit)
			pthread_cond_wait(&job.changed, &job.lock);
		if (!job.fn) {
			give_up_capabilities();
			job.quit = false;
			pthread_cond_broadcast(&job.changed);
			break;
		}
		job.result = job.fn(job.arg);
		job.fn = NULL;
		pthread_cond_broadcast(&job.changed);
	}
	pthread_mutex_unlock(&job.lock);
	return NULL;
}

int keeper_run(int (*fn)(void *arg), void *arg)
{
	int result;

	if (!atomic_load(&alive))
		return fn(arg);
	pthread_mutex_lock(&job.turn);
	if (!atomic_load(&alive)) {
		pthread_mutex_unlock(&job.turn);
		return fn(arg);
	}
	pthread_mutex_lock(&job.lock);
	job.fn = fn;
	job.arg = arg;
	pthread_cond_broadcast(&job.changed);
	while (job.fn)
		pthread_cond_wait(&job.changed, &job.lock);
	result = job.result;
	pthread_mutex_unlock(&job.lock);
	pthread_mutex_unlock(&job.turn);
	return result;
}

void keeper_end(void)
{
	if (!atomic_load_explicit(&alive, memory_order_relaxed))
		return;
	pthread_mutex_lock(&job.turn);
	if (atomic_exchange(&alive, false)) {
		pthread_mutex_lock(&job.lock);
		job.quit = true;
		pthread_cond_broadcast(&job.changed);
		while (job.quit)
			pthread_cond_wait(&job.changed, &job.lock);
		pthread_mutex_unlock(&job.lock);
		prctl(PR_SET_DUMPABLE, job.was_dumpable);
	}
	pthread_mutex_unlock(&job.turn);
}

/* A child has no such thread, and opens by itself. */
static void forget(void)
{
	if (atomic_exchange(&alive, false))
		prctl(PR_SET_DUMPABLE, job.was_dumpable);
}

/* Whether a target may begin here: with a place, or an engine that is no plug-in. */
static bool begins_target(const char *text)
{
	size_t length = nsr_registry_name_length(text);
	char word[16] = "";

	if (!isalpha((unsigned char)*text) || length >= sizeof(word))
		return false;
	memcpy(word, text, length);
	return (text[length] == ':' && nsr_registry_has(word)) ||
	       ((text[length] == ':' || text[length] == '/') && nsr_place_reserves(word));
}

/* Such as "netns:web/eth0", "-inetns:web/eth0", "--pcap=netns:web/eth0", "0:netns:web/eth0". */
static bool names_target(const char *word)
{
	const char *at;

	for (at = word; *at; at++) {
		bool may_begin = at == word || !isalnum((unsigned char)at[-1]) ||
				 (word[0] == '-' && at == word + 2);

		if (may_begin && begins_target(at))
			return true;
	}
	return false;
}

/* glibc's linker gives constructors what main() gets. */
static bool is_wanted(int argc, char **argv)
{
	const char *wanted = secure_getenv("NSRING_KEEP");
	int i;

	if (!wanted || strcmp(wanted, "auto") != 0)
		return wanted && *wanted == '1';
	for (i = 1; i < argc; i++) {
		if (names_target(argv[i]))
			return true;
	}
	return false;
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
	pthread_t thread;

	if (!is_wanted(argc, argv) || pthread_atfork(NULL, NULL, forget) != 0)
		return;
	/* Who debugs the program, once it has no capabilities, would have those of the thread. */
	job.was_dumpable = prctl(PR_GET_DUMPABLE);
	prctl(PR_SET_DUMPABLE, 0);
	if (nsr_thread_start(&thread, keep, NULL) < 0) {
		prctl(PR_SET_DUMPABLE, job.was_dumpable);
		return;
	}
	pthread_detach(thread);
	atomic_store(&alive, true);
}
