"""The worker's rows in a database and those that the simulator keeps in memory are the same to the worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace

import pytest

from ledger.db import open_database
from ledger.errors import TransactionError, UnavailableError
from ledger.worker.ports import (
    AnchorRow,
    AttemptState,
    Cost,
)
from tests.integration.worker.row_stores import (
    ANN,
    BIG,
    BOB,
    CID,
    Memory,
    Tables,
    attempt,
    claim,
    leading,
    report,
    settled,
)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Tables | Memory]:
    if request.param == "memory":
        yield Memory()
        return
    fixture = "sqlite_database_url" if request.param == "sqlite" else "postgres_url"
    async with open_database(request.getfixturevalue(fixture)) as database:
        yield Tables(database)


# ---- the lease ----


async def test_the_lease_is_one_workers_and_its_token_grows(store: Tables | Memory) -> None:
    first, second = store.rows(), store.rows()
    assert await first.hold("a", 0, 1_000, 10) == 1
    assert await first.hold("a", 1, 2_000, 10) == 1
    assert await second.hold("b", 0, 11_999, 10) == 0
    assert await second.hold("a", 2, 11_999, 10) == 0, "the token is another's"
    assert await second.hold("b", 0, 12_000, 10) == 2
    assert await first.hold("a", 1, 12_001, 10) == 0
    assert await second.hold("b", 2, 12_002, 10) == 2
    await first.release()
    assert await first.hold("a", 1, 12_003, 10) == 0, "what is not ours we cannot give up"
    await second.release()
    assert await first.hold("a", 1, 12_004, 10) == 3
    with pytest.raises(UnavailableError):
        await second.answer(["x"], "late")


async def test_every_write_of_a_worker_that_leads_no_more_is_refused(store: Tables | Memory) -> None:
    late, rows = store.rows(), store.rows()
    assert await late.hold("a", 0, 0, 10) == 1
    await late.save_attempt(attempt(1))
    assert await rows.hold("b", 0, 10_000, 10) == 2
    settlement = settled(1)
    writes: list[Awaitable[None]] = [
        late.save_attempt(attempt(2, nonce=1)),
        late.set_attempts([attempt(1, state="mined")]),
        late.save_costs([Cost(transaction="0x1", campaign="", intent="anchor:5", gas=1, wei=1)]),
        late.replace_loose_anchors([]),
        late.move_cursor(1, None, None),
        late.answer(["x"], ""),
        late.set_claims(["x"], "paid"),
        late.note_claims([], {ANN: 1}, final=True),
        late.save_settlement(settlement, []),
        late.note_proposed(1, 1, None),
        late.end_settlement(settlement.proposal, "vetoed", None),
        late.report(report()),
    ]
    for write in writes:
        with pytest.raises(UnavailableError):
            await write
    assert await rows.open_attempts() == [attempt(1)]
    assert await rows.next_nonce(ANN) == 1
    assert await rows.cursor() is None
    with pytest.raises(UnavailableError):
        await store.rows().move_cursor(1, None, None)  # never held it


# ---- transactions ----


async def test_attempts_come_back_as_they_were_saved(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    saved = [
        attempt(3, nonce=1, intent="anchor:6", priority_fee=None, detail="no"),
        attempt(2),
        attempt(1),
        attempt(4, sender=BOB, intent="settle:1", max_fee=2**256 - 1),
    ]
    for each in saved:
        await rows.save_attempt(each)
    await rows.save_attempt(saved[0])
    assert await rows.open_attempts() == [saved[2], saved[1], saved[0], saved[3]]
    assert [await rows.next_nonce(account) for account in (ANN, BOB, CID)] == [2, 1, 0]
    mined = replace(saved[0], state="mined", detail="", block=7, block_hash="0x7", gas_used=21_000, gas_price=BIG)
    await rows.set_attempts([mined, replace(saved[1], state="replaced"), replace(saved[2], state="final", block=6)])
    await rows.set_attempts([attempt(99)])
    assert await rows.open_attempts() == [mined, saved[3]]
    await rows.set_attempts([replace(mined, state="sent", block=None, block_hash=None, gas_used=None, gas_price=None)])
    assert await rows.open_attempts() == [replace(saved[0], detail=""), saved[3]]
    await rows.set_attempts([replace(saved[1], state="sent"), replace(saved[2], state="sent")])
    assert len(await rows.open_attempts()) == 2, "what is settled stays settled"


async def test_nothing_more_is_tried_at_a_settled_nonce(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    states: tuple[AttemptState, ...] = ("final", "replaced", "lost")
    for nonce, state in enumerate(states):
        first = attempt(nonce, nonce=nonce)
        await rows.save_attempt(first)
        await rows.set_attempts([replace(first, state=state)])
        for intent in ("anchor:5", "fill"):
            with pytest.raises(TransactionError):
                await rows.save_attempt(attempt(10, nonce=nonce, intent=intent))
    assert await rows.open_attempts() == []


async def test_costs_are_kept_once(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    cost = Cost(transaction="0x1", campaign="c", intent="claim:3", gas=5, wei=BIG)
    await rows.save_costs([cost, replace(cost, campaign="")])
    await rows.save_costs([replace(cost, wei=1), replace(cost, campaign="d"), replace(cost, transaction="0x2")])
    assert await store.costs() == [("0x1", "", BIG), ("0x1", "c", BIG), ("0x2", "c", BIG)]


# ---- anchors and the cursor ----


async def test_anchors_follow_the_chain_until_they_are_permanent(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    assert (await rows.last_final_anchor(), await rows.loose_anchors()) == ((0, {}), [])

    def anchor(size: int, log_id: str = "0x1", *, finalized: bool = False) -> AnchorRow:
        root = bytes([size]) * 32
        return AnchorRow(size=size, root=root, transaction="0x", block=size, log_id=log_id, finalized=finalized)

    await rows.replace_loose_anchors([anchor(9), anchor(7)])
    assert await rows.loose_anchors() == [anchor(7), anchor(9)]
    await rows.replace_loose_anchors([anchor(7, finalized=True), anchor(8, "0x2", finalized=True), anchor(12, "0x2")])
    assert await rows.loose_anchors() == [anchor(12, "0x2")]
    assert await rows.last_final_anchor() == (8, {"0x1": 7, "0x2": 8})
    await rows.replace_loose_anchors([])
    assert await rows.loose_anchors() == []
    assert await rows.last_final_anchor() == (8, {"0x1": 7, "0x2": 8})


async def test_the_cursor(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    assert await rows.cursor() is None
    for place in ((5, 5_000, "0x5"), (6, None, None)):
        await rows.move_cursor(*place)
        assert await rows.cursor() == place


# ---- requests and claims ----


async def test_requests_are_answered_in_order(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    await store.ask(("x", "settle", 2), ("z", "anchor", 1), ("y", "anchor", 1))
    assert [(each.id, each.kind, each.at_ms) for each in await rows.asked()] == [
        *(("y", "anchor", 1), ("z", "anchor", 1), ("x", "settle", 2))
    ]
    await rows.answer(["y", "x", "unknown"], "Done.")
    assert [each.id for each in await rows.asked()] == ["z"]


async def test_claims_that_were_asked_for(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    await store.ask_claims(("3", BOB, 3), ("1", ANN, 1), ("2", ANN, 2), ("4", CID, 4))
    assert [(each.id, each.account, each.state, each.at_ms) for each in await rows.claims_asked()] == [
        *(("1", ANN, "asked", 1), ("2", ANN, "asked", 2), ("3", BOB, "asked", 3), ("4", CID, "asked", 4))
    ]
    await rows.set_claims(["1", "2"], "sent")
    await rows.set_claims(["3"], "failed", detail="Refused.", transaction="0x3")
    assert [(each.id, each.state) for each in await rows.claims_asked()] == [
        ("1", "sent"),
        ("2", "sent"),
        ("4", "asked"),
    ]
    await rows.set_claims(["1"], "paid", transaction="0x1")
    await rows.set_claims(["2"], "paid", transaction="0x2")
    await rows.set_claims(["4"], "paid", transaction="0x2", detail=None)
    assert await rows.claims_asked() == []
    assert dict(await rows.claims_relayed([ANN, BOB, CID], 0)) == {ANN: 2, BOB: 1, CID: 1}
    assert dict(await rows.claims_relayed([ANN, BOB], 2)) == {ANN: 1, BOB: 1}
    assert dict(await rows.claims_relayed([], 0)) == {}


async def test_claimed_sums_follow_the_chain_but_final_ones_never_fall(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    await rows.note_claims([claim(ANN, 5), claim(ANN, 4), claim(BOB, 5, 1)], {ANN: 7, BOB: BIG}, final=False)
    assert await store.claims() == {ANN: ("7", "claimed", "0x50"), BOB: (str(BIG), "claimed", "0x51")}
    assert await rows.loose_claims() == [ANN, BOB]
    await rows.note_claims([claim(ANN, 4)], {ANN: 3}, final=True)
    assert (await store.claims())[ANN] == ("7", "claimed", "0x50"), "a greater one that may follow it stays"
    await rows.note_claims([], {ANN: 5, BOB: 0}, final=False)
    assert await store.claims() == {ANN: ("5", "claimed", None)}, "the chain took them back"
    await rows.note_claims([], {ANN: 2, CID: 0}, final=False)
    assert await store.claims() == {ANN: ("3", "final", None)}
    assert await rows.loose_claims() == []
    await rows.note_claims([claim(ANN, 9)], {ANN: 8}, final=True)
    await rows.note_claims([claim(ANN, 4)], {ANN: 3}, final=True)
    assert await store.claims() == {ANN: ("8", "final", "0x90")}
    await rows.note_claims([claim(ANN, 12)], {ANN: 9}, final=False)
    await rows.note_claims([], {ANN: 9}, final=True)
    assert await store.claims() == {ANN: ("9", "final", "0x120")}, "its place stays"


# ---- settlements ----


async def test_settlements_and_their_ends(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    first, second = settled(1), settled(1, 10)
    assert (await rows.saved_proposal(1), await rows.last_due_ms(), await rows.tree_accounts(1)) == (None, None, [])
    await rows.save_settlement(first, [(ANN, 1)])
    await rows.save_settlement(second, [(BOB, BIG), (ANN, 1)])
    assert await rows.saved_proposal(1) == second.proposal
    assert await rows.tree_accounts(1) == [(BOB, BIG), (ANN, 1)]
    assert await rows.settled_proposal(1, first.root) is None
    assert await rows.settled_proposal(1, second.root) == second.proposal
    await rows.note_proposed(1, 5_000, "0x1")
    await rows.note_proposed(1, 6_000, None)
    await rows.note_proposed(2, 7_000, None)
    assert await rows.last_due_ms() == 6_000
    await rows.end_settlement(first.proposal, "vetoed", None)
    assert await rows.settled_proposal(1, second.root) == second.proposal
    await rows.end_settlement(second.proposal, "activated", "0x2")
    assert await rows.settled_proposal(1, second.root) is None
    assert await store.ended(1) == ("0x1", "0x2", "activated")
    await rows.note_proposed(1, 9_000, None)
    assert await store.ended(1) == ("0x1", None, "settled"), "the chain took the activation back"
    assert await rows.settled_proposal(1, second.root) == second.proposal


async def test_what_a_reorganisation_moves_to_another_block_is_asked_for_again(store: Tables | Memory) -> None:
    """There it may have paid others, whether it succeeded or not."""
    rows = await leading(store.rows())
    await store.ask_claims(("1", ANN, 1), ("2", BOB, 2))
    moved = attempt(1, intent="claim:2")
    await rows.save_attempt(moved)
    for state in ("mined", "final"):
        await rows.set_attempts([replace(moved, state="mined", block=5, block_hash="0xa")])
        await rows.set_claims(["1"], "paid", transaction=moved.hash)
        await rows.set_claims(["2"], "failed", transaction=moved.hash, detail="Refused.")
        await rows.set_attempts([replace(moved, state="mined", block=5, block_hash="0xa")])
        assert await rows.claims_asked() == [], "where it was, it did what it did"
        await rows.set_attempts([replace(moved, state=state, block=5, block_hash="0xb")])
        assert [(each.id, each.state) for each in await rows.claims_asked()] == [("1", "sent"), ("2", "sent")]
    assert dict(await rows.claims_relayed([ANN, BOB], 0)) == {}


async def test_what_a_reorganisation_undoes_is_asked_for_again(store: Tables | Memory) -> None:
    rows = await leading(store.rows())
    await store.ask_claims(("1", ANN, 1), ("2", BOB, 2), ("3", CID, 3))
    undone, stands = attempt(1, intent="claim:2"), attempt(2, nonce=1, intent="claim:1")
    for each in (undone, stands):
        await rows.save_attempt(each)
    await rows.set_attempts([replace(undone, state="mined"), replace(stands, state="mined")])
    await rows.set_claims(["1", "2"], "paid", transaction=undone.hash, detail="Done.")
    await rows.set_claims(["3"], "paid", transaction=stands.hash)
    await rows.set_attempts([replace(stands, state="final")])
    assert await rows.claims_asked() == []
    await rows.set_attempts([replace(undone, state="failed"), replace(stands, state="lost")])  # what is final stays so
    assert [(each.id, each.state) for each in await rows.claims_asked()] == [("1", "sent"), ("2", "sent")]
    assert dict(await rows.claims_relayed([ANN, BOB, CID], 0)) == {CID: 1}
    await rows.save_settlement(settled(1), [])
    await rows.end_settlement(settled(1).proposal, "activated", "0x4")
    await rows.note_proposed_in(settled(1).proposal, "0x3")
    await rows.note_proposed_in(settled(2).proposal, "0x5")
    assert await store.ended(1) == ("0x3", "0x4", "activated")
