// SPDX-License-Identifier: GPL-2.0-only
/*
 * direct: page faults of ring 3 that the gate delivers by itself.
 *
 * Where the hypervisor saw that faults on pages that are not present are the
 * guest's own, the gate pushes their frames, without entering the hypervisor
 * (docs/gate.md). The guest must not be able to tell, a fault that it knows
 * nothing of must not come for ever, and the push, which is ring 0 writing to an
 * address that the guest chose, must reach nothing that ring 1 does not reach.
 *
 * Which way a fault went shows in the hypervisor's counters.
 */
#include "guest.h"

const char test_title[] = "page faults through the gate alone";

#define AREA		0x0000010000000000UL	/* slot 2; nothing is there */
#define PAGES		0x0000010040000000UL	/* 32 that are present */
#define STACK		0x0000018000000000UL	/* slot 3 */
#define NOT_CANONICAL	0x0000800000000000UL
#define USER_GS		0x0000123456789000UL

USER_CODE(user_ud, "ud2");
USER_CODE(user_read, "mov (%rdi), %rax; ud2");
USER_CODE(user_write, "wrgsbase %rsi; movb $1, (%rdi); ud2");
USER_CODE(user_jump, "jmp *%rdi");
USER_CODE(user_wait, "movb $1, 1(%rdx)\n1:\tpause; cmpb $0, (%rdx); je 1b; "
	  "movb $1, (%rdi); ud2");

extern const u8 trap_stubs[];

/* What the handler found, before its return consumed it. */
static struct {
	u32 hint_count;
	u64 hint, pages;
	u64 user_gs, kernel_gs;
	u8 vif;
} seen;

static u64 next = AREA;

static u64 counter(u32 index)
{
	static struct ringlet_perf perf;

	CHECK_EQ(ringlet_domctl_perf(RINGLET_DOMID_SELF, &perf), 0);
	return perf.count[index];
}

static bool look(struct regs *r)
{
	const struct ringlet_vcpu_page *page = vcpu_page();

	if (r->vector != TRAP_PF)
		return false;
	seen.hint_count = READ_ONCE(page->hint_count);
	seen.hint = READ_ONCE(page->hints[0].va);
	seen.pages = READ_ONCE(page->hints[0].count);
	seen.user_gs = READ_ONCE(page->user_gs_base);
	seen.vif = READ_ONCE(page->vif);
	__asm__ volatile("rdgsbase %0" : "=r"(seen.kernel_gs));
	return false;
}

/* Run code of ring 3; true if its fault came without the hypervisor. */
static bool direct(const void *code, u64 va)
{
	u64 before = counter(RINGLET_PERF_faults_forwarded);
	const struct regs *r = run_user(code, va);

	return r->vector == TRAP_PF &&
	       counter(RINGLET_PERF_faults_forwarded) == before;
}

/* The next address that no fault was on yet. */
static u64 fresh(void)
{
	next += PAGE_SIZE;
	return next;
}

/* Until a fault came directly: the root counts as warm. */
static void warm(void)
{
	u32 i;

	for (i = 0; i < 8; i++)
		if (direct(user_write, fresh()))
			return;
	failure("8 faults of ring 3 went through the hypervisor");
}

/* A direct fault; one in many is the hypervisor's for a look at the tables. */
static u64 direct_fault(const void *code, u64 offset)
{
	u32 i;

	for (i = 0; i < 3; i++) {
		u64 va = fresh() + offset;

		if (direct(code, va))
			return va;
	}
	failure("no fault came directly");
	return next;
}

static void check_fault(u64 va, u64 err)
{
	const struct regs *r = &this_cpu()->trap;

	CHECK_EQ(r->vector, TRAP_PF);
	CHECK_EQ(r->error, err);
	CHECK_EQ(this_cpu()->trap_cr2, va);
}

