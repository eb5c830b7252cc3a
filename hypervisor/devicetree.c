// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device tree of a guest, written front to back by libfdt's sequential
 * functions. Bindings: docs/abi.md, Start.
 */
#include "devicetree.h"
#include <libfdt.h>

#ifdef RINGLET_HOST
#include <stdio.h>
#else
#include "printk.h"
#include "string.h"
#endif

/*
 * Upper bounds: what every tree has, and what each element of a list adds with
 * its property or node around it.
 */
#define ROOM_FIXED	2048
#define ROOM_REGION	16
#define ROOM_VCPU	96
#define ROOM_E820	20

#define POOL_PHANDLE	1

static size_t cmdline_size(const struct builder_input *in)
{
	return in->cmdline ? strlen(in->cmdline) + 1 : 1;
}

u64 devicetree_room(const struct builder_input *in)
{
	u64 size = ROOM_FIXED + cmdline_size(in) +
		   (u64)in->nr_regions * ROOM_REGION +
		   (u64)in->vcpus * ROOM_VCPU +
		   (u64)in->nr_e820 * ROOM_E820;

	return (size + 4095) & ~4095UL;
}

/* Two numbers of two cells each. */
static int property_pair(void *fdt, const char *name, u64 a, u64 b)
{
	fdt64_t cells[2] = { cpu_to_fdt64(a), cpu_to_fdt64(b) };

	return fdt_property(fdt, name, cells, sizeof(cells));
}

/* Of a node whose children have addresses: as the root's, two cells each. */
static int properties_of_parent(void *fdt)
{
	int rc;

	rc = fdt_property_u32(fdt, "#address-cells", 2);
	if (!rc)
		rc = fdt_property_u32(fdt, "#size-cells", 2);
	if (!rc)
		rc = fdt_property(fdt, "ranges", "", 0);
	return rc;
}

static int write_memory(void *fdt, const struct builder_input *in)
{
	fdt64_t *reg;
	char name[32];
	u32 i;
	int rc;

	snprintf(name, sizeof(name), "memory@%lx",
		 (unsigned long)in->regions[0].gpa);
	rc = fdt_begin_node(fdt, name);
	if (!rc)
		rc = fdt_property_string(fdt, "device_type", "memory");
	if (!rc)
		rc = fdt_property_placeholder(fdt, "reg", in->nr_regions * 16,
					      (void **)&reg);
	if (rc)
		return rc;
	for (i = 0; i < in->nr_regions; i++) {
		fdt64_st(reg++, in->regions[i].gpa);
		fdt64_st(reg++, in->regions[i].size);
	}
	return fdt_end_node(fdt);
}

static int write_cpu(void *fdt, u32 vcpu)
{
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "cpu@%x", vcpu);
	rc = fdt_begin_node(fdt, name);
	if (!rc)
		rc = fdt_property_string(fdt, "device_type", "cpu");
	if (!rc)
		rc = fdt_property_u32(fdt, "reg", vcpu);
	return rc ? rc : fdt_end_node(fdt);
}

static int write_cpus(void *fdt, const struct builder_input *in)
{
	u32 i;
	int rc;

	rc = fdt_begin_node(fdt, "cpus");
	if (!rc)
		rc = fdt_property_u32(fdt, "#address-cells", 1);
	if (!rc)
		rc = fdt_property_u32(fdt, "#size-cells", 0);
	for (i = 0; !rc && i < in->vcpus; i++)
		rc = write_cpu(fdt, i);
	return rc ? rc : fdt_end_node(fdt);
}

/* The binding simple-framebuffer; columns and rows for VGA text. */
static int write_screen(void *fdt, const struct builder_screen *s)
{
	char name[40];
	int rc;

	snprintf(name, sizeof(name), "framebuffer@%lx", (unsigned long)s->addr);
	rc = properties_of_parent(fdt);
	if (!rc)
		rc = fdt_begin_node(fdt, name);
	if (!rc)
		rc = fdt_property_string(fdt, "compatible", s->format ?
					 "simple-framebuffer" :
					 "ringlet,vga-text");
	if (!rc)
		rc = property_pair(fdt, "reg", s->addr,
				   (u64)s->pitch * s->height);
	if (!rc)
		rc = fdt_property_u32(fdt, "width", s->width);
	if (!rc)
		rc = fdt_property_u32(fdt, "height", s->height);
	if (!rc)
		rc = fdt_property_u32(fdt, "stride", s->pitch);
	if (!rc && s->format)
		rc = fdt_property_string(fdt, "format", s->format);
	return rc ? rc : fdt_end_node(fdt);
}

static int write_chosen(void *fdt, const struct builder_input *in,
			const struct builder_layout *l)
{
	int rc;

	rc = fdt_begin_node(fdt, "chosen");
	if (!rc)
		rc = fdt_property_string(fdt, "bootargs",
					 in->cmdline ? in->cmdline : "");
	if (!rc && in->initrd_size)
		rc = fdt_property_u64(fdt, "linux,initrd-start",
				      l->initrd_start);
	if (!rc && in->initrd_size)
		rc = fdt_property_u64(fdt, "linux,initrd-end", l->initrd_end);
	if (!rc && in->rng_seed)
		rc = fdt_property(fdt, "rng-seed", in->rng_seed, BUILDER_RNG_SEED);
	if (!rc && in->screen)
		rc = write_screen(fdt, in->screen);
	return rc ? rc : fdt_end_node(fdt);
}

