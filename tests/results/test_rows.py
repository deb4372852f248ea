# SPDX-License-Identifier: GPL-2.0
"""What programs print, and what becomes of it; how cases ended."""

import subprocess
import sys

import pytest
from conftest import REPO
from results import cases, rows
from results.run import Run
from test_cli import results


def taken(*lines):
    return [" ".join(words) for words in rows.Taker(
        "".join("  # %s\n" % line for line in lines)).taken]


@pytest.mark.parametrize("line,expected", [
    ("row stall/x/p99.9 ns lower 18200", ["row stall/x/p99.9 ns lower 18200"]),
    ("row x ns lower 1.5e3", ["row x ns lower 1.5e3"]),
    ("hist x ns 10:5 20:7", ["hist x ns 10 5", "hist x ns 20 7"]),
    ("span x stall 12 3.5", ["span x stall 12 3.5"]),
    ("seed=3", []),
    ("measure icount-calibration instructions=5 ticks=5", []),
    ("measure columns at=none faults=10000 retries=25 overflow=0 waits=0 calls=0 ns=500000000",
     ["row columns/none/faults per-second higher 20000",
      "row columns/none/retries-of-1000-faults count lower 2.5"]),
    ("measure columns at=outside faults=10 retries=0 calls=50 ns=500000000",
     ["row columns/outside/faults per-second higher 20",
      "row columns/outside/retries-of-1000-faults count lower 0",
      "row columns/outside/host-calls per-second higher 100"]),
    ("measure storm vcpus=2 ops=10 ns=2000000000 writes=30 cpu_ns=500000000 guest_gap_us=7 "
     "host_gap_us=8 op_us=2.5",
     ["row storm/vcpus=2/host-calls per-second higher 5",
      "row storm/vcpus=2/guest-writes per-second higher 15",
      "row storm/vcpus=2/cpu-of-a-vcpu percent lower 25",
      "row storm/vcpus=2/longest-guest-stall ns lower 7000",
      "row storm/vcpus=2/longest-host-call ns lower 8000",
      "row storm/vcpus=2/mean-host-call ns lower 2500"]),
    ("measure icount what=dontneed-512-slots min=2468 p10=2470 median=2471 max=9000",
     ["row instructions/dontneed-outside/slots=512 instructions lower 2468"]),
    ("measure blocked vcpus=4 ops=2 ns=9 blocked_ns=1000 cpu_ns=50 retries=0 waits=0 wait_ns=0",
     ["row blocked/vcpus=4/cpu-while-blocked percent lower 5"]),
])
def test_a_line(line, expected):
    assert taken(line) == expected


@pytest.mark.parametrize("line", [
    "row x ns lower", "row x ns lower fast", "row x furlongs lower 1", "row x ns up 1",
    "row a,b ns lower 1", "hist x ns 10:5 20", "hist x", "span x stall 12", "span x nap 1 2",
    "measure columns at=none faults=1 retries=0 calls=0 ns=0",
    "measure columns at=none faults=1 retries=many ns=5", "measure icount what=fault"])
def test_a_bad_line_and_nothing_of_the_boot_is_taken(tmp_path, line):
    (tmp_path / "result.ktap").write_text("  # row good ns lower 1\n  # %s\n" % line)
    number, said, error = results("measures", "A", "boot", tmp_path)
    assert number == 8 and not said
    assert error.count("\n") == 1 and "result.ktap: line 2, " in error and line in error


def test_what_failed_has_no_rows():
    """What was printed counts if the case, or the program, ended well."""
    text = ("# start 1 a, at most 9 s\n  # row a ns lower 1\nok 1 a # 1.0 s\n"
            "# start 2 b, at most 9 s\n  # row b ns lower 1\nnot ok 2 b # 1.0 s; failed\n"
            "# start 3 c, at most 9 s\n  # row c ns lower 1\nok 3 c # 1.0 s\n"
            "# start 4 d, at most 9 s\n  # row d1 ns lower 1\n  ok 1 - d1\n  # row d2 ns lower 1\n"
            "  not ok 2 - d2 # no\n  # row d3 ns lower 1\n  ok 3 - d3\nnot ok 4 d # 1.0 s; failed\n"
            "# start 5 e, at most 9 s\n  # row e ns lower 1\n")
    assert [words[1] for words in rows.Taker(text).taken] == ["a", "c", "d1", "d3", "e"]


