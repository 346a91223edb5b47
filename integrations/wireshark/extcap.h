/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring-extcap: nsring's targets as capture interfaces of Wireshark and tshark.
 *
 * Wireshark runs this program anew for each question, as extcap(4) has it, and reads sentences on
 * standard output. To capture it hands over a FIFO.
 *
 *	main.c        which question it is
 *	request       the arguments
 *	interfaces    which interfaces there are, and their link type
 *	form          what the user can type for an interface; each field is also an option
 *	filter_check  whether a capture filter is one
 *	local, ssh    the command that captures: "nsring dump", here or on another host
 *	child         runs it until it or Wireshark ends
 *	complain      what went wrong, for the user
 *
 * It captures nothing by itself.
 */
#ifndef NSRING_EXTCAP_H
#define NSRING_EXTCAP_H

/** Exit statuses, as of the command nsring. */
enum extcap_status {
	EXTCAP_DONE = 0,
	EXTCAP_FAILED = 1, /* after a sentence on stderr */
	EXTCAP_USAGE = 2, /* likewise */
};

/** Kinds of interfaces; bits, since a field of the form may be there for several. */
enum extcap_kind {
	EXTCAP_NONE = 0,
	EXTCAP_ANY = 1, /* "nsring": the user types the target */
	EXTCAP_NETNS = 2, /* "netns:NAME": the user types the device */
	EXTCAP_SSH = 4, /* "nsring-ssh": a target on another host */
};

/** struct capture_form - what the user has typed; NULL: nothing */
struct capture_form {
	const char *target;
	const char *device;
	const char *filter;
	const char *snaplen;
	const char *host;
	const char *port;
	const char *user;
	const char *identity;
	const char *nsring;
};

/**
 * struct request - what Wireshark asks for; strings are the program's arguments
 * @interface: as interfaces_print() has told it; NULL: none
 * @fifo:      where packets go; NULL: none
 * @filter:    the capture filter; NULL: none
 * @form:      what the user has typed
 */
struct request {
	enum extcap_question {
		EXTCAP_NOTHING,
		EXTCAP_INTERFACES,
		EXTCAP_DLTS,
		EXTCAP_CONFIG,
		EXTCAP_CAPTURE,
		EXTCAP_CLEANUP,
		EXTCAP_HELP,
		EXTCAP_VERSION,
	} question;
	const char *interface;
	const char *fifo;
	const char *filter;
	struct capture_form form;
};

#endif
