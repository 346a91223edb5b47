/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Opening a capture: its engine, in its place, and its filter. */
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/filter/code.h"
#include "sys/address.h"
#include "sys/link.h"
#include "link_type.h"
#include "registry.h"

/* nsr_options.batch_ms where neither the caller nor the engine chooses one. */
#define DEFAULT_BATCH_MS 20

/* The argument of open_inside(), which runs inside the place. */
struct opening {
	struct nsr_capture *cap;
	struct nsr_error *err;
};

/*
 * Runs inside the place. Has the target name the device as the kernel does, instead of by an
 * alternative name or as a queue of another. One that is not found is left to the engine.
 */
static void name_device(struct nsr_target *target)
{
	struct nsr_link_info link;
	int fd;

	if (target->any)
		return;
	fd = nsr_link_open();
	if (fd < 0)
		return;
	if (nsr_link_resolve(fd, target->device, &target->queue, &link) == 0)
		memcpy(target->device, link.name, sizeof(link.name));
	close(fd);
}

static int check_queue(const struct nsr_capture *cap, struct nsr_error *err)
{
	if (cap->target.queue < 0 || cap->ops->flags & NSR_ENGINE_QUEUE)
		return 0;
	return nsr_error_advise(
		err, nsr_error_set(err, -EINVAL, "engine %s takes no queue", cap->ops->name),
		"leave \"@%d\" out of the target", cap->target.queue);
}

static int call_open(struct nsr_capture *cap, struct nsr_error *err)
{
	struct nsr_options opts = cap->opts;
	struct nsr_engine_args args = {
		.size = sizeof(args),
		.device = cap->target.device,
		.queue = cap->target.queue,
		.opts = &opts,
		.batch_default = !opts.batch_ms,
		.all = cap->target.all,
	};
	int rc = check_queue(cap, err);

	if (rc < 0)
		return rc;
	if (!opts.batch_ms)
		opts.batch_ms = DEFAULT_BATCH_MS;

	/* The core filters whole packets and cuts them afterwards: see trim(). */
	if (!cap->ops->set_filter)
		opts.snaplen = NSR_SNAPLEN_MAX;
	return cap->ops->open(&args, &cap->priv, err);
}

static int open_inside(void *arg)
{
	struct opening *opening = arg;
	struct nsr_capture *cap = opening->cap;

	cap->netns_cookie = nsr_place_cookie();
	nsr_place_mark(&cap->place);
	if (!(cap->ops->flags & NSR_ENGINE_FREE_DEVICE))
		name_device(&cap->target);
	return call_open(cap, opening->err);
}

/* Refuses parts of the target and options that only other engines support. */
static int check_engine_has(const struct nsr_capture *cap, struct nsr_error *err)
{
	const struct nsr_options *opts = &cap->opts;
	const char *name = cap->ops->name;

	if ((cap->opts.xdp || cap->opts.busy_poll_us) && !(cap->ops->flags & NSR_ENGINE_XDP))
		return nsr_error_advise(
			err, nsr_error_set(err, -EOPNOTSUPP, "engine %s doesn't use XDP", name),
			"leave its modes and busy polling out, or use zc:%s", cap->target.device);
	if (opts->take && !(cap->ops->flags & NSR_ENGINE_TAKE))
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EOPNOTSUPP,
				      "engine %s takes no packets away from the network stack",
				      name),
			"leave --take (option take) out, or use zc:%s", cap->target.device);
	if ((opts->share || opts->sample > 1 || opts->inject || opts->fanout > NSR_FANOUT_QUEUE) &&
	    !(cap->ops->flags & NSR_ENGINE_SHARE))
		return nsr_error_advise(err,
					nsr_error_set(err, -EOPNOTSUPP, "engine %s can't %s", name,
						      opts->share	 ? "share a ring"
						      : opts->sample > 1 ? "sample"
						      : opts->inject
							      ? "inject frames into the stack"
							      : "spread packets that way"),
					"load nsring.ko and use ring:%s", cap->target.device);
	if (cap->target.all && !(cap->ops->flags & NSR_ENGINE_ALL))
		return nsr_error_advise(err,
					nsr_error_set(err, -EOPNOTSUPP,
						      "engine %s captures one namespace at a time",
						      name),
					"for all at once load nsring.ko and use all/ring:any");
	if (cap->target.all && !cap->target.any)
		return nsr_error_set(err, -EINVAL,
				     "of all namespaces at once there is only the device \"any\"");
	if (opts->mode & NSR_SEND && !cap->ops->send)
		return nsr_error_set(err, -EOPNOTSUPP, "engine %s can't send", name);
	return 0;
}

/* Opens the engine in its place, or in this thread for an engine that takes no place. */
static int open_engine(struct nsr_capture *cap, struct nsr_error *err)
{
	struct opening opening = { .cap = cap, .err = err };
	int rc;

	rc = check_engine_has(cap, err);
	if (rc < 0)
		return rc;
	if (cap->ops->flags & NSR_ENGINE_NO_PLACE) {
		if (cap->target.place[0])
			return nsr_error_advise(
				err,
				nsr_error_set(err, -EINVAL, "engine %s takes no place",
					      cap->ops->name),
				"leave \"%s/\" out of the target", cap->target.place);
		return call_open(cap, err);
	}
	rc = nsr_place_open(cap->target.all ? "" : cap->target.place, &cap->place, err);
	if (rc < 0)
		return rc;
	rc = nsr_place_run(&cap->place, open_inside, &opening, err);
	nsr_place_close(&cap->place);
	return rc;
}

