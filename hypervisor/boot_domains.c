// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of the device tree of boot-time domains: see boot_domains.h. All of the
 * tree's structure is checked before anything is looked for in it.
 */
#include "boot_domains.h"
#include <libfdt.h>

#ifdef RINGLET_HOST
#include <errno.h>
#include <stdio.h>
#else
#include "errno.h"
#include "printk.h"
#include "string.h"
#endif

#define MAX_MEMORY	(1UL << 46)

#define fail(all, ...) \
	(snprintf((all)->error, sizeof((all)->error), __VA_ARGS__), -EINVAL)

bool boot_domains_is_tree(const void *module, u64 size)
{
	return size >= sizeof(fdt32_t) && fdt32_ld(module) == FDT_MAGIC;
}

/* Every tag in its place, every name within the strings. */
static int check_structure(struct boot_domains *all, const void *tree)
{
	int offset = 0, next, depth = 0;
	const char *name;
	u32 tag;

	for (;; offset = next) {
		tag = fdt_next_tag(tree, offset, &next);
		if (next < 0)
			break;
		if (tag == FDT_BEGIN_NODE) {
			depth++;
		} else if (tag == FDT_END_NODE) {
			if (--depth < 0)
				break;
		} else if (tag == FDT_PROP) {
			if (!depth ||
			    !fdt_getprop_by_offset(tree, offset, &name, NULL) ||
			    !name)
				break;
		} else if (tag == FDT_END) {
			if (depth)
				break;
			return 0;
		}
	}
	return fail(all, "the device tree is damaged at offset %d of its structure; write it again with dtc",
		    offset);
}

static int check_tree(struct boot_domains *all, const void *tree, u64 size)
{
	int rc;

	if (size < FDT_V17_SIZE)
		return fail(all, "the device tree is cut off: it has only %lu bytes; write it again with dtc",
			    (unsigned long)size);
	rc = fdt_check_header(tree);
	if (rc)
		return fail(all, "the device tree's header is damaged (libfdt error %d); write it again with dtc",
			    -rc);
	if (fdt_totalsize(tree) > size)
		return fail(all, "the device tree is cut off: it should have %u bytes, the module has %lu; write it again with dtc",
			    fdt_totalsize(tree), (unsigned long)size);
	return check_structure(all, tree);
}

static bool is_compatible(const void *tree, int node, const char *with)
{
	return !fdt_node_check_compatible(tree, node, with);
}

/* A property of 'cells' numbers, as one. False: absent or of another size. */
static bool get_cells(const void *tree, int node, const char *name, int cells,
		      u64 *value)
{
	const fdt32_t *p;
	int len;

	p = fdt_getprop(tree, node, name, &len);
	if (!p || len != cells * (int)sizeof(*p))
		return false;
	for (*value = 0; cells; cells--)
		*value = *value << 32 | fdt32_ld(p++);
	return true;
}

/* A property that is one string, or NULL. */
static const char *get_string(const void *tree, int node, const char *name)
{
	const char *p;
	int len;

	p = fdt_getprop(tree, node, name, &len);
	return p && len > 0 && strnlen(p, (size_t)len) == (size_t)len - 1 ?
		p : NULL;
}

/* Does what stands behind a module's file name begin with this word? */
static bool has_name(const struct multiboot2_module *m, const char *name)
{
	size_t len = strlen(name);

	return len && !strncmp(m->string, name, len) &&
	       (!m->string[len] || m->string[len] == ' ');
}

/* The module that a node names by module-index or module-name, or NULL. */
static const struct multiboot2_module *
find_module(const void *tree, int node, const struct multiboot2 *boot)
{
	const char *name = get_string(tree, node, "module-name");
	u64 index;
	u32 i;

	if (get_cells(tree, node, "module-index", 1, &index))
		return index < boot->nr_modules ? &boot->module[index] : NULL;
	for (i = 0; name && i < boot->nr_modules; i++)
		if (has_name(&boot->module[i], name))
			return &boot->module[i];
	return NULL;
}

