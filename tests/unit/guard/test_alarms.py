"""Alarms are told when they rise and when they are over, and a command gets them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import ConfigError
from ledger.guard.alarms import ALARMS, Alarm, Board, Speaker

FORK = Alarm("fork", "log", "Two histories.")
LOW = Alarm("low-balance", "0x1", "Send some.", {"wei": "3"})


@pytest.fixture
def board() -> tuple[Board, list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []
    return Board(told.append), told


def test_an_alarm_is_told_once_and_when_it_is_over(board: tuple[Board, list[dict[str, Any]]]) -> None:
    it, told = board
    it.post([FORK, LOW])
    it.post([FORK, LOW])
    it.post([FORK])
    assert [(line["alarm"], line["raised"]) for line in told] == [
        ("fork", True),
        ("low-balance", True),
        ("low-balance", False),
    ]
    assert told[1]["wei"] == "3"
    assert it.standing == [FORK]


def test_alarms_about_two_things_are_two(board: tuple[Board, list[dict[str, Any]]]) -> None:
    it, told = board
    it.post([FORK, Alarm("fork", "other", "")])
    assert [line["about"] for line in told] == ["log", "other"]


def test_what_may_still_hold_is_kept(board: tuple[Board, list[dict[str, Any]]]) -> None:
    it, told = board
    it.post([FORK])
    it.post([LOW], keep=True)
    assert [line["raised"] for line in told] == [True, True]
    assert it.standing == [FORK, LOW]
    it.post([])
    assert [line["raised"] for line in told[2:]] == [False, False]


def test_every_alarm_has_its_words_in_the_docs() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "guard.md").read_text()
    named = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert sorted(named) == sorted(ALARMS)


def test_lines_on_a_pipe_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    speaker = Speaker(None, lambda: 1_790_000_000_000)
    speaker.tell({"event": "watching", "detail": "Wörter"})
    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-09-21T14:13:20.000Z",
        "event": "watching",
        "detail": "Wörter",
    }


def test_words_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    speaker = Speaker(None, lambda: 1_790_000_000_000)
    board = Board(speaker.tell)
    board.post([Alarm("wrong-settlement", "1", "It does not follow.", {"reasons": ["Its root is another."]})])
    board.post([])
    speaker.tell({"event": "watching", "detail": "Watching."})
    shown = capsys.readouterr().out
    assert "wrong-settlement: It does not follow." in shown
    assert "    Its root is another." in shown
    assert "over: wrong-settlement" in shown
    assert "watching: Watching." in shown


def command(body: str) -> str:
    return f"{sys.executable} -c '{body}'"


def test_a_command_gets_alarms_and_nothing_else(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    speaker = Speaker(command(f'import sys; open("{heard}", "a").write(sys.stdin.read())'), lambda: 0)
    speaker.tell({"event": "watching"})
    board = Board(speaker.tell)
    board.post([FORK])
    board.post([])
    speaker.close()
    lines = [json.loads(line) for line in heard.read_text().splitlines()]
    assert [(line["alarm"], line["raised"]) for line in lines] == [("fork", True), ("fork", False)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (command("raise SystemExit(3)"), "ended with 3"),
        ("/no/such/program", "cannot be run"),
    ],
)
def test_a_command_that_fails_stops_nothing(given: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    speaker = Speaker(given, lambda: 0)
    speaker.tell({"alarm": "fork"})
    speaker.close()
    assert words in capfd.readouterr().err


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("ledger.guard.alarms.COMMAND_SECONDS", 0.2)
    speaker = Speaker(command("import time; time.sleep(60)"), lambda: 0)
    speaker.tell({"alarm": "fork"})
    speaker.close()
    assert "did not end" in capfd.readouterr().err


@pytest.mark.parametrize("given", ["", "  ", "'unclosed"])
def test_a_command_that_is_none_is_refused(given: str) -> None:
    make: Callable[[], Speaker] = lambda: Speaker(given, lambda: 0)  # noqa: E731
    with pytest.raises(ConfigError):
        make()
