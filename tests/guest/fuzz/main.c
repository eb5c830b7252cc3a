// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz: a guest that does whatever it likes, and the hypervisor stands it.
 *
 * Command line: seed=N (a failing one fails again), count=N hypercalls. Every
 * vCPU makes hypercalls with plausible and wild arguments, alone and in
 * multicalls; keeps writing garbage (loops, self-maps, large entries, reserved
 * bits) into page tables that both have loaded; touches memory through them;
 * returns through random frames into both rings; runs random code in ring 3; and
 * scribbles over its vCPU page. At the end the ordinary things must still work,
 * and each call that a domain may make must have succeeded once: else nothing was
 * tested.
 *
 * To survive this, code, data and stacks are used through an alias in the common
 * half of the address space, which the garbage does not reach; the garbage itself
 * names only the frames of two arenas, or memory that is not ours. What would
 * rightly end the domain is left out: shutdown, iret, the last vcpu_down, no
 * handlers.
 */
#include "guest.h"

const char test_title[] = "a guest that does whatever it likes";

#define ALIAS		RINGLET_COMMON_START
#define STACKS		(ALIAS + (1UL << 39))
#define STACK_SIZE	(16 * PAGE_SIZE)	/* with what is unmapped below */
#define ORDINARY	0x0000017000000000UL
#define GARBAGE_SLOT	300			/* of the kernel root */
#define VCPUS		2
#define FRAMES		512			/* of an arena */
#define TABLES		64			/* of them used as tables */
#define MULTICALL	64
#define PROGRESS	65536
#define SECOND		1000000000UL

enum { STACK_MAIN, STACK_ENTRY, STACK_DF, NR_STACKS };

#define LDT_SIZE	16U

struct fuzzer {
	u64 random;
	u32 timer_port;
	u32 in_user;			/* upcalls to end code that loops */
	u64 exceptions, strays;
	struct ringlet_vcpu_context context;
	struct ringlet_trap traps[33];
	struct ringlet_entries entries;
	u64 ldt[LDT_SIZE];
	u32 last;			/* of history */
	u64 history[8][7];		/* last calls, for a failure's report */
};

static struct fuzzer fuzzers[VCPUS];
static const char shapes[RINGLET_NR_HYPERCALLS][8] = {
#include "hypercall-shapes.h"
};

static u64 seed = 1, want = 20000, done, swept, tables, data, other_root;
static u64 tried[RINGLET_NR_HYPERCALLS], succeeded[RINGLET_NR_HYPERCALLS];
/* park: what vCPU 1 shall answer in 'parked' and wait for, or 0. */
static volatile u32 park, parked, stop, stopped, booting_wild, failed;

static struct fuzzer *me(void)
{
	return &fuzzers[vcpu_page()->vcpu_id % VCPUS];
}

static u64 random64(void)
{
	u64 *x = &me()->random;

	/* xorshift64* */
	*x ^= *x >> 12;
	*x ^= *x << 25;
	*x ^= *x >> 27;
	return *x * 0x2545f4914f6cdd1d;
}

static u32 below(u32 n)
{
	return (u32)((random64() >> 32) * n >> 32);
}

static bool one_in(u32 n)
{
	return !below(n);
}

/* A number with a random number of bits. */
static u64 any_size(void)
{
	return random64() >> below(64);
}

static u64 *table(u32 n)
{
	return (u64 *)(ALIAS + tables + n * PAGE_SIZE);
}

static u64 stack_top(u32 vcpu, u32 kind)
{
	return STACKS + (vcpu * NR_STACKS + kind + 1) * STACK_SIZE;
}

static u32 self(void)
{
	return vcpu_page()->vcpu_id % VCPUS;
}

/* --- Addresses, entries, contents --- */

static u64 not_canonical(void)
{
	return 1UL << 47 | random64() >> 1;
}

/* An address that garbage tables may translate. */
static u64 garbage_va(void)
{
	static const u16 slots[] = { 0, 1, 2, 255, GARBAGE_SLOT };
	u64 slot = slots[below(ARRAY_SIZE(slots))];

	return (slot & 256 ? 0xffff000000000000UL : 0) | slot << 39 |
	       (u64)below(4) << 30 | (u64)below(4) << 21 |
	       (u64)below(8) << 12 | (one_in(4) ? 4096 - below(16) : below(4096));
}

