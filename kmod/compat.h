/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the kernels that the module is built for: 6.1 to 7.3. */
#ifndef NSR_COMPAT_H
#define NSR_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/version.h>

/* What is written by one mapping of a page must be seen by the other without a flush. */
#if defined(CONFIG_SPARC64) || defined(CONFIG_PARISC) || defined(CONFIG_MIPS)
#error "nsring.ko needs an architecture whose caches have no aliases"
#endif

#ifndef CONFIG_64BIT
#error "nsring.ko needs a 64-bit kernel: positions in a ring are 64 bits and read without a lock"
#endif

/* Since 6.18, without this lock, two softirqs of a CPU can be in the middle of the same lane. */
#if defined(CONFIG_PREEMPT_RT) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0) &&                \
	!defined(CONFIG_PREEMPT_RT_NEEDS_BH_LOCK)
#error "nsring.ko needs PREEMPT_RT_NEEDS_BH_LOCK: a lane is written with bottom halves off, and by nobody else"
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* What bind(2) hands over; its type tells since 6.19 that it may be of any length. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define NSR_ADDRESS struct sockaddr_unsized
#else
#define NSR_ADDRESS struct sockaddr
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif
