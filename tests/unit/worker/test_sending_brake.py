"""What fails again and again must not burn gas without end; what waits for another log is said."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest

from ledger.errors import TransactionError
from tests.unit.worker.sending_stage import CONTRACT, OPERATOR, Stage, call_of, done

HOUR_MS = 3_600_000


@pytest.fixture
def stage() -> Stage:
    made = Stage()
    made.chain.at_once = True
    return made


def times(stage: Stage, hours: int, intent: str = "propose:1", data: bytes = b"\3") -> list[int]:
    """When something was sent for that intent, made anew every thirty seconds."""
    sent: list[int] = []
    stage.chain.on_broadcast = lambda tx: sent.append(stage.clock.ms) if tx.data == data.hex() else None
    for _ in range(hours * 120):
        stage.clock.ms += 30_000
        stage.chain.finalize()
        stage.look(0)
        with suppress(TransactionError):
            stage.send(intent, data)
    return sent


def test_what_fails_once_it_is_mined_is_tried_less_and_less_often(stage: Stage) -> None:
    stage.chain.reverts["03"] = "late: no reason given"
    sent = times(stage, 6)
    assert len(sent) == 13
    pauses = [after - before for before, after in pairwise(sent)]
    assert pauses[:4] == [30_000, 30_000, 60_000, 120_000]
    assert pauses[-1] == HOUR_MS
    assert stage.sender.report()[2] == ["propose:1"]


def test_other_kinds_and_other_accounts_go_on(stage: Stage) -> None:
    stage.chain.reverts["03"] = "late: no reason given"
    times(stage, 1)
    assert stage.send("anchor:1") is not None
    assert stage.send("propose:1", b"\4", stage.reporter) is not None


def test_one_that_names_whom_it_is_for_waits_by_itself(stage: Stage) -> None:
    stage.chain.reverts["03"] = "late: no reason given"
    assert len(times(stage, 6, f"claim:{CONTRACT}:1")) == 13
    assert stage.send("claim:2", b"\4") is not None
    assert stage.send(f"claim:{OPERATOR}:1", b"\5") is not None
    assert stage.sender.report()[2] == [], "nothing else waits"


def test_what_all_nodes_refuse_fills_few_places(stage: Stage) -> None:
    stage.chain.refuses = lambda tx: "exceeds block gas limit" if tx.data == "03" else ""
    times(stage, 6)
    assert sum(tx.data == "" for tx in stage.chain.sent) <= 24


def test_one_that_works_ends_it(stage: Stage) -> None:
    stage.chain.reverts["03"] = "late: no reason given"
    times(stage, 1)
    del stage.chain.reverts["03"]
    assert len(times(stage, 1)) > 50
    assert stage.sender.report()[2] == []


def test_without_coins_nothing_is_held_back(stage: Stage) -> None:
    stage.chain.refuses = lambda tx: "insufficient funds for gas"
    for _ in range(5):
        with suppress(TransactionError):
            stage.send("propose:1", b"\3")
        stage.look(61)
    stage.chain.refuses = lambda tx: ""
    stage.look(61)
    stage.look(1)
    assert stage.send("propose:1", b"\3") is not None


def test_a_nonce_of_a_log_that_nobody_works_on_any_more_is_said(stage: Stage) -> None:
    stage.chain.at_once = False
    stage.chain.takes = lambda tx: False
    other = stage.make("w1", "other")
    assert done(other.send(stage.operator, "anchor:1", *call_of("anchor:1"))) is None
    assert stage.send() is None
    assert stage.sender.report()[2] == []
    stage.clock.ms += 61_000
    assert stage.send() is None
    assert stage.sender.report()[2] == [f"{OPERATOR} waits for a nonce that this log does not have under way"]
    stage.chain.takes = lambda tx: True
    stage.chain.pool = {(tx.sender, tx.nonce): tx for tx in stage.chain.sent}
    stage.chain.mine()
    assert stage.send() is None  # sent, and not mined yet
    assert stage.sender.report()[2] == []
