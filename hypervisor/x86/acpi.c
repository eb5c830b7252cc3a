// SPDX-License-Identifier: GPL-2.0-only
/*
 * ACPI tables: RSDP, RSDT or XSDT, MADT and FADT.
 *
 * Firmware is trusted but not always right: lengths and checksums are looked
 * at before contents, and every field is read by offset, since tables are not
 * aligned.
 */
#include "x86/acpi.h"

#include "layout.h"
#include "panic.h"
#include "printk.h"
#include "unaligned.h"
#include "x86/boot.h"
#include "x86/platform.h"

#define HEADER_SIZE	36
#define RSDP_SIZE	20	/* of version 1, with which all begin */
#define MAX_TABLE	0x100000
#define MAX_TABLES	256

#define MADT_CPU	0
#define MADT_IOAPIC	1
#define MADT_OVERRIDE	2
#define MADT_LINT_NMI	4
#define MADT_LAPIC64	5
#define MADT_X2APIC	9

#define ISA_IRQS	16

struct acpi acpi;

static struct isa_override {
	bool present;
	u32 gsi;
	bool level, low;
} overrides[ISA_IRQS];

static bool sum_is_zero(const u8 *p, u32 len)
{
	u8 sum = 0;

	while (len--)
		sum += *p++;
	return !sum;
}

/* A table that is all readable and adds up, or NULL after a warning. */
static const u8 *get_table(u64 phys, u32 *len)
{
	const u8 *t;

	if (!phys || !platform_is_mapped(phys, HEADER_SIZE)) {
		log_warning("ACPI: no table can be at %#lx", phys);
		return NULL;
	}
	t = phys_to_virt(phys);
	*len = get32(t + 4);
	if (*len < HEADER_SIZE || *len > MAX_TABLE ||
	    !platform_is_mapped(phys, *len)) {
		log_warning("ACPI: table %.4s at %#lx has a wrong length, %u bytes",
			    (const char *)t, phys, *len);
		return NULL;
	}
	if (!sum_is_zero(t, *len)) {
		log_warning("ACPI: table %.4s at %#lx has a wrong checksum",
			    (const char *)t, phys);
		return NULL;
	}
	return t;
}

static void add_cpu(u32 apic_id, u32 uid, u32 flags)
{
	if (!(flags & 1))
		return;
	if (acpi.nr_cpus == ACPI_MAX_CPUS) {
		log_warning("ACPI: more than %u CPUs, the one with APIC identifier %u is left out",
			    ACPI_MAX_CPUS, apic_id);
		return;
	}
	acpi.cpus[acpi.nr_cpus++] = (struct acpi_cpu){ apic_id, uid };
}

static void add_ioapic(const u8 *e)
{
	if (acpi.nr_ioapics == ACPI_MAX_IOAPICS) {
		log_warning("ACPI: more than %u IO-APICs, the one at %#x is left out",
			    ACPI_MAX_IOAPICS, get32(e + 4));
		return;
	}
	acpi.ioapics[acpi.nr_ioapics++] = (struct acpi_ioapic){
		.phys = get32(e + 4), .gsi_base = get32(e + 8), .id = e[2],
	};
}

/* MPS INTI flags: polarity 3 = low, trigger 3 = level; table 5-50. */
static void add_override(const u8 *e)
{
	u16 flags = get16(e + 8);

	if (e[2] != 0 || e[3] >= ISA_IRQS)
		return;
	overrides[e[3]] = (struct isa_override){
		.present = true,
		.gsi = get32(e + 4),
		.low = (flags & 3) == 3,
		.level = (flags >> 2 & 3) == 3,
	};
}

static void add_nmi(const u8 *e)
{
	u16 flags = get16(e + 3);

	if (acpi.nr_nmis == ACPI_MAX_NMIS)
		return;
	acpi.nmis[acpi.nr_nmis++] = (struct acpi_lint_nmi){
		.uid = e[2] == 0xff ? ~0U : e[2],
		.lint = e[5] & 1,
		.low = (flags & 3) == 3,
		.level = (flags >> 2 & 3) == 3,
	};
}

static void parse_madt_entry(const u8 *e, u32 len)
{
	if (e[0] == MADT_CPU && len >= 8)
		add_cpu(e[3], e[2], get32(e + 4));
	else if (e[0] == MADT_X2APIC && len >= 16)
		add_cpu(get32(e + 4), get32(e + 12), get32(e + 8));
	else if (e[0] == MADT_IOAPIC && len >= 12)
		add_ioapic(e);
	else if (e[0] == MADT_OVERRIDE && len >= 10)
		add_override(e);
	else if (e[0] == MADT_LINT_NMI && len >= 6)
		add_nmi(e);
	else if (e[0] == MADT_LAPIC64 && len >= 12)
		acpi.lapic_phys = get64(e + 4);
}

