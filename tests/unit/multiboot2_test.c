// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of the Multiboot2 information structure: what a structure like GRUB's
 * gives, and each way to be malformed under its name. Structures are parsed
 * from heap blocks of their exact size: AddressSanitizer sees a read beyond.
 */
#include <check.h>
#include <stdlib.h>
#include "multiboot2.h"

static _Alignas(8) u8 info[16384];
static u32 size;
static struct multiboot2 mb;

static void put32(u32 value)
{
	memcpy(info + size, &value, 4);
	size += 4;
}

static void put64(u64 value)
{
	memcpy(info + size, &value, 8);
	size += 8;
}

static void begin(void)
{
	memset(info, 0, sizeof(info));
	size = 8;
}

/* Start a tag; returns where its size stands. */
static u32 tag(u32 type)
{
	size = (size + 7) & ~7U;
	put32(type);
	put32(0);
	return size - 4;
}

static void tag_end(u32 at)
{
	u32 len = size - at + 4;

	memcpy(info + at, &len, 4);
}

static void end(void)
{
	tag_end(tag(0));
	memcpy(info, &size, 4);
}

static void string_tag(u32 type, const char *s)
{
	u32 at = tag(type);

	memcpy(info + size, s, strlen(s) + 1);
	size += (u32)strlen(s) + 1;
	tag_end(at);
}

static void module_tag(u32 start, u32 stop, const char *s)
{
	u32 at = tag(3);

	put32(start);
	put32(stop);
	memcpy(info + size, s, strlen(s) + 1);
	size += (u32)strlen(s) + 1;
	tag_end(at);
}

static void memory_tag(u32 entry_size, u32 count)
{
	u32 at = tag(6), i;

	put32(entry_size);
	put32(0);
	for (i = 0; i < count; i++) {
		put64(0x100000ULL * i);
		put64(0x100000);
		put32(1 + i % 2);
		put32(0);
		size += entry_size - 24;
	}
	tag_end(at);
}

static void rsdp_tag(u32 type, u32 len)
{
	u8 *p = info + size, sum;
	u32 at = tag(type), i;

	p = info + size;
	memcpy(p, "RSD PTR \0TEST  \2", 16);
	memcpy(p + 16, "\1\2\3\4", 4);
	for (sum = 0, i = 0; i < 20; i++)
		sum += p[i];
	p[8] = (u8)-sum;
	if (len >= 36) {
		memcpy(p + 20, &len, 4);
		for (sum = 0, i = 0; i < len; i++)
			sum += p[i];
		p[32] = (u8)-sum;
	}
	size += len;
	tag_end(at);
}

static enum multiboot2_error parse(u64 readable)
{
	u8 *copy = malloc(readable ? readable : 1);
	enum multiboot2_error error;

	memcpy(copy, info, readable);
	error = multiboot2_parse(&mb, copy, readable);
	free(copy);
	return error;
}

static void expect(enum multiboot2_error want)
{
	enum multiboot2_error got = parse(size);

	ck_assert_msg(got == want, "got '%s', not '%s'",
		      multiboot2_strerror(got), multiboot2_strerror(want));
}

/* As GRUB makes it: tags that are not read among those that are. */
static void make_good(void)
{
	u32 at;

	begin();
	string_tag(1, "console=com1 loglvl=all");
	string_tag(2, "GRUB 2.06-13+deb12u1");
	tag_end(tag(10));
	module_tag(0x1000000, 0x1800000, "dom0 console=hvc0");
	module_tag(0x1800000, 0x1800000, "");
	at = tag(4);
	put32(639);
	put32(129920);
	tag_end(at);
	memory_tag(24, 3);
	at = tag(8);
	put64(0xb8000);
	put32(160);
	put32(80);
	put32(25);
	put32(0x0210);
	tag_end(at);
	size -= 2;
	tag_end(at);
	rsdp_tag(14, 20);
	rsdp_tag(15, 36);
	end();
}

START_TEST(good)
{
	make_good();
	expect(MULTIBOOT2_OK);
	ck_assert_uint_eq(mb.size, size);
	ck_assert_str_eq(mb.cmdline, "console=com1 loglvl=all");
	ck_assert_str_eq(mb.loader, "GRUB 2.06-13+deb12u1");
	ck_assert_uint_eq(mb.nr_modules, 2);
	ck_assert_uint_eq(mb.module[0].start, 0x1000000);
	ck_assert_uint_eq(mb.module[0].end, 0x1800000);
	ck_assert_str_eq(mb.module[0].string, "dom0 console=hvc0");
	ck_assert_str_eq(mb.module[1].string, "");
	ck_assert_uint_eq(mb.nr_memory, 3);
	ck_assert_uint_eq(mb.memory[2].addr, 0x200000);
	ck_assert_uint_eq(mb.memory[2].size, 0x100000);
	ck_assert_uint_eq(mb.memory[1].type, MULTIBOOT2_RESERVED);
	ck_assert(mb.has_framebuffer);
	ck_assert_uint_eq(mb.framebuffer.addr, 0xb8000);
	ck_assert_uint_eq(mb.framebuffer.height, 25);
	ck_assert_uint_eq(mb.framebuffer.bpp, 16);
	ck_assert_uint_eq(mb.framebuffer.type, MULTIBOOT2_FB_TEXT);
	ck_assert_uint_eq(mb.framebuffer.red.size, 0);
	ck_assert(mb.has_rsdp_v1 && mb.has_rsdp_v2);
	ck_assert_int_eq(memcmp(mb.rsdp_v1, "RSD PTR ", 8), 0);
	ck_assert_int_eq(memcmp(mb.rsdp_v2 + 16, "\1\2\3\4", 4), 0);
}
END_TEST

