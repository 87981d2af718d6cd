"""What commands print is plain and the same in any pipe; a terminal gets colours and tables, and nothing steers it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from ledger.cli import output

SCRIPT = """
from ledger.cli.output import *
say("Head", "bold")
verdict("fail", "check: entry 7")
pairs([("name", "value"), ("longer name", 5)])
table(("id", "verdict", "count"), [("x" * 60, "pass", 12), ("y", "closed", 345)], right=("count",))
say("z" * 200)
with progress("audit") as show:
    show(1, 2)
with waiting("The chain"):
    pass
say("wrong", STYLES["error"], error=True)
"""
PLAIN = f"""Head
fail     check: entry 7
name         value
longer name  5
{"x" * 60}  pass  12
y  closed  345
{"z" * 200}
"""
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def piped(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=os.environ | environment
    )


def on_terminal(**environment: str) -> str:
    """What a terminal of 100 columns gets on stdout and stderr."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "COLORTERM"}}
    env |= {"TERM": "xterm-256color", "COLUMNS": "100"} | environment
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=theirs, stderr=theirs, stdin=theirs, env=env) as child:
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # Linux says so that the other end is closed
                break
            if not data:
                break
            shown += data
    os.close(ours)
    assert child.returncode == 0
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "environment", [{}, {"COLUMNS": "40"}, {"FORCE_COLOR": "1", "TERM": "xterm"}, {"NO_COLOR": "1"}, {"LANG": "C"}]
)
def test_a_pipe_gets_plain_lines_whatever_the_surroundings(environment: dict[str, str]) -> None:
    done = piped(**environment)
    assert done.stdout == PLAIN
    assert done.stderr == "wrong\n"


def test_a_terminal_gets_colours_and_a_table() -> None:
    shown = on_terminal()
    assert "\x1b[1;31mfail" in shown
    assert "\x1b[32mpass" in shown
    plain = ESCAPE.sub("", shown)
    assert re.search(r"^id +verdict +count\n─+", plain, re.MULTILINE)
    assert re.search(r"^y +closed +345$", plain, re.MULTILINE)  # numbers end where the head does
    assert "z" * 200 in plain  # what may be copied is not broken


def test_no_color_takes_the_colours_away() -> None:
    shown = on_terminal(NO_COLOR="1")
    codes = {code for sequence in re.findall(r"\x1b\[([0-9;]*)m", shown) for code in sequence.split(";") if code}
    assert codes <= {"0", "1", "2", "22"}  # bold and dim are no colours
    assert "fail" in shown


HOSTILE = "title\x1b]0;owned\x07\x1b[2J\r\u202egnp.exe\nPASS\x9b31m"


def test_what_somebody_else_wrote_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(HOSTILE)
    output.verdict("ok", HOSTILE)
    output.pairs([("name", HOSTILE)])
    output.table(("a",), [(HOSTILE,)])
    said = capsys.readouterr().out
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", said)
    assert said.count("\n") == 5  # only the sentence itself may have had a line of its own
    assert [line for line in said.splitlines() if line.startswith("PASS")] == ["PASS\ufffd31m"]


def test_nothing_is_a_shorter_table(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("a", "b"), [])
    output.pairs([])
    assert capsys.readouterr().out == ""
