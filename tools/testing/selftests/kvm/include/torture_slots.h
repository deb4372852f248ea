/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Operations of torture_test on memslots, and emulation of the guest's accesses
 * where no memslot is.  The caller holds the memslot's lock.
 */
#ifndef SELFTEST_KVM_TORTURE_SLOTS_H
#define SELFTEST_KVM_TORTURE_SLOTS_H

#include "dirty_log.h"
#include "torture.h"

/* ---- operations on memslots ---- */

static inline struct slot *slot_of(struct range r)
{
	struct slot *slot = scene.slot;

	while (slot->r.first != r.first)
		slot++;
	return slot;
}

static inline void slot_set(struct slot *slot, int window, uint64_t n)
{
	int id = FIRST_SLOT + (slot - scene.slot) * WINDOWS + window;

	vm_set_user_memory_region(scene.w.vm, id, slot->flags,
				  writers_gpa(scene.mem.pages, slot->window[window], slot->r.first),
				  n * PAGE, at(slot->r));
	add(&scene.c.updates, 1);
}

static inline void slot_set_flags(struct slot *slot, uint32_t flags)
{
	int i;

	slot->flags = flags;
	for (i = 0; i < WINDOWS; i++)
		slot_set(slot, i, slot->r.n);
}

/* Returns a few pages of the memslot, within one block. */
static inline struct range part_of_slot(struct thread *t, const struct slot *slot)
{
	struct range r = { slot->r.first + pick(t, slot->r.n - PART_PAGES), PART_PAGES };

	r.n -= r.first % BLOCK_PAGES > BLOCK_PAGES - r.n ? (r.first + r.n) % BLOCK_PAGES : 0;
	return r;
}

static inline void harvest(struct dirty_log *d, uint64_t first, uint64_t n)
{
	struct slot *slot = d->owner;
	uint64_t i;

	for (i = 0; i < WINDOWS; i++)
		dirty_log_get(d, FIRST_SLOT + (slot - scene.slot) * WINDOWS + i, n);
	for (i = 0; i < n; i++)
		if (READ_ONCE(scene.written[first + i]))
			d->bitmap[i / 64] |= 1UL << i % 64;
}

/*
 * Everything that the guest has written must be in the log, which is read a few
 * times.
 */
static inline void op_flags(struct thread *t, struct range r)
{
	struct slot *slot = slot_of(r);
	struct dirty_log *d = &slot->dirty;
	uint64_t before = d->dirty;
	int rounds = 1 + pick(t, 3);

	make_hot(t, part_of_slot(t, slot));
	slot_set_flags(slot, KVM_MEM_LOG_DIRTY_PAGES);
	while (rounds-- && !stopping()) {
		memset(&scene.written[r.first], 0, r.n);
		dirty_log_taken(d, r.first, r.n);
		let_guest_work(pick(t, 200));
		dirty_log_take(d, r.first, r.n);
		dirty_log_check(d, r.first, r.n);
	}
	slot_set_flags(slot, 0);
	add(&t->op->seen, d->dirty - before);
}

static inline void check_without_slot(struct thread *t, const struct slot *slot)
{
	struct range r = part_of_slot(t, slot);
	struct block *block = block_of(&scene.mem, r.first);

	pthread_mutex_lock(&block->lock);
	make_hot(t, r);
	stays_as_it_is(t, r, at(r));
	pthread_mutex_unlock(&block->lock);
}

/*
 * Deletes one window or both; with both deleted the guest cannot reach the
 * memory.
 */
static inline void op_delete(struct thread *t, struct range r)
{
	static const char * const notes[] = { "in window 0", "in window 1", "in both windows" };
	uint64_t which = pick(t, 3), exits = READ_ONCE(scene.c.exits);
	struct slot *slot = slot_of(r);
	uint64_t i;

	t->entry->note = notes[which];
	make_hot(t, part_of_slot(t, slot));
	writers_hole_begin(&scene.w);
	for (i = 0; i < WINDOWS; i++)
		if (which == i || which == WINDOWS)
			slot_set(slot, i, 0);
	if (which == WINDOWS)
		check_without_slot(t, slot);
	let_guest_work(pick(t, 100));
	for (i = 0; i < WINDOWS; i++)
		if (which == i || which == WINDOWS)
			slot_set(slot, i, slot->r.n);
	writers_hole_end(&scene.w);
	add(&t->op->seen, READ_ONCE(scene.c.exits) - exits);
}

/* Moves the memslot to where the guest has no window, and back. */
static inline void op_move(struct thread *t, struct range r)
{
	uint64_t exits = READ_ONCE(scene.c.exits);
	struct slot *slot = slot_of(r);
	int window = pick(t, WINDOWS);

	t->entry->note = window ? "window 1" : "window 0";
	make_hot(t, part_of_slot(t, slot));
	writers_hole_begin(&scene.w);
	slot->window[window] = WINDOWS;
	slot_set(slot, window, slot->r.n);
	let_guest_work(pick(t, 100));
	slot->window[window] = window;
	slot_set(slot, window, slot->r.n);
	writers_hole_end(&scene.w);
	add(&t->op->seen, READ_ONCE(scene.c.exits) - exits);
}

/*
 * Emulates an access for which the guest found no memslot, once the memory is
 * there.
 */
static inline bool on_exit_of_vcpu(struct writers_thread *vcpu)
{
	struct kvm_run *run = vcpu->vcpu->run;
	uint64_t offset, page;
	struct block *block;
	uint64_t *word;

	if (run->exit_reason != KVM_EXIT_MMIO)
		return false;
	offset = (run->mmio.phys_addr - WRITERS_MEM_GPA) % writers_window(scene.mem.pages, 1);
	page = offset / PAGE;
	if (run->mmio.len != sizeof(*word) || page >= scene.mem.pages || !writers_met_hole(vcpu)) {
		ktap_info("vcpu=%u unexpected %s of %u bytes at %#llx, where a memslot is",
			  vcpu->vcpu->id, run->mmio.is_write ? "write" : "read", run->mmio.len,
			  run->mmio.phys_addr);
		return false;
	}
	word = (uint64_t *)(scene.mem.hva + offset);
	block = block_of(&scene.mem, page);
	pthread_mutex_lock(&block->lock);
	if (run->mmio.is_write) {
		WRITE_ONCE(scene.written[page], 1);
		WRITE_ONCE(*word, *(uint64_t *)run->mmio.data);
	} else {
		*(uint64_t *)run->mmio.data = READ_ONCE(*word);
	}
	pthread_mutex_unlock(&block->lock);
	add(&scene.c.exits, 1);
	return true;
}

#endif /* SELFTEST_KVM_TORTURE_SLOTS_H */