/* The same bytes, cut off anywhere: by the reader, and by the structure. */
START_TEST(truncated)
{
	u32 whole, cut;

	make_good();
	whole = size;
	for (cut = 0; cut < whole; cut++)
		ck_assert_int_eq(parse(cut), MULTIBOOT2_TRUNCATED);
	for (cut = 0; cut < whole; cut++) {
		memcpy(info, &cut, 4);
		ck_assert_int_ne(parse(cut < 8 ? 8 : cut), MULTIBOOT2_OK);
	}
}
END_TEST

/* Whatever one byte becomes, nothing outside is read. */
START_TEST(any_byte)
{
	static const u8 values[] = { 0x00, 0x01, 0x08, 0x7f, 0x80, 0xff };
	enum multiboot2_error error;
	u32 i, j;
	u8 old;

	make_good();
	for (i = 0; i < size; i++) {
		old = info[i];
		for (j = 0; j < sizeof(values); j++) {
			info[i] = values[j];
			error = parse(size);
			ck_assert_str_ne(multiboot2_strerror(error),
					 "an unknown error");
		}
		info[i] = old;
	}
}
END_TEST

START_TEST(structure)
{
	u32 large = MULTIBOOT2_MAX_SIZE + 8;

	make_good();
	ck_assert_int_eq(multiboot2_parse(&mb, info + 4, size - 4),
			 MULTIBOOT2_UNALIGNED);
	memcpy(info, &large, 4);
	expect(MULTIBOOT2_TOO_LARGE);
	memcpy(info, "\10\0\0", 4);
	expect(MULTIBOOT2_TOO_SMALL);

	begin();
	string_tag(1, "1234567");
	memcpy(info, &size, 4);
	expect(MULTIBOOT2_NO_END);

	begin();
	string_tag(1, "");
	memcpy(info, &size, 4);
	expect(MULTIBOOT2_NO_END);

	begin();
	end();
	expect(MULTIBOOT2_NO_MEMORY);

	begin();
	string_tag(1, "a");
	string_tag(1, "b");
	end();
	expect(MULTIBOOT2_TWICE);
}
END_TEST

/* As GRUB describes pixels under UEFI; its colours must all be there. */
START_TEST(pixels)
{
	static const u8 colours[] = { 16, 8, 8, 7, 0, 6 };
	u32 at, bytes;

	for (bytes = 0; bytes <= sizeof(colours); bytes++) {
		begin();
		at = tag(8);
		put64(0x80000000);
		put32(5120);
		put32(1280);
		put32(800);
		put32(0x0120);
		memcpy(info + size, colours, bytes);
		size += bytes;
		tag_end(at);
		memory_tag(24, 1);
		end();
		expect(bytes < sizeof(colours) ? MULTIBOOT2_TAG_SIZE :
		       MULTIBOOT2_OK);
	}
	ck_assert_uint_eq(mb.framebuffer.type, MULTIBOOT2_FB_RGB);
	ck_assert_uint_eq(mb.framebuffer.pitch, 5120);
	ck_assert_uint_eq(mb.framebuffer.red.pos, 16);
	ck_assert_uint_eq(mb.framebuffer.red.size, 8);
	ck_assert_uint_eq(mb.framebuffer.green.size, 7);
	ck_assert_uint_eq(mb.framebuffer.blue.pos, 0);
	ck_assert_uint_eq(mb.framebuffer.blue.size, 6);
}
END_TEST

START_TEST(tag_sizes)
{
	static const u32 types[] = { 1, 2, 3, 6, 8, 14, 15 };
	u32 i, at, bytes;

	/* Too small for what the type must contain, an empty string too. */
	for (i = 0; i < 7; i++) {
		for (bytes = 0; bytes < 20; bytes += 4) {
			begin();
			at = tag(types[i]);
			memset(info + size, 0x11, bytes);
			size += bytes;
			tag_end(at);
			end();
			ck_assert_int_ne(parse(size), MULTIBOOT2_OK);
		}
	}
	begin();
	tag(99);
	end();
	expect(MULTIBOOT2_TAG_SIZE);
	make_good();
	memcpy(info + 12, "\377\377\377\377", 4);
	expect(MULTIBOOT2_TAG_BOUNDS);
}
END_TEST

