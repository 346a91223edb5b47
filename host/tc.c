/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * BPF programs of traffic control. One dump finds the interfaces that can have classifiers at all
 * (queueing disciplines clsact and ingress); only for these a second dump lists the classifiers.
 */
#include "tc.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "sys/compat.h"
#include "sys/netlink.h"
#include "links.h"
#include "list.h"

/* The kernel allows at most 64 programs at a hook. */
#define TCX_PROGRAMS 64

/* Indexes of the interfaces that can have classifiers. */
struct hooked {
	uint32_t *list;
	uint32_t count;
};

static int read_kind(const struct nlattr *attr, void *arg)
{
	if (mnl_attr_get_type(attr) == TCA_KIND)
		nsr_netlink_text(attr, arg, HOST_NAME_BYTES);
	return 0;
}

static int read_qdisc(const struct nlmsghdr *msg, void *arg)
{
	const struct tcmsg *info = mnl_nlmsg_get_payload(msg);
	char kind[HOST_NAME_BYTES] = "";
	struct hooked *hooked = arg;
	uint32_t *ifindex;

	if (msg->nlmsg_type != RTM_NEWQDISC || mnl_nlmsg_get_payload_len(msg) < sizeof(*info))
		return 0;
	nsr_netlink_walk(msg, sizeof(*info), read_kind, kind);
	if (strcmp(kind, "clsact") && strcmp(kind, "ingress"))
		return 0;
	ifindex = host_list_add(&hooked->list, &hooked->count, sizeof(*ifindex));
	if (!ifindex)
		return -ENOMEM;
	*ifindex = (uint32_t)info->tcm_ifindex;
	return 0;
}

/* The classifier that is being read. */
struct classifier {
	struct host_link *link;
	uint32_t hook;
	char kind[HOST_NAME_BYTES];
	uint32_t id;
};

static int read_bpf(const struct nlattr *attr, void *arg)
{
	struct classifier *classifier = arg;

	if (mnl_attr_get_type(attr) == TCA_BPF_ID)
		classifier->id = nsr_netlink_u32(attr);
	return 0;
}

static int read_classifier(const struct nlattr *attr, void *arg)
{
	struct classifier *classifier = arg;

	if (mnl_attr_get_type(attr) == TCA_KIND)
		nsr_netlink_text(attr, classifier->kind, sizeof(classifier->kind));
	/* The kernel sends TCA_KIND before TCA_OPTIONS, so the kind is known. */
	if (mnl_attr_get_type(attr) == TCA_OPTIONS && !strcmp(classifier->kind, "bpf"))
		return nsr_netlink_walk_nested(attr, read_bpf, classifier);
	return 0;
}

static int add(struct host_link *link, uint32_t hook, uint32_t id)
{
	struct host_program *program =
		host_list_add(&link->programs, &link->program_count, sizeof(*program));

	if (!program)
		return -ENOMEM;
	program->hook = hook;
	program->id = id;
	return 0;
}

static int read_filter(const struct nlmsghdr *msg, void *arg)
{
	struct classifier *classifier = arg;

	if (msg->nlmsg_type != RTM_NEWTFILTER)
		return 0;
	classifier->kind[0] = '\0';
	classifier->id = 0;
	nsr_netlink_walk(msg, sizeof(struct tcmsg), read_classifier, classifier);
	return classifier->id ? add(classifier->link, classifier->hook, classifier->id) : 0;
}

static int read_filters(int fd, struct host_link *link, uint32_t hook)
{
	struct classifier classifier = { .link = link, .hook = hook };
	struct nsr_netlink_question question;
	struct tcmsg *info =
		nsr_netlink_begin(&question, RTM_GETTFILTER, NLM_F_DUMP, sizeof(struct tcmsg));

	info->tcm_ifindex = (int)link->ifindex;
	info->tcm_parent = TC_H_MAKE(TC_H_CLSACT,
				     hook == HOST_TC_INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
	return nsr_netlink_ask(fd, &question, read_filter, &classifier);
}

static int read_classifiers(int fd, struct host_ns *ns)
{
	struct hooked hooked = { 0 };
	struct nsr_netlink_question question;
	uint32_t i;
	int rc;

	nsr_netlink_begin(&question, RTM_GETQDISC, NLM_F_DUMP, sizeof(struct tcmsg));
	rc = nsr_netlink_ask(fd, &question, read_qdisc, &hooked);
	for (i = 0; i < hooked.count && rc != -ENOMEM; i++) {
		struct host_link *link = host_links_at(ns, hooked.list[i]);

		/* Only -ENOMEM is a failure: the interface or the hook may have gone meanwhile. */
		if (link && read_filters(fd, link, HOST_TC_INGRESS) == -ENOMEM)
			rc = -ENOMEM;
		if (link && read_filters(fd, link, HOST_TC_EGRESS) == -ENOMEM)
			rc = -ENOMEM;
	}
	free(hooked.list);
	return rc == -EINTR ? 0 : rc;
}

/* Adds the programs of a tcx hook. Return: 0; -ENOMEM; -errno of bpf(2). */
static int read_tcx(struct host_link *link, uint32_t hook)
{
	uint32_t ids[TCX_PROGRAMS], count = TCX_PROGRAMS, i;
	int type = hook == HOST_TCX_INGRESS ? NSR_BPF_TCX_INGRESS : NSR_BPF_TCX_EGRESS;

	/*
	 * For tcx the first argument is the interface's index; older attach types take a
	 * descriptor.
	 */
	if (bpf_prog_query((int)link->ifindex, (enum bpf_attach_type)type, 0, NULL, ids, &count) <
	    0)
		return -errno;
	for (i = 0; i < count && i < TCX_PROGRAMS; i++) {
		if (add(link, hook, ids[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_all_tcx(struct host_ns *ns)
{
	static _Atomic bool refused;
	uint32_t i;
	int rc = 0;

	for (i = 0; i < ns->link_count && !atomic_load(&refused); i++) {
		rc = read_tcx(&ns->links[i], HOST_TCX_INGRESS);
		/*
		 * An older kernel or a missing capability: every other interface would fail, too.
		 */
		if (rc == -EINVAL || rc == -EPERM)
			atomic_store(&refused, true);
		if (rc == 0)
			rc = read_tcx(&ns->links[i], HOST_TCX_EGRESS);
		if (rc == -ENOMEM)
			return rc;
	}
	return 0;
}

int host_tc_read(int fd, struct host_ns *ns)
{
	int rc = read_classifiers(fd, ns);

	return rc < 0 ? rc : read_all_tcx(ns);
}
