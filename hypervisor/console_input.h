/* SPDX-License-Identifier: GPL-2.0-only */
/* Input of the console= device: to domain 0, or to the hypervisor's keys. */
#ifndef HV_CONSOLE_INPUT_H
#define HV_CONSOLE_INPUT_H

/*
 * A character was typed. Ctrl-A three times switches between domain 0 and the
 * hypervisor; there, 'h' tells what other keys do. One caller at a time, no
 * lock held.
 */
void console_input(char c);

#endif /* HV_CONSOLE_INPUT_H */
