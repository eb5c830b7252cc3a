// SPDX-License-Identifier: GPL-2.0-only
/*
 * state: what a vCPU finds in registers that a switch must carry over.
 *
 * Extended state left behind by the vCPU that ran before shows its keys to the
 * next one (LazyFP, and each hypervisor that forgot a component); debug registers
 * left behind stop it where it did nothing. vCPUs that share a pCPU, and another
 * domain beside us, each keep a pattern of their own and look at it after every
 * switch; a new vCPU must start with the state of a CPU after reset.
 */
#include "guest.h"

const char test_title[] = "registers across switches";

#define SECOND	1000000000UL
#define ROUNDS	200
#define MXCSR	0x1f80U
#define FCW	0x37fU
#define AVX	4UL

/* As the instructions below store it. */
struct extended {
	u8 xmm[16][16];
	u8 ymm[16][32];
	u32 mxcsr;
	u16 fcw;
	u8 st0[10];
	bool avx;
};

#define EACH_REGISTER(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
	X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define STORE_XMM(n) "movdqu %%xmm" #n ", 16*" #n "(%0)\n\t"
#define LOAD_XMM(n) "movdqu 16*" #n "(%0), %%xmm" #n "\n\t"
#define STORE_YMM(n) "vmovdqu %%ymm" #n ", 32*" #n "(%0)\n\t"
#define LOAD_YMM(n) "vmovdqu 32*" #n "(%0), %%ymm" #n "\n\t"

static bool have_avx(void)
{
	u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low & AVX;
}

static void store(struct extended *e)
{
	e->avx = have_avx();
	__asm__ volatile(EACH_REGISTER(STORE_XMM) : : "r"(e->xmm) : "memory");
	if (e->avx)
		__asm__ volatile(EACH_REGISTER(STORE_YMM)
				 : : "r"(e->ymm) : "memory");
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1"
			 : "=m"(e->mxcsr), "=m"(e->fcw));
	__asm__ volatile("fld %%st(0)\n\tfstpt %0" : "=m"(e->st0));
}

static void load(struct extended *e)
{
	__asm__ volatile("fninit\n\tfldt %0" : : "m"(e->st0));
	if (e->avx)
		__asm__ volatile(EACH_REGISTER(LOAD_YMM) : : "r"(e->ymm));
	else
		__asm__ volatile(EACH_REGISTER(LOAD_XMM) : : "r"(e->xmm));
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1"
			 : : "m"(e->mxcsr), "m"(e->fcw));
}

/* A pattern of one vCPU's own; xmm is the lower half of ymm. */
static void pattern(struct extended *e, u32 n)
{
	u32 i;

	memset(e, 0, sizeof(*e));
	e->avx = have_avx();
	for (i = 0; i < 16; i++) {
		memset(e->xmm[i], (int)(0x10 + n * 0x20 + i), 16);
		memcpy(e->ymm[i], e->xmm[i], 16);
		memset(e->ymm[i] + 16, (int)(0xf0 - n * 0x20 - i), 16);
	}
	if (!e->avx)
		memset(e->ymm, 0, sizeof(e->ymm));
	/* Rounding by the number; a normal x87 number. */
	e->mxcsr = MXCSR | (n & 3) << 13;
	e->fcw = (u16)(FCW | (n & 3) << 10);
	memset(e->st0, (int)(0x21 + n), 7);
	e->st0[7] = 0x80;
	e->st0[8] = 0xff;
	e->st0[9] = 0x3f;
}

static void check_reset(u32 n)
{
	struct extended e;
	u32 i, j, dirty = 0;

	memset(&e, 0, sizeof(e));
	store(&e);
	for (i = 0; i < 16; i++) {
		for (j = 0; j < 16; j++)
			dirty += e.xmm[i][j] != 0;
		for (j = 0; j < 32; j++)
			dirty += e.ymm[i][j] != 0;
	}
	if (dirty)
		failure("vCPU %u starts with %u bytes of vector registers that are not 0, xmm0 %#lx",
			n, dirty, *(u64 *)e.xmm[0]);
	if (e.mxcsr != MXCSR || e.fcw != FCW)
		failure("vCPU %u starts with MXCSR %#x, FCW %#x", n, e.mxcsr,
			e.fcw);
}

