# SPDX-License-Identifier: GPL-2.0
# The names of what can be done; the work is in scripts/, each of which runs
# alone too.  Variables reach them through the environment; configs/variables lists them.

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
	@GIVEN="$(GIVEN)" scripts/goal $@