static uint32_t linktype(struct nsr_capture *cap)
{
	struct nsr_info info = NSR_INFO_INIT;

	cap->ops->info(cap->priv, &info);
	return info.linktype;
}

/* Where a capture's device is asked about. */
struct question {
	const struct nsr_capture *cap;
	uint32_t netmask;
};

static int ask_netmask(void *arg)
{
	struct question *question = arg;
	const struct nsr_target *target = &question->cap->target;
	int fd = nsr_link_open();
	struct nsr_link link;

	if (fd < 0)
		return fd;
	if (nsr_link_get(fd, target->device, 0, &link) == 0)
		question->netmask = nsr_address_netmask(fd, link.ifindex);
	close(fd);
	return 0;
}

/* 0: not known, such as that of several devices. Enters the place, which may be another by now. */
static uint32_t netmask(void *arg)
{
	struct question question = { .cap = arg };
	struct nsr_place place;

	if (question.cap->target.any ||
	    nsr_place_open(question.cap->target.place, &place, NULL) < 0)
		return 0;
	if (place.inode == question.cap->place.inode)
		nsr_place_run(&place, ask_netmask, &question, NULL);
	nsr_place_close(&place);
	return question.netmask;
}

/* Gives the engine a new filter. Frees the old one once the engine no longer uses it. */
static int use_filter(struct nsr_capture *cap, struct nsr_filter *filter, struct nsr_error *err)
{
	int rc = cap->ops->set_filter(cap->priv, filter, err);

	if (rc < 0) {
		nsr_filter_free(filter);
		return rc;
	}
	nsr_filter_free(cap->filter);
	cap->filter = filter;
	return 0;
}

static int use_text(struct nsr_capture *cap, const char *text, struct nsr_error *err)
{
	struct nsr_filter *filter = NULL;
	int rc;

	if (text) {
		rc = nsr_filter_compile_on(text, linktype(cap), netmask, cap, &filter, err);
		if (rc < 0)
			return rc;
	}
	return use_filter(cap, filter, err);
}

/* Link types that are enough to accept a filter by, unless they refuse it. */
#define LINKTYPES_KNOWN 16

/* Sets @linktypes to those of the interfaces met so far, each once. Returns how many. */
static uint32_t known_linktypes(struct nsr_capture *cap, uint32_t linktypes[LINKTYPES_KNOWN])
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	uint32_t count = 0, id, i;

	for (id = 0; count < LINKTYPES_KNOWN && cap->ops->interface(cap->priv, id, &iface) == 0;
	     id++) {
		for (i = 0; i < count && linktypes[i] != iface.linktype; i++)
			;
		if (i == count)
			linktypes[count++] = iface.linktype;
	}
	return count;
}

static void use_soft_filter(struct nsr_capture *cap, struct nsr_filter_set *set)
{
	nsr_filter_set_free(cap->soft_filter);
	cap->soft_filter = set;
}

static int use_soft_text(struct nsr_capture *cap, const char *text, struct nsr_error *err)
{
	struct nsr_info info = NSR_INFO_INIT;
	struct nsr_filter_set *soft_filter = NULL;
	uint32_t linktypes[LINKTYPES_KNOWN];
	int rc;

	if (text) {
		cap->ops->info(cap->priv, &info);
		rc = nsr_filter_set_new(text, linktypes, known_linktypes(cap, linktypes),
					info.mixed, &soft_filter, err);
		if (rc < 0)
			return rc;
	}
	use_soft_filter(cap, soft_filter);
	return 0;
}

int nsr_set_filter(struct nsr_capture *cap, const char *filter, struct nsr_error *err)
{
	int rc;

	if (filter && !*filter)
		filter = NULL;
	rc = cap->ops->set_filter ? use_text(cap, filter, err) : use_soft_text(cap, filter, err);
	if (rc == 0)
		nsr_publish_filter(&cap->publisher, filter);
	return rc;
}

/* Nothing was taken off a file's packets. */
static enum nsr_code_view code_view(const struct nsr_capture *cap, uint32_t type)
{
	if (cap->ops->flags & NSR_ENGINE_OFFLINE)
		return NSR_CODE_PLAIN;
	return type == LINKTYPE_ETHERNET     ? NSR_CODE_ETHERNET
	       : type == LINKTYPE_LINUX_SLL2 ? NSR_CODE_COOKED
					     : NSR_CODE_PLAIN;
}

int nsr_set_filter_code(struct nsr_capture *cap, const struct sock_filter *code, uint32_t count,
			struct nsr_error *err)
{
	uint32_t type = linktype(cap);
	struct nsr_filter_set *set;
	struct nsr_filter *filter;
	char words[64];
	int rc;

