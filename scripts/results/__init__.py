# SPDX-License-Identifier: GPL-2.0
"""What came out of runs: reads a run's folder, judges it, and tells other programs.

Nothing here starts a process.  The shell calls it by `results COMMAND` (scripts/lib/common.sh).
"""
