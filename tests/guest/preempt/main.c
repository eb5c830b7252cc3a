// SPDX-License-Identifier: GPL-2.0-only
/*
 * preempt: vCPUs that lose their pCPU between any two instructions.
 *
 * All registers are as they were, whoever ran meanwhile; an addition that is one
 * instruction is never lost. With sched=random:SEED on the hypervisor's command line
 * vCPUs are preempted often enough that an addition made of a read and a write, which
 * is the planted fault, gets lost.
 */
#include "guest.h"

const char test_title[] = "registers and races under preemption";

#define SECOND	1000000000UL
#define ROUNDS	4000U
#define WORKERS	3U

static volatile u64 atomic_sum, racy_sum;
static volatile u32 finished, bad_register;

/*
 * Fill every register with what follows from 'seed', wait, and see that they are
 * the same. Returns 0, or the number of the one that is not.
 */
static u64 hold_registers(u64 seed, u64 turns)
{
	__asm__ volatile(
		"push %%rbp\n\tpush %%rcx\n\t"
		"lea 1(%%rax), %%rbx\n\tlea 2(%%rax), %%rdx\n\t"
		"lea 3(%%rax), %%rsi\n\tlea 4(%%rax), %%rdi\n\t"
		"lea 5(%%rax), %%rbp\n\tlea 6(%%rax), %%r8\n\t"
		"lea 7(%%rax), %%r9\n\tlea 8(%%rax), %%r10\n\t"
		"lea 9(%%rax), %%r11\n\tlea 10(%%rax), %%r12\n\t"
		"lea 11(%%rax), %%r13\n\tlea 12(%%rax), %%r14\n\t"
		"lea 13(%%rax), %%r15\n\t"
		"movq %%r15, %%xmm0\n\tmovq %%r14, %%xmm15\n\t"
		"wrfsbase %%rcx\n\t"
		"1: pause\n\tdec %%rcx\n\tjnz 1b\n\t"
		"rdfsbase %%rcx\n\t"
		"sub %%rax, %%rbx\n\tsub %%rax, %%rdx\n\tsub %%rax, %%rsi\n\t"
		"sub %%rax, %%rdi\n\tsub %%rax, %%rbp\n\tsub %%rax, %%r8\n\t"
		"sub %%rax, %%r9\n\tsub %%rax, %%r10\n\tsub %%rax, %%r11\n\t"
		"sub %%rax, %%r12\n\tsub %%rax, %%r13\n\tsub %%rax, %%r14\n\t"
		"cmp $1, %%rbx\n\tmov $1, %%ebx\n\tjne 9f\n\t"
		"cmp $2, %%rdx\n\tmov $2, %%ebx\n\tjne 9f\n\t"
		"cmp $3, %%rsi\n\tmov $3, %%ebx\n\tjne 9f\n\t"
		"cmp $4, %%rdi\n\tmov $4, %%ebx\n\tjne 9f\n\t"
		"cmp $5, %%rbp\n\tmov $5, %%ebx\n\tjne 9f\n\t"
		"cmp $6, %%r8\n\tmov $6, %%ebx\n\tjne 9f\n\t"
		"cmp $7, %%r9\n\tmov $7, %%ebx\n\tjne 9f\n\t"
		"cmp $8, %%r10\n\tmov $8, %%ebx\n\tjne 9f\n\t"
		"cmp $9, %%r11\n\tmov $9, %%ebx\n\tjne 9f\n\t"
		"cmp $10, %%r12\n\tmov $10, %%ebx\n\tjne 9f\n\t"
		"cmp $11, %%r13\n\tmov $11, %%ebx\n\tjne 9f\n\t"
		"cmp $12, %%r14\n\tmov $12, %%ebx\n\tjne 9f\n\t"
		"movq %%xmm0, %%rdx\n\tcmp %%r15, %%rdx\n\t"
		"mov $13, %%ebx\n\tjne 9f\n\t"
		"movq %%xmm15, %%rdx\n\tsub %%rax, %%rdx\n\tcmp $12, %%rdx\n\t"
		"mov $14, %%ebx\n\tjne 9f\n\t"
		"cmp (%%rsp), %%rcx\n\tmov $15, %%ebx\n\tjne 9f\n\t"
		"xor %%ebx, %%ebx\n\t"
		"9: pop %%rcx\n\tpop %%rbp\n\tmov %%rbx, %%rax"
		: "+a"(seed), "+c"(turns)
		:
		: "rbx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
		  "r12", "r13", "r14", "r15", "memory", "cc");
	return seed;
}

static void work(void *arg)
{
	u64 id = (u64)arg, i, j, value, bad;

	for (i = 0; i < ROUNDS; i++) {
		bad = hold_registers(id << 40 | i, 100 + i % 50);
		if (bad)
			bad_register = (u32)bad;
		__atomic_fetch_add(&atomic_sum, 1, __ATOMIC_RELAXED);
		value = racy_sum;
		/* As long as the registers are held: half of all preemptions. */
		for (j = 0; j < 100; j++)
			__asm__ volatile("pause");
		racy_sum = value + 1;
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

void test_main(void)
{
	u64 start = now(), i;

	for (i = 1; i <= WORKERS; i++)
		CHECK_EQ(cpu_start((u32)i, work, (void *)i), 0);
	while (READ_ONCE(finished) < WORKERS && now() - start < 40 * SECOND)
		ringlet_yield();
	CHECK_EQ(finished, WORKERS);
	CHECK_EQ(atomic_sum, WORKERS * ROUNDS);
	if (bad_register)
		failure("register %u has changed", bad_register);
	printk("additions lost: %lu of %u, in %lu ms\n", WORKERS * ROUNDS - racy_sum,
	       WORKERS * ROUNDS, (now() - start) / 1000000);
	if (racy_sum == WORKERS * ROUNDS)
		failure("no vCPU was preempted between a read and a write");
}
