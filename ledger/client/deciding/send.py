"""Decisions written in batches, each committing to what the method was given; patient, and safe to repeat."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger import wire
from ledger.client import Client, Result
from ledger.client.deciding.plan import Plan, Ruling
from ledger.client.deciding.work import Progress, silent
from ledger.errors import CrowdLedgerError, UnavailableError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method
from ledger.statements.values import format_score

BATCH: Final = 500
PATIENCE_SECONDS: Final = 180.0
"""A service that takes no decision for so long is given up; another run goes on from there."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The decisions' ids by contribution, what was refused and why, and the content that names the inputs' file."""

    decisions: dict[str, str]
    refused: dict[str, CrowdLedgerError]
    inputs: dict[str, JsonValue] | None


def send(
    client: Client, plan: Plan, *, patience_seconds: float = PATIENCE_SECONDS, progress: Progress = silent
) -> Sent:
    """Write the decisions. Can be repeated: a contribution that has its decision keeps it.

    Raises UnavailableError where the service takes nothing for ``patience_seconds``; what was written stays.
    """
    if not plan.rulings:
        return Sent({}, {}, None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inputs.json"
        path.write_bytes(canonical.encode(plan.document))
        inputs = client.upload(path, "application/json")
    sent = Sent({}, {}, inputs)
    for begin in range(0, len(plan.rulings), BATCH):
        part = plan.rulings[begin : begin + BATCH]
        results = _write(client, [_decision(ruling, plan.method, inputs) for ruling in part], patience_seconds)
        for ruling, result in zip(part, results, strict=True):
            if isinstance(result, CrowdLedgerError):
                sent.refused[ruling.contribution] = result
            else:
                sent.decisions[ruling.contribution] = result.id
        progress(begin + len(part), len(plan.rulings))
    return sent


def _decision(ruling: Ruling, method: Method, inputs: JsonValue) -> wire.NewDecision:
    return wire.NewDecision(
        contribution=ruling.contribution,
        verdict=ruling.verdict,
        score=format_score(ruling.score),
        method=method,
        inputs=inputs,
        feedback={"why": ruling.why},
        bonus=str(ruling.bonus) if ruling.bonus else None,
        external_id=f"decide-{ruling.contribution}",
    )


def _write(client: Client, items: Sequence[wire.NewDecision], patience_seconds: float) -> list[Result]:
    """Send a batch, and again what could not be taken yet: every item is idempotent."""
    found: list[Result | None] = [None] * len(items)
    deadline = time.monotonic() + patience_seconds
    while True:
        waiting = [place for place, result in enumerate(found) if result is None]
        late: UnavailableError | None = None
        try:
            for place, result in zip(waiting, client.decide_many(items[place] for place in waiting), strict=True):
                if isinstance(result, UnavailableError):
                    late = result
                else:
                    found[place] = result
        except UnavailableError as error:
            late = error
        if late is None:
            return [result for result in found if result is not None]
        if time.monotonic() + late.retry_after_seconds > deadline:
            raise late
        time.sleep(late.retry_after_seconds)
