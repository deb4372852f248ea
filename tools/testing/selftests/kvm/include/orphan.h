/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VM whose owner has exited.  Its file descriptors keep it alive, but the
 * memory of its memslots and pfn caches is gone.  KVM still looks that memory
 * up when a Xen event channel is triggered through an eventfd: whoever has the
 * eventfd can write to it, and KVM's worker delivers the event.
 *
 *	orphan_create()		forks the owner, which sets all this up
 *	orphan_arrives()	sends an event while the owner exists
 *	orphan_move()		maps other memory at the owner's memslot, so that the
 *				next lookup is of an address that no cache has had
 *	orphan_leave()		the owner exits and leaves its VM to the caller
 *	orphan_send()		sends an event, and waits for KVM's worker
 *	orphan_close()		destroys the VM
 *	orphan_changed()	was a page written after the owner had exited?
 *	orphan_destroy()
 *
 * The memory belongs to a file that outlives the owner, so a broken kernel that
 * writes there does not damage other memory.
 */
#ifndef SELFTEST_KVM_ORPHAN_H
#define SELFTEST_KVM_ORPHAN_H

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "child.h"
#include "deadline.h"
#include "framework.h"
#include "trace_count.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd		438
#endif

#define ORPHAN_TRACE		"kvm/kvm_set_irq"
#define ORPHAN_GSI		5
#define ORPHAN_PORT		65
#define ORPHAN_SLOT		1
#define ORPHAN_GPA		0x100000000UL
#define ORPHAN_PAGE		4096UL
/* The shared info and the vcpu_info, and a second copy of both elsewhere. */
#define ORPHAN_SLOT_PAGES	2
#define ORPHAN_PAGES		(2 * ORPHAN_SLOT_PAGES)
#define ORPHAN_BYTES		(ORPHAN_PAGES * ORPHAN_PAGE)
#define ORPHAN_PENDING		2048
#define ORPHAN_MSR		0x40000000
/* How long the worker may take, as a number of polls of its tracepoint. */
#define ORPHAN_POLLS		20000

struct orphan {
	pid_t owner;
	int memory;		/* a memfd */
	int event;		/* an eventfd */
	int vm;
	int vcpu;
	/* Pipes to and from the owner. */
	int request[2];
	int answer[2];
	/* The whole memfd, mapped in the caller. */
	uint8_t *alias;
	uint8_t before[ORPHAN_BYTES];
	struct trace_count injected;
};

/* ---- the owner ---- */

static inline void orphan_set_slot(struct kvm_vm *vm, uint8_t *hva, bool there)
{
	vm_set_user_memory_region(vm, ORPHAN_SLOT, 0, ORPHAN_GPA,
				  there ? ORPHAN_SLOT_PAGES * ORPHAN_PAGE : 0, hva);
}

static inline void orphan_set_xen(struct kvm_vm *vm, struct kvm_vcpu *vcpu)
{
	struct kvm_xen_hvm_config config = {
		.flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
		.msr = ORPHAN_MSR,
	};
	struct kvm_xen_hvm_attr long_mode = {
		.type = KVM_XEN_ATTR_TYPE_LONG_MODE,
		.u.long_mode = 1,
	};
	struct kvm_xen_hvm_attr shared_info = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO,
		.u.shared_info.gfn = ORPHAN_GPA / ORPHAN_PAGE,
	};
	struct kvm_xen_vcpu_attr vcpu_info = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
		.u.gpa = ORPHAN_GPA + ORPHAN_PAGE,
	};

	vm_ioctl(vm, KVM_XEN_HVM_CONFIG, &config);
	vm_ioctl(vm, KVM_XEN_HVM_SET_ATTR, &long_mode);
	vm_ioctl(vm, KVM_XEN_HVM_SET_ATTR, &shared_info);
	vcpu_ioctl(vcpu, KVM_XEN_VCPU_SET_ATTR, &vcpu_info);
}

static inline void orphan_set_event(struct kvm_vm *vm, struct kvm_vcpu *vcpu, int event)
{
	struct kvm_irq_routing *routing = calloc(1, sizeof(*routing) + sizeof(*routing->entries));
	struct kvm_irqfd irqfd = { .fd = event, .gsi = ORPHAN_GSI };

	TEST_ASSERT(routing, "no memory");
	routing->nr = 1;
	routing->entries[0] = (struct kvm_irq_routing_entry) {
		.gsi = ORPHAN_GSI,
		.type = KVM_IRQ_ROUTING_XEN_EVTCHN,
		.u.xen_evtchn = {
			.port = ORPHAN_PORT,
			.vcpu = vcpu->id,
			.priority = KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL,
		},
	};
	vm_ioctl(vm, KVM_SET_GSI_ROUTING, routing);
	vm_ioctl(vm, KVM_IRQFD, &irqfd);
	free(routing);
}

