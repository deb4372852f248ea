/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells a fault of the emulator from a failure of the kernel.  QEMU's emulated
 * SVM can put the address of the host's own VMRUN code into a guest's RIP
 * (docs/emulator.md). No kernel can do that: guest code lies at low addresses,
 * and nothing in the guest knows that address.  A RIP within that code ends the
 * test with status 9 and one line
 *
 *	# EMULATOR-FAULT vcpu=N rip=0x... symbol=...
 *
 * Anything less certain, above all a shutdown, stays a failure.  Guests get
 * exception handlers that report RIP, because KVM resets a vCPU that shuts down
 * on SVM, and its registers are lost.
 */
#ifndef SELFTEST_KVM_VCPU_GUARD_H
#define SELFTEST_KVM_VCPU_GUARD_H

#include "framework.h"
#include "ktap.h"

#define GUARD_EXIT_EMULATOR	9
#define GUARD_KERNEL_HALF	0x8000000000000000UL

#define GUARD_REGISTERS	"vcpu=%u rip=%#llx rsp=%#llx rflags=%#llx rdi=%#llx cr2=%#llx "		\
			"cr3=%#llx cs=%#x efer=%#llx"

struct guard_symbol {
	const char *name;
	uint64_t start;
	uint64_t end;
};

static struct guard_symbol guard_symbols[] = {
	{ .name = "__svm_vcpu_run" },
	{ .name = "__svm_sev_es_vcpu_run" },
	{ .name = "svm_vcpu_enter_exit" },
	{ .name = "svm_vcpu_run" },
	{ .name = "__vmx_vcpu_run" },
	{ .name = "vmx_vcpu_enter_exit" },
	{ .name = "vmx_vcpu_run" },
};

static inline void guard_read_symbol(uint64_t addr, const char *name)
{
	struct guard_symbol *s = guard_symbols;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(guard_symbols); i++, s++) {
		if (!strcmp(name, s->name))
			s->start = addr;
		else if (s->start && addr > s->start && !s->end)
			s->end = addr;
	}
}

static bool guard_has_symbols;

/* Without root, or with kptr_restrict, all addresses are 0. */
static inline void guard_read_symbols(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long addr;
	char line[512], name[256];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx %*c %255s", &addr, name) == 2 && addr) {
			guard_has_symbols = true;
			guard_read_symbol(addr, name);
		}
	fclose(f);
}

/*
 * Skips the whole test if KVM cannot be used.  The framework would notice only
 * when the first VM is created, or fail an assertion.
 */
static inline void guard_need_kvm(void)
{
	int kvm = open(KVM_DEV_PATH, O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0)
		exit(ktap_skip_all("%s: %s", kvm < 0 ? KVM_DEV_PATH : "KVM_CREATE_VM",
				   strerror(errno)));
	close(vm);
	close(kvm);
}

static inline void guard_init(void)
{
	guard_need_kvm();
	guard_read_symbols();
}

static inline const char *guard_symbol(uint64_t rip)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(guard_symbols); i++)
		if (rip >= guard_symbols[i].start && rip < guard_symbols[i].end)
			return guard_symbols[i].name;
	return NULL;
}

/* Ends the program if @rip is in the host's VMRUN code. */
static inline void guard_rip(uint32_t vcpu_id, uint64_t rip)
{
	const char *symbol = guard_symbol(rip);

	if (!(rip & GUARD_KERNEL_HALF))
		return;
	if (!symbol && guard_has_symbols) {
		ktap_info("vcpu=%u rip=%#lx is in the kernel's half, but not in VMRUN code",
			  vcpu_id, rip);
		return;
	}
	ktap_info("EMULATOR-FAULT vcpu=%u rip=%#lx symbol=%s", vcpu_id, rip,
		  symbol ? symbol : "(kallsyms is hidden)");
	exit(GUARD_EXIT_EMULATOR);
}

/*
 * To be called on the vCPU's own thread, with the vCPU out of KVM_RUN, for any
 * unexpected exit and for a vCPU without progress.
 */
static inline void guard_dump(struct kvm_vcpu *vcpu)
{
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;

	vcpu_regs_get(vcpu, &regs);
	vcpu_sregs_get(vcpu, &sregs);
	ktap_info(GUARD_REGISTERS,
		  vcpu->id, regs.rip, regs.rsp, regs.rflags, regs.rdi, sregs.cr2, sregs.cr3,
		  sregs.cs.selector, sregs.efer);
	/*
	 * KVM does not reset these: they tell which exception led to the
	 * shutdown.
	 */
	vcpu_events_get(vcpu, &events);
	ktap_info("vcpu=%u last exception: vector=%u error=%#x", vcpu->id, events.exception.nr,
		  events.exception.error_code);
	guard_rip(vcpu->id, regs.rip);
}

/* A message of guard_trap() that no test uses itself. */
#define GUARD_TRAP	0x70617274UL

/* A handler for guard_catch_exceptions(). */
static inline void guard_trap(struct ex_regs *regs)
{
	ucall(UCALL_SYNC, 5, "trap", GUARD_TRAP, regs->vector, regs->rip, regs->error_code);
}

/*
 * Returns true, and prints the exception, if the vCPU came from guard_trap().
 */
static inline bool guard_exception(struct kvm_vcpu *vcpu, const struct ucall *uc)
{
	if (uc->cmd != UCALL_SYNC || uc->args[1] != GUARD_TRAP)
		return false;
	guard_rip(vcpu->id, uc->args[3]);
	ktap_info("vcpu=%u exception: vector=%lu rip=%#lx error=%#lx", vcpu->id, uc->args[2],
		  uc->args[3], uc->args[4]);
	return true;
}

/* Reports an exit that the test does not expect. */
static inline void guard_unexpected(struct kvm_vcpu *vcpu)
{
	ktap_info("vcpu=%u unexpected exit %u (%s)", vcpu->id, vcpu->run->exit_reason,
		  exit_reason_str(vcpu->run->exit_reason));
	guard_dump(vcpu);
}

static inline void guard_catch_exceptions(struct kvm_vm *vm, struct kvm_vcpu **vcpus, int nr,
					  void (*handler)(struct ex_regs *regs))
{
	static const int vectors[] = { 0, 1, 3, 6, 7, 8, 10, 11, 12, 13, 14, 17, 18, 19 };
	size_t i;

	framework_init_idt(vm, vcpus, nr);
	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		vm_install_exception_handler(vm, vectors[i], handler);
}

/* Prints where a thread of this process is in the kernel. */
static inline void guard_print_thread(pid_t tid)
{
	static const char * const names[] = { "wchan", "stack" };
	char path[64], line[256];
	size_t i;
	FILE *f;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/%s", tid, names[i]);
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f))
			ktap_info("  %s: %.*s", names[i], (int)strcspn(line, "\n"), line);
		if (f)
			fclose(f);
	}
}

#endif /* SELFTEST_KVM_VCPU_GUARD_H */
