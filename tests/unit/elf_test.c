// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of guest images: what a good image gives, and that each way to spoil
 * one is refused with its own sentence. Images are parsed from a heap block of
 * their exact size, so that AddressSanitizer sees a read beyond the end.
 */
#include <check.h>
#include <stdlib.h>
#include "elf.h"
#include "image.h"

static struct image im;
static struct elf_image elf;

static int parse_size(u64 size)
{
	u8 *copy = malloc(size ? size : 1);
	int rc;

	memcpy(copy, im.bytes, size);
	rc = elf_parse(&elf, copy, size);
	free(copy);
	return rc;
}

static void expect_refused(const char *part)
{
	ck_assert_int_eq(parse_size(IMAGE_SIZE), -EINVAL);
	ck_assert_msg(strstr(elf.error, part), "'%s' is not in '%s'", part,
		      elf.error);
	ck_assert_msg(!strncmp(elf.error, "kernel", 6), "%s", elf.error);
}

static void setup(void)
{
	image_make(&im);
}

START_TEST(good)
{
	ck_assert_msg(!parse_size(IMAGE_SIZE), "%s", elf.error);
	ck_assert_uint_eq(elf.nr_segments, 2);
	ck_assert_uint_eq(elf.start, IMAGE_BASE);
	ck_assert_uint_eq(elf.end, IMAGE_BASE + 0x3000 + IMAGE_BSS);
	ck_assert_uint_eq(elf.segment[1].offset, IMAGE_DATA);
	ck_assert_uint_eq(elf.segment[1].filesz, 0x1000);
	ck_assert_uint_eq(elf.segment[1].memsz, 0x1000 + IMAGE_BSS);
	ck_assert_uint_eq(elf.note.entry, IMAGE_BASE + 0x100);
	ck_assert_uint_eq(elf.note.align, 0x200000);
}
END_TEST

/* Every byte of the image is needed: the last segment ends with it. */
START_TEST(truncated)
{
	u64 size;

	for (size = 0; size < IMAGE_SIZE; size++) {
		ck_assert_int_eq(parse_size(size), -EINVAL);
		ck_assert(elf.error[0]);
	}
	ck_assert_msg(strstr(elf.error, "truncated"), "%s", elf.error);
}
END_TEST

/* Whatever a header byte becomes, the parser stays in bounds. */
START_TEST(any_header_byte)
{
	static const u8 values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	u64 i, j;
	u8 old;

	for (i = 0; i < IMAGE_NOTE + 64; i++) {
		old = im.bytes[i];
		for (j = 0; j < sizeof(values); j++) {
			im.bytes[i] = values[j];
			if (parse_size(IMAGE_SIZE))
				ck_assert(elf.error[0]);
			else
				ck_assert_uint_le(elf.start, elf.end);
		}
		im.bytes[i] = old;
	}
}
END_TEST

START_TEST(header)
{
	image_ehdr(&im)->e_ident[0] = 0;
	expect_refused("not an ELF file");
	image_make(&im);
	image_ehdr(&im)->e_ident[EI_CLASS] = ELFCLASS32;
	expect_refused("64-bit");
	image_make(&im);
	image_ehdr(&im)->e_ident[EI_DATA] = ELFDATA2MSB;
	expect_refused("little-endian");
	image_make(&im);
	image_ehdr(&im)->e_machine = EM_AARCH64;
	expect_refused("machine 183");
	image_make(&im);
	image_ehdr(&im)->e_type = ET_REL;
	expect_refused("type 1");
	image_make(&im);
	image_ehdr(&im)->e_phentsize = 32;
	expect_refused("headers of 32 bytes");
	image_make(&im);
	image_ehdr(&im)->e_phnum = 0;
	expect_refused("0 program headers");
	image_make(&im);
	image_ehdr(&im)->e_phnum = ELF_MAX_PHDRS + 1;
	expect_refused("129 program headers");
	image_make(&im);
	image_ehdr(&im)->e_phoff = ~0UL - 8;
	expect_refused("truncated");
}
END_TEST

START_TEST(bzimage)
{
	memcpy(im.bytes + 0x202, "HdrS", 4);
	expect_refused("bzImage");
}
END_TEST

START_TEST(segment_overflow)
{
	image_phdr(&im, 0)->p_offset = ~0UL - 0x10;
	expect_refused("truncated");
	image_make(&im);
	image_phdr(&im, 0)->p_filesz = ~0UL;
	image_phdr(&im, 0)->p_memsz = ~0UL;
	expect_refused("truncated");
	image_make(&im);
	image_phdr(&im, 0)->p_paddr = ~0UL - 0x800;
	expect_refused("end of the address space");
	image_make(&im);
	image_phdr(&im, 1)->p_memsz = ~0UL;
	expect_refused("end of the address space");
	image_make(&im);
	image_phdr(&im, 1)->p_memsz = 0xfff;
	expect_refused("more bytes in the file than in memory");
}
END_TEST

START_TEST(segment_overlap)
{
	/* The data's first byte is the text's last one. */
	image_phdr(&im, 1)->p_paddr = IMAGE_BASE + 0xfff;
	expect_refused("overlaps");
	/* Adjacent is allowed. */
	image_phdr(&im, 1)->p_paddr = IMAGE_BASE + 0x1000;
	ck_assert_int_eq(parse_size(IMAGE_SIZE), 0);
	/* The text's bss reaches the data. */
	image_make(&im);
	image_phdr(&im, 0)->p_memsz = 0x2001;
	expect_refused("overlaps");
	/* One contains the other. */
	image_make(&im);
	image_phdr(&im, 1)->p_paddr = IMAGE_BASE - 0x1000;
	expect_refused("overlaps");
}
END_TEST

