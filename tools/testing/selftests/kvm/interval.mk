# SPDX-License-Identifier: GPL-2.0
# The KVM selftests of this project, one line each: <name>.c beside this file.
# GNUmakefile hands them to the kernel tree's own Makefile; scripts/selftests
# reads the same lines.
INTERVAL_TESTS += munmap_test
INTERVAL_TESTS += ksm_test
INTERVAL_TESTS += thp_test
