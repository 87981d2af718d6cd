"""Which events follow from a log, and that each is told once wherever its teller ends."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import UnavailableError
from ledger.statements.campaigns import Revisions
from ledger.statements.kinds import KINDS as KINDS_OF_STATEMENTS
from ledger.statements.settlements import SettlementVetoed
from ledger.wire.events import EVENT_TYPES, encode, event_of
from ledger.worker.publishing import presence, publisher
from tests.unit.book.player import KINDS, NAMES, Player
from tests.unit.book.story import CHAIN, HASH, POOL, Story, person, score_rate, wallet
from tests.unit.worker.telling import CONTRACT, LOG_ID, Killed, Memory, Teller, tell

ANN, BOB = wallet(1).address.lower(), wallet(2).address.lower()


@pytest.fixture
def story() -> Any:
    return Story()


def about(story: Any, contribution: str, **more: Any) -> dict[str, Any]:
    found = story.book.facts.contributions[contribution]
    same = {"contribution": contribution, "campaign": found.campaign, "contributor": found.contributor}
    return {"platform": story.platform} | same | more


async def test_a_contribution_from_its_record_to_its_final_decision(story: Any) -> None:
    campaign = story.campaign(revisions=Revisions(window=50, rounds=1))
    task = story.task(campaign)
    first = story.submit(campaign, 1, task=task)
    asked = story.decide(first, "needs_work", score="0")
    second = story.submit(campaign, 1, task=task, replaces=first)
    refused = story.decide(second, "rejected", score="0.25")
    appeal = story.appeal(second, refused)
    changed = story.decide(second, appeal=appeal, supersedes=refused, reviewer=person(9))
    story.resolve(appeal, changed, 9)
    memory = await tell(story)
    index = {each.id: place for place, each in enumerate(story.entries) if hasattr(each, "id")}
    made = {"type": "decision.made", "supersedes": None, "appeal": None}
    assert memory.events() == [
        about(story, first, type="contribution.recorded", entry=index[first], task=task, replaces=None),
        about(story, first, decision=asked, entry=index[asked], verdict="needs_work", score="0", **made),
        about(story, second, type="contribution.recorded", entry=index[second], task=task, replaces=first),
        about(story, second, decision=refused, entry=index[refused], verdict="rejected", score="0.25", **made),
        about(story, second, type="appeal.filed", appeal=appeal, decision=refused, entry=index[appeal]),
        about(story, second, decision=changed, entry=index[changed], verdict="accepted", score="1")
        | {"type": "decision.made", "supersedes": refused, "appeal": appeal},
        about(story, second, type="appeal.resolved", appeal=appeal, decision=changed, entry=len(story.entries) - 1),
        about(story, second, type="decision.final", decision=changed, outcome="accepted", entry=len(story.entries) - 1),
    ]


async def test_final_is_what_time_makes_final_before_anything_else_is_said(story: Any) -> None:
    campaign = story.campaign(appeal=100, decision=1000, default="accepted")
    ignored, taken_back, judged = (story.submit(campaign, who) for who in (1, 2, 3))
    decision = story.decide(judged, "rejected", score="0")
    story.withdraw(taken_back)
    story.wait(101)
    later = story.submit(campaign, 4)
    story.tick(1001)
    memory = await tell(story)
    assert memory.kinds() == [
        *["contribution.recorded"] * 3, "decision.made", "decision.final", "contribution.recorded",
        "decision.final", "decision.final",
    ]  # fmt: skip
    (first, *rest) = memory.events("decision.final")
    at = len(story.entries) - 2
    assert first == about(story, judged, type="decision.final", decision=decision, outcome="rejected", entry=at)
    assert rest == [
        about(story, each, type="decision.final", decision=None, outcome="accepted", entry=at + 1)
        for each in (ignored, later)
    ]
    assert next(each.at_ms for each in memory.told if each.type == "decision.final") == story.now_ms - 1_001_000


async def test_what_is_told_late_is_told_as_it_was(story: Any) -> None:
    """A final decision is superseded before the worker comes to tell of it."""
    campaign = story.campaign(appeal=100)
    work = story.submit(campaign, 1)
    first = story.decide(work)
    story.tick(101)
    second = story.decide(work, "rejected", score="0", supersedes=first)
    story.tick(101)
    finals = (await tell(story)).events("decision.final")
    assert [(each["decision"], each["outcome"]) for each in finals] == [(first, "accepted"), (second, "rejected")]


async def test_a_statement_that_breaks_a_rule_says_nothing_but_time_passes(story: Any) -> None:
    campaign = story.campaign(appeal=100)
    work = story.submit(campaign, 1)
    story.decide(work)
    story.wait(101)
    story.decide("01a20000-0000-7000-8000-000000000000")
    assert story.rules() != []
    memory = await tell(story)
    assert memory.kinds() == ["contribution.recorded", "decision.made", "decision.final"]
    assert memory.position.entries == len(story.entries)


async def test_a_settlement_in_force_and_its_payment(story: Any) -> None:
    campaign = story.campaign(policy=score_rate(10))
    story.fund(campaign, 1_000)
    for who in (1, 1, 2, 3):
        story.decide(story.submit(campaign, who))
    story.link(1, wallet(1))
    story.link(2, wallet(1))  # the same account
    story.tick(101)
    vetoed = story.settle()
    story.end(vetoed, SettlementVetoed)
    story.tick(1)
    settlement = story.settle()
    memory = await tell(story)
    assert not memory.events("rewards.settled", "rewards.claimable"), "it is not in force"
    memory.pay(ANN, 30)
    await tell(story, memory)
    assert not memory.events("claim.paid")
    memory.pay(ANN, 30)
    story.end(settlement)
    await tell(story, memory)
    place = {"chain_id": CHAIN, "pool": POOL}
    (told,) = memory.events("rewards.settled")
    assert told == place | {
        "type": "rewards.settled", "platform": story.platform, "entry": len(story.entries) - 1, "number": 2,
        "size": settlement.size, "campaigns": [{"campaign": campaign, "total": "40", "final": False}],
        "transaction": HASH, "block": 9,
    }  # fmt: skip
    own = place | {"platform": story.platform, "account": ANN}
    gained = [own | {"contributor": person(who), "amount": str(units)} for who, units in ((1, 20), (2, 10))]
    assert memory.events("rewards.claimable") == [each | {"type": "rewards.claimable", "number": 2} for each in gained]
    assert memory.events("claim.paid") == [
        each | {"type": "claim.paid", "transaction": HASH, "block": 5} for each in gained
    ]
    assert memory.kinds().index("claim.paid") > memory.kinds().index("rewards.claimable")


async def test_a_platform_is_told_of_its_own_only(story: Any) -> None:
    """One settlement and one account of two platforms' people."""
    mine, campaigns = story.platform, []
    for who in (1, 2):
        campaigns.append(story.campaign())
        story.fund(campaigns[-1], 1_000)
        story.decide(story.submit(campaigns[-1], who))
        story.link(who, wallet(1))
        story.platform = story.register()
    other = next(each.opened.platform for each in story.book.facts.campaigns.values() if each.opened.platform != mine)
    story.tick(101)
    story.end(story.settle())
    memory = await tell(story)
    memory.pay(ANN, 20)
    await tell(story, memory)
    for platform, campaign, who in ((mine, campaigns[0], 1), (other, campaigns[1], 2)):
        told = [each for each in memory.events() if each["platform"] == platform]
        assert {each["campaign"] for each in told if "campaign" in each} == {campaign}
        assert {each["contributor"] for each in told if "contributor" in each} == {person(who)}
        (settled,) = (each for each in told if each["type"] == "rewards.settled")
        assert [line["campaign"] for line in settled["campaigns"]] == [campaign]
        assert [each["amount"] for each in told if each["type"] in ("rewards.claimable", "claim.paid")] == ["10", "10"]