START_TEST(segment_count)
{
	struct { Elf64_Ehdr h; Elf64_Phdr p[ELF_MAX_SEGMENTS + 2]; } big;
	u32 i;

	memset(&big, 0, sizeof(big));
	big.h = *image_ehdr(&im);
	big.h.e_phnum = ELF_MAX_SEGMENTS + 1;
	for (i = 0; i < ELF_MAX_SEGMENTS + 1; i++) {
		big.p[i].p_type = PT_LOAD;
		big.p[i].p_memsz = 0x1000;
		big.p[i].p_paddr = 0x1000 * i;
	}
	ck_assert_int_eq(elf_parse(&elf, &big, sizeof(big)), -EINVAL);
	ck_assert_msg(strstr(elf.error, "more than 32 segments"), "%s",
		      elf.error);
	big.h.e_phnum = ELF_MAX_SEGMENTS;
	ck_assert_int_eq(elf_parse(&elf, &big, sizeof(big)), -EINVAL);
	ck_assert_msg(strstr(elf.error, "no Ringlet note"), "%s", elf.error);
}
END_TEST

START_TEST(note_missing)
{
	image_phdr(&im, 2)->p_type = PT_NULL;
	expect_refused("no Ringlet note: rebuild it with CONFIG_RINGLET");
	image_make(&im);
	memcpy(image_nhdr(&im) + 1, "Ringleu", 8);
	expect_refused("no Ringlet note");
	image_make(&im);
	image_nhdr(&im)->n_type = 2;
	expect_refused("no Ringlet note");
	image_make(&im);
	image_nhdr(&im)->n_namesz = 7;
	expect_refused("no Ringlet note");
}
END_TEST

START_TEST(note_content)
{
	image_note(&im)->abi_version = 7;
	expect_refused("version 7 of the Ringlet ABI, this Ringlet has version 1");
	image_make(&im);
	image_note(&im)->flags = 0x6;
	expect_refused("unknown flags 0x6");
	image_make(&im);
	image_note(&im)->features = 1ULL << 63;
	expect_refused("features 0x8000000000000000");
	image_make(&im);
	image_note(&im)->align = 0x800;
	expect_refused("alignment 0x800");
	image_make(&im);
	image_note(&im)->align = 0x3000;
	expect_refused("alignment 0x3000");
	image_make(&im);
	image_nhdr(&im)->n_descsz = 24;
	expect_refused("note of 24 bytes");
	image_make(&im);
	image_note(&im)->entry = IMAGE_BASE + 0x1000;
	expect_refused("entry point 0x1001000 outside");
}
END_TEST

START_TEST(note_bounds)
{
	image_nhdr(&im)->n_descsz = 33;
	expect_refused("damaged note at offset 0x204");
	image_make(&im);
	image_nhdr(&im)->n_namesz = 0xfffffff0;
	expect_refused("damaged note");
	image_make(&im);
	image_phdr(&im, 2)->p_offset = IMAGE_SIZE - 10;
	expect_refused("notes in segment 2");
}
END_TEST

/* Another note first, in a segment with the padding of each kind. */
START_TEST(note_behind_another)
{
	u8 saved[64];
	u64 pads[] = { 4, 8 }, size, i;
	Elf64_Nhdr *h;

	memcpy(saved, im.bytes + IMAGE_NOTE, sizeof(saved));
	for (i = 0; i < 2; i++) {
		image_make(&im);
		h = image_nhdr(&im);
		h->n_namesz = 4;
		h->n_descsz = 5;
		h->n_type = 1;
		memcpy(h + 1, "GNU", 4);
		size = (16 + 5 + pads[i] - 1) / pads[i] * pads[i];
		memcpy(im.bytes + IMAGE_NOTE + size, saved, 52);
		if (pads[i] == 8) {
			/* name 12 + 8, then the descriptor at 24 */
			memmove(im.bytes + IMAGE_NOTE + size + 24,
				saved + 20, 32);
		}
		image_phdr(&im, 2)->p_align = pads[i];
		image_phdr(&im, 2)->p_filesz = size + 56;
		ck_assert_msg(!parse_size(IMAGE_SIZE), "%s", elf.error);
		ck_assert_uint_eq(elf.note.entry, IMAGE_BASE + 0x100);
	}
}
END_TEST

START_TEST(note_twice)
{
	memcpy(im.bytes + IMAGE_NOTE + 52, im.bytes + IMAGE_NOTE, 52);
	image_phdr(&im, 2)->p_filesz = 104;
	expect_refused("two Ringlet notes");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("elf");
	TCase *tc = tcase_create("parse");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, good);
	tcase_add_test(tc, truncated);
	tcase_add_test(tc, any_header_byte);
	tcase_add_test(tc, header);
	tcase_add_test(tc, bzimage);
	tcase_add_test(tc, segment_overflow);
	tcase_add_test(tc, segment_overlap);
	tcase_add_test(tc, segment_count);
	tcase_add_test(tc, note_missing);
	tcase_add_test(tc, note_content);
	tcase_add_test(tc, note_bounds);
	tcase_add_test(tc, note_behind_another);
	tcase_add_test(tc, note_twice);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
