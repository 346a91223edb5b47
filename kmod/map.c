// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/net.h>

#include "compat.h"
#include "ring.h"
#include "sock.h"

/*
 * The pages that are there are mapped at once, so that a reader meets no faults; those of lanes that are made
 * later, and pages that user space has dropped (MADV_DONTNEED), by faults.
 */
static vm_fault_t fault(struct vm_fault *vmf)
{
	/* A mapping holds the socket's file, so the ring is there. */
	const struct nsr_ring *ring = vmf->vma->vm_private_data;
	struct page *page = nsr_lanes_page(ring, vmf->pgoff);

	if (!page)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct ring_operations = {
	.fault = fault,
};

static int check(struct vm_area_struct *vma, unsigned long pages)
{
	return vma->vm_flags & VM_SHARED && vma_pages(vma) == pages ? 0 : -EINVAL;
}

static int map_cursors(struct vm_area_struct *vma, const struct nsr_area *area)
{
	int rc;

	rc = check(vma, area->count);
	if (rc < 0)
		return rc;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return vm_map_pages_zero(vma, area->pages, area->count);
}

static int insert(struct vm_area_struct *vma, const struct nsr_area *area, unsigned long at)
{
	unsigned long left = area->count;

	return vm_insert_pages(vma, vma->vm_start + (at << PAGE_SHIFT), area->pages, &left);
}

static int insert_lanes(struct vm_area_struct *vma, const struct nsr_ring *ring)
{
	unsigned long at = ring->header.count;
	const struct nsr_lane *lane;
	unsigned int cpu;
	int rc = 0;

	for (cpu = 0; cpu < nr_cpu_ids && rc == 0; cpu++) {
		lane = nsr_lane(ring, cpu);
		if (lane && nsr_lane_has_memory(lane))
			rc = insert(vma, &lane->area, at);
		at += nsr_lane_pages(ring->lane_bytes);
	}
	return rc;
}

static int map_ring(struct vm_area_struct *vma, struct nsr_ring *ring)
{
	int rc;

	/* Readers share it, and the writer trusts what it has written there. */
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYWRITE);
	rc = check(vma, nsr_ring_pages(ring));
	if (rc < 0)
		return rc;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = ring;
	vma->vm_ops = &ring_operations;
	rc = insert(vma, &ring->header, 0);
	return rc < 0 ? rc : insert_lanes(vma, ring);
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
		return map_cursors(vma, &sock->cursors);
	if (offset != NSRING_MAP_RING)
		return -EINVAL;
	return map_ring(vma, sock->ring);
}
