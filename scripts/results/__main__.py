# SPDX-License-Identifier: GPL-2.0
"""Runs as `python3 scripts/results COMMAND`: the package is beside the shell's scripts."""

import os
import sys

# Python puts this folder first; modules here must not be found by names of their own.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from results.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
