/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hardware TLBs of other pCPUs.
 */
#ifndef HV_SHOOTDOWN_H
#define HV_SHOOTDOWN_H

struct domain;

/*
 * Return when no pCPU has a translation of domain 'd' in its TLB that was
 * removed from the shadow tables before. (The calling pCPU's own goes when it
 * loads CR3 at its exit.) Interrupts the pCPUs that run the domain and waits until
 * they have left it. Hold no lock.
 */
void shootdown(struct domain *d);

#endif /* HV_SHOOTDOWN_H */
