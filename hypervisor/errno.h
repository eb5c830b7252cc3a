/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error numbers of the hypervisor: the ABI's, under their usual names.
 */
#ifndef HV_ERRNO_H
#define HV_ERRNO_H

#ifdef RINGLET_HOST
#include_next <errno.h>
#else

#include <ringlet/abi.h>

#define EPERM	RINGLET_EPERM
#define ENOENT	RINGLET_ENOENT
#define ESRCH	RINGLET_ESRCH
#define EIO	RINGLET_EIO
#define E2BIG	RINGLET_E2BIG
#define EAGAIN	RINGLET_EAGAIN
#define ENOMEM	RINGLET_ENOMEM
#define EFAULT	RINGLET_EFAULT
#define EBUSY	RINGLET_EBUSY
#define EEXIST	RINGLET_EEXIST
#define ENODEV	RINGLET_ENODEV
#define EINVAL	RINGLET_EINVAL
#define ENOSPC	RINGLET_ENOSPC
#define ERANGE	RINGLET_ERANGE
#define ENOSYS	RINGLET_ENOSYS
#define EISCONN	RINGLET_EISCONN

#endif
#endif /* HV_ERRNO_H */
