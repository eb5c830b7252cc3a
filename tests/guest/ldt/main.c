// SPDX-License-Identifier: GPL-2.0-only
/*
 * ldt: local descriptor tables that a guest gives to the hypervisor.
 *
 * Descriptors are where a kernel's rights and a program's wishes meet: a call gate
 * into ring 0, a system segment, code with another DPL must not get into a table.
 * What may get in must work, in ring 3, for the vCPU that gave it and no other, and
 * a return through a selector that the CPU would refuse must become the guest's own
 * fault, since the instruction that the CPU refuses is ring 0's.
 */
#include "guest.h"

const char test_title[] = "local descriptor tables";

#define MAX		8192U
#define SEL(index)	((u32)(index) << 3 | 7)
/* Where SGDT, were it SLDT, would say: the hypervisor's copy. */
#define COPY		(RINGLET_HV_START + 0x50000)

/* Pages that ring 3 has below 4 GiB: the .user section, and data. */
#define LOW_TEXT	0xffe00000UL
#define LOW_DATA	(LOW_TEXT + PAGE_SIZE)

#define DATA		0xf3U	/* access bytes: present, DPL 3, S, accessed */
#define DATA_DOWN	0xf7U
#define DATA_READ	0xf1U
#define CODE		0xfbU
#define CODE_EXECUTE	0xf9U
#define ABSENT		0x80U	/* a bit to take away */
#define BIG		0x4U	/* flags: 32-bit; else 16-bit */
#define PAGES		0x8U

static u64 table[MAX] __page_aligned;

static u64 descriptor(u32 base, u32 limit, u32 access, u32 flags)
{
	return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 |
	       (u64)access << 40 | (u64)(limit >> 16 & 0xf) << 48 |
	       (u64)flags << 52 | (u64)(base >> 24) << 56;
}

/* A table with one descriptor. */
static void set_one(u64 desc)
{
	table[0] = desc;
	CHECK_EQ(ringlet_set_ldt(table, 1), 0);
}

/* The limit of a segment, or ~0UL if the kernel cannot see it. */
static u64 limit_of(u32 sel)
{
	u64 value;
	bool ok;

	__asm__ volatile("lsl %2, %1" : "=@ccz"(ok), "=r"(value)
			 : "r"((u64)sel));
	return ok ? value : ~0UL;
}

static bool may_be_in_table(u32 access, u32 flags)
{
	bool conforming = (access & 0x8c) == 0x8c;

	return (access & 0x70) == 0x70 && !(flags & 2) && !conforming;
}

static void test_refused(void)
{
	u32 access, flags;

	CHECK_EQ(ringlet_set_ldt(table, MAX + 1), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_ldt((void *)RINGLET_HV_START, 1),
		 -RINGLET_EFAULT);
	for (access = 0; access < 256; access++)
		for (flags = 0; flags < 16; flags++) {
			s64 rc, want = may_be_in_table(access, flags) ?
					       0 : -RINGLET_EINVAL;

			table[0] = 0;
			table[1] = descriptor(0, 0xffff, access, flags);
			rc = ringlet_set_ldt(table, 2);
			if (rc != want)
				failure("set_ldt with access %#x, flags %#x gave %ld",
					access, flags, rc);
		}
	/* A refused table is none, not the last. */
	set_one(descriptor(0, 0x1234, DATA, BIG));
	CHECK_EQ(limit_of(SEL(0)), 0x1234);
	table[0] = descriptor(0, 0xffff, 0xec, 0);	/* a call gate */
	CHECK_EQ(ringlet_set_ldt(table, 1), -RINGLET_EINVAL);
	CHECK_EQ(limit_of(SEL(0)), ~0UL);
	table[0] = 0;
}

/* All of it is there, is a copy, and ends where it should. */
static void test_size(void)
{
	u32 i;

	for (i = 0; i < MAX; i++)
		table[i] = descriptor(0, i, DATA & ~1U, BIG);
	CHECK_EQ(ringlet_set_ldt(table, MAX), 0);
	table[5] = descriptor(0, 0x5555, DATA, BIG);
	for (i = 0; i < MAX; i++)
		if (limit_of(SEL(i)) != i)
			failure("limit of descriptor %u is %#lx", i,
				limit_of(SEL(i)));
	CHECK(!try_write(COPY, 0));
	CHECK_EQ(ringlet_set_ldt(table, 513), 0);
	CHECK_EQ(limit_of(SEL(512)), 512);
	CHECK_EQ(limit_of(SEL(513)), ~0UL);
	CHECK_EQ(ringlet_set_ldt(NULL, 0), 0);
	CHECK_EQ(limit_of(SEL(0)), ~0UL);
}

