# SPDX-License-Identifier: GPL-2.0
"""Verdicts on recorded runs, whole, cut off and mixed up.

What must hold, for a run that has not passed as for one that has:
 * a result.ktap without its last line, or cut anywhere before the last newline, is no PASS;
   only the newline itself may be missing;
 * a console.log that is cut before init's last words there (`init: end`) is no PASS, if it
   is longer than nothing: what a kernel says while it powers off is not waited for;
 * lines of another run's result mixed into it are no PASS;
 * whatever is mixed into the console of a run whose kernel complained, the complaint is
   found.
"""

import os
import random
import shutil

import pytest
from results.run import Run
from results.status import Status, Word
from results.verdict import Judge

PASSING = ("PASS", "SKIP")


@pytest.fixture
def copy(logs, tmp_path):
    def make(name):
        folder = str(tmp_path / name)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(os.path.join(logs, name), folder)
        return Run(folder)
    return make


@pytest.fixture
def judge(rules):
    return lambda run: Judge(run, rules, []).word.value


def put(run, name, data):
    with open(run.file(name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def append(run, name, text):
    with open(run.file(name), "ab") as file:
        file.write(text.encode())


def replace(run, name, old, new):
    text = run.text(name)
    assert old in text
    put(run, name, text.replace(old, new))


def recorded(logs):
    return sorted(os.listdir(logs))


def test_recorded_runs(copy, judge, logs):
    for name in recorded(logs):
        run = copy(name)
        word = run.text("expect").split("\n")[0]
        found = judge(run)
        assert "%s %d" % (found, Word(found).status) == word, name


def is_remark(line):
    """A comment of a test, a life sign, or a fact: nothing that is counted."""
    return line.startswith(("  #", "# ", "  KTAP")) and not line.startswith("# end")


# --- cut off ---------------------------------------------------------------------------


def test_a_result_cut_at_each_byte(copy, judge, logs):
    """Of every recorded run that passes; of the others at random places."""
    rnd = random.Random(1)
    for name in recorded(logs):
        run = copy(name)
        whole = run.bytes("result.ktap")
        if judge(run) in PASSING:
            places = range(len(whole) - 1)
        else:
            places = [rnd.randrange(len(whole)) for _ in range(20)] if whole else []
        for place in places:
            put(run, "result.ktap", whole[:place])
            assert judge(run) not in PASSING, (name, place)


def test_a_result_without_its_last_newline_is_whole(copy, judge):
    run = copy("pass")
    put(run, "result.ktap", run.bytes("result.ktap")[:-1])
    assert judge(run) == "PASS"


@pytest.mark.parametrize("name", ["pass", "skip", "known"])
def test_a_result_without_one_of_its_lines(copy, judge, name):
    """... of which a test's own plan need not be there."""
    run = copy(name)
    lines = run.text("result.ktap").split("\n")[:-1]
    for number, line in enumerate(lines):
        put(run, "result.ktap", "".join(
            other + "\n" for at, other in enumerate(lines) if at != number))
        needed = not is_remark(line) and not line.startswith("  1..") or \
            line.startswith("# fact kernel")
        assert not needed or judge(run) not in PASSING, line


def test_a_console_cut_before_inits_end(copy, judge):
    run = copy("pass")
    whole = run.bytes("console.log")
    for place in range(whole.index(b"init: end")):
        put(run, "console.log", whole[:place])
        assert judge(run) == "TRUNCATED", place
    os.remove(run.file("console.log"))
    assert judge(run) == "TRUNCATED"


def test_a_console_of_a_complaint_cut_off(copy, judge, logs, rules):
    """Where the complaint is lost, so is init's end: never a PASS."""
    for name in recorded(logs):
        run = copy(name)
        if Judge(run, rules, []).splat is None:
            continue
        whole = run.bytes("console.log")
        # ... even with a result that says that all is well.
        put(run, "result.ktap", copy("pass").bytes("result.ktap"))
        for place in range(0, len(whole), 7):
            put(run, "console.log", whole[:place])
            assert judge(run) not in PASSING, (name, place)


def test_meta_cut_off(copy, judge):
    """How it ended is in its last line."""
    run = copy("pass")
    lines = run.text("meta").split("\n")[:-1]
    for count in range(len(lines)):
        put(run, "meta", "".join(line + "\n" for line in lines[:count]))
        assert judge(run) not in PASSING, count


# --- mixed up --------------------------------------------------------------------------


def mix(rnd, first, second):
    """Lines of both, each in their order."""
    places = [0] * len(first) + [1] * len(second)
    rnd.shuffle(places)
    queues = [iter(first), iter(second)]
    return [next(queues[place]) for place in places]


@pytest.mark.parametrize("seed", range(8))
def test_another_console_mixed_in(copy, logs, rules, seed):
    """... by lines, some without the newline before them, as on a real console."""
    rnd = random.Random(seed)
    other = copy("pass").text("console.log").split("\n")
    for name in recorded(logs):
        run = copy(name)
        splat = Judge(run, rules, []).splat
        lines = mix(rnd, run.console().decode("utf-8", "replace").split("\n"), other)
        text = "".join(line + ("" if rnd.random() < 0.1 else "\r\n") for line in lines)
        put(run, "console.log", text)
        put(run, "result.ktap", copy("pass").bytes("result.ktap"))
        meta = "".join("%s %s\n" % pair for pair in run.meta_lines()
                       if pair[0] != "console-bytes")
        put(run, "meta", meta)
        found = Judge(run, rules, [])
        if splat:
            assert found.splat, (name, text)
            assert found.word.value not in PASSING, (name, text)


@pytest.mark.parametrize("seed", range(8))
def test_another_result_mixed_in(copy, judge, logs, seed):
    rnd = random.Random(seed)
    for name in recorded(logs):
        run = copy("pass")
        other = Run(os.path.join(logs, name)).result().split("\n")[:-1]
        lines = mix(rnd, run.result().split("\n")[:-1], other)
        put(run, "result.ktap", "".join(line + "\n" for line in lines))
        assert not other or judge(run) not in PASSING, (name, lines)


@pytest.mark.parametrize("name", ["pass", "skip", "known"])
def test_a_result_with_one_of_its_lines_twice(copy, judge, name):
    run = copy(name)
    lines = run.text("result.ktap").split("\n")[:-1]
    for number, line in enumerate(lines):
        put(run, "result.ktap", "".join(
            other + "\n" for at, other in enumerate(lines)
            for _ in range(2 if at == number else 1)))
        assert is_remark(line) or judge(run) not in PASSING, line


# --- KTAP -------------------------------------------------------------------------------


def test_a_plan_of_a_test_that_is_not_kept(copy, judge, rules):
    run = copy("pass")
    replace(run, "result.ktap", "  1..3\n", "  1..4\n")
    assert judge(run) == "FAIL"
    assert "munmap_test: FAIL: planned 4 cases, 3 have a result" in "\n".join(
        Judge(run, rules, []).lines)


def test_exit_4_beside_a_not_ok(copy, judge):
    run = copy("skip")
    text = run.text("result.ktap")
    first = text.index("\nok 1 ")
    put(run, "result.ktap", text[:first] + "\n  not ok 9 - my case" + text[first:])
    assert judge(run) == "FAIL"


def test_skips_without_a_name(copy, judge):
    run = copy("pass")
    replace(run, "result.ktap", "ok 2 set_memory_region_test # 9.3 s; ", "ok 2 # SKIP why")
    replace(run, "result.ktap", "passed 2 failed 0 skipped 0", "passed 1 failed 0 skipped 1")
    assert judge(run) == "PASS"
    replace(run, "result.ktap", "ok 1 munmap_test # 22.0 s;", "ok 1 # SKIP")
    replace(run, "result.ktap", "passed 1 failed 0 skipped 1", "passed 0 failed 0 skipped 2")
    assert judge(run) == "SKIP"


def test_no_test_at_all(copy, judge):
    run = copy("pass")
    put(run, "result.ktap", "KTAP version 1\n1..0\n# fact kernel 6.1.192-stock\n"
                            "# end passed 0 failed 0 skipped 0\n")
    replace(run, "meta", "tests 2\n", "tests 0\n")
    assert judge(run) == "NO-TESTS"


def test_bail_out(copy, judge):
    run = copy("pass")
    replace(run, "result.ktap", "ok 2 ", "Bail out! init: gave up\nok 2 ")
    assert judge(run) == "BAILED"


# --- a machine's own kernel ----------------------------------------------------------------


@pytest.fixture
def on_host(copy):
    run = copy("pass")
    put(run, "meta", "kernel host\nrelease 6.1.192-stock\nplatform host\ntests 2\nended running\n"
                     "qemu-status 0\nended exit\n")
    put(run, "console.log", "[   10.000000] kvm-interval: begin of r\n[   11.000000] my: fine\n")
    return run


def test_host(on_host, judge):
    assert judge(on_host) == "PASS"
    append(on_host, "console.log", "[   12.000000] BUG: KASAN: use-after-free in my_fn\n")
    assert judge(on_host) == "KASAN"


def test_host_with_what_was_there_before(on_host, judge):
    put(on_host, "console.log", "[    9.000000] BUG: KASAN: use-after-free in my_fn\n" +
        on_host.text("console.log"))
    assert judge(on_host) == "PASS"


@pytest.mark.parametrize("console", [
    "", "[   11.000000] my: the ring buffer begins here\n",
    "[   10.000000] kvm-interval: begin of r\n** 3 printk messages dropped **\n"])
def test_host_whose_log_is_lost(on_host, judge, console):
    put(on_host, "console.log", console)
    assert judge(on_host) == "LOG-LOST"
    # A test that failed has failed all the same.
    replace(on_host, "result.ktap", "\nok 2 set", "\nnot ok 2 set")
    replace(on_host, "result.ktap", "passed 2 failed 0", "passed 1 failed 1")
    assert judge(on_host) == "FAIL"


def test_host_whose_log_has_no_end(on_host, judge):
    append(on_host, "meta", "log-marks 2\n")
    assert judge(on_host) == "LOG-LOST"
    append(on_host, "console.log", "[   12.000000] kvm-interval: end of r\n")
    assert judge(on_host) == "PASS"


# --- the rest ----------------------------------------------------------------------------


def test_lost_messages_are_told(copy, rules):
    run = copy("pass")
    replace(run, "console.log", "init: test 1", "** 7 printk messages dropped **\ninit: test 1")
    found = Judge(run, rules, [])
    assert found.word is Word.PASS
    assert found.lines == ["the console could not write 7 messages of the kernel"]


def test_a_folder_is_a_run_or_has_nothing_to_lose(tmp_path, copy):
    assert Run(str(tmp_path)).looks_like_one()
    assert copy("pass").looks_like_one()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "tests").write_text("mine\n")
    (foreign / "meta").write_text("mine too\n")
    assert not Run(str(foreign)).looks_like_one()


def test_every_word_has_a_status_that_is_not_of_a_script():
    assert {word.status for word in Word} <= {
        Status.OK, Status.FAIL, Status.KERNEL, Status.TIMEOUT, Status.INFRA, Status.EMULATOR,
        Status.DISK, Status.INT}
