// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handle, errors and control hypercalls of libringlet: see ringlet.h.
 *
 * A hypercall takes pointers to memory that is resident and writable at that
 * moment. So arguments go through a bounce buffer that is locked, is written
 * before each call, and is not inherited by children: a fork would make its
 * pages read-only until the next write.
 */
#include "ringlet.h"
#include "device.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <ringlet/hypercall.h>

#define BOUNCE_SIZE	4096
#define CALL_TRIES	8

/* An argument of a hypercall that points to the bounce buffer. */
#define BOUNCE(rl)	((uint64_t)(uintptr_t)(rl)->bounce)

int rl_fail(struct rl *rl, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(rl->error, sizeof(rl->error), format, args);
	va_end(args);
	return -err;
}

/*
 * Make a hypercall and return its result. The kernel may be moving a page of
 * the buffer at the very moment: then the call fails with EFAULT without any
 * effect, and is made again.
 */
static int64_t call(struct rl *rl, uint64_t nr, uint64_t a0, uint64_t a1,
		    uint64_t a2, uint64_t a3)
{
	struct ringlet_hypercall hc;
	int tries, rc;

	for (tries = 0; tries < CALL_TRIES; tries++) {
		hc = (struct ringlet_hypercall){
			.nr = nr,
			.args = { a0, a1, a2, a3 },
		};
		rc = rl_dev_hypercall(rl->fd, &hc);
		if (rc)
			return rc;
		if (hc.ret != -EFAULT)
			return hc.ret;
		memset(rl->bounce, *(volatile unsigned char *)rl->bounce, 1);
	}
	return -EFAULT;
}

/* As call(), with a structure in and out through the bounce buffer. */
static int64_t call_struct(struct rl *rl, uint64_t nr, uint64_t a0,
			   uint64_t a1, int at, void *data, size_t size)
{
	uint64_t args[3] = { a0, a1, 0 };
	int64_t rc;

	args[at] = BOUNCE(rl);
	memcpy(rl->bounce, data, size);
	rc = call(rl, nr, args[0], args[1], args[2], 0);
	if (rc >= 0)
		memcpy(data, rl->bounce, size);
	return rc;
}

/* The sentence for a failed call on a domain. */
static int domain_fail(struct rl *rl, int64_t rc, uint32_t domid,
		       const char *what)
{
	if (rc >= 0)
		return (int)rc;
	if (rc == -ESRCH)
		return rl_fail(rl, ESRCH, "there is no domain %u ('ringlet list' shows those that exist)",
			       domid);
	return rl_fail(rl, (int)-rc, "cannot %s domain %u: %s", what, domid,
		       strerror((int)-rc));
}

static int open_failed(struct rl *rl, int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return rl_fail(rl, EACCES, "only root may control domains: run this with sudo");
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return rl_fail(rl, ENODEV, "not running under Ringlet (there is no /dev/ringlet): choose Ringlet in the boot menu");
	}
	return rl_fail(rl, err, "cannot open /dev/ringlet: %s", strerror(err));
}

static int check_version(struct rl *rl)
{
	int64_t version = call(rl, RINGLET_HC_abi_version, 0, 0, 0, 0);

	if (version < 0)
		return rl_fail(rl, (int)-version, "Ringlet does not answer: %s",
			       strerror((int)-version));
	if (version != RINGLET_ABI_VERSION)
		return rl_fail(rl, EPROTO, "the running Ringlet has version %lld of the ABI, these tools are for version %d: install the tools that belong to it",
			       (long long)version, RINGLET_ABI_VERSION);
	return 0;
}

int rl_open(struct rl *rl)
{
	void *bounce;
	int fd, rc;

	memset(rl, 0, sizeof(*rl));
	rl->fd = -1;
	fd = rl_dev_open();
	if (fd < 0)
		return open_failed(rl, -fd);
	rl->fd = fd;
	bounce = mmap(NULL, BOUNCE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bounce == MAP_FAILED) {
		rl_close(rl);
		return rl_fail(rl, ENOMEM, "out of memory");
	}
	rl->bounce = bounce;
	madvise(bounce, BOUNCE_SIZE, MADV_DONTFORK);
	if (mlock(bounce, BOUNCE_SIZE)) {
		rc = errno;
		rl_close(rl);
		return rl_fail(rl, rc, "cannot lock memory for hypercalls: %s",
			       strerror(rc));
	}
	rc = check_version(rl);
	if (rc)
		rl_close(rl);
	return rc;
}

