/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The program's place on the device. A bpf link holds it there and goes with its last descriptor:
 * nothing is pinned, and kill -9 leaves nothing behind.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "zc.h"

static int try_attach(const struct zc_device *device, int prog, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	int fd = bpf_link_create(prog, (int)device->ifindex, BPF_XDP, &opts);

	return fd < 0 ? -errno : fd;
}

/*
 * A program that lists the host's bpf links holds each for a moment, and so keeps an XDP program in
 * place that was closed just now.
 */
static int attach_patiently(const struct zc_device *device, int prog, uint32_t flags)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	int fd = try_attach(device, prog, flags), tries;

	for (tries = 0; fd == -EBUSY && tries < 10; tries++) {
		nanosleep(&pause, NULL);
		fd = try_attach(device, prog, flags);
	}
	return fd;
}

int zc_attach_program_id(const struct zc_device *device, uint32_t *id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int rc = bpf_xdp_query((int)device->ifindex, 0, &query);

	*id = 0;
	if (rc < 0)
		return rc;
	*id = query.prog_id	  ? query.prog_id
	      : query.drv_prog_id ? query.drv_prog_id
				  : query.skb_prog_id;
	return 0;
}

/* The kernel asks for CAP_SYS_ADMIN to look a program up; without, its name stays "". */
static void name_program(uint32_t id, char name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	name[0] = '\0';
	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
		memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	close(fd);
}

static int advise_beside(const struct zc_device *device, const char *name, struct nsr_error *err)
{
	const char *advice = "detach it";

	if (strcmp(name, ZC_PROGRAM_NAME) == 0)
		advice = "it is of another capture of nsring's: join that with --take --fanout";
	else if (strcmp(name, "xdp_dispatcher") == 0)
		advice = "it is libxdp's dispatcher, which outlives the programs that join it: "
			 "detach them (xdp-loader unload)";
	return nsr_error_advise(err, -EBUSY, "%s, or use packet:%s", advice, device->name);
}

static int say_busy(const struct zc_device *device, int code, struct nsr_error *err)
{
	char name[BPF_OBJ_NAME_LEN];
	uint32_t id;

	zc_attach_program_id(device, &id);
	if (!id)
		return nsr_error_set(err, -EBUSY, "%s: attaching an XDP program: %s", device->name,
				     strerror(-code));
	name_program(id, name);
	nsr_error_set(err, -EBUSY, "%s already has an XDP program (id %u%s%s%s)", device->name, id,
		      name[0] ? ", \"" : "", name, name[0] ? "\"" : "");
	return advise_beside(device, name, err);
}

static int say(const struct zc_device *device, int code, bool generic, struct nsr_error *err)
{
	switch (code) {
	case -EBUSY:
	case -EEXIST:
		return say_busy(device, code, err);
	case -EPERM:
	case -EACCES:
		return nsr_caps_advise(
			err,
			nsr_error_set(err, code,
				      "attaching an XDP program to %s needs CAP_NET_ADMIN",
				      device->name),
			NULL, ZC_CAPS, NULL);
	case -ENODEV:
		return nsr_error_set(err, code, "device \"%s\" is gone", device->name);
	}
	if (generic)
		return nsr_error_set(err, code, "%s: attaching a generic XDP program: %s",
				     device->name, strerror(-code));
	return nsr_error_advise(err,
				nsr_error_set(err, -EOPNOTSUPP,
					      "%s: its driver takes no XDP program now (%s)",
					      device->name, strerror(-code)),
				"lower its MTU of %u, give it more queues, or use generic mode, "
				"which works on every device",
				device->mtu);
}

/*
 * @xdp: enum nsr_xdp that was demanded; set to NSR_XDP_NATIVE or NSR_XDP_GENERIC.
 * Returns the link's descriptor or -errno.
 */
static int attach_program(const struct zc_device *device, int prog, uint32_t *xdp,
			  struct nsr_error *err)
{
	int fd = -EOPNOTSUPP;

	if (*xdp != NSR_XDP_GENERIC) {
		fd = attach_patiently(device, prog, XDP_FLAGS_DRV_MODE);
		if (fd >= 0) {
			*xdp = NSR_XDP_NATIVE;
			return fd;
		}
		/* Generic mode would fail in the same way. */
		if (*xdp != NSR_XDP_AUTO || fd == -EBUSY || fd == -EEXIST || fd == -EPERM ||
		    fd == -ENODEV)
			return say(device, fd, false, err);
	}
	fd = attach_patiently(device, prog, XDP_FLAGS_SKB_MODE);
	if (fd < 0)
		return say(device, fd, true, err);
	*xdp = NSR_XDP_GENERIC;
	return fd;
}

static int attach_refusal(struct zc *zc, struct nsr_error *err)
{
	int prog = zc_program_load(&zc->program, NULL, true, err);
	uint32_t xdp = zc->xdp;

	if (prog < 0)
		return prog;
	/* By its maps a group is found, and this program uses none. */
	bpf_prog_bind_map(prog, zc->program.state, NULL);
	zc->link = attach_program(&zc->device, prog, &xdp, err);
	close(prog);
	if (zc->link < 0)
		return zc->link;
	zc->xdp = xdp;
	/* Queues whose numbers are too large share lanes with others. */
	zc->program.alone = xdp == NSR_XDP_NATIVE && zc->device.polls_queues &&
			    zc->device.queues <= ZC_QUEUES_MAX;
	return 0;
}

/*
 * A program that asks the device for stamps can't run in generic mode, and the driver may not know
 * how to answer: unless the stamps were demanded, the program does without them.
 */
static int attach_stamping(struct zc *zc, uint32_t stamp, struct nsr_error *err)
{
	int rc = attach_refusal(zc, err);

	if (rc < 0 && rc != -EBUSY && zc->program.stamp == ZC_STAMP_DEVICE &&
	    stamp == NSR_STAMP_AUTO) {
		zc->program.stamp = ZC_STAMP_NONE;
		rc = attach_refusal(zc, err);
	}
	return rc;
}

int zc_attach(struct zc *zc, uint32_t stamp, struct nsr_error *err)
{
	int rc;

	if (zc->link >= 0)
		return 0;
	zc->program.ifindex = zc->device.ifindex;
	rc = zc_stamp_choose(zc, stamp, err);
	if (rc == 0)
		rc = zc_state_open(zc, err);
	return rc < 0 ? rc : attach_stamping(zc, stamp, err);
}

int zc_attach_program(struct zc *zc, const struct nsr_filter *filter, bool refuse,
		      struct nsr_error *err)
{
	int prog = zc_program_load(&zc->program, filter, refuse, err);
	int rc;

	if (prog < 0 || bpf_link_update(zc->link, prog, NULL) == 0)
		return prog;
	rc = -errno;
	close(prog);
	return nsr_error_set(err, rc, "replacing the XDP program: %s", strerror(-rc));
}

int zc_attach_replace(struct zc *zc, const struct nsr_filter *filter, bool refuse,
		      struct nsr_error *err)
{
	int prog = zc_attach_program(zc, filter, refuse, err);

	if (prog < 0)
		return prog;
	close(prog);
	return 0;
}

void zc_attach_end(struct zc *zc)
{
	if (zc->link < 0)
		return;
	bpf_link_detach(zc->link);
	close(zc->link);
	zc->link = -1;
}

void zc_detach(struct zc *zc)
{
	if (zc->link >= 0)
		close(zc->link);
	zc->link = -1;
	zc_state_close(zc);
	if (zc->program.netns >= 0)
		close(zc->program.netns);
	zc->program.netns = -1;
}
