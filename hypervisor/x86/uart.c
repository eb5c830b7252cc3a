// SPDX-License-Identifier: GPL-2.0-only
/*
 * 16550 serial ports (National Semiconductor PC16550D data sheet).
 */
#include "x86/uart.h"

#include "console_input.h"
#include "lock.h"
#include "printk.h"
#include "x86/acpi.h"
#include "x86/cpu.h"
#include "x86/ioapic.h"
#include "x86/lapic.h"
#include "x86/vectors.h"

#define UART_PORTS	8
#define REG_DATA	0
#define REG_IER		1
#define REG_FCR		2	/* written */
#define REG_IIR		2	/* read */
#define REG_LCR		3
#define REG_MCR		4
#define REG_LSR		5
#define REG_MSR		6
#define REG_SCR		7

#define IER_RX		0x01
#define FCR_ENABLE	0x07	/* and clear both */
#define LCR_8N1		0x03
#define LCR_DLAB	0x80
#define MCR_DTR_RTS	0x03
#define MCR_OUT2	0x08	/* lets the interrupt out */
#define LSR_DATA	0x01
#define LSR_THRE	0x20
#define FIFO_SIZE	16
#define CLOCK		115200
#define MAX_SPINS	20000	/* reads of LSR, about a microsecond each */
#define MAX_INPUT	64	/* characters taken in one go */

static struct uart {
	u16 base;
	u8 irq;
	bool used;
	bool stuck;		/* took nothing last time: do not wait again */
	bool interrupt;
	char last;		/* character written */
} uarts[2] = {
	{ .base = 0x3f8, .irq = 4 },
	{ .base = 0x2f8, .irq = 3 },
};

bool uart_init(u32 index, u32 baud)
{
	struct uart *u;
	u32 divisor;

	if (index >= ARRAY_SIZE(uarts))
		return false;
	u = &uarts[index];
	outb(u->base + REG_SCR, 0x5a);
	if (inb(u->base + REG_SCR) != 0x5a || inb(u->base + REG_LSR) == 0xff)
		return false;
	outb(u->base + REG_IER, 0);
	if (baud) {
		divisor = MAX(CLOCK / baud, 1U);
		outb(u->base + REG_LCR, LCR_8N1 | LCR_DLAB);
		outb(u->base + REG_DATA, (u8)divisor);
		outb(u->base + REG_IER, (u8)(divisor >> 8));
	}
	outb(u->base + REG_LCR, LCR_8N1);
	outb(u->base + REG_FCR, FCR_ENABLE);
	outb(u->base + REG_MCR, MCR_DTR_RTS | MCR_OUT2);
	u->used = true;
	return true;
}

static bool wait_ready(struct uart *u)
{
	u32 spins = u->stuck ? 1 : MAX_SPINS;

	while (spins--) {
		if (inb(u->base + REG_LSR) & LSR_THRE) {
			u->stuck = false;
			return true;
		}
		cpu_relax();
	}
	u->stuck = true;
	return false;
}

static void write_port(struct uart *u, const char *text, size_t len)
{
	u32 room = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (room < 2) {
			if (!wait_ready(u))
				return;
			room = FIFO_SIZE;
		}
		if (text[i] == '\n' && u->last != '\r') {
			outb(u->base + REG_DATA, '\r');
			room--;
		}
		outb(u->base + REG_DATA, (u8)text[i]);
		u->last = text[i];
		room--;
	}
}

void uart_write(const char *text, size_t len)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(uarts); i++)
		if (uarts[i].used)
			write_port(&uarts[i], text, len);
}

void uart_enable_interrupts(void)
{
	struct uart *u;
	bool level, low;
	u32 i, gsi;

	for (i = 0; i < ARRAY_SIZE(uarts); i++) {
		u = &uarts[i];
		if (!u->used)
			continue;
		gsi = acpi_isa_gsi(u->irq, &level, &low);
		if (ioapic_set(gsi, VECTOR_UART, lapic_id(), level, low)) {
			log_warning("COM%u: no interrupt for it (GSI %u), so no input",
				    i + 1, gsi);
			continue;
		}
		ioapic_reserve(gsi);
		ioapic_unmask(gsi);
		u->interrupt = true;
		outb(u->base + REG_IER, IER_RX);
	}
}

static int port_getc(struct uart *u)
{
	u8 status = inb(u->base + REG_LSR);

	if (status == 0xff || !(status & LSR_DATA))
		return -1;
	return inb(u->base + REG_DATA);
}

static void take_input(struct uart *u)
{
	u32 i;
	int c;

	for (i = 0; i < MAX_INPUT && (c = port_getc(u)) >= 0; i++)
		console_input((char)c);
}

void uart_interrupt(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(uarts); i++) {
		if (!uarts[i].used || !uarts[i].interrupt)
			continue;
		/*
		 * The line is an edge: it must have been low before it can rise
		 * again, so nothing may be left pending. IER off and on does
		 * that if there was more than we take in one go.
		 */
		take_input(&uarts[i]);
		inb(uarts[i].base + REG_IIR);
		outb(uarts[i].base + REG_IER, 0);
		outb(uarts[i].base + REG_IER, IER_RX);
	}
}

bool uart_owns_port(u32 port, u32 bytes)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(uarts); i++)
		if (uarts[i].used && port < uarts[i].base + (u32)UART_PORTS &&
		    port + bytes > uarts[i].base)
			return true;
	return false;
}
