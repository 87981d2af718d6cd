"""A platform changes its mind: the earlier decision is looked for, and superseded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ledger.cli.importing.changing import changed, known_id
from ledger.connectors.preparing import Piece, Prepared, Preparer
from ledger.connectors.records import DecisionRecord, Record
from ledger.connectors.verdicts import Bonus, decision
from ledger.errors import CrowdLedgerError, FormatError, IdReusedError, RuleError

STANDS = RuleError("Decision 1 stands.", rule="supersedes-standing")


def tried(error: CrowdLedgerError | None, known: Mapping[str, str], *earlier: str) -> dict[int, Any]:
    """What is sent again of one decision with this answer, where the log has these; and what was looked for."""
    found = changed([Piece("d", b'{"score":"1"}')], [error], {"d": earlier}, known.get)
    return {place: json.loads(piece.body) for place, piece in found.items()}


def test_the_latest_decision_that_is_known_is_superseded() -> None:
    known = {"first": "01", "second": "02"}
    again = {0: {"score": "1", "supersedes": "02"}}
    assert tried(STANDS, known, "third", "second", "first") == again
    assert tried(IdReusedError("Another content.", id="d"), known, "second", "first") == again


def test_all_else_stays_refused() -> None:
    assert tried(None, {"first": "01"}, "first") == {}
    assert tried(STANDS, {}, "first") == {}
    assert tried(STANDS, {"first": "01"}) == {}
    assert tried(RuleError("It is final.", rule="not-final"), {"first": "01"}, "first") == {}


def test_the_id_is_that_of_the_entrys_statement() -> None:
    assert (
        known_id(httpx.Response(200, json={"items": [{"index": 7, "statement": {"id": "01"}}], "next": None})) == "01"
    )
    assert known_id(httpx.Response(200, json={"items": [], "next": None})) is None
    for reply in ({}, {"items": [{"statement": {}}]}, []):
        with pytest.raises(FormatError):
            known_id(httpx.Response(200, json=reply))


def prepared(made: DecisionRecord, rate: int = 100) -> dict[str, tuple[str, ...]]:
    found = Preparer("c", rate=Decimal(rate)).prepare(Record(1, decisions=(made,)))
    assert isinstance(found, Prepared)
    (piece,) = found.decisions
    assert json.loads(piece.body)["external_id"] == piece.id
    assert found.changes.keys() <= {piece.id}
    return {piece.id: found.changes.get(piece.id, ())}


def test_each_bonus_is_a_decision_of_its_own_and_nothing_goes_back() -> None:
    def approved(bonus: Bonus | None = None) -> DecisionRecord:
        return decision("m:1", "Approved", "accepted", title="M", bonus=bonus, before=("Rejected",))

    assert prepared(decision("m:1", "Rejected", "rejected", title="M")) == {"m:1:rejected": ()}
    assert prepared(approved()) == {"m:1:approved": ("m:1:rejected",)}
    assert prepared(approved(Bonus("0.5", 1))) == {"m:1:approved:bonus-1": ("m:1:approved", "m:1:rejected")}
    three = ("m:1:approved:bonus-2", "m:1:approved:bonus-1", "m:1:approved", "m:1:rejected")
    assert prepared(approved(Bonus("9", 3))) == {"m:1:approved:bonus-3": three}
    (many,) = prepared(approved(Bonus("9", 1000))).values()
    assert (len(many), many[0]) == (21, "m:1:approved:bonus-999")


def test_a_bonus_that_is_left_out_changes_nothing() -> None:
    made = decision("m:1", "Approved", "accepted", title="M", bonus=Bonus("0.5", 2))
    assert prepared(made, 0) == {"m:1:approved": ()}
