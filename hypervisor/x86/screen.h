/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The screen, from the first line until domain 0 runs: VGA text, or the linear
 * framebuffer that the boot loader set up.
 */
#ifndef HV_SCREEN_H
#define HV_SCREEN_H

#include "builder.h"
#include "multiboot2.h"
#include "types.h"

/*
 * Use the screen that the boot loader describes; VGA text if it says nothing.
 * False: it is none that can be written to. Boot CPU, the first 4 GiB mapped.
 */
bool screen_init(const struct multiboot2 *boot);

/* Write to the screen if it is in use. LOCK_LOG held, or panic. */
void screen_write(const char *text, size_t len);

/*
 * What domain 0 is to know of the screen, whether it was written to or not. False:
 * there is none, or one whose pixels have no name in the binding simple-framebuffer.
 */
bool screen_describe(const struct multiboot2 *boot, struct builder_screen *out);

/* From here on the screen is domain 0's. */
void screen_release(void);

#endif /* HV_SCREEN_H */
