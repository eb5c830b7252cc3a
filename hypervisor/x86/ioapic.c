// SPDX-License-Identifier: GPL-2.0-only
/*
 * IO-APICs, by their index and data registers.
 */
#include "x86/ioapic.h"

#include "layout.h"
#include "panic.h"
#include "printk.h"
#include "x86/acpi.h"
#include "x86/cpu.h"

#define IOREGSEL	0x00
#define IOWIN		0x10
#define REG_VERSION	0x01
#define REG_ENTRY(pin)	(0x10 + 2 * (pin))

#define ENTRY_LOW	0x2000
#define ENTRY_LEVEL	0x8000
#define ENTRY_MASKED	0x10000

#define MAX_RESERVED	4

static u32 pins[ACPI_MAX_IOAPICS];
static u32 reserved[MAX_RESERVED];	/* the hypervisor's own */
static u32 nr_reserved;

static u32 io_read(u32 i, u32 reg)
{
	volatile u8 *base = phys_to_virt(acpi.ioapics[i].phys);

	*(volatile u32 *)(base + IOREGSEL) = reg;
	return *(volatile u32 *)(base + IOWIN);
}

static void io_write(u32 i, u32 reg, u32 value)
{
	volatile u8 *base = phys_to_virt(acpi.ioapics[i].phys);

	*(volatile u32 *)(base + IOREGSEL) = reg;
	*(volatile u32 *)(base + IOWIN) = value;
}

static void pic_mask(void)
{
	/*
	 * Initialize them first, to vectors of ours: a spurious interrupt of a
	 * PIC comes although it is masked (8259A data sheet).
	 */
	outb(0x20, 0x11);
	outb(0xa0, 0x11);
	outb(0x21, 0x20);
	outb(0xa1, 0x28);
	outb(0x21, 0x04);
	outb(0xa1, 0x02);
	outb(0x21, 0x01);
	outb(0xa1, 0x01);
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

void ioapic_init(void)
{
	u32 i, pin;

	pic_mask();
	for (i = 0; i < acpi.nr_ioapics; i++) {
		if (acpi.ioapics[i].phys >= (1UL << 32) - PAGE_SIZE)
			boot_failure("an IO-APIC is above 4 GiB, at %#lx; the firmware must place it below",
				     acpi.ioapics[i].phys);
		pins[i] = (io_read(i, REG_VERSION) >> 16 & 0xff) + 1;
		for (pin = 0; pin < pins[i]; pin++) {
			io_write(i, REG_ENTRY(pin), ENTRY_MASKED);
			io_write(i, REG_ENTRY(pin) + 1, 0);
		}
		log_info("IO-APIC %u at %#lx: GSI %u to %u", acpi.ioapics[i].id,
			 acpi.ioapics[i].phys, acpi.ioapics[i].gsi_base,
			 acpi.ioapics[i].gsi_base + pins[i] - 1);
	}
}

/* IO-APIC and pin of an interrupt. */
static bool find(u32 gsi, u32 *ioapic, u32 *pin)
{
	u32 i;

	for (i = 0; i < acpi.nr_ioapics; i++) {
		if (gsi >= acpi.ioapics[i].gsi_base &&
		    gsi - acpi.ioapics[i].gsi_base < pins[i]) {
			*ioapic = i;
			*pin = gsi - acpi.ioapics[i].gsi_base;
			return true;
		}
	}
	return false;
}

u32 ioapic_nr_gsis(void)
{
	u32 i, nr = 0;

	for (i = 0; i < acpi.nr_ioapics; i++)
		nr = MAX(nr, acpi.ioapics[i].gsi_base + pins[i]);
	return nr;
}

void ioapic_reserve(u32 gsi)
{
	ASSERT(nr_reserved < MAX_RESERVED);
	reserved[nr_reserved++] = gsi;
}

bool ioapic_gsi_ok(u32 gsi)
{
	u32 i, pin;

	for (i = 0; i < nr_reserved; i++)
		if (reserved[i] == gsi)
			return false;
	return find(gsi, &i, &pin);
}

int ioapic_set(u32 gsi, u8 vector, u32 apic_id, bool level, bool low)
{
	u32 i, pin;

	if (!find(gsi, &i, &pin))
		return -ENOENT;
	io_write(i, REG_ENTRY(pin), ENTRY_MASKED);
	io_write(i, REG_ENTRY(pin) + 1, apic_id << 24);
	io_write(i, REG_ENTRY(pin), ENTRY_MASKED | vector |
		 (level ? ENTRY_LEVEL : 0) | (low ? ENTRY_LOW : 0));
	return 0;
}

static void set_mask(u32 gsi, u32 mask)
{
	u32 i, pin, entry;

	if (!find(gsi, &i, &pin))
		return;
	entry = io_read(i, REG_ENTRY(pin));
	io_write(i, REG_ENTRY(pin), (entry & ~(u32)ENTRY_MASKED) | mask);
}

void ioapic_mask(u32 gsi)
{
	set_mask(gsi, ENTRY_MASKED);
}

void ioapic_unmask(u32 gsi)
{
	set_mask(gsi, 0);
}
