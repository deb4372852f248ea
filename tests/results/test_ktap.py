# SPDX-License-Identifier: GPL-2.0
"""What a result says, by the rules of KTAP and of init."""

import pytest
from results.ktap import Result, parse_case

FACTS = "KTAP version 1\n1..%d\n# fact kernel 6.1.0-stock\n# fact virtualization svm\n"


def one(*lines, end="ok 1 my_test # 1.5 s; guest writes=1"):
    """The only test of a result, with these lines of its own."""
    text = FACTS % 1 + "# start 1 my_test, at most 9 s\n  KTAP version 1\n" + \
        "".join("  " + line + "\n" for line in lines) + end + "\n"
    return Result(text).tests[0]


@pytest.mark.parametrize("line,good,number,name,directive,words", [
    ("ok 1 - a/b # writes=1", True, "1", "a/b", "", "writes=1"),
    ("ok 1 a", True, "1", "a", "", ""),
    ("ok 3 # SKIP why", True, "3", "", "SKIP", "why"),
    ("ok 3 - # SKIP why", True, "3", "", "SKIP", "why"),
    ("ok 3 #SKIP why", True, "3", "", "SKIP", "why"),
    ("ok 3 - a # skip: why", True, "3", "a", "SKIP", "why"),
    ("ok 3", True, "3", "", "", ""),
    ("ok", True, "", "", "", ""),
    ("not ok 2 - b # TODO later", False, "2", "b", "TODO", "later"),
    ("ok 2 # XFAIL b", True, "2", "", "XFAIL", "b"),
    ("not ok 2 - b # see above: stale=1", False, "2", "b", "", "see above: stale=1"),
    ("ok 4 - a#b", True, "4", "a#b", "", ""),
])
def test_a_case(line, good, number, name, directive, words):
    case = parse_case(line)
    assert (case.good, case.number, case.name, case.directive, case.words) == (
        good, number, name, directive, words)


@pytest.mark.parametrize("line", ["okay then", "not okay", "o", "# ok 1 a", "ok-ish"])
def test_no_case(line):
    assert parse_case(line) is None


def test_a_test_that_passed():
    test = one("1..2", "ok 1 - a # x", "ok 2 - b # SKIP none here")
    assert (test.verdict, test.seconds, test.words) == ("pass", "1.5", "guest writes=1")
    assert [case.skipped for case in test.cases] == [False, True]


@pytest.mark.parametrize("lines,why", [
    (["1..2", "ok 1 - a"], "planned 2 cases, 1 have a result"),
    (["1..1", "ok 1 - a", "ok 2 - b"], "planned 1 cases, 2 have a result"),
    (["ok 1 - a", "1..2"], "planned 2 cases, 1 have a result"),
    (["1..2", "ok 1 - a", "not ok 2 - b"], "exit 0, but 1 not ok inside"),
    (["1..2", "ok 1 - a", "Bail out! no memory"], "Bail out! no memory"),
    (["1..0 # SKIP none", "ok 1 - a"], "planned 0 cases, 1 have a result"),
    # init writes a blank for the escape, and takes no such line for KTAP.
    (["1..2", "ok 1 - a", "#  [31mnot ok 2 - b [0m"], "exit 0, but 1 not ok inside"),
    (["1..1", "\x1b[31mnot ok 1 - b\x1b[0m"], "exit 0, but 1 not ok inside"),
])
def test_a_good_status_is_not_all(lines, why):
    test = one(*lines)
    assert (test.verdict, test.objection) == ("FAIL", why)
    assert test.counts.startswith(why)


@pytest.mark.parametrize("lines", [
    ["1..2", "ok 1 - a", "#  [32mok 2 - b [0m"],
    ["1..2", "\x1b[32mok 1 - a\x1b[0m", "ok 2 - b"],
    ["ok 1 - a", "ok 2 - b", "1..2"],
    ["ok 1 - a"],
    [],
    ["1..2", "ok 1 - a", "not ok 2 - b # TODO it never did"],
    ["1..1", "  1..2", "  ok 1 x", "  not ok 2 y", "ok 1 - sub"],
    ["1..1", "# not ok 1 - a comment", "ok 1 - a"],
    # Two programs one after the other.
    ["1..1", "ok 1 - a", "KTAP version 1", "1..1", "ok 1 - b"],
])
def test_a_test_that_has_nothing_wrong(lines):
    assert one(*lines).verdict == "pass"