/* Where nothing of ours is. */
static u64 wild_va(void)
{
	switch (below(5)) {
	case 0:
		return not_canonical();
	case 1:
		return RINGLET_HV_START | random64() >> 21;
	case 2:
		return RINGLET_VCPU_PAGE + below(8192);
	case 3:
		return 0xffff900000000000UL | random64() >> 24;
	default:
		return garbage_va();
	}
}

static u64 data_va(void)
{
	return ALIAS + data + below(FRAMES * 4096 - 8192);
}

static u64 buffer(void)
{
	switch (below(4)) {
	case 0:
		return wild_va();
	case 1:
		return garbage_va();
	default:
		return data_va();
	}
}

static u64 beyond_memory(void)
{
	return (1UL << 40) | (any_size() & PTE_ADDR);
}

static u64 random_root(void)
{
	switch (below(8)) {
	case 0:
		return any_size() | 1;
	case 1:
		return beyond_memory();
	case 2:
		return (u64)guest.shared - ALIAS + below(2) * PAGE_SIZE;
	default:
		return tables + below(TABLES) * PAGE_SIZE;
	}
}

/* An entry for any level. */
static u64 random_entry(void)
{
	u64 flags = (random64() & (PTE_W | PTE_U | PTE_A | PTE_D)) | PTE_P;

	flags |= one_in(2) ? PTE_NX : 0;
	switch (below(16)) {
	case 0:
		return 0;
	case 1:		/* 2 MiB */
		return data | flags | PTE_PS | (one_in(4) ? 1UL << 13 : 0);
	case 2:		/* 1 GiB, where there is no memory */
		return beyond_memory() | flags | PTE_PS;
	case 3:
		return beyond_memory() | random64() >> 52 | flags;
	case 4:
		return random64() | 1UL << 51;
	case 5:
		return ((u64)guest.shared - ALIAS + below(2) * PAGE_SIZE) |
		       (flags & ~PTE_W);
	case 6:
	case 7:
	case 8:
		return (data + below(FRAMES) * PAGE_SIZE) | flags |
		       (random64() & 0xe18);
	default:	/* a table again: loops, and the same one at all levels */
		return (tables + below(TABLES) * PAGE_SIZE) | flags |
		       PTE_W | PTE_U | (one_in(16) ? PTE_PS : 0);
	}
}

static void write_tables(void)
{
	u32 n = 1 + below(16);

	while (n--) {
		u32 slot = one_in(8) ? 255 : below(8);

		WRITE_ONCE(table(below(TABLES))[slot], random_entry());
	}
}

/* Tables 0 to 3 map something at 0, so that not everything faults. */
static void make_sane(void)
{
	u64 flags = PTE_P | PTE_W | PTE_U | PTE_A;
	u32 i;

	for (i = 0; i < 3; i++)
		WRITE_ONCE(table(i)[0], (tables + (i + 1) * PAGE_SIZE) | flags);
	for (i = 0; i < 8; i++)
		WRITE_ONCE(table(3)[i], (data + i * PAGE_SIZE) | flags | PTE_D);
	WRITE_ONCE(table(1)[1], data | flags | PTE_D | PTE_PS);
}

static void write_data(void)
{
	u64 *p = (u64 *)(ALIAS + data + below(8) * PAGE_SIZE), i;
	u64 zero = one_in(2) ? 0x0b0f0b0f0b0f0b0f : random64();

	for (i = 0; i < 512; i++)
		WRITE_ONCE(p[i], one_in(2) ? random64() : zero);
}

static bool ours(u64 entry)
{
	u64 at = entry & PTE_ADDR;

	return (entry & PTE_P) && at >= guest.memory_start &&
	       at < guest.memory_end && (at < tables || at >= tables + LARGE_SIZE) &&
	       (at < data || at >= data + LARGE_SIZE);
}