void rl_close(struct rl *rl)
{
	if (rl->fd >= 0)
		close(rl->fd);
	if (rl->bounce)
		munmap(rl->bounce, BOUNCE_SIZE);
	rl->fd = -1;
	rl->bounce = NULL;
}

int rl_next_domain(struct rl *rl, uint32_t from,
		   struct ringlet_domain_info *info)
{
	int64_t rc;

	memset(info, 0, sizeof(*info));
	rc = call_struct(rl, RINGLET_HC_domctl_info, from, 0, 1, info,
			 sizeof(*info));
	if (rc < 0)
		return domain_fail(rl, rc, from, "describe");
	info->name[sizeof(info->name) - 1] = 0;
	info->why[sizeof(info->why) - 1] = 0;
	return 0;
}

static int find_by_name(struct rl *rl, const char *name,
			struct ringlet_domain_info *info)
{
	uint32_t from;
	int rc;

	for (from = 0; ; from = info->domid + 1) {
		rc = rl_next_domain(rl, from, info);
		if (rc == -ESRCH)
			return rl_fail(rl, ESRCH, "there is no domain '%s' ('ringlet list' shows those that exist)",
				       name);
		if (rc || !strcmp(info->name, name))
			return rc;
	}
}

int rl_find_domain(struct rl *rl, const char *who,
		   struct ringlet_domain_info *info)
{
	unsigned long domid;
	char *end;
	int rc;

	if (!isdigit((unsigned char)who[0]))
		return find_by_name(rl, who, info);
	errno = 0;
	domid = strtoul(who, &end, 10);
	if (*end)
		return find_by_name(rl, who, info);
	if (errno || domid > RINGLET_DOMID_MAX)
		return rl_fail(rl, ESRCH, "there is no domain %s: identifiers go from 0 to %u",
			       who, RINGLET_DOMID_MAX);
	rc = rl_next_domain(rl, (uint32_t)domid, info);
	if (rc == -ESRCH || (!rc && info->domid != domid))
		return domain_fail(rl, -ESRCH, (uint32_t)domid, "find");
	return rc;
}

int rl_domain_create(struct rl *rl, const struct ringlet_domain_create *create)
{
	struct ringlet_domain_create copy = *create;
	int64_t rc;

	rc = call_struct(rl, RINGLET_HC_domctl_create, 0, 0, 0, &copy,
			 sizeof(copy));
	if (rc >= 0)
		return (int)rc;
	switch (-rc) {
	case EEXIST:
		return rl_fail(rl, EEXIST, "the name '%s' is in use by another domain: give this one another name",
			       create->name);
	case ENOSPC:
		return rl_fail(rl, ENOSPC, "there are already as many domains as Ringlet can have");
	case ENOMEM:
		return rl_fail(rl, ENOMEM, "not enough memory for another domain");
	}
	return rl_fail(rl, (int)-rc, "cannot create domain '%s': %s",
		       create->name, strerror((int)-rc));
}

int rl_domain_destroy(struct rl *rl, uint32_t domid)
{
	return domain_fail(rl, call(rl, RINGLET_HC_domctl_destroy, domid, 0, 0,
				    0), domid, "destroy");
}

int rl_domain_pause(struct rl *rl, uint32_t domid)
{
	return domain_fail(rl, call(rl, RINGLET_HC_domctl_pause, domid, 0, 0,
				    0), domid, "pause");
}

int rl_domain_unpause(struct rl *rl, uint32_t domid)
{
	int64_t rc = call(rl, RINGLET_HC_domctl_unpause, domid, 0, 0, 0);

	if (rc == -EINVAL)
		return rl_fail(rl, EINVAL, "domain %u is not paused", domid);
	return domain_fail(rl, rc, domid, "unpause");
}

