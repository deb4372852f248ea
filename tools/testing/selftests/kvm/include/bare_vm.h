/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM made with plain ioctls, for tests of what an ioctl returns and of VMs
 * that live only for a moment.  It has one page of memory, and a vCPU that
 * needs no page tables because it stays in real mode and leaves the guest with
 * one OUT.
 *
 *	bare_vm_init()			opens /dev/kvm; call it once
 *	bare_vm_create()		returns the VM's file descriptor, or -1 and errno
 *	bare_vm_memory(...)		KVM_SET_USER_MEMORY_REGION
 *	bare_vcpu_create(...)		KVM_CREATE_VCPU, with RIP at BARE_GPA
 *	bare_vcpu_left(...)		did KVM_RUN return because of the guest's OUT?
 */
#ifndef SELFTEST_KVM_BARE_VM_H
#define SELFTEST_KVM_BARE_VM_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "framework.h"
#include "test_util.h"

#define BARE_PAGE	4096UL
#define BARE_GPA	0x1000UL
#define BARE_PORT	0x10

static int bare_kvm = -1;
static size_t bare_run_size;

/*
 * mov %al, DS:BARE_PAGE - 1 (a write, which makes KVM map the page); out; hlt
 */
static const uint8_t bare_code[] = { 0xa2, 0xff, 0x0f, 0xe6, BARE_PORT, 0xf4 };

static inline void bare_vm_init(void)
{
	bare_kvm = open(KVM_DEV_PATH, O_RDWR | O_CLOEXEC);
	TEST_ASSERT(bare_kvm >= 0, "%s: %s", KVM_DEV_PATH, strerror(errno));
	bare_run_size = ioctl(bare_kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
}

static inline int bare_vm_create(void)
{
	return ioctl(bare_kvm, KVM_CREATE_VM, 0UL);
}

/* A @size of 0 deletes the memslot. */
static inline int bare_vm_memory(int vm, uint32_t slot, uint32_t flags, uint64_t gpa,
				 uint64_t size, const void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

struct bare_vcpu {
	int fd;
	struct kvm_run *run;
};

/* Makes the vCPU start at BARE_GPA, where bare_code must have been copied. */
static inline bool bare_vcpu_reset(struct bare_vcpu *v)
{
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs sregs;

	if (ioctl(v->fd, KVM_GET_SREGS, &sregs))
		return false;
	sregs.cs.base = BARE_GPA;
	sregs.cs.selector = BARE_GPA >> 4;
	sregs.ds.base = BARE_GPA;
	sregs.ds.selector = BARE_GPA >> 4;
	return !ioctl(v->fd, KVM_SET_SREGS, &sregs) && !ioctl(v->fd, KVM_SET_REGS, &regs);
}

/* Returns false and sets errno if KVM_CREATE_VCPU or a later step fails. */
static inline bool bare_vcpu_create(struct bare_vcpu *v, int vm)
{
	v->run = MAP_FAILED;
	v->fd = ioctl(vm, KVM_CREATE_VCPU, 0UL);
	if (v->fd < 0)
		return false;
	v->run = mmap(NULL, bare_run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	return v->run != MAP_FAILED && bare_vcpu_reset(v);
}

static inline bool bare_vcpu_left(const struct bare_vcpu *v)
{
	return v->run->exit_reason == KVM_EXIT_IO && v->run->io.port == BARE_PORT;
}

static inline void bare_vcpu_close(struct bare_vcpu *v)
{
	if (v->run != MAP_FAILED)
		munmap(v->run, bare_run_size);
	if (v->fd >= 0)
		close(v->fd);
	v->run = MAP_FAILED;
	v->fd = -1;
}

#endif /* SELFTEST_KVM_BARE_VM_H */
