// SPDX-License-Identifier: GPL-2.0-only
/*
 * Building of domains: files, memory and start state, around the builder that
 * the hypervisor also uses (hypervisor/builder.h).
 */
#include "ringlet.h"
#include "builder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define IN_PAGE		0xfffULL	/* offset in a page */
#define MIB		(1ULL << 20)
#define FILE_MAX	(4ULL << 30)	/* bytes of a kernel or RAM disk */
#define SHARED_ALIGN	(2 * MIB)	/* keeps 2 MiB mappings whole */
#define BUSY_TRIES	30
#define BUSY_WAIT_NS	(100 * 1000 * 1000L)

/* A file in memory: the builder needs an image that does not change. */
struct file {
	void *data;
	size_t size;
};

/* One build. */
struct build {
	struct builder b;		/* b.env points to this structure */
	struct rl *rl;
	uint32_t domid;
	struct builder_region memory;
	struct file kernel, ramdisk;
	uint8_t seed[BUILDER_RNG_SEED];
};

static int read_all(int fd, struct file *f)
{
	size_t done = 0;
	ssize_t n;

	while (done < f->size) {
		n = read(fd, (char *)f->data + done, f->size - done);
		if (n < 0)
			return errno;
		if (!n)
			return EIO;
		done += (size_t)n;
	}
	return 0;
}

static int load_file(struct rl *rl, const char *what, const char *path,
		     struct file *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int rc = 0;

	if (fd < 0) {
		rc = errno;
		return rl_fail(rl, rc, "cannot read %s %s: %s", what, path,
			       strerror(rc));
	}
	if (fstat(fd, &st))
		rc = errno;
	if (!rc && (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > FILE_MAX)) {
		close(fd);
		return rl_fail(rl, EINVAL, "%s %s is not a file of at most 4 GiB",
			       what, path);
	}
	if (!rc) {
		f->size = (size_t)st.st_size;
		f->data = malloc(f->size ? f->size : 1);
		rc = f->data ? read_all(fd, f) : ENOMEM;
	}
	close(fd);
	if (rc)
		return rl_fail(rl, rc, "cannot read %s %s: %s", what, path,
			       strerror(rc));
	return 0;
}

/* Refuse a RAM disk that cannot fit before it is read into this memory. */
static int check_ramdisk(struct rl *rl, const struct rl_config *config)
{
	struct stat st;

	if (!config->ramdisk || stat(config->ramdisk, &st) ||
	    (uint64_t)st.st_size < config->maxmem * MIB)
		return 0;
	return rl_fail(rl, ENOMEM, "ramdisk %s has %llu MiB, the domain has only memory = %llu MiB",
		       config->ramdisk,
		       (unsigned long long)((uint64_t)st.st_size / MIB),
		       (unsigned long long)config->maxmem);
}

/* Read the files and decide where all goes; touches no domain. */
static int plan(struct build *bd, struct rl *rl, const struct rl_config *config)
{
	struct builder_input *in = &bd->b.in;
	int rc;

	memset(bd, 0, sizeof(*bd));
	bd->rl = rl;
	rc = check_ramdisk(rl, config);
	if (!rc)
		rc = load_file(rl, "kernel", config->kernel, &bd->kernel);
	if (!rc && config->ramdisk)
		rc = load_file(rl, "ramdisk", config->ramdisk, &bd->ramdisk);
	if (rc)
		return rc;
	bd->b.env = bd;
	bd->memory.size = config->maxmem * MIB;
	in->regions = &bd->memory;
	in->nr_regions = 1;
	in->image = bd->kernel.data;
	in->image_size = bd->kernel.size;
	in->initrd = bd->ramdisk.data;
	in->initrd_size = bd->ramdisk.size;
	in->initrd_gpa = BUILDER_COPY_INITRD;
	in->cmdline = config->cmdline;
	in->vcpus = config->maxvcpus;
	in->shared_gpa = (bd->memory.size + SHARED_ALIGN - 1) &
			 ~(SHARED_ALIGN - 1);
	in->virtio_gpa = in->shared_gpa + BUILDER_SHARED_SIZE;
	in->virtio_backend = RINGLET_DOMID_0;
	in->pool.size = config->device_pool * MIB;
	in->pool.gpa = bd->memory.size - in->pool.size;
	in->reserved = &in->pool;
	in->nr_reserved = config->device_pool ? 1 : 0;
	if (getrandom(bd->seed, sizeof(bd->seed), GRND_NONBLOCK) ==
	    sizeof(bd->seed))
		in->rng_seed = bd->seed;
	rc = builder_plan(&bd->b);
	if (rc)
		return rl_fail(rl, -rc, "%s: %s", config->kernel, bd->b.error);
	return 0;
}

