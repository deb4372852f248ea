# SPDX-License-Identifier: GPL-2.0
"""The judge of consoles finds every message of its samples, however it is wrapped."""

import os

import pytest
from conftest import REPO
from results import console
from samples import QUIET, REST, TROUBLE

BOOT = ["Linux version 6.1.0 (k@k) (gcc 12) #1 SMP", "Run /init as init process"]
STAMP = "[   12.345678] "

# How a message of the kernel gets here; {} is the message.
WAYS = {
    "bare": "{}",
    "stamp": STAMP + "{}",
    "stamp and caller": "[   12.345678][    T1] {}",
    "a blank between them": "[   12.345678] [    T1] {}",
    "a caller that is a CPU": "[   12.345678][    C1] {}",
    "caller only": "[   T71] {}",
    "level": "<4>{}",
    "level and stamp": "<1>" + STAMP + "{}",
    "dmesg -x": "kern  :warn  : " + STAMP + "{}",
    "dmesg -T": "[Mon Nov 30 05:27:10 2026] {}",
    "dmesg -e": "[Nov30 05:27] {}",
    "dmesg -d": "[   12.345678 <    0.000012>] {}",
    "dmesg, iso": "2026-11-30T05:27:10,123456+00:00 {}",
    "/dev/kmsg": "4,1234,12345678,-;{}",
    "journal": "Nov 30 05:27:10 box kernel: {}",
    "journal with stamp": "Nov 30 05:27:10 box kernel: " + STAMP + "{}",
    "journal, iso": "2026-11-30T05:27:10.123456+00:00 box kernel: {}",
    "a recorder": "2026-11-30T05:27:10.1234567Z " + STAMP + "{}",
    "another recorder": "[2026-11-30 05:27:10.123] " + STAMP + "{}",
    "a mail": "> " + STAMP + "{}",
    "CRLF": STAMP + "{}\r",
    "colour": "\x1b[31m" + STAMP + "\x1b[1m{}\x1b[0m",
    "colour without its escape": "[0;1;31m" + STAMP + "{}[0m",
    "behind a prompt": "root@box:~# " + STAMP + "{}",
    "behind systemd's": "[  OK  ] Started My Service." + STAMP + "{}",
    "behind firmware": "Booting from ROM..\x1b[2J\x1b[1;1H" + STAMP + "{}",
    "behind another message": STAMP + "my: something else" + STAMP + "{}",
    "behind lost ones": "** 34 printk messages dropped ** " + STAMP + "{}",
    "lost ones without newline": "CCCC** 1196 printk messages dropped **\n" + STAMP + "{}",
    "with a nul": "\0" + STAMP + "{}",
}
# What needs no newline before it, and no stamp.
GLUED = ("my_prompt$ {}", "Welcome to My Linux!{}", "~ # {}")


def find(rules, text, allowed=()):
    return console.find_splat(console.messages(text.encode("utf-8", "surrogateescape")),
                              rules, list(allowed))


def log(*lines):
    return "".join(line + "\n" for line in lines)


@pytest.mark.parametrize("way", WAYS)
def test_trouble_is_found_however_it_comes(rules, way):
    head = [] if way in ("bare", "caller only") else [STAMP + line for line in BOOT]
    missed = []
    for word, message in TROUBLE + REST:
        splat = find(rules, log(*head, WAYS[way].format(message), WAYS[way].format("more")))
        if splat is None or splat.word != word or splat.lines[0].rstrip() != message.rstrip():
            missed.append((word, message, splat))
    assert not missed


@pytest.mark.parametrize("word,message", TROUBLE)
def test_each_trouble(rules, word, message):
    splat = find(rules, log(*BOOT, message))
    assert splat and splat.word == word


@pytest.mark.parametrize("before", GLUED)
def test_text_without_newline_in_front(rules, before):
    """Of the samples that need a kernel's mark, nobody can tell."""
    anywhere = [rule for rule in rules if rule.scope == "any"]
    missed = [message for word, message in TROUBLE
              if any(rule.pattern.search(message) for rule in anywhere)
              and not find(rules, log(before.format(message)))]
    assert not missed


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_trouble(rules, way):
    found = [(message, find(rules, log(*BOOT, WAYS[way].format(message))))
             for message in QUIET
             # These ways say that the kernel wrote it, which is not so.
             if not message.startswith(("my_test: Oops", "systemd[1]"))
             or way in ("bare", "CRLF")]
    assert not [(message, splat) for message, splat in found if splat]


def test_what_user_space_writes_among_stamps(rules):
    text = log(*[STAMP + line for line in BOOT], "BUG: not a kernel's", "Oops: mine",
               "memory leak in my shell", "UBSAN: said by a test", STAMP + "all is well")
    assert find(rules, text) is None


def test_what_a_journal_has_of_others(rules):
    text = log("Nov 30 05:27:10 box kernel: Linux version 6.1.0",
               "Nov 30 05:27:10 box myd[12]: BUG: unable to handle my page fault",
               "Nov 30 05:27:11 box abrtd: Kernel panic - not syncing: was seen last time")
    assert find(rules, text) is None


def test_the_first_one_counts(rules):
    text = log("------------[ cut here ]------------", STAMP + "kernel BUG at mm/my.c:1!",
               "Kernel panic - not syncing: Fatal exception")
    assert find(rules, text).word == "OOPS"


def test_six_lines_follow(rules):
    text = log("BUG: KASAN: use-after-free in my_fn", *"1234567")
    assert find(rules, text).lines == ["BUG: KASAN: use-after-free in my_fn"] + list("123456")


def test_an_allowed_line_allows_its_frame(rules):
    allowed = [console.re.compile("my_harmless")]
    text = log("------------[ cut here ]------------",
               "WARNING: CPU: 1 PID: 2 at mm/my.c:3 my_harmless+0x1/0x2",
               "---[ end trace 0000000000000000 ]---")
    assert find(rules, text, allowed) is None
    assert find(rules, text + log("BUG: KASAN: bad in my_fn"), allowed).word == "KASAN"


def test_dropped_messages_are_counted():
    assert console.dropped(b"x** 34 printk messages dropped **\n"
                           b"** 1 printk messages dropped ** y") == 35


def test_every_rule_is_shown_by_a_sample(rules):
    messages = [message for _, message in TROUBLE + REST]
    # A rule of the kernel's scope takes what a stricter one of any scope may have taken.
    idle = [rule.pattern.pattern for rule in rules
            if not any(rule.matches(message) for message in messages)]
    assert not idle


@pytest.mark.parametrize("line", ["NO-WORD\tany\tx", "WARN\tnowhere\tx", "WARN\tany\t(", "WARN"])
def test_a_bad_table_is_refused(tmp_path, line):
    table = tmp_path / "splats"
    table.write_text("# comment\n" + line + "\n")
    with pytest.raises(console.BadTable):
        console.read_rules(str(table))


def test_an_exception_without_a_reason_is_refused(tmp_path):
    table = tmp_path / "allow"
    table.write_text("WARNING: CPU\n")
    with pytest.raises(console.BadTable):
        console.read_allowed(str(table))


def test_the_exceptions_of_the_project_have_reasons():
    console.read_allowed(os.path.join(REPO, "configs", "splats-allow"))


def test_a_long_log_takes_no_time(rules):
    """The lines of an hour, of which none is trouble."""
    line = "[ 1234.567890][   T77] my: nothing but a line of some length, with [ brackets ]\n"
    assert find(rules, line * 50000) is None
