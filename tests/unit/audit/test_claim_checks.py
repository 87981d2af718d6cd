"""Payments that the log does not award: the first ones are explained, however many there are."""

from __future__ import annotations

from typing import cast

import pytest

from ledger.audit.awards import MAX_NAMED, Claims, WrongAward
from ledger.audit.chain_checks import OnChain
from ledger.audit.claim_checks import check_claims
from ledger.audit.report import MAX_FINDINGS_A_CHECK, Check
from ledger.chain.anchors import ClaimEvent, Place, PoolEvents, SettlementEvent
from tests.unit.audit import logs
from tests.unit.book.story import CHAIN, POOL, Story

THEFTS = 200


class _Chain:
    """A chain every block of which the copy of the log knows."""

    def is_beyond_copy(self, block: int) -> bool:
        return False


def place(number: int) -> Place:
    return Place(9, "0x" + 64 * "1", "0x" + 64 * "2", number)


def test_many_thefts_cost_no_more_than_some(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Story()
    told.fund(told.campaign(), 1000)
    replay = logs.replayed(told)
    activated = SettlementEvent("activated", 1, "0x" + 64 * "3", {"totalAwarded": THEFTS}, place(0))
    stolen = tuple(ClaimEvent(f"0x{n:040x}", 1, place(n)) for n in range(1, THEFTS + 1))
    explained: list[str] = []
    real = Claims.account

    def account(self: Claims, name: str, claimed: int) -> WrongAward:
        explained.append(name)
        return real(self, name, claimed)

    monkeypatch.setattr(Claims, "account", account)
    check = Check("claims", "")
    events = PoolEvents((activated,), stolen, ())
    check_claims(check, cast(OnChain, _Chain()), replay, replay.book.pools[CHAIN, POOL], events)
    assert len(explained) == MAX_NAMED
    assert (len(check.findings), check.more) == (MAX_FINDINGS_A_CHECK, THEFTS - MAX_FINDINGS_A_CHECK)
    assert "was paid 1 in all (block 9). The log awards it 0." in check.findings[-1].detail


def test_payments_are_added_up() -> None:
    told = Story()
    told.fund(told.campaign(), 1000)
    replay = logs.replayed(told)
    thief = f"0x{1:040x}"
    activated = SettlementEvent("activated", 1, "0x" + 64 * "3", {"totalAwarded": 7}, place(0))
    paid = (ClaimEvent(thief, 3, place(1)), ClaimEvent(thief, 5, place(2)))
    check = Check("claims", "")
    events = PoolEvents((activated,), paid, ())
    check_claims(check, cast(OnChain, _Chain()), replay, replay.book.pools[CHAIN, POOL], events)
    words = " ".join(finding.detail for finding in check.findings)
    assert "was paid 3 in all" in words
    assert "was paid 8 in all" in words
    assert "has paid 8 by block 9; 7 were awarded" in words
