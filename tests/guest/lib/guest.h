/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Library of the test guests. A test is a title and test_main(); the verdict is
 * the worst thing that was reported (XTF's vocabulary):
 *
 *  success   nothing was reported
 *  skip      the test could not be made here
 *  error     the test itself went wrong
 *  failure   Ringlet did what it must not
 *
 * A guest runs in an identity map: the address of a variable is its guest-
 * physical address. Only pv-abi/ is used.
 */
#ifndef GUEST_H
#define GUEST_H

#include <ringlet/hypercall.h>
#include "vectors.h"

typedef ringlet_u8 u8;
typedef ringlet_u16 u16;
typedef ringlet_u32 u32;
typedef ringlet_u64 u64;
typedef ringlet_s32 s32;
typedef ringlet_s64 s64;
typedef __SIZE_TYPE__ size_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

#define PAGE_SIZE 4096UL
#define LARGE_SIZE 0x200000UL
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define __page_aligned __attribute__((aligned(4096)))

/* --- What a test provides --- */

extern const char test_title[];
void test_main(void);

/* --- Reports (report.c) --- */

void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void failure(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print the verdict and end the domain. */
void finish(void) __attribute__((noreturn));

/* A failure with the condition's text and place, unless it holds. */
#define CHECK(cond) do {						\
	if (!(cond))							\
		failure("%s:%d: not true: %s", __FILE__, __LINE__, #cond); \
} while (0)

/* The same for two numbers, which are shown. */
#define CHECK_EQ(got, want) do {					\
	u64 got_ = (u64)(got), want_ = (u64)(want);			\
	if (got_ != want_)						\
		failure("%s:%d: %s is %#lx, not %#lx", __FILE__,	\
			__LINE__, #got, got_, want_);			\
} while (0)

/* --- Machine (main.c) --- */

struct guest {
	const void *fdt;
	u64 boot_root;			/* of the builder */
	u64 root;			/* the kernel root, made by main.c */
	u32 domid;
	bool control;
	u32 vcpus;
	u64 memory_start, memory_end;	/* of the region we lie in */
	struct ringlet_shared *shared;
	struct ringlet_time_page *time;
	const char *arguments;		/* command line */
};
extern struct guest guest;

/* --- Traps (traps.c) --- */

struct regs {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector;
	u64 error;
	u64 rip, cs, rflags, rsp, ss;
};

#define MAX_CPUS 4

struct cpu {
	u64 recover_sp;			/* not 0: an exception may come */
	struct regs trap;		/* the last exception that came */
	u64 trap_cr2, trap_dr6;
	u64 trap_frame;			/* address of its struct regs */
	u8 iret_stack[8192] __attribute__((aligned(16)));
	u8 kernel_stack[8192] __attribute__((aligned(16)));
	u8 df_stack[8192] __attribute__((aligned(16)));
	u8 boot_stack[8192] __attribute__((aligned(16)));
};
extern struct cpu cpus[MAX_CPUS];

static inline struct ringlet_vcpu_page *vcpu_page(void)
{
	return (struct ringlet_vcpu_page *)RINGLET_VCPU_PAGE;
}

static inline struct cpu *this_cpu(void)
{
	return &cpus[READ_ONCE(vcpu_page()->vcpu_id) % MAX_CPUS];
}

/*
 * A test may look at exceptions, events and system calls first: true = dealt
 * with, go on as *regs says now. Set to NULL when done.
 */
extern bool (*trap_hook)(struct regs *regs);

/* Register all handlers; to be called by each vCPU. */
void traps_init(void);

/* Call fn(arg). True: an exception ended it, this_cpu()->trap has it. */
bool probe(void (*fn)(void *arg), void *arg);

/*
 * Go where *regs says, through RINGLET_IRET, until an exception or a system
 * call comes back. Returns what came: this_cpu()->trap.
 */
const struct regs *run_regs(const struct regs *regs);

/* Start code of the .user section in ring 3 (see USER_CODE). */
void user_regs(struct regs *regs, const void *code);
const struct regs *run_user(const void *code, u64 rdi);

/* Addresses of ring 3: the .user section, and four pages of stack and data. */
#define USER_TEXT	0x0000008000000000UL
#define USER_DATA	0x0000008010000000UL
#define USER_DATA_SIZE	(4 * PAGE_SIZE)
#define USER_STACK_TOP	(USER_DATA + USER_DATA_SIZE)

extern const u8 user_start[], user_end[];

/* Position-independent code for ring 3, as a symbol of type u8[]. */
#define USER_CODE(name, text)						\
	extern const u8 name[];						\
	__asm__(".pushsection .user, \"ax\"\n\t.balign 16\n"		\
		#name ":\n\t" text "\n\t.popsection")

/* Address in ring 3 of something in the .user section. */
u64 user_address(const void *code);

/* The user data as this kernel sees it. */
extern u8 user_data[USER_DATA_SIZE];

/* --- Page tables (paging.c) --- */

#define PTE_P	0x001UL
#define PTE_W	0x002UL
#define PTE_U	0x004UL
#define PTE_A	0x020UL
#define PTE_D	0x040UL
#define PTE_PS	0x080UL
#define PTE_NX	(1UL << 63)
#define PTE_ADDR 0x000ffffffffff000UL

#define PF_P	0x1
#define PF_W	0x2
#define PF_U	0x4
#define PF_RSVD	0x8
#define PF_I	0x10

/* Where the image lies. */
extern const u8 guest_start[], guest_end[];

/* A zeroed page that is never given back; ends the test when there is none. */
void *page_alloc(void);

/* 2 MiB of aligned memory outside the image, not zeroed; or 0. */
u64 large_page_alloc(void);

/* A new root with the identity map and the user mappings. */
u64 root_new(void);

/* Map one page: tables are made with P W U. No flush. Returns its entry. */
u64 *map_page(u64 root, u64 va, u64 gpa, u64 flags);
u64 *map_large(u64 root, u64 va, u64 gpa, u64 flags);

/* The entry of a page in the table of 'level' (1: 4 KiB, 2: 2 MiB), or NULL. */
u64 *pte_of(u64 root, u64 va, int level);

/* Is there a page at va, of whatever size and permissions? */
bool page_present(u64 root, u64 va);

/* Forget [va, va + len) of a root; a failure is reported. */
void flush(u64 root, u64 va, u64 len, u32 flags);

/* Read or write 8 bytes; false: it faulted, this_cpu()->trap has it. */
bool try_read(u64 va, u64 *value);
bool try_write(u64 va, u64 value);

/* --- Events and time (event.c) --- */

extern volatile u32 event_count[RINGLET_EVTCHN_PORTS];
extern volatile u32 upcalls;		/* all vCPUs */

void event_upcall(void);

/* Set vif and take what is pending; clear it and say what it was. */
void events_on(void);
bool events_off(void);

/* Clear the mask bit of a port, and what follows from that. */
void port_unmask(u32 port);

/* Nanoseconds since the hypervisor started. */
u64 now(void);

/* Wait until *count is at least 'want', or for ns. Needs vif = 1. */
bool wait_count(const volatile u32 *count, u32 want, u64 ns);

/* Sleep until *count, which an upcall raises, is at least 'want'. vif = 0 then. */
void block_until(const volatile u32 *count, u32 want);

/* --- vCPUs (cpu.c) --- */

/* Start vCPU n in fn(arg); it ends when fn returns. Result: vcpu_boot's. */
s64 cpu_start(u32 n, void (*fn)(void *arg), void *arg);

/* --- Another domain (other.c): only where guest.control --- */

#define OTHER_FRAMES 7

struct other {
	u32 domid;
	u64 frames[OTHER_FRAMES];	/* mapped here, at frame * 4096 */
	volatile u64 *data;		/* a page that both see */
};

/*
 * Make a domain and let it run: position-independent code, at most a page, in its
 * ring 1, with RDI = its data page and a stack. False: a failure was reported.
 */
bool other_start(struct other *o, const void *code, size_t len);

/* Give a domain memory from guest frame 0 on. 0, or domctl_populate's error. */
s64 populate(u32 domid, u64 pages);

/* Has it not ended? */
bool other_alive(const struct other *o);

/* Unmap its pages and destroy it. */
void other_end(struct other *o);

/* Code for it, as a symbol of type u8[], and where it ends. */
#define OTHER_CODE(name, text)						\
	extern const u8 name[], name##_end[];				\
	__asm__(".pushsection .rodata, \"a\"\n\t.balign 16\n"		\
		#name ":\n\t" text "\n" #name "_end:\n\t.popsection")

/* --- Device tree (fdt.c) --- */

/* A property of a node, by path; a unit address may be left out. */
const void *fdt_property(const void *fdt, const char *path, const char *name,
			 u32 *len);
u64 fdt_number(const void *p, u32 cells);

/* Number of children of a node whose names begin with 'prefix'. */
u32 fdt_children(const void *fdt, const char *path, const char *prefix);

/* --- string.c --- */

void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);
int vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap);

#endif /* GUEST_H */
