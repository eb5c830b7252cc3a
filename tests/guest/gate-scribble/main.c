// SPDX-License-Identifier: GPL-2.0-only
/*
 * gate-scribble: one vCPU writes all over slot 256 and runs its every byte,
 * while the other one works.
 *
 * Ring 1 is a supervisor for the MMU, so it may read, write and execute what the
 * gate has mapped so. What is writable there (entry stacks, the vCPU page) must
 * be this pCPU's own and hold nothing that the gate trusts; descriptor tables
 * must be read-only; gate text must do nothing for a caller that did not come
 * through the CPU. If a rule is broken, the other vCPU crashes, or the machine.
 */
#include "guest.h"

const char test_title[] = "scribbling over the gate";

#define GATE		RINGLET_HV_START
#define GATE_SIZE	LARGE_SIZE
#define TEXT_SIZE	0x10000UL
/* Gate text may push without end (it fills the RSB): nothing lies below. */
#define STACK		0x0000018000001000UL
#define SECOND		1000000000UL

static u32 loops, strays;
/* The gate's pages that can be written, but for the vCPU page. */
static volatile u64 *stacks[16];
static u32 writable;
static volatile u32 stop, other_rounds, other_bad, other_stopped;

/* Write every eighth byte of a page, if it can be written. */
static u32 scribble(u64 page, u64 value)
{
	u64 at;

	if (page == RINGLET_VCPU_PAGE)
		return 0;
	for (at = page; at < page + PAGE_SIZE; at += 8)
		if (!try_write(at, value))
			return 0;
	return 1;
}

/* What is in the vCPU page can be lied about, as far as the page goes. */
static void scribble_vcpu_page(u64 value)
{
	struct ringlet_vcpu_page *page = vcpu_page();
	u64 *p = (u64 *)page, i;

	for (i = __builtin_offsetof(struct ringlet_vcpu_page, hints) / 8; i < PAGE_SIZE / 8; i++)
		WRITE_ONCE(p[i], value);
	WRITE_ONCE(page->user_gs_base, value);
	WRITE_ONCE(page->user_rip, value);
	WRITE_ONCE(page->user_rsp, value);
	WRITE_ONCE(page->user_rflags, value);
	WRITE_ONCE(page->cr2, value);
	WRITE_ONCE(page->evtchn_sel, value);
	WRITE_ONCE(page->hint_count, (u32)value);
	ringlet_yield();
	WRITE_ONCE(page->user_gs_base, 0);
}

/*
 * Run gate text. No register but RAX and RSP points anywhere, as what runs may
 * write there; and no frame is left on the gate's stacks, as gate text may return
 * through one, to where this guest has been before.
 */
static void jump_to(void *arg)
{
	volatile u64 *p;
	u32 i;

	for (i = 0; i < writable; i++)
		for (p = stacks[i]; p < stacks[i] + PAGE_SIZE / 8; p++)
			*p = 0;
	__asm__ volatile("mov %1, %%rsp\n\t"
			 "xor %%ebx, %%ebx\n\txor %%ecx, %%ecx\n\t"
			 "xor %%edx, %%edx\n\txor %%esi, %%esi\n\t"
			 "xor %%edi, %%edi\n\txor %%ebp, %%ebp\n\t"
			 "xor %%r8d, %%r8d\n\txor %%r9d, %%r9d\n\t"
			 "xor %%r10d, %%r10d\n\txor %%r11d, %%r11d\n\t"
			 "xor %%r12d, %%r12d\n\txor %%r13d, %%r13d\n\t"
			 "xor %%r14d, %%r14d\n\txor %%r15d, %%r15d\n\t"
			 "jmp *%0"
			 : : "a"(arg), "r"(STACK + PAGE_SIZE / 2) : "memory");
}

/*
 * What lies below the image is not needed. It must not be there when code jumps
 * to 0 or writes there: zeros are code too, which leads on to the image. The shared
 * page of domain 0 may be there; around it there is nothing but the hypervisor's.
 */
static void unmap_below_image(void)
{
	u64 va, end = (u64)guest_start & ~(LARGE_SIZE - 1), *entry;
	u64 keep = (u64)guest.shared & ~(LARGE_SIZE - 1);

	for (va = 0; va < end; va += LARGE_SIZE) {
		entry = va == keep ? NULL : pte_of(guest.root, va, 2);
		if (entry)
			WRITE_ONCE(*entry, 0);
	}
	flush(guest.root, 0, end, 0);
}

/*
 * Code of the gate that was jumped into may loop; the timer ends that. (Where no
 * upcall can be pushed, a double fault does.) On a slow machine it may come before
 * the jump: then it is set again.
 */
static void do_ud2(void)
{
	__asm__ volatile("ud2");
}

