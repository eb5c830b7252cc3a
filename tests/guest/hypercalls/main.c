// SPDX-License-Identifier: GPL-2.0-only
/*
 * hypercalls: each call refuses what docs/hypercalls.md says it refuses.
 *
 * A hypercall is the widest door into the hypervisor. A number beyond the table,
 * a 32-bit argument with high bits, an index beyond its array or an address in
 * the hypervisor's slots must come back as the written errno, without effect:
 * an implementation that truncates, or commits before it has checked all, is
 * how guests get at memory that is not theirs. Registers that the ABI does not
 * name as lost must survive.
 */
#include "guest.h"

const char test_title[] = "hypercalls and their errors";

#define HV_ADDRESS	0xffff800000001000UL
#define NOT_CANONICAL	0x0000800000000000UL

static s64 call(u64 nr, u64 a0, u64 a1, u64 a2, u64 a3)
{
	register u64 r10 __asm__("r10") = a3;
	s64 ret;

	__asm__ volatile(RINGLET_CALL_INSN
			 : "=a"(ret)
			 : "0"(nr), "D"(a0), "S"(a1), "d"(a2), "r"(r10)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

#define EXPECT(nr, a0, a1, a2, want) \
	CHECK_EQ(call(RINGLET_HC_##nr, a0, a1, a2, 0), want)

static void test_numbers(void)
{
	CHECK_EQ(call(RINGLET_NR_HYPERCALLS, 0, 0, 0, 0), -RINGLET_ENOSYS);
	CHECK_EQ(call(0x7fffffff, 0, 0, 0, 0), -RINGLET_ENOSYS);
	CHECK_EQ(call(~0UL, 0, 0, 0, 0), -RINGLET_ENOSYS);
	/* The number is 64 bits: this is not call 0. */
	CHECK_EQ(call(1UL << 32, 0, 0, 0, 0), -RINGLET_ENOSYS);
	CHECK_EQ(ringlet_abi_features() & ~(s64)RINGLET_FEATURES, 0);
}

static void test_narrow(void)
{
	u64 high = 1UL << 32;

	EXPECT(set_trap_table, 0, high, 0, -RINGLET_EINVAL);
	EXPECT(load_gs, high, 0, 0, -RINGLET_EINVAL);
	EXPECT(set_cpunode, high, 0, 0, -RINGLET_EINVAL);
	EXPECT(shutdown, high, 0, 0, -RINGLET_EINVAL);
	EXPECT(evtchn_send, high | 1, 0, 0, -RINGLET_EINVAL);
	EXPECT(vcpu_is_up, high, 0, 0, -RINGLET_EINVAL);
}

static void test_handlers(void)
{
	struct ringlet_trap t = { .vector = 32, .address = 0 };
	struct ringlet_entries e = { .syscall = HV_ADDRESS };

	CHECK_EQ(ringlet_set_trap_table(&t, 1), -RINGLET_EINVAL);
	t.vector = 0xffffffff;
	CHECK_EQ(ringlet_set_trap_table(&t, 1), -RINGLET_EINVAL);
	t.vector = 1;
	t.reserved = 1;
	CHECK_EQ(ringlet_set_trap_table(&t, 1), -RINGLET_EINVAL);
	t.reserved = 0;
	t.address = HV_ADDRESS;
	CHECK_EQ(ringlet_set_trap_table(&t, 1), -RINGLET_EINVAL);
	t.address = NOT_CANONICAL;
	CHECK_EQ(ringlet_set_trap_table(&t, 1), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_trap_table(&t, 34), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_trap_table(&t, 0), 0);

	CHECK_EQ(ringlet_set_entries(&e), -RINGLET_EINVAL);
	e.syscall = 0;
	e.event = NOT_CANONICAL;
	CHECK_EQ(ringlet_set_entries(&e), -RINGLET_EINVAL);
	e.event = 0;
	e.reserved[1] = 1;
	CHECK_EQ(ringlet_set_entries(&e), -RINGLET_EINVAL);

	CHECK_EQ(ringlet_set_df_stack(HV_ADDRESS), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_df_stack(NOT_CANONICAL), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_kernel_gs(HV_ADDRESS), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_kernel_gs(NOT_CANONICAL), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_kernel_gs(RINGLET_COMMON_START), 0);
}

static void test_roots(void)
{
	u64 beyond = 1UL << 50;

	CHECK_EQ(ringlet_load_root(guest.root + 8), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_load_root(beyond), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_load_root((u64)guest.time), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_kernel_root(guest.root + 1), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_kernel_root(beyond), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_root_dying(guest.root + 1), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_root_destroy(guest.root + 1), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_root_destroy(guest.root), -RINGLET_EBUSY);
	CHECK_EQ(ringlet_root_destroy(0x7000), 0);
	CHECK_EQ(ringlet_flush(guest.root, 1, 0x1000, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_flush(guest.root, 0, 0x1001, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_flush(guest.root, 0x2000, 0x1000, 0),
		 -RINGLET_EINVAL);
	CHECK_EQ(ringlet_flush(guest.root, 0, 0x1000, 4), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_flush(guest.root, 0, 0, 0), 0);
	CHECK_EQ(ringlet_load_root(guest.root), 0);
}

static void test_cpu_state(void)
{
	u64 value;

	/* Code segment; DPL 0; 64-bit code; system descriptor. */
	CHECK_EQ(ringlet_set_tls(0x00cffa000000ffff, 0, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_tls(0, 0x00cf92000000ffff, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_tls(0, 0, 0x00affa000000ffff), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_tls(0x0000e90000000067, 0, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_tls(0x00cff2000000ffff, 0, 0), 0);
	CHECK_EQ(ringlet_set_tls(0, 0, 0), 0);
	CHECK_EQ(ringlet_load_gs(RINGLET_KERNEL_DS), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_load_gs(RINGLET_USER_CS), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_load_gs(0x10000), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_load_gs(0), 0);
	CHECK_EQ(ringlet_set_cpunode(0x100000), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_debugreg(4, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_debugreg(0, HV_ADDRESS), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_debugreg(3, NOT_CANONICAL), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_debugreg(7, 1 << 13), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_set_debugreg(0, 0x1234), 0);
	CHECK_EQ(ringlet_get_debugreg(0, &value), 0);
	CHECK_EQ(value, 0x1234);
	CHECK_EQ(ringlet_get_debugreg(5, &value), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_rdmsr(0xdeadbeef, &value), -RINGLET_EIO);
	CHECK_EQ(ringlet_wrmsr(0xdeadbeef, 0), -RINGLET_EIO);
}

static void test_vcpus(void)
{
	struct ringlet_vcpu_context c;

	memset(&c, 0, sizeof(c));
	CHECK_EQ(ringlet_vcpu_is_up(0), 1);
	CHECK_EQ(ringlet_vcpu_is_up(guest.vcpus), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_vcpu_is_up(0xffffffff), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_vcpu_boot(guest.vcpus, &c), -RINGLET_ENOENT);
	CHECK_EQ(ringlet_vcpu_boot(0, &c), -RINGLET_EEXIST);
	if (guest.vcpus < 2)
		return;
	c.root = guest.root;
	c.rip = NOT_CANONICAL;
	CHECK_EQ(ringlet_vcpu_boot(1, &c), -RINGLET_EINVAL);
	c.rip = HV_ADDRESS;
	CHECK_EQ(ringlet_vcpu_boot(1, &c), -RINGLET_EINVAL);
	c.rip = 0x1000;
	c.root++;
	CHECK_EQ(ringlet_vcpu_boot(1, &c), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_vcpu_is_up(1), 0);
}

/* What only the control domain may, a domU may not. */
static void test_permissions(void)
{
	struct ringlet_affinity a = { .hard = { 1 } };

	if (guest.control)
		return;
	CHECK_EQ(ringlet_domctl_pause(1), -RINGLET_EPERM);
	CHECK_EQ(ringlet_domctl_destroy(0), -RINGLET_EPERM);
	CHECK_EQ(ringlet_domctl_set_weight(guest.domid, 1), -RINGLET_EPERM);
	CHECK_EQ(ringlet_domctl_set_cap(guest.domid, 0), -RINGLET_EPERM);
	CHECK_EQ(ringlet_domctl_set_affinity(guest.domid, 0, &a),
		 -RINGLET_EPERM);
	CHECK_EQ(ringlet_domctl_get_affinity(guest.domid, 0, &a),
		 -RINGLET_EPERM);
	CHECK_EQ(ringlet_sysctl_reboot(), -RINGLET_EPERM);
	CHECK_EQ(ringlet_pirq_map_gsi(4, 0), -RINGLET_EPERM);
	CHECK_EQ(ringlet_evtchn_alloc(0, guest.domid), -RINGLET_EPERM);
	CHECK_EQ(ringlet_evtchn_bind_virq(RINGLET_VIRQ_DOMAIN, 0),
		 -RINGLET_EPERM);
	CHECK_EQ(ringlet_evtchn_bind_virq(RINGLET_VIRQ_DOMAIN_CONSOLE, 0),
		 -RINGLET_EPERM);
	printk("Done: calls of the control domain\n");
}

static void test_shares(void)
{
	struct ringlet_domain_info d;
	u32 id = guest.domid;

	CHECK_EQ(ringlet_domctl_set_weight(0x7fff, 256), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_set_weight(id, 0), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_weight(id, 65536), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_weight(id, 65535), 0);
	CHECK_EQ(ringlet_domctl_set_cap(0x7fff, 0), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_set_cap(id, 100 * guest.vcpus + 1),
		 -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_cap(id, 0xffffffff), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_cap(id, 50), 0);
	CHECK_EQ(ringlet_domctl_info(id, &d), id);
	CHECK_EQ(d.weight, 65535);
	CHECK_EQ(d.cap, 50);
	CHECK_EQ(ringlet_domctl_set_weight(id, 256), 0);
	CHECK_EQ(ringlet_domctl_set_cap(id, 0), 0);
}

static void test_affinity(void)
{
	struct ringlet_affinity a = { .hard = { 0, ~0UL, ~0UL, ~0UL } };
	struct ringlet_affinity was;
	struct ringlet_vcpu_info info;
	u32 id = guest.domid;

	CHECK_EQ(ringlet_domctl_vcpu_info(0x7fff, 0, &info), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_vcpu_info(id, guest.vcpus, &info),
		 -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_vcpu_info(id, 0, &info), 0);
	CHECK(info.online && info.running && info.time_running);
	CHECK_EQ(ringlet_domctl_get_affinity(0x7fff, 0, &a), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_get_affinity(id, guest.vcpus, &a),
		 -RINGLET_ENOENT);
	CHECK_EQ(ringlet_domctl_set_affinity(0x7fff, 0, &a), -RINGLET_ESRCH);
	CHECK_EQ(ringlet_domctl_set_affinity(id, guest.vcpus, &a),
		 -RINGLET_ENOENT);
	/* No pCPU; none that exists. */
	CHECK_EQ(ringlet_domctl_set_affinity(id, 0, &a), -RINGLET_EINVAL);
	a.hard[0] = 1UL << 40;
	CHECK_EQ(ringlet_domctl_set_affinity(id, 0, &a), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_domctl_set_affinity(id, 0, (void *)HV_ADDRESS),
		 -RINGLET_EFAULT);
	/* At first it may be anywhere. */
	CHECK_EQ(ringlet_domctl_get_affinity(id, 0, &was), 0);
	CHECK(was.hard[0] & 1);
	CHECK_EQ(was.hard[0], was.soft[0]);
	CHECK_EQ(was.hard[1], 0);
	/* From one pCPU to the other, if there are two, while it runs. */
	for (a.hard[0] = 1; a.hard[0] & was.hard[0]; a.hard[0] <<= 1) {
		struct ringlet_affinity now;

		a.soft[0] = 1;
		CHECK_EQ(ringlet_domctl_set_affinity(id, 0, &a), 0);
		CHECK_EQ(ringlet_domctl_get_affinity(id, 0, &now), 0);
		CHECK_EQ(now.hard[0], a.hard[0]);
		CHECK_EQ(now.soft[0], 1);
		CHECK_EQ(ringlet_domctl_vcpu_info(id, 0, &info), 0);
		CHECK_EQ(1UL << info.pcpu, a.hard[0]);
	}
	CHECK_EQ(ringlet_domctl_set_affinity(id, 0, &was), 0);
}

static void test_multicall(void)
{
	struct ringlet_multicall m[5] = {
		{ .nr = RINGLET_HC_abi_version },
		{ .nr = RINGLET_HC_multicall },
		{ .nr = RINGLET_HC_block },
		{ .nr = RINGLET_HC_vcpu_is_up, .args = { 0 } },
		{ .nr = RINGLET_HC_vcpu_wait },
	};

	CHECK_EQ(ringlet_multicall(m, 5), 0);
	CHECK_EQ(m[0].ret, RINGLET_ABI_VERSION);
	CHECK_EQ(m[1].ret, -RINGLET_EINVAL);
	CHECK_EQ(m[2].ret, -RINGLET_EINVAL);
	CHECK_EQ(m[3].ret, 1);
	CHECK_EQ(m[4].ret, -RINGLET_EINVAL);
	CHECK_EQ(ringlet_multicall(m, 65), -RINGLET_EINVAL);
	CHECK_EQ(ringlet_multicall(m, 0), 0);
}

/* All registers but rax, rcx and r11 are as before. */
static void test_registers(void)
{
	u64 in[12], out[12];
	u32 i;

	for (i = 0; i < 12; i++)
		in[i] = 0x1111111111111111UL * (i + 1);
	__asm__ volatile(
		"push %%rbp\n\tpush %%rbx\n\t"
		"mov %[out], %%rax\n\tpush %%rax\n\t"
		"mov %[in], %%rax\n\t"
		"mov 0(%%rax), %%rbx\n\tmov 8(%%rax), %%rdx\n\t"
		"mov 16(%%rax), %%rsi\n\tmov 24(%%rax), %%rdi\n\t"
		"mov 32(%%rax), %%rbp\n\tmov 40(%%rax), %%r8\n\t"
		"mov 48(%%rax), %%r9\n\tmov 56(%%rax), %%r10\n\t"
		"mov 64(%%rax), %%r12\n\tmov 72(%%rax), %%r13\n\t"
		"mov 80(%%rax), %%r14\n\tmov 88(%%rax), %%r15\n\t"
		"xor %%eax, %%eax\n\t"
		"movabs $0xffff800000000000, %%rcx\n\tcall *%%rcx\n\t"
		"pop %%rax\n\t"
		"mov %%rbx, 0(%%rax)\n\tmov %%rdx, 8(%%rax)\n\t"
		"mov %%rsi, 16(%%rax)\n\tmov %%rdi, 24(%%rax)\n\t"
		"mov %%rbp, 32(%%rax)\n\tmov %%r8, 40(%%rax)\n\t"
		"mov %%r9, 48(%%rax)\n\tmov %%r10, 56(%%rax)\n\t"
		"mov %%r12, 64(%%rax)\n\tmov %%r13, 72(%%rax)\n\t"
		"mov %%r14, 80(%%rax)\n\tmov %%r15, 88(%%rax)\n\t"
		"pop %%rbx\n\tpop %%rbp"
		: : [in] "c"(in), [out] "a"(out)
		: "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
		  "r14", "r15", "memory", "cc");
	for (i = 0; i < 12; i++)
		if (out[i] != in[i])
			failure("register %u of the list became %#lx", i,
				out[i]);
}

void test_main(void)
{
	test_numbers();
	test_narrow();
	test_handlers();
	test_roots();
	test_cpu_state();
	test_vcpus();
	test_permissions();
	if (guest.control) {
		test_shares();
		test_affinity();
	}
	test_multicall();
	test_registers();
}
