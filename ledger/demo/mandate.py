"""An auditor with a mandate: some decisions' inputs are opened, and the method is run again on the answers."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.client import Client
from ledger.demo.platform import Platform
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.values import format_time
from ledger.wire import NewMandate

_HOUR_MS = 3_600_000


def hand_over(folder: Path, openings: Mapping[str, bytes], document: JsonValue) -> None:
    """What the platform gives beside the mandate: the openings of contributions, and the file that decisions name."""
    data = canonical.encode(document)
    for name in ("contribution", "inputs", "files"):
        (folder / name).mkdir(parents=True)
    for contribution, opening in openings.items():
        (folder / "contribution" / f"{contribution}.json").write_bytes(opening)
    (folder / "files" / hashlib.sha256(data).hexdigest()).write_bytes(data)


def open_inputs(platform: Platform, campaign: str, folder: Path, decisions: Sequence[str]) -> int:
    """Give a mandate, and as its auditor open the inputs of these decisions; how many the log says were opened."""
    until = format_time(time.time_ns() // 10**6 + _HOUR_MS)
    given = platform.client.give_mandate(NewMandate(name="An auditor", until=until, campaign=campaign))
    with Client(platform.url, given.token) as auditor:
        for decision in decisions:
            opened = auditor.open_under_mandate(given.id, "inputs", decision)
            (folder / "inputs" / f"{decision}.json").write_bytes(canonical.encode(opened.opening))
    return next(each.opened for each in platform.client.mandates() if each.id == given.id)


def check_named(report: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A check of an audit's report; empty where it was not made."""
    return next((dict(check) for check in report["checks"] if check["name"] == name), {})