static void test_frame(void)
{
	const struct regs *r = &this_cpu()->trap;
	struct cpu *cpu = this_cpu();
	bool seen_direct = false;
	struct regs in;
	u64 va, before;
	u32 i;

	warm();
	va = direct_fault(user_read, 8);
	check_fault(va, PF_U);
	CHECK_EQ(r->rip, user_address(user_read));
	va = direct_fault(user_jump, 0x123);
	check_fault(va, PF_U | PF_I);
	CHECK_EQ(r->rip, va);

	user_regs(&in, user_write);
	in.rax = 1; in.rbx = 2; in.rcx = 3; in.rdx = 4; in.rsi = USER_GS;
	in.rbp = 7; in.r8 = 8; in.r9 = 9; in.r10 = 10;
	in.r11 = 11; in.r12 = 12; in.r13 = 13; in.r14 = 14; in.r15 = 15;
	in.rflags |= 0x8d5 | 1UL << 10 | 1UL << 18;	/* arithmetic, DF, AC */
	CHECK_EQ(ringlet_set_kernel_gs(RINGLET_COMMON_START), 0);
	/* An interrupt may come before the handler looks, and use the hint up. */
	for (i = 0; i < 4 && !seen_direct; i++) {
		va = fresh();
		in.rdi = va + 5;
		warm();
		before = counter(RINGLET_PERF_faults_forwarded);
		run_regs(&in);
		seen_direct = seen.hint_count == 1 &&
			counter(RINGLET_PERF_faults_forwarded) == before;
	}
	CHECK(seen_direct);
	check_fault(va + 5, PF_U | PF_W);
	CHECK_EQ(memcmp(r, &in, 15 * 8), 0);
	CHECK_EQ(r->rip, user_address(user_write) + 5);
	CHECK_EQ(r->cs, RINGLET_USER_CS);
	CHECK_EQ(r->ss, RINGLET_USER_DS);
	CHECK_EQ(r->rsp, USER_STACK_TOP);
	/* The CPU sets RF for a fault. */
	CHECK_EQ(r->rflags & ~(1UL << 16), in.rflags);
	CHECK_EQ(cpu->trap_frame + sizeof(*r),
		 (u64)cpu->kernel_stack + sizeof(cpu->kernel_stack));
	CHECK_EQ(seen.vif, 0);
	CHECK_EQ(seen.user_gs, USER_GS);
	CHECK_EQ(seen.kernel_gs, RINGLET_COMMON_START);
	CHECK_EQ(seen.hint, va);
	CHECK_EQ(seen.pages, 1);
	/* The return consumed it. */
	CHECK_EQ(vcpu_page()->hint_count, 0);
}

/* The same page again, and a few of many, are looked at by the hypervisor. */
static void test_turns(void)
{
	u32 i, count = 0;
	u64 va;

	warm();
	va = direct_fault(user_write, 0);
	CHECK(!direct(user_write, va + 8));
	check_fault(va + 8, PF_U | PF_W);
	CHECK(!direct(user_write, va + 16));
	direct_fault(user_write, 0);
	for (i = 0; i < 128; i++)
		count += !direct(user_write, fresh());
	if (count < 4 || count > 16)
		failure("%u of 128 faults went through the hypervisor", count);
}

/* A page that is present, but in no shadow: one fault at most is seen. */
static void test_present(void)
{
	u64 page = (u64)page_alloc(), va, before, i;

	warm();
	va = fresh();
	map_page(guest.root, va, page, PTE_P | PTE_W | PTE_U | PTE_A | PTE_D);
	if (direct(user_write, va))
		check_fault(va, PF_U | PF_W);
	before = counter(RINGLET_PERF_faults);
	CHECK_EQ(run_user(user_write, va)->vector, TRAP_UD);
	/* The return from the first had it filled. */
	CHECK_EQ(counter(RINGLET_PERF_faults), before);
	CHECK_EQ(*(u8 *)page, 1);

	/* After a large flush the guest sees none: the hypervisor is asked. */
	warm();
	flush(guest.root, 0, 1UL << 47, 0);
	CHECK_EQ(run_user(user_write, va)->vector, TRAP_UD);
	for (i = 0; i < 32; i++) {
		map_page(guest.root, PAGES + i * PAGE_SIZE, page,
			 PTE_P | PTE_W | PTE_U | PTE_A | PTE_D);
		CHECK_EQ(run_user(user_write, PAGES + i * PAGE_SIZE)->vector,
			 TRAP_UD);
	}
	warm();
	flush(guest.root, PAGES, 32 * PAGE_SIZE, 0);
	CHECK_EQ(run_user(user_write, PAGES)->vector, TRAP_UD);
	/* Nor when only write access went, for then the page is present. */
	warm();
	flush(guest.root, va, PAGE_SIZE, RINGLET_FLUSH_WRPROTECT);
	CHECK_EQ(run_user(user_write, va)->vector, TRAP_UD);

	*pte_of(guest.root, va, 1) = 0;
	flush(guest.root, va, PAGE_SIZE, 0);
	run_user(user_write, va);
	check_fault(va, PF_U | PF_W);
}