/* --- vCPUs of our own --- */

static volatile u64 watched[MAX_CPUS];
static volatile u32 hits[MAX_CPUS], ready, done;

static bool count(struct regs *r)
{
	if (r->vector != TRAP_DB)
		return false;
	hits[READ_ONCE(vcpu_page()->vcpu_id)]++;
	return true;
}

static u64 fs_base(void)
{
	u64 base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static u64 gs_base(void)
{
	u64 base;

	__asm__ volatile("rdgsbase %0" : "=r"(base));
	return base;
}

static void set_selectors(u32 n)
{
	__asm__ volatile("mov %w0, %%ds\n\tmov %w1, %%es"
			 : : "r"(n & 2 ? RINGLET_USER_DS : 0),
			     "r"((u32)RINGLET_USER_DS));
	__asm__ volatile("mov %w0, %%fs" : : "r"(n & 1 ? RINGLET_USER_DS : 0));
	__asm__ volatile("wrfsbase %0" : : "r"(0x100000UL * (n + 1)));
	__asm__ volatile("wrgsbase %0" : : "r"(0x700000UL * (n + 1)));
}

static void check_selectors(u32 n)
{
	u32 ds, es, fs;

	__asm__ volatile("mov %%ds, %0\n\tmov %%es, %1\n\tmov %%fs, %2"
			 : "=r"(ds), "=r"(es), "=r"(fs));
	if (ds != (n & 2 ? RINGLET_USER_DS : 0) || es != RINGLET_USER_DS ||
	    fs != (n & 1 ? RINGLET_USER_DS : 0))
		failure("vCPU %u: ds %#x es %#x fs %#x after a switch", n, ds,
			es, fs);
	if (fs_base() != 0x100000UL * (n + 1) ||
	    gs_base() != 0x700000UL * (n + 1))
		failure("vCPU %u: FS base %#lx, GS base %#lx after a switch", n,
			fs_base(), gs_base());
}

static void work(u32 n)
{
	struct extended mine, found;
	u32 round, i;

	pattern(&mine, n);
	CHECK_EQ(ringlet_set_debugreg(0, (u64)&watched[n]), 0);
	CHECK_EQ(ringlet_set_debugreg(7, 0x402 | 1UL << 16 | 2UL << 18), 0);
	set_selectors(n);
	for (round = 1; round <= ROUNDS; round++) {
		load(&mine);
		ringlet_yield();
		memset(&found, 0, sizeof(found));
		store(&found);
		if (!found.avx)
			memset(found.ymm, 0, sizeof(found.ymm));
		if (memcmp(&mine, &found, sizeof(mine))) {
			failure("vCPU %u, round %u: xmm0 %#lx, MXCSR %#x, FCW %#x are another's",
				n, round, *(u64 *)found.xmm[0], found.mxcsr,
				found.fcw);
			break;
		}
		check_selectors(n);
		/* Everybody writes all; each has one breakpoint. */
		for (i = 0; i < MAX_CPUS; i++)
			watched[i] = round;
		if (hits[n] != round) {
			failure("vCPU %u, round %u: %u breakpoints", n, round,
				hits[n]);
			break;
		}
	}
	CHECK_EQ(ringlet_set_debugreg(7, 0x400), 0);
}

static void vcpu_main(void *arg)
{
	u32 n = (u32)(u64)arg;
	u64 value = 1;

	check_reset(n);
	CHECK_EQ(ringlet_get_debugreg(7, &value), 0);
	CHECK_EQ(value, 0x400);
	/* A start finds its own memory, not what others watch. */
	watched[0] = 0;
	CHECK_EQ(hits[n], 0);
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	while (ready < guest.vcpus - 1)
		ringlet_yield();
	work(n);
	__atomic_fetch_add(&done, 1, __ATOMIC_SEQ_CST);
}

static void test_vcpus(void)
{
	u32 n;

	trap_hook = count;
	/* Dirty what a new vCPU could inherit. */
	work(0);
	for (n = 1; n < guest.vcpus; n++) {
		hits[n] = 0;
		CHECK_EQ(cpu_start(n, vcpu_main, (void *)(u64)n), 0);
	}
	events_on();
	CHECK(wait_count(&ready, guest.vcpus - 1, 20 * SECOND));
	hits[0] = 0;
	work(0);
	CHECK(wait_count(&done, guest.vcpus - 1, 20 * SECOND));
	events_off();
	trap_hook = NULL;
}

/* --- Another domain --- */

/*
 * At its data page: a round counter, bytes of vector registers that were not 0 at
 * the start, rounds in which they were not its own. It also writes the address at
 * which our breakpoint is.
 */
OTHER_CODE(neighbour,
	   "pxor %xmm15, %xmm15\n\t"		/* all but 15 are looked at */
	   "por %xmm1, %xmm0\n\tpor %xmm2, %xmm0\n\tpor %xmm3, %xmm0\n\t"
	   "por %xmm4, %xmm0\n\tpor %xmm5, %xmm0\n\tpor %xmm6, %xmm0\n\t"
	   "por %xmm7, %xmm0\n\tpor %xmm8, %xmm0\n\tpor %xmm9, %xmm0\n\t"
	   "por %xmm10, %xmm0\n\tpor %xmm11, %xmm0\n\t"
	   "por %xmm12, %xmm0\n\tpor %xmm13, %xmm0\n\t"
	   "por %xmm14, %xmm0\n\t"
	   "movq %xmm0, %rax\n\tmov %rax, 8(%rdi)\n"
	   "1:\tmov (%rdi), %rax\n\t"
	   "movq %rax, %xmm3\n\tmovq %rax, %xmm14\n\t"
	   "mov $2000, %ecx\n"
	   "2:\tpause\n\tdec %ecx\n\tjnz 2b\n\t"
	   "movq %xmm3, %rdx\n\tcmp %rax, %rdx\n\tje 3f\n\t"
	   "incq 16(%rdi)\n"
	   "3:\tmovq %xmm14, %rdx\n\tcmp %rax, %rdx\n\tje 4f\n\t"
	   "incq 16(%rdi)\n"
	   "4:\tincq (%rdi)\n\t"
	   "jmp 1b");

static void test_domain(void)
{
	struct extended mine, found;
	struct other o;
	u64 last = 0, start = now();
	u32 turns = 0;

	if (!guest.control)
		return;
	pattern(&mine, 1);
	load(&mine);
	/* Its data page's address, in our own space. */
	CHECK_EQ(ringlet_set_debugreg(0, 5 << 12), 0);
	CHECK_EQ(ringlet_set_debugreg(7, 0x402 | 3UL << 16 | 2UL << 18), 0);
	if (!other_start(&o, neighbour, (size_t)(neighbour_end - neighbour)))
		return;
	while (turns < 20 && now() - start < 20 * SECOND) {
		load(&mine);
		ringlet_yield();
		memset(&found, 0, sizeof(found));
		store(&found);
		if (!found.avx)
			memset(found.ymm, 0, sizeof(found.ymm));
		if (memcmp(&mine, &found, sizeof(mine))) {
			failure("xmm0 is %#lx after another domain ran",
				*(u64 *)found.xmm[0]);
			break;
		}
		if (o.data[0] == last)
			continue;
		last = o.data[0];
		turns++;
	}
	CHECK_EQ(ringlet_set_debugreg(7, 0x400), 0);
	CHECK_EQ(turns, 20);
	if (o.data[1])
		failure("another domain starts with %#lx in its registers",
			o.data[1]);
	CHECK_EQ(o.data[2], 0);
	CHECK(other_alive(&o));
	other_end(&o);
}

void test_main(void)
{
	check_reset(0);
	test_vcpus();
	test_domain();
}
