/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bugs that can be reintroduced; configs/historical names their fixes
 */
#ifndef __KVM_MUTATION_LIST_H__
#define __KVM_MUTATION_LIST_H__ 1

#define KVM_MUTATIONS(each)						\
	each(none)							\
	/* Guest faults */						\
	each(seq_as_int)	/* sequence count cut to 32 bits */	\
	each(late_seq)		/* ... read after the lookup */		\
	each(obsolete_root)	/* fault proceeds in an obsolete root */ \
	each(null_root)		/* ... checks a root without a page */	\
	each(zero_page)		/* leaks a page reference */		\
	/* Invalidations */						\
	each(silent_collapse)	/* khugepaged calls no notifier */	\
	each(notifier_yield)	/* yields without a reference to the root */ \
	each(unpaired_start)	/* no end if another notifier refuses */ \
	/* Memslots and pfn caches */					\
	each(memslot_wait)	/* update between start and end */	\
	each(gpc_retry)		/* refresh checks the wrong count */

#endif /* __KVM_MUTATION_LIST_H__ */