	rc = nsr_filter_from_code(code, count, code_view(cap, type), &filter, err);
	if (rc < 0)
		return rc;
	if (cap->ops->set_filter) {
		rc = use_filter(cap, filter, err);
	} else {
		rc = nsr_filter_set_of(filter, type, &set, err);
		if (rc == 0)
			use_soft_filter(cap, set);
	}
	if (rc < 0)
		return rc;
	snprintf(words, sizeof(words), "a program of %u instructions", count);
	nsr_publish_filter(&cap->publisher, words);
	return 0;
}

static int start(struct nsr_capture *cap, struct nsr_error *err)
{
	int fd, rc;

	rc = nsr_set_filter(cap, cap->opts.filter, err);
	if (rc < 0)
		return rc;
	fd = cap->ops->fd(cap->priv);
	rc = nsr_wait_open(&cap->wait, fd, cap->place.path[0] ? PLACE_CHECK_MS : 0);
	if (rc < 0)
		return nsr_error_set(err, rc, "%s: can't wait on it: %s", cap->target.device,
				     strerror(-rc));
	return cap->ops->start(cap->priv, err);
}

/* Puts the target in front of the error's sentence. */
static void say_target(const char *target, struct nsr_error *err)
{
	const struct nsr_error why = *err;
	size_t len = strlen(target);

	if (strncmp(why.text, target, len) == 0 && why.text[len] == ':')
		return; /* it is there already, as a file's name is */
	nsr_error_set(err, why.code, "%.150s: %.350s", target, why.text);
	nsr_error_advise(err, why.code, "%s", why.advice);
}

/* Undoes opening and starting, however far they came. */
static void shut(struct nsr_capture *cap)
{
	nsr_wait_close(&cap->wait);
	if (cap->priv)
		cap->ops->close(cap->priv);
	cap->priv = NULL;
	nsr_filter_free(cap->filter);
	cap->filter = NULL;
	nsr_filter_set_free(cap->soft_filter);
	cap->soft_filter = NULL;
	nsr_publish_close(&cap->publisher);
}

static int open_with(struct nsr_capture *cap, const struct nsr_engine_ops *ops, const char *target,
		     struct nsr_error *err)
{
	int rc;

	cap->ops = ops;
	rc = open_engine(cap, err);
	if (rc == 0 && cap->opts.mode & NSR_RECV)
		nsr_publish_open(&cap->publisher, target, ops->name, cap->place.inode);
	if (rc == 0)
		rc = start(cap, err);
	if (rc < 0)
		shut(cap);
	return rc;
}

/* Whether an error lies with the engine, so that another one may succeed. */
static bool may_fall_back(int code)
{
	return code == -ENOMEM || code == -EPROTONOSUPPORT || code == -EAFNOSUPPORT;
}

/* Tries the default engines in turn. If all fail, the caller gets the first one's error. */
static int open_with_default(struct nsr_capture *cap, const char *target, struct nsr_error *err)
{
	const struct nsr_engine_ops *ops = nsr_registry_default(&cap->opts, NULL);
	struct nsr_error unused;
	int rc, next;

	rc = next = open_with(cap, ops, target, err);
	while (next < 0 && may_fall_back(next)) {
		ops = nsr_registry_default(&cap->opts, ops);
		if (!ops)
			return rc;
		next = open_with(cap, ops, target, &unused);
	}
	return next < 0 ? rc : nsr_error_set(err, 0, "%s", "");
}

static int open_target(struct nsr_capture *cap, const char *target, struct nsr_error *err)
{
	const struct nsr_engine_ops *ops;

	if (!*cap->target.engine)
		return open_with_default(cap, target, err);
	ops = nsr_registry_find(cap->target.engine, err);
	return ops ? open_with(cap, ops, target, err) : err->code;
}

int nsr_open(const char *target, const struct nsr_options *opts, struct nsr_capture **result,
	     struct nsr_error *err)
{
	struct nsr_capture *cap;
	struct nsr_error unused;
	int rc;

	*result = NULL;
	if (!err)
		err = &unused;
	nsr_error_set(err, 0, "%s", "");
	if (!target)
		return nsr_error_set(err, -EINVAL, "no target");
	cap = calloc(1, sizeof(*cap));
	if (!cap)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	cap->wait.epoll = cap->wait.timer = -1;
	cap->target.size = sizeof(cap->target);
	rc = nsr_target_parse(target, &cap->target, err);
	if (rc == 0)
		rc = nsr_options_take(opts, &cap->opts, err);
	if (rc < 0)
		goto close;
	cap->packets = calloc(cap->opts.batch_packets, sizeof(*cap->packets));
	if (!cap->packets) {
		rc = nsr_error_set(err, -ENOMEM, "out of memory");
		goto close;
	}
	rc = open_target(cap, target, err);
	if (rc < 0)
		goto close;
	cap->opts.filter = NULL; /* the text belongs to the caller */
	*result = cap;
	return 0;

close:
	say_target(target, err);
	nsr_close(cap);
	return rc;
}

void nsr_close(struct nsr_capture *cap)
{
	if (!cap)
		return;
	shut(cap);
	free(cap->packets);
	free(cap);
}
