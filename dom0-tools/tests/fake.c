// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hypervisor for tests of the tools: see fake.h. Semantics are those of
 * docs/hypercalls.md.
 */
#include "fake.h"
#include "device.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <ringlet/hypercall.h>

struct fake *fake;

static void lock_fake(void)
{
	if (pthread_mutex_lock(&fake->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&fake->lock);
}

static void unlock_fake(void)
{
	pthread_mutex_unlock(&fake->lock);
}

static void sleep_ms(unsigned int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static struct fake_domain *by_id(uint64_t domid)
{
	unsigned int i;

	for (i = 0; i < FAKE_DOMAINS; i++)
		if (fake->domain[i].used &&
		    fake->domain[i].info.domid == domid)
			return &fake->domain[i];
	return NULL;
}

struct fake_domain *fake_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < FAKE_DOMAINS; i++)
		if (fake->domain[i].used &&
		    !strcmp(fake->domain[i].info.name, name))
			return &fake->domain[i];
	return NULL;
}

unsigned char *fake_memory_of(const struct fake_domain *d)
{
	return fake->memory + FAKE_MEMORY * (size_t)(d - fake->domain);
}

static struct fake_domain *new_domain(const char *name)
{
	struct fake_domain *d = NULL;
	unsigned int i;

	for (i = 0; i < FAKE_DOMAINS && !d; i++)
		if (!fake->domain[i].used)
			d = &fake->domain[i];
	if (!d)
		return NULL;
	memset(d, 0, sizeof(*d));
	d->used = true;
	snprintf(d->info.name, sizeof(d->info.name), "%s", name);
	d->info.domid = fake->next_domid++;
	d->info.created = now();
	d->info.vcpus = 1;
	d->info.weight = 256;
	for (i = 0; i < 4; i++)
		d->affinity[i].hard[0] = d->affinity[i].soft[0] = 3;
	return d;
}

struct fake_domain *fake_add(const char *name)
{
	struct fake_domain *d;

	lock_fake();
	d = new_domain(name);
	fake->raised[RINGLET_VIRQ_DOMAIN]++;
	unlock_fake();
	return d;
}

void fake_print(struct fake_domain *d, const char *text)
{
	size_t n = strlen(text);

	for (;;) {
		lock_fake();
		if (d->out_len + n <= sizeof(d->out))
			break;
		unlock_fake();
		sleep_ms(1);
	}
	memcpy(d->out + d->out_len, text, n);
	d->out_len += n;
	fake->raised[RINGLET_VIRQ_DOMAIN_CONSOLE]++;
	unlock_fake();
}

static void end_locked(struct fake_domain *d, unsigned int reason,
		       const char *why)
{
	d->info.flags |= RINGLET_DOMF_SHUTDOWN;
	d->info.reason = reason;
	snprintf(d->info.why, sizeof(d->info.why), "%s", why);
	fake->raised[RINGLET_VIRQ_DOMAIN]++;
}

void fake_end(struct fake_domain *d, unsigned int reason, const char *why)
{
	lock_fake();
	end_locked(d, reason, why);
	unlock_fake();
}

void fake_start(void)
{
	pthread_mutexattr_t attr;
	void *p;

	p = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		abort();
	fake = p;
	p = mmap(NULL, FAKE_MEMORY * FAKE_DOMAINS, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		abort();
	fake->memory = p;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&fake->lock, &attr);
	fake->abi_version = RINGLET_ABI_VERSION;
	fake->free_pages = 100 << 8;
	snprintf(fake->dir, sizeof(fake->dir), "/tmp/ringlet-test-XXXXXX");
	/* Programs of the test run as other users. */
	if (!mkdtemp(fake->dir) || chmod(fake->dir, 0755))
		abort();
	new_domain("Domain-0")->info.pages = 512 << 8;
	fake->domain[0].info.flags = RINGLET_DOMF_RUNNING;
	fake->domain[0].info.vcpus_online = 1;
}

