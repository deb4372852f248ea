# SPDX-License-Identifier: GPL-2.0
# The KVM selftests of this project, one line each: <name>.c beside this file.
# GNUmakefile hands them to the kernel tree's own Makefile; scripts/steps/selftests
# reads the same lines.
INTERVAL_TESTS += munmap_test
INTERVAL_TESTS += kunit_test
INTERVAL_TESTS += starve_test
INTERVAL_TESTS += wait_test
INTERVAL_TESTS += wait_event_test
INTERVAL_TESTS += oom_test
INTERVAL_TESTS += reclaim_test
INTERVAL_TESTS += memslot_test
INTERVAL_TESTS += vm_lifetime_test
INTERVAL_TESTS += pfncache_test
INTERVAL_TESTS += apic_access_test
INTERVAL_TESTS += memfd_uffd_test
INTERVAL_TESTS += gigantic_test
INTERVAL_TESTS += smm_memslot_test
INTERVAL_TESTS += gmem_test
INTERVAL_TESTS += ksm_test
INTERVAL_TESTS += thp_test
INTERVAL_TESTS += nested_test
INTERVAL_TESTS += torture_test

# Benchmarks measure and do not judge (docs/benchmarks.md).
INTERVAL_BENCHES += fault_bench
INTERVAL_BENCHES += stall_bench
INTERVAL_BENCHES += cost_bench
