/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of 'vector' in struct regs; for assembly too. */
#ifndef GUEST_VECTORS_H
#define GUEST_VECTORS_H

#define VECTOR_EVENT	256
#define VECTOR_SYSCALL	257

#define TRAP_DE		0
#define TRAP_DB		1
#define TRAP_BP		3
#define TRAP_OF		4
#define TRAP_BR		5
#define TRAP_UD		6
#define TRAP_DF		8
#define TRAP_NP		11
#define TRAP_SS		12
#define TRAP_GP		13
#define TRAP_PF		14
#define TRAP_MF		16
#define TRAP_AC		17
#define TRAP_XM		19

#endif /* GUEST_VECTORS_H */