/* Each root is cold when it is new. */
static void test_roots(void)
{
	u64 root = root_new(), va;

	warm();
	CHECK_EQ(ringlet_load_root(root), 0);
	CHECK_EQ(run_user(user_ud, 0)->vector, TRAP_UD);
	CHECK(!direct(user_write, fresh()));
	warm();
	/* A hint of one root does no harm in another. */
	va = direct_fault(user_write, 0);
	CHECK_EQ(ringlet_load_root(guest.root), 0);
	CHECK_EQ(run_user(user_write, va)->vector, TRAP_PF);
	CHECK_EQ(ringlet_root_dying(root), 0);
	CHECK_EQ(ringlet_root_destroy(root), 0);
}

/* What is not plain is the hypervisor's. */
static void test_others(void)
{
	struct regs in;
	u64 before, page = (u64)page_alloc(), va;

	warm();
	CHECK(!direct(user_read, RINGLET_VCPU_PAGE));
	check_fault(RINGLET_VCPU_PAGE, PF_U);
	CHECK(!direct(user_read, RINGLET_COMMON_START));
	check_fault(RINGLET_COMMON_START, PF_U);
	warm();
	va = fresh();
	map_page(guest.root, va, page, PTE_P | PTE_U | PTE_A | PTE_NX);
	direct(user_read, va);
	warm();
	CHECK(!direct(user_write, va));
	check_fault(va, PF_P | PF_U | PF_W);
	warm();
	CHECK(!direct(user_jump, va));
	check_fault(va, PF_P | PF_U | PF_I);

	/* 32-bit code; nothing of ring 3 is below 4 GiB. */
	user_regs(&in, user_ud);
	in.rip = 0xfffff000;
	in.cs = RINGLET_USER32_CS;
	warm();
	before = counter(RINGLET_PERF_faults_forwarded);
	run_regs(&in);
	CHECK_EQ(this_cpu()->trap.vector, TRAP_PF);
	CHECK_EQ(this_cpu()->trap.cs, RINGLET_USER32_CS);
	CHECK_EQ(this_cpu()->trap_cr2, 0xfffff000);
	CHECK_EQ(counter(RINGLET_PERF_faults_forwarded), before + 1);
}

/* kernel_sp, where the frame is pushed, is the guest's and may be anything. */
static void refused_stack(const char *what, u64 sp)
{
	struct cpu *cpu = this_cpu();
	u64 good = vcpu_page()->kernel_sp;
	const struct regs *r;

	warm();
	vcpu_page()->kernel_sp = sp;
	r = run_user(user_write, fresh());
	vcpu_page()->kernel_sp = good;
	if (r->vector != TRAP_DF ||
	    cpu->trap_frame < (u64)cpu->df_stack ||
	    cpu->trap_frame >= (u64)cpu->df_stack + sizeof(cpu->df_stack))
		failure("kernel_sp %s: vector %lu, frame at %#lx", what,
			r->vector, cpu->trap_frame);
}

static void test_hostile_stacks(void)
{
	u64 page = (u64)page_alloc(), i;

	refused_stack("unmapped", STACK + PAGE_SIZE);
	refused_stack("0", 0);
	refused_stack("1", 1);
	refused_stack("end of the lower half", NOT_CANONICAL);
	refused_stack("not canonical", NOT_CANONICAL + 4 * PAGE_SIZE);
	refused_stack("just below slot 256", RINGLET_HV_START);
	refused_stack("first of slot 256", RINGLET_HV_START + 16);
	refused_stack("hypercall page", RINGLET_HYPERCALL_PAGE + PAGE_SIZE);
	refused_stack("vCPU page", RINGLET_VCPU_PAGE + PAGE_SIZE);
	for (i = 1; i <= 48; i++)
		CHECK_EQ(vcpu_page()->reserved2[sizeof(vcpu_page()->reserved2) - i],
			 0);
	refused_stack("vCPU page and behind", RINGLET_VCPU_PAGE + 8);
	refused_stack("end of slot 271", RINGLET_COMMON_START);
	refused_stack("the common half", RINGLET_COMMON_START + PAGE_SIZE);

	/* Half of the frame may be written, the rest not. */
	map_page(guest.root, STACK + PAGE_SIZE, page,
		 PTE_P | PTE_W | PTE_A | PTE_D);
	refused_stack("over two pages", STACK + PAGE_SIZE + 16);
	map_page(guest.root, STACK, (u64)page_alloc(), PTE_P | PTE_A | PTE_NX);
	refused_stack("read only", STACK + PAGE_SIZE);
}

