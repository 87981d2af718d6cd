"""Events of a whole story on a real chain, whoever works and whatever happens to them."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ledger.db import tables
from ledger.errors import NodeError, UnavailableError
from ledger.log.items import FileAppeal, ResolveAppeal
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import uuid4
from ledger.wire.events import EVENT_TYPES, Event, event_of
from ledger.worker.real.chain import NodesChain
from ledger.worker.real.rows import DatabaseRows
from tests.integration.worker.conftest import AMOUNT, World, new_id
from tests.integration.worker.test_crashes import Reaper, _dying_until

DOCS = Path(__file__).parents[3] / "docs" / "events.md"


async def told(world: World) -> list[Event]:
    """All events, by number, without a gap; all are the one platform's."""
    e = tables.events.c
    async with world.database.engine.connect() as connection:
        rows = (await connection.execute(select(tables.events).order_by(e.number))).all()
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert {row.platform for row in rows} <= {world.platform}
    return [event_of("main", "https://crowd.example", row.number, row.type, row.at_ms, row.data) for row in rows]


async def of_type(world: World, type_: str) -> list[dict[str, Any]]:
    return [event.data for event in await told(world) if event.type == type_]


async def appealed(world: World) -> None:
    """Dora appeals against a decision, which stands."""
    await world.accept("dora")
    contribution = (await world.statements(ContributionSubmitted))[-1].id
    decision = (await world.statements(DecisionMade))[-1].id
    appeal = new_id()
    filed = FileAppeal(
        id=appeal, platform=world.platform, contribution=contribution, decision=decision,
        grounds={"text": "It is right."}, salt=os.urandom(32),
    )  # fmt: skip
    await world.writer.write(filed)
    resolved = ResolveAppeal(
        platform=world.platform, appeal=appeal, decision=decision, reviewer="judge", reason={"text": "It is."},
        salt=os.urandom(32), fresh_id=uuid4(os.urandom(16)),
    )  # fmt: skip
    await world.writer.write(resolved)


# On SQLite test_story.py goes as far among the short ones, and test_kills.py tells.
@pytest.mark.parametrize("database_url", [pytest.param("sqlite", marks=pytest.mark.long), "postgresql"], indirect=True)
async def test_a_story_is_told_once_and_in_order(world: World) -> None:
    await world.open_campaign()
    world.fund(1_000)
    await world.accept("ann", 3)
    await world.accept("bob", 2)
    await world.accept("cy")
    await world.link("ann")
    await world.link("bob")
    await appealed(world)
    await asyncio.sleep(1.2)  # the appeal window
    await world.ask("settle")

    async def settled() -> bool:
        return len(await of_type(world, "rewards.claimable")) == 2

    await world.until(settled)
    await world.ask_claim(world.wallets["ann"], world.wallets["bob"])

    async def paid() -> bool:
        return len(await of_type(world, "claim.paid")) == 2

    await world.until(paid)
    events = await told(world)
    counts = Counter(event.type for event in events)
    assert counts.pop("entry.anchored") >= 2
    assert counts == {
        "contribution.recorded": 7, "decision.made": 7, "decision.final": 7, "appeal.filed": 1, "appeal.resolved": 1,
        "rewards.settled": 1, "rewards.claimable": 2, "claim.paid": 2,
    }  # fmt: skip
    parts = {world.people["ann"]: str(3 * AMOUNT), world.people["bob"]: str(2 * AMOUNT)}
    for kind in ("rewards.claimable", "claim.paid"):
        assert {data["contributor"]: data["amount"] for data in await of_type(world, kind)} == parts
    (settlement,) = await of_type(world, "rewards.settled")
    assert [(line["campaign"], line["total"]) for line in settlement["campaigns"]] == [
        (world.campaign, str(7 * AMOUNT))
    ]
    for data in await of_type(world, "claim.paid"):
        receipt = world.node.receipt(data["transaction"])
        assert receipt is not None
        assert receipt.block == data["block"]
    sizes = [data["size"] for data in await of_type(world, "entry.anchored")]
    assert sizes == sorted(set(sizes))
    anchored = await of_type(world, "entry.anchored")
    assert [data["first"] for data in anchored][1:] == sorted(data["last"] + 1 for data in anchored)[:-1]
    await _shutdown_and_start_tells_nothing_new(world, events)
    _as_in_the_docs(events)


