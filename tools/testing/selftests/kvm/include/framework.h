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

/*
 * Older frameworks take a VM mode where newer ones take a VM shape, and know
 * only the default type of VM: for another one the VM is created again before it
 * has a vCPU.
 */
#ifndef VM_SHAPE_DEFAULT
#define VM_SHAPE_DEFAULT	VM_MODE_DEFAULT

static inline struct kvm_vm *framework_create_vm(unsigned long type, int nr_vcpus,
						 uint64_t pages, void *guest_code,
						 struct kvm_vcpu **vcpus)
{
	struct kvm_vm *vm = __vm_create(VM_SHAPE_DEFAULT, nr_vcpus, pages);
	int i;

	if (type != vm->type) {
		kvm_vm_release(vm);
		vm->type = type;
		kvm_vm_restart(vm);
	}
	for (i = 0; i < nr_vcpus; i++)
		vcpus[i] = vm_vcpu_add(vm, i, guest_code);
	return vm;
}
#else
static inline struct kvm_vm *framework_create_vm(unsigned long type, int nr_vcpus,
						 uint64_t pages, void *guest_code,
						 struct kvm_vcpu **vcpus)
{
	struct vm_shape shape = VM_SHAPE_DEFAULT;

	shape.type = type;
	return __vm_create_with_vcpus(shape, nr_vcpus, pages, guest_code, vcpus);
}
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