START_TEST(strings)
{
	char line[MULTIBOOT2_MAX_STRING + 1];
	u32 at;

	begin();
	at = tag(1);
	memcpy(info + size, "console", 7);
	size += 7;
	tag_end(at);
	end();
	expect(MULTIBOOT2_STRING);

	memset(line, 'x', sizeof(line));
	line[MULTIBOOT2_MAX_STRING] = 0;
	begin();
	string_tag(1, line);
	end();
	expect(MULTIBOOT2_STRING_LENGTH);
	line[MULTIBOOT2_MAX_STRING - 1] = 0;
	begin();
	string_tag(1, line);
	string_tag(2, line);
	memory_tag(24, 1);
	end();
	expect(MULTIBOOT2_OK);
	ck_assert_uint_eq(strlen(mb.cmdline), MULTIBOOT2_MAX_STRING - 1);
	ck_assert_uint_eq(strlen(mb.loader), MULTIBOOT2_MAX_LOADER - 1);
}
END_TEST

START_TEST(modules)
{
	u32 i;

	begin();
	module_tag(0x2000, 0x1fff, "");
	end();
	expect(MULTIBOOT2_MODULE_RANGE);

	begin();
	module_tag(0x2000, 0x3001, "a");
	module_tag(0x3000, 0x4000, "b");
	end();
	expect(MULTIBOOT2_MODULE_OVERLAP);

	begin();
	memory_tag(24, 1);
	for (i = 0; i < MULTIBOOT2_MAX_MODULES; i++)
		module_tag(0x1000 * i, 0x1000 * (i + 1), "m");
	end();
	expect(MULTIBOOT2_OK);
	ck_assert_uint_eq(mb.nr_modules, MULTIBOOT2_MAX_MODULES);
	size -= 8;
	module_tag(0x100000, 0x100000, "m");
	end();
	expect(MULTIBOOT2_MODULE_COUNT);
}
END_TEST

START_TEST(memory_map)
{
	u64 wraps = ~0ULL - 0xfff;
	u32 at;

	begin();
	memory_tag(40, 2);
	end();
	expect(MULTIBOOT2_OK);
	ck_assert_uint_eq(mb.nr_memory, 2);
	ck_assert_uint_eq(mb.memory[1].addr, 0x100000);

	/* Entry sizes that would not advance, or read across entries. */
	begin();
	at = tag(6);
	put32(0);
	put32(0);
	tag_end(at);
	end();
	expect(MULTIBOOT2_MEMORY_ENTRY);
	info[16] = 20;
	expect(MULTIBOOT2_MEMORY_ENTRY);
	info[16] = 28;
	expect(MULTIBOOT2_MEMORY_ENTRY);

	/* Part of an entry is left over. */
	begin();
	memory_tag(24, 2);
	info[12] -= 8;
	end();
	expect(MULTIBOOT2_MEMORY_ENTRY);

	begin();
	memory_tag(24, 2);
	memcpy(info + 24, &wraps, 8);
	end();
	expect(MULTIBOOT2_MEMORY_RANGE);
	memset(info + 32, 0, 8);
	expect(MULTIBOOT2_OK);
	ck_assert_uint_eq(mb.nr_memory, 1);

	begin();
	memory_tag(24, MULTIBOOT2_MAX_MEMORY);
	end();
	expect(MULTIBOOT2_OK);
	begin();
	memory_tag(24, MULTIBOOT2_MAX_MEMORY + 1);
	end();
	expect(MULTIBOOT2_MEMORY_COUNT);
}
END_TEST

START_TEST(rsdp)
{
	begin();
	memory_tag(24, 1);
	rsdp_tag(15, 52);
	end();
	expect(MULTIBOOT2_OK);
	ck_assert(mb.has_rsdp_v2 && !mb.has_rsdp_v1);
	begin();
	rsdp_tag(14, 20);
	end();
	info[16]++;
	expect(MULTIBOOT2_RSDP);
	begin();
	rsdp_tag(14, 20);
	end();
	info[35]++;
	expect(MULTIBOOT2_RSDP);
	/* Bytes beyond the first 20 count for version 2. */
	begin();
	rsdp_tag(15, 36);
	end();
	info[16 + 24]++;
	expect(MULTIBOOT2_RSDP);
	/* A length beyond the tag. */
	begin();
	rsdp_tag(15, 36);
	end();
	info[16 + 20] = 200;
	expect(MULTIBOOT2_RSDP);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("multiboot2");
	TCase *tc = tcase_create("parse");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(tc, good);
	tcase_add_test(tc, truncated);
	tcase_add_test(tc, any_byte);
	tcase_add_test(tc, structure);
	tcase_add_test(tc, pixels);
	tcase_add_test(tc, tag_sizes);
	tcase_add_test(tc, strings);
	tcase_add_test(tc, modules);
	tcase_add_test(tc, memory_map);
	tcase_add_test(tc, rsdp);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
