"""Known weaknesses of locked packages, by pip-audit, which asks the package index; so it needs the network."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_LIMIT_SECONDS: Final = 900
NONE_KNOWN, SOME_KNOWN, NOT_ASKED = 0, 1, 2
"""Exit codes: pip-audit itself ends with 0 where it could ask nothing, and with 1 where it failed."""


@dataclass(frozen=True)
class Advisories:
    """What is known. ``unasked`` are the packages of which nothing could be learnt."""

    asked: int
    lines: tuple[str, ...]
    unasked: tuple[str, ...] = ()
    failure: str = ""

    @property
    def code(self) -> int:
        """The exit code; a weakness that is known counts even where others could not be asked for."""
        if self.lines:
            return SOME_KNOWN
        return NOT_ASKED if self.failure or self.unasked or not self.asked else NONE_KNOWN

    def words(self) -> str:
        """For people: every weakness in a line, then what it comes to."""
        told = [*self.lines]
        if self.failure:
            told.append(f"The advisories could not be asked for, so nothing is known: {self.failure}")
            told.append("Is the network there? Run the same command where it is.")
        else:
            told.append(f"{self.asked} packages asked for, {len(self.lines)} known weaknesses.")
        if self.unasked:
            told.append(f"Nothing could be learnt of {len(self.unasked)} packages: {', '.join(self.unasked)}")
        return "\n".join(told)


def ask(tools: Path, locks: Sequence[Path]) -> Advisories:
    """Ask for every package of the locks; nothing is resolved or installed."""
    given = [part for lock in locks for part in ("-r", str(lock))]
    command = [str(tools / "pip-audit"), *given, "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*command, "--format", "json"], capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return Advisories(0, (), failure=f"no answer in {_LIMIT_SECONDS} s.")
    return read(done.stdout, done.stderr)


def read(answer: str, words: str) -> Advisories:
    """pip-audit's JSON and what it said beside it."""
    try:
        found: Mapping[str, Any] = json.loads(answer)
        packages = found["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Advisories(0, (), failure=(words.strip().splitlines() or ["pip-audit said nothing"])[-1][:300])
    asked = [each for each in packages if "skip_reason" not in each]
    lines = [
        f"{each['name']} {each['version']}: {', '.join([known['id'], *known['aliases']])}"
        f" (repaired in: {', '.join(known['fix_versions']) or 'no version yet'})"
        for each in asked
        for known in each["vulns"]
    ]
    return Advisories(len(asked), tuple(lines), tuple(each["name"] for each in packages if "skip_reason" in each))
