"""One run: workers against a world full of faults, then quiet, in which everything must come right."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from ledger.chain.fees import FeePolicy
from ledger.errors import CrowdLedgerError, RuleError
from ledger.worker.context import Context, Pace, Signers
from ledger.worker.ports import Asked
from ledger.worker.steps import Steps
from tests.simulation.worker import faults
from tests.simulation.worker.chain import GWEI, Account, SimChain
from tests.simulation.worker.client import SimClient
from tests.simulation.worker.contracts import OPERATOR, RELAYER, REPORTER, Funds, State
from tests.simulation.worker.log import Entries, SimClock, SimLog, SimSigning, SimWork
from tests.simulation.worker.properties import Watch
from tests.simulation.worker.rows import ClaimedRow, ClaimRow, SimRows, Store
from tests.simulation.worker.scheduler import Scheduler
from tests.simulation.worker.story import DEPLOYMENT, accounts, campaigns, script
from tests.simulation.worker.world import BrokenProperty, Life, Sleep, World
from tests.unit.book.story import CHAIN, POOL

COINS = 10**20
_SIGNERS = Signers(operator=Account(OPERATOR), reporter=Account(REPORTER), relayer=Account(RELAYER))
_PACE = Pace(
    anchor_interval=36,
    anchor_entries=10,
    settle_automatically=True,
    settle_interval=40,
    anchor_max_age=120,
    anchor_ceiling=50 * GWEI,
    relay_claims_per_day=1_000,
    lease_seconds=15,
)
_FEES = FeePolicy(cap=500 * GWEI, replace_after=24)
_HOT_POINTS = (
    "", "log.record", "log.record, done", "rows.save_attempt", "rows.save_attempt, done", "chain.broadcast",
    "chain.broadcast, sent", "rows.set_attempts", "rows.set_attempts, done", "rows.hold", "rows.hold, done",
    "rows.replace_loose_anchors", "rows.move_cursor", "rows.save_settlement, done", "rows.note_claims",
    "rows.end_settlement", "rows.set_claims", "rows.set_claims, done", "signing.sign", "chain.receipt", "chain.block",
)  # fmt: skip
"""Where a run has more trouble than elsewhere."""
_INTERVAL_MS = 10_000
_SLICE_MS = 30_000
_ASKS = 0.3
"""How often, a block."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run was like."""

    calls: int
    blocks: int
    entries: int
    attempts: int
    seconds: float
    """Virtual ones."""


