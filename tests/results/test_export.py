# SPDX-License-Identifier: GPL-2.0
"""Results for other programs can be read by them, whatever a test has printed."""

import json
import os
import shutil
from xml.etree import ElementTree

import pytest
from results import export
from results.run import Run
from results.status import Status, Word
from results.verdict import Judge

HOSTILE = "a <b> & \"c\" 'd' \\e \x01\x1b[0m \ufffe \U0001f41b %s {x} | end"


@pytest.fixture
def judged(logs, rules, tmp_path):
    """All recorded runs."""
    runs = []
    for name in sorted(os.listdir(logs)):
        shutil.copytree(os.path.join(logs, name), tmp_path / "runs" / name)
        run = Run(str(tmp_path / "runs" / name))
        judge = Judge(run, rules, [])
        run.write_rows(judge.rows)
        run.write_verdict(judge.word.value, judge.word.status, judge.lines)
        runs.append(run)
    return runs


def read(folder):
    with open(folder / "results.json", encoding="utf-8") as file:
        entries = json.load(file)
    return entries, ElementTree.parse(folder / "junit.xml").getroot()


def test_the_three_forms_agree(judged, tmp_path):
    export.write(str(tmp_path / "out"), judged)
    entries, junit = read(tmp_path / "out")
    assert len(junit) == len(judged)
    assert sum(entry["test"] == "(machine)" for entry in entries) == len(judged)
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert sum(int(suite.get(name)) for suite in junit) == len(list(junit.iter(kind)))
    assert sum(int(suite.get("tests")) for suite in junit) == len(list(junit.iter("testcase")))
    summary = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")
    assert summary.count("\n| ") - 1 == sum("case" not in entry for entry in entries)


@pytest.mark.parametrize("word", Word)
def test_what_says_nothing_is_an_error(word, tmp_path):
    run = Run(str(tmp_path))
    run.write("meta", "kernel stock\nplatform tcg-svm\nnpt 1\nseconds 3\n")
    run.write_verdict(word.value, word.status, ["why"])
    entry = export.entries(run)[0]
    kind = {Status.OK: "", Status.FAIL: "", Status.KERNEL: "failure",
            Status.TIMEOUT: "failure"}.get(word.status, "error")
    suite = ElementTree.fromstring(export.to_junit([entry]))[0]
    assert [child.tag for child in suite[0]] == ([kind] if kind else [])


def test_anything_may_be_printed(tmp_path):
    entry = export.Entry("20261130-052710-stock", "stock", "tcg-svm", "1", HOSTILE, HOSTILE,
                         "FAIL", "1.5", HOSTILE)
    assert json.loads(export.to_json([entry]))[0]["words"].startswith("a <b> & \"c\" 'd' \\e  ")
    case = ElementTree.fromstring(export.to_junit([entry]))[0][0]
    assert case.get("name").startswith("a <b> & \"c\" 'd' \\e  ") and case.get("time") == "1.5"
    assert "\\| end" in export.to_markdown([export.Entry(*["r"] * 5, "-", "pass", "-", HOSTILE)])


def test_bytes_that_are_no_text(judged, tmp_path):
    run = next(run for run in judged if run.name == "fail-nested")
    data = run.bytes("result.ktap").replace(b"see above:", b"\xff\xfe\x00see above:")
    with open(run.file("result.ktap"), "wb") as file:
        file.write(data)
    export.write(str(tmp_path / "out"), [run])
    entries, _ = read(tmp_path / "out")
    assert any(entry.get("case") == "remap/anon/4k" for entry in entries)


def test_lava(judged, tmp_path):
    export.write(str(tmp_path / "out"), judged)
    words = {}
    for line in export.lava_cases(str(tmp_path / "out" / "results.json")):
        name, result, seconds = line.split(" ")
        float(seconds)
        words.setdefault(name, set()).add(result)
    assert set.union(*words.values()) == {"pass", "fail", "skip", "unknown"}
    assert "(" not in "".join(words)
