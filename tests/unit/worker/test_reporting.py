"""Every alarm is raised by what docs/operations.md says, alone, and is gone with the next report once that is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ledger.chain.fees import FEE_CAP, LOW_BALANCE
from ledger.chain.nodes import NodeHealth
from ledger.errors import (
    CrowdLedgerError,
    DatabaseError,
    LogDivergedError,
    NodeError,
    TransactionError,
    WrongChainError,
)
from ledger.wire import ALARMS
from ledger.worker.context import Context, Pace, Signers
from ledger.worker.ports import AnchorPlan, WorkerReport
from ledger.worker.reporting import Reporting

PACE = Pace(anchor_interval=1, anchor_entries=1, settle_automatically=True, settle_interval=1, low_balance=100)
MINUTE_MS = 60_000


class Desk:
    """What a report is made of, all of it well."""

    def __init__(self) -> None:
        self.now_ms, self.written, self.log_size, self.covered = 10**12, 10**12, 5, 5
        self.coins, self.aside, self.stuck = 100, ["", ""], list[str]()
        self.settling = SimpleNamespace(wrong=False, refused=False)
        self.relaying = SimpleNamespace(failing=False)
        self.sender = SimpleNamespace(report=lambda: (len(self.stuck), 0, self.stuck), found_altered=False)
        self.plan: AnchorPlan | None = None
        self.failure: CrowdLedgerError | None = None
        self.reports: list[WorkerReport] = []
        signer: Any = SimpleNamespace(address="0x1")
        context = SimpleNamespace(
            clock=SimpleNamespace(now_ms=lambda: self.now_ms),
            chain=SimpleNamespace(balance=self.balance, health=self.health),
            rows=SimpleNamespace(report=self.report),
            entries=SimpleNamespace(size=self.size),
            signers=Signers(operator=signer),
            pace=PACE,
            holder="w",
            token=1,
            lease_until_ms=1,
        )
        parts: Any = (
            self.sender,
            self,
            self.settling,
            self.relaying,
        )
        self.reporting = Reporting(cast(Context, context), *parts)

    async def balance(self, account: str) -> int:
        return self.coins

    def health(self) -> list[NodeHealth]:
        return [NodeHealth(shown=str(number), aside=why) for number, why in enumerate(self.aside)]

    async def report(self, report: WorkerReport) -> None:
        self.reports.append(report)

    async def size(self) -> int:
        return self.log_size

    async def anchored(self) -> int:
        return self.covered

    async def written_ms(self, index: int) -> int:
        assert index < self.log_size
        return self.written

    def alarms(self) -> tuple[str, ...]:
        """Those of a step a minute later, after which the balances are looked at again."""
        self.now_ms += MINUTE_MS
        asyncio.run(self.reporting.look_at_balances())
        asyncio.run(self.reporting.tell(self.failure))
        return tuple(self.reports[-1].alarms)


def late(desk: Desk) -> None:
    desk.covered, desk.written = 4, desk.now_ms - int(PACE.anchor_max_age * 1000)


def dear(desk: Desk) -> None:
    desk.plan = AnchorPlan(due=False, reason="over-cap", words="", at_ms=None, entries=1)


def fails(error: CrowdLedgerError, *aside: str) -> Callable[[Desk], None]:
    def happen(desk: Desk) -> None:
        desk.failure, desk.aside = error, list(aside) or desk.aside

    return happen


def sets(part: str, name: str, value: object) -> Callable[[Desk], None]:
    return lambda desk: setattr(desk if part == "desk" else getattr(desk, part), name, value)


@pytest.mark.parametrize(
    ("happens", "raised"),
    [
        (late, "anchor-late"),
        (dear, "anchor-over-cap"),
        (sets("desk", "stuck", ["anchor:5"]), "transaction-stuck"),
        (fails(TransactionError("Dear.", reason=FEE_CAP)), "transaction-stuck"),
        (sets("desk", "coins", 99), "low-balance"),
        (fails(TransactionError("Poor.", reason=LOW_BALANCE)), "low-balance"),
        (sets("desk", "aside", ["it lags", ""]), "node-aside"),
        (fails(NodeError("Silence."), "silent", "silent"), "no-node"),
        (fails(WrongChainError("Another chain."), "other", "other"), "no-node"),
        (fails(LogDivergedError("We hold less.")), "log-diverged"),
        (sets("settling", "wrong", True), "wrong-settlement"),
        (sets("settling", "refused", True), "settlement-refused"),
        (sets("relaying", "failing", True), "claims-failing"),
        (sets("sender", "found_altered", True), "transaction-altered"),
    ],
)
def test_an_alarm_comes_with_its_cause_and_goes_with_it(happens: Callable[[Desk], None], raised: str) -> None:
    desk = Desk()
    assert desk.alarms() == ()
    happens(desk)
    assert desk.alarms() == (raised,)
    assert raised in ALARMS
    well = Desk()
    for name in ("written", "covered", "plan", "failure", "coins", "aside", "stuck"):
        setattr(desk, name, getattr(well, name))
    desk.settling.wrong = desk.settling.refused = desk.relaying.failing = desk.sender.found_altered = False
    assert desk.alarms() == ()


def test_what_is_no_cause_raises_nothing() -> None:
    desk = Desk()
    desk.covered, desk.written = 4, desk.now_ms - int(PACE.anchor_max_age * 1000) + 2 * MINUTE_MS
    desk.failure = DatabaseError("The database is down.")
    assert desk.alarms() == ()
    assert desk.reports[-1].failure.startswith("The database is down.")
    desk.plan = AnchorPlan(due=False, reason="expensive", words="", at_ms=None, entries=1)
    desk.failure = TransactionError("Refused.", reason="IsPaused()")
    assert desk.alarms() == ()