USER_CODE(user_fs, "mov %edi, %fs; mov %fs:8, %eax; ud2");
USER_CODE(user_gs, "mov %gs:8, %eax; mov %gs, %ecx; ud2");
USER_CODE(user_lar, "lar %edi, %eax; ud2");
USER_CODE(user_code32, ".code32; mov $0x12345678, %eax; ud2; .code64");
USER_CODE(user_ud, "ud2");

static void low_pages(void)
{
	((u64 *)guest.root)[0] |= PTE_U;
	*pte_of(guest.root, LOW_TEXT, 3) |= PTE_U;
	*pte_of(guest.root, LOW_TEXT, 2) = 0;
	map_page(guest.root, LOW_TEXT, (u64)user_start, PTE_P | PTE_U);
	map_page(guest.root, LOW_DATA, (u64)user_data,
		 PTE_P | PTE_U | PTE_W | PTE_NX);
	flush(guest.root, LOW_TEXT & ~0x3fffffffUL, 0x40000000, 0);
}

/* Segments with a base, in FS of ring 3 and, by hypercall, in GS. */
static void test_data(void)
{
	const struct regs *r;
	u32 value = 0x600df00d;

	memcpy(user_data + 0x108, &value, 4);
	set_one(descriptor(LOW_DATA + 0x100, 0xfff, DATA, BIG));
	r = run_user(user_fs, SEL(0));
	CHECK_EQ(r->vector, TRAP_UD);
	CHECK_EQ(r->rax, value);
	CHECK_EQ(ringlet_load_gs(SEL(0)), 0);
	CHECK_EQ(vcpu_page()->user_gs_base, LOW_DATA + 0x100);
	r = run_user(user_gs, 0);
	CHECK_EQ(r->vector, TRAP_UD);
	CHECK_EQ(r->rax, value);
	CHECK_EQ(r->rcx, SEL(0));
	r = run_user(user_lar, SEL(0));
	CHECK_EQ(r->rax, (u64)BIG << 20 | DATA << 8);

	/* What is not there is a null selector to load_gs. */
	set_one(descriptor(LOW_DATA, 0xfff, DATA & ~ABSENT, BIG));
	CHECK_EQ(ringlet_load_gs(SEL(0)), 0);
	CHECK_EQ(vcpu_page()->user_gs_base, 0);
	CHECK_EQ(ringlet_load_gs(SEL(1)), 0);
	CHECK_EQ(ringlet_load_gs(SEL(0) - 1), -RINGLET_EINVAL);
	CHECK_EQ(run_user(user_fs, SEL(0))->vector, TRAP_NP);
	CHECK_EQ(run_user(user_fs, SEL(1))->vector, TRAP_GP);
	set_one(descriptor(LOW_DATA, 0xfff, CODE_EXECUTE, BIG));
	CHECK_EQ(ringlet_load_gs(SEL(0)), 0);
	CHECK_EQ(vcpu_page()->user_gs_base, 0);
}

static void code_regs(struct regs *in, const u8 *code)
{
	user_regs(in, code);
	in->cs = SEL(0);
	in->rip = (u64)(code - user_start);
	in->rsp = LOW_DATA + PAGE_SIZE;
}

static void test_code(void)
{
	const struct regs *r;
	struct regs in;

	set_one(descriptor(LOW_TEXT, 0xfff, CODE, BIG));
	code_regs(&in, user_code32);
	r = run_regs(&in);
	CHECK_EQ(r->vector, TRAP_UD);
	CHECK_EQ(r->cs, SEL(0));
	CHECK_EQ(r->rip, in.rip + 5);
	CHECK_EQ(r->rax, 0x12345678);
	CHECK_EQ(r->ss, RINGLET_USER_DS);
	CHECK_EQ(r->rsp, in.rsp);
}

/* A frame that must be refused, with this in the table's first place. */
static void refuse(const char *what, u64 desc, u64 cs, u64 ss, u64 rip)
{
	const struct regs *r;
	struct regs in;

	set_one(desc);
	user_regs(&in, user_ud);
	in.cs = cs;
	in.ss = ss;
	in.rip = rip;
	r = run_regs(&in);
	if (r->vector != TRAP_GP || r->error)
		failure("%s: vector %lu, error %#lx", what, r->vector,
			r->error);
	if (r->rip != rip || r->cs != cs || r->ss != ss)
		failure("%s: shows %#lx:%#lx %#lx", what, r->cs, r->rip, r->ss);
}

