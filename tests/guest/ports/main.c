// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports: every I/O port, by every instruction that reaches one.
 *
 * One port that is passed through in vain is the machine: the keyboard controller
 * resets it, the chipset's reset port too, PCI configuration moves devices, QEMU's
 * fw_cfg writes memory. A domain reads ones from all 65536 and writes into the
 * void; domain 0 has the machine's, but not those that the hypervisor uses. Ring 3
 * has none, anywhere.
 */
#include "guest.h"

const char test_title[] = "probing of all I/O ports";

/* Kept by the hypervisor: PICs, PIT, edge/level control, reset, its COM1. */
static const u16 kept[] = {
	0x20, 0x21, 0xa0, 0xa1, 0x40, 0x41, 0x42, 0x43, 0x4d0, 0x4d1, 0xcf9,
	0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff,
};

static u8 in8(u16 port)
{
	u8 value;

	__asm__ volatile("inb %w1, %0" : "=a"(value) : "d"(port));
	return value;
}

static u16 in16(u16 port)
{
	u16 value;

	__asm__ volatile("inw %w1, %0" : "=a"(value) : "d"(port));
	return value;
}

static u32 in32(u16 port)
{
	u32 value;

	__asm__ volatile("inl %w1, %0" : "=a"(value) : "d"(port));
	return value;
}

static void out8(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %w1" : : "a"(value), "d"(port));
}

static void out16(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %w1" : : "a"(value), "d"(port));
}

static void out32(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %w1" : : "a"(value), "d"(port));
}

static void expect_nobody(u16 port, bool wide)
{
	u8 value = in8(port);

	if (value != 0xff)
		failure("port %#x shows %#x", port, value);
	if (wide && (in16(port) != 0xffff || in32(port) != 0xffffffff))
		failure("port %#x shows %#x, %#x", port, in16(port),
			in32(port));
}

static void test_domu(void)
{
	u32 port;

	for (port = 0; port < 0x10000; port++)
		expect_nobody((u16)port, !(port & 15) || port < 0x1000);
	for (port = 0; port < 0x10000; port++) {
		/* Reset, power-off and shutdown commands among them. */
		out8((u16)port, port == 0x64 ? 0xfe : 0x06);
		if (!(port & 15) || port < 0x1000) {
			out16((u16)port, 0x2000);
			out32((u16)port, 0x2000);
		}
	}
}

static void test_kept(void)
{
	u32 i, wide;

	for (i = 0; i < ARRAY_SIZE(kept); i++) {
		expect_nobody(kept[i], false);
		out8(kept[i], 0);
		/* Neither by a wider access that only ends there. */
		wide = in16((u16)(kept[i] - 1));
		if (kept[i] != 0xcf9 && wide != 0xffff)
			failure("port %#x shows %#x", kept[i] - 1, wide);
	}
}

/* Strings: into memory and out of it, in both directions, and none at all. */
static void test_strings(void)
{
	static u8 buf[4096];
	u64 count, at, left;
	u32 i;

	for (count = 0; count <= 2048; count = count ? count * 2 : 1) {
		memset(buf, 0x5a, sizeof(buf));
		at = (u64)buf + 64;
		left = count;
		__asm__ volatile("rep insb" : "+D"(at), "+c"(left)
				 : "d"(0x20) : "memory");
		CHECK_EQ(at, (u64)buf + 64 + count);
		CHECK_EQ(left, 0);
		for (i = 0; i < sizeof(buf); i++) {
			u8 want = i >= 64 && i < 64 + count ? 0xff : 0x5a;

			if (buf[i] != want) {
				failure("INS of %lu: byte %u is %#x", count,
					i, buf[i]);
				break;
			}
		}
	}
	memset(buf, 0x5a, sizeof(buf));
	at = (u64)buf + 1024 - 4;
	left = 256;
	__asm__ volatile("std\n\trep insl\n\tcld" : "+D"(at), "+c"(left)
			 : "d"(0x20) : "memory");
	CHECK_EQ(at, (u64)buf - 4);
	CHECK_EQ(*(u32 *)buf, 0xffffffff);
	CHECK_EQ(buf[1024], 0x5a);
	at = (u64)buf;
	left = 1000;
	__asm__ volatile("rep outsb" : "+S"(at), "+c"(left)
			 : "d"(0x20) : "memory");
	CHECK_EQ(at, (u64)buf + 1000);
}

/* Memory that is not there, or not ours: our fault, at the right element. */
static u64 string_at;

static void ins_into(void *arg)
{
	u64 at = (u64)arg, left = 64;

	__asm__ volatile("rep insb" : "+D"(at), "+c"(left)
			 : "d"(0x20) : "memory");
}

static void outs_from(void *arg)
{
	u64 at = (u64)arg, left = 64;

	__asm__ volatile("rep outsb" : "+S"(at), "+c"(left)
			 : "d"(0x20) : "memory");
}

static void test_bad_memory(void)
{
	static const u64 bad[] = {
		0x0000010000000000, 0x0000800000000000, RINGLET_HV_START,
		0xffff810000100000, RINGLET_HV_START + 0x11000,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(probe(ins_into, (void *)bad[i]));
		CHECK(probe(outs_from, (void *)bad[i]));
	}
	/* The last 16 bytes before nothing, then nothing. */
	string_at = 0x0000018000000000;
	map_page(guest.root, string_at, (u64)page_alloc(), PTE_P | PTE_W);
	CHECK(probe(ins_into, (void *)(string_at + PAGE_SIZE - 16)));
	CHECK_EQ(*(u8 *)(string_at + PAGE_SIZE - 1), 0xff);
}

USER_CODE(user_in, "mov %edi, %edx; in %dx, %al; ud2");
USER_CODE(user_out, "mov %edi, %edx; out %eax, %dx; ud2");
USER_CODE(user_ins, "mov %edi, %edx; mov %rsp, %rdi; sub $64, %rdi; mov $8, %ecx; rep insb; ud2");
USER_CODE(user_outs, "mov %edi, %edx; mov %rsp, %rsi; sub $64, %rsi; mov $8, %ecx; rep outsb; ud2");

static void test_user(void)
{
	const u8 *codes[] = { user_in, user_out, user_ins, user_outs };
	u32 port, i;

	for (port = 0; port < 0x10000; port += port < 0x400 ? 1 : 0x3f)
		for (i = 0; i < ARRAY_SIZE(codes); i++)
			if (run_user(codes[i], port)->vector != TRAP_GP)
				failure("ring 3 reaches port %#x by way %u",
					port, i);
}

void test_main(void)
{
	u64 start = now();

	if (guest.control) {
		test_kept();
	} else {
		test_domu();
		printk("Done: all ports\n");
	}
	test_strings();
	test_bad_memory();
	test_user();
	/* Time slices and timers go on. */
	while (now() - start < 50000000)
		;
	CHECK_EQ(ringlet_yield(), 0);
}
