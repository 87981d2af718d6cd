"""Entries, tree and head that somebody changed beside the service: no key of ours signs what follows from them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from ledger.book import rewards
from ledger.book.fold import Book
from ledger.chain import anchors, contracts
from ledger.db import tables
from ledger.errors import LogDivergedError
from ledger.log.items import Decide, Submit
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.decisions import DecisionMade, Method
from ledger.statements.settlements import RewardsSettled
from ledger.statements.values import format_time, uuid4
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, LogSigner, sign
from ledger.tree.growth import CompactRange, Growth
from ledger.worker import Signers, anchoring
from tests.integration.worker.conftest import AMOUNT, ORIGIN, World, new_id, now_ms

E, L = tables.entries, tables.logs
Undo = Callable[[], Awaitable[None]]


# ---- what somebody changes ----


async def _write(world: World, *statements: Any) -> None:
    async with world.database.begin() as connection:
        for statement in statements:
            assert (await connection.execute(statement)).rowcount == 1


async def _entry(world: World, index: int) -> dict[str, Any]:
    async with world.database.engine.connect() as connection:
        query = select(E).where(E.c.log == "main", E.c.entry_index == index)
        return dict((await connection.execute(query)).one()._mapping)


async def _head(world: World) -> dict[str, Any]:
    async with world.database.engine.connect() as connection:
        return dict((await connection.execute(select(L).where(L.c.name == "main"))).one()._mapping)


def _put_entry(row: dict[str, Any]) -> Any:
    return update(E).where(E.c.log == "main", E.c.entry_index == row["entry_index"]).values(row)


def _put_head(row: dict[str, Any]) -> Any:
    return update(L).where(L.c.name == "main").values(row)


async def _change_entry(world: World, index: int, data: bytes, *, leaf: bool = False) -> Undo:
    """Other bytes in an entry's row; how they are put back."""
    row = await _entry(world, index)
    assert bytes(row["statement"]) != data
    await _write(world, _put_entry(row | {"statement": data} | ({"leaf_hash": merkle.leaf_hash(data)} if leaf else {})))
    return lambda: _write(world, _put_entry(row))


async def _statements(world: World) -> list[bytes]:
    return await world.reader.statements(0, (await world.reader.head()).size)


async def _place(world: World, fits: Callable[[Any], bool]) -> tuple[int, bytes]:
    return next((i, data) for i, data in enumerate(await _statements(world)) if fits(kinds.parse(data)))


# ---- a log with pay in it ----


async def _reject(world: World, person: str) -> None:
    ids = {"platform": world.platform, "fresh_id": uuid4(os.urandom(16)), "salt": os.urandom(32)}
    content = {"campaign": world.campaign, "contributor": person, "content": {"answer": 1}}
    written = await world.writer.write(Submit(id=new_id(), **content, **ids))
    world.people[person] = kinds.parse(written.statement).contributor  # type: ignore[union-attr]
    judged: Any = {"verdict": "rejected", "score": "0", "method": Method(type="human"), "feedback": "No."}
    await world.writer.write(Decide(id=new_id(), contribution=written.id, reviewer="reviewer", **judged, **ids))


async def _make_pay(world: World) -> None:
    """Ann has earned, Ben has not; the log says what the chain holds, and all of it is anchored."""
    await world.open_campaign()
    world.fund(100)
    await world.accept("ann")
    await _reject(world, "ben")
    await world.link("ann")
    await world.link("ben")
    await asyncio.sleep(1.1)  # the appeal window

    async def known() -> bool:
        size = (await world.reader.head()).size
        covered = anchors.read_head(world.node, world.deployment).size == size
        return covered and len(await world.statements(CampaignFunded)) == 1

    await world.until(known)


async def _refused(world: World) -> None:
    """A worker that starts now stops before it signs anything, the next one too."""
    signed = set(await world.rows(tables.transactions, "raw"))
    before = anchors.read_head(world.node, world.deployment), contracts.read_pending(world.node, world.deployment.pool)
    settled = await world.statements(RewardsSettled)
    for _ in range(2):
        worker = world.worker(settle_automatically=True, settle_interval_seconds=0.0)
        for _ in range(2):
            with pytest.raises(LogDivergedError, match="audit --database"):
                await worker.step()
            assert not world.writer.writes_allowed
        (report,) = await world.rows(tables.worker_reports, "report")
        assert json.loads(report)["alarms"] == ["log-diverged"]
        with pytest.raises(LogDivergedError):
            await worker.run(asyncio.Event())
        await worker.close()
    assert set(await world.rows(tables.transactions, "raw")) == signed
    assert before == (
        anchors.read_head(world.node, world.deployment),
        contracts.read_pending(world.node, world.deployment.pool),
    )
    assert await world.statements(RewardsSettled) == settled


async def _settles(world: World) -> None:
    """A worker that starts now proposes what Ann has earned, and nothing else."""
    worker = world.worker(settle_automatically=True, settle_interval_seconds=0.0)

    async def proposed() -> bool:
        return contracts.read_pending(world.node, world.deployment.pool).number == 1

    await world.until(proposed, worker)
    await worker.close()
    (settlement,) = worker.context.book.pools[worker.context.pool].recorded.values()
    assert dict(settlement.accounts) == {world.wallets["ann"]: AMOUNT}


# ---- settlements ----


async def _accept_what_was_rejected(world: World) -> Undo:
    index, data = await _place(world, lambda said: isinstance(said, DecisionMade) and said.verdict == "rejected")
    return await _change_entry(world, index, data.replace(b'"rejected"', b'"accepted"').replace(b'"0"', b'"1"'))


async def _pay_another(world: World) -> Undo:
    ann, ben = (world.people[name] for name in ("ann", "ben"))
    index, data = await _place(world, lambda said: getattr(said, "contributor", "") == ann)
    return await _change_entry(world, index, data.replace(ann.encode(), ben.encode()))