async def test_a_payment_waits_for_the_shares_and_may_pay_several_settlements(story: Any) -> None:
    campaign = story.campaign()
    story.fund(campaign, 1_000)
    memory = Memory(story)
    for place in range(3):
        story.decide(story.submit(campaign, 1))
        if place == 0:
            story.link(1, wallet(1))
        story.tick(101)
        story.end(story.settle())
    memory.pay(ANN, 20)
    memory.pay(ANN, 10, before=20)
    memory.pay(BOB, 5)  # of a log that we do not know
    teller = Teller(story, memory)
    await teller.step(settled=False)
    assert len(memory.payments) == 3
    await teller.step()
    assert [each["amount"] for each in memory.events("claim.paid")] == ["20", "10"]
    assert memory.payments == []


async def test_an_anchor_tells_each_platform_of_its_new_entries(story: Any) -> None:
    mine = story.platform
    campaign = story.campaign()
    for who in range(3):
        story.submit(campaign, who)
    story.link(1, wallet(1))
    other = story.register()
    story.tick(1)
    memory = Memory(story)
    memory.anchor(5)
    memory.anchor(8)
    memory.anchor(9)
    memory.anchor(11)
    await tell(story, memory)
    named = {"type": "entry.anchored", "chain_id": CHAIN, "contract": CONTRACT, "log_id": LOG_ID, "transaction": HASH}
    first = {"size": 5, "block": 5, "entries": 4, "first": 1, "last": 4, "platform": mine}
    second = {"size": 8, "block": 8, "entries": 2, "first": 5, "last": 6, "platform": mine}
    third = {"size": 8, "block": 8, "entries": 1, "first": 7, "last": 7, "platform": other}
    assert memory.events("entry.anchored") == [each | named for each in (first, second, third)]
    assert memory.position.anchored == 9, "the last one holds an entry that is not told yet"
    story.submit(campaign, 5)
    story.submit(campaign, 5)
    await tell(story, memory)  # another worker, which looks again at what no anchor held
    assert memory.events("entry.anchored")[3:] == [
        named | {"size": 11, "block": 11, "entries": 2, "first": 9, "last": 10, "platform": mine}
    ]


