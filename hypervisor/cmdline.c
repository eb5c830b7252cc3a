// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of the hypervisor's command line: see cmdline.h.
 */
#include "cmdline.h"

#ifdef RINGLET_HOST
#include <stdio.h>
#else
#include "printk.h"
#include "string.h"
#endif

#define MAX_DOM0_MEM	(1UL << 46)
#define MAX_CPUS	4096

enum option {
	OPT_CONSOLE,
	OPT_COM1,
	OPT_COM2,
	OPT_LOGLVL,
	OPT_DOM0_MEM,
	OPT_DOM0_MAX_VCPUS,
	OPT_MAXCPUS,
	OPT_NOREBOOT,
	OPT_VTLB,
	OPT_SCHED,
};

/* A word of the command line, or a part of one. */
struct text {
	const char *s;
	size_t len;
};

/* Names in arrays, not pointers: the hypervisor has no relocations. */
static const struct {
	char name[16];
	enum option option;
	bool is_switch;
} options[] = {
	{ "console",		OPT_CONSOLE,		false },
	{ "com1",		OPT_COM1,		false },
	{ "com2",		OPT_COM2,		false },
	{ "loglvl",		OPT_LOGLVL,		false },
	{ "dom0_mem",		OPT_DOM0_MEM,		false },
	{ "dom0_max_vcpus",	OPT_DOM0_MAX_VCPUS,	false },
	{ "maxcpus",		OPT_MAXCPUS,		false },
	{ "noreboot",		OPT_NOREBOOT,		true },
#ifdef CONFIG_VTLB_CHECK
	{ "vtlb",		OPT_VTLB,		false },
#endif
#ifdef CONFIG_SCHED_RANDOM
	{ "sched",		OPT_SCHED,		false },
#endif
};

struct named_value {
	char name[8];
	u32 value;
};

static const struct named_value consoles[] = {
	{ "com1",	CMDLINE_CONSOLE_COM1 },
	{ "com2",	CMDLINE_CONSOLE_COM2 },
	{ "vga",	CMDLINE_CONSOLE_VGA },
};

static const struct named_value levels[] = {
	{ "none",	CMDLINE_LOG_NONE },
	{ "error",	CMDLINE_LOG_ERROR },
	{ "warning",	CMDLINE_LOG_WARNING },
	{ "info",	CMDLINE_LOG_INFO },
	{ "debug",	CMDLINE_LOG_DEBUG },
	{ "all",	CMDLINE_LOG_DEBUG },
};

static const struct named_value truths[] = {
	{ "yes", 1 }, { "on", 1 }, { "true", 1 }, { "enable", 1 }, { "1", 1 },
	{ "no", 0 }, { "off", 0 }, { "false", 0 }, { "disable", 0 }, { "0", 0 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool equal(struct text t, const char *name)
{
	return strlen(name) == t.len && !memcmp(t.s, name, t.len);
}

static bool lookup(const struct named_value *table, size_t count,
		   struct text t, u32 *value)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (equal(t, table[i].name)) {
			*value = table[i].value;
			return true;
		}
	}
	return false;
}

/* Is 't' "<prefix>..."? Then cut the prefix off. */
static bool cut_prefix(struct text *t, const char *prefix)
{
	size_t len = strlen(prefix);

	if (t->len < len || memcmp(t->s, prefix, len))
		return false;
	t->s += len;
	t->len -= len;
	return true;
}

/* Cut 't' at the first 'separator'; 'rest' gets what is behind it. */
static bool split(struct text *t, char separator, struct text *rest)
{
	size_t i;

	for (i = 0; i < t->len; i++) {
		if (t->s[i] == separator) {
			rest->s = t->s + i + 1;
			rest->len = t->len - i - 1;
			t->len = i;
			return true;
		}
	}
	rest->s = t->s + t->len;
	rest->len = 0;
	return false;
}

/* "<word>: <why>"; a word that is too long is cut. */
static void report(struct cmdline *c, struct text word, const char *why)
{
	char copy[40];
	size_t len = word.len;

	if (c->nr_reports++ >= CMDLINE_MAX_REPORTS)
		return;
	if (len > sizeof(copy) - 1)
		len = sizeof(copy) - 1;
	memcpy(copy, word.s, len);
	copy[len] = 0;
	snprintf(c->report[c->nr_reports - 1], CMDLINE_REPORT_LEN, "%s%s: %s",
		 copy, word.len > len ? "..." : "", why);
}

/* Decimal digits, at least one, up to 'max'. Cuts them off. */
static bool number(struct text *t, u64 max, u64 *value)
{
	u64 v = 0;
	size_t n = 0;

	while (n < t->len && t->s[n] >= '0' && t->s[n] <= '9') {
		v = v * 10 + (u64)(t->s[n] - '0');
		if (v > max)
			return false;
		n++;
	}
	t->s += n;
	t->len -= n;
	*value = v;
	return n > 0;
}

/* A size with a suffix B, K, M or G; without one it is KiB, as in Xen. */
static bool size(struct text t, u64 *value)
{
	u32 shift = 10;
	u64 v;

	if (!number(&t, MAX_DOM0_MEM, &v))
		return false;
	if (t.len == 1) {
		switch (t.s[0] | 0x20) {
		case 'b':
			shift = 0;
			break;
		case 'k':
			break;
		case 'm':
			shift = 20;
			break;
		case 'g':
			shift = 30;
			break;
		default:
			return false;
		}
	} else if (t.len) {
		return false;
	}
	if (!v || v > MAX_DOM0_MEM >> shift)
		return false;
	*value = v << shift;
	return true;
}

