/* SPDX-License-Identifier: GPL-2.0-only */
/* Follows devices that appear, vanish, are renamed or move. */
#ifndef NSR_DEVICE_H
#define NSR_DEVICE_H

int nsr_device_register(void);
void nsr_device_unregister(void);

#endif
