/* SPDX-License-Identifier: GPL-2.0 */
/*
 * guest_memfd, memory attributes and prefaults: what linux/kvm.h has of them
 * only since 6.8 and later.  Kernels without them are recognized by
 * KVM_CHECK_EXTENSION.
 */
#ifndef SELFTEST_KVM_GMEM_H
#define SELFTEST_KVM_GMEM_H

#include <errno.h>
#include <string.h>

#include "framework.h"
#include "test_util.h"

#ifndef KVM_CAP_USER_MEMORY2
#define KVM_CAP_USER_MEMORY2		231
#endif
#ifndef KVM_CAP_MEMORY_ATTRIBUTES
#define KVM_CAP_MEMORY_ATTRIBUTES	233
#endif
#ifndef KVM_CAP_GUEST_MEMFD
#define KVM_CAP_GUEST_MEMFD		234
#endif
#ifndef KVM_CAP_VM_TYPES
#define KVM_CAP_VM_TYPES		235
#endif
#ifndef KVM_CAP_PRE_FAULT_MEMORY
#define KVM_CAP_PRE_FAULT_MEMORY	236
#endif
#ifndef KVM_CAP_GUEST_MEMFD_FLAGS
#define KVM_CAP_GUEST_MEMFD_FLAGS	244
#endif

#ifndef KVM_X86_SW_PROTECTED_VM
#define KVM_X86_SW_PROTECTED_VM		1
#endif

#ifndef KVM_SET_USER_MEMORY_REGION2
#define KVM_MEM_GUEST_MEMFD		0x4

struct kvm_userspace_memory_region2 {
	uint32_t slot;
	uint32_t flags;
	uint64_t guest_phys_addr;
	uint64_t memory_size;
	uint64_t userspace_addr;
	uint64_t guest_memfd_offset;
	uint32_t guest_memfd;
	uint32_t pad1;
	uint64_t pad2[14];
};

#define KVM_SET_USER_MEMORY_REGION2	\
	_IOW(KVMIO, 0x49, struct kvm_userspace_memory_region2)
#endif

#ifndef KVM_SET_MEMORY_ATTRIBUTES
#define KVM_MEMORY_ATTRIBUTE_PRIVATE	0x8ULL

struct kvm_memory_attributes {
	uint64_t address;
	uint64_t size;
	uint64_t attributes;
	uint64_t flags;
};

#define KVM_SET_MEMORY_ATTRIBUTES	_IOW(KVMIO, 0xd2, struct kvm_memory_attributes)
#endif

#ifndef KVM_CREATE_GUEST_MEMFD
struct kvm_create_guest_memfd {
	uint64_t size;
	uint64_t flags;
	uint64_t reserved[6];
};

#define KVM_CREATE_GUEST_MEMFD		_IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)
#endif

#ifndef GUEST_MEMFD_FLAG_MMAP
#define GUEST_MEMFD_FLAG_MMAP		0x1ULL
#define GUEST_MEMFD_FLAG_INIT_SHARED	0x2ULL
#endif

#ifndef KVM_PRE_FAULT_MEMORY
struct kvm_pre_fault_memory {
	uint64_t gpa;
	uint64_t size;
	uint64_t flags;
	uint64_t padding[5];
};

#define KVM_PRE_FAULT_MEMORY		_IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)
#endif

#define GMEM_MAPPED	(GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED)

/* Can the host map a guest_memfd, which a guest uses without attributes? */
static inline bool gmem_has_mapped(void)
{
	return (kvm_check_cap(KVM_CAP_GUEST_MEMFD_FLAGS) & GMEM_MAPPED) == GMEM_MAPPED;
}

/* Are there VMs with private memory that need no hardware for it? */
static inline bool gmem_has_protected(void)
{
	return kvm_check_cap(KVM_CAP_VM_TYPES) & 1 << KVM_X86_SW_PROTECTED_VM;
}

static inline int gmem_create(struct kvm_vm *vm, uint64_t size, uint64_t flags)
{
	struct kvm_create_guest_memfd g = { .size = size, .flags = flags };
	int fd = __vm_ioctl(vm, KVM_CREATE_GUEST_MEMFD, &g);

	TEST_ASSERT(fd >= 0, "KVM_CREATE_GUEST_MEMFD of %lu bytes, flags %#lx: %s", size, flags,
		    strerror(errno));
	return fd;
}

/* Makes a range private, or shared. */
static inline void gmem_set_private(struct kvm_vm *vm, uint64_t gpa, uint64_t size, bool private)
{
	struct kvm_memory_attributes a = {
		.address = gpa,
		.size = size,
		.attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
	};

	vm_ioctl(vm, KVM_SET_MEMORY_ATTRIBUTES, &a);
}

#endif /* SELFTEST_KVM_GMEM_H */
