"""The rows of transactions and costs in memory, of several logs and workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ledger.errors import TransactionError, UnavailableError
from ledger.worker.ports import Attempt, Cost

OPEN = ("sent", "mined", "failed")
SETTLED = ("final", "replaced", "lost")


class Dead(BaseException):
    """The process died here."""


@dataclass
class Rows:
    """The database of several logs: what is written is fenced by ``leader``."""

    attempts: dict[str, Attempt] = field(default_factory=dict)
    nonces: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    leader: str = "w1"
    die_at: str = ""
    history: list[Attempt] = field(default_factory=list)

    def at(self, sender: str, nonce: int) -> list[Attempt]:
        return sorted(
            (each for each in self.attempts.values() if (each.sender, each.nonce) == (sender, nonce)),
            key=lambda each: each.max_fee,
        )


class RowsOf:
    """One worker's way to the rows of one log."""

    def __init__(self, rows: Rows, worker: str = "w1", log: str = "main") -> None:
        self._rows, self._worker, self._log = rows, worker, log

    def _write(self, name: str) -> None:
        if self._rows.die_at == name:
            raise Dead
        if self._rows.leader != self._worker:
            raise UnavailableError("Another worker leads by now.")

    async def save_attempt(self, attempt: Attempt) -> None:
        self._write("save_attempt")
        spot = attempt.sender, attempt.nonce
        log, intent = self._rows.nonces.setdefault(spot, (self._log, attempt.intent))
        settled = any(each.state in SETTLED for each in self._rows.at(*spot))
        if log != self._log or attempt.intent not in (intent, "fill") or settled:
            raise TransactionError("The nonce is taken.")
        self._rows.attempts.setdefault(attempt.hash, attempt)
        if self._rows.die_at == "after save_attempt":
            raise Dead

    async def open_attempts(self) -> list[Attempt]:
        ours = [each for each in self._rows.attempts.values() if self._rows.nonces[_spot(each)][0] == self._log]
        return sorted(
            (each for each in ours if each.state in OPEN), key=lambda each: (*_spot(each), each.at_ms, each.hash)
        )

    async def next_nonce(self, account: str) -> int:
        return max((nonce + 1 for sender, nonce in self._rows.nonces if sender == account), default=0)

    async def set_attempts(self, changed: Sequence[Attempt]) -> None:
        self._write("set_attempts")
        for each in changed:
            before = self._rows.attempts[each.hash]
            assert before.state not in SETTLED, "what is settled is changed"
            assert replace(each, **_outcome(before)) == before, "more than the outcome is changed"
            self._rows.attempts[each.hash] = each
            self._rows.history.append(each)

    async def save_costs(self, costs: Sequence[Cost]) -> None:
        self._write("save_costs")
        for each in {cost.transaction for cost in costs}:
            self._rows.costs.setdefault(each, [cost for cost in costs if cost.transaction == each])


def _spot(attempt: Attempt) -> tuple[str, int]:
    return attempt.sender, attempt.nonce


def _outcome(attempt: Attempt) -> dict[str, Any]:
    names = ("state", "detail", "block", "block_hash", "gas_used", "gas_price")
    return {name: getattr(attempt, name) for name in names}
