/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest code for gmem_test.c, in commands (commands.h): each vCPU has one word in
 * each page of a region, and the host says in the vCPU's mailbox what it is.
 *
 *	guest_write	writes the vCPU's own words
 *	guest_check	checks all vCPUs' words
 *	guest_read	reads pages at random until the host says stop
 */
#ifndef SELFTEST_KVM_GMEM_WORDS_H
#define SELFTEST_KVM_GMEM_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "commands.h"
#include "oracle.h"

#define PAGE		COMMANDS_PAGE
#define PAGES		128UL
#define GVA		0x11000000000UL
#define VCPUS		2

/* What host and vCPU share. */
struct mailbox {
	uint64_t me;
	uint64_t seed;
	uint64_t stop;
	/* Reads that have begun, and their range. */
	uint64_t begun;
	uint64_t first;
	uint64_t n;
	/* The first wrong word: of which page and vCPU. */
	uint64_t bad;
	uint64_t page;
	uint64_t owner;
	uint64_t got;
	/* Words of each page, without the vCPU's number; 0: none was written. */
	uint64_t want[PAGES];
};

/* The number of the vCPU is added by word_of(). */
static uint64_t word_make(uint64_t round, uint64_t memory, uint64_t page)
{
	return round << 32 | memory << 24 | page << 8;
}

static uint64_t page_of(uint64_t word)
{
	return word >> 8 & 0xffff;
}

static uint64_t word_of(uint64_t want, uint64_t vcpu)
{
	return want ? want | (vcpu + 1) : 0;
}

static uint64_t *word_at(uint64_t base, uint64_t page, uint64_t vcpu)
{
	return (uint64_t *)(base + page * PAGE) + vcpu;
}

/* Returns false after it has noted a wrong word in @m. */
static bool check_words(struct mailbox *m, const uint64_t *want, uint64_t base)
{
	uint64_t p, v, got;

	for (p = 0; p < PAGES; p++) {
		for (v = 0; v < VCPUS; v++) {
			got = READ_ONCE(*word_at(base, p, v));
			if (got == word_of(want[p], v))
				continue;
			m->page = p;
			m->owner = v;
			m->got = got;
			m->bad = 1;
			return false;
		}
	}
	return true;
}

static void guest_write(void *page)
{
	struct mailbox *m = page;
	uint64_t p;

	for (p = 0; p < PAGES; p++)
		WRITE_ONCE(*word_at(GVA, p, m->me), word_of(m->want[p], m->me));
}

static void guest_check(void *page)
{
	struct mailbox *m = page;

	check_words(m, m->want, GVA);
}

static void guest_read(void *page)
{
	struct mailbox *m = page;
	uint64_t rng = m->seed;

	while (!READ_ONCE(m->stop)) {
		WRITE_ONCE(m->begun, m->begun + 1);
		READ_ONCE(*word_at(GVA, m->first + oracle_pick(&rng, m->n), m->me));
	}
}

#endif /* SELFTEST_KVM_GMEM_WORDS_H */
