"""Rows that somebody wrote into the database: no key of ours signs what they say."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ledger.chain.transactions import Fees
from ledger.errors import TransactionError
from ledger.worker.ports import Attempt
from tests.unit.worker.sending_stage import (
    CAP,
    CHAIN,
    CONTRACT,
    GWEI,
    OPERATOR,
    POOL,
    REPORTER,
    Stage,
    Tx,
    call_of,
    done,
)

EVIL = "0x" + "ee" * 20
ANCHOR = call_of("anchor:1")[1]
CLAIM = call_of("claim:1")[1]
STRANGER = "0x" + "99" * 20


@pytest.fixture
def stage() -> Stage:
    return Stage()


def row_of(tx: Tx, **fields: Any) -> Attempt:
    """A row that says what a transaction says, but for some fields."""
    said = Attempt(
        hash=tx.hash,
        raw=tx.raw,
        sender=tx.sender,
        nonce=tx.nonce,
        intent="anchor:1",
        to=tx.to,
        data=bytes.fromhex(tx.call + tx.data),
        gas=tx.gas,
        max_fee=tx.max_fee,
        priority_fee=tx.priority_fee,
        at_ms=0,
    )
    return replace(said, **fields)


def plant(stage: Stage, row: Attempt) -> None:
    """Write it as whoever can write to the database does."""
    stage.rows.attempts[row.hash] = row
    stage.rows.nonces.setdefault((row.sender, row.nonce), ("main", row.intent))


def signed(**fields: Any) -> Tx:
    """What the operator signs, or would have."""
    ours = {"sender": OPERATOR, "nonce": 0, "to": CONTRACT, "data": "01", "gas": 72_500, "max_fee": 3 * GWEI}
    return Tx(**ours | {"priority_fee": GWEI, "chain_id": CHAIN, "call": ANCHOR.hex()} | fields)


def nothing_but_fills(stage: Stage, least: int = 0) -> None:
    """Whatever went out is a transfer of nothing to the account itself."""
    assert all((tx.to, tx.call, tx.data) == (tx.sender, "", "") and tx.max_fee <= CAP for tx in stage.chain.sent)
    assert len(stage.chain.sent) >= least
    assert stage.sender.found_altered


FORGED: dict[str, Callable[[], Attempt]] = {
    "another recipient": lambda: row_of(signed(), to=EVIL),
    "other data": lambda: row_of(signed(), data=ANCHOR + b"\2"),
    "more gas": lambda: row_of(signed(), gas=30_000_000),
    "a higher fee": lambda: row_of(signed(), max_fee=1000 * CAP),
    "another tip": lambda: row_of(signed(), priority_fee=None),
    "another nonce": lambda: row_of(signed(nonce=7), nonce=0),
    "another account of ours": lambda: row_of(signed(sender=REPORTER), sender=OPERATOR),
    "a stranger's signature": lambda: row_of(signed(sender=STRANGER), sender=OPERATOR),
    "another chain": lambda: row_of(signed(chain_id=CHAIN + 1)),
    "another hash": lambda: row_of(signed(), hash="0x" + "77" * 32),
    "no transaction": lambda: row_of(signed(), raw=b"evil"),
    "a foreign contract, signed once": lambda: row_of(signed(to=EVIL)),
    "another function of ours": lambda: row_of(signed(call="deadbeef")),
    "a function for another intent": lambda: row_of(signed(), intent="claim:1"),
    "an unknown intent": lambda: row_of(signed(), intent="sweep:1"),
    "called a fill": lambda: row_of(signed(), intent="fill"),
    "a fill to somebody": lambda: row_of(signed(to=EVIL, call="", data=""), intent="fill"),
    "claims at the log": lambda: row_of(signed(call=CLAIM.hex()), intent="claim:1"),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_nothing_is_signed_for_a_row_that_says_something_else_than_its_bytes(
    stage: Stage, forged: Callable[[], Attempt], caplog: pytest.LogCaptureFixture
) -> None:
    row = forged()
    plant(stage, row)
    with caplog.at_level(logging.ERROR):
        for seconds in (1, 61, 61, 61):
            stage.look(seconds)
    nothing_but_fills(stage, 1)
    assert sum(row.hash in record.getMessage() for record in caplog.records) == 1, "it is said once"
    stage.chain.mine()
    stage.chain.finalize()
    stage.look(1)
    stage.look(1)
    kept = stage.rows.attempts[row.hash]
    assert (kept.state, kept.detail) == ("lost", "its row was altered")
    stage.chain.at_once = True
    assert stage.send("anchor:2") is not None, "the account works again"
    assert stage.chain.sent[-1].nonce == 1
    assert stage.sender.found_altered, "what was found is told until the worker starts anew"


def test_a_forged_row_beside_a_true_one_changes_nothing_of_that(stage: Stage) -> None:
    stage.send()
    true = stage.chain.sent[0]
    plant(stage, row_of(signed(data="ee"), data=b"evil", max_fee=50 * GWEI, intent="anchor:1"))
    stage.chain.market = Fees(9 * GWEI, GWEI)
    stage.look(60)
    assert [(tx.to, tx.call, tx.data) for tx in stage.chain.sent[1:]] == [(CONTRACT, true.call, true.data)]
    assert stage.chain.sent[-1].max_fee < 20 * GWEI, "its fees follow from those that were signed"
    stage.chain.mine()
    stage.chain.finalize()
    stage.look(1)
    stage.look(1)
    assert sorted(stage.states()) == ["final", "lost", "replaced"]


def test_a_true_row_that_was_altered_while_it_waits_is_not_raised(stage: Stage) -> None:
    stage.send()
    (row,) = stage.rows.attempts.values()
    stage.rows.attempts[row.hash] = replace(row, data=ANCHOR + b"evil", to=POOL)
    stage.look(61)
    stage.look(61)
    assert len(stage.chain.sent) > 1
    assert {(tx.to, tx.data) for tx in stage.chain.sent[1:]} == {(OPERATOR, "")}
    stage.chain.mine()
    assert stage.chain.count(OPERATOR) == 1


def test_a_forged_row_far_ahead_costs_nothing(stage: Stage) -> None:
    plant(stage, row_of(signed(nonce=1_000), to=EVIL))
    for _ in range(5):
        stage.look(61)
    assert stage.chain.sent == []
    assert stage.sender.found_altered


def test_a_row_of_an_account_that_is_not_ours_is_left_alone(stage: Stage) -> None:
    plant(stage, row_of(signed(sender=STRANGER), to=EVIL))
    for _ in range(3):
        stage.look(61)
    assert stage.chain.sent == []
    assert stage.rows.at(STRANGER, 0)[0].state == "sent"


@pytest.mark.parametrize(
    ("intent", "to", "data"),
    [
        ("anchor:1", EVIL, ANCHOR + b"\1"),
        ("anchor:1", CONTRACT, b"\1\2\3\4"),
        ("anchor:1", CONTRACT, b""),
        ("anchor:1", OPERATOR, b""),
        ("claim:1", CONTRACT, CLAIM),
        ("propose:1", POOL, CLAIM),
        ("fill", OPERATOR, b"\1"),
        ("fill", EVIL, b""),
        ("pay:1", POOL, CLAIM),
    ],
)
def test_nothing_else_is_signed_whoever_asks(stage: Stage, intent: str, to: str, data: bytes) -> None:
    with pytest.raises(TransactionError, match="none that is signed") as error:
        done(stage.sender.send(stage.operator, intent, to, data))
    assert error.value.reason == "not-allowed"
    assert (stage.rows.nonces, stage.chain.sent) == ({}, [])


def test_altered_rows_are_not_among_the_open_ones(stage: Stage) -> None:
    stage.send()
    plant(stage, row_of(signed(nonce=1, data="02"), data=b"junk", intent="claim:1", state="failed"))
    assert [each.intent for each in done(stage.sender.open_attempts())] == ["anchor:1"]
