# SPDX-License-Identifier: GPL-2.0
# The names of what can be done; the work is in scripts/, each of which runs
# alone too.  Variables reach them through the environment.

VARIABLES := O KERNEL TESTS KSELFTESTS BASELINE SEED TIME DEBUG ACCEL NPT CPUS MEM V \
	ARGS WITHOUT KERNEL_TARBALL KERNEL_SRC BZIMAGE FRAMEWORK_TARBALL INSTALL QEMU ROUNDS LONG
export $(VARIABLES)

# make's own goals and flags are nobody else's business.
unexport MAKEFLAGS MFLAGS MAKELEVEL

GOALS := run check bench sabotage historical series kernel patches setup help clean distclean
.PHONY: $(GOALS)
.DEFAULT_GOAL := help
# The scripts take turns on $O and use all CPUs themselves.
.NOTPARALLEL:

run check bench sabotage historical series setup kernel patches help clean distclean:
	@scripts/make $@
