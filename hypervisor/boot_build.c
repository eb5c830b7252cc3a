// SPDX-License-Identifier: GPL-2.0-only
/*
 * Building of domains by the hypervisor itself: domain 0's last steps, and all
 * of boot-time domains'. The builder sees guest memory through the direct map.
 */
#include "boot_build.h"
#include "domain.h"
#include "frame.h"
#include "panic.h"
#include "printk.h"

#define MIB (1UL << 20)

static struct builder builder;

/* One chunk, which is contiguous unless memory was too scattered for 2 MiB. */
void *builder_map(struct builder *b, u64 gpa, u64 len)
{
	u64 first = gpa >> PAGE_SHIFT, last = (gpa + len - 1) >> PAGE_SHIFT, n;
	struct p2m_entry start = p2m_lookup(b->env, GFN(first)), e;

	for (n = first; n <= last; n++) {
		e = p2m_lookup(b->env, GFN(n));
		if (!p2m_is_table(e) || e.mfn.n - start.mfn.n != n - first)
			return NULL;
	}
	return (u8 *)mfn_to_virt(start.mfn) + (gpa & ~PAGE_MASK);
}

void builder_unmap(struct builder *b, void *mapping, u64 gpa, u64 len)
{
	(void)b;
	(void)mapping;
	(void)gpa;
	(void)len;
}

void boot_build(struct domain *d, const struct builder_input *in)
{
	const struct builder_layout *l = &builder.layout;
	struct ringlet_vcpu_context context;
	int ret;

	builder.in = *in;
	builder.env = d;
	ret = builder_plan(&builder);
	if (!ret)
		ret = builder_load(&builder, &context);
	if (ret)
		boot_failure("domain %u (%s) cannot be built: %s", d->id,
			     d->name, builder.error);
	log_info("Domain %u (%s): %lu MiB in %u pieces, image %#lx-%#lx, initrd %#lx-%#lx, entry %#lx",
		 d->id, d->name, l->memory_size / MIB, in->nr_regions,
		 l->image_start, l->image_end, l->initrd_start, l->initrd_end,
		 l->entry);
	if (vtlb_reserve(d->vcpus[0]))
		boot_failure("there is no memory for shadow pages of domain %u (%s); give it, or domain 0, less",
			     d->id, d->name);
	ret = vcpu_set_context(d->vcpus[0], &context);
	if (ret)
		boot_failure("domain %u (%s) has a start state that is not allowed: its entry point is %#lx",
			     d->id, d->name, context.rip);
	d->vcpus[0]->online = true;
	sched_vcpu_online(d->vcpus[0]);
	d->pause_count = 0;
	sched_domain_unpause(d);
}

static struct domain *create(const struct boot_domain *bd, u64 shared)
{
	struct ringlet_domain_create c = {
		.vcpus = bd->vcpus,
		.max_pages = bd->memory >> PAGE_SHIFT,
	};
	struct domain *d;
	u64 done;
	s64 ret;

	if (!domain_name_ok(bd->name))
		boot_failure("a boot-time domain cannot be called '%s'; leave blanks and slashes out",
			     bd->name);
	memcpy(c.name, bd->name, sizeof(c.name));
	ret = domain_create(&c, RINGLET_DOMID_NONE, &d);
	if (ret == -EEXIST)
		boot_failure("two boot-time domains are called '%s', or it is domain 0's name; give one another name",
			     bd->name);
	for (done = 0; !ret && done < c.max_pages; ) {
		ret = p2m_populate(d, GFN(done), c.max_pages - done, 0);
		if (ret > 0) {
			done += (u64)ret;
			ret = 0;
		}
	}
	if (!ret)
		ret = domain_set_shared(d, GFN(shared >> PAGE_SHIFT));
	if (ret)
		boot_failure("there is not enough memory for the boot-time domain '%s' with %lu MiB (error %ld); give it, or domain 0, less",
			     bd->name, bd->memory / MIB, (long)-ret);
	return d;
}

static void build(const struct boot_domain *bd)
{
	const struct multiboot2_module *k = bd->kernel, *r = bd->ramdisk;
	struct builder_region memory = { .gpa = 0, .size = bd->memory };
	struct builder_input in = {
		.regions = &memory,
		.nr_regions = 1,
		.image = phys_to_virt(k->start),
		.image_size = k->end - k->start,
		.initrd = r ? phys_to_virt(r->start) : NULL,
		.initrd_size = r ? r->end - r->start : 0,
		.initrd_gpa = BUILDER_COPY_INITRD,
		.cmdline = bd->bootargs,
		.vcpus = bd->vcpus,
		.shared_gpa = bd->memory,
	};
	struct domain *d = create(bd, in.shared_gpa);

	in.domid = d->id;
	boot_build(d, &in);
}

void boot_build_domains(const struct boot_domains *all)
{
	u32 i;

	for (i = 0; i < all->nr; i++)
		build(&all->domain[i]);
}
