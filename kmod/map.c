// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/net.h>

#include "compat.h"
#include "ring.h"
#include "sock.h"

static int map(struct vm_area_struct *vma, const struct nsr_area *area)
{
	if (!(vma->vm_flags & VM_SHARED) || vma_pages(vma) != area->count)
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return vm_map_pages_zero(vma, area->pages, area->count);
}

/**
 * nsr_mmap() - map the ring area or the cursor area
 * @file:   of the socket
 * @socket: bound
 * @vma:    all of the area, shared
 *
 * The caller holds the mmap lock, so the socket's can't be taken. The mapping holds the socket's
 * file, so a capture goes on until the descriptor is closed and the mapping is gone.
 *
 * Return: 0; -ENOTCONN not bound, or for sending only; -EINVAL another offset or size, or a private
 * mapping; -EPERM the ring area for writing; -ENOMEM.
 */
int nsr_mmap(struct file *file, struct socket *socket, struct vm_area_struct *vma)
{
	struct nsr_sock *sock = nsr_sock(socket->sk);
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;

	/* Pairs with nsr_bind(): the ring is complete. */
	if (!smp_load_acquire(&sock->bound) || !sock->ring)
		return -ENOTCONN;
	if (offset == NSRING_MAP_CURSORS)
		return map(vma, &sock->cursors);
	if (offset != NSRING_MAP_RING)
		return -EINVAL;
	/* Readers share it, and the writer trusts what it has written there. */
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYWRITE);
	return map(vma, &sock->ring->area);
}