/*
 * The hypervisor, and ring 3, may have written into tables through tables: no
 * entry that can be reached shall then map our own image.
 */
static void sweep_tables(void)
{
	bool found = false;
	u32 i, k;

	for (i = 0; i < TABLES; i++) {
		for (k = 0; k < 512; k = k == 7 ? 255 : k == 255 ? 512 : k + 1) {
			if (!ours(READ_ONCE(table(i)[k])))
				continue;
			WRITE_ONCE(table(i)[k], 0);
			found = true;
		}
	}
	if (found) {
		swept++;
		ringlet_flush(RINGLET_ROOT_ALL, 0, 0, 0);
	}
}

/* --- Hypercalls --- */

static s64 call(const u64 *a)
{
	register u64 r10 __asm__("r10") = a[4];
	register u64 r8 __asm__("r8") = a[5];
	register u64 r9 __asm__("r9") = a[6];
	s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
			 : "=a"(ret)
			 : "0"(a[0]), "D"(a[1]), "S"(a[2]), "d"(a[3]),
			   "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

static void count(u64 nr, s64 ret)
{
	u64 n = __atomic_add_fetch(&done, 1, __ATOMIC_RELAXED);

	nr &= ~(u64)RINGLET_HC_USER;
	if (nr < RINGLET_NR_HYPERCALLS) {
		__atomic_fetch_add(&tried[nr], 1, __ATOMIC_RELAXED);
		if (ret >= 0)
			__atomic_fetch_add(&succeeded[nr], 1, __ATOMIC_RELAXED);
	}
	if (n % PROGRESS == 0)
		printk("fuzz: seed %lu: %lu hypercalls\n", seed, n);
}

static u64 argument(char kind)
{
	if (one_in(16))
		return any_size();
	switch (kind) {
	case 'u':
		return one_in(8) ? (u32)any_size() : below(8);
	case 'p':
		return one_in(4) ? below(5000) : below(40);
	case 'd':
		return one_in(2) ? RINGLET_DOMID_SELF : below(6);
	case 'g':
		return one_in(16) ? RINGLET_ROOT_ALL : random_root();
	case 'v':
		return one_in(4) ? wild_va() : garbage_va() & ~4095UL;
	case 'b':
		return buffer();
	default:
		return one_in(2) ? below(8192) : any_size();
	}
}

static u64 invalid_buffer(void)
{
	return one_in(2) ? not_canonical() :
			   RINGLET_HV_START | random64() >> 21;
}

/* A writable data segment of ring 3, for instance. */
static u64 random_descriptor(void)
{
	u64 desc = 0x00cff2000000ffff;

	return one_in(4) ? 0 : one_in(4) ? desc ^ 1UL << below(64) : desc;
}

/* A table of code, data and stacks, most of them good; returns its length. */
static u32 random_ldt(u64 *ldt)
{
	static const u64 good[] = { 0x00cffb000000ffff, 0x0040fb0000000fff,
				    0x0000fb000000ffff, 0x00cff3000000ffff,
				    0x0000f3000000ffff, 0x00cff7000000000f,
				    0x00cf73000000ffff, 0 };
	u32 i;

	for (i = 0; i < LDT_SIZE; i++)
		ldt[i] = good[below(ARRAY_SIZE(good))];
	if (one_in(4))
		ldt[below(LDT_SIZE)] ^= 1UL << below(64);
	return below(LDT_SIZE + 1);
}

static u32 random_msr(void)
{
	static const u32 msrs[] = { 0x10, 0x8b, 0x1b, 0x1a0, 0x277, 0xc0000080,
				    0xc0000101, 0xc0000103, 0xc0010055 };

	return msrs[below(ARRAY_SIZE(msrs))];
}

/* Arguments that no letter of shapes[] describes. */
static void refine(u64 *a)
{
	switch (a[0]) {
	case RINGLET_HC_set_tls:
		a[1] = random_descriptor();
		a[2] = random_descriptor();
		a[3] = random_descriptor();
		break;
	case RINGLET_HC_set_ldt:
		a[1] = (u64)me()->ldt;
		a[2] = random_ldt(me()->ldt);
		break;
	case RINGLET_HC_rdmsr:
	case RINGLET_HC_wrmsr:
		a[1] = random_msr();
		a[2] = one_in(4) ? 0 : a[2];
		break;
	}
}

/* What would end the domain, and rightly, becomes something that does not. */
static void tame(u64 *a, bool inside)
{
	u32 own = self();

	switch (a[0] & ~(u64)RINGLET_HC_USER) {
	case RINGLET_HC_console_write:
		a[2] = one_in(64) ? a[2] : below(8);
		break;
	case RINGLET_HC_set_trap_table:	/* see fuzz_handlers() */
	case RINGLET_HC_set_entries:
		a[1] = invalid_buffer();
		break;
	case RINGLET_HC_set_df_stack:
		a[1] = one_in(2) ? not_canonical() : stack_top(own, STACK_DF);
		break;
	case RINGLET_HC_set_kernel_root:
		a[1] = one_in(2) ? any_size() | 1 :
		       one_in(2) ? guest.root : other_root;
		break;
	case RINGLET_HC_shutdown:
		a[1] = 4 + any_size();
		break;
	case RINGLET_HC_vcpu_boot:
		a[2] = invalid_buffer();
		break;
	case RINGLET_HC_evtchn_close:
	case RINGLET_HC_evtchn_bind_vcpu:
		/* The timers' ports stay, and the guest's other first ones. */
		if (a[1] <= fuzzers[VCPUS - 1].timer_port ||
		    a[1] <= fuzzers[0].timer_port)
			a[1] = 4096;
		break;
	case RINGLET_HC_block:
		/* Not for ever: no upcall takes this one away before. */
		WRITE_ONCE(vcpu_page()->vif, 0);
		WRITE_ONCE(vcpu_page()->pending, 1);
		break;
	case RINGLET_HC_vcpu_wait:
		if (inside)
			a[0] = RINGLET_HC_abi_features;
		else
			ringlet_vcpu_kick(own);
		break;
	case RINGLET_HC_multicall:
	case RINGLET_HC_iret:
	case RINGLET_HC_vcpu_down:
	case RINGLET_HC_sysctl_reboot:
		if (!inside || a[0] == RINGLET_HC_sysctl_reboot)
			a[0] = RINGLET_HC_abi_features;
		break;
	}
}

static void random_call(u64 *a, bool inside)
{
	u32 nr = below(RINGLET_NR_HYPERCALLS + 1), i, n;

	if (nr == RINGLET_NR_HYPERCALLS) {
		a[0] = nr + any_size();
		n = 0;
	} else {
		a[0] = nr;
		n = (u32)strlen(shapes[nr]) - 1;
	}
	for (i = 1; i < 7; i++)
		a[i] = i <= n ? argument(shapes[nr][i]) : random64();
	if (one_in(2))
		refine(a);
	if (one_in(16))
		a[0] |= RINGLET_HC_USER;
	tame(a, inside);
}

static void fuzz_call(void)
{
	struct fuzzer *f = me();
	u64 *a = f->history[f->last++ % ARRAY_SIZE(f->history)];

	random_call(a, false);
	count(a[0], call(a));
}

static void fuzz_multicall(void)
{
	struct ringlet_multicall *m = (struct ringlet_multicall *)
		((u64)table(TABLES + 2 * self()) + 8 * below(512));
	u32 n = below(MULTICALL + 1), i;
	u64 a[7] = { RINGLET_HC_multicall, (u64)m, n };

	for (i = 0; i < n; i++) {
		random_call((u64 *)&m[i], true);
		m[i].ret = -RINGLET_ENOSYS;
	}
	if (one_in(16))
		a[1] = invalid_buffer();
	if (one_in(16))
		a[2] = MULTICALL + 1 + any_size();
	count(a[0], call(a));
	for (i = 0; i < n; i++)
		count(READ_ONCE(m[i].nr), READ_ONCE(m[i].ret));
}

/* --- Memory, frames, code --- */

static void do_access(void *arg)
{
	u64 va = garbage_va();

	(void)arg;
	if (one_in(2))
		(void)*(volatile u8 *)va;
	else
		*(volatile u64 *)va = random64();
}

static void do_ud2(void)
{
	__asm__ volatile("ud2");
}

/* An upcall in ring 3 after 'ns' ends what runs there. */
static void arm(u64 ns)
{
	struct fuzzer *f = me();
	u64 bit = 1UL << f->timer_port;

	WRITE_ONCE(vcpu_page()->kernel_sp, stack_top(self(), STACK_ENTRY));
	WRITE_ONCE(vcpu_page()->hint_count, 0);
	__atomic_fetch_and(&guest.shared->evtchn_mask[0], ~bit,
			   __ATOMIC_SEQ_CST);
	__atomic_fetch_and(&guest.shared->evtchn_pending[0], ~bit,
			   __ATOMIC_SEQ_CST);
	WRITE_ONCE(vcpu_page()->pending, 0);
	f->in_user = 1;
	ringlet_set_timer(now() + ns);
}

static void random_registers(struct regs *r)
{
	u64 *p = (u64 *)r;
	u32 i;

	for (i = 0; i < sizeof(*r) / 8; i++)
		p[i] = one_in(2) ? any_size() : buffer();
}

static void fuzz_frame(void)
{
	static const u16 codes[] = { 0x10, 0x11, 0x33, 0x23, 0x33, 0x23, 0x13,
				     0x2b, 0x08, 0x00, 0x07, 0x0f, 0x17, 0x1f };
	static const u16 stacks[] = { 0x18, 0x19, 0x00, 0x2b, 0x2b, 0x63, 0x6b,
				      0x73, 0x7b, 0x10, 0x07, 0x0f, 0x17, 0x1f };
	struct regs r;
	bool user;

	random_registers(&r);
	r.cs = one_in(16) ? any_size() : codes[below(ARRAY_SIZE(codes))];
	r.ss = one_in(16) ? any_size() : stacks[below(ARRAY_SIZE(stacks))];
	user = (r.cs & 3) == 3;
	r.rflags = one_in(2) ? 0x202 : any_size();
	/* Ring 1 shall not run garbage: that could do anything to us. */
	if (!user || one_in(4))
		r.rip = one_in(4) ? not_canonical() : (u64)do_ud2;
	else
		r.rip = one_in(8) ? wild_va() : garbage_va();
	if (!user)
		r.rsp = one_in(4) ? wild_va() : stack_top(self(), STACK_ENTRY);
	arm(100000);
	if (one_in(4))
		WRITE_ONCE(vcpu_page()->kernel_sp, wild_va());
	if (one_in(4))
		WRITE_ONCE(vcpu_page()->user_gs_base, any_size());
	run_regs(&r);
	me()->in_user = 0;
	me()->exceptions++;
}

/* All of it but the vCPU's number, which this guest goes by. */
static void scribble_vcpu_page(void)
{
	struct ringlet_vcpu_page *page = vcpu_page();
	u64 *p = (u64 *)page;
	u32 i, n = one_in(4) ? PAGE_SIZE / 8 : 32;

	for (i = 1; i < n; i++)
		if (i != RINGLET_VCPU_HINT_COUNT / 8 && one_in(2))
			WRITE_ONCE(p[i], one_in(2) ? any_size() : wild_va());
	for (i = 0; i < RINGLET_HINT_SLOTS; i++) {
		WRITE_ONCE(page->hints[i].va, wild_va());
		WRITE_ONCE(page->hints[i].count, any_size());
	}
	WRITE_ONCE(page->hint_count, (u32)any_size());
	WRITE_ONCE(page->pending, (u8)below(3));
	WRITE_ONCE(page->vif, (u8)random64());
	ringlet_event_check();
	WRITE_ONCE(page->vif, 0);
	WRITE_ONCE(page->kernel_sp, stack_top(self(), STACK_ENTRY));
	count(RINGLET_HC_event_check, 0);
}

static void scribble_shared(void)
{
	struct ringlet_shared *s = guest.shared;
	u32 word = 1 + below(63);

	WRITE_ONCE(s->evtchn_mask[word], random64());
	WRITE_ONCE(s->evtchn_pending[word], random64());
	WRITE_ONCE(vcpu_page()->evtchn_sel, random64());
	WRITE_ONCE(vcpu_page()->pending, 1);
}

/* --- Handlers and vCPUs --- */

static void set_stacks(void)
{
	u32 own = self();

	if (ringlet_set_df_stack(stack_top(own, STACK_DF)))
		failure("the double fault stack is refused");
	WRITE_ONCE(vcpu_page()->kernel_sp, stack_top(own, STACK_ENTRY));
}

/* A number of its own each time: the answer to the last one means nothing. */
static void park_other(void)
{
	static u32 number;

	if (guest.vcpus < 2)
		return;
	park = ++number;
	while (parked != park && ringlet_vcpu_is_up(1) == 1)
		ringlet_yield();
}

/* Handlers at garbage, an exception, handlers as before. Not #DF's. */
static void fuzz_handlers(void)
{
	struct fuzzer *f = me();
	u32 i, n = 1 + below(32);

	park_other();
	for (i = 0; i < n; i++) {
		f->traps[i].vector = one_in(8) ? 0x80 : below(33);
		if (f->traps[i].vector == 8)
			f->traps[i].vector = 14;
		f->traps[i].reserved = one_in(64);
		f->traps[i].address = wild_va();
		if (!f->traps[i].address)
			f->traps[i].address = 1;
	}
	count(RINGLET_HC_set_trap_table, ringlet_set_trap_table(f->traps, n));
	if (probe(do_access, NULL))
		f->exceptions++;
	/* Nor events while theirs is at garbage, and the others are not. */
	WRITE_ONCE(vcpu_page()->vif, 0);
	f->entries = (struct ringlet_entries) { wild_va(), wild_va(), { 0 } };
	f->entries.reserved[below(2)] = one_in(8) ? random64() : 0;
	count(RINGLET_HC_set_entries, ringlet_set_entries(&f->entries));
	traps_init();
	set_stacks();
	park = 0;
}

static void second_main(void *arg);

/* Start vCPU 1, if it is down, with its own context or a wild one. */
static void boot_other(void)
{
	struct ringlet_vcpu_context *c = &me()->context;
	u64 *p = (u64 *)c;
	u32 i;
	s64 ret;

	if (self() || guest.vcpus < 2 || ringlet_vcpu_is_up(1))
		return;
	memset(c, 0, sizeof(*c));
	for (i = 0; i < 20; i++)
		p[i] = any_size();
	c->rip = one_in(4) ? wild_va() : (u64)do_ud2;
	c->rsp = one_in(4) ? wild_va() : stack_top(1, STACK_MAIN);
	c->root = random_root();
	c->kernel_gs_base = one_in(4) ? any_size() : 0;
	c->user_gs_base = one_in(4) ? any_size() : 0;
	c->fs_base = one_in(4) ? any_size() : 0;
	c->kernel_sp = stack_top(1, STACK_ENTRY);
	c->df_stack = stack_top(1, STACK_DF);
	c->reserved[0] = one_in(8);
	c->user = one_in(16);
	booting_wild = 1;
	cpus[1].recover_sp = 0;
	ret = ringlet_vcpu_boot(1, c);
	count(RINGLET_HC_vcpu_boot, ret);
}

static void fuzz_step(void)
{
	u32 n = below(100);

	if (one_in(8))
		sweep_tables();
	if (n < 50) {
		fuzz_call();
	} else if (n < 60) {
		fuzz_multicall();
	} else if (n < 72) {
		write_tables();
	} else if (n < 84) {
		if (probe(do_access, NULL))
			me()->exceptions++;
	} else if (n < 88) {
		fuzz_frame();
	} else if (n < 92) {
		scribble_vcpu_page();
	} else if (n < 94) {
		scribble_shared();
	} else if (n < 97) {
		count(RINGLET_HC_load_root, ringlet_load_root(random_root()));
	} else if (n < 98) {
		write_data();
	} else if (n < 99) {
		make_sane();
	} else if (self()) {
		if (one_in(4))
			ringlet_vcpu_down();
	} else {
		boot_other();
		if (one_in(8))
			fuzz_handlers();
	}
	WRITE_ONCE(vcpu_page()->vif, one_in(2));
}

/* vCPU 1: always from here, whatever it was started with. */
static void second_main(void *arg)
{
	u32 number;

	(void)arg;
	booting_wild = 0;
	set_stacks();
	while (!stop) {
		fuzz_step();
		while ((number = park) && !stop) {
			/* Neither faults nor events: there are no handlers. */
			WRITE_ONCE(vcpu_page()->vif, 0);
			parked = number;
			ringlet_yield();
		}
	}
	stopped = 1;
	for (;;)
		ringlet_vcpu_down();
}

static void end(void)
{
	struct fuzzer *f = me();
	u32 i, k;

	for (i = 0; failed && i < ARRAY_SIZE(f->history); i++) {
		const u64 *a = f->history[f->last++ % ARRAY_SIZE(f->history)];

		printk("vCPU %u: call", self());
		for (k = 0; k < 7; k++)
			printk(" %#lx", a[k]);
		printk("\n");
	}
	ringlet_set_kernel_root(guest.root);
	ringlet_load_root(guest.root);
	finish();
}

static bool fuzz_trap(struct regs *r)
{
	struct fuzzer *f = me();

	if (r->vector == VECTOR_EVENT) {
		/* From the code that run_regs() went to: that is over. */
		if (f->in_user && this_cpu()->recover_sp) {
			event_upcall();
			f->in_user = 0;
			return false;
		}
		event_upcall();
		return true;
	}
	if (this_cpu()->recover_sp)
		return false;
	if (r->vector == 1) {
		r->rflags |= 0x10000;
		return true;
	}
	if (self() && booting_wild) {
		f->strays++;
		r->cs = RINGLET_KERNEL_CS;
		r->ss = RINGLET_KERNEL_DS;
		r->rip = (u64)second_main;
		r->rsp = stack_top(1, STACK_MAIN) - 8;
		r->rflags = 2;
		return true;
	}
	failure("vCPU %u, seed %lu, call %lu: exception %lu, error %#lx, at %#lx:%#lx, rsp %#lx, cr2 %#lx",
		self(), seed, done, r->vector, r->error, r->cs, r->rip, r->rsp,
		vcpu_page()->cr2);
	failed = 1;
	end();
	return true;
}

/* What an ordinary guest needs, after all that. */
static void check_ordinary(void)
{
	u64 va = ORDINARY, page = data, value = 0;

	CHECK_EQ(ringlet_set_kernel_root(guest.root), 0);
	CHECK_EQ(ringlet_load_root(guest.root), 0);
	flush(RINGLET_ROOT_ALL, 0, 0, 0);
	*pte_of(guest.root, va, 1) = page | PTE_P | PTE_W;
	CHECK(try_write(va, seed));
	CHECK_EQ(*(volatile u64 *)(ALIAS + page), seed);
	*pte_of(guest.root, va, 1) = (page + PAGE_SIZE) | PTE_P;
	flush(guest.root, va, PAGE_SIZE, 0);
	*(volatile u64 *)(ALIAS + page + PAGE_SIZE) = ~seed;
	CHECK(try_read(va, &value));
	CHECK_EQ(value, ~seed);
	CHECK(!try_write(va, 0));
	CHECK_EQ(ringlet_abi_version(), RINGLET_ABI_VERSION);
}

/* A count under which each call has surely been made with good arguments. */
#define ENOUGH 100000

static void check_successes(void)
{
	u32 nr;

	for (nr = 0; nr < RINGLET_NR_HYPERCALLS; nr++) {
		bool may = shapes[nr][0] == 'a' || guest.control;

		if (!tried[nr] && nr != RINGLET_HC_iret &&
		    nr != RINGLET_HC_vcpu_down && nr != RINGLET_HC_sysctl_reboot)
			failure("hypercall %u was never made", nr);
		if (!may && succeeded[nr])
			failure("hypercall %u is not for this domain and succeeded",
				nr);
		if (shapes[nr][0] == 'a' && !succeeded[nr] &&
		    nr != RINGLET_HC_iret && nr != RINGLET_HC_shutdown &&
		    nr != RINGLET_HC_vcpu_down &&
		    (nr != RINGLET_HC_vcpu_boot || guest.vcpus > 1))
			failure("hypercall %u never succeeded, so little was tested",
				nr);
	}
}

static void fuzz_main(void)
{
	struct fuzzer *f = me();
	u32 i;

	trap_hook = fuzz_trap;
	traps_init();
	set_stacks();
	make_sane();
	for (i = 0; i < VCPUS && i < guest.vcpus; i++) {
		s64 port = ringlet_evtchn_bind_virq(RINGLET_VIRQ_TIMER, i);

		CHECK(port > 0);
		fuzzers[i].timer_port = (u32)port;
	}
	while (__atomic_load_n(&done, __ATOMIC_RELAXED) < want)
		fuzz_step();
	WRITE_ONCE(vcpu_page()->vif, 0);
	stop = 1;
	if (guest.vcpus > 1 && ringlet_vcpu_is_up(1) == 1)
		CHECK(wait_count(&stopped, 1, 20 * SECOND));
	check_ordinary();
	if (done >= ENOUGH)
		check_successes();
	printk("fuzz: seed %lu: %lu hypercalls in all, %lu and %lu exceptions, vCPU 1 brought back %lu times, %lu tables disarmed\n",
	       seed, done, f->exceptions, fuzzers[1].exceptions,
	       fuzzers[1].strays, swept);
	end();
}

/* --- Start --- */

static void parse(const char *p)
{
	while (p && *p) {
		u64 *to = !memcmp(p, "seed=", 5) ? &seed :
			  !memcmp(p, "count=", 6) ? &want : NULL, n = 0;

		while (*p && *p != ' ' && *p != '=')
			p++;
		for (; *p && *p != ' '; p++)
			n = *p >= '0' && *p <= '9' ? n * 10 + (u64)(*p - '0') : n;
		if (to)
			*to = n;
		p += *p == ' ';
	}
}

static void make_stacks(void)
{
	u32 v, k, i;

	for (v = 0; v < VCPUS; v++)
		for (k = 0; k < NR_STACKS; k++)
			for (i = 1; i <= 4; i++)
				map_page(guest.root,
					 stack_top(v, k) - i * PAGE_SIZE,
					 (u64)page_alloc(),
					 PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX);
}

/* Both kernel roots show the same upper half. */
static void make_roots(void)
{
	u64 *root = (u64 *)guest.root, *other = page_alloc();
	u32 i;

	root[ALIAS >> 39 & 511] = root[0];
	make_stacks();
	root[GARBAGE_SLOT] = (tables + 4 * PAGE_SIZE) | PTE_P | PTE_W | PTE_U |
			     PTE_A;
	for (i = 256; i < 512; i++)
		other[i] = root[i];
	other_root = (u64)other;
	map_page(guest.root, ORDINARY, 0, 0);
	CHECK_EQ(ringlet_set_kernel_root(guest.root), 0);
}

void test_main(void)
{
	u32 i;

	parse(fdt_property(guest.fdt, "/chosen", "bootargs", NULL));
	printk("fuzz: seed %lu, %lu hypercalls, %u vCPUs\n", seed, want,
	       guest.vcpus);
	tables = large_page_alloc();
	data = large_page_alloc();
	if (!tables || !data) {
		error("not enough memory");
		return;
	}
	memset((void *)tables, 0, LARGE_SIZE);
	memset((void *)data, 0, LARGE_SIZE);
	make_roots();
	for (i = 0; i < VCPUS; i++)
		fuzzers[i].random = (seed + 1) * 0x9e3779b97f4a7c15 + i;
	guest.shared = (struct ringlet_shared *)((u64)guest.shared + ALIAS);
	guest.time = (struct ringlet_time_page *)((u64)guest.time + ALIAS);
	__asm__ volatile("mov %0, %%rsp\n\tcall *%1" : :
			 "r"(stack_top(0, STACK_MAIN)),
			 "r"((u64)fuzz_main + ALIAS) : "memory");
}
