"""The judgement: what follows is sound, and each member that is another one is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.book.fold import Book
from ledger.book.rewards import Settlement, compute
from ledger.chain.contracts import AnchoredHead, Proposal
from ledger.guard.judge import MAX_REASON_BYTES, Judgement, Published, doubts, hash_of, judge
from ledger.statements.settlements import RewardsSettled
from tests.unit.book import story

PLACE = (story.CHAIN, story.POOL)
OTHER = "0x" + 64 * "5"


@dataclass(frozen=True)
class Told:
    """A log whose second settlement waits: two campaigns, one of them final."""

    entries: tuple[Any, ...]
    size: int
    settlement: Settlement
    recorded: RewardsSettled


@cache
def told() -> Told:
    log = story.Story()
    first, second, third = (log.campaign(appeal=3, decision=1000) for _ in range(3))
    for campaign in (first, second, third):
        log.fund(campaign, 10**6)
        for who in range(3):
            log.decide(log.submit(campaign, who))
    for who in range(3):
        log.link(who, story.wallet(who))
    log.tick(100)
    log.tick(1)
    log.end(log.settle())
    for campaign in (first, second):
        log.decide(log.submit(campaign, 1))
    log.close(second)
    log.tick(2000)
    log.tick(1)
    size = len(log.entries)
    settlement = log.settle()
    return Told(tuple(log.entries), size, settlement, log.entries[-1])


def book_at(size: int) -> Book:
    book = Book()
    for index, statement in enumerate(told().entries[:size]):
        book.fold(statement, index)
    return book


@cache
def book() -> Book:
    return book_at(told().size)


def honest() -> Proposal:
    settlement = told().settlement
    lines = settlement.campaigns
    return Proposal(
        settlement.number,
        settlement.parent,
        settlement.root,
        settlement.size,
        tuple(line.onchain_id for line in lines),
        tuple(line.total for line in lines),
        tuple(line.final for line in lines),
    )


def judged(proposal: Proposal, recorded: list[RewardsSettled] | None = None) -> Judgement:
    at = book() if proposal.size == told().size else book_at(proposal.size)
    return judge(proposal, PLACE, at, [told().recorded] if recorded is None else recorded)


def test_the_story_tells_what_the_tests_are_about() -> None:
    proposal = honest()
    assert (proposal.number, proposal.parent) == (2, 1)
    assert len(proposal.campaigns) == 2
    assert set(proposal.finals) == {True, False}
    assert hash_of(proposal) == told().settlement.proposal


def test_what_follows_is_sound() -> None:
    assert judged(honest()) == Judgement("sound")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": 3}, "It is number 3; by the log of that size the next is 2."),
        ({"number": 1}, "It is number 1;"),
        ({"parent": 0}, "Its parent is 0; the last that was activated is 1."),
        ({"parent": 2}, "Its parent is 2;"),
        ({"root": OTHER}, "it pays others, or other amounts"),
        ({"campaigns": (), "totals": (), "finals": ()}, "It leaves out campaign"),
        ({"campaigns": (OTHER, OTHER[:-1] + "6")}, "which is not of this log"),
    ],
)
def test_each_member_that_is_another_one_is_found(changes: dict[str, Any], words: str) -> None:
    found = judged(replace(honest(), **changes))
    assert found.verdict == "wrong"
    assert any(words in reason for reason in found.reasons), found.reasons


@given(st.sampled_from(["totals", "finals", "campaigns"]), st.integers(0, 1), st.integers(-20, 20).filter(bool))
def test_each_line_that_is_another_one_is_found(member: str, place: int, difference: int) -> None:
    proposal = honest()
    values: list[Any] = list(getattr(proposal, member))
    before = values[place]
    if member == "totals":
        values[place] += difference
    elif member == "finals":
        values[place] = not before
    else:
        values[place] = f"0x{int(before, 16) ^ abs(difference):064x}"
    found = judged(replace(proposal, **{member: tuple(values)}))
    assert found.verdict == "wrong"
    names = {line.onchain_id: line.campaign for line in told().settlement.campaigns}
    assert any(names[proposal.campaigns[place]] in reason for reason in found.reasons)
    assert found.veto_reason


@given(st.data())
def test_any_other_proposal_is_wrong(data: st.DataObject) -> None:
    """Whatever is changed, and however many at once: only the one that follows is sound."""
    words = st.binary(min_size=32, max_size=32).map(lambda each: "0x" + each.hex())
    ids = st.lists(st.sampled_from([*honest().campaigns, OTHER]) | words, max_size=3)
    campaigns = data.draw(ids | st.just(list(honest().campaigns)))
    size = st.just(len(campaigns))
    proposal = Proposal(
        data.draw(st.sampled_from([1, 2, 3])),
        data.draw(st.sampled_from([0, 1, 2])),
        data.draw(st.sampled_from([honest().root, OTHER])),
        told().size,
        tuple(campaigns),
        tuple(data.draw(size.flatmap(lambda n: st.lists(st.sampled_from([30, 40, 50]), min_size=n, max_size=n)))),
        tuple(data.draw(size.flatmap(lambda n: st.lists(st.booleans(), min_size=n, max_size=n)))),
    )
    assert (judged(proposal).verdict == "sound") == (proposal == honest())


def test_lines_in_another_order_are_wrong() -> None:
    proposal = honest()
    turned = replace(
        proposal, campaigns=proposal.campaigns[::-1], totals=proposal.totals[::-1], finals=proposal.finals[::-1]
    )
    assert judged(turned).reasons == ("Its campaigns are not listed as they follow from the log.",)


def test_a_campaign_whose_pay_does_not_change_is_named() -> None:
    proposal = honest()
    names = book().pools[PLACE].campaigns
    third = next(each for each in names.values() if each not in proposal.campaigns)
    found = judged(replace(proposal, campaigns=(third, *proposal.campaigns[1:])))
    assert any("whose pay does not change" in reason for reason in found.reasons)


def test_the_same_settlement_of_a_smaller_log_is_not_sound() -> None:
    """The size is part of what is recorded, and what followed later does not follow yet."""
    verdicts = [judged(replace(honest(), size=told().size - less)).verdict for less in (1, 2, 3)]
    assert verdicts == ["unjudged", "wrong", "wrong"]


def test_nothing_follows_where_nothing_can_be_settled() -> None:
    found = judge(replace(honest(), size=3), PLACE, book_at(3), [])
    assert found.verdict == "wrong"


def test_nothing_follows_on_what_the_log_does_not_know() -> None:
    entries = list(told().entries[: told().size])
    log = Book()
    for index, statement in enumerate(entries):
        log.fold(statement, index)
    pool = log.pools[PLACE]
    pool.halted = True
    found = judge(honest(), PLACE, log, [told().recorded])
    assert found.reasons == ("A settlement was activated that the log does not know; nothing can follow on it.",)


def test_the_pool_of_another_log_is_wrong() -> None:
    found = judge(honest(), (story.CHAIN, "0x" + 40 * "9"), book(), [])
    assert found == Judgement("wrong", ("No campaign of the log is paid by this pool.",))


def test_what_the_log_does_not_record_cannot_be_judged() -> None:
    other = msgspec.structs.replace(told().recorded, total="1")
    for recorded in ([], [other]):
        found = judged(honest(), recorded)
        assert found.verdict == "unjudged"
        assert "does not record it" in found.reasons[0]


def test_the_book_must_be_that_of_the_size() -> None:
    with pytest.raises(ValueError, match="rests on"):
        judge(honest(), PLACE, book_at(told().size - 1), [])


def test_a_wrong_total_is_named_with_its_rule() -> None:
    proposal = honest()
    found = judged(replace(proposal, totals=(proposal.totals[0] + 10, *proposal.totals[1:])))
    (award,) = [each for each in found.awards if each.campaign is not None]
    assert (award.claimed - award.awarded, award.rule) == (10, "piece_rate")


def test_a_reason_on_the_chain_is_short_and_plain() -> None:
    found = Judgement("wrong", ("Wörter " * 100,))
    assert len(found.veto_reason.encode()) == MAX_REASON_BYTES
    assert found.veto_reason.startswith("W?rter")
    assert Judgement("wrong", ("Short.", "And so.")).veto_reason == "Short. And so."


# ---- without the book ----

HEAD = AnchoredHead(100, b"\1" * 32, 5)


def published(size: int = 100, root: bytes | None = HEAD.root) -> Published:
    return Published(HEAD, size, root)


@pytest.mark.parametrize(
    ("proposal", "hash_", "shown", "verdict", "words"),
    [
        (replace(honest(), size=101), None, published(), "wrong", "rests on 101 entries, of which 100 are anchored"),
        (replace(honest(), size=9), None, published(90, None), "unjudged", "the log shows 90"),
        (replace(honest(), size=9), None, published(200, b"\2" * 32), "unjudged", "is not the one"),
        (replace(honest(), size=9), OTHER, published(), "unjudged", "ask another node"),
        (replace(honest(), campaigns=(OTHER, OTHER)), None, published(), "unjudged", "ask another node"),
        (replace(honest(), totals=(1,)), None, published(), "unjudged", "ask another node"),
    ],
)
def test_what_can_be_said_without_the_book(
    proposal: Proposal, hash_: str | None, shown: Published, verdict: str, words: str
) -> None:
    found = doubts(proposal, hash_ or hash_of(proposal), shown)
    assert found is not None
    assert found.verdict == verdict
    assert words in found.reasons[0]


def test_the_book_is_asked_where_the_log_is_the_anchored_one() -> None:
    proposal = replace(honest(), size=100)
    assert doubts(proposal, hash_of(proposal), published(300)) is None


def test_a_log_that_was_never_anchored_is_no_fork() -> None:
    assert not Published(AnchoredHead(0, bytes(32), 0), 5, b"\1" * 32).is_fork


def test_the_prefix_gives_what_the_whole_log_gave() -> None:
    """The settlement that the service computed on its growing book is that of the first entries alone."""
    assert compute(book(), book().pools[PLACE], told().size) == told().settlement