/* A stack that is good, but in no shadow: the push faults, and goes on. */
static void test_cold_stack(void)
{
	u64 sp = STACK + 8 * PAGE_SIZE, good = vcpu_page()->kernel_sp;
	u64 before, va;
	const struct regs *r = &this_cpu()->trap;

	map_page(guest.root, sp - PAGE_SIZE, (u64)page_alloc(),
		 PTE_P | PTE_W | PTE_NX);
	map_page(guest.root, sp, (u64)page_alloc(), PTE_P | PTE_W | PTE_NX);
	warm();
	va = fresh();
	vcpu_page()->kernel_sp = sp + 15;
	before = counter(RINGLET_PERF_faults_forwarded);
	run_user(user_write, va + 7);
	vcpu_page()->kernel_sp = good;
	check_fault(va + 7, PF_U | PF_W);
	CHECK_EQ(r->rip, user_address(user_write) + 5);
	CHECK_EQ(r->rdi, va + 7);
	CHECK_EQ(this_cpu()->trap_frame + sizeof(*r), sp);
	CHECK_EQ(counter(RINGLET_PERF_faults_forwarded), before + 1);
	CHECK(*pte_of(guest.root, sp - PAGE_SIZE, 1) & PTE_D);
	CHECK(!(*pte_of(guest.root, sp, 1) & PTE_D));
	/* Now it is in the shadow. */
	warm();
	vcpu_page()->kernel_sp = sp;
	va = direct_fault(user_write, 1);
	vcpu_page()->kernel_sp = good;
	check_fault(va, PF_U | PF_W);
	CHECK_EQ(this_cpu()->trap_frame + sizeof(*r), sp);
}

/* The kernel may write what it likes over the gate's own fields. */
static void test_scribble(void)
{
	u64 *own = vcpu_page()->gate;
	u32 i, k;

	for (i = 0; i < 64; i++) {
		u64 va = fresh();

		for (k = 0; k < 2; k++)
			WRITE_ONCE(own[k], i & 1 ? ~0UL : va >> 12);
		run_user(user_write, va);
		check_fault(va, PF_U | PF_W);
	}
	for (k = 0; k < 2; k++)
		WRITE_ONCE(own[k], 0);
}

/* Another vCPU: it waits in ring 3 until it is told to fault. */
static volatile u64 other_vector, other_done;

static void fault_when_told(void *unused)
{
	struct regs in;

	(void)unused;
	warm();
	user_regs(&in, user_wait);
	in.rdi = fresh();
	in.rdx = USER_DATA;
	other_vector = run_regs(&in)->vector;
	other_done = 1;
}

/* A handler that one vCPU sets is at once that of all, also in the gate. */
static void test_handler_elsewhere(void)
{
	volatile u8 *word = user_data;
	struct ringlet_trap t = {
		.vector = TRAP_PF, .address = (u64)trap_stubs + 16 * TRAP_GP,
	};
	u64 start;

	word[0] = word[1] = 0;
	CHECK_EQ(cpu_start(1, fault_when_told, NULL), 0);
	while (!word[1])
		__asm__ volatile("pause");
	CHECK_EQ(ringlet_set_trap_table(&t, 1), 0);
	start = now();
	/* The interrupt is on its way for a moment. */
	while (now() < start + 1000000)
		__asm__ volatile("pause");
	word[0] = 1;
	while (!other_done && now() < start + 5000000000UL)
		ringlet_yield();
	t.address = (u64)trap_stubs + 16 * TRAP_PF;
	CHECK_EQ(ringlet_set_trap_table(&t, 1), 0);
	CHECK(other_done);
	CHECK_EQ(other_vector, TRAP_GP);
}

void test_main(void)
{
	if (!guest.control) {
		skip("only the control domain may read counters");
		return;
	}
	trap_hook = look;
	CHECK_EQ(run_user(user_ud, 0)->vector, TRAP_UD);
	test_frame();
	test_turns();
	test_present();
	test_roots();
	test_others();
	test_hostile_stacks();
	test_cold_stack();
	test_scribble();
	if (guest.vcpus > 1)
		test_handler_elsewhere();
	trap_hook = NULL;
}