int rl_domain_request(struct rl *rl, uint32_t domid, uint32_t request)
{
	int64_t rc = call(rl, RINGLET_HC_domctl_request, domid, request, 0, 0);

	if (rc == -ENODEV)
		return rl_fail(rl, ENODEV, "domain %u does not listen to requests to shut down or reboot (its kernel is not up yet, or does not take them): 'ringlet destroy' ends it",
			       domid);
	return domain_fail(rl, rc, domid, "ask");
}

int rl_domain_set_vcpus(struct rl *rl, uint32_t domid, uint32_t vcpus)
{
	return domain_fail(rl, call(rl, RINGLET_HC_domctl_set_vcpus, domid,
				    vcpus, 0, 0), domid, "change the vCPUs of");
}

int rl_domain_set_max_pages(struct rl *rl, uint32_t domid, uint64_t pages)
{
	int64_t rc = call(rl, RINGLET_HC_domctl_set_max_pages, domid, pages, 0,
			  0);

	if (rc == -EINVAL)
		return rl_fail(rl, EINVAL, "%llu MiB are more memory than a domain can have",
			       (unsigned long long)(pages >> 8));
	return domain_fail(rl, rc, domid, "limit the memory of");
}

int rl_domain_set_shared(struct rl *rl, uint32_t domid, uint64_t gfn)
{
	return domain_fail(rl, call(rl, RINGLET_HC_domctl_set_shared, domid,
				    gfn, 0, 0), domid, "place the shared page of");
}

int rl_vcpu_info(struct rl *rl, uint32_t domid, uint32_t vcpu,
		 struct ringlet_vcpu_info *info)
{
	memset(info, 0, sizeof(*info));
	return domain_fail(rl, call_struct(rl, RINGLET_HC_domctl_vcpu_info,
					   domid, vcpu, 2, info, sizeof(*info)),
			   domid, "describe a vCPU of");
}

int rl_domain_set_weight(struct rl *rl, uint32_t domid, uint32_t weight)
{
	int64_t rc = call(rl, RINGLET_HC_domctl_set_weight, domid, weight, 0, 0);

	if (rc == -EINVAL)
		return rl_fail(rl, EINVAL, "a weight must be 1 to 65535: it is %u",
			       weight);
	return domain_fail(rl, rc, domid, "set the weight of");
}

int rl_domain_set_cap(struct rl *rl, uint32_t domid, uint32_t cap)
{
	int64_t rc = call(rl, RINGLET_HC_domctl_set_cap, domid, cap, 0, 0);

	if (rc == -EINVAL)
		return rl_fail(rl, EINVAL, "the cap of domain %u must be 0 to 100 percent for each of its vCPUs: it is %u",
			       domid, cap);
	return domain_fail(rl, rc, domid, "set the cap of");
}

int rl_vcpu_affinity(struct rl *rl, uint32_t domid, uint32_t vcpu,
		     struct ringlet_affinity *affinity)
{
	memset(affinity, 0, sizeof(*affinity));
	return domain_fail(rl, call_struct(rl, RINGLET_HC_domctl_get_affinity,
					   domid, vcpu, 2, affinity,
					   sizeof(*affinity)),
			   domid, "read the affinity of a vCPU of");
}

int rl_vcpu_set_affinity(struct rl *rl, uint32_t domid, uint32_t vcpu,
			 const struct ringlet_affinity *affinity)
{
	struct ringlet_affinity copy = *affinity;
	int64_t rc;

	rc = call_struct(rl, RINGLET_HC_domctl_set_affinity, domid, vcpu, 2,
			 &copy, sizeof(copy));
	if (rc == -ENOENT)
		return rl_fail(rl, ENOENT, "domain %u has no vCPU %u", domid,
			       vcpu);
	if (rc == -EINVAL)
		return rl_fail(rl, EINVAL, "vCPU %u of domain %u could run nowhere: none of its CPUs exists on this host",
			       vcpu, domid);
	return domain_fail(rl, rc, domid, "set the affinity of a vCPU of");
}