static void test_frames(void)
{
	const u64 ds = RINGLET_USER_DS, cs = RINGLET_USER_CS;
	const u64 ok = user_address(user_ud);
	const u64 code = descriptor(LOW_TEXT, 0xff, CODE, BIG);
	const u64 data = descriptor(0, 0xfffff, DATA, BIG | PAGES);

	refuse("no code", 0, SEL(0), ds, 0);
	refuse("behind the end", code, SEL(1), ds, 0);
	refuse("high bits in cs", code, SEL(0) | 1UL << 16, ds, 0);
	refuse("cs is data", data, SEL(0), ds, 0);
	refuse("absent code", descriptor(0, 0xff, CODE & ~ABSENT, BIG), SEL(0),
	       ds, 0);
	refuse("rip over the limit", code, SEL(0), ds, 0x100);
	refuse("rip over the limit in pages",
	       descriptor(0, 1, CODE, BIG | PAGES), SEL(0), ds, 0x2000);
	refuse("rip over 4 GiB", descriptor(0, 0xfffff, CODE, BIG | PAGES),
	       SEL(0), ds, 1UL << 32);
	refuse("ss is code", code, cs, SEL(0), ok);
	refuse("ss behind the end", data, cs, SEL(1), ok);
	refuse("ss with RPL 0", data, cs, SEL(0) - 3, ok);
	refuse("ss with high bits", data, cs, SEL(0) | 1UL << 16, ok);
	refuse("ss read only", descriptor(0, 0xfffff, DATA_READ, BIG | PAGES),
	       cs, SEL(0), ok);
	refuse("ss absent", descriptor(0, 0xff, DATA & ~ABSENT, BIG), cs, SEL(0),
	       ok);
}

/* A stack in the table: 32-bit, growing down, 16-bit with all of ESP kept. */
static void test_stack(void)
{
	static const struct {
		u32 access, flags;
	} kinds[] = {
		{ DATA, BIG | PAGES }, { DATA_DOWN, BIG | PAGES }, { DATA, 0 },
	};
	static const u32 esps[] = { 0x12345678, 0xffff0000, 0x0000ffff };
	const struct regs *r;
	struct regs in;
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		for (n = 0; n < ARRAY_SIZE(esps); n++) {
			set_one(descriptor(0, 0xffff, kinds[i].access,
					   kinds[i].flags));
			user_regs(&in, user_ud);
			in.cs = RINGLET_USER32_CS;
			in.rip = LOW_TEXT + (u64)(user_ud - user_start);
			in.ss = SEL(0);
			in.rsp = esps[n];
			r = run_regs(&in);
			CHECK_EQ(r->vector, TRAP_UD);
			CHECK_EQ(r->rip, in.rip);
			CHECK_EQ(r->ss, in.ss);
			CHECK_EQ((u32)r->rsp, esps[n]);
		}
	CHECK_EQ(ringlet_set_ldt(NULL, 0), 0);
}

/* Two vCPUs on one pCPU: each sees its own table, also in a loaded segment. */
static volatile u32 rounds[2];

static void see_own(u32 own)
{
	const u32 want = 0x100 + own;
	u16 ds;

	__asm__ volatile("mov %0, %%ds" : : "r"(SEL(own)));
	while (rounds[own] < 200) {
		if (limit_of(SEL(own)) != want || limit_of(SEL(!own)) != ~0UL)
			failure("vCPU %u sees the limits %#lx and %#lx", own,
				limit_of(SEL(0)), limit_of(SEL(1)));
		__asm__ volatile("mov %%ds, %0" : "=r"(ds));
		CHECK_EQ(ds, SEL(own));
		rounds[own]++;
		ringlet_yield();
	}
	__asm__ volatile("mov %0, %%ds" : : "r"(0));
}

static void second(void *arg)
{
	static u64 own[2];

	(void)arg;
	own[1] = descriptor(0, 0x101, DATA, BIG);
	CHECK_EQ(ringlet_set_ldt(own, 2), 0);
	see_own(1);
}

static void test_vcpus(void)
{
	if (guest.vcpus < 2)
		return;
	set_one(descriptor(0, 0x100, DATA, BIG));
	CHECK_EQ(cpu_start(1, second, NULL), 0);
	see_own(0);
	while (rounds[1] < 200)
		ringlet_yield();
	CHECK_EQ(ringlet_set_ldt(NULL, 0), 0);
}

void test_main(void)
{
	low_pages();
	test_refused();
	test_size();
	test_data();
	test_code();
	test_frames();
	test_stack();
	test_vcpus();
}
