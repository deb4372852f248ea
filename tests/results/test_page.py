# SPDX-License-Identifier: GPL-2.0
"""The report of a comparison: page, CSV, JSON, what is printed, and the exit status."""

import csv
import json
import re
import xml.etree.ElementTree as xml

import pytest
from made_up import SIDES, boots, constant
from test_cli import results

pytest.importorskip("results.plots", reason="no matplotlib here")


def made_up():
    text = boots("stall/x/p50", "lower", 1.5, 0.01, 0.01) + \
        constant("cost/slots=1/call", 100, 100) + constant("cost/slots=1000/call", 1000, 100) + \
        boots("stall/y/p50", "lower", 1.05, 0.02, 0.3)
    for side in SIDES:
        for boot in (1, 2):
            text += "".join("hist\t%s\tboot-%d\tstall/x\tns\t%d\t%d\n" % (side, boot, *bucket)
                            for bucket in ((1000, 900), (50000, 99), (2000000, 1)))
        text += "".join("span\t%s\tboot-1\tstall/x\t%s\t%d\t%d\n" % (side, *span)
                        for span in (("host", 100, 50), ("stall", 120, 40)))
    return text


ABOUT = {"A": 'a <tree> & "more"', "B": "stock", "A-kernel": "6.1.1", "B-kernel": "6.1.2",
         "date": "today", "platform": "tcg-svm (why)", "repeat": "make compare A='x'",
         "trouble": "boot-1: OOPS"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """As scripts/compare leaves one, with the report made."""
    path = tmp_path_factory.mktemp("run")
    (path / "samples").write_text(made_up())
    (path / "about").write_text("".join("%s\t%s\n" % pair for pair in ABOUT.items()))
    (path / "cases").write_text("A\tok\tx\nB\tfailed\tx\nB\tok\tx\n")
    (path / "said").write_text("%d\n%s%s" % results("report", path))
    return path


@pytest.fixture
def page(folder):
    return (folder / "report.html").read_text()


def test_what_is_printed(folder):
    number, *lines = (folder / "said").read_text().split("\n")
    assert number == "1"        # something is worse
    assert "1 worse, 1 better, 1 the same, 1 unsure" in lines
    assert "B: x: failed in 1 of 2 boots" in lines
    # What is unsure is counted by its kind, and shown with V=1.
    assert not any("stall/y" in line for line in lines)
    assert any(re.match("unsure.* stall 1 of 2$", line) for line in lines)
    assert results("report", folder, V="1")[1].count("stall/y") == 1


def test_a_case_that_only_b_never_ends_is_worse(folder, tmp_path):
    (tmp_path / "samples").write_text(constant("row", 1, 1))
    (tmp_path / "about").write_text("")
    assert results("report", tmp_path)[0] == 0
    (tmp_path / "cases").write_text("A\tok\tx\nB\tfailed\tx\n")
    assert results("report", tmp_path)[0] == 1


def test_the_page_is_well_formed(page):
    xml.fromstring(page.replace("<!DOCTYPE html>", ""))


def test_no_name_is_used_twice(page):
    names = re.findall(r'\sid="([^"]*)"', page)
    assert names and len(names) == len(set(names))
    assert set(re.findall(r'(?:href="|url\()#([^")]*)', page)) <= set(names)


def test_the_page_needs_nothing_from_elsewhere(page):
    assert not re.findall(r"(?:https?:)?//[a-z]|<(?:script|link|img|iframe|object)|@import", page)


def test_pictures(page):
    """A distribution, a time line and a scale."""
    assert page.count("<figure>") == 3
    assert not re.findall(r"[^a-z](?:nan|inf)[^a-z]", page)
    assert re.findall(r", exponent [0-9.]*", page) == [", exponent 0.333", ", exponent 0.000"]
    assert "var(--a)" in page and "#0072b2" not in page.split("</style>", 1)[1]


def test_names_are_quoted(page):
    assert "a &lt;tree&gt; &amp; &quot;more&quot;" in page and "a <tree>" not in page


def test_report_json(folder):
    report = json.loads((folder / "report.json").read_text())
    first = report["rows"][0]
    assert (first["verdict"], first["row"], len(report["rows"])) == ("worse", "stall/x/p50", 4)
    assert report["about"]["trouble"] == "boot-1: OOPS"
    assert report["about"]["failed"] == "B: x: failed in 1 of 2 boots"
    assert first["boots"] == {"a": 6, "b": 6} and first["samples"] == {"a": 36, "b": 36}
    assert first["interval"][0] < first["ratio"] < first["interval"][1]


def test_report_csv(folder):
    with open(folder / "report.csv", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert lines[0]["verdict"] == "worse" and lines[0]["row"] == "stall/x/p50"
    assert (folder / "table").read_text().count("\n") == len(lines) + 1


def test_limits(folder, tmp_path):
    limits = tmp_path / "limits"
    limits.write_text("cost/* at-most 1 A\n")
    number, said, _ = results("report", folder, limits)
    assert number == 0 and "2 limits kept, 0 failed, 0 unsure" in said
    assert (folder / "limits").read_text().startswith("mark\trow\t")
    limits.write_text("stall/x/* at-most 1 A\n")
    number, said, _ = results("report", folder, limits)
    assert number == 1 and said.split("\n")[1].startswith("FAIL  stall/x/p50")


def test_bad_input(folder, tmp_path):
    assert results("report")[0] == 2
    assert results("report", tmp_path)[0] == 2
    assert results("report", folder, "/nowhere")[0] == 2
    assert results("report", folder, TOLERANCE="/nowhere")[0] == 2
    (tmp_path / "limits").write_text("x\n")
    assert results("report", folder, tmp_path / "limits")[0] == 8
    (tmp_path / "tolerance").write_text("* some\n")
    number, _, error = results("report", folder, TOLERANCE=str(tmp_path / "tolerance"))
    assert number == 8 and error.count("\n") == 1 and "tolerance line 1: not" in error
    (tmp_path / "samples").write_text(constant("row", 1, 1).split("row\tB")[0])
    (tmp_path / "about").write_text("")
    assert results("report", tmp_path)[::2] == (
        8, "report: %s/samples: no measures of B\n" % tmp_path)
    (tmp_path / "samples").write_text(constant("row", 1, 1))
    (tmp_path / "table").mkdir()
    assert results("report", tmp_path)[0] == 10
