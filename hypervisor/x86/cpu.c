// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processor features and control registers.
 *
 * head.S has already refused CPUs without long mode, NX, FSGSBASE or XSAVE,
 * before anything here could run.
 */
#include "x86/cpu.h"

#include "machine.h"

#include "panic.h"
#include "printk.h"

struct cpu_info cpu_info;
struct cpu_features cpu_has;

/* RDSEED fails when it is asked too fast, RDRAND hardly ever. */
#define RANDOM_TRIES 100

/* State components 0-2 and 5-7: x87, SSE, AVX, AVX-512. */
#define XCR0_WANTED	0xe7UL

static void copy_regs(char *to, const u32 *regs, u32 nr)
{
	memcpy(to, regs, nr * sizeof(*regs));
}

static void identify_names(void)
{
	struct cpuid_regs r = cpuid(0, 0);
	u32 vendor[3] = { r.ebx, r.edx, r.ecx };
	const char *skip;
	u32 i;

	copy_regs(cpu_info.vendor, vendor, 3);
	if (cpuid(0x80000000, 0).eax < 0x80000004)
		return;
	for (i = 0; i < 3; i++) {
		r = cpuid(0x80000002 + i, 0);
		copy_regs(cpu_info.model + i * 16, &r.eax, 4);
	}
	for (skip = cpu_info.model; *skip == ' '; skip++)
		;
	memmove(cpu_info.model, skip, strlen(skip) + 1);
}

/*
 * CPUs read supervisor memory from user mode unless they say they do not
 * (RDCL_NO, IA32_ARCH_CAPABILITIES bit 0) or are AMD's or Hygon's.
 */
static bool has_meltdown(const struct cpuid_regs *leaf7)
{
	if (!memcmp(cpu_info.vendor, "AuthenticAMD", 12) ||
	    !memcmp(cpu_info.vendor, "HygonGenuine", 12))
		return false;
	return !(leaf7->edx & 1U << 29) || !(rdmsr(MSR_ARCH_CAPABILITIES) & 1);
}

void cpu_identify(void)
{
	struct cpuid_regs leaf1 = cpuid(1, 0);
	struct cpuid_regs leaf7 = cpuid(7, 0);
	struct cpuid_regs sizes = cpuid(0x80000008, 0);
	struct cpuid_regs xsave = cpuid(0xd, 0);

	identify_names();
	cpu_info.signature = leaf1.eax;
	cpu_info.phys_bits = MIN(sizes.eax & 0xff, 52U);
	cpu_info.phys_mask = ((1UL << cpu_info.phys_bits) - 1) & PAGE_MASK;
	cpu_has.pcid = leaf1.ecx & 1U << 17;
	cpu_has.smep = leaf7.ebx & 1U << 7;
	cpu_has.rdrand = leaf1.ecx & 1U << 30;
	cpu_has.rdseed = leaf7.ebx & 1U << 18;
	cpu_has.ibpb = leaf7.edx & 1U << 26 || sizes.ebx & 1U << 12;
	cpu_has.md_clear = leaf7.edx & 1U << 10;
	cpu_has.rdtscp = cpuid(0x80000001, 0).edx & 1U << 27;
	cpu_has.invariant_tsc = cpuid(0x80000000, 0).eax >= 0x80000007 &&
		cpuid(0x80000007, 0).edx & 1U << 8;
	cpu_has.meltdown = has_meltdown(&leaf7);
	cpu_info.xcr0 = ((u64)xsave.edx << 32 | xsave.eax) & XCR0_WANTED;
	/* AVX-512 is all three components, on top of AVX (SDM volume 1, 13.3) */
	if ((cpu_info.xcr0 & 0xe4) != 0xe4)
		cpu_info.xcr0 &= 7;
	if ((cpu_info.xcr0 & 3) != 3)
		boot_failure("CPUID.D says that XSAVE cannot save x87 and SSE state (0x%x); use another CPU",
			     xsave.eax);
}

void cpu_init(void)
{
	u64 cr4 = CR4_PAE | CR4_MCE | CR4_FSGSBASE | CR4_OSFXSR |
		CR4_OSXMMEXCPT | CR4_OSXSAVE;

	if (cpuid(1, 0).eax != cpu_info.signature)
		log_warning("this CPU is of another model (0x%x) than the boot CPU (0x%x)",
			    cpuid(1, 0).eax, cpu_info.signature);
	if (!(cpuid(7, 0).ebx & 1) ||
	    (cpuid(0xd, 0).eax & cpu_info.xcr0) != cpu_info.xcr0)
		boot_failure("a CPU lacks features that the boot CPU has; use maxcpus= to leave it out");
	if (cpu_has.smep)
		cr4 |= CR4_SMEP;
	write_cr0(CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
	write_cr4(cr4);
	wrmsr(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
	wrmsr(MSR_PAT, PAT_VALUE);
	xsetbv(0, cpu_info.xcr0);
	cpu_info.xsave_size = cpuid(0xd, 0).ebx;
}

void machine_cpu_model(char *buf, size_t size)
{
	snprintf(buf, size, "%s", cpu_info.model);
}

/* SDM volume 1, 7.3.17: carry says that there is a number. */
static bool random_number(u64 *n)
{
	bool ok = false;
	u32 i;

	for (i = 0; cpu_has.rdseed && !ok && i < RANDOM_TRIES; i++)
		__asm__ volatile("rdseed %0\n\tsetc %1\n\tpause"
				 : "=r"(*n), "=qm"(ok) : : "cc");
	for (i = 0; cpu_has.rdrand && !ok && i < RANDOM_TRIES; i++)
		__asm__ volatile("rdrand %0\n\tsetc %1"
				 : "=r"(*n), "=qm"(ok) : : "cc");
	/* Some of AMD's say so and deliver ones only. */
	return ok && *n != ~0UL;
}

bool machine_random(void *buf, size_t size)
{
	u64 *n = buf;

	for (; size; size -= sizeof(*n))
		if (!random_number(n++))
			return false;
	return true;
}

u32 xsave_order(void)
{
	u32 order = 0;

	while ((PAGE_SIZE << order) < cpu_info.xsave_size)
		order++;
	return order;
}

void xsave_init(void *area)
{
	memset(area, 0, cpu_info.xsave_size);
	*(u16 *)area = 0x37f;			/* FCW */
	*(u32 *)((u8 *)area + 24) = 0x1f80;	/* MXCSR */
}
