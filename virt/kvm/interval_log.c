// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logs of recent invalidations, by which a fault retries only if its own page
 * was invalidated
 */

#include <linux/kvm_host.h>
#include <linux/kvm_interval.h>

#include "interval_line.h"
#include "interval_log.h"
#include "interval_zap.h"

/* Why a fault has to be retried. */
enum kvm_interval_cause {
	KVM_INTERVAL_NONE,
	KVM_INTERVAL_OVERLAP,	/* its page was invalidated */
	KVM_INTERVAL_OVERFLOW,	/* the log does not go back far enough */
	KVM_INTERVAL_INTERNAL,	/* KVM has zapped its guest frame */
};

#define CREATE_TRACE_POINTS
#include <trace/events/kvm_interval_retry.h>

/* Returns the @back'th entry from the end of a log, 1 being the newest. */
static struct kvm_interval_record *
kvm_interval_history(struct kvm_interval_log *log, unsigned long back)
{
	return &log->records[(log->nr_records - back) % KVM_INTERVAL_HISTORY];
}

/*
 * Make room for a range at the end of a log, whose newest entry is another
 * range.  A repeat of a recent range moves its entry to the end, so that a few
 * ranges that alternate do not push out all others.  The log stays ordered by
 * sequence counts.
 */
static struct kvm_interval_record *
kvm_interval_new_record(struct kvm_interval_log *log, u64 start, u64 last)
{
	struct kvm_interval_record *record;
	unsigned long back;

	for (back = 2; back <= KVM_INTERVAL_REPEAT; back++) {
		record = kvm_interval_history(log, back);
		if (record->start == start && record->last == last)
			break;
	}

	if (back > KVM_INTERVAL_REPEAT)
		log->nr_records++;
	else
		for (; back > 1; back--)
			*kvm_interval_history(log, back) =
				*kvm_interval_history(log, back - 1);

	return kvm_interval_history(log, 1);
}

/*
 * Enter a range in a log before it is zapped: from now on no fault that began
 * earlier can install any of it.
 */
void kvm_interval_record(struct kvm *kvm, struct kvm_interval_log *log,
			 u64 start, u64 last)
{
	struct kvm_interval_record *record = kvm_interval_history(log, 1);

	lockdep_assert_held_write(&kvm->mmu_lock);

	if (record->start != start || record->last != last)
		record = kvm_interval_new_record(log, start, last);

	*record = (struct kvm_interval_record) {
		start, last, kvm->interval.seq
	};
	kvm_interval_advance(kvm);
}

/* Search a log, newest entry first. */
static enum kvm_interval_cause
kvm_interval_search(struct kvm_interval_log *log, u64 start, u64 last,
		    unsigned long since)
{
	const struct kvm_interval_record *record;
	unsigned long back;

	for (back = 1; back <= KVM_INTERVAL_HISTORY; back++) {
		record = kvm_interval_history(log, back);
		if ((long)(record->seq - since) < 0)
			return KVM_INTERVAL_NONE;
		if (record->start <= last && record->last >= start)
			return KVM_INTERVAL_OVERLAP;
	}
	return KVM_INTERVAL_OVERFLOW;
}

static enum kvm_interval_cause
kvm_interval_find_cause(struct kvm_interval_state *state, unsigned long hva,
			gfn_t gfn, const struct kvm_interval_snapshot *snap)
{
	if (kvm_interval_search(&state->gfns, gfn, gfn, snap->seq))
		return KVM_INTERVAL_INTERNAL;

	if (!snap->uses_hva)
		return KVM_INTERVAL_NONE;

	return kvm_interval_search(&state->hvas, hva, hva + PAGE_SIZE - 1,
				   snap->seq);
}

/* Slow path of kvm_interval_retry() */
bool kvm_interval_retry_slow(struct kvm_vcpu *vcpu,
			     const struct kvm_memory_slot *slot, gfn_t gfn,
			     struct kvm_interval_snapshot *snap)
{
	struct kvm_interval *interval = &vcpu->kvm->interval;
	enum kvm_interval_cause cause = KVM_INTERVAL_NONE;
	unsigned long hva = __gfn_to_hva_memslot(slot, gfn);

	lockdep_assert_held(&vcpu->kvm->mmu_lock);

	if (interval->seq != snap->seq) {
		snap->idle = false;
		cause = kvm_interval_find_cause(interval->state, hva, gfn,
						snap);
	}

	if (cause == KVM_INTERVAL_NONE)
		return false;

	if (cause == KVM_INTERVAL_OVERLAP)
		++vcpu->stat.generic.mmu_interval_retry_overlap;
	trace_kvm_interval_retry(vcpu->vcpu_id, hva, cause);
	return true;
}
EXPORT_SYMBOL_FOR_KVM_INTERNAL(kvm_interval_retry_slow);
