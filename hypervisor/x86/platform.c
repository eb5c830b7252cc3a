// SPDX-License-Identifier: GPL-2.0-only
/*
 * What domain 0 may touch of the machine, and how to reset it.
 */
#include "x86/platform.h"

#include "layout.h"
#include "time.h"
#include "x86/acpi.h"
#include "x86/cpu.h"
#include "x86/smp.h"
#include "x86/uart.h"

#define RESET_PORT	0xcf9	/* of Intel chipsets; QEMU's q35 and i440fx too */
#define KBC_STATUS	0x64

struct mem_region platform_ram[PLATFORM_MAX_RAM];
u32 platform_nr_ram;

bool platform_is_ram(u64 phys)
{
	u32 i;

	for (i = 0; i < platform_nr_ram; i++)
		if (phys >= platform_ram[i].start &&
		    phys - platform_ram[i].start < platform_ram[i].size)
			return true;
	return false;
}

bool platform_is_mapped(u64 phys, u64 len)
{
	const u64 low = 1UL << 32;
	u32 i;

	if (phys < low && len <= low - phys)
		return true;
	for (i = 0; i < platform_nr_ram; i++)
		if (phys >= platform_ram[i].start &&
		    phys - platform_ram[i].start < platform_ram[i].size &&
		    len <= platform_ram[i].size - (phys - platform_ram[i].start))
			return true;
	return false;
}

bool platform_mmio_denied(u64 phys)
{
	u32 i;

	phys &= PAGE_MASK;
	if (phys == acpi.lapic_phys || phys == smp_trampoline_page())
		return true;
	for (i = 0; i < acpi.nr_ioapics; i++)
		if (phys == (acpi.ioapics[i].phys & PAGE_MASK))
			return true;
	return false;
}

static bool overlaps(u32 port, u32 bytes, u32 first, u32 last)
{
	return port <= last && port + bytes > first;
}

bool platform_port_denied(u16 port, u32 bytes)
{
	u32 p = port;

	if (overlaps(p, bytes, 0x20, 0x21) ||	/* PICs */
	    overlaps(p, bytes, 0xa0, 0xa1) ||
	    overlaps(p, bytes, 0x4d0, 0x4d1) ||	/* their edge/level control */
	    overlaps(p, bytes, 0x40, 0x43))	/* PIT */
		return true;
	/* Wider accesses at 0xcf8 are PCI configuration's, not reset's. */
	if (bytes == 1 && p == RESET_PORT)
		return true;
	return uart_owns_port(p, bytes);
}

void platform_delay_ms(u32 ms)
{
	if (time_ns()) {
		time_delay_us(ms * 1000UL);
		return;
	}
	/* A read of port 0x80 takes about a microsecond everywhere. */
	for (ms *= 1000; ms; ms--)
		inb(0x80);
}

static void reset_by_acpi(void)
{
	if (!acpi.has_reset)
		return;
	if (acpi.reset_space == 1)
		outb((u16)acpi.reset_address, acpi.reset_value);
	else if (acpi.reset_space == 0 &&
		 platform_is_mapped(acpi.reset_address, 1))
		*(volatile u8 *)phys_to_virt(acpi.reset_address) =
			acpi.reset_value;
	platform_delay_ms(50);
}

void platform_reboot(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) no_idt = { 0, 0 };
	u32 i;

	irq_disable();
	reset_by_acpi();
	outb(RESET_PORT, 0x02);
	outb(RESET_PORT, 0x06);
	platform_delay_ms(50);
	for (i = 0; i < 1000 && inb(KBC_STATUS) & 2; i++)
		;
	outb(KBC_STATUS, 0xfe);
	platform_delay_ms(50);
	__asm__ volatile("lidt %0; int3" :: "m"(no_idt));
	cpu_stop();
}