@pytest.mark.parametrize("change", [_accept_what_was_rejected, _pay_another])
async def test_nothing_is_settled_on_changed_entries(world: World, change: Callable[[World], Awaitable[Undo]]) -> None:
    await _make_pay(world)
    put_back = await change(world)
    await _refused(world)
    await put_back()
    await _settles(world)


async def test_what_was_read_before_it_was_changed_is_settled_as_it_was(sqlite_world: World) -> None:
    world = sqlite_world
    await _make_pay(world)
    worker = world.worker()
    await world.step(worker)
    await _accept_what_was_rejected(world)
    await world.ask("settle")
    await world.until(lambda: world.all_done(tables.requests), worker)
    (settlement,) = worker.context.book.pools[worker.context.pool].recorded.values()
    assert dict(settlement.accounts) == {world.wallets["ann"]: AMOUNT}
    await worker.close()


async def _settlement_that_follows(world: World) -> RewardsSettled:
    book, statements = Book(), await _statements(world)
    for index, data in enumerate(statements):
        book.fold_bytes(data, index)
    pool = book.pools[31337, world.deployment.pool]
    settlement = rewards.compute(book, pool, len(statements))
    assert settlement is not None
    return settlement.statement(format_time(now_ms()))


async def test_a_settlement_that_was_put_into_the_log_is_not_proposed(world: World) -> None:
    """A right one even: what is proposed must stand in the log that others see."""
    await _make_pay(world)
    head = await _head(world)
    data = kinds.encode(await _settlement_that_follows(world))
    last = await _entry(world, head["size"] - 1)
    row = last | {"entry_index": head["size"], "kind": "rewards.settled", "statement": data, "subject": None}
    tree = Growth((await world.reader.head()).compact, [merkle.leaf_hash(data)]).after
    grown = _put_head(head | {"size": tree.size, "compact": tree.encode()})
    await _write(world, insert(E).values(row | {"leaf_hash": merkle.leaf_hash(data)}), grown)
    await _refused(world)
    drop = E.delete().where(E.c.log == "main", E.c.entry_index == head["size"])
    await _write(world, drop, _put_head(head))
    await _settles(world)


async def test_a_head_that_a_thief_anchored_and_a_tree_made_to_fit_it(sqlite_world: World) -> None:
    """The comparison believes the stored tree; a settlement stands on what was folded."""
    world = sqlite_world
    await world.open_campaign()
    world.fund(100)
    await world.accept("ann")
    await world.link("ann")
    await asyncio.sleep(1.1)
    worker = world.worker()
    worker.context.signers = Signers(reporter=world.signers["reporter"])

    async def known() -> bool:
        return len(await world.statements(CampaignFunded)) == 1

    await world.until(known, worker)
    await worker.close()
    leaves = [merkle.leaf_hash(data) for data in await _statements(world)]
    leaves[2] = merkle.leaf_hash(b"what nobody sent")
    await _write(world, update(E).where(E.c.log == "main", E.c.entry_index == 2).values(leaf_hash=leaves[2]))
    call = contracts.anchor_call(world.deployment.log_id, len(leaves), merkle.root(leaves), [])
    world.send("operator", world.deployment.contribution_log, call)
    await _refused(world)


# ---- anchors ----


@pytest.mark.parametrize("note", ["the old one", "a thief's"])
async def test_a_head_that_the_key_did_not_sign_is_not_anchored(world: World, note: str) -> None:
    worker = world.worker()
    await world.step(worker)
    await worker.close()
    await world.open_campaign()
    await world.accept("ann")
    head, data = await _head(world), (await _statements(world))[-1]
    put_back = await _change_entry(world, head["size"] - 1, data.replace(b'"score":"1"', b'"score":"0"'), leaf=True)
    tree = Growth(CompactRange(), merkle.hash_entries(await _statements(world))).after
    forged: dict[str, Any] = {"compact": tree.encode()}
    if note == "a thief's":
        forged["note"] = sign(Checkpoint(ORIGIN, tree.size, tree.root()), LogSigner.generate(ORIGIN))
    await _write(world, _put_head(head | forged))
    await _refused(world)
    await put_back()
    await _write(world, _put_head(head))

    async def anchored() -> bool:
        found = anchors.read_head(world.node, world.deployment)
        return found.size >= head["size"] and found.root == await world.reader.root_at(found.size)

    await world.until(anchored)


async def test_a_first_part_of_the_log_is_proved_from_the_signed_head(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that is long, and not anchored yet, is anchored in parts; the stored tree says what root they have."""
    world = sqlite_world
    monkeypatch.setattr(anchoring, "MAX_GROWTH", 4)
    await world.open_campaign()
    await world.accept("ann", 3)
    row = await _entry(world, 1)
    await _write(world, _put_entry(row | {"leaf_hash": bytes(32)}))
    await _refused(world)
    assert anchors.read_head(world.node, world.deployment).size == 0
    await _write(world, _put_entry(row))

    async def anchored() -> bool:
        return anchors.read_head(world.node, world.deployment).size == (await world.reader.head()).size

    await world.until(anchored)


async def test_a_database_that_went_back_is_not_gone_on_with(sqlite_world: World) -> None:
    """Also where the contract holds less: the worker has read more before."""
    world = sqlite_world
    worker = world.worker(anchor_interval_seconds=3_600.0, anchor_entries=1_000)
    await world.step(worker)
    head = await _head(world)
    await world.open_campaign()
    await world.step(worker)
    assert anchors.read_head(world.node, world.deployment).size == 1
    await _write(world, _put_head(head))
    with pytest.raises(LogDivergedError, match="has committed"):
        await worker.step()
    await worker.close()
