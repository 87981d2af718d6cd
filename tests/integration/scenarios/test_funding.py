"""Funding: many backers; a goal that is reached pays and returns the rest, a goal that is missed returns everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.chain import contracts
from ledger.chain.artifacts import artifact
from ledger.errors import TransactionError
from tests.integration.scenarios.crowd import Crowd
from tests.integration.scenarios.lies import green, only, planted, stolen, told

RATE = 30
GOAL = 150
BACKED = {"platform": 40, "backer": 100, "patron": 60}
"""In this order; the goal is reached with the last one."""
MISSED = {"backer": 10, "patron": 25}
FUNDING_SECONDS = 3600


async def test_all_or_nothing(crowd: Crowd) -> None:
    """One call reaches its goal, the other does not; the same three people work for both."""
    reached, told_reached = await _call(crowd)
    missed, told_missed = await _call(crowd)
    people = ["mia", "noa", "ole"]
    for campaign in (reached, missed):
        for person in people:
            await crowd.decide(await crowd.submit(campaign, person, {"answer": person}), reviewer="editor")
    for role, units in MISSED.items():
        crowd.fund(role, told_missed["id"], units)
    for role in ("platform", "backer"):
        crowd.fund(role, told_reached["id"], BACKED[role])
    await crowd.link("mia", "noa")
    await crowd.until_final(reached, missed)
    await crowd.until(lambda: bool(crowd.book(reached).funds) and bool(crowd.book(missed).funds))
    await _nothing_before_the_goal(crowd, reached, missed)
    crowd.fund("patron", told_reached["id"], BACKED["patron"])
    await crowd.until(lambda: crowd.book(reached).funds[-1][1].goal_reached)
    await _pay(crowd, reached, missed)
    await _rest_goes_back(crowd, reached, told_reached["id"])
    await _everything_goes_back(crowd, missed, told_missed["id"])
    await green(crowd)


async def _call(crowd: Crowd) -> tuple[str, dict[str, Any]]:
    until = datetime.now(UTC) + timedelta(seconds=FUNDING_SECONDS)
    campaign = await crowd.open(
        campaign_type="processing",
        policy={"name": "piece_rate", "amount": str(RATE)},
        budget="1000",
        goal=str(GOAL),
        funding_deadline=until.isoformat(),
        opener=crowd.signers["platform"].address,
    )
    told_onchain: dict[str, Any] = (await crowd.get(f"/v1/campaigns/{campaign}"))["onchain"]
    crowd.open_on_chain(told_onchain)
    return campaign, told_onchain


async def _nothing_before_the_goal(crowd: Crowd, reached: str, missed: str) -> None:
    """All the work is final, and neither the log nor the contract gives a unit for it."""
    assert await crowd.recomputed(reached) == await crowd.recomputed(missed) == {}
    order = await crowd.post("/v1/settlements", code=202)

    async def answered() -> bool:
        found = await crowd.get(f"/v1/settlements/requests/{order['id']}")
        return bool(found["state"] != "asked" and "nothing new" in found["detail"])

    await crowd.until(answered)
    early = await stolen(crowd, {reached: 1})
    with pytest.raises(TransactionError) as refused:
        crowd.send("reporter", crowd.deployment.pool, contracts.propose_call(early))
    assert refused.value.reason.startswith("WrongTotal(")
    await green(crowd)


async def _pay(crowd: Crowd, reached: str, missed: str) -> None:
    people = ["mia", "noa", "ole"]
    earned = RATE * len(people)
    finding = only(await planted(crowd, {reached: earned + RATE}), campaign=reached)
    assert (finding.award.rule, finding.award.claimed, finding.award.awarded) == ("piece_rate", earned + RATE, earned)
    assert f"the log awards {earned} (piece_rate {earned})" in finding.detail

    await crowd.post(f"/v1/campaigns/{reached}/close")
    await crowd.until(lambda: crowd.book(reached).final_entry is not None)
    await crowd.until_in_force("mia", "noa")
    settled = await crowd.settle()
    assert [(line["campaign"], line["total"], line["final"]) for line in settled["campaigns"]] == [
        (reached, str(earned), True)
    ]
    assert await crowd.recomputed(reached) == await crowd.expected({each: {"piece_rate": RATE} for each in people})
    await crowd.claim("mia", "noa")
    assert (crowd.balance("mia"), crowd.balance("noa")) == (RATE, RATE)  # Ole's waits until he has a wallet

    found = await told(crowd, totals={reached: earned + RATE})
    assert "Rule piece_rate: each award is paid once" in only(found, campaign=reached, account=None).detail
    found = await told(crowd, totals={missed: RATE})  # its goal was not reached
    finding = only(found, campaign=missed, account=None)
    assert (finding.award.rule, finding.award.claimed, finding.award.awarded) == ("funds", RATE, 0)
    assert "its funding goal is not reached" in finding.detail
    found = await told(crowd, moved={"mia": -RATE, "noa": RATE})
    finding = only(found, contributor=await crowd.public("mia"))
    assert (finding.award.rule, finding.award.claimed, finding.award.awarded) == ("piece_rate", 0, RATE)


def _refund(crowd: Crowd, role: str, onchain_id: str) -> int:
    """What comes back to a backer."""
    before = crowd.balance(role)
    data = artifact("RewardPool").abi.functions["refund"].encode(bytes.fromhex(onchain_id[2:]))
    crowd.send(role, crowd.deployment.pool, data)
    return crowd.balance(role) - before


async def _rest_goes_back(crowd: Crowd, campaign: str, onchain_id: str) -> None:
    """What was funded and not awarded, in proportion."""
    funded = sum(BACKED.values())
    rest = funded - RATE * 3
    for role, units in BACKED.items():
        assert _refund(crowd, role, onchain_id) == rest * units // funded
    await crowd.until(lambda: int(crowd.book(campaign).funds[-1][1].returned) == rest)


async def _everything_goes_back(crowd: Crowd, campaign: str, onchain_id: str) -> None:
    """Once the funding deadline has passed without the goal; before it nobody takes anything out."""
    with pytest.raises(TransactionError) as early:
        _refund(crowd, "backer", onchain_id)
    assert early.value.reason.startswith("NotRefundable(")
    crowd.chain.rpc("evm_increaseTime", FUNDING_SECONDS)
    crowd.chain.rpc("evm_mine")
    for role, units in MISSED.items():
        assert _refund(crowd, role, onchain_id) == units
    await crowd.until(lambda: int(crowd.book(campaign).funds[-1][1].returned) == sum(MISSED.values()))
    assert await crowd.recomputed(campaign) == {}