static void end_build(struct build *bd)
{
	free(bd->kernel.data);
	free(bd->ramdisk.data);
	explicit_bzero(bd->seed, sizeof(bd->seed));
	free(bd);
}

/* Say how much memory is missing. */
static int no_memory(struct rl *rl, const struct rl_config *config)
{
	struct ringlet_sysinfo host;

	if (rl_sysinfo(rl, &host))
		return -ENOMEM;
	return rl_fail(rl, ENOMEM, "not enough memory for domain '%s': it needs %llu MiB and some for the hypervisor, %llu MiB are free",
		       config->name, (unsigned long long)config->maxmem,
		       (unsigned long long)((host.free_pages +
					     host.scrub_pages) >> 8));
}

static int check_memory(struct rl *rl, const struct rl_config *config)
{
	struct ringlet_sysinfo host;
	int rc = rl_sysinfo(rl, &host);

	if (rc)
		return rc;
	if (host.free_pages + host.scrub_pages < config->maxmem << 8)
		return no_memory(rl, config);
	return 0;
}

/* A disk that was in use by a domain that has just ended is free in a moment. */
static int check_disk(struct rl *rl, const struct rl_disk *disk,
		      unsigned int tries)
{
	const struct timespec wait = { .tv_nsec = BUSY_WAIT_NS };
	struct rl_disk_chain chain;
	char why[384];
	int rc;

	for (;;) {
		rc = rl_disk_open(disk, &chain, why, sizeof(why));
		if (rc != -EBUSY || !tries--)
			break;
		nanosleep(&wait, NULL);
	}
	if (rc)
		return rl_fail(rl, -rc, "%s", why);
	rl_disk_close(&chain);
	return 0;
}

/* An address that no other domain has, which only the kernel knows. */
static int check_vsock(const struct rl_config *config, char *why, size_t size)
{
	uint64_t cid = config->vsock_cid;
	int fd, rc = 0;

	if (!cid)
		return 0;
	fd = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		rc = -errno;
		snprintf(why, size, "cannot open /dev/vhost-vsock (%s): domain 0's kernel needs the module 'vhost_vsock'",
			 strerror(errno));
		return rc;
	}
	if (ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &cid) &&
	    errno == EADDRINUSE) {
		rc = -errno;
		snprintf(why, size, "another domain has vsock_cid = %llu",
			 (unsigned long long)cid);
	}
	close(fd);
	return rc;
}

static int check_devices(struct rl *rl, const struct rl_config *config,
			 unsigned int tries)
{
	char why[384];
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < config->nr_disks; i++)
		rc = check_disk(rl, &config->disks[i], tries);
	if (rc)
		return rc;
	for (i = 0; !rc && i < config->nr_vifs; i++)
		rc = rl_vif_check(&config->vifs[i], why, sizeof(why));
	for (i = 0; !rc && i < config->nr_shares; i++)
		rc = rl_share_check(&config->shares[i], why, sizeof(why));
	for (i = 0; !rc && i < config->nr_channels; i++)
		rc = rl_channel_check(&config->channels[i], why, sizeof(why));
	if (!rc)
		rc = check_vsock(config, why, sizeof(why));
	return rc ? rl_fail(rl, -rc, "%s", why) : 0;
}

static int create(struct build *bd, const struct rl_config *config)
{
	struct ringlet_domain_create c = {
		.vcpus = config->maxvcpus,
		.weight = config->cpu_weight,
		.max_pages = (config->maxmem << 8) + RL_BUS_PAGES,
	};
	int rc;

	memcpy(c.name, config->name, sizeof(c.name));
	memcpy(c.uuid, config->uuid, sizeof(c.uuid));
	rc = rl_domain_create(bd->rl, &c);
	if (rc == -ENOMEM)
		return no_memory(bd->rl, config);
	if (rc < 0)
		return rc;
	bd->domid = (uint32_t)rc;
	bd->b.in.domid = bd->domid;
	return 0;
}

