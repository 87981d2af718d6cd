"""A publisher over a story, with its rows in memory: it may be ended before and after each of its writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ledger.book.shares import shares
from ledger.chain.deployments import Deployment
from ledger.statements import kinds
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint
from ledger.worker.context import Context, Pace, Signers
from ledger.worker.ports.events import Anchored, Payment, Position, Told
from ledger.worker.publishing import Publishing
from ledger.worker.sending import FeePolicy
from tests.unit.book.story import CHAIN, HASH, LOG_ID, POOL, Story

ACCOUNT = "0x" + 40 * "a"
CONTRACT = "0x" + 40 * "c"


class Killed(Exception):
    """The worker ended here."""


class Memory:
    """``ports.Events``. ``strike`` is asked before and after each write, and may raise Killed."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.position = Position()
        self.told: list[Told] = []
        self.anchors: list[Anchored] = []
        self.payments: list[Payment] = []
        self.strike: Callable[[], None] = lambda: None
        self.largest = 0

    async def event_position(self) -> Position:
        return self.position

    async def tell(
        self, before: Position, after: Position, told: Sequence[Told], paid: Sequence[Payment], now_ms: int
    ) -> None:
        self.strike()
        assert before == self.position
        assert after.number == before.number + len(told) == len(self.told) + len(told)
        self.told += told
        self.position = after
        self.payments = [each for each in self.payments if each not in paid]
        self.largest = max(self.largest, len(told))
        self.strike()

    async def untold_anchors(self, size: int, limit: int) -> Sequence[Anchored]:
        return [each for each in self.anchors if each.size > size][:limit]

    async def untold_payments(self, limit: int) -> Sequence[Payment]:
        return self.payments[:limit]

    async def earned(self, account: str, settlements: Mapping[int, int]) -> Mapping[str, int]:
        sums: dict[str, int] = {}
        pool = self.story.book.pools[CHAIN, POOL]
        for settlement in pool.recorded.values():
            if settlements.get(settlement.number) != settlement.size:
                continue
            for share in shares(self.story.book, pool, settlement):
                if share.account == account:
                    sums[share.contributor] = sums.get(share.contributor, 0) + share.units
        return sums

    # ---- what the tests see ----

    def events(self, *types: str) -> list[dict[str, Any]]:
        """The events of these types, all without any: type, platform and data in one."""
        return [
            {"type": each.type, "platform": each.platform} | json.loads(each.data)
            for each in self.told
            if not types or each.type in types
        ]

    def kinds(self) -> list[str]:
        return [each.type for each in self.told]

    def anchor(self, size: int) -> None:
        self.anchors.append(Anchored(size, CHAIN, CONTRACT, LOG_ID, HASH, size))

    def pay(self, account: str, amount: int, before: int = 0) -> None:
        self.payments.append(Payment(CHAIN, POOL, 5, len(self.payments), account, amount, HASH, before))


class _Entries:
    def __init__(self, story: Story) -> None:
        self._story = story

    async def signed_head(self) -> Checkpoint:
        leaves = merkle.hash_entries(await self.statements(0, len(self._story.entries)))
        return Checkpoint("o", len(leaves), merkle.root(leaves))

    async def statements(self, begin: int, end: int) -> list[bytes]:
        return [kinds.encode(each) for each in self._story.entries[begin:end]]


class _Rows:
    async def hold(self, holder: str, token: int, now_ms: int, seconds: float) -> int:
        return 1


class _Clock:
    def now_ms(self) -> int:
        return 7


class _Work:
    async def run(self, function: Callable[..., Any], *given: Any) -> Any:
        return function(*given)


class Teller:
    """One life of a worker that publishes."""

    def __init__(self, story: Story, memory: Memory) -> None:
        ports: dict[str, Any] = {
            "chain": None, "rows": _Rows(), "entries": _Entries(story), "signing": None, "clock": _Clock(),
            "work": _Work(),
        }  # fmt: skip
        self.context = Context(
            log="main",
            deployment=Deployment(
                chain_id=CHAIN, contribution_log=CONTRACT, log_id=LOG_ID, origin="o", pool=POOL, token=POOL,
                settlement_delay=1, dev=True, block=0,
            ),
            signers=Signers(),
            pace=Pace(anchor_interval=1, anchor_entries=1, settle_automatically=False, settle_interval=1),
            fees=FeePolicy(cap=1, replace_after=1),
            holder="a",
            **ports,
        )  # fmt: skip
        self.publishing = Publishing(self.context, memory)

    async def step(self, *, settled: bool = True) -> None:
        """What a worker does in each of its steps."""
        if not self.context.token:
            await self.publishing.prepare()
        assert await self.context.hold()
        await self.context.follow()
        await self.publishing.publish(settled)


async def tell(story: Story, memory: Memory | None = None) -> Memory:
    """Everything that a new worker tells of the story, one that goes on with ``memory``."""
    memory = memory or Memory(story)
    await Teller(story, memory).step()
    return memory
