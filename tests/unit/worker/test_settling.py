from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book.rewards import CampaignLine, Settlement
from ledger.chain.contracts import AnchoredHead, Pending, propose_call
from ledger.errors import LogDivergedError, NotFoundError
from ledger.statements import kinds
from ledger.statements.onchain import ZERO_HASH, keccak256
from ledger.tree import merkle
from ledger.tree.growth import CompactRange, Growth
from ledger.worker.context import Context, Signers
from ledger.worker.settling import Settling, proposal_of
from tests.unit.book.story import CHAIN, POOL, Story, wallet

_HASHES = st.binary(min_size=32, max_size=32).map(lambda value: "0x" + value.hex())
_LINES = st.builds(
    CampaignLine, campaign=st.just("c"), onchain_id=_HASHES, total=st.integers(0, 2**120 - 1), final=st.booleans()
)


@given(lines=st.lists(_LINES, max_size=4, unique_by=lambda line: line.onchain_id), number=st.integers(1, 99))
@settings(max_examples=30)
def test_what_is_proposed_hashes_to_what_the_log_says(lines: list[CampaignLine], number: int) -> None:
    """The contract hashes the encoded arguments, the statement holds the book's own hash of them."""
    settlement = Settlement(
        chain_id=1,
        pool="0x" + "11" * 20,
        number=number,
        parent=number - 1,
        size=7,
        root=ZERO_HASH,
        total=0,
        campaigns=tuple(sorted(lines, key=lambda line: line.onchain_id)),
        accounts={},
        waiting={},
        paid={},
        postponed=frozenset(),
    )
    assert "0x" + keccak256(propose_call(proposal_of(settlement))[4:]).hex() == settlement.proposal


# ---- what is proposed stands on anchored entries ----


class Desk:
    """A story whose settlement is recorded and waits to be proposed, and what a worker sees of it."""

    def __init__(self) -> None:
        story = Story()
        campaign = story.campaign()
        story.fund(campaign, 1_000)
        story.link(1, wallet(1))
        story.decide(story.submit(campaign, 1))
        story.wait(5_000)
        story.tick()
        self.settlement = story.settle()
        self.leaves = merkle.hash_entries(kinds.encode(each) for each in story.entries)
        self.stored = list(self.leaves)
        self.proposed: list[str] = []
        self.proofs = 0
        reporter: Any = SimpleNamespace(address="0x1")
        context = SimpleNamespace(
            book=story.book,
            folded=Growth(CompactRange(), self.leaves).after,
            pool=(CHAIN, POOL),
            chain=self,
            rows=self,
            entries=self,
            signers=Signers(reporter=reporter),
            deployment=SimpleNamespace(pool=POOL),
        )
        requests: Any = SimpleNamespace(ready=lambda kind, size: [], finish=self.finish)
        self.settling = Settling(cast(Context, context), cast(Any, self), requests)

    def settle(self, size: int, root: bytes | None = None) -> None:
        head = AnchoredHead(size, root or merkle.root(self.leaves[:size]), 0)
        asyncio.run(self.settling.settle(head, cast(Any, None)))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        self.proofs += 1
        if new > len(self.stored):
            raise NotFoundError("It went back.")
        return merkle.consistency_proof(old, new, self.stored)

    async def send(self, signer: object, intent: str, to: str, data: bytes) -> None:
        self.proposed.append(intent)

    async def finish(self, names: list[str], words: str) -> None:
        assert not names

    async def pending(self) -> Pending:
        return Pending(number=0, proposal=ZERO_HASH, ready_at=0)

    async def proposal_count(self) -> int:
        return 0

    async def last_activated(self) -> tuple[int, str, int]:
        return 0, ZERO_HASH, 0

    async def saved_proposal(self, number: int) -> str:
        return self.settlement.proposal


def test_a_recorded_settlement_waits_until_its_entries_are_anchored() -> None:
    """A reorganisation may have undone the anchor that it was computed at."""
    desk = Desk()
    for size in (0, desk.settlement.size - 1):
        desk.settle(size)
        assert desk.proposed == []
    desk.settle(desk.settlement.size)
    assert desk.proposed == ["propose:1"]
    desk.settle(desk.settlement.size)
    assert desk.proofs == 2  # one for each head that has entries


@pytest.mark.parametrize("wrong", [0, 3])
def test_nothing_is_proposed_on_an_anchored_head_that_is_not_the_books(wrong: int) -> None:
    """Whatever the stored tree proves: that of the anchored entries, or that of our own."""
    desk, size = Desk(), len(Desk().leaves) - 1
    others = list(desk.leaves)
    others[wrong] = bytes(32)
    for stored in (desk.leaves, others, desk.leaves[:-1]):
        desk.stored = stored
        with pytest.raises(LogDivergedError, match="crowdledger audit --database"):
            desk.settle(size, merkle.root(others[:size]))
    assert desk.proposed == []


def test_a_changed_tree_proves_nothing() -> None:
    desk = Desk()
    desk.stored[-1] = bytes(32)
    with pytest.raises(LogDivergedError):
        desk.settle(desk.settlement.size)
    assert desk.proposed == []
