# SPDX-License-Identifier: GPL-2.0
"""What the rules of the carrier did, counted by function, and compared with a ledger.

Called by carrier() of carrier-apply.sh:
    sites PAIRS            PAIRS has lines `rule file before after`, tabs between; prints
                           ledger lines `rule file function sites removed added`
    compare LEDGER FOUND NAME RULE...
                           prints a line for each difference; NAME is the ledger's, the
                           RULEs are those of the changes
"""

import re
import subprocess
import sys
from collections import defaultdict

OUTSIDE = "-"


def name_of(line):
    """The name in the first line of a function, struct or variable."""
    line = line.replace("FNAME(", "", 1)
    match = re.match(r"(?:struct|union|enum) \w+(?= \{)", line)
    if match:
        return match.group()
    line = line.split("(", 1)[0]
    line = re.sub(r"[)[ ]*(\[.*)?(=.*)?$", "", line)
    return re.split(r"[ \t*]", line)[-1]


def starts(line):
    """Is this the first line of a definition?"""
    return (re.match(r"[A-Za-z_]", line) and not re.match(r"\w+:", line)
            and re.search(r"[({=]", line))


def owners(path):
    """For each line, the definition that it belongs to, and the one below it."""
    now, head, body = OUTSIDE, False, False
    here, below = [None], [OUTSIDE]
    with open(path, encoding="latin-1") as file:
        for line in file:
            line = line.rstrip("\n")
            if not body and starts(line):
                now, head = name_of(line), True
            here.append(now)
            if head and re.search(r"(^|[ \t)=])\{[^}]*$", line):
                body = True
            if line.startswith("}") or (head and not body and re.search(r"[;}][ \t]*$", line)):
                now, head, body = OUTSIDE, False, False
            below.append(now)
    return here, below


def count_sites(before, after):
    """{function: [sites, removed, added]}; diff -p would take the line above a function."""
    here, below = owners(before)
    count = defaultdict(lambda: [0, 0, 0])
    diff = subprocess.run(["diff", "-U0", "--", before, after], check=False,
                          stdout=subprocess.PIPE, encoding="latin-1").stdout
    for hunk in re.finditer(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", diff, re.M):
        first, minus, plus = (1 if n is None else int(n) for n in hunk.groups())
        where = OUTSIDE if minus else below[first]
        for line in range(first, first + minus):
            if where == OUTSIDE:
                where = here[line]
        count[where][0] += 1
        count[where][1] += minus
        count[where][2] += plus
    return count


def sites(pairs):
    """Print the ledger lines of all pairs."""
    with open(pairs, encoding="utf-8") as file:
        for line in file:
            rule, path, before, after = line.rstrip("\n").split("\t")
            for function, numbers in count_sites(before, after).items():
                print(rule, path, function, *numbers, sep="\t")


def read_ledger(path):
    """{(rule, file, function): (sites, removed, added)}, and the pairs that did not run."""
    lines, not_run = {}, set()
    with open(path, encoding="utf-8") as file:
        for line in file:
            field = line.rstrip("\n").split("\t")
            if field[2:] == ["!"]:
                not_run.add(tuple(field[:2]))
            elif not line.startswith("#"):
                lines[tuple(field[:3])] = tuple(field[3:])
    return lines, not_run


def says(numbers):
    """`2 sites (-1 +3)`."""
    plural = "" if numbers[0] == "1" else "s"
    return f"{numbers[0]} site{plural} (-{numbers[1]} +{numbers[2]})"


def compare(ledger, found_path, name, *rules):
    """Print each difference between the ledger and what was found."""
    expected, _ = read_ledger(ledger)
    found, not_run = read_ledger(found_path)
    problems = set()
    for key in expected.keys() | found.keys():
        where = "outside of functions" if key[2] == OUTSIDE else key[2]
        place = f"{key[0]}: {key[1]}: {where}"
        if key not in expected:
            problems.add(f"{place}: found {says(found[key])}, not in {name}")
        elif key not in found:
            if key[:2] in not_run:
                continue
            if key[0] in rules:
                problems.add(f"{place}: expected {says(expected[key])}, found none")
            else:
                problems.add(f"{name} names the rule {key[0]}, which is in no change")
        elif expected[key] != found[key]:
            problems.add(f"{place}: expected {says(expected[key])}, found {says(found[key])}")
    for problem in sorted(problems):
        print(problem)


if __name__ == "__main__":
    {"sites": sites, "compare": compare}[sys.argv[1]](*sys.argv[2:])