static void remove_tree(const char *path)
{
	char name[384];
	struct dirent *e;
	DIR *dir = opendir(path);

	while (dir && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (unlink(name))
			remove_tree(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

void fake_stop(void)
{
	remove_tree(fake->dir);
	munmap(fake->memory, FAKE_MEMORY * FAKE_DOMAINS);
	munmap(fake, sizeof(*fake));
}

/* --- Hypercalls ----------------------------------------------------------- */

static int64_t hc_create(const struct ringlet_domain_create *c)
{
	struct fake_domain *d;
	size_t i;

	for (i = 0; c->name[i]; i++)
		if (!isgraph((unsigned char)c->name[i]) || c->name[i] == '/')
			return -EINVAL;
	if (!i || !c->vcpus || !c->max_pages || c->flags)
		return -EINVAL;
	if (fake->busy_names) {
		fake->busy_names--;
		return -EEXIST;
	}
	if (fake_find(c->name))
		return -EEXIST;
	d = new_domain(c->name);
	if (!d)
		return -ENOSPC;
	memcpy(d->info.uuid, c->uuid, sizeof(c->uuid));
	d->info.vcpus = c->vcpus;
	d->info.weight = c->weight;
	d->info.max_pages = c->max_pages;
	d->info.flags = RINGLET_DOMF_PAUSED;
	d->pauses = 1;
	fake->raised[RINGLET_VIRQ_DOMAIN]++;
	return d->info.domid;
}

static int64_t hc_destroy(struct fake_domain *d)
{
	fake->free_pages += d->info.pages;
	memset(fake_memory_of(d), 0, FAKE_MEMORY);
	d->used = false;
	fake->raised[RINGLET_VIRQ_DOMAIN]++;
	return 0;
}

static int64_t hc_pause(struct fake_domain *d, bool pause)
{
	if (!pause && !d->pauses)
		return -EINVAL;
	d->pauses += pause ? 1 : -1;
	if (d->pauses)
		d->info.flags |= RINGLET_DOMF_PAUSED;
	else
		d->info.flags &= ~(uint32_t)RINGLET_DOMF_PAUSED;
	return 0;
}

static int64_t hc_info(uint64_t from, struct ringlet_domain_info *info)
{
	struct fake_domain *d;
	uint64_t id;

	for (id = from; id < fake->next_domid; id++) {
		d = by_id(id);
		if (d) {
			*info = d->info;
			return d->info.domid;
		}
	}
	return -ESRCH;
}

/* Memory comes in pieces, as the specification allows. */
static int64_t hc_populate(struct fake_domain *d, uint64_t gfn, uint64_t count)
{
	uint64_t n = count < 512 ? count : 512;

	if (gfn + count > FAKE_MEMORY >> 12 ||
	    d->info.pages + n > d->info.max_pages)
		return -EINVAL;
	if (d->info.shared_gfn && gfn == d->info.shared_gfn + 2)
		d->bus_gfn = gfn;
	if (n > fake->free_pages)
		return -ENOMEM;
	d->info.pages += n;
	fake->free_pages -= n;
	return (int64_t)n;
}

static int64_t hc_request(struct fake_domain *d, uint64_t request)
{
	if (!d->listens)
		return -ENODEV;
	d->request = (unsigned int)request;
	end_locked(d, request == RINGLET_REQUEST_REBOOT ?
		   RINGLET_SHUTDOWN_REBOOT : RINGLET_SHUTDOWN_POWEROFF, "");
	return 0;
}

static int64_t hc_console_read(struct fake_domain *d, void *buf, uint64_t len)
{
	size_t n = d->out_len < len ? d->out_len : len;

	n = n < 1024 ? n : 1024;
	memcpy(buf, d->out, n);
	d->out_len -= n;
	memmove(d->out, d->out + n, d->out_len);
	return (int64_t)n;
}

static int64_t hc_console_write(struct fake_domain *d, const void *buf,
				uint64_t len)
{
	size_t room = sizeof(d->in) - d->in_len;
	size_t n = room < len ? room : len;

	memcpy(d->in + d->in_len, buf, n);
	d->in_len += n;
	return (int64_t)n;
}

static int64_t hc_sysinfo(struct ringlet_sysinfo *info)
{
	memset(info, 0, sizeof(*info));
	info->abi_version = fake->abi_version;
	info->pcpus = 2;
	info->total_pages = 1024 << 8;
	info->free_pages = fake->free_pages;
	info->uptime = now();
	info->tsc_khz = 2000123;
	strcpy(info->version, "1.0-test");
	return 0;
}

static int64_t hc_dmesg(char *buf, uint64_t len, uint64_t position)
{
	if (position > fake->log_len)
		return 0;
	if (len > fake->log_len - position)
		len = fake->log_len - position;
	memcpy(buf, fake->log + position, len);
	return (int64_t)len;
}

static void *pointer(uint64_t arg)
{
	return (void *)(uintptr_t)arg;
}

static int64_t on_host(struct ringlet_hypercall *c)
{
	uint64_t *bounds;

	switch (c->nr) {
	case RINGLET_HC_abi_version:
		return fake->abi_version;
	case RINGLET_HC_domctl_create:
		return hc_create(pointer(c->args[0]));
	case RINGLET_HC_domctl_info:
		return hc_info(c->args[0], pointer(c->args[1]));
	case RINGLET_HC_sysctl_info:
		return hc_sysinfo(pointer(c->args[0]));
	case RINGLET_HC_sysctl_dmesg:
		return hc_dmesg(pointer(c->args[0]), c->args[1], c->args[2]);
	case RINGLET_HC_sysctl_dmesg_bounds:
		bounds = pointer(c->args[0]);
		bounds[0] = 0;
		bounds[1] = fake->log_len;
		return 0;
	}
	return -ENOSYS;
}

static int64_t hc_affinity(struct fake_domain *d, bool set, uint64_t vcpu,
			   struct ringlet_affinity *a)
{
	const uint64_t host = 3;		/* two pCPUs */

	if (vcpu >= d->info.vcpus || vcpu >= 4)
		return -ENOENT;
	if (!set) {
		*a = d->affinity[vcpu];
		return 0;
	}
	if (!(a->hard[0] & host))
		return -EINVAL;
	d->affinity[vcpu].hard[0] = a->hard[0] & host;
	d->affinity[vcpu].soft[0] = a->soft[0] & host;
	return 0;
}

static int64_t on_domain(struct ringlet_hypercall *c, struct fake_domain *d)
{
	struct ringlet_emulated *log;
	struct ringlet_vcpu_info *v;

	switch (c->nr) {
	case RINGLET_HC_domctl_destroy:
		return d->info.domid ? hc_destroy(d) : -EINVAL;
	case RINGLET_HC_domctl_set_vcpus:
		return c->args[1] && c->args[1] <= d->info.vcpus ? 0 : -EINVAL;
	case RINGLET_HC_domctl_pause:
	case RINGLET_HC_domctl_unpause:
		return d->info.domid ?
		       hc_pause(d, c->nr == RINGLET_HC_domctl_pause) : -EINVAL;
	case RINGLET_HC_domctl_vcpu_info:
		v = pointer(c->args[2]);
		v->vcpu = (uint32_t)c->args[1];
		v->online = 1;
		return 0;
	case RINGLET_HC_domctl_set_weight:
		d->info.weight = (uint32_t)c->args[1];
		return 0;
	case RINGLET_HC_domctl_set_cap:
		if (c->args[1] > 100 * d->info.vcpus)
			return -EINVAL;
		d->info.cap = (uint32_t)c->args[1];
		return 0;
	case RINGLET_HC_domctl_set_affinity:
	case RINGLET_HC_domctl_get_affinity:
		return hc_affinity(d, c->nr == RINGLET_HC_domctl_set_affinity,
				   c->args[1], pointer(c->args[2]));
	case RINGLET_HC_domctl_set_context:
		d->started = true;
		memcpy(&d->context, pointer(c->args[2]), sizeof(d->context));
		return 0;
	case RINGLET_HC_domctl_get_context:
		if (!d->pauses && !(d->info.flags & RINGLET_DOMF_SHUTDOWN))
			return -EBUSY;
		if (c->args[1] || !d->started)
			return -ENOENT;
		memcpy(pointer(c->args[2]), &d->context, sizeof(d->context));
		return 0;
	case RINGLET_HC_domctl_populate:
		return hc_populate(d, c->args[1], c->args[2]);
	case RINGLET_HC_domctl_set_max_pages:
		if (!c->args[1] || c->args[1] >> 36)
			return -EINVAL;
		d->info.max_pages = c->args[1];
		return 0;
	case RINGLET_HC_domctl_set_shared:
		d->info.shared_gfn = c->args[1];
		return 0;
	case RINGLET_HC_domctl_request:
		return hc_request(d, c->args[1]);
	case RINGLET_HC_domctl_console_read:
		return hc_console_read(d, pointer(c->args[1]), c->args[2]);
	case RINGLET_HC_domctl_console_write:
		return hc_console_write(d, pointer(c->args[1]), c->args[2]);
	case RINGLET_HC_domctl_perf:
		((struct ringlet_perf *)pointer(c->args[1]))->count[1] = 4711;
		return 0;
	case RINGLET_HC_domctl_emulated:
		log = pointer(c->args[1]);
		*log = (struct ringlet_emulated){ 0xffffffff81000000, 3,
						  { 0x0f, 0x32 }, 2 };
		return 1;
	}
	return on_host(c);
}

int rl_dev_hypercall(int fd, struct ringlet_hypercall *c)
{
	struct fake_domain *d;
	bool needs_domain;

	(void)fd;
	if (c->nr == RINGLET_HC_domctl_populate && fake->populate_delay)
		sleep_ms(fake->populate_delay);
	lock_fake();
	needs_domain = c->nr >= RINGLET_HC_domctl_destroy &&
		       (c->nr < RINGLET_HC_sysctl_info ||
			c->nr > RINGLET_HC_sysctl_set_wallclock) &&
		       c->nr != RINGLET_HC_domctl_info;
	d = by_id(c->args[0]);
	if (!needs_domain)
		c->ret = on_host(c);
	else
		c->ret = d ? on_domain(c, d) : -ESRCH;
	unlock_fake();
	if (c->nr == RINGLET_HC_domctl_console_read && c->ret > 0 &&
	    fake->kill_reader) {
		fake->kill_reader = false;
		kill(getpid(), SIGKILL);
	}
	return 0;
}

/* --- The rest of device.h ------------------------------------------------- */

int rl_dev_open(void)
{
	int fd;

	if (fake->open_error)
		return -fake->open_error;
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void *rl_dev_map(int fd, uint32_t domid, uint64_t gfn, uint64_t count)
{
	struct fake_domain *d = by_id(domid);

	(void)fd;
	if (!d || gfn >= d->info.pages || gfn + count > FAKE_MEMORY >> 12) {
		errno = ENOENT;
		return NULL;
	}
	return fake_memory_of(d) + (gfn << 12);
}

void rl_dev_unmap(void *mapping, uint64_t count)
{
	(void)mapping;
	(void)count;
}

int rl_dev_new_port(int fd, uint32_t domid)
{
	struct fake_domain *d = by_id(domid);

	(void)fd;
	return d ? (int)++d->ports : -ESRCH;
}

int rl_dev_domain(int fd, uint32_t domid, uint32_t memory)
{
	(void)fd;
	(void)memory;
	if (!by_id(domid))
		return -ESRCH;
	/* A manager of the test's has no other way to the test's files. */
	return open(fake->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int rl_dev_domain_pool(int fd, uint32_t domid, uint64_t gfn, uint64_t count,
		       uint64_t page)
{
	(void)gfn;
	(void)count;
	(void)page;
	return rl_dev_domain(fd, domid, 0);
}

/* A program of the test's, or the real one. */
bool rl_program(const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", fake->dir, name);
	if (!access(path, X_OK))
		return true;
	snprintf(path, size, "/usr/bin/%s", name);
	if (!access(path, X_OK))
		return true;
	snprintf(path, size, "/usr/lib/qemu/%s", name);
	return !access(path, X_OK);
}

struct binding {
	unsigned int virq;
	int eventfd;
	unsigned long seen;	/* when it was bound: the thread may start late */
};

/* Signals an eventfd each time its virtual interrupt was raised. */
static void *deliver(void *arg)
{
	struct binding *b = arg;
	volatile unsigned long *raised = &fake->raised[b->virq];
	unsigned long seen = b->seen;
	uint64_t one = 1;

	for (;;) {
		sleep_ms(1);
		if (*raised == seen)
			continue;
		seen = *raised;
		if (write(b->eventfd, &one, sizeof(one)) < 0)
			return NULL;
	}
}

int rl_dev_bind_virq(int fd, uint32_t virq, int eventfd)
{
	static struct binding bindings[RINGLET_NR_VIRQS];
	pthread_t thread;

	(void)fd;
	bindings[virq] = (struct binding){
		.virq = virq,
		.eventfd = eventfd,
		.seen = fake->raised[virq],
	};
	if (pthread_create(&thread, NULL, deliver, &bindings[virq]))
		return -EAGAIN;
	pthread_detach(thread);
	return 0;
}

const char *rl_run_dir(void)
{
	return fake->dir;
}

const char *rl_log_dir(void)
{
	return fake->dir;
}

const char *rl_dump_dir(void)
{
	static char path[80];

	snprintf(path, sizeof(path), "%s/state/dump", fake->dir);
	return path;
}
