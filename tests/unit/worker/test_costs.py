"""What transactions cost: exact wei, to the campaigns that they were for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain import contracts
from ledger.chain.answers import LogEntry, TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.statements import kinds
from ledger.worker.context import Context
from ledger.worker.costs import campaign_of, costs_of, split
from ledger.worker.ports import Attempt
from ledger.worker.settling import proposal_of
from tests.unit.book.story import HASH, LOG_ID, POOL, Story, wallet
from tests.unit.worker.sending_stage import CONTRACT, OPERATOR, Entries, Stage, done

GAS, PRICE = 100_001, 3_000_000_007
ATTEMPT = Attempt(
    hash=HASH, raw=b"", sender=OPERATOR, nonce=0, intent="", to=CONTRACT, data=b"", gas=GAS, max_fee=PRICE + 5,
    priority_fee=1, at_ms=0,
)  # fmt: skip
RECEIPT = TransactionReceipt(
    transaction=HASH, block=1, block_hash=HASH, succeeded=True, sender=OPERATOR, to=CONTRACT, made=None, gas_used=GAS,
    logs=(), gas_price=PRICE,
)  # fmt: skip


class Told:
    """Two campaigns: the first has two contributions by one person, the second one by each of two."""

    def __init__(self) -> None:
        story = self.story = Story()
        self.first, self.second = story.campaign(), story.campaign()
        self.begin = len(story.entries)
        story.fund(self.first, 1000)
        story.fund(self.second, 1000)
        for campaign, who in ((self.first, 1), (self.first, 1), (self.second, 1), (self.second, 2)):
            story.decide(story.submit(campaign, who))
        story.link(1, wallet(1))
        story.tick(101)
        self.stage = Stage(book=story.book, statements=[kinds.encode(each) for each in story.entries])

    def costs(self, intent: str, data: bytes = b"", *logs: LogEntry) -> dict[str, tuple[int, int]]:
        """Gas and wei by campaign."""
        attempt, receipt = replace(ATTEMPT, intent=intent, data=data), replace(RECEIPT, logs=logs)
        found = done(costs_of(self.stage.context(), attempt, receipt))
        assert {cost.intent for cost in found} == {intent}
        assert sum(cost.gas for cost in found) == GAS
        assert sum(cost.wei for cost in found) == GAS * PRICE
        return {cost.campaign: (cost.gas, cost.wei) for cost in found}


@pytest.fixture(scope="module")
def told() -> Told:
    return Told()


def event(address: str, contract: str, name: str, **members: object) -> LogEntry:
    """An event as a node tells it; its indexed members are of one word each."""
    shape = artifact(contract).abi.events[name]
    parts = list(zip(shape.types, shape.names, shape.indexed, strict=True))
    topics = [encode([kind], [members[each]]) for kind, each, flag in parts if flag]
    plain = [(kind, members[each]) for kind, each, flag in parts if not flag]
    data = encode([kind for kind, _ in plain], [value for _, value in plain])
    return LogEntry(address, (shape.topic, *topics), data, 1, HASH, HASH, 0)


def anchored(begin: int, end: int, address: str = CONTRACT) -> LogEntry:
    members = {"logId": bytes.fromhex(LOG_ID[2:]), "oldSize": begin, "newSize": end, "root": bytes(32)}
    return event(address, contracts.LOG_CONTRACT, "Anchored", **members)


def claimed(account: str, amount: int) -> LogEntry:
    return event(POOL, contracts.POOL_CONTRACT, "Claimed", account=account, payee=account, amount=amount)


def by_weight(told: Told, weights: dict[str, int]) -> dict[str, tuple[int, int]]:
    gas, wei = split(GAS, weights), split(GAS * PRICE, weights)
    return {campaign: (gas[campaign], wei[campaign]) for campaign in weights}


def test_an_anchor_is_shared_by_the_entries_that_it_covers(told: Told) -> None:
    size = told.story.book.size
    # Two funded, one wallet, of each campaign two contributions with their decisions, one tick.
    assert told.costs("anchor:1", b"", anchored(told.begin, size)) == by_weight(
        told, {"": 2, told.first: 5, told.second: 5}
    )
    assert told.costs("anchor:1", b"", anchored(0, 2)) == by_weight(told, {"": 1})
    assert told.costs("anchor:1", b"", anchored(size - 1, 2**255)) == by_weight(told, {"": 1}), "no more than there are"
    assert told.costs("anchor:1", b"", anchored(0, size, POOL)) == by_weight(told, {"": 1}), "another contract's event"
    assert told.costs("anchor:1") == by_weight(told, {"": 1}), "it failed"


def test_the_lease_is_kept_while_the_entries_of_a_large_anchor_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    told, kept = Told(), []

    async def renew(context: Context) -> None:
        kept.append(context)

    monkeypatch.setattr(Context, "renew", renew)
    told.story.book.size = 45_000
    told.stage.entries = Entries([b"{}"] * 45_000)
    assert told.costs("anchor:1", b"", anchored(0, 45_000)) == by_weight(told, {"": 1})
    assert len(kept) == 2


def test_a_settlement_is_shared_evenly_by_the_campaigns_that_it_lists() -> None:
    told = Told()
    settlement = told.story.settle()
    even = by_weight(told, {told.first: 1, told.second: 1})
    assert told.costs("propose:1", contracts.propose_call(proposal_of(settlement))) == even
    assert told.costs("activate:1", contracts.activate_call(proposal_of(settlement))) == even
    alone = replace(settlement, campaigns=settlement.campaigns[:1])
    listed = settlement.campaigns[0].campaign
    assert told.costs("propose:1", contracts.propose_call(proposal_of(alone))) == by_weight(told, {listed: 1})


def test_claims_are_shared_by_where_what_they_paid_was_earned() -> None:
    told = Told()
    void = told.story.submit(told.second, 1)
    decision = told.story.decide(void)
    told.story.tick(101)
    told.story.decide(void, "rejected", supersedes=decision)
    assert told.story.book.campaigns[told.second].voids
    account = wallet(1).address.lower()
    # Twenty of the first, ten of the second, so that 9 is 6 and 3; a stranger's 11 is nobody's.
    assert told.costs("claim:1", b"", claimed(account, 9)) == by_weight(told, {told.first: 6, told.second: 3})
    some = (claimed(account, 9), claimed("0x" + "77" * 20, 11))
    assert told.costs("claim:2", b"", *some) == by_weight(told, {"": 11, told.first: 6, told.second: 3})
    assert told.costs("claim:1") == by_weight(told, {"": 1}), "it paid nobody"


@pytest.mark.parametrize("intent", ["follow:1", "fill"])
def test_the_rest_is_the_services_own(told: Told, intent: str) -> None:
    assert told.costs(intent, b"", anchored(told.begin, told.begin + 3)) == by_weight(told, {"": 1})


def test_without_a_price_in_the_receipt_the_transactions_own_counts(told: Told) -> None:
    receipt = replace(RECEIPT, gas_price=None)
    (cost,) = done(costs_of(told.stage.context(), replace(ATTEMPT, intent="fill"), receipt))
    assert cost.wei == GAS * ATTEMPT.max_fee


def test_every_kind_of_entry_finds_its_campaign() -> None:
    told = Told()
    story, facts = told.story, told.story.book.facts
    task, contribution = story.task(told.first), story.submit(told.second, 3)
    decision = story.decide(contribution, "rejected")
    appeal = story.appeal(contribution, decision)
    answer = story.decide(contribution, supersedes=decision, appeal=appeal)
    for campaign, tell in (
        (told.first, lambda: story.amend(told.first, budget="1000001")),
        (told.second, lambda: story.resolve(appeal, answer, 9)),
        (told.second, lambda: story.erase("contribution", contribution)),
        (told.first, lambda: story.erase("task", task)),
        (told.second, lambda: story.withdraw(story.submit(told.second, 4))),
        ("", lambda: story.link(5, wallet(5))),
        ("", story.mandate),
        (told.first, lambda: story.mandate(campaign=told.first)),
    ):
        tell()
        assert campaign_of(kinds.encode(story.entries[-1]), facts) == campaign
    assert campaign_of(kinds.encode(story.entries[told.begin - 1]), facts) == told.second
    story.submit(story.id(), 3)
    assert campaign_of(kinds.encode(story.entries[-1]), facts) == "", "a campaign that nobody opened"
    assert campaign_of(b"no statement", facts) == ""


@given(st.integers(0, 10**24), st.dictionaries(st.text("abc", max_size=3), st.integers(0, 10**9), max_size=6))
def test_shares_are_whole_and_add_up(total: int, weights: dict[str, int]) -> None:
    shares = split(total, weights)
    assert sum(shares.values()) == total
    whole = sum(weights.values())
    for campaign, share in shares.items():
        if whole:
            assert weights[campaign] * total // whole <= share <= weights[campaign] * total // whole + 1
    assert list(shares) == sorted(shares)
    assert set(shares) == ({each for each, weight in weights.items() if weight} or {""})
