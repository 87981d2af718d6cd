"""What the tests of connectors share: the files as platforms wrote them, and what a connector makes of one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ledger.connectors.connector import Delivery, Options
from ledger.connectors.records import (
    ContributionRecord,
    DecisionRecord,
    PledgeRecord,
    Read,
    Record,
    Refused,
    Skipped,
    TaskRecord,
)
from ledger.connectors.registry import find

DATA = Path(__file__).parents[2] / "data" / "connectors"
NOW_MS = 1_795_000_000_000


class Found:
    """All that was read of a file."""

    def __init__(self, read: list[Read]) -> None:
        self.records = [each for each in read if isinstance(each, Record)]
        self.refused = [each for each in read if isinstance(each, Refused)]
        self.skipped = [each for each in read if isinstance(each, Skipped)]
        self.tasks: dict[str, TaskRecord] = {}
        for record in self.records:
            for task in record.tasks:
                assert self.tasks.setdefault(task.external_id, task) == task, "one task with two contents"
        self.contributions = [each for record in self.records for each in record.contributions]
        self.decisions = [each for record in self.records for each in record.decisions]
        self.pledges = [each for record in self.records for each in record.pledges]

    def contribution(self, external_id: str) -> ContributionRecord:
        return next(each for each in self.contributions if each.external_id == external_id)

    def decision(self, contribution: str) -> DecisionRecord:
        return next(each for each in self.decisions if each.contribution == contribution)

    def pledge(self, external_id: str) -> PledgeRecord:
        return next(each for each in self.pledges if each.external_id == external_id)


def read(connector: str, data: bytes | Path, form: str, **options: str) -> Found:
    """What the connector reads in this form; a path is of a file among the data."""
    content = data if isinstance(data, bytes) else data.read_bytes()
    known = find(connector)
    chosen = next(each for each in known.forms if each.name == form)
    return Found(list(known.read(io.BytesIO(content), chosen, Options(options))))


def table(path: Path) -> list[dict[str, str]]:
    """The same file by Python's own csv module: what counts are compared with."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def deliveries(path: Path) -> list[Delivery]:
    """Recorded deliveries; the body's bytes are those that were sent, as its length shows."""
    found = []
    for line in path.read_text().splitlines():
        one = json.loads(line)
        headers = {name.lower(): value for name, value in one["headers"].items()}
        body = json.dumps(one["body"]).encode()
        assert len(body) == int(headers["content-length"])
        found.append(Delivery(headers, body, NOW_MS))
    return found


def delivery(body: object, headers: Mapping[str, str] | None = None, received_ms: int = NOW_MS) -> Delivery:
    """A delivery of our own making."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery({"content-type": "application/json", **(headers or {})}, data, received_ms)


class Platform:
    """A platform's API from recorded replies: path -> reply; ``asked`` is what was asked."""

    def __init__(self, replies: Mapping[str, Any]) -> None:
        self.replies = replies
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        self.asked.append((path, dict(query or {})))
        return self.replies[path]
