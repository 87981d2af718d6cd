"""Alarms: raised once, told when they are over, one JSON line each; and what else the guard has to tell."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ledger.errors import ConfigError
from ledger.statements.values import format_time

COMMAND_SECONDS: Final = 30.0
Gravity = Literal["wrong", "unknown", "care"]
ALARMS: Final[Mapping[str, Gravity]] = {
    "wrong-settlement": "wrong",
    "wrong-activated": "wrong",
    "other-history": "wrong",
    "fork": "wrong",
    "unjudged-settlement": "unknown",
    "unpublished": "unknown",
    "no-node": "unknown",
    "source-silent": "unknown",
    "mirror-damaged": "unknown",
    "node-aside": "care",
    "node-late": "care",
    "veto-failed": "care",
    "veto-stuck": "care",
    "veto-unsaved": "care",
    "not-guardian": "care",
    "low-balance": "care",
}
"""What each says: that something is wrong, that it cannot be told, or that the guard itself needs looking after."""

Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm about one thing. ``about`` tells it from others of its name; ``members`` are for programs."""

    name: str
    about: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def gravity(self) -> Gravity:
        """See :data:`ALARMS`."""
        return ALARMS[self.name]


class Board:
    """The alarms that stand. ``tell`` is given each line as it comes."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._standing: dict[tuple[str, str], Alarm] = {}

    @property
    def standing(self) -> list[Alarm]:
        """Those that are raised now."""
        return list(self._standing.values())

    def post(self, alarms: Iterable[Alarm], *, keep: bool = False) -> None:
        """The alarms as of now: tells what is new, and what is over. ``keep``: those that stand may still hold."""
        now = {(alarm.name, alarm.about): alarm for alarm in alarms}
        for key, alarm in now.items():
            if key not in self._standing:
                self._tell(_line(alarm, raised=True))
        for key, alarm in self._standing.items():
            if key not in now and not keep:
                self._tell(_line(alarm, raised=False))
        self._standing = (self._standing | now) if keep else now


def _line(alarm: Alarm, *, raised: bool) -> dict[str, Any]:
    line = {"alarm": alarm.name, "raised": raised, "about": alarm.about, "detail": alarm.detail}
    return line | (dict(alarm.members) if raised else {})


class Speaker:
    """Tells lines on stdout, JSON or on a terminal words, and alarms to a command of the user's choice."""

    def __init__(self, command: str | None, now_ms: Callable[[], int]) -> None:
        self._command = _split(command) if command is not None else None
        self._now_ms = now_ms
        # In a thread of its own, one after another: a slow command must not keep a veto waiting.
        self._runs = ThreadPoolExecutor(1)

    def tell(self, line: dict[str, Any]) -> None:
        """Tell a line now."""
        timed = {"at": format_time(self._now_ms()), **line}
        text = json.dumps(timed, ensure_ascii=False)
        if sys.stdout.isatty():
            _show(timed)
        else:
            with contextlib.suppress(OSError):  # whoever does not listen must not stop the watch
                print(text, flush=True)
        if self._command is not None and "alarm" in line:
            self._runs.submit(_run, self._command, text)

    def close(self) -> None:
        """Wait for the commands that run."""
        self._runs.shutdown()


def _split(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"The command of --on-alarm cannot be read: {error}.", remedy="Check its quotes.") from None
    if not words:
        raise ConfigError("The command of --on-alarm is empty.", remedy="Name a program.")
    return words


def _run(command: list[str], text: str) -> None:
    """Run the user's command; what goes wrong there is said and stops nothing."""
    try:
        # Its words must not get between our lines.
        done = subprocess.run(
            command, input=text + "\n", text=True, timeout=COMMAND_SECONDS, check=False, stdout=subprocess.DEVNULL
        )
        failure = f"ended with {done.returncode}" if done.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"did not end in {COMMAND_SECONDS:g} s"
    except OSError as error:
        failure = f"cannot be run: {error.strerror}"
    if failure:
        print(f"The command of --on-alarm {failure}.", file=sys.stderr)


def _show(line: Mapping[str, Any]) -> None:
    """For people at a terminal."""
    from rich.console import Console
    from rich.text import Text

    styles = {"wrong": "bold red", "unknown": "yellow", "care": "magenta"}
    name = line.get("alarm")
    words = f"{name or line.get('event')}: {line.get('detail', '')}"
    if name is None:
        style = "green"
    else:
        style, words = (styles[ALARMS[name]], words) if line["raised"] else ("green", f"over: {words}")
    console = Console(soft_wrap=True)
    console.print(Text(f"{line['at']} {words}", style))
    for reason in line.get("reasons", ()):
        console.print(Text(f"    {reason}"))
