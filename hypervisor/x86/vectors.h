/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt vectors above the exceptions. The interrupt priority is the upper
 * half of the vector, so the hypervisor's own come before devices'.
 */
#ifndef HV_VECTORS_H
#define HV_VECTORS_H

#define VECTOR_DEVICE_FIRST	0x30	/* given to domain 0's interrupts */
#define VECTOR_DEVICE_LAST	0xdf
#define VECTOR_TIMER		0xf0	/* local APIC timer */
#define VECTOR_KICK		0xf1	/* pcpu_kick(): enter the hypervisor */
#define VECTOR_NMI_DEFERRED	0xf2	/* self-IPI sent by the NMI handler */
#define VECTOR_UART		0xf3	/* console= device */
#define VECTOR_APIC_ERROR	0xf4
#define VECTOR_SPURIOUS		0xff	/* needs no end of interrupt */

#endif /* HV_VECTORS_H */
