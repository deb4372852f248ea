# SPDX-License-Identifier: GPL-2.0
"""What the shell's scripts print of runs."""

import os
import shutil

import pytest
from results import tables
from results.run import Run


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return Run(str(folder))


def run(folder, kernel, tests, more="", word="PASS 0"):
    return write(folder, meta="kernel %s\nplatform tcg-svm\nnpt 1\ncpus 2\nqemu 7.2\nseconds 44\n%s"
                 % (kernel, more), tests=tests, verdict=word + "\n", result_ktap="",
                 console_log="")


@pytest.fixture
def pair(tmp_path):
    return [run(tmp_path / "1", "stock-debug", "a\tpass\t1.0\tx=1\nb\tskip\t0.1\t\n"),
            run(tmp_path / "2", "interval-debug", "a\tFAIL\t2.0\ty\nc\tpass\t3.0\t\n",
                word="FAIL 1")]


def test_columns():
    assert tables.columns([["a", "bcd", ""], ["long", "e"]]) == "a     bcd\nlong  e\n"


def test_overview(pair):
    assert tables.overview(pair) == (
        "kernel          platform  npt  test       verdict  time   counts\n"
        "stock-debug     tcg-svm   1    a          pass     1.0 s  x=1\n"
        "stock-debug     tcg-svm   1    b          skip     0.1 s\n"
        "stock-debug     tcg-svm   1    (machine)  PASS     44 s\n"
        "interval-debug  tcg-svm   1    a          FAIL     2.0 s  y\n"
        "interval-debug  tcg-svm   1    c          pass     3.0 s\n"
        "interval-debug  tcg-svm   1    (machine)  FAIL     44 s\n")


def test_a_boot_that_was_repeated(tmp_path):
    again = run(tmp_path / "1", "stock", "", "repeated 1-again\n", "TRUNCATED 8")
    assert "TRUNCATED, repeated" in tables.overview([again])
    assert tables.differences([again]) == "both kernels: the same verdict for each test\n"


def test_differences(pair):
    assert tables.differences(pair) == (
        "the kernels differ:\n    a: stock pass, interval FAIL\n"
        "    b: stock skip, interval not run\n    c: stock not run, interval pass\n")
    assert tables.differences(pair[:1] + [pair[0]]).count("\n") == 3
    assert tables.differences([]) == "both kernels: the same verdict for each test\n"


def test_failed_and_what_the_machine_ended_in(pair):
    assert tables.failed(pair[1]) == ["a"]
    write_ktap(pair[1], "KTAP version 1\n1..2\n# start 1 z_test, at most 9 s\n")
    assert tables.failed(pair[1]) == ["a", "z_test"]


def write_ktap(a_run, text):
    with open(a_run.file("result.ktap"), "w", encoding="utf-8") as file:
        file.write(text)


def test_baseline_and_news(pair, tmp_path):
    text = tables.baseline(pair[1])
    assert text == ("# kernel interval-debug, platform tcg-svm, npt 1, cpus 2, qemu 7.2\n" +
                    "a".ljust(40) + " FAIL     y\n" + "c".ljust(40) + " pass\n")
    later = run(tmp_path / "3", "stock",
                "a\tknown\t2.0\tknown: y\nc\tFAIL\t1.0\tz\nd\tFAIL\t1.0\t\ne\tpass\t1.0\t\n")
    assert tables.news(later, "file") == ""
    write(tmp_path / "3", baseline=text)
    assert tables.news(later, "file") == (
        "stock against file:\n    c: FAIL, in the baseline pass\n    d: FAIL, not in the baseline\n"
        "    as there: 0, known failures: 1, not in it: 2\n")
    # A failure that was known keeps its verdict.
    assert "a".ljust(40) + " FAIL     y\n" in tables.baseline(later)


# --- kernels that are broken on purpose -----------------------------------------------------


def test_tries(tmp_path):
    broken = write(
        tmp_path / "1", meta="kernel mutations\n", console_log="",
        plan="one on\none off\ntwo on\ntwo off\nthree on\n",
        result_ktap="KTAP version 1\n1..5\n# start 1 a_test, at most 9 s\n  KTAP version 1\n"
        "  # STALE word 7\n  not ok 1 - a/b # stale=1\n"
        "not ok 1 a_test # 2.0 s; failed, exit 1\n"
        "# start 2 a_test, at most 9 s\nok 2 a_test # 2.0 s; guest writes=1\n"
        "# start 3 b_test, at most 9 s\nnot ok 3 b_test # 3.0 s; TIMEOUT killed\n"
        "# start 4 b_test, at most 9 s\nok 4 b_test # SKIP 0.0 s; no\n"
        "# start 5 c_test, at most 9 s\n")
    first = ("one on fail a_test: a/b: STALE word 7\none off pass \n"
             "two on fail b_test: 3.0 s; TIMEOUT killed\n"
             "two off not-run b_test: SKIP 0.0 s; no\n")
    assert tables.tries(broken, "") == first + "three on died c_test: no verdict\n"
    broken.write_verdict("OOPS", 6, ["kernel BUG at a.c:1!", "BUG: x at b.c", "more"])
    assert tables.tries(broken, "") == first + \
        "three on died c_test: OOPS kernel BUG at a.c:1!\n"
    assert tables.tries(broken, "BUG: y") == tables.tries(broken, "")
    assert tables.tries(broken, "BUG: x") == \
        first + "three on splat c_test: host splat: BUG: x at b.c\n"
    # Of a machine that hangs, no word is a splat.
    broken.write_verdict("HANG", 7, ["BUG: x at b.c"])
    assert tables.tries(broken, "BUG: x") == first + "three on died c_test: HANG BUG: x at b.c\n"