def test_every_kind_of_statement_is_about_its_platform() -> None:
    named = {
        name: {kind for kind in KINDS_OF_STATEMENTS.values() if name in kind.__struct_fields__}
        for name in ("platform", "campaign", "contribution")
    }
    assert named["platform"] == set(presence.OfPlatform.__args__)
    assert named["contribution"] == set(presence.OfContribution.__args__)
    assert named["campaign"] - named["platform"] == set(presence.OfCampaign.__args__)


async def test_a_log_of_before_tells_of_what_comes(story: Any) -> None:
    campaign = story.campaign(appeal=100)
    story.decide(story.submit(campaign, 1))
    memory = Memory(story)
    memory.position = memory.position._replace(entries=len(story.entries), anchored=3)
    story.tick(101)
    story.submit(campaign, 2)
    await tell(story, memory)
    assert memory.kinds() == ["decision.final", "contribution.recorded"]


async def test_very_many_events_of_one_entry_come_in_parts(story: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "_BATCH", 7)
    campaign = story.campaign(policy=score_rate(10))
    story.fund(campaign, 10_000)
    for who in range(20):
        story.decide(story.submit(campaign, who))
        story.link(who, wallet(who))
    story.tick(101)
    story.end(story.settle())
    memory = await tell(story)
    counts = {kind: memory.kinds().count(kind) for kind in ("decision.final", "rewards.settled", "rewards.claimable")}
    assert counts == {"decision.final": 20, "rewards.settled": 1, "rewards.claimable": 20}
    assert memory.largest == 7


async def test_another_workers_writes_are_looked_at_anew(story: Any) -> None:
    """A position that moved without us: nothing is written, and the next step goes on from it."""
    campaign = story.campaign()
    story.submit(campaign, 1)
    memory = Memory(story)
    old = Teller(story, memory)
    await old.step()
    story.submit(campaign, 2)
    refused = [True]

    def strike() -> None:
        if refused.pop() if refused else False:
            raise UnavailableError("Another worker wrote events.")

    memory.strike = strike
    with pytest.raises(UnavailableError):
        await old.step()
    await tell(story, memory)
    await old.step()
    assert memory.kinds() == ["contribution.recorded"] * 2


async def test_what_fails_amid_a_batch_is_told_the_next_time(story: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries before the settlement were derived, but not written."""
    campaign = story.campaign()
    story.fund(campaign, 1_000)
    story.decide(story.submit(campaign, 1))
    story.link(1, wallet(1))
    story.tick(101)
    story.end(story.settle())
    memory = Memory(story)
    teller = Teller(story, memory)
    with monkeypatch.context() as patch:

        async def lost(*_: Any) -> Any:
            raise UnavailableError("Another worker leads by now.")

        patch.setattr(type(teller.context.work), "run", lost)
        with pytest.raises(UnavailableError):
            await teller.step()
    assert memory.told == []
    await teller.step()
    assert memory.kinds() == [
        "contribution.recorded", "decision.made", "decision.final", "rewards.settled", "rewards.claimable",
    ]  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6))
async def test_each_event_is_told_once_wherever_its_teller_ends(seed: int) -> None:
    """Drawn logs, told while they grow by workers that end before and after writes, in batches of any size."""
    source = random.Random(seed)
    steps = [(source.choice(NAMES), source.randrange(1000)) for _ in range(90)]
    story = Player(source.sample(KINDS, 2)).play(steps)
    everything = list(story.entries)
    whole = await _told_in_pieces(story, everything, random.Random(0), gap=10**9)
    pieces = await _told_in_pieces(story, everything, source, gap=source.choice((2, 3, 9)))
    assert pieces == whole
    for number, (kind, platform, at_ms, data) in enumerate(whole, 1):
        assert kind in EVENT_TYPES
        assert platform in story.book.facts.platforms
        assert b"\n" not in encode(event_of("main", "https://crowd.example", number, kind, at_ms, data))


async def _told_in_pieces(story: Any, everything: list[Any], source: random.Random, gap: int) -> list[Any]:
    memory = Memory(story)
    strikes = source.randrange(gap)

    def strike() -> None:
        nonlocal strikes
        strikes -= 1
        if strikes < 0:
            strikes = source.randrange(gap)
            raise Killed

    memory.strike = strike
    batch = publisher._BATCH
    teller = Teller(story, memory)
    publisher._BATCH = source.choice((1, 2, 5, 50)) if gap < 10**9 else batch  # type: ignore[misc]
    try:
        story.entries = everything[: source.randrange(len(everything))] if gap < 10**9 else everything
        while memory.position.entries < len(everything):
            try:
                await teller.step()
            except Killed:
                teller = Teller(story, memory)
            if source.random() < 0.5:
                story.entries = everything
    finally:
        publisher._BATCH = batch  # type: ignore[misc]
    return [tuple(each) for each in memory.told]
