/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Filters on sockets. */
#ifndef NSR_FILTER_ATTACH_H
#define NSR_FILTER_ATTACH_H

#include <nsring/engine.h>

/** nsr_filter_attach() - have a socket use what nsr_filter_for_socket() made; 0 or -errno */
int nsr_filter_attach(int fd, const struct sock_fprog *prog, struct nsr_error *err);

#endif
