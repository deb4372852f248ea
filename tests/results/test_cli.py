# SPDX-License-Identifier: GPL-2.0
"""The commands as the shell calls them: arguments, statuses, what is left alone."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import REPO
from results import status
from results.status import Status, Word


def results(*arguments, stdin="", **environment):
    done = subprocess.run([sys.executable, "-I", "-S", "-B", REPO + "/scripts/results",
                           *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          env={**os.environ, **environment}, check=False)
    return done.returncode, done.stdout, done.stderr


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def run(logs, tmp_path):
    shutil.copytree(os.path.join(logs, "kasan"), tmp_path / "run")
    return tmp_path / "run"


def test_a_verdict(run):
    number, said, _ = results("verdict", run)
    assert number == 6 and said.startswith("KASAN (status 6): %s\n    BUG: KASAN: " % run)
    assert results("verdict", "-q", run)[:2] == (6, "")
    assert results("word", run)[1] == "KASAN 6\n"


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["verdict"], ["verdict", "/nowhere"], ["verdict", "a", "b"], ["export"],
    ["export", "x"], ["statuses"], ["statuses", "--x"], ["tries", "x"], ["splats", "/nowhere"],
    ["baseline", "/nowhere"], ["word"]])
def test_bad_input(arguments):
    number, _, error = results(*arguments)
    assert number == 2 and error


def test_a_foreign_folder_is_left_alone(tmp_path):
    foreign = tmp_path / "mine"
    foreign.mkdir()
    for name in ("tests", "verdict", "meta", "results.json", "junit.xml", "notes"):
        (foreign / name).write_text("mine: %s\n" % name)
    before = contents(foreign)
    number, _, error = results("verdict", foreign)
    assert number == 2 and "not the folder of a run" in error
    assert contents(foreign) == before


def test_what_cannot_be_written(run, tmp_path):
    (tmp_path / "file").write_text("")
    assert results("verdict", "-q", run)[0] == 6
    assert results("export", tmp_path / "file" / "out", run)[0] == 10


def test_a_full_disk_is_no_test_that_failed(run):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-I", "-S", "-B", REPO + "/scripts/results",
                               "verdict", str(run)], stdout=full, stderr=subprocess.PIPE,
                              check=False)
    assert done.returncode == 10 and b"No space left" in done.stderr


def test_a_fault_of_the_program_is_no_test_that_failed():
    number, _, error = results("worst", "no number")
    assert number == 8 and "Traceback" in error


def test_a_table_that_says_nothing(run, tmp_path):
    (tmp_path / "allow").write_text("WARNING\n")
    number, _, error = results("verdict", run, ALLOW=str(tmp_path / "allow"))
    assert number == 2 and "no reason given for: WARNING" in error


def test_logs(run, tmp_path):
    (tmp_path / "quiet.log").write_text("Linux version 6.1.0\n")
    number, said, _ = results("splats", run / "console.log", tmp_path / "quiet.log")
    lines = said.split("\n")
    assert number == 0 and lines[0].split("\t")[1] == "KASAN" and lines[1].split("\t")[1] == "-"


def test_questions(run):
    assert results("fact", run, "virtualization")[1] == "svm\n"
    assert results("meta", run, "platform")[1] == "tcg-svm\n"
    assert results("began", run)[0] == 0
    assert results("says-nothing", run, 8)[0] == 0
    assert results("says-nothing", run, 6)[0] == 1
    (run / "tests").write_text("a\tFAIL\t1.0\t\n")
    assert results("says-nothing", run, 8)[0] == 1
    (run / "tests").write_text("")
    (run / "verdict").write_text("QEMU-START 8\nqemu-system-x86_64: -cpu x: unable to find CPU "
                                 "model 'x'\n")
    assert results("says-nothing", run, 8)[0] == 1
    (run / "verdict").write_text("QEMU-START 8\nqemu-system-x86_64: Cannot allocate memory\n")
    assert results("says-nothing", run, 8)[0] == 0
    (run / "verdict").write_text("UNFIT 8\n")
    assert results("says-nothing", run, 8)[0] == 1
    assert results("columns", stdin="a\tb\nccc\td\n")[1] == "a    b\nccc  d\n"


def test_facts(tmp_path):
    (tmp_path / "result.ktap").write_text(
        "KTAP version 1\n# fact kvm works\n# fact virtualization svm\n# fact kvm again\n")
    facts = "kvm works\nkvm again\nvirtualization svm\n"
    assert results("facts", tmp_path)[:2] == (1, facts)
    with open(tmp_path / "result.ktap", "a", encoding="utf-8") as file:
        file.write("# end passed 0\n")
    assert results("facts", tmp_path)[:2] == (0, facts)
    assert results("facts", tmp_path / "none")[:2] == (1, "")


def test_known_failures(tmp_path):
    (tmp_path / "baseline").write_text("# a FAIL\nb FAIL x\nc pass\nd TIMEOUT\n")
    assert [results("known", tmp_path, name)[0] for name in "abcde"] == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("numbers,worst", [
    ([0, 1], 1), ([1, 7, 9], 9), ([8, 9], 8), ([10, 6, 8], 6), ([0], 0), ([1, 0, 6], 6),
    ([6, 3], 3)])
def test_worst(numbers, worst):
    assert results("worst", *numbers)[1] == "%d\n" % worst
    assert status.worst(reversed(numbers)) == worst


def test_what_is_made_of_the_statuses_is_in_step():
    assert results("statuses", "--check") == (0, "", "")


def test_the_list_names_every_word_once():
    words = re.findall(r"[\w-]+", status.table())
    assert all(words.count(word.value) == 1 for word in Word)
    assert all("readonly EX_%s=%d\t" % (each.name, each) in status.shell_constants()
               for each in Status)