/* Executes one-letter commands until the pipe is closed. */
static inline void orphan_owner_main(struct orphan *o)
{
	uint8_t *hva = mmap(NULL, ORPHAN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, o->memory, 0);
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm;
	int fds[2];
	char c;

	close(o->request[1]);
	TEST_ASSERT(hva != MAP_FAILED, "mmap: %s", strerror(errno));
	vm = vm_create_with_one_vcpu(&vcpu, NULL);
	orphan_set_slot(vm, hva, true);
	orphan_set_xen(vm, vcpu);
	orphan_set_event(vm, vcpu, o->event);
	fds[0] = vm->fd;
	fds[1] = vcpu->fd;
	TEST_ASSERT(write(o->answer[1], fds, sizeof(fds)) == sizeof(fds), "write");
	while (read(o->request[0], &c, 1) == 1) {
		orphan_set_slot(vm, hva, false);
		orphan_set_slot(vm, hva + ORPHAN_SLOT_PAGES * ORPHAN_PAGE, true);
		TEST_ASSERT(write(o->answer[1], &c, 1) == 1, "write");
	}
	_exit(0);
}

/* ---- the survivor ---- */

static inline void orphan_receive(struct orphan *o, void *answer, ssize_t size)
{
	TEST_ASSERT(read(o->answer[0], answer, size) == size, "the owner of a VM has failed");
}

static inline void orphan_take_fds(struct orphan *o)
{
	int pidfd = syscall(SYS_pidfd_open, o->owner, 0), fds[2];

	orphan_receive(o, fds, sizeof(fds));
	o->vm = syscall(SYS_pidfd_getfd, pidfd, fds[0], 0);
	o->vcpu = syscall(SYS_pidfd_getfd, pidfd, fds[1], 0);
	TEST_ASSERT(o->vm >= 0 && o->vcpu >= 0, "pidfd_getfd: %s", strerror(errno));
	close(pidfd);
}

static inline void orphan_create(struct orphan *o)
{
	memset(o, 0, sizeof(*o));
	TEST_ASSERT(trace_count_open(&o->injected, ORPHAN_TRACE), "no tracepoint " ORPHAN_TRACE);
	o->memory = memfd_create("orphan", MFD_CLOEXEC);
	o->event = eventfd(0, EFD_CLOEXEC);
	TEST_ASSERT(o->memory >= 0 && o->event >= 0 && !ftruncate(o->memory, ORPHAN_BYTES) &&
		    !pipe(o->request) && !pipe(o->answer), "files: %s", strerror(errno));
	o->alias = mmap(NULL, ORPHAN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, o->memory, 0);
	TEST_ASSERT(o->alias != MAP_FAILED, "mmap: %s", strerror(errno));
	memset(o->alias, 0, ORPHAN_BYTES);
	o->owner = child_fork();
	if (!o->owner)
		orphan_owner_main(o);
	close(o->request[0]);
	close(o->answer[1]);
	orphan_take_fds(o);
}

static inline void orphan_move(struct orphan *o)
{
	char c = 'm';

	TEST_ASSERT(write(o->request[1], &c, 1) == 1, "write: %s", strerror(errno));
	orphan_receive(o, &c, 1);
}

static inline void orphan_kick(struct orphan *o)
{
	uint64_t one = 1;

	TEST_ASSERT(write(o->event, &one, sizeof(one)) == sizeof(one), "eventfd: %s",
		    strerror(errno));
}

/* Returns true if the event reached the shared info, as it should. */
static inline bool orphan_arrives(struct orphan *o)
{
	uint64_t *pending = (uint64_t *)(o->alias + ORPHAN_PENDING) + ORPHAN_PORT / 64;
	int polls;

	orphan_kick(o);
	for (polls = 0; polls < ORPHAN_POLLS && !READ_ONCE(*pending); polls++)
		usleep(100);
	return READ_ONCE(*pending) >> ORPHAN_PORT % 64 & 1;
}

/*
 * The owner has exited when this returns.  Its memory must not change any more.
 */
static inline void orphan_leave(struct orphan *o)
{
	int status;

	close(o->request[1]);
	TEST_ASSERT(waitpid(o->owner, &status, 0) == o->owner && !status,
		    "the owner of a VM has failed: %#x", status);
	memset(o->alias, 0, ORPHAN_BYTES);
	memcpy(o->before, o->alias, ORPHAN_BYTES);
}

static inline bool orphan_changed(const struct orphan *o)
{
	return memcmp(o->before, o->alias, ORPHAN_BYTES);
}

/*
 * Returns true if KVM's worker delivered the event, rather than the write(2)
 * itself. Delivery by the worker takes two calls, and the first has returned
 * when the second is counted.
 */
static inline bool orphan_send(struct orphan *o)
{
	uint64_t was = trace_count_read(&o->injected);
	int polls;

	orphan_kick(o);
	for (polls = 0; polls < ORPHAN_POLLS; polls++) {
		if (trace_count_read(&o->injected) >= was + 2)
			return true;
		if (orphan_changed(o))
			return false;
		usleep(100);
	}
	return false;
}

/* Waits for KVM's worker, so that nothing is written later. */
static inline void orphan_close(struct orphan *o)
{
	close(o->vcpu);
	close(o->vm);
}

static inline void orphan_destroy(struct orphan *o)
{
	close(o->event);
	close(o->answer[0]);
	munmap(o->alias, ORPHAN_BYTES);
	close(o->memory);
	trace_count_close(&o->injected);
}

#endif /* SELFTEST_KVM_ORPHAN_H */
