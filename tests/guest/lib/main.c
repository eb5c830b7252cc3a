// SPDX-License-Identifier: GPL-2.0-only
/* From the start of vCPU 0 to the test. */
#include "guest.h"

struct guest guest;

void guest_main(const void *fdt);

static const void *need(const void *fdt, const char *path, const char *name)
{
	const void *p = fdt_property(fdt, path, name, NULL);

	if (!p) {
		failure("the device tree has no %s/%s", path, name);
		finish();
	}
	return p;
}

/* The memory region that we lie in: domain 0 has several. */
static void find_memory(const void *fdt)
{
	const u8 *reg;
	u32 len, i;
	u64 start, size;

	reg = fdt_property(fdt, "/memory", "reg", &len);
	for (i = 0; reg && i + 16 <= len; i += 16) {
		start = fdt_number(reg + i, 2);
		size = fdt_number(reg + i + 8, 2);
		if ((u64)guest_main - start < size) {
			guest.memory_start = start;
			guest.memory_end = start + size;
		}
	}
	if (!guest.memory_end)
		failure("no memory in the device tree contains this guest");
}

void guest_main(const void *fdt)
{
	const u8 *shared;

	printk("--- Ringlet test: %s ---\n", test_title);
	if (ringlet_abi_version() != RINGLET_ABI_VERSION) {
		error("built for ABI version %u, running on %ld",
		      RINGLET_ABI_VERSION, ringlet_abi_version());
		finish();
	}
	guest.fdt = fdt;
	find_memory(fdt);
	guest.boot_root = fdt_number(need(fdt, "/hypervisor",
					  "ringlet,boot-tables"), 2);
	guest.domid = (u32)fdt_number(need(fdt, "/hypervisor",
					   "ringlet,domid"), 1);
	guest.control = fdt_property(fdt, "/hypervisor", "ringlet,control",
				     NULL);
	guest.vcpus = fdt_children(fdt, "/cpus", "cpu@");
	guest.arguments = fdt_property(fdt, "/chosen", "bootargs", NULL);
	printk("%s domain %u, vCPUs: %u\n",
	       guest.control ? "Control" : "Plain", guest.domid, guest.vcpus);
	shared = need(fdt, "/hypervisor", "ringlet,shared");
	guest.shared = (struct ringlet_shared *)fdt_number(shared, 2);
	guest.time = (struct ringlet_time_page *)(guest.shared + 1);

	traps_init();
	guest.root = root_new();
	if (ringlet_set_kernel_root(guest.root) ||
	    ringlet_load_root(guest.root)) {
		failure("cannot load a root of our own");
		finish();
	}
	test_main();
	finish();
}
