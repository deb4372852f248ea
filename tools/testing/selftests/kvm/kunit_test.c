// SPDX-License-Identifier: GPL-2.0
/*
 * Reports the results of the kernel's own unit tests.  It is not an attack:
 * what a guest would see is said in the tests themselves (docs/unit-tests.md).
 *
 * KUnit runs built-in tests when the kernel boots, before any process, and
 * keeps their output in debugfs.  Each of its cases becomes a case of this
 * test, so that it is reported and judged like any other.
 *
 * KUnit keeps only 512 bytes for each case, including the result: a case with
 * more output has lost its result, and counts as failed.
 */
#define _GNU_SOURCE
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "knob.h"
#include "ktap.h"

#define RESULTS		KNOB_DEBUGFS "/kunit/*/results"
#define SKIP		"# SKIP"

/* Returns the name of the suite in @path, which is .../kunit/NAME/results. */
static const char *suite_name(char *path)
{
	*strrchr(path, '/') = '\0';
	return strrchr(path, '/') + 1;
}

static FILE *open_results(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(KSFT_FAIL);
	}
	return f;
}

/* A case, and the plan of a suite, are indented by four spaces. */
static char *inner_line(char *line)
{
	if (strncmp(line, "    ", 4))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line + 4;
}

static unsigned int planned(const char *path)
{
	unsigned int plan = 0;
	char line[1024], *inner;
	FILE *f = open_results(path);

	while (!plan && fgets(line, sizeof(line), f)) {
		inner = inner_line(line);
		if (inner)
			sscanf(inner, "1..%u", &plan);
	}
	fclose(f);
	return plan;
}

/* @line is what follows "ok ": NUMBER [- ]NAME [# DIRECTIVE]. */
static void report_case(const char *suite, bool ok, char *line)
{
	char name[256], *word, *reason = strstr(line, SKIP);

	line[strcspn(line, "#")] = '\0';
	strtoul(line, &word, 10);
	word += strspn(word, " -");
	word[strcspn(word, " ")] = '\0';
	snprintf(name, sizeof(name), "%s.%s", suite, word);

	if (!ok)
		ktap_fail(name, "see the console");
	else if (reason)
		ktap_skip(name, "%s", reason + strlen(SKIP " "));
	else
		ktap_pass(name, "%s", "");
}

static void report_suite(const char *suite, const char *path, unsigned int plan)
{
	unsigned int done = ktap.done;
	char line[1024], *inner;
	FILE *f = open_results(path);

	while (fgets(line, sizeof(line), f)) {
		inner = inner_line(line);
		if (!inner)
			continue;
		if (!strncmp(inner, "ok ", 3))
			report_case(suite, true, inner + 3);
		else if (!strncmp(inner, "not ok ", 7))
			report_case(suite, false, inner + 7);
		else if (strncmp(inner, "KTAP", 4) && strncmp(inner, "1..", 3))
			ktap_info("%s: %s", suite, inner + strspn(inner, "# "));
	}
	fclose(f);

	for (done = ktap.done - done; done < plan; done++)
		ktap_fail(suite, "a case without a result");
	if (!plan)
		ktap_fail(suite, "no case");
}

int main(void)
{
	unsigned int i, sum = 0, *plan;
	glob_t found;

	if (knob_debugfs_why_not())
		return ktap_skip_all("%s", knob_debugfs_why_not());
	if (glob(RESULTS, 0, NULL, &found))
		return ktap_skip_all("this kernel has no KUnit tests (%s)", RESULTS);
	plan = calloc(found.gl_pathc, sizeof(*plan));
	for (i = 0; i < found.gl_pathc; i++) {
		plan[i] = planned(found.gl_pathv[i]);
		sum += plan[i] ?: 1;
	}

	ktap_start(sum);
	for (i = 0; i < found.gl_pathc; i++) {
		char *path = strdup(found.gl_pathv[i]);

		report_suite(suite_name(path), found.gl_pathv[i], plan[i]);
		free(path);
	}
	globfree(&found);
	free(plan);
	return ktap_finish();
}
