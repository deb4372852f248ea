/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The selftest framework of whatever kernel tree these tests are built in.  Names
 * that a tree does not have are made up for here, each asked for by itself, so that
 * the tests use those of the newest.
 */
#ifndef SELFTEST_KVM_FRAMEWORK_H
#define SELFTEST_KVM_FRAMEWORK_H

#include "apic.h"
#include "kvm_util.h"
#include "processor.h"
#include "test_util.h"

/* A VM had a mode before it had a shape, which is a mode and a type. */
#ifndef VM_SHAPE_DEFAULT
#define VM_SHAPE_DEFAULT	VM_MODE_DEFAULT
#endif

#ifndef APIC_TDCR
#define APIC_TDCR		0x3e0
#endif

/* Weak, so that they may be missing: newer frameworks give every VM an IDT unasked. */
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