int rl_vcpu_set_context(struct rl *rl, uint32_t domid, uint32_t vcpu,
			const struct ringlet_vcpu_context *context)
{
	struct ringlet_vcpu_context copy = *context;

	return domain_fail(rl, call_struct(rl, RINGLET_HC_domctl_set_context,
					   domid, vcpu, 2, &copy, sizeof(copy)),
			   domid, "set the start state of");
}

int rl_vcpu_context(struct rl *rl, uint32_t domid, uint32_t vcpu,
		    struct ringlet_vcpu_context *context)
{
	memset(context, 0, sizeof(*context));
	return domain_fail(rl, call_struct(rl, RINGLET_HC_domctl_get_context,
					   domid, vcpu, 2, context,
					   sizeof(*context)),
			   domid, "read the registers of");
}

int rl_domain_perf(struct rl *rl, uint32_t domid, struct ringlet_perf *perf)
{
	memset(perf, 0, sizeof(*perf));
	return domain_fail(rl, call_struct(rl, RINGLET_HC_domctl_perf, domid, 0,
					   1, perf, sizeof(*perf)),
			   domid, "read the counters of");
}

int rl_domain_emulated(struct rl *rl, uint32_t domid,
		       struct ringlet_emulated log[RINGLET_EMULATED_MAX])
{
	size_t size = RINGLET_EMULATED_MAX * sizeof(*log);
	int64_t rc;

	memset(rl->bounce, 0, size);
	rc = call(rl, RINGLET_HC_domctl_emulated, domid, BOUNCE(rl),
		  RINGLET_EMULATED_MAX, 0);
	if (rc > RINGLET_EMULATED_MAX)
		rc = RINGLET_EMULATED_MAX;
	if (rc > 0)
		memcpy(log, rl->bounce, (size_t)rc * sizeof(*log));
	return domain_fail(rl, rc, domid, "read the emulation log of");
}

int rl_sysinfo(struct rl *rl, struct ringlet_sysinfo *info)
{
	int64_t rc;

	memset(info, 0, sizeof(*info));
	rc = call_struct(rl, RINGLET_HC_sysctl_info, 0, 0, 0, info,
			 sizeof(*info));
	if (rc < 0)
		return rl_fail(rl, (int)-rc, "cannot describe the host: %s",
			       strerror((int)-rc));
	info->version[sizeof(info->version) - 1] = 0;
	info->compiler[sizeof(info->compiler) - 1] = 0;
	info->compile_date[sizeof(info->compile_date) - 1] = 0;
	info->cmdline[sizeof(info->cmdline) - 1] = 0;
	info->cpu_model[sizeof(info->cpu_model) - 1] = 0;
	return 0;
}

static int trace_fail(struct rl *rl, int64_t rc)
{
	if (rc == -ENOSYS || rc == -EPERM)
		return rl_fail(rl, (int)-rc, "the hypervisor, or the kernel of this domain, is too old for tracing: install those that belong to these tools");
	return rl_fail(rl, (int)-rc, "cannot trace the hypervisor: %s",
		       strerror((int)-rc));
}

int rl_trace(struct rl *rl, uint64_t events)
{
	int64_t rc = call(rl, RINGLET_HC_sysctl_trace, events, 0, 0, 0);

	return rc < 0 ? trace_fail(rl, rc) : 0;
}

int rl_trace_read(struct rl *rl, uint32_t pcpu, uint64_t *position,
		  struct ringlet_trace_event events[RL_TRACE_READ])
{
	uint8_t *to = (uint8_t *)rl->bounce + sizeof(*position);
	int64_t rc;

	_Static_assert(sizeof(*position) + RL_TRACE_READ * sizeof(*events) <=
		       BOUNCE_SIZE, "RL_TRACE_READ");
	memset(rl->bounce, 0, BOUNCE_SIZE);
	memcpy(rl->bounce, position, sizeof(*position));
	rc = call(rl, RINGLET_HC_sysctl_trace_read, pcpu, BOUNCE(rl),
		  BOUNCE(rl) + sizeof(*position), RL_TRACE_READ);
	if (rc < 0)
		return trace_fail(rl, rc);
	if (rc > RL_TRACE_READ)
		rc = RL_TRACE_READ;
	memcpy(position, rl->bounce, sizeof(*position));
	memcpy(events, to, (size_t)rc * sizeof(*events));
	return (int)rc;
}