class Run:
    """Everything of one seed. ``plant`` may change a worker's context or its steps, to see whether that is found;
    ``hot`` names the point that has more trouble than others."""

    def __init__(
        self,
        seed: int,
        *,
        longer: bool = False,
        hot: str | None = None,
        trace: Callable[[str], None] | None = None,
        plant: Callable[[Context], None] | None = None,
    ) -> None:
        rng = Random(seed)
        self.world = World(seed, rng, trace=trace)
        self.world.gap = rng.choice((8.0, 25.0, 80.0, 300.0))
        drawn = rng.choice(_HOT_POINTS)
        self.world.hot = drawn if hot is None else hot
        self._length_ms = rng.randrange(100_000, 240_000) * (3 if longer else 1)
        state = State(balances=dict.fromkeys((OPERATOR, REPORTER, RELAYER), COINS))
        state.campaigns = {name: Funds(0) for name in campaigns()}
        nodes, finality, legacy = rng.choice((1, 2, 3)), rng.choice((2, 3, 5)), rng.random() < 0.15
        self.chain = SimChain(self.world, state, nodes, finality, legacy=legacy)
        self._clocks = rng.choice(((0,), (0,), (0, -3_000, 4_000), (0, -30_000, 30_000)))
        self.store = Store()
        self.entries = Entries(self.world)
        self.watch = Watch(self.world, self.chain, self.store, self.entries)
        self.scheduler = Scheduler(self.world, self._work)
        self._plant = plant
        self._asks = 0

    def play(self) -> Result:
        """Faults, then quiet; raises BrokenProperty."""
        try:
            return self._play()
        finally:
            self.scheduler.stop()

    def _play(self) -> Result:
        self._set_up()
        for number in range(self.world.rng.choice((1, 1, 2, 3))):
            self.scheduler.spawn(100 * number)
        self.scheduler.run(self.world.now_ms + self._length_ms)
        self.world.quiet = True
        self.world.say("-- quiet")
        faults.heal(self.chain, self.store)
        for _ in range(80):
            self._ask_again()
            self.scheduler.run(self.world.now_ms + _SLICE_MS)
            self.watch.check()
            if not (left := self.watch.open_ends()):
                break
        else:
            raise BrokenProperty("It does not come right: " + "; ".join(left))
        blocks = len(self.chain.blocks)
        seconds = (blocks - 1) * 12.0
        return Result(self.world.calls, blocks, self.entries.size, len(self.store.attempts), seconds)

    # ---- what happens by itself ----

    def _set_up(self) -> None:
        rng, world = self.world.rng, self.world
        hurry = min(1.0, self._length_ms / 200_000)
        for at_ms, statement in script():
            if at_ms == 0:
                self.entries.add(statement)
            else:
                world.at(int(at_ms * hurry), partial(self._say, statement))
        for campaign in campaigns():
            for latest_ms in (1_000, 150_000):
                world.at(rng.randrange(latest_ms), partial(faults.fund, self.chain, campaign))
        for _ in range(rng.randrange(8)):
            world.at(rng.randrange(self._length_ms), lambda: self.ask_claim(rng.choice(accounts())))
        for _ in range(rng.randrange(4)):
            world.at(rng.randrange(self._length_ms), lambda: self._ask(rng.choice(("anchor", "settle"))))
        faults.let_loose(self.chain, self.store)
        people = Random(f"people of {world.seed}")  # dice of their own: with those of the world each run were another
        self.chain.on_block.append(lambda: self._ask_for_offer(people))

    def _say(self, statement: Any) -> None:
        with suppress(RuleError):  # too late, by how this run went
            self.entries.add(statement)

    def _ask(self, kind: str) -> None:
        self._asks += 1
        self.store.asked[f"r{self._asks}"] = Asked(id=f"r{self._asks}", kind=kind, at_ms=self.world.now_ms)

    def offer(self, account: str) -> tuple[str, int] | None:
        """The settlement that an account can claim from, as anybody reads it, and its share in it; None for nothing."""
        active = [row for _, row in sorted(self.store.settlements.items()) if row.state == "activated"]
        share = dict(active[-1].tree).get(account, 0) if active else 0
        claimed = self.store.claimed.get(account, ClaimedRow()).cumulative
        return (active[-1].settlement.proposal, share) if share > claimed else None

    def ask_claim(self, account: str) -> str:
        """Somebody asks for a payment; the id of the request."""
        self._asks += 1
        name, offer = f"c{self._asks}", self.offer(account)
        self.store.claims_asked[name] = ClaimRow(account, "asked", self.world.now_ms, offer=offer)
        return name

    def _ask_for_offer(self, rng: Random) -> None:
        """Somebody sees that there is something to claim, and asks for it, once at a time."""
        account = rng.choice(accounts())
        waiting = {row.account for row in self.store.claims_asked.values() if row.state in ("asked", "sent")}
        if rng.random() < _ASKS and account not in waiting and self.offer(account) is not None:
            self.ask_claim(account)

    def _ask_again(self) -> None:
        """In quiet: what people would still ask for."""
        pool = self.entries.book.pools.get((CHAIN, POOL))
        if pool is None:
            return
        if not self.store.asked and self.watch.next_settlement(pool) is not None and not self.chain.state.is_pending:
            self._ask("settle")
        if pool.active is None:
            return
        waiting = {row.account for row in self.store.claims_asked.values() if row.state in ("asked", "sent")}
        for account, share in pool.tree(pool.active).accounts:
            if self.chain.final_state.claimed.get(account, 0) < share and account not in waiting:
                self.ask_claim(account)

    # ---- a worker ----

    def _work(self, life: Life) -> Coroutine[Any, None, None]:
        rows = SimRows(self.world, life, self.store)
        chain = SimClient(self.world, life, self.chain)
        entries = SimLog(self.world, life, self.entries, self.store)
        context = Context(
            log="main",
            deployment=DEPLOYMENT,
            chain=chain,
            rows=rows,
            entries=entries,
            signing=SimSigning(self.world, life, legacy=self.chain.legacy),
            clock=SimClock(self.world, self.world.rng.choice(self._clocks)),
            work=SimWork(),
            signers=_SIGNERS,
            pace=_PACE,
            fees=_FEES,
            holder=life.name,
        )
        chain.on_broadcast = self.watch.broadcast
        rows.on_write.append(self.watch.writes)
        rows.on_save.append(self.watch.saves)
        entries.on_record.append(self.watch.records)
        steps = Steps(context)
        if self._plant is not None:
            self._plant(context)
        return self._steps(life, steps)

    async def _steps(self, life: Life, steps: Steps) -> None:
        while True:
            try:
                led = await steps.step()
                self.world.say(f"{life.name} stepped" if led else f"{life.name} waits")
            except CrowdLedgerError as error:
                led = True
                self.world.say(f"{life.name} could not: {type(error).__name__} {error.detail}")
            if led:
                self.watch.check()
            await Sleep(_INTERVAL_MS)
