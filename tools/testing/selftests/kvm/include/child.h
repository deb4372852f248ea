/* SPDX-License-Identifier: GPL-2.0 */
/* Child processes that die with the test and do not restore its knobs. */
#ifndef SELFTEST_KVM_CHILD_H
#define SELFTEST_KVM_CHILD_H

#include <sys/prctl.h>

#include "knob.h"
#include "test_util.h"

/*
 * Calls fork(), after flushing stdout so that the child does not print it
 * again.
 */
static inline pid_t child_fork(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	TEST_ASSERT(pid >= 0, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		knob_forget();
	}
	return pid;
}

#endif /* SELFTEST_KVM_CHILD_H */
