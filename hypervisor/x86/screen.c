// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text on the screen. What is shown is kept in an array of characters: to scroll,
 * only those that change are drawn, and video memory is never read.
 */
#include "x86/screen.h"

#include "font.h"
#include "layout.h"
#include "x86/platform.h"

#define VGA_TEXT	0xb8000
#define VGA_COLUMNS	80
#define VGA_ROWS	25
#define VGA_GREY	0x0700	/* on black */

#define GLYPH_WIDTH	8
#define GLYPH_HEIGHT	16
#define MAX_COLUMNS	240
#define MAX_ROWS	135
#define MAX_PIXEL	4	/* bytes */

static struct screen {
	bool used;
	bool text;		/* VGA text, else pixels */
	u8 *memory;
	u32 pitch;		/* bytes from a line to the next */
	u32 pixel;		/* bytes */
	u32 columns, rows;
	u32 column, row;	/* where the next character goes */
	char shown[MAX_ROWS][MAX_COLUMNS];
} screen;

/* White is all ones and black all zeros in each format with one field a colour. */
static void draw_glyph(struct screen *s, u32 row, u32 column, char c)
{
	const u8 *glyph = font[c - ' '];
	u8 line[GLYPH_WIDTH * MAX_PIXEL];
	u32 x, y;

	for (y = 0; y < GLYPH_HEIGHT; y++) {
		for (x = 0; x < GLYPH_WIDTH; x++)
			memset(line + x * s->pixel,
			       glyph[y] & 0x80 >> x ? 0xff : 0, s->pixel);
		memcpy(s->memory + (u64)(row * GLYPH_HEIGHT + y) * s->pitch +
		       column * GLYPH_WIDTH * s->pixel, line,
		       GLYPH_WIDTH * s->pixel);
	}
}

static void show(struct screen *s, u32 row, u32 column, char c)
{
	if (s->shown[row][column] == c)
		return;
	s->shown[row][column] = c;
	if (s->text)
		*(volatile u16 *)(s->memory + row * s->pitch + column * 2) =
			(u16)(VGA_GREY | c);
	else
		draw_glyph(s, row, column, c);
}

static void new_line(struct screen *s)
{
	u32 row, column;

	s->column = 0;
	if (++s->row < s->rows)
		return;
	s->row--;
	for (row = 0; row < s->rows; row++)
		for (column = 0; column < s->columns; column++)
			show(s, row, column, row + 1 < s->rows ?
			     s->shown[row + 1][column] : ' ');
}

void screen_write(const char *text, size_t len)
{
	struct screen *s = &screen;
	size_t i;

	for (i = 0; s->used && i < len; i++) {
		if (text[i] == '\n') {
			new_line(s);
		} else if (text[i] >= ' ' && text[i] <= '~') {
			if (s->column == s->columns)
				new_line(s);
			show(s, s->row, s->column++, text[i]);
		}
	}
}

/* Pixels of 16, 24 or 32 bits in mapped memory; columns and rows that fit. */
static bool set_pixels(struct screen *s, const struct multiboot2_framebuffer *fb)
{
	s->pixel = (fb->bpp + 7U) / 8;
	s->pitch = fb->pitch;
	s->columns = MIN(fb->width / GLYPH_WIDTH, (u32)MAX_COLUMNS);
	s->rows = MIN(fb->height / GLYPH_HEIGHT, (u32)MAX_ROWS);
	s->memory = phys_to_virt(fb->addr);
	return fb->type == MULTIBOOT2_FB_RGB && s->pixel >= 2 &&
	       s->pixel <= MAX_PIXEL && s->columns && s->rows &&
	       fb->pitch / s->pixel >= fb->width &&
	       platform_is_mapped(fb->addr, (u64)fb->pitch * fb->height);
}

bool screen_init(const struct multiboot2 *boot)
{
	struct screen *s = &screen;
	u32 row, column;

	s->text = !boot->has_framebuffer ||
		  boot->framebuffer.type == MULTIBOOT2_FB_TEXT;
	if (s->text) {
		s->memory = phys_to_virt(VGA_TEXT);
		s->pitch = VGA_COLUMNS * 2;
		s->columns = VGA_COLUMNS;
		s->rows = VGA_ROWS;
	} else if (!set_pixels(s, &boot->framebuffer)) {
		return false;
	}
	for (row = 0; row < s->rows; row++)
		for (column = 0; column < s->columns; column++)
			show(s, row, column, ' ');
	s->used = true;
	return true;
}

/* Pixels as boot loaders set them up: where each colour is. */
static const struct {
	const char *name;
	u8 bpp;
	struct multiboot2_colour red, green, blue;
} formats[] = {
	{ "x8r8g8b8", 32, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ "x8b8g8r8", 32, { 0, 8 }, { 8, 8 }, { 16, 8 } },
	{ "r8g8b8", 24, { 16, 8 }, { 8, 8 }, { 0, 8 } },
	{ "r5g6b5", 16, { 11, 5 }, { 5, 6 }, { 0, 5 } },
};

static bool same(struct multiboot2_colour a, struct multiboot2_colour b)
{
	return a.pos == b.pos && a.size == b.size;
}

static const char *format_of(const struct multiboot2_framebuffer *fb)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (fb->bpp == formats[i].bpp &&
		    same(fb->red, formats[i].red) &&
		    same(fb->green, formats[i].green) &&
		    same(fb->blue, formats[i].blue))
			return formats[i].name;
	return NULL;
}

bool screen_describe(const struct multiboot2 *boot, struct builder_screen *out)
{
	const struct multiboot2_framebuffer *fb = &boot->framebuffer;

	if (!boot->has_framebuffer)
		return false;
	*out = (struct builder_screen){
		.addr = fb->addr,
		.pitch = fb->pitch,
		.width = fb->width,
		.height = fb->height,
		.format = fb->type == MULTIBOOT2_FB_RGB ? format_of(fb) : NULL,
	};
	return out->format || fb->type == MULTIBOOT2_FB_TEXT;
}

void screen_release(void)
{
	screen.used = false;
}
