// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU that a guest kernel sees: the real one, less what ring 1 cannot use,
 * what the hypervisor keeps for itself, and what it does not switch.
 */
#include "cpuid.h"
#include "cpu.h"
#include "domain.h"

#define BIT(n) (1U << (n))

/* Leaf 1 ECX: MONITOR, DTES64, DS-CPL, VMX, SMX, EIST, TM2, SDBG, xTPR, PDCM,
 * PCID, DCA, x2APIC, TSC deadline. */
#define LEAF1_ECX_HIDDEN (BIT(3) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | \
	BIT(8) | BIT(11) | BIT(14) | BIT(15) | BIT(17) | BIT(18) | BIT(21) | \
	BIT(24))
#define LEAF1_ECX_HYPERVISOR BIT(31)
/* Leaf 1 EDX: VME, DE, MCE, MTRR, MCA, PSE-36, PSN, DS, ACPI, TM, PBE; SEP. */
#define LEAF1_EDX_HIDDEN (BIT(1) | BIT(2) | BIT(7) | BIT(11) | BIT(12) | \
	BIT(14) | BIT(17) | BIT(18) | BIT(21) | BIT(22) | BIT(29) | BIT(31))
/* Leaf 7: TSC_ADJUST, SGX, INVPCID, RDT-M, RDT-A, SMAP, PT. */
#define LEAF7_EBX_HIDDEN (BIT(1) | BIT(2) | BIT(10) | BIT(12) | BIT(15) | \
	BIT(20) | BIT(25))
/* UMIP, PKU, OSPKE, WAITPKG, CET_SS, TME, LA57, KL, BUSLOCK, ENQCMD, SGX_LC,
 * PKS. */
#define LEAF7_ECX_HIDDEN (BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(7) | BIT(13) | \
	BIT(16) | BIT(23) | BIT(24) | BIT(29) | BIT(30) | BIT(31))
/* UINTR, SRBDS_CTRL, hybrid, PCONFIG, LBR, CET_IBT, AMX, SPEC_CTRL, STIBP,
 * L1D_FLUSH, ARCH_CAPABILITIES, CORE_CAPABILITIES, SSBD. */
#define LEAF7_EDX_HIDDEN (BIT(5) | BIT(9) | BIT(15) | BIT(18) | BIT(19) | \
	BIT(20) | BIT(22) | BIT(24) | BIT(25) | BIT(26) | BIT(27) | BIT(28) | \
	BIT(29) | BIT(30) | BIT(31))
/* Leaf 7.1: FRED, LKGS, HRESET, LAM and what else needs ring 0. */
#define LEAF7_1_EAX_KEPT (BIT(4) | BIT(5))	/* AVX-VNNI, AVX512-BF16 */
/* 80000001 ECX: SVM, extended APIC, IBS, SKINIT, WDT, LWP, NodeId, TCE, the
 * performance counters, data breakpoints, MWAITX. */
#define EXT1_ECX_HIDDEN (BIT(2) | BIT(3) | BIT(10) | BIT(12) | BIT(13) | \
	BIT(15) | BIT(17) | BIT(19) | BIT(23) | BIT(24) | BIT(26) | BIT(27) | \
	BIT(28) | BIT(29))
#define EXT1_EDX_HIDDEN (BIT(7) | BIT(14) | BIT(12))

#define HV_LEAF 0x40000000
#define HV_LEAF_MAX 0x40000001

static void leaf1(const struct vcpu *v, u32 r[4])
{
	r[1] = (r[1] & 0xff00) | v->id << 24 | 1U << 16;
	r[2] = (r[2] & ~LEAF1_ECX_HIDDEN) | LEAF1_ECX_HYPERVISOR;
	r[3] = (r[3] & ~LEAF1_EDX_HIDDEN) & ~BIT(28);	/* one thread */
}

static void leaf7(u32 subleaf, u32 r[4])
{
	if (subleaf == 0) {
		r[0] = MIN(r[0], 1U);
		r[1] &= ~LEAF7_EBX_HIDDEN;
		r[2] &= ~LEAF7_ECX_HIDDEN;
		r[3] &= ~LEAF7_EDX_HIDDEN;
	} else if (subleaf == 1) {
		r[0] &= LEAF7_1_EAX_KEPT;
		r[1] = r[2] = r[3] = 0;
	} else {
		r[0] = r[1] = r[2] = r[3] = 0;
	}
}