def test_a_skip_of_the_whole():
    assert one("1..0 # SKIP no device").verdict == "skip"
    assert one("1..0 # SKIP no device",
               end="ok 1 my_test # SKIP 0.1 s; 1..0 # SKIP no device").verdict == "skip"
    # A plan is not kept by a test that is skipped half way.
    assert one("1..3", "ok 1 - a", end="ok 1 my_test # SKIP 0.1 s; no").verdict == "skip"


def test_a_skip_with_something_not_ok():
    test = one("1..2", "not ok 1 - a", "ok 2 # SKIP x", end="ok 1 my_test # SKIP 0.1 s; x")
    assert (test.verdict, test.objection) == ("FAIL", "exit 4, but 1 not ok inside")


def test_a_result_without_a_name_is_that_of_the_test_that_was_begun():
    test = one(end="ok 1 # SKIP why")
    assert (test.name, test.verdict) == ("my_test", "skip")


def test_why_a_test_failed():
    test = one("1..2", "not ok 1 - a # stale=1", "# STALE word 3", "# ==== Test Assertion Failure",
               "#   my.c:3: x", "#   pid=1", "#   more",
               end="not ok 1 my_test # 2.0 s; failed, exit 1")
    assert test.verdict == "FAIL" and test.words == "failed, exit 1"
    assert test.why == ["  not ok 1 - a # stale=1", "  # STALE word 3", "  #   my.c:3: x",
                        "  #   pid=1"]


@pytest.mark.parametrize("words,verdict", [
    ("22.0 s; TIMEOUT killed; guest writes=1", "TIMEOUT"), ("1.0 s; EMULATOR-FAULT", "EMULATOR"),
    ("1.0 s; signal 11 (Segmentation fault)", "FAIL"), ("", "FAIL")])
def test_a_bad_end(words, verdict):
    assert one(end="not ok 1 my_test # " + words).verdict == verdict


@pytest.mark.parametrize("text,broken", [
    ("", ""),
    ("TAP version 13\n", "it does not begin with a KTAP header (line 1)"),
    ("KTAP version 1\n1..1\n1..1\n", "two plans (line 3)"),
    ("KTAP version 1\n1..2\nok 2 a\n", "test 1 has the number 2 (line 3)"),
    ("KTAP version 1\n1..1\nok 1 a\n# end passed 1 failed 0 skipped 0\n# more\n",
     "more lines after the end (line 5)"),
    ("KTAP version 1\nhello\n", "no KTAP: hello (line 2)"),
    ("KTAP version 1\nok 1\n", "no KTAP: ok 1 (line 2)"),
    ("KTAP version 1\nok 1 # 3 s\n", "no KTAP: ok 1 # 3 s (line 2)"),
])
def test_what_is_broken(text, broken):
    assert Result(text).broken == broken


def test_colours_of_init_itself():
    result = Result("\x1b[1mKTAP version 1\x1b[0m\r\n1..1\r\n\x1b[32mok 1 a\x1b[0m\r\n"
                    "\x1b[1m# end passed 1 failed 0 skipped 0\x1b[0m\r\n")
    assert not result.broken and result.end == result.init_counts()


def test_facts_and_what_was_begun():
    result = Result(FACTS % 2 + "# start 1 a_test, at most 9 s\nok 1 a_test # 1.0 s; \n"
                    "# start 2 b_test, at most 9 s\n  ok 1 - x\n")
    assert result.facts["kernel"] == "6.1.0-stock" and result.running == "b_test"
    assert [test.name for test in result.started] == ["a_test", "b_test"]
    assert result.end is None and result.plan == 2
