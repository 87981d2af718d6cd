"""When something is stopped: what is wrong at once, what cannot be judged in the last third of the delay."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ledger.guard.judge import Judgement, Verdict
from ledger.guard.judging import Case

READY_AT, DELAY = 10_000, 3_000


def case(verdict: Verdict, now: int, *, waits: bool = True) -> Case:
    seen = SimpleNamespace(latest=SimpleNamespace(timestamp=now))
    return Case(seen, 7, "0x1", Judgement(verdict, ("Why.",)), waits, READY_AT, DELAY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "now", "stopped", "without"),
    [
        ("wrong", READY_AT - DELAY, True, True),
        ("wrong", READY_AT + 1, True, True),
        ("unjudged", READY_AT - DELAY, False, False),
        ("unjudged", READY_AT - 1_001, False, False),
        ("unjudged", READY_AT - 1_000, True, False),
        ("unjudged", READY_AT + 1, True, False),
        ("sound", READY_AT + 1, False, False),
    ],
)
def test_when_it_is_stopped(verdict: Verdict, now: int, stopped: bool, without: bool) -> None:
    assert case(verdict, now).must_be_stopped(unjudged=True) == stopped
    assert case(verdict, now).must_be_stopped(unjudged=False) == without
    assert not case(verdict, now, waits=False).must_be_stopped(unjudged=True)


@pytest.mark.parametrize(
    ("verdict", "waits", "name"),
    [
        ("wrong", True, "wrong-settlement"),
        ("wrong", False, "wrong-activated"),
        ("unjudged", True, "unjudged-settlement"),
        ("unjudged", False, "unjudged-settlement"),
    ],
)
def test_what_is_told_of_it(verdict: Verdict, waits: bool, name: str) -> None:
    alarm = case(verdict, 0, waits=waits).alarm
    assert alarm is not None
    assert (alarm.name, alarm.members["reasons"]) == (name, ["Why."])
    assert ("1970-01-01T02:46:40.000Z" in alarm.detail) == waits


def test_nothing_is_told_of_what_is_sound() -> None:
    assert case("sound", 0).alarm is None