static bool end_loop(struct regs *r)
{
	if (r->vector != VECTOR_EVENT || !this_cpu()->recover_sp)
		return false;
	event_upcall();
	if (r->rip >= GATE && r->rip < GATE + GATE_SIZE) {
		loops++;
		r->rip = (u64)do_ud2;
	} else if (++strays < 100) {
		ringlet_set_timer(now() + 20000000);
	} else {
		failure("a jump into gate text led to %#lx", r->rip);
		finish();
	}
	return true;
}

/*
 * Run gate text from each byte. The hypercall page is left out: its SYSCALLs are
 * what it is for (a stray SYSCALL elsewhere would rightly end the domain, and
 * is not in gate text, as the bytes are checked for it).
 */
static void run_text(void)
{
	s64 port = ringlet_evtchn_bind_virq(RINGLET_VIRQ_TIMER, 0);
	u64 at, came = 0;
	const volatile u8 *p;
	void *stack = page_alloc();

	CHECK(port > 0);
	port_unmask((u32)port);
	map_page(guest.root, STACK, (u64)stack, PTE_P | PTE_W | PTE_NX);
	trap_hook = end_loop;
	unmap_below_image();

	for (at = GATE + PAGE_SIZE; at < GATE + TEXT_SIZE; at++) {
		p = (const volatile u8 *)at;
		if ((at & (PAGE_SIZE - 1)) == 0) {
			u64 value;

			if (!try_read(at, &value)) {
				at += PAGE_SIZE - 1;
				continue;
			}
		}
		/* INT3 and UD2 are filling. */
		if (*p == 0xcc)
			continue;
		/* Pieces of old frames would be popped, into rsp for one, and
		 * the next frame lie on what probe() has saved. */
		memset(stack, 0, PAGE_SIZE);
		strays = 0;
		CHECK_EQ(ringlet_set_timer(now() + 20000000), 0);
		WRITE_ONCE(vcpu_page()->vif, 1);
		came += probe(jump_to, (void *)at);
		if (ringlet_abi_version() != RINGLET_ABI_VERSION)
			failure("after a jump to %#lx hypercalls are broken",
				at);
	}
	trap_hook = NULL;
	events_off();
	ringlet_set_timer(0);
	printk("%lu jumps into gate text ended in an exception, %u of them in a loop\n",
	       came, loops);
}

static void other_main(void *arg)
{
	u64 page = (u64)page_alloc(), va = 0x0000018010000000, value;

	(void)arg;
	while (!stop) {
		map_page(guest.root, va, page, PTE_P | PTE_W);
		*(volatile u64 *)page = other_rounds;
		if (!try_read(va, &value) || value != other_rounds)
			other_bad = 1;
		*pte_of(guest.root, va, 1) = 0;
		flush(guest.root, va, PAGE_SIZE, 0);
		if (try_read(va, &value))
			other_bad = 1;
		other_rounds++;
	}
	other_stopped = 1;
}

void test_main(void)
{
	static const u64 values[] = {
		0, ~0UL, 0x4141414141414141, 0x0000800000000000,
		RINGLET_HYPERCALL_PAGE, 0x0000000000003202,
	};
	u64 page, value;
	u32 i, rounds;

	if (guest.vcpus > 1)
		CHECK_EQ(cpu_start(1, other_main, NULL), 0);
	else
		printk("one vCPU only: nobody works meanwhile\n");

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		writable = 0;
		for (page = GATE; page < GATE + GATE_SIZE; page += PAGE_SIZE)
			if (scribble(page, values[i]) &&
			    writable < ARRAY_SIZE(stacks))
				stacks[writable++] = (volatile u64 *)page;
		scribble_vcpu_page(values[i]);
		CHECK_EQ(ringlet_abi_version(), RINGLET_ABI_VERSION);
		rounds = other_rounds;
		if (guest.vcpus > 1)
			CHECK(wait_count(&other_rounds, rounds + 1,
					 10 * SECOND));
	}
	printk("%u pages of the gate can be written\n", writable);

	/* Text and tables are not among them. */
	for (page = GATE; page < GATE + TEXT_SIZE + 5 * PAGE_SIZE;
	     page += PAGE_SIZE)
		if (try_write(page + 0x10, 0))
			failure("gate page %#lx can be written", page);
	/* The rest of the hypervisor's slots is not there at all. */
	for (i = 257; i < 272; i++)
		if (try_read(0xffff000000000000 | (u64)i << 39, &value))
			failure("slot %u can be read", i);

	run_text();
	stop = 1;
	if (guest.vcpus > 1) {
		CHECK(wait_count(&other_stopped, 1, 10 * SECOND));
		CHECK(other_rounds != 0);
		CHECK(!other_bad);
	}
}