static void parse_madt(const u8 *t, u32 len)
{
	u32 pos = HEADER_SIZE + 8;

	if (len < pos)
		boot_failure("ACPI: the MADT is too short, %u bytes; update the firmware", len);
	acpi.lapic_phys = get32(t + HEADER_SIZE);
	while (len - pos >= 2) {
		u32 size = t[pos + 1];

		if (size < 2 || size > len - pos) {
			log_warning("ACPI: MADT entry at offset %u has a wrong size, %u",
				    pos, size);
			return;
		}
		parse_madt_entry(t + pos, size);
		pos += size;
	}
}

/* Offsets: table 5-33 of the specification. */
static void parse_fadt(const u8 *t, u32 len)
{
	u32 flags;

	if (len < 116)
		return;
	flags = get32(t + 112);
	acpi.pm_timer_port = (u16)get32(t + 76);
	acpi.pm_timer_32bit = flags & 1 << 8;
	acpi.rtc_century = t[108];
	if (flags & 1 << 10 && len >= 129) {
		acpi.has_reset = true;
		acpi.reset_space = t[116];
		acpi.reset_address = get64(t + 120);
		acpi.reset_value = t[128];
	}
	/* X_PM_TMR_BLK, if it is a port, is the one that counts */
	if (len >= 220 && t[208] == 1 && get64(t + 212))
		acpi.pm_timer_port = (u16)get64(t + 212);
}

static void parse_root(u64 phys, u32 entry_size)
{
	bool madt = false;
	u32 len, size, i, nr;
	const u8 *root = get_table(phys, &len), *t;
	u64 addr;

	if (!root || memcmp(root, entry_size == 8 ? "XSDT" : "RSDT", 4))
		boot_failure("ACPI: there is no valid root table at %#lx; update the firmware", phys);
	nr = MIN((len - HEADER_SIZE) / entry_size, (u32)MAX_TABLES);
	for (i = 0; i < nr; i++) {
		addr = entry_size == 8 ? get64(root + HEADER_SIZE + i * 8) :
			get32(root + HEADER_SIZE + i * 4);
		t = get_table(addr, &size);
		if (!t)
			continue;
		if (!memcmp(t, "APIC", 4) && !madt) {
			madt = true;
			parse_madt(t, size);
		} else if (!memcmp(t, "FACP", 4)) {
			parse_fadt(t, size);
		}
	}
	if (!madt)
		boot_failure("ACPI: there is no valid MADT, so CPUs and interrupt controllers are unknown; update the firmware");
}

/* Where a copy of the RSDP stands from 'start' on, before 'end'; 0: nowhere. */
static u64 search_rsdp(const u8 *copy, u64 start, u64 end)
{
	u64 phys;

	/* Multiples of 16 in a BIOS; EDK2 has it at any multiple of 4. */
	for (phys = ALIGN_UP(start, 4); phys + RSDP_SIZE <= end; phys += 4)
		if (!memcmp(phys_to_virt(phys), copy, RSDP_SIZE))
			return phys;
	return 0;
}

/*
 * The RSDP's own address, which domain 0 wants to know. UEFI has it in memory
 * of ACPI's types, a BIOS in ROM or in its extended data area: 5.2.5.
 */
static u64 find_rsdp(const u8 *copy)
{
	u64 ebda = (u64)get16(phys_to_virt(0x40e)) << 4, phys = 0;
	u32 i;

	for (i = 0; i < boot_mb2.nr_memory && !phys; i++) {
		const struct multiboot2_memory *m = &boot_mb2.memory[i];

		if ((m->type == MULTIBOOT2_ACPI || m->type == MULTIBOOT2_NVS) &&
		    platform_is_mapped(m->addr, m->size))
			phys = search_rsdp(copy, m->addr, m->addr + m->size);
	}
	if (!phys)
		phys = search_rsdp(copy, 0xe0000, 0x100000);
	if (!phys && ebda >= 0x80000 && ebda < 0xa0000)
		phys = search_rsdp(copy, ebda, ebda + 1024);
	return phys;
}

void acpi_init(const u8 *rsdp, bool v2)
{
	acpi.rsdp = find_rsdp(rsdp);
	if (v2 && get64(rsdp + 24))
		parse_root(get64(rsdp + 24), 8);
	else
		parse_root(get32(rsdp + 16), 4);
	if (!acpi.nr_cpus)
		boot_failure("ACPI: the MADT names no usable CPU; update the firmware");
	if (!acpi.nr_ioapics)
		boot_failure("ACPI: the MADT names no IO-APIC, which Ringlet needs; turn it on in the firmware's set-up");
	log_info("ACPI: %u CPUs, %u IO-APICs, PM timer port %#x",
		 acpi.nr_cpus, acpi.nr_ioapics, acpi.pm_timer_port);
}

u32 acpi_isa_gsi(u8 irq, bool *level, bool *low)
{
	*level = false;
	*low = false;
	if (irq >= ISA_IRQS || !overrides[irq].present)
		return irq;
	*level = overrides[irq].level;
	*low = overrides[irq].low;
	return overrides[irq].gsi;
}
