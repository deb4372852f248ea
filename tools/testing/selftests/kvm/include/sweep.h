/* SPDX-License-Identifier: GPL-2.0 */
/* A parameter of a benchmark, with the values to measure at. */
#ifndef SELFTEST_KVM_SWEEP_H
#define SELFTEST_KVM_SWEEP_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_MAX	8

struct sweep {
	const char *name;
	int min;
	int max;
	int nr;
	int value[SWEEP_MAX];
};

/*
 * Parses a list like 1,2,4.  Returns false if it is malformed or out of range.
 */
static inline bool sweep_parse(struct sweep *s, char *list)
{
	char *word;

	for (s->nr = 0; (word = strsep(&list, ",")); s->nr++) {
		if (s->nr == SWEEP_MAX || !*word || word[strspn(word, "0123456789")])
			return false;
		s->value[s->nr] = atoi(word);
		if (s->value[s->nr] < s->min || s->value[s->nr] > s->max)
			return false;
	}
	return true;
}

#endif /* SELFTEST_KVM_SWEEP_H */
