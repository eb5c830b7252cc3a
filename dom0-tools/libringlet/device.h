/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way to the hypervisor: everything that libringlet asks of the kernel and
 * where its files lie, in one place. Tests link another implementation.
 */
#ifndef RL_DEVICE_H
#define RL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/ringlet.h>

/* Open the control device: a close-on-exec descriptor, or -errno. */
int rl_dev_open(void);

/*
 * Make a hypercall. Returns 0 with the result in call->ret, or -errno when the
 * kernel did not pass it on.
 */
int rl_dev_hypercall(int fd, struct ringlet_hypercall *call);

/*
 * Map pages [gfn, gfn + count) of a domain for reading and writing.
 * Returns the mapping, or NULL with errno set.
 */
void *rl_dev_map(int fd, uint32_t domid, uint64_t gfn, uint64_t count);
void rl_dev_unmap(void *mapping, uint64_t count);

/*
 * Bind a virtual interrupt of this domain to an eventfd, for as long as the
 * device is open. Returns 0 or -errno.
 */
int rl_dev_bind_virq(int fd, uint32_t virq, int eventfd);

/*
 * Make an event channel port in a domain, for this domain, and leave it unbound.
 * Returns its number, or -errno.
 */
int rl_dev_new_port(int fd, uint32_t domid);

/*
 * A descriptor of the control device that is good for one domain only
 * (RINGLET_IOC_DOMAIN), close-on-exec; 'memory' as there, in MiB. Or -errno.
 */
int rl_dev_domain(int fd, uint32_t domid, uint32_t memory);

/*
 * The same, with which of its memory only 'count' pages from 'gfn' on and page
 * 'page' can be mapped (RINGLET_IOC_DOMAIN_POOL).
 */
int rl_dev_domain_pool(int fd, uint32_t domid, uint64_t gfn, uint64_t count,
		       uint64_t page);

/*
 * The path of a program that ringletd needs: beside this one, or in the usual
 * places. Returns false if there is none.
 */
bool rl_program(const char *name, char *path, size_t size);

/* Directories of ringletd's socket and records, and of console logs. */
const char *rl_run_dir(void);
const char *rl_log_dir(void);
/* Of cores of domains that crashed; exists once there was one. */
const char *rl_dump_dir(void);

#endif /* RL_DEVICE_H */
