/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bugs that can be brought back; configs/historical names their fixes
 */
#ifndef __KVM_MUTATION_LIST_H__
#define __KVM_MUTATION_LIST_H__ 1

#define KVM_MUTATIONS(each)						\
	each(none)							\
	/* Faults of guests */						\
	each(seq_as_int)	/* number of invalidations cut to 32 bits */ \
	each(late_seq)		/* number taken after the lookup */	\
	each(obsolete_root)	/* fault goes on in a root given up */	\
	each(null_root)		/* ... and asks one that has no page */	\
	each(zero_page)		/* keeps a reference to it */		\
	/* Invalidations */						\
	each(silent_collapse)	/* khugepaged tells nobody */		\
	each(notifier_yield)	/* yields, with no reference to the root */ \
	each(unpaired_start)	/* not ended if another notifier refuses */ \
	/* Memslots and pfn caches */					\
	each(memslot_wait)	/* changed between start and end */	\
	each(gpc_retry)		/* refresh looks at the wrong count */

#endif /* __KVM_MUTATION_LIST_H__ */
