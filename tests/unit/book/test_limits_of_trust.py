"""What docs/trust.md says can still be done, done: the book does not prevent it, and shows it."""

from __future__ import annotations

from typing import Any

import msgspec

from ledger.book.contributions import outcome
from ledger.book.rules.decisions import chosen_for_second_look
from ledger.statements import values
from ledger.statements.campaigns import PieceRate
from ledger.statements.contributions import Signature
from tests.unit.book.story import CHAIN, POOL, Story, judges, person, settle, wallet

PIECE: Any = {"policy": PieceRate(amount="10"), "appeal": 5}


def test_unsigned_work_is_replaced_and_withdrawn_in_its_authors_name_and_signed_work_is_not() -> None:
    told = Story()
    campaign = told.campaign(**PIECE)
    first = told.submit(campaign, 1)
    told.withdraw(told.submit(campaign, 1, replaces=first))
    assert told.rules() == []
    address = wallet(2).address.lower()
    signed = told.submit(campaign, 2, signature=Signature(address=address, value="0x" + 128 * "1" + "1b"))
    told.withdraw(signed)
    told.submit(campaign, 2, replaces=signed)
    assert told.rules() == ["signed-by-author"] * 2
    assert not told.book.facts.contributions[signed].withdrawn


def test_an_entrant_judges_a_rival_but_not_themselves() -> None:
    told = Story()
    campaign = told.campaign(**PIECE, judging=judges(1, 1))
    mine, rivals = told.submit(campaign, 1), told.submit(campaign, 2)
    review = told.review(rivals, 1, "rejected", "0")
    told.decide(rivals, "rejected", "0", reviews=[review])
    assert told.rules() == []
    told.review(mine, 1)
    assert told.rules() == ["no-self-review"]


def test_silence_pays_nothing_where_that_was_declared() -> None:
    for default, paid in (("rejected", 0), ("accepted", 10)):
        told = Story()
        campaign = told.campaign(**PIECE, decision=20, default=default)
        told.fund(campaign, 100)
        told.submit(campaign, 1)
        told.link(1, wallet(1))
        told.tick(30)
        settlement = settle(told.book, CHAIN, POOL)
        assert (settlement.total if settlement else 0) == paid
        assert told.rules() == []


def test_a_wallet_that_objected_is_replaced_all_the_same() -> None:
    told = Story(wallet_delay=10)
    told.submit(told.campaign(**PIECE), 1)
    told.link(1, wallet(1))
    told.tick(11)
    told.link(1, wallet(2))
    told.object(1, wallet(1))
    told.tick(11)
    assert told.book.wallet_at(person(1), told.book.size) == wallet(1).address.lower()
    told.tick(11)
    assert told.book.wallet_at(person(1), told.book.size) == wallet(2).address.lower()
    assert told.rules() == []


def test_who_makes_ids_finds_one_that_is_not_drawn() -> None:
    ids = [values.uuid7(1, number.to_bytes(10, "big")) for number in range(200)]
    drawn = [chosen_for_second_look(each, "0.9") for each in ids]
    assert 150 < sum(drawn) < 200


def test_the_defaults_stand_in_the_campaign_and_in_no_amendment() -> None:
    told = Story()
    campaign = told.campaign(**PIECE, default="rejected", appeal_default="accepted")
    opened = told.book.facts.campaigns[campaign].opened
    assert (opened.decision_default, opened.appeal_default) == ("rejected", "accepted")
    told.amend(campaign, budget="2000000")
    amended = msgspec.structs.asdict(told.entries[-1])
    assert not {"decision_default", "appeal_default", "appeal_window", "closing_date"} & amended.keys()
    contribution = told.submit(campaign, 1)
    told.tick(2000)
    facts = told.book.facts
    assert not outcome(facts.contributions[contribution], facts.campaigns[campaign]).accepted
