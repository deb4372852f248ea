/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutations of the kernel, selected one at a time
 *
 * For make mutations and make historical only, which show that the tests kill
 * them.  The file "mutation" in debugfs takes a name of the list, or "none".
 */
#ifndef __KVM_MUTATION_H__
#define __KVM_MUTATION_H__ 1

#include <linux/compiler.h>

#include "mutation_list.h"

struct dentry;

#define KVM_MUTATION_ENUM(name)	KVM_MUTATION_##name,

enum kvm_mutation {
	KVM_MUTATIONS(KVM_MUTATION_ENUM)
	KVM_NR_MUTATIONS
};

extern enum kvm_mutation kvm_mutation;

#define kvm_mutated(name)	\
	unlikely(READ_ONCE(kvm_mutation) == KVM_MUTATION_##name)

void kvm_mutation_init(struct dentry *dir);

#endif /* __KVM_MUTATION_H__ */
