# SPDX-License-Identifier: GPL-2.0
"""Summaries of trace reports; the lines are written here, after what trace-cmd prints."""

from results import tables
from results.trace import Summary
from test_cli import results

REPORT = """\
cpus=2
       munmap_test-71    [000] 10.000000: kvm_entry:            vcpu 0
       munmap_test-71    [001] 10.500000: kvm_page_fault:       vcpu 1 address 0x1000
CPU:1 [3 EVENTS DROPPED]
CPU:1 [EVENTS DROPPED]
       munmap_test-71    [001] 11.000000: kvm_entry:            vcpu 1
       munmap_test-71    [001] 12.000000: kvm_entry:            vcpu 1
"""


def table(text):
    return tables.columns(Summary(text.splitlines(True)).table())


def test_a_report():
    expected = (
        "event           count  per second  CPU 0  CPU 1\n"
        "kvm_entry       3      1.5         1      2\n"
        "kvm_page_fault  1      0.5         0      1\n"
        "(all)           4      2.0         1      3\n"
        "(lost)          4      2.0         0      4\n")
    assert table(REPORT) == expected
    assert results("trace", stdin=REPORT) == (0, expected, "")


def test_nothing():
    assert table("cpus=2\n") == ("event   count  per second  CPU 0\n"
                                 "(all)   0      0.0         0\n"
                                 "(lost)  0      0.0         0\n")


def test_a_single_event_has_no_duration():
    assert "\nkvm_exit  1      1.0         1\n" in table("t-1 [000] 5.000000: kvm_exit: x\n")


def test_events_that_are_equally_frequent_are_in_the_order_of_their_names():
    rows = Summary("t-1 [000] 5.%d: %s: x\n" % (number, name)
                   for number, name in enumerate(("b", "ab", "a", "B", "c", "c"))).table()
    assert [row[0] for row in rows[1:-2]] == ["c", "B", "a", "ab", "b"]


def test_cpus_without_events_have_a_column():
    rows = Summary(["t-1 [003] 5.0: a: x\n"]).table()
    assert rows[0][3:] == ["CPU 0", "CPU 1", "CPU 2", "CPU 3"]
    assert rows[1][3:] == ["0", "0", "0", "1"]


def test_names_of_tasks_and_columns_of_flags():
    rows = Summary([
        "a b:[3] c-9 [001] 5.0: event_a: [0] 1.0: no_event: x\n",
        "<idle>-0 [001] d..1. 6.0: event_a: x\n",
        "\ufffd-0 [000] 7.0:            event_b: x\n",
        "t-1 [000] no time: event_c: x\n"]).table()
    assert [row[:2] for row in rows[1:]] == [
        ["event_a", "2"], ["event_b", "1"], ["(all)", "3"], ["(lost)", "0"]]
