/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Adapts the tests to the selftest framework of any supported kernel tree: they
 * use the newest names, and this file defines those that the tree lacks, one by
 * one.
 */
#ifndef SELFTEST_KVM_FRAMEWORK_H
#define SELFTEST_KVM_FRAMEWORK_H

#include "apic.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"

/* Older frameworks take a VM mode where newer ones take a VM shape. */
#ifndef VM_SHAPE_DEFAULT
#define VM_SHAPE_DEFAULT	VM_MODE_DEFAULT
#endif

#ifndef APIC_TDCR
#define APIC_TDCR		0x3e0
#endif

/* Weak, because newer frameworks lack them and give every VM an IDT. */
#pragma weak vm_init_descriptor_tables
#pragma weak vcpu_init_descriptor_tables
void vm_init_descriptor_tables(struct kvm_vm *vm);
void vcpu_init_descriptor_tables(struct kvm_vcpu *vcpu);

static inline void framework_init_idt(struct kvm_vm *vm, struct kvm_vcpu **vcpus, int nr)
{
	int i;

	if (!vm_init_descriptor_tables)
		return;
	vm_init_descriptor_tables(vm);
	for (i = 0; i < nr; i++)
		vcpu_init_descriptor_tables(vcpus[i]);
}

#endif /* SELFTEST_KVM_FRAMEWORK_H */