def test_the_spread_of_what_a_program_measured_again():
    line = "  # measure overlap vcpus=1 ops=%d ns=1000000000 writes=1 cpu_ns=1 guest_gap_us=1 " \
        "host_gap_us=1 op_us=1\n"
    spread = ("row", "overlap/vcpus=1/spread-of-host-calls", "times", "lower", "1.5")
    assert spread in rows.Taker(line % 100 + line % 150 + "ok 1 fault_bench # 1.0 s\n").taken
    assert len(rows.Taker(line % 100 + "ok 1 x # 1.0 s\n" + line % 150).taken) == 12


def test_the_command(tmp_path):
    (tmp_path / "result.ktap").write_text("  # row x ns lower 1\n  # hist x ns 1:2\n")
    assert results("measures", "B", "threads-1", tmp_path, "threads/")[:2] == (
        0, "row\tB\tthreads-1\tthreads/x\tns\tlower\t1\nhist\tB\tthreads-1\tthreads/x\tns\t1\t2\n")
    assert results("measures", "C", "x", tmp_path)[0] == 2
    assert results("measures", "A", "x", tmp_path / "none")[0] == 2


def test_samples_are_read_as_they_are_written():
    text = ("row\tA\t1\tx\tns\tlower\t5\nrow\tA\t1\tx\tns\tlower\t4\nrow\tB\t1\tx\tns\tlower\t6\n"
            "hist\tA\t1\tx\tns\t10\t5\nhist\tA\t1\tx\tns\t10\t2\n"
            "span\tA\t1\tx\tstall\t1\t2\nspan\tA\t2\tx\tstall\t3\t4\n")
    samples = rows.Samples(text, "f")
    assert samples.rows["x"].values("A") == [4, 5]
    assert samples.histograms["x"].boots["A"] == {"1": {10: 7}}
    # One boot is enough for a time line.
    assert samples.spans["x"] == {"A": [rows.Span("stall", 1, 2)], "B": []}


def test_how_cases_ended(tmp_path):
    (tmp_path / "job").write_text(
        "fact seed 3\ntest fault_bench 100 -s 3 -r 1 columns\ntest stall_bench 100\n"
        "test cost_bench 100\ntest cost_bench 9 x\n")
    (tmp_path / "result.ktap").write_text(
        "KTAP version 1\n1..4\n# start 1 fault_bench, at most 9 s\n  ok 1 - columns # x\n"
        "ok 1 fault_bench # 1.0 s\n# start 2 stall_bench, at most 9 s\n  ok 1 - a\n"
        "  not ok 2 - b/c # stale\nnot ok 2 stall_bench # 1.0 s; failed\n"
        "# start 3 cost_bench, at most 9 s\nnot ok 3 cost_bench # 1.0 s; TIMEOUT killed\n"
        "# start 4 cost_bench, at most 9 s\nnot ok 4 cost_bench # 1.0 s; EMULATOR-FAULT\n")
    assert sorted(cases.endings(Run(str(tmp_path)), "A").split("\n")[:-1]) == sorted([
        "A\tok\tcolumns", "A\tok\tfault_bench -r 1 columns", "A\tok\ta", "A\tfailed\tb/c",
        "A\tok\tstall_bench", "A\ttime-out\tcost_bench", "A\temulator\tcost_bench x"])


def test_what_failed_and_what_b_lost():
    found = cases.Failures("A\tok\tx\nA\tfailed\tx\nB\tfailed\tx\nB\tfailed\tx\nB\tok\ty\n")
    assert found.lines() == ["A: x: failed in 1 of 2 boots", "B: x: failed in 2 of 2 boots"]
    assert found.lost_in_b()
    assert not cases.Failures("A\tfailed\tx\nB\tfailed\tx\n").lost_in_b()
    assert not cases.Failures("B\tfailed\tx\nB\tok\tx\n").lost_in_b()
    assert not cases.Failures("B\tfailed\tx\nB\ttime-out\tx\n").lost_in_b()


@pytest.mark.parametrize("command,number", [
    (["measures", "A", "boot"], 0), (["endings", "A"], 0), (["report"], 3)])
def test_only_the_report_needs_matplotlib(tmp_path, command, number):
    (tmp_path / "result.ktap").write_text("  # row x ns lower 1\n")
    done = subprocess.run([
        sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv.pop(1));"
        "sys.modules['matplotlib'] = None; from results.cli import main;"
        "sys.exit(main(sys.argv[1:]))",
        REPO + "/scripts", *command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == number
    assert ("python3-matplotlib" in done.stderr) == (number == 3)
