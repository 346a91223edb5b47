/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* nsring-extcap: which question Wireshark asks, and the answer. extcap.h tells how the parts meet. */
#include "extcap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "complain.h"
#include "filter_check.h"
#include "form.h"
#include "interfaces.h"
#include "request.h"

/*
 * The capture filter's answer: Wireshark takes a word on standard output for what is wrong with it. With another
 * status than 0 it would not read that.
 */
static int check_filter(const struct request *request)
{
	struct nsr_error err;

	if (!filter_is_sound(request->filter, &err))
		printf("%s\n", err.text);
	return EXTCAP_DONE;
}

/* Each for itself, so that two halves of a filter don't make a whole. */
static int refuse_unsound(const char *filter)
{
	struct nsr_error err;

	if (!filter || filter_is_sound(filter, &err))
		return EXTCAP_DONE;
	return complain("%s: pcap-filter(7) tells how filters are written", err.text);
}

/* The capture filter and the form's, joined in @filter, to be freed. */
static int join_filters(const struct request *request, char **filter)
{
	const char *one = request->filter, *other = request->form.filter;
	int rc;

	if (refuse_unsound(one) || refuse_unsound(other))
		return EXTCAP_FAILED;
	if (one && other)
		rc = asprintf(filter, "(%s) and (%s)", one, other);
	else
		rc = asprintf(filter, "%s", one ? one : other ? other : "");
	return rc < 0 ? complain("out of memory: end other programs") : EXTCAP_DONE;
}

static int capture_netns(const struct request *request, const char *filter, int fifo)
{
	const char *device = request->form.device ? request->form.device : "any";
	char *target;
	int status;

	if (asprintf(&target, "%s/%s", request->interface, device) < 0)
		return complain("out of memory: end other programs");
	status = local_capture(&request->form, target, filter, fifo);
	free(target);
	return status;
}

static int capture_into(int fifo, const struct request *request, enum extcap_kind kind)
{
	const char *target = request->form.target;
	char *filter;
	int status;

	if (kind != EXTCAP_NETNS && !target)
		return complain("no target given: type one, such as netns:web/eth0, into the "
				"interface's form (--target)");
	if (join_filters(request, &filter))
		return EXTCAP_FAILED;
	if (kind == EXTCAP_NETNS)
		status = capture_netns(request, filter, fifo);
	else if (kind == EXTCAP_SSH)
		status = ssh_capture(&request->form, target, filter, fifo);
	else
		status = local_capture(&request->form, target, filter, fifo);
	free(filter);
	return status;
}

/*
 * The FIFO first, which waits for Wireshark: it removes the FIFO when this program ends, and would then show its
 * user that instead of our reason.
 */
static int capture(const struct request *request, enum extcap_kind kind)
{
	int fifo, status;

	if (!request->fifo)
		return complain_usage("--capture needs --fifo");
	fifo = open(request->fifo, O_WRONLY | O_CLOEXEC);
	if (fifo < 0)
		return complain("%s: can't write packets to it: %s: --fifo names what Wireshark "
				"has made",
				request->fifo, strerror(errno));
	status = capture_into(fifo, request, kind);
	close(fifo);
	return status;
}

static int answer_about_interface(const struct request *request)
{
	enum extcap_kind kind;

	if (!request->interface)
		return complain_usage("--extcap-interface is missing");
	kind = interfaces_kind(request->interface);
	if (kind == EXTCAP_NONE)
		return complain("%s: there is no such interface: --extcap-interfaces lists them",
				request->interface);
	switch (request->question) {
	case EXTCAP_CONFIG:
		form_print(kind);
		return EXTCAP_DONE;
	case EXTCAP_DLTS:
		interfaces_print_dlts();
		return EXTCAP_DONE;
	case EXTCAP_CAPTURE:
		return capture(request, kind);
	default:
		return request->filter ? check_filter(request)
				       : complain_usage("nothing asked about the interface");
	}
}

static int answer(const struct request *request)
{
	switch (request->question) {
	case EXTCAP_HELP:
		request_help();
		return EXTCAP_DONE;
	case EXTCAP_VERSION:
		printf("nsring-extcap %s\n", NSR_VERSION);
		return EXTCAP_DONE;
	case EXTCAP_INTERFACES:
		interfaces_print();
		return EXTCAP_DONE;
	case EXTCAP_CLEANUP:
		return EXTCAP_DONE; /* nothing outlives this program */
	default:
		return answer_about_interface(request);
	}
}

int main(int argc, char **argv)
{
	struct request request;
	int status = request_parse(argc, argv, &request);

	if (status == EXTCAP_DONE)
		status = answer(&request);
	return fflush(stdout) ? EXTCAP_FAILED : status;
}
