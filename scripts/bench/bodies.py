"""Contributions as a platform sends them: the real answers of a survey (tests/data), each under an id of its own."""

from __future__ import annotations

import itertools
import json
from functools import cache
from pathlib import Path
from typing import Any

ANSWERS = Path(__file__).resolve().parents[2] / "tests" / "data" / "surveys" / "frackfinder-oh-2014-task_run.json"
PEOPLE = 3_000


@cache
def answers() -> tuple[dict[str, Any], ...]:
    """The answers as PYBOSSA exported them, some 300 bytes each."""
    return tuple(json.loads(ANSWERS.read_text()))


class Contributions:
    """An endless supply of different contributions to one campaign; ``prefix`` keeps two supplies apart."""

    def __init__(self, campaign: str, prefix: str) -> None:
        self._campaign = campaign
        self._prefix = prefix
        self._numbers = itertools.count()

    def next(self) -> dict[str, Any]:
        """One contribution: what somebody answered, under the platform's own ids of the answer and of the person."""
        number = next(self._numbers)
        answer = answers()[number % len(answers())]
        return {
            "campaign": self._campaign,
            "contributor": f"volunteer-{number * 7919 % PEOPLE:04d}",
            "external_id": f"{self._prefix}-{number:09d}",
            "content": answer,
        }

    def bodies(self, count: int) -> list[bytes]:
        """``count`` bodies of one contribution."""
        return [_json(self.next()) for _ in range(count)]

    def batches(self, count: int, items: int) -> list[bytes]:
        """``count`` bodies of ``items`` contributions."""
        return [_json({"items": [self.next() for _ in range(items)]}) for _ in range(count)]


def requests(path: str, key: str, bodies: list[bytes]) -> list[bytes]:
    """The bodies as HTTP/1.1 requests, byte by byte as they go over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench.local\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    return [b"%s%d\r\n\r\n%s" % (head, len(body), body) for body in bodies]


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