int rl_domain_populate(struct rl *rl, uint32_t domid, uint64_t gfn,
		       uint64_t count)
{
	const struct timespec wait = { .tv_nsec = 10 * 1000 * 1000 };
	int64_t rc;

	while (count) {
		rc = call(rl, RINGLET_HC_domctl_populate, domid, gfn, count, 0);
		if (rc == -EAGAIN) {
			nanosleep(&wait, NULL);
			continue;
		}
		if (rc <= 0 || (uint64_t)rc > count)
			return domain_fail(rl, rc < 0 ? rc : -EIO, domid,
					   "give memory to");
		gfn += (uint64_t)rc;
		count -= (uint64_t)rc;
	}
	return 0;
}

int rl_console_read(struct rl *rl, uint32_t domid, void *buf, size_t len)
{
	return domain_fail(rl, call(rl, RINGLET_HC_domctl_console_read, domid,
				    (uint64_t)(uintptr_t)buf, len, 0), domid,
			   "read the console of");
}

int rl_console_write(struct rl *rl, uint32_t domid, const void *buf, size_t len)
{
	if (len > BOUNCE_SIZE)
		len = BOUNCE_SIZE;
	memcpy(rl->bounce, buf, len);
	return domain_fail(rl, call(rl, RINGLET_HC_domctl_console_write, domid,
				    BOUNCE(rl), len, 0), domid,
			   "write to the console of");
}

int rl_dmesg(struct rl *rl, uint64_t *position, char *buf, size_t len)
{
	uint64_t bounds[2] = { 0 };
	int64_t rc;

	rc = call_struct(rl, RINGLET_HC_sysctl_dmesg_bounds, 0, 0, 0, bounds,
			 sizeof(bounds));
	if (rc >= 0) {
		if (*position < bounds[0] || *position > bounds[1])
			*position = bounds[0];
		if (len > bounds[1] - *position)
			len = bounds[1] - *position;
		if (len > BOUNCE_SIZE)
			len = BOUNCE_SIZE;
		memset(rl->bounce, 0, BOUNCE_SIZE);
		rc = call(rl, RINGLET_HC_sysctl_dmesg, BOUNCE(rl), len,
			  *position, 0);
	}
	if (rc < 0 || (uint64_t)rc > len)
		return rl_fail(rl, rc < 0 ? (int)-rc : EIO, "cannot read the log of the hypervisor: %s",
			       strerror(rc < 0 ? (int)-rc : EIO));
	memcpy(buf, rl->bounce, (size_t)rc);
	*position += (uint64_t)rc;
	return (int)rc;
}

int rl_bind_virq(struct rl *rl, uint32_t virq, int eventfd)
{
	int rc = rl_dev_bind_virq(rl->fd, virq, eventfd);

	if (rc == -EEXIST)
		return rl_fail(rl, EEXIST, "another program receives the events of domains: is another ringletd running?");
	if (rc)
		return rl_fail(rl, -rc, "cannot receive events of domains: %s",
			       strerror(-rc));
	return 0;
}

int rl_new_port(struct rl *rl, uint32_t domid)
{
	return domain_fail(rl, rl_dev_new_port(rl->fd, domid), domid,
			   "make an event channel in");
}

int rl_domain_fd(struct rl *rl, uint32_t domid, uint64_t pages)
{
	return domain_fail(rl, rl_dev_domain(rl->fd, domid,
					     (uint32_t)(pages >> 8)), domid,
			   "get a descriptor for");
}

int rl_domain_pool_fd(struct rl *rl, uint32_t domid, const struct rl_bus *bus)
{
	return domain_fail(rl, rl_dev_domain_pool(rl->fd, domid, bus->first,
						  bus->pages, bus->gfn),
			   domid, "get a descriptor for");
}

void *rl_map(struct rl *rl, uint32_t domid, uint64_t gfn, uint64_t count)
{
	return rl_dev_map(rl->fd, domid, gfn, count);
}

void rl_unmap(void *mapping, uint64_t count)
{
	rl_dev_unmap(mapping, count);
}