async def _shutdown_and_start_tells_nothing_new(world: World, events: list[Event]) -> None:
    for _ in range(2):
        worker = world.worker()
        await world.step(worker)
        await worker.close()
    after = await told(world)
    assert after[: len(events)] == events
    assert {event.type for event in after[len(events) :]} <= {"entry.anchored"}


def _as_in_the_docs(events: list[Event]) -> None:
    """The page's table has every type with the members of its data, and its example is one of them."""
    page = DOCS.read_text()
    rows = re.findall(r"^\| `([a-z.]+)` \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    members = {kind: set(re.findall(r"`(\w+)`", text)) for kind, text in rows}
    assert set(members) == set(EVENT_TYPES) == {event.type for event in events}
    for event in events:
        assert set(event.data) == members[event.type] | {"urls"}, event.type
        assert all(url.startswith("https://crowd.example/") and "{" not in url for url in event.data["urls"].values())
    (example,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if "evt_" in block)
    real = next(event for event in events if event.type == example["type"])
    assert _shape(example) == _shape(real.model_dump())


def _shape(value: Any) -> Any:
    """Members and the kinds of their values."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return re.sub(r"[0-9a-f]", "0", value) if isinstance(value, str) and "-" in value else type(value).__name__


@pytest.mark.long  # of the quick ones test_kills.py kills a worker that tells
async def test_a_worker_killed_while_it_tells_tells_each_once(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before and after each kind of write of events, and where a payment is noted; test_kills.py kills everywhere."""
    world, reaper = sqlite_world, Reaper(monkeypatch)
    reaper.watch(DatabaseRows, "note_claims")
    reaper.watch(DatabaseRows, "tell", lambda _self, before, after, told, paid, _now: _kind(before, after, told, paid))
    await world.open_campaign()
    world.fund(1_000)
    await world.accept("ann", 2)
    await world.link("ann")
    await asyncio.sleep(1.2)
    await world.ask("settle")
    reaper.armed = True

    async def settled() -> bool:
        return bool(await of_type(world, "rewards.claimable"))

    async def paid() -> bool:
        return bool(await of_type(world, "claim.paid"))

    await _dying_until(world, settled)
    await world.ask_claim(world.wallets["ann"])
    await _dying_until(world, paid)
    await _dying_until(world, lambda: world.all_done(tables.claim_requests))
    counts = Counter(event.type for event in await told(world))
    assert counts.pop("entry.anchored") >= 2
    assert counts == {
        "contribution.recorded": 2, "decision.made": 2, "decision.final": 2, "rewards.settled": 1,
        "rewards.claimable": 1, "claim.paid": 1,
    }  # fmt: skip
    assert reaper.killed >= {
        (f"tell {what}", when) for what in ("entries", "anchor", "payments") for when in ("before", "after")
    }


def _kind(before: Any, after: Any, told: Any, paid: Any) -> str:
    if paid:
        return "payments"
    return "anchor" if after.anchored > before.anchored else "entries" if told else "nothing"


async def test_the_chain_may_be_gone(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is recorded is told of all the same, once the log was compared with the chain."""
    world = sqlite_world
    await world.open_campaign()

    async def gone(_: Any) -> None:
        raise NodeError("No node answers.")

    never = world.worker()
    with monkeypatch.context() as patch:
        patch.setattr(NodesChain, "connect", gone)
        with pytest.raises(NodeError):
            await never.step()
    await never.close()
    assert await told(world) == [], "it may be another log than the anchored one"
    worker = world.worker()
    await world.step(worker)
    await world.accept("ann")
    monkeypatch.setattr(NodesChain, "connect", gone)
    with pytest.raises(NodeError):
        await worker.step()
    assert [event.type for event in await told(world)] == ["contribution.recorded", "decision.made"]
    await worker.close()


async def test_a_pair_of_workers_writes_one_row_of_events(world: World) -> None:
    """Positions that are not what the database holds are refused, whoever asks."""
    first, second = (DatabaseRows(world.database, "main", world.deployment) for _ in range(2))
    assert await first.hold("a", 0, 0, 10)
    start = await first.event_position()
    assert start == (0, 0, 0, 0)
    one = start._replace(entries=5)
    await first.tell(start, one, [], [], 1)
    for rows, before in ((first, start), (second, one)):
        with pytest.raises(UnavailableError):
            await rows.tell(before, before._replace(entries=9), [], [], 1)
    assert await second.event_position() == one
