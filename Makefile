# SPDX-License-Identifier: GPL-2.0
# The names of what can be done; the work is in scripts/, each of which runs
# alone too.  Variables reach them through the environment.

VARIABLES := O KERNEL TESTS KSELFTESTS BASELINE SEED TIME DEBUG ACCEL NPT CPUS MEM V \
	ARGS VMM LIBVIRT_URI WITHOUT BOCHS_TARBALL KERNEL_TARBALL KERNEL_SRC BZIMAGE HOST \
	FILES FRAMEWORK_TARBALL INSTALL QEMU MACHINE ROUNDS LONG EVENTS HOSTS JOBS HALT FRESH A B BENCHES
export $(VARIABLES)

# make's own goals and flags are nobody else's business.
unexport MAKEFLAGS MFLAGS MAKELEVEL

INSIDE := shell trace gdb monitor
GOALS := $(INSIDE) run check bench compare matrix mutations historical series kernel patches setup \
	help clean distclean
.PHONY: $(GOALS) sabotage
# Names of the variables on the command line.
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(word 1,$(origin $(name)))),$(name)))
.DEFAULT_GOAL := help
# The scripts take turns on $O and use all CPUs themselves.
.NOTPARALLEL:

# `sabotage` is what `mutations` was called once.
$(GOALS) sabotage:
	@KNOWN="$(VARIABLES)" GIVEN="$(GIVEN)" scripts/goal $@
