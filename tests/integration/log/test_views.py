"""What the API reads, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from ledger.db import tables
from ledger.errors import FieldError
from ledger.log.items import AddTask, Record
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.values import format_time
from tests.integration.log.conftest import LOG, OpenLog

POOL = "0x" + 40 * "2"
HASH = "0x" + 64 * "3"
ANN = "0x" + 40 * "a"


async def test_a_contribution_shows_the_decision_that_stands(log: OpenLog) -> None:
    work = log.maker.submit("ann", external_id="c1")
    first = log.maker.decide(work.id, verdict="needs_work", score="0.25", reviewer="rev", feedback="Look again")
    await log.writer.write_many([work, first])
    second = log.maker.decide(work.id, supersedes=first.id, reviewer="rev")
    await log.writer.write(second)
    shown = await log.reader.contribution(work.id)
    assert shown is not None
    assert shown.decision is not None
    assert (shown.decision.id, shown.decision.verdict, shown.decision.score) == (second.id, "accepted", 1_000_000)
    assert shown.decision.reviewer == first.fresh_id
    assert [each.score for each in await log.reader.decisions(work.id)] == [250_000, 1_000_000]
    external = await log.reader.external(log.maker.platform, "contribution", "c1")
    assert external is not None
    assert (external.subject, external.index) == (work.id, shown.index) == (work.id, 3)
    opening = await log.reader.opening("decision", first.id)
    assert opening is not None
    assert opening.content() == "Look again"
    assert await log.reader.opening("decision", second.id) is None
    assert await log.reader.contributor(log.maker.platform, "ann") == work.fresh_id
    person = await log.reader.person(work.fresh_id)
    assert person is not None
    assert (person.platform, person.external_id) == (log.maker.platform, "ann")


async def test_a_replaced_contribution_names_its_successor(log: OpenLog) -> None:
    work = log.maker.submit("ann")
    better = log.maker.submit("ann", replaces=work.id)
    await log.writer.write_many([work, better])
    old, new = await log.reader.contribution(work.id), await log.reader.contribution(better.id)
    assert old is not None
    assert new is not None
    assert (old.replaced_by, new.replaces, new.replaced_by) == (better.id, work.id, None)


async def test_lists_page_by_entry(log: OpenLog) -> None:
    items = [log.maker.submit(f"w{number % 2}") for number in range(25)]
    await log.writer.write_many(items)
    seen: list[str] = []
    after = None
    while True:
        page = await log.reader.contributions(campaign=log.maker.campaign, after=after, limit=10)
        seen += [each.id for each in page.items]
        if page.next is None:
            break
        after = page.next
    assert seen == [item.id for item in items]
    mine = await log.reader.contributions(platform=log.maker.platform, contributor=items[0].fresh_id)
    assert [each.id for each in mine.items] == [item.id for item in items[::2]]
    assert not (await log.reader.contributions(platform=log.maker.id())).items
    for limit in (0, 201):
        with pytest.raises(FieldError):
            await log.reader.contributions(limit=limit)


async def test_campaigns_tasks_and_money(log: OpenLog) -> None:
    tasks: list[AddTask] = [log.maker.add_task() for _ in range(3)]
    await log.writer.write_many([*tasks, log.maker.close_campaign()])
    campaign = await log.reader.campaign(log.maker.campaign)
    assert campaign is not None
    assert (campaign.title, campaign.closed, campaign.index) == ("Galaxies", True, 2)
    assert [each.id for each in (await log.reader.tasks(campaign.id)).items] == [each.id for each in tasks]
    assert [each.id for each in (await log.reader.campaigns(log.maker.platform)).items] == [campaign.id]
    assert await log.reader.funds(campaign.id) is None
    platform = await log.reader.platform(log.maker.platform)
    assert platform is not None
    assert platform.name == "Stars"
    assert await log.reader.campaign(log.maker.id()) is None


async def test_the_last_record_of_a_campaigns_money_holds(log: OpenLog) -> None:
    from ledger.log.items import PoolPlace

    campaign = log.maker.id()
    place = PoolPlace(chain_id=31337, pool=POOL, log_id=HASH, opener=ANN)
    await log.writer.write(log.maker.open_campaign(id=campaign, place=place))

    def funded(amount: str, block: int) -> Record:
        members: dict[str, Any] = {"v": 1, "at": format_time(0), "campaign": campaign, "block_hash": HASH}
        return Record(
            statement=CampaignFunded(
                **members, block=block, funded=amount, returned="0", goal_reached=True, closed=False
            )
        )

    big = 2**100
    await log.writer.write(funded("7", 1))
    await log.writer.write_many([funded("8", 2), funded(str(big), 3)])
    funds = await log.reader.funds(campaign)
    assert funds is not None
    assert (funds.funded, funds.goal_reached, funds.block) == (big, True, 3)


async def test_rewards_are_those_of_the_newest_activated_settlement(log: OpenLog) -> None:
    place = {"log": LOG, "chain_id": 31337, "pool": POOL}
    async with log.database.begin() as connection:
        for number, state in ((1, "activated"), (2, "activated"), (3, "proposed")):
            row = place | {"number": number, "parent": 0, "proposal": HASH, "size": 3, "root": HASH, "total": "9"}
            await connection.execute(insert(tables.settlements).values(row | {"state": state, "campaigns": "[]"}))
            account = place | {"number": number, "position": 0, "account": ANN, "cumulative": str(10**30 * number)}
            await connection.execute(insert(tables.settlement_accounts).values(account))
        claim = place | {"account": ANN, "cumulative": str(10**30), "final_cumulative": "0", "state": "claimed"}
        await connection.execute(insert(tables.claims).values(claim))
    (reward,) = await log.reader.rewards(ANN)
    assert (reward.number, reward.cumulative, reward.claimed) == (2, 2 * 10**30, 10**30)
    assert await log.reader.rewards(POOL) == []
    assert [each.number for each in await log.reader.settlements(31337, POOL)] == [3, 2, 1]
    assert await log.reader.settlement_accounts(31337, POOL, 1) == [(ANN, 10**30)]
    assert await log.reader.claimed(31337, POOL, ANN) == 10**30
    assert await log.reader.last_anchor() is None
