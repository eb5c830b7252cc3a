/* SPDX-License-Identifier: GPL-2.0-only */
/* What was built, and how it was started. */
#ifndef HV_VERSION_H
#define HV_VERSION_H

extern const char hv_version[];
extern const char hv_compiler[];
extern const char hv_compile_date[];
extern const char *const hv_cmdline;	/* as the boot loader passed it */

#endif /* HV_VERSION_H */
