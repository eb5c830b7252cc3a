// SPDX-License-Identifier: GPL-2.0-only
/* Exceptions: handlers, expected ones, and the way into ring 3. */
#include "guest.h"

struct cpu cpus[MAX_CPUS];
bool (*trap_hook)(struct regs *regs);
u8 user_data[USER_DATA_SIZE] __page_aligned;

extern const u8 trap_stubs[], event_entry[], syscall_entry[], recover[];
bool probe_call(void (*fn)(void *arg), void *arg, u64 *save);
bool enter_regs(struct regs *regs, u64 *save);
void trap_dispatch(struct regs *regs);

void traps_init(void)
{
	struct ringlet_trap traps[33];
	struct ringlet_entries entries = {
		.syscall = (u64)syscall_entry,
		.event = (u64)event_entry,
	};
	struct cpu *cpu = this_cpu();
	u32 i;

	for (i = 0; i < 33; i++) {
		traps[i].vector = i == 32 ? RINGLET_TRAP_INT80 : i;
		traps[i].reserved = 0;
		traps[i].address = (u64)trap_stubs + 16 * i;
	}
	if (ringlet_set_trap_table(traps, 33) ||
	    ringlet_set_entries(&entries) ||
	    ringlet_set_df_stack((u64)cpu->df_stack + sizeof(cpu->df_stack)))
		failure("cannot register handlers");
	vcpu_page()->kernel_sp = (u64)cpu->kernel_stack +
				 sizeof(cpu->kernel_stack);
}

static void unexpected(const struct regs *r)
{
	failure("exception %lu, error %#lx, at %#lx:%#lx, rflags %#lx, stack %#lx:%#lx, cr2 %#lx, frame at %#lx",
		r->vector, r->error, r->cs, r->rip, r->rflags, r->ss, r->rsp,
		vcpu_page()->cr2, (u64)r);
	finish();
}

/*
 * A fault of ring 3 on a page that the tables map, as the cache did not have it:
 * docs/abi.md, Exceptions. It is repeated if it was more than that.
 */
static bool only_uncached(const struct regs *r)
{
	return r->vector == TRAP_PF && (r->cs & 3) == 3 && !(r->error & PF_P) &&
	       page_present(guest.root, vcpu_page()->cr2);
}

void trap_dispatch(struct regs *r)
{
	struct cpu *cpu = this_cpu();

	if (trap_hook && trap_hook(r))
		return;
	if (only_uncached(r))
		return;
	if (r->vector == VECTOR_EVENT) {
		event_upcall();
		return;
	}
	if (!cpu->recover_sp)
		unexpected(r);
	cpu->trap = *r;
	cpu->trap_cr2 = vcpu_page()->cr2;
	cpu->trap_dr6 = vcpu_page()->dr6;
	cpu->trap_frame = (u64)r;
	r->cs = RINGLET_KERNEL_CS;
	r->ss = RINGLET_KERNEL_DS;
	r->rip = (u64)recover;
	r->rsp = cpu->recover_sp;
	r->rflags = 2;
	cpu->recover_sp = 0;
}

bool probe(void (*fn)(void *arg), void *arg)
{
	struct cpu *cpu = this_cpu();
	bool came;

	came = probe_call(fn, arg, &cpu->recover_sp);
	cpu->recover_sp = 0;
	return came;
}

const struct regs *run_regs(const struct regs *regs)
{
	struct cpu *cpu = this_cpu();
	struct regs *copy;

	copy = (struct regs *)(cpu->iret_stack + sizeof(cpu->iret_stack) -
			       sizeof(*copy) - 64);
	*copy = *regs;
	vcpu_page()->vif = 0;
	enter_regs(copy, &cpu->recover_sp);
	return &cpu->trap;
}

u64 user_address(const void *code)
{
	return USER_TEXT + (u64)((const u8 *)code - user_start);
}

void user_regs(struct regs *regs, const void *code)
{
	memset(regs, 0, sizeof(*regs));
	regs->rip = user_address(code);
	regs->cs = RINGLET_USER_CS;
	regs->ss = RINGLET_USER_DS;
	regs->rflags = 0x202;
	regs->rsp = USER_STACK_TOP;
}

const struct regs *run_user(const void *code, u64 rdi)
{
	struct regs regs;

	user_regs(&regs, code);
	regs.rdi = rdi;
	return run_regs(&regs);
}