def test_tries_of_a_machine_that_never_began(tmp_path):
    dead = write(tmp_path / "1", meta="kernel mutations\n", plan="one on\n", result_ktap="",
                 verdict="INFRA 8\nQEMU did not start\n")
    assert tables.tries(dead, "") == "one on died boot: INFRA QEMU did not start\n"


@pytest.mark.parametrize("results,say", [
    ("x on fail t: why\nx off pass \n", "caught"),
    ("x on splat t: why\nx off pass \n", "caught"),
    ("x on pass \nx off pass \n", "SURVIVED"),
    ("x on fail t: why\nx off fail t: too\n", "FAILS WITHOUT IT, TOO"),
    ("x on fail t: why\n", "FAILS WITHOUT IT, TOO"),
    ("x on died\n", "HOST DIED"),
    ("x on not-run\n", "NOT RUN"),
    ("x on emulator t: why\nx off pass \n", "EMULATOR FAULT"),
])
def test_caught(results, say):
    text, bad = tables.caught("x fix 01 # comment\n", results)
    assert text.startswith("  x                01 %-10s" % say)
    assert text.endswith("%d of 1 caught\n" % (say == "caught")) and bad == (say != "caught")


def test_surprises(tmp_path):
    unit = write(tmp_path / "1", meta="kernel interval\n", result_ktap=(
        "KTAP version 1\n1..1\n# start 1 kunit_test, at most 9 s\n  KTAP version 1\n"
        "  ok 1 - s.a_one\n  not ok 2 - s.b_two\n  ok 3 - s.b_three\n"))
    assert tables.surprises(unit, "") == "s.b_two\n"
    assert tables.surprises(unit, "b_") == "s.b_three\n"
    assert tables.surprises(unit, "a_") == "s.a_one\ns.b_two\n"
    write_ktap(unit, "KTAP version 1\n")
    assert tables.surprises(unit, "") == "no case passed\n"
    assert tables.surprises(unit, "a_") == "no case failed\n"


def test_grid():
    assert tables.grid(["a\tx\t1", "a\ty\t2", "b\ty\t3"]) == (
        "test  x  y\na     1  2\nb        3\n")


def test_it_is_a_run_that_was_recorded(logs, tmp_path):
    shutil.copytree(os.path.join(logs, "pass"), tmp_path / "pass")
    assert Run(str(tmp_path / "pass/")).name == "pass"


def test_cases_that_were_left_out(tmp_path):
    one = write(tmp_path / "1-stock", result_ktap="""\
KTAP version 1
1..1
# start 1 a_test
  1..3
  ok 1 - fine
  ok 2 - other # SKIP no such CPU
  not ok 3 - odd # SKIP a failure is none
not ok 1 a_test # 1.0 s
""")
    other = write(tmp_path / "2-interval", result_ktap="KTAP version 1\n1..1\n# start 1 b\n"
                  "  ok 1 c # SKIP too old\n")
    assert tables.skipped([one, other]) == (
        "case skipped in stock: other # SKIP no such CPU\n"
        "case skipped in interval: c # SKIP too old\n")


def test_reasons(tmp_path):
    runs = [write(tmp_path / "1", verdict="PASS 0\nfine\n"),
            write(tmp_path / "2", verdict="FAIL 1\na\n%s\nc\n" % ("b" * 500)),
            write(tmp_path / "3")]
    assert tables.reasons(runs, 2) == "a\n%s\n" % ("b" * 400)
    assert tables.reasons(runs, 9) == "a\n%s\nc\n" % ("b" * 400)


def test_cells_of_a_matrix(tmp_path):
    runs = [write(tmp_path / "1", verdict="PASS 0\n", meta="ended early\nended by-itself\n"),
            write(tmp_path / "2", verdict="SKIP 0\n"),
            write(tmp_path / "3", verdict="NOT-RUN 8\nwhy\n", meta="ended never\n"),
            write(tmp_path / "4")]
    assert tables.cells(runs) == (
        "pass\t0\tby-itself\nskip\t0\t-\nNOT-RUN\t8\tnever\nno result\t8\t-\n")
