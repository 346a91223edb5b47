/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters that are given as a program: classic BPF, as SO_ATTACH_FILTER takes it.
 *
 * Such a program sees a packet as a packet socket's does: a VLAN tag that was taken off is not in the
 * packet, only in the ancillary fields of linux/filter.h. nsring hands packets out with the tag in
 * place. So a second program is made of it, which judges packets as they are handed out.
 */
#ifndef NSR_FILTER_CODE_H
#define NSR_FILTER_CODE_H

#include <nsring/engine.h>

struct sock_filter;
struct sock_fprog;

/** What the packets are that a program judges. */
enum nsr_code_view {
	NSR_CODE_ETHERNET,
	NSR_CODE_COOKED, /* LINKTYPE_LINUX_SLL2 */
	NSR_CODE_PLAIN, /* any other link type, and files: nothing was taken off */
};

/**
 * nsr_code_for_wire() - the program that judges packets as they are handed out
 * @code:  a socket's program
 * @count: its instructions
 * @view:  enum nsr_code_view
 * @wire:  filled in; free @wire->filter with free()
 * @err:   the reason in words; may be NULL
 *
 * An outer 802.1Q or 802.1ad tag in the packet counts as taken off.
 *
 * Return: 0; -EINVAL the kernel would refuse @code (bpf_check_classic() in net/core/filter.c);
 * -EOPNOTSUPP it reads what isn't in the packet, or shifts by a register (by 32 and more the kernel does
 * something else than libpcap); -E2BIG the result is longer than the kernel takes; -ENOMEM.
 */
int nsr_code_for_wire(const struct sock_filter *code, uint32_t count, enum nsr_code_view view,
		      struct sock_fprog *wire, struct nsr_error *err);

/** nsr_filter_from_code() - a filter of a socket's program; as nsr_code_for_wire() */
int nsr_filter_from_code(const struct sock_filter *code, uint32_t count, enum nsr_code_view view,
			 struct nsr_filter **filter, struct nsr_error *err);

/** nsr_filter_socket_code() - the program that a filter was given as, owned by it; NULL: as text */
const struct sock_filter *nsr_filter_socket_code(const struct nsr_filter *filter, uint32_t *count);

#endif
