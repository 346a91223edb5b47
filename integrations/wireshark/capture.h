/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Captures: by "nsring dump" here (local.c), or on another host (ssh.c). */
#ifndef NSRING_EXTCAP_CAPTURE_H
#define NSRING_EXTCAP_CAPTURE_H

#include "extcap.h"

/**
 * local_capture() - capture on this host, to the end
 * @form:   what else the user has typed
 * @target: what to capture
 * @filter: in tcpdump's syntax; "" for none
 * @fifo:   where packets go
 *
 * Return: enum extcap_status.
 */
int local_capture(const struct capture_form *form, const char *target, const char *filter,
		  int fifo);

/** ssh_capture() - capture on the host that the form names; as local_capture() */
int ssh_capture(const struct capture_form *form, const char *target, const char *filter, int fifo);

#endif