/* Cap and affinity. */
static int restrict_cpus(struct build *bd, const struct rl_config *config)
{
	const struct rl_cpus *hard, *soft;
	struct ringlet_affinity a;
	unsigned int i;
	int rc = 0;

	if (config->cap)
		rc = rl_domain_set_cap(bd->rl, bd->domid, config->cap);
	for (i = 0; !rc && i < config->vcpus; i++) {
		hard = rl_vcpu_cpus(&config->cpus, i);
		soft = rl_vcpu_cpus(&config->cpus_soft, i);
		if (!hard && !soft)
			continue;
		memset(&a, 0xff, sizeof(a));
		if (hard)
			memcpy(a.hard, hard->word, sizeof(a.hard));
		if (soft)
			memcpy(a.soft, soft->word, sizeof(a.soft));
		rc = rl_vcpu_set_affinity(bd->rl, bd->domid, i, &a);
	}
	return rc;
}

/*
 * The bus of its devices: every domain has one, with or without devices, so that
 * they can come while it runs.
 */
static int make_bus(struct build *bd)
{
	struct builder_input *in = &bd->b.in;
	int rc;

	rc = rl_domain_populate(bd->rl, bd->domid, in->virtio_gpa >> PAGE_SHIFT,
				RL_BUS_PAGES);
	if (!rc)
		rc = rl_new_port(bd->rl, bd->domid);
	if (rc < 0)
		return rc;
	in->virtio_port = (uint32_t)rc;
	return 0;
}

/* Fill the new, empty domain. */
static int fill(struct build *bd, const struct rl_config *config)
{
	struct ringlet_vcpu_context context;
	struct rl *rl = bd->rl;
	int rc;

	rc = rl_domain_populate(rl, bd->domid, 0, config->maxmem << 8);
	if (rc == -ENOMEM)
		return no_memory(rl, config);
	if (!rc)
		rc = rl_domain_set_shared(rl, bd->domid, bd->b.in.shared_gpa >>
					  PAGE_SHIFT);
	if (!rc)
		rc = make_bus(bd);
	if (!rc && config->vcpus < config->maxvcpus)
		rc = rl_domain_set_vcpus(rl, bd->domid, config->vcpus);
	if (rc)
		return rc;
	rc = builder_load(&bd->b, &context);
	if (rc)
		return rl_fail(rl, -rc, "domain '%s': %s", config->name,
			       bd->b.error);
	rc = rl_vcpu_set_context(rl, bd->domid, 0, &context);
	return rc ? rc : restrict_cpus(bd, config);
}

int rl_build(struct rl *rl, const struct rl_config *config, bool again,
	     struct rl_bus *bus)
{
	struct build *bd = malloc(sizeof(*bd));
	char error[RL_ERROR_LEN];
	uint32_t domid = 0;
	int rc;

	if (!bd)
		return rl_fail(rl, ENOMEM, "out of memory");
	rc = plan(bd, rl, config);
	if (!rc && !again)
		rc = check_devices(rl, config, BUSY_TRIES);
	if (!rc)
		rc = check_memory(rl, config);
	if (!rc)
		rc = create(bd, config);
	if (!rc) {
		domid = bd->domid;
		rc = fill(bd, config);
		if (rc) {
			memcpy(error, rl->error, sizeof(error));
			rl_domain_destroy(rl, domid);
			memcpy(rl->error, error, sizeof(error));
		}
		bus->first = config->device_pool ?
			     (config->maxmem - config->device_pool) << 8 : 0;
		bus->pages = (config->maxmem << 8) - bus->first;
		bus->gfn = bd->b.in.virtio_gpa >> PAGE_SHIFT;
		bus->port = bd->b.in.virtio_port;
	}
	end_build(bd);
	return rc ? rc : (int)domid;
}

int rl_build_check(struct rl *rl, const struct rl_config *config)
{
	struct build *bd = malloc(sizeof(*bd));
	int rc;

	if (!bd)
		return rl_fail(rl, ENOMEM, "out of memory");
	rc = plan(bd, rl, config);
	if (!rc)
		rc = check_devices(rl, config, 0);
	end_build(bd);
	return rc;
}

/* Pages that hold [gpa, gpa + len). */
static uint64_t pages_of(uint64_t gpa, uint64_t len)
{
	return ((gpa & IN_PAGE) + len + IN_PAGE) >> PAGE_SHIFT;
}

void *builder_map(struct builder *b, u64 gpa, u64 len)
{
	struct build *bd = b->env;
	char *page;

	page = rl_map(bd->rl, bd->domid, gpa >> PAGE_SHIFT, pages_of(gpa, len));
	return page ? page + (gpa & IN_PAGE) : NULL;
}

void builder_unmap(struct builder *b, void *mapping, u64 gpa, u64 len)
{
	(void)b;
	rl_unmap((char *)mapping - (gpa & IN_PAGE), pages_of(gpa, len));
}
