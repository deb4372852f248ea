# SPDX-License-Identifier: GPL-2.0
"""Finds the package, and prints what scripts/check counts: a line of TAP each test."""

import os
import sys

import pytest

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(REPO, "scripts"))
sys.dont_write_bytecode = True

from results import console  # noqa: E402


@pytest.hookimpl
def pytest_runtest_logreport(report):
    if report.when == "call" or report.failed:
        name = report.nodeid.split("::", 1)[1].replace("#", "_").encode(
            "ascii", "backslashreplace").decode()
        sys.stdout.write("\n%s 1 %s" % ("ok" if report.passed else "not ok", name[:120]))


@pytest.fixture(scope="session")
def logs():
    """The recorded runs."""
    return os.path.join(REPO, "tests", "logs")


@pytest.fixture(scope="session")
def rules():
    return console.read_rules(os.path.join(REPO, "configs", "splats"))
