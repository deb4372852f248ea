/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Result lines in KTAP, each with its name before the directive, which
 * kselftest.h cannot print ("ok 3 - name # SKIP reason").  The plan comes
 * first, every line is flushed at once, and the exit status is that of
 * kselftest: 0 for a pass, 1 if a case failed, 4 if every case was skipped.
 */
#ifndef SELFTEST_KVM_KTAP_H
#define SELFTEST_KVM_KTAP_H

#include <stdarg.h>
#include <stdio.h>

#include <linux/compiler.h>

#include "kselftest.h"

struct ktap {
	unsigned int plan;
	unsigned int done;
	unsigned int failed;
	unsigned int skipped;
};

static struct ktap ktap;

static inline void ktap_start(unsigned int plan)
{
	ktap.plan = plan;
	printf("TAP version 13\n1..%u\n", plan);
	fflush(stdout);
}

static inline void ktap_line(const char *result, const char *name, const char *directive,
			     const char *fmt, va_list ap)
{
	printf("%s %u - %s # %s", result, ++ktap.done, name, directive);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
}

static inline void __printf(2, 3) ktap_pass(const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ktap_line("ok", name, "", fmt, ap);
	va_end(ap);
}

static inline void __printf(2, 3) ktap_skip(const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ktap.skipped++;
	ktap_line("ok", name, "SKIP ", fmt, ap);
	va_end(ap);
}

static inline void __printf(2, 3) ktap_fail(const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ktap.failed++;
	ktap_line("not ok", name, "", fmt, ap);
	va_end(ap);
}

/* Prints a diagnostic line, whole even if several threads print at once. */
static inline void __printf(1, 2) ktap_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	flockfile(stdout);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	funlockfile(stdout);
	va_end(ap);
}

/* Replaces all other output: the whole test is skipped. */
static inline int __printf(1, 2) ktap_skip_all(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("TAP version 13\n1..0 # SKIP ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	va_end(ap);
	return KSFT_SKIP;
}

static inline int ktap_finish(void)
{
	ktap_info("Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0",
		  ktap.done - ktap.failed - ktap.skipped, ktap.failed, ktap.skipped);
	if (ktap.failed || ktap.done != ktap.plan)
		return KSFT_FAIL;
	return ktap.skipped == ktap.plan ? KSFT_SKIP : KSFT_PASS;
}

#endif /* SELFTEST_KVM_KTAP_H */
