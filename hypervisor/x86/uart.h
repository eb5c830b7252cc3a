/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 16550 serial ports: the hypervisor's console. They are hidden from domain 0
 * while console= names them.
 */
#ifndef HV_UART_H
#define HV_UART_H

#include "types.h"

/*
 * Use COM1 (index 0) or COM2 (1). baud 0 leaves the speed as the firmware set
 * it. False: no such port.
 */
bool uart_init(u32 index, u32 baud);

/*
 * Write to all ports in use, newlines as CR LF if they are not that already.
 * Polled: a port that takes nothing for some milliseconds loses characters.
 * LOCK_LOG held, or panic.
 */
void uart_write(const char *text, size_t len);

/*
 * Have input announced by VECTOR_UART on this pCPU. After the IO-APIC is set
 * up. A port whose interrupt cannot be routed has no input.
 */
void uart_enable_interrupts(void);

/* VECTOR_UART: hand received characters to console_input(). No lock held. */
void uart_interrupt(void);

/* Is any of these ports one of ours? */
bool uart_owns_port(u32 port, u32 bytes);

#endif /* HV_UART_H */