/* XSAVE: the states of our XCR0, in the standard format. */
static void leaf_xsave(u32 subleaf, u32 r[4])
{
	u64 xcr0 = cpu_info.xcr0;

	if (subleaf == 0) {
		r[0] &= (u32)xcr0;
		r[3] &= (u32)(xcr0 >> 32);
	} else if (subleaf == 1) {
		r[0] &= BIT(0) | BIT(2);	/* XSAVEOPT, XGETBV(1) */
		r[1] = r[2] = r[3] = 0;
	} else if (subleaf > 62 || !(xcr0 >> subleaf & 1)) {
		r[0] = r[1] = r[2] = r[3] = 0;
	}
}

void guest_cpuid(struct vcpu *v, u32 leaf, u32 subleaf, u32 r[4])
{
	struct cpuid_regs c;

	if (leaf == HV_LEAF) {
		r[0] = HV_LEAF_MAX;
		memcpy(&r[1], "RingletRinglet", 12);
		return;
	}
	if (leaf == HV_LEAF_MAX) {
		r[0] = RINGLET_ABI_VERSION;
		r[1] = r[2] = r[3] = 0;
		return;
	}
	c = cpuid(leaf, subleaf);
	r[0] = c.eax;
	r[1] = c.ebx;
	r[2] = c.ecx;
	r[3] = c.edx;
	switch (leaf) {
	case 0:
		r[0] = MIN(r[0], 0xdU);
		break;
	case 1:
		leaf1(v, r);
		break;
	case 4:
		r[0] &= 0x3fff;		/* caches are not shared */
		break;
	case 6:
		r[0] &= BIT(2);		/* ARAT */
		r[1] = r[2] = r[3] = 0;
		break;
	case 7:
		leaf7(subleaf, r);
		break;
	case 0xd:
		leaf_xsave(subleaf, r);
		break;
	case 5:
	case 0xa:
	case 0xb:
		r[0] = r[1] = r[2] = r[3] = 0;
		break;
	case 0x80000000:
		r[0] = MIN(r[0], 0x80000008U);
		break;
	case 0x80000001:
		r[2] &= ~EXT1_ECX_HIDDEN;
		r[3] &= ~EXT1_EDX_HIDDEN;
		break;
	case 0x80000007:
		r[3] &= BIT(8);		/* invariant TSC */
		r[0] = r[1] = r[2] = 0;
		break;
	case 0x80000008:
		r[1] &= BIT(0) | BIT(9);	/* CLZERO, WBNOINVD */
		r[2] = 0;
		r[3] = 0;
		break;
	default:
		if (leaf > 0xd && leaf < 0x80000000)
			r[0] = r[1] = r[2] = r[3] = 0;
		else if (leaf > 0x80000008)
			r[0] = r[1] = r[2] = r[3] = 0;
		break;
	}
}

#define MSR_TSC			0x10
#define MSR_BIOS_SIGN_ID	0x8b
#define MSR_MISC_ENABLE		0x1a0
#define MSR_K8_INT_PENDING	0xc0010055	/* C1E: not in use */
#define EFER_GUEST		0xd01	/* SCE LME LMA NXE */

bool guest_rdmsr(struct vcpu *v, u32 msr, u64 *value)
{
	switch (msr) {
	case MSR_TSC:
		*value = rdtsc();
		return true;
	case MSR_PAT:
		*value = rdmsr(MSR_PAT);
		return true;
	case MSR_EFER:
		*value = EFER_GUEST;
		return true;
	case MSR_TSC_AUX:
		*value = v->cpunode;
		return true;
	case MSR_BIOS_SIGN_ID:
	case MSR_MISC_ENABLE:
	case MSR_APIC_BASE:
	case MSR_K8_INT_PENDING:
		*value = 0;
		return true;
	default:
		perf_inc(v->domain, msr_unknown);
		return false;
	}
}

bool guest_wrmsr(struct vcpu *v, u32 msr, u64 value)
{
	switch (msr) {
	case MSR_PAT:
		return value == rdmsr(MSR_PAT);
	case MSR_EFER:
		return (value & EFER_GUEST) == EFER_GUEST;
	case MSR_TSC_AUX:
		if (value > 0xfffff)
			return false;
		v->cpunode = (u32)value;
		vcpu_load_tsc_aux(v);
		return true;
	case MSR_BIOS_SIGN_ID:
	case MSR_MISC_ENABLE:
		return value == 0;
	default:
		perf_inc(v->domain, msr_unknown);
		return false;
	}
}
