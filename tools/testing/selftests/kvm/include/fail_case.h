/* SPDX-License-Identifier: GPL-2.0 */
/* For tests that find a failure deep inside of a case. */
#ifndef SELFTEST_KVM_FAIL_CASE_H
#define SELFTEST_KVM_FAIL_CASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "ktap.h"

static const char *case_name;

/* Prints the result line of the case @case_name; returns false, for the caller. */
static inline bool __printf(1, 2) fail_case(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ktap_fail(case_name, "%s", text);
	return false;
}

#endif /* SELFTEST_KVM_FAIL_CASE_H */
