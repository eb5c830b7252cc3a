/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few ACPI tables the hypervisor reads itself: MADT and FADT. AML is domain
 * 0's business. ACPI specification 6.4, chapter 5.2.
 */
#ifndef HV_ACPI_H
#define HV_ACPI_H

#include "types.h"

#define ACPI_MAX_CPUS	256
#define ACPI_MAX_IOAPICS 8
#define ACPI_MAX_NMIS	16

struct acpi_cpu {
	u32 apic_id;
	u32 uid;		/* ACPI processor UID */
};

struct acpi_ioapic {
	u64 phys;
	u32 gsi_base;
	u8 id;
};

struct acpi_lint_nmi {
	u32 uid;		/* ~0U: all processors */
	u8 lint;		/* 0 or 1 */
	bool level, low;
};

struct acpi {
	u64 rsdp;		/* physical address, 0 = unknown */
	u64 lapic_phys;
	struct acpi_cpu cpus[ACPI_MAX_CPUS];
	u32 nr_cpus;
	struct acpi_ioapic ioapics[ACPI_MAX_IOAPICS];
	u32 nr_ioapics;
	struct acpi_lint_nmi nmis[ACPI_MAX_NMIS];
	u32 nr_nmis;
	u16 pm_timer_port;	/* 0 = none */
	bool pm_timer_32bit;
	bool has_reset;
	u8 reset_space;		/* 0 memory, 1 I/O port, 2 PCI configuration */
	u64 reset_address;
	u8 reset_value;
	u8 rtc_century;		/* CMOS index, 0 = none */
};
extern struct acpi acpi;

/*
 * Read the tables. @rsdp: checked copy of the RSDP from the boot loader, @v2:
 * it is of version 2 or later. Panics if there is nothing to boot with. Boot
 * processor, once, direct map in place.
 */
void acpi_init(const u8 *rsdp, bool v2);

/*
 * Global system interrupt of an ISA interrupt, with its trigger mode and
 * polarity.
 */
u32 acpi_isa_gsi(u8 irq, bool *level, bool *low);

#endif /* HV_ACPI_H */