static int write_e820(void *fdt, const struct builder_input *in)
{
	u8 *entry;
	u32 i;
	int rc;

	rc = fdt_property_placeholder(fdt, "ringlet,e820",
				      in->nr_e820 * ROOM_E820,
				      (void **)&entry);
	if (rc)
		return rc;
	for (i = 0; i < in->nr_e820; i++, entry += ROOM_E820) {
		fdt64_st(entry, in->e820[i].addr);
		fdt64_st(entry + 8, in->e820[i].size);
		fdt32_st(entry + 16, in->e820[i].type);
	}
	return 0;
}

static int write_hypervisor(void *fdt, const struct builder_input *in,
			    const struct builder_layout *l)
{
	int rc;

	rc = fdt_begin_node(fdt, "hypervisor");
	if (!rc)
		rc = fdt_property_string(fdt, "compatible",
					 "ringlet,ringlet-1");
	if (!rc)
		rc = fdt_property_u32(fdt, "ringlet,abi-version",
				      RINGLET_ABI_VERSION);
	if (!rc)
		rc = fdt_property_u32(fdt, "ringlet,domid", in->domid);
	if (!rc)
		rc = property_pair(fdt, "ringlet,shared", in->shared_gpa,
				   BUILDER_SHARED_SIZE);
	if (!rc)
		rc = property_pair(fdt, "ringlet,boot-tables", l->tables_start,
				   l->tables_end - l->tables_start);
	if (!rc && in->nr_e820)
		rc = write_e820(fdt, in);
	if (!rc && in->acpi_rsdp)
		rc = fdt_property_u64(fdt, "ringlet,acpi-rsdp", in->acpi_rsdp);
	if (!rc && in->control)
		rc = fdt_property(fdt, "ringlet,control", "", 0);
	return rc ? rc : fdt_end_node(fdt);
}

/* Linux takes it for rings and copies of data: Documentation of reserved-memory. */
static int write_pool(void *fdt, const struct builder_region *pool)
{
	char name[32];
	int rc;

	snprintf(name, sizeof(name), "pool@%lx", (unsigned long)pool->gpa);
	rc = fdt_begin_node(fdt, "reserved-memory");
	if (!rc)
		rc = properties_of_parent(fdt);
	if (!rc)
		rc = fdt_begin_node(fdt, name);
	if (!rc)
		rc = fdt_property_string(fdt, "compatible",
					 "restricted-dma-pool");
	if (!rc)
		rc = property_pair(fdt, "reg", pool->gpa, pool->size);
	if (!rc)
		rc = fdt_property_u32(fdt, "phandle", POOL_PHANDLE);
	if (!rc)
		rc = fdt_end_node(fdt);
	return rc ? rc : fdt_end_node(fdt);
}

static int write_virtio(void *fdt, const struct builder_input *in)
{
	int rc = 0;

	if (in->pool.size)
		rc = write_pool(fdt, &in->pool);
	if (!rc)
		rc = fdt_begin_node(fdt, "virtio");
	if (!rc)
		rc = fdt_property_string(fdt, "compatible",
					 "ringlet,virtio-bus");
	if (!rc)
		rc = fdt_property_u64(fdt, "ringlet,page", in->virtio_gpa);
	if (!rc)
		rc = fdt_property_u32(fdt, "ringlet,event-channel",
				      in->virtio_port);
	if (!rc)
		rc = fdt_property_u32(fdt, "ringlet,backend",
				      in->virtio_backend);
	if (!rc && in->pool.size)
		rc = fdt_property_u32(fdt, "memory-region", POOL_PHANDLE);
	return rc ? rc : fdt_end_node(fdt);
}

int devicetree_write(void *buf, u64 room, const struct builder_input *in,
		     const struct builder_layout *layout)
{
	int rc;

	rc = fdt_create(buf, (int)room);
	if (!rc)
		rc = fdt_finish_reservemap(buf);
	if (!rc)
		rc = fdt_begin_node(buf, "");
	if (!rc)
		rc = fdt_property_string(buf, "compatible", "ringlet,guest");
	if (!rc)
		rc = fdt_property_u32(buf, "#address-cells", 2);
	if (!rc)
		rc = fdt_property_u32(buf, "#size-cells", 2);
	if (!rc)
		rc = write_memory(buf, in);
	if (!rc)
		rc = write_cpus(buf, in);
	if (!rc)
		rc = write_chosen(buf, in, layout);
	if (!rc)
		rc = write_hypervisor(buf, in, layout);
	if (!rc && in->virtio_gpa)
		rc = write_virtio(buf, in);
	if (!rc)
		rc = fdt_end_node(buf);
	return rc ? rc : fdt_finish(buf);
}
