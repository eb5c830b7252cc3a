/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libringlet: control of Ringlet from domain 0.
 *
 * Functions that can fail return a negative errno and leave a sentence for
 * people in rl->error. A handle is for one thread and one process: after
 * fork(2) the child must open its own.
 */
#ifndef RL_RINGLET_H
#define RL_RINGLET_H

#include <stddef.h>
#include <stdint.h>
#include <ringlet/abi.h>
#include <ringlet/domctl.h>
#include <ringlet/event.h>
#include <ringlet/trace.h>
#include <ringlet/x86.h>
#include "config.h"

#define RL_ERROR_LEN	512

struct rl {
	int fd;			/* -1: not open */
	void *bounce;		/* resident memory that hypercalls may use */
	char error[RL_ERROR_LEN];
};

/* Note why something failed. Returns -err. */
int rl_fail(struct rl *rl, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Open the control device and check the ABI version.
 * Errors: EACCES (not root), ENODEV (not running under Ringlet), EPROTO (other
 * ABI version), ENOMEM, and those of open(2).
 */
int rl_open(struct rl *rl);
void rl_close(struct rl *rl);

/* Is there a domain with an identifier of at least 'from'? -ESRCH: none. */
int rl_next_domain(struct rl *rl, uint32_t from,
		   struct ringlet_domain_info *info);

/* Find a domain by identifier (a number) or name. Errors: ESRCH. */
int rl_find_domain(struct rl *rl, const char *who,
		   struct ringlet_domain_info *info);

/* The hypercalls of the same names; errors as in docs/hypercalls.md. */
int rl_domain_create(struct rl *rl, const struct ringlet_domain_create *create);
int rl_domain_destroy(struct rl *rl, uint32_t domid);
int rl_domain_pause(struct rl *rl, uint32_t domid);
int rl_domain_unpause(struct rl *rl, uint32_t domid);
int rl_domain_set_max_pages(struct rl *rl, uint32_t domid, uint64_t pages);
int rl_domain_set_vcpus(struct rl *rl, uint32_t domid, uint32_t vcpus);
int rl_domain_request(struct rl *rl, uint32_t domid, uint32_t request);
int rl_domain_set_shared(struct rl *rl, uint32_t domid, uint64_t gfn);
int rl_vcpu_info(struct rl *rl, uint32_t domid, uint32_t vcpu,
		 struct ringlet_vcpu_info *info);
int rl_domain_set_weight(struct rl *rl, uint32_t domid, uint32_t weight);
int rl_domain_set_cap(struct rl *rl, uint32_t domid, uint32_t cap);
int rl_vcpu_affinity(struct rl *rl, uint32_t domid, uint32_t vcpu,
		     struct ringlet_affinity *affinity);
int rl_vcpu_set_affinity(struct rl *rl, uint32_t domid, uint32_t vcpu,
			 const struct ringlet_affinity *affinity);
int rl_vcpu_context(struct rl *rl, uint32_t domid, uint32_t vcpu,
		    struct ringlet_vcpu_context *context);
int rl_vcpu_set_context(struct rl *rl, uint32_t domid, uint32_t vcpu,
			const struct ringlet_vcpu_context *context);
int rl_domain_perf(struct rl *rl, uint32_t domid, struct ringlet_perf *perf);
int rl_domain_emulated(struct rl *rl, uint32_t domid,
		       struct ringlet_emulated log[RINGLET_EMULATED_MAX]);
int rl_sysinfo(struct rl *rl, struct ringlet_sysinfo *info);

/*
 * Give a domain memory at [gfn, gfn + count). Waits while freed memory is
 * being scrubbed. Errors: ENOMEM, EINVAL, EEXIST, ESRCH.
 */
int rl_domain_populate(struct rl *rl, uint32_t domid, uint64_t gfn,
		       uint64_t count);

/*
 * Take console output of a domain. 'buf' must be resident (mlock(2)) memory of
 * this process that is not shared with a child. Returns bytes, 0 to len.
 */
int rl_console_read(struct rl *rl, uint32_t domid, void *buf, size_t len);

/* Give a domain console input. Returns bytes taken, 0 to len. */
int rl_console_write(struct rl *rl, uint32_t domid, const void *buf,
		     size_t len);

/*
 * Read the hypervisor's log from *position on (bytes since its start; moved
 * behind what was read). Returns bytes stored, 0 at the end.
 */
int rl_dmesg(struct rl *rl, uint64_t *position, char *buf, size_t len);

/*
 * Record these events (ringlet/trace.h), a bit each; 0: none but those that are
 * always. Errors: EBUSY, ENOMEM.
 */
int rl_trace(struct rl *rl, uint64_t events);

#define RL_TRACE_READ	120	/* events at most */

/*
 * Read the ring of a pCPU from event *position on; it is moved behind them, and over
 * those that were lost. Returns how many.
 */
int rl_trace_read(struct rl *rl, uint32_t pcpu, uint64_t *position,
		  struct ringlet_trace_event events[RL_TRACE_READ]);

/* Signal an eventfd when this virtual interrupt arrives. */
int rl_bind_virq(struct rl *rl, uint32_t virq, int eventfd);

/* Map memory of a domain; NULL with errno on failure. */
void *rl_map(struct rl *rl, uint32_t domid, uint64_t gfn, uint64_t count);
void rl_unmap(void *mapping, uint64_t count);

/*
 * Make a port in a domain that domain 0 may bind to. Returns its number.
 * Errors: ESRCH, ENOSPC.
 */
int rl_new_port(struct rl *rl, uint32_t domid);

/*
 * A close-on-exec descriptor with which a program can serve this domain's
 * devices, and do nothing else. Of pages [0, pages) it can take some away from the
 * domain, and give it them again; whole MiB of them. Errors: ESRCH.
 */
int rl_domain_fd(struct rl *rl, uint32_t domid, uint64_t pages);

#define RL_BUS_PAGES	1	/* that a domain has beside its memory */

struct rl_bus;

/* The same, good for the memory only that backends see (first is not 0). */
int rl_domain_pool_fd(struct rl *rl, uint32_t domid, const struct rl_bus *bus);

/* Where the bus of a domain's devices is (ringlet/virtio.h). */
struct rl_bus {
	uint64_t first;			/* gfn: what backends see begins there; 0: all */
	uint64_t pages;			/* and is as long, at most */
	uint64_t gfn;
	uint32_t port;
};

/*
 * Build a domain: it is paused, with its memory and its first vCPU ready to
 * start. On failure no domain is left. Returns the domain identifier.
 * Errors: ENOENT and others of open(2) for kernel and ramdisk, EINVAL (the
 * kernel cannot run here), ENOMEM, EEXIST (name in use).
 *
 * @again: its devices are there already, from the life before this one
 * @bus: where its virtio bus is (out)
 */
int rl_build(struct rl *rl, const struct rl_config *config, bool again,
	     struct rl_bus *bus);

/*
 * Everything of rl_build() that needs no hypervisor, the files and bridges of
 * its devices included; 'rl' need not be open.
 */
int rl_build_check(struct rl *rl, const struct rl_config *config);

#endif /* RL_RINGLET_H */