static int parse_module(struct boot_domains *all, struct boot_domain *d,
			const void *tree, int node,
			const struct multiboot2 *boot)
{
	bool kernel = is_compatible(tree, node, "multiboot,kernel");
	const struct multiboot2_module *m, **to;

	if (!kernel && !is_compatible(tree, node, "multiboot,ramdisk"))
		return 0;
	to = kernel ? &d->kernel : &d->ramdisk;
	if (*to)
		return fail(all, "domain '%s' has two %s; leave one of them out",
			    d->name, kernel ? "kernels" : "RAM disks");
	m = find_module(tree, node, boot);
	if (!m)
		return fail(all, "domain '%s' names a %s that GRUB has not loaded; module-index is 0 to %u, or module-name is the word behind the file's name",
			    d->name, kernel ? "kernel" : "RAM disk",
			    boot->nr_modules - 1);
	*to = m;
	if (kernel && fdt_getprop(tree, node, "bootargs", NULL)) {
		d->bootargs = get_string(tree, node, "bootargs");
		if (!d->bootargs)
			return fail(all, "domain '%s' has bootargs that are not one string",
				    d->name);
	}
	return 0;
}

static int parse_domain(struct boot_domains *all, const void *tree, int node,
			const struct multiboot2 *boot)
{
	struct boot_domain *d = &all->domain[all->nr];
	const char *name = fdt_get_name(tree, node, NULL);
	u64 memory, vcpus = 1;
	int child, rc;

	if (all->nr == BOOT_DOMAINS_MAX)
		return fail(all, "there are more than %u domains; start the others from domain 0",
			    BOOT_DOMAINS_MAX);
	if (!name || !*name || strlen(name) >= sizeof(d->name))
		return fail(all, "domain %u has a name that is too long; %u characters are possible",
			    all->nr, RINGLET_NAME_LEN - 1);
	memcpy(d->name, name, strlen(name) + 1);
	if (!get_cells(tree, node, "memory", 2, &memory) || !memory ||
	    memory > MAX_MEMORY / 1024)
		return fail(all, "domain '%s' has no valid memory property: two cells, KiB",
			    d->name);
	d->memory = ALIGN_UP(memory * 1024, LARGE_SIZE);
	if (fdt_getprop(tree, node, "cpus", NULL) &&
	    (!get_cells(tree, node, "cpus", 1, &vcpus) || !vcpus ||
	     vcpus > RINGLET_MAX_VCPUS))
		return fail(all, "domain '%s' has a cpus property that is not 1 to %u",
			    d->name, RINGLET_MAX_VCPUS);
	d->vcpus = (u32)vcpus;
	fdt_for_each_subnode(child, tree, node) {
		rc = parse_module(all, d, tree, child, boot);
		if (rc)
			return rc;
	}
	if (!d->kernel)
		return fail(all, "domain '%s' has no kernel: a node with compatible = \"multiboot,kernel\"",
			    d->name);
	all->nr++;
	all->memory += d->memory;
	return 0;
}

int boot_domains_parse(struct boot_domains *all, const void *tree, u64 size,
		       const struct multiboot2 *boot)
{
	int chosen, node, rc;

	memset(all, 0, sizeof(*all));
	rc = check_tree(all, tree, size);
	if (rc)
		return rc;
	chosen = fdt_path_offset(tree, "/chosen");
	if (chosen < 0)
		return fail(all, "the device tree has no node /chosen; domains are nodes in it");
	fdt_for_each_subnode(node, tree, chosen) {
		if (!is_compatible(tree, node, "ringlet,domain"))
			continue;
		rc = parse_domain(all, tree, node, boot);
		if (rc)
			return rc;
	}
	if (!all->nr)
		return fail(all, "the device tree has no domain: a node in /chosen with compatible = \"ringlet,domain\"");
	return 0;
}
