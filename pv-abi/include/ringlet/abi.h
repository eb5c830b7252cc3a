/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: version, basic types, error numbers, domain identifiers.
 *
 * Every header of this folder stands alone, needs no C library and compiles as
 * C99, C11 and C++. What stands outside the __ASSEMBLER__ guards may also be
 * included from assembly.
 *
 * Fields of shared structures name their writer: [HV] the hypervisor (the gate
 * included), [GST] the guest. Reserved fields must be written as zero and are
 * ignored when read.
 */
#ifndef RINGLET_ABI_H
#define RINGLET_ABI_H

/*
 * The ABI version. A guest refuses any other one, in words, and so does the
 * builder with the version in an image's note: nothing here can be discovered
 * by probing. It grows when something that exists changes its meaning; what is
 * merely added gets a feature bit instead. See CHANGELOG.md.
 */
#define RINGLET_ABI_VERSION		1

/* Feature bits, from the abi_features hypercall. None is defined yet. */
#define RINGLET_FEATURES		0

/* Domain identifiers. */
#define RINGLET_DOMID_0			0	/* the control domain */
#define RINGLET_DOMID_FIRST		1	/* first one given to a domU */
#define RINGLET_DOMID_MAX		0x3ff	/* last one ever given */
#define RINGLET_DOMID_SELF		0x7ff0	/* the calling domain */
#define RINGLET_DOMID_NONE		0x7fff	/* no domain */

#define RINGLET_MAX_VCPUS		64	/* vCPUs of a domain */
#define RINGLET_NAME_LEN		64	/* with the terminating NUL */
#define RINGLET_REASON_LEN		160	/* with the terminating NUL */

/* Error numbers, returned negated. Values are Linux's. */
#define RINGLET_EPERM			1
#define RINGLET_ENOENT			2
#define RINGLET_ESRCH			3
#define RINGLET_EIO			5
#define RINGLET_E2BIG			7
#define RINGLET_EAGAIN			11
#define RINGLET_ENOMEM			12
#define RINGLET_EFAULT			14
#define RINGLET_EBUSY			16
#define RINGLET_EEXIST			17
#define RINGLET_ENODEV			19
#define RINGLET_EINVAL			22
#define RINGLET_ENOSPC			28
#define RINGLET_ERANGE			34
#define RINGLET_ENOSYS			38
#define RINGLET_EISCONN			106

#ifndef __ASSEMBLER__

typedef __UINT8_TYPE__  ringlet_u8;
typedef __UINT16_TYPE__ ringlet_u16;
typedef __UINT32_TYPE__ ringlet_u32;
typedef __UINT64_TYPE__ ringlet_u64;
typedef __INT32_TYPE__  ringlet_s32;
typedef __INT64_TYPE__  ringlet_s64;

/* Refuses to compile when a structure has not the size the ABI gives it. */
#define RINGLET_ASSERT_SIZE(type, size) \
	typedef char ringlet_size_of_##type[sizeof(struct type) == (size) ? 1 : -1] \
	__attribute__((unused))

#endif /* __ASSEMBLER__ */
#endif /* RINGLET_ABI_H */
