/* SPDX-License-Identifier: GPL-2.0-only */
/* Selectors of the hypervisor's GDT, and flags. Usable from assembly. */
#ifndef HV_SEGMENTS_H
#define HV_SEGMENTS_H

#define SEL_GUEST_CS	0x11	/* ring 1, 64-bit */
#define SEL_GUEST_SS	0x19
#define SEL_USER32_CS	0x23
#define SEL_USER_DS	0x2b
#define SEL_USER_CS	0x33
#define SEL_CPUNODE	0x7b
#define SEL_HV_CS	0x80	/* ring 0; SYSCALL loads 0x80 and 0x88 */
#define SEL_HV_SS	0x88
#define SEL_TSS		0x90
#define SEL_LDT		0xa0	/* where there is one */
#define GDT_ENTRIES	22

/* RFLAGS (SDM vol. 1, 3.4.3) */
#define RFLAGS_FIXED	0x000002
#define RFLAGS_TF	0x000100
#define RFLAGS_IF	0x000200
#define RFLAGS_DF	0x000400
#define RFLAGS_RF	0x010000
/* What a guest may set by a return: CF PF AF ZF SF TF DF OF RF AC ID. */
#define RFLAGS_GUEST	0x250dd5
/* What it runs with besides: interrupts are really on, IOPL is 0. */
#define RFLAGS_FORCED	(RFLAGS_FIXED | RFLAGS_IF)

/* Interrupt stack table entries (SDM vol. 3, 7.14.5) */
#define IST_NMI		1
#define IST_DF		2
#define IST_MC		3
#define IST_DB		4

#endif /* HV_SEGMENTS_H */