static bool count(struct text t, u32 *value)
{
	u64 v;

	if (!number(&t, MAX_CPUS, &v) || t.len || !v)
		return false;
	*value = (u32)v;
	return true;
}

static const char *set_console(struct cmdline *c, struct text value)
{
	struct text rest;
	u32 bits = 0, bit;
	bool more;

	do {
		more = split(&value, ',', &rest);
		if (equal(value, "none")) {
			value = rest;
			continue;
		}
		if (!lookup(consoles, COUNT(consoles), value, &bit))
			return "a console is com1, com2, vga or none";
		bits |= bit;
		value = rest;
	} while (more);
	c->console = bits;
	return NULL;
}

/* "<baud>[,8n1]": other frames are not offered. */
static const char *set_baud(struct cmdline *c, struct text value, u32 port)
{
	struct text frame;
	bool more = split(&value, ',', &frame);
	u64 baud;

	if (equal(value, "auto"))
		baud = 0;
	else if (!number(&value, 115200, &baud) || value.len || !baud ||
		 115200 % baud)
		return "the baud rate is auto, 115200 or a whole fraction of that";
	if (more && !equal(frame, "8n1"))
		return "only the frame 8n1 can follow the baud rate";
	c->baud[port] = (u32)baud;
	return NULL;
}

static const char *set_dom0_mem(struct cmdline *c, struct text value)
{
	u64 bytes;
	struct text t = value;

	if (cut_prefix(&t, "min:") || cut_prefix(&t, "max:"))
		return "min: and max: are not supported, give one size";
	if (!size(value, &bytes))
		return "a size is a number with suffix K, M or G, like 1G";
	c->dom0_mem = bytes;
	return NULL;
}

static const char *set_loglvl(struct cmdline *c, struct text value)
{
	struct text guest;
	u32 level;

	if (split(&value, '/', &guest))
		return "a level for guest-triggered messages is not supported";
	if (!lookup(levels, COUNT(levels), value, &level))
		return "a level is none, error, warning, info or all";
	c->loglvl = (enum cmdline_loglvl)level;
	return NULL;
}

static const char *set_vtlb(struct cmdline *c, struct text value)
{
	if (!equal(value, "check"))
		return "vtlb can be check";
	c->vtlb_check = true;
	return NULL;
}

static const char *set_sched(struct cmdline *c, struct text value)
{
	u64 seed;

	if (!cut_prefix(&value, "random:") ||
	    !number(&value, 0xffffffff, &seed) || value.len || !seed)
		return "sched can be random:SEED, a number from 1 to 4294967295";
	c->sched_seed = (u32)seed;
	return NULL;
}

/* Returns what is wrong with the value, or NULL. */
static const char *set_option(struct cmdline *c, enum option option,
			      struct text value)
{
	switch (option) {
	case OPT_CONSOLE:
		return set_console(c, value);
	case OPT_COM1:
		return set_baud(c, value, 0);
	case OPT_COM2:
		return set_baud(c, value, 1);
	case OPT_LOGLVL:
		return set_loglvl(c, value);
	case OPT_DOM0_MEM:
		return set_dom0_mem(c, value);
	case OPT_DOM0_MAX_VCPUS:
		return count(value, &c->dom0_max_vcpus) ? NULL :
			"not a number from 1 to 4096";
	case OPT_MAXCPUS:
		return count(value, &c->maxcpus) ? NULL :
			"not a number from 1 to 4096";
	case OPT_VTLB:
		return set_vtlb(c, value);
	case OPT_SCHED:
		return set_sched(c, value);
	case OPT_NOREBOOT:
		break;
	}
	return NULL;
}

static const char *set_switch(struct cmdline *c, enum option option, bool on)
{
	if (option == OPT_NOREBOOT)
		c->noreboot = on;
	return NULL;
}

static const char *parse_switch(struct cmdline *c, enum option option,
				struct text value, bool has_value, bool negated)
{
	u32 on = 1;

	if (negated && has_value)
		return "an option with no- has no value";
	if (has_value && !lookup(truths, COUNT(truths), value, &on))
		return "this option is yes or no";
	return set_switch(c, option, on && !negated);
}

static void parse_word(struct cmdline *c, struct text word)
{
	struct text name = word, value, positive;
	const char *why = "unknown option";
	bool has_value = split(&name, '=', &value);
	bool negated;
	size_t i;

	positive = name;
	negated = cut_prefix(&positive, "no-");
	for (i = 0; i < COUNT(options); i++) {
		if (options[i].is_switch &&
		    equal(negated ? positive : name, options[i].name)) {
			why = parse_switch(c, options[i].option, value,
					   has_value, negated);
			break;
		}
		if (!options[i].is_switch && equal(name, options[i].name)) {
			why = has_value ?
				set_option(c, options[i].option, value) :
				"this option needs a value";
			break;
		}
	}
	if (why)
		report(c, word, why);
}

static bool is_blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

u32 cmdline_parse(struct cmdline *c, const char *text)
{
	struct text word;

	memset(c, 0, sizeof(*c));
	c->console = CMDLINE_CONSOLE_COM1 | CMDLINE_CONSOLE_VGA;
	c->loglvl = CMDLINE_LOG_WARNING;
	for (;;) {
		while (is_blank(*text))
			text++;
		if (!*text)
			return c->nr_reports;
		word.s = text;
		while (*text && !is_blank(*text))
			text++;
		word.len = (size_t)(text - word.s);
		parse_word(c, word);
	}
}
