/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains that the hypervisor builds from boot modules. */
#ifndef HV_BOOT_BUILD_H
#define HV_BOOT_BUILD_H

#include "boot_domains.h"
#include "builder.h"

struct domain;

/*
 * Load what 'in' names into a domain that has its memory, and let it run when
 * scheduling starts. Boot pCPU, before pcpu_start(); does not return when that
 * fails (boot_failure()).
 */
void boot_build(struct domain *d, const struct builder_input *in);

/* Make all boot-time domains. As boot_build(). */
void boot_build_domains(const struct boot_domains *all);

#endif /* HV_BOOT_BUILD_H */
