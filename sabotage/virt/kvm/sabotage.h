/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that can be broken on purpose, one rule at a time
 *
 * For make sabotage and make historical only, which show that tests notice.  The
 * file kvm/interval/sabotage in debugfs takes a name of the list, or "none".
 */
#ifndef __KVM_SABOTAGE_H__
#define __KVM_SABOTAGE_H__ 1

#include <linux/compiler.h>

#include "sabotage_list.h"

struct dentry;

#define KVM_SABOTAGE_ENUM(name)	KVM_SABOTAGE_##name,

enum kvm_sabotage {
	KVM_SABOTAGES(KVM_SABOTAGE_ENUM)
	KVM_NR_SABOTAGES
};

extern enum kvm_sabotage kvm_sabotage;

#define kvm_sabotaged(name)	\
	unlikely(READ_ONCE(kvm_sabotage) == KVM_SABOTAGE_##name)

void kvm_sabotage_init(struct dentry *dir);

#endif /* __KVM_SABOTAGE_H__ */
