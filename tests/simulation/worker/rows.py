"""The port ``Rows`` in memory: what survives the workers, and one worker's fenced and failing way to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ledger.book.rewards import Settlement
from ledger.chain.anchors import ClaimEvent
from ledger.errors import DatabaseError, TransactionError, UnavailableError
from ledger.worker.ports import AnchorRow, Asked, Attempt, ClaimAsked, Cost, WorkerReport
from tests.simulation.worker.world import Life, Port, World

_T = TypeVar("_T")
OPEN = ("sent", "mined", "failed")
FILL = "fill"
OTHER = "other:"
"""How intents of other logs begin, which send from the same accounts."""


@dataclass(slots=True)
class ClaimRow:
    """A claim that was asked for."""

    account: str
    state: str
    at_ms: int
    transaction: str | None = None
    detail: str | None = None
    offer: tuple[str, int] | None = None
    """What made somebody ask: the proposal hash of a settlement that is in force, and the account's share in it."""


@dataclass(slots=True)
class ClaimedRow:
    """What an account has claimed."""

    cumulative: int = 0
    final: int = 0
    transaction: str | None = None


@dataclass(slots=True)
class SettledRow:
    """A settlement."""

    settlement: Settlement
    tree: list[tuple[str, int]]
    state: str = "settled"
    due_ms: int | None = None
    proposed_tx: str | None = None
    ended_tx: str | None = None


@dataclass(slots=True)
class Store:
    """The database."""

    lease: tuple[str, int, int] | None = None
    """Holder, token, and until when."""
    attempts: dict[str, Attempt] = field(default_factory=dict)
    nonces: dict[tuple[str, int], str] = field(default_factory=dict)
    """Whose intent the nonce of an account is."""
    costs: dict[str, tuple[Cost, ...]] = field(default_factory=dict)
    anchors: list[AnchorRow] = field(default_factory=list)
    cursor: tuple[int, int | None, str | None] | None = None
    asked: dict[str, Asked] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    claims_asked: dict[str, ClaimRow] = field(default_factory=dict)
    claimed: dict[str, ClaimedRow] = field(default_factory=dict)
    settlements: dict[int, SettledRow] = field(default_factory=dict)
    report: WorkerReport | None = None

    def open_attempts(self) -> list[Attempt]:
        """Those that are not settled for good."""
        found = [each for each in self.attempts.values() if each.state in OPEN]
        return sorted(found, key=lambda each: (each.sender, each.nonce, each.at_ms, each.hash))

    def next_nonce(self, account: str) -> int:
        """One more than the highest."""
        return max((nonce + 1 for sender, nonce in self.nonces if sender == account), default=0)


class SimRows(Port):
    """One worker's rows: it holds the lease under a token, and may be told off."""

    error = DatabaseError
    takes_ms = 3
    fenced = True

    def __init__(self, world: World, life: Life, store: Store) -> None:
        super().__init__(world, life)
        self.store = store
        self.held: tuple[str, int] | None = None
        self.on_write: list[Callable[[str, tuple[str, int] | None], None]] = []
        self.on_save: list[Callable[[Attempt], None]] = []

    async def _write(self, name: str, effect: Callable[[], _T]) -> _T:
        await self._point(f"rows.{name}")
        lease = self.store.lease
        if self.fenced and (lease is None or lease[:2] != self.held):
            raise UnavailableError("Another worker leads by now.")
        for each in self.on_write:
            each(name, self.held)
        done = effect()
        await self._point(f"rows.{name}, done")
        return done

    async def _read(self, name: str) -> Store:
        await self._point(f"rows.{name}")
        return self.store

    # ---- the lease ----

    async def hold(self, holder: str, token: int, now_ms: int, seconds: float) -> int:
        """Take or renew the lease."""
        store = await self._read("hold")
        mine = store.lease is not None and store.lease[:2] == (holder, token)
        if store.lease is not None and not mine and store.lease[2] > now_ms:
            return 0
        if not mine:
            token = 1 if store.lease is None else store.lease[1] + 1
            self._world.say(f"{holder} leads with token {token}")
        store.lease = holder, token, now_ms + int(seconds * 1000)
        await self._point("rows.hold, done")
        self.held = holder, token
        return token

    async def release(self) -> None:
        """Let it run out."""
        store = await self._read("release")
        if store.lease is not None and store.lease[:2] == self.held:
            store.lease = (*store.lease[:2], 0)

    # ---- transactions ----

    async def save_attempt(self, attempt: Attempt) -> None:
        """Save before it is sent."""

        def save() -> None:
            spot = attempt.sender, attempt.nonce
            here = [each for each in self.store.attempts.values() if (each.sender, each.nonce) == spot]
            whose = self.store.nonces.get(spot, attempt.intent)
            foreign = whose.startswith(OTHER) or attempt.intent not in (whose, FILL)
            if foreign or any(each.state not in OPEN for each in here):
                raise TransactionError(f"Nonce {attempt.nonce} of {attempt.sender} belongs to {whose}.")
            for each in self.on_save:
                each(attempt)
            self.store.nonces.setdefault(spot, attempt.intent)
            self.store.attempts.setdefault(attempt.hash, attempt)
            self._world.say(f"{self._life.name} saves {attempt.intent} {attempt.sender[:4]}/{attempt.nonce} "
                            f"{attempt.hash[:8]} at {attempt.max_fee / 1e9:.1f} gwei")  # fmt: skip

        await self._write("save_attempt", save)

    async def open_attempts(self) -> list[Attempt]:
        """Those that are open."""
        return (await self._read("open_attempts")).open_attempts()

    async def next_nonce(self, account: str) -> int:
        """The next one that was never saved."""
        return (await self._read("next_nonce")).next_nonce(account)

    async def set_attempts(self, changed: Sequence[Attempt]) -> None:
        """Store what became of some."""
        if not changed:
            return

        def store() -> None:
            for attempt in changed:
                before = self.store.attempts.get(attempt.hash)
                if before is not None and before.state in OPEN:
                    self.store.attempts[attempt.hash] = replace(
                        before,
                        state=attempt.state,
                        detail=attempt.detail,
                        block=attempt.block,
                        block_hash=attempt.block_hash,
                        gas_used=attempt.gas_used,
                        gas_price=attempt.gas_price,
                    )
                    if not attempt.stands_in(before.block_hash):
                        self._reopen(attempt.hash)
                    self._world.say(f"{self._life.name} notes {attempt.sender[:4]}/{attempt.nonce} {attempt.hash[:8]} "
                                    f"{attempt.state} {attempt.block or ''} {attempt.detail}")  # fmt: skip

        await self._write("set_attempts", store)

    def _reopen(self, transaction: str) -> None:
        """Claims that it answered are sent again."""
        for row in self.store.claims_asked.values():
            if row.transaction == transaction:
                row.state, row.transaction, row.detail = "sent", None, None

    async def save_costs(self, costs: Sequence[Cost]) -> None:
        """Once for each transaction."""
        if not costs:
            return

        def save() -> None:
            for transaction in dict.fromkeys(each.transaction for each in costs):
                some = tuple(each for each in costs if each.transaction == transaction)
                self.store.costs.setdefault(transaction, some)

        await self._write("save_costs", save)

    # ---- anchors and the cursor ----

    async def last_final_anchor(self) -> tuple[int, dict[str, int]]:
        """Size and blocks of permanent anchors."""
        final = [row for row in (await self._read("last_final_anchor")).anchors if row.finalized]
        blocks = {row.log_id: max(each.block for each in final if each.log_id == row.log_id) for row in final}
        return max((row.size for row in final), default=0), blocks

    async def loose_anchors(self) -> list[AnchorRow]:
        """The others."""
        found = [row for row in (await self._read("loose_anchors")).anchors if not row.finalized]
        return sorted(found, key=lambda row: row.size)

    async def replace_loose_anchors(self, rows: Sequence[AnchorRow]) -> None:
        """Others in their place."""

        def put() -> None:
            self.store.anchors = [*(row for row in self.store.anchors if row.finalized), *rows]

        await self._write("replace_loose_anchors", put)

    async def cursor(self) -> tuple[int, int | None, str | None] | None:
        """How far the chain was read."""
        return (await self._read("cursor")).cursor

    async def move_cursor(self, block: int, block_ms: int | None, block_hash: str | None) -> None:
        """Note how far it was read."""

        def move() -> None:
            self.store.cursor = block, block_ms, block_hash

        await self._write("move_cursor", move)

    # ---- requests and claims ----

    async def asked(self) -> list[Asked]:
        """Open requests."""
        return sorted((await self._read("asked")).asked.values(), key=lambda each: (each.at_ms, each.id))

    async def answer(self, ids: Sequence[str], detail: str) -> None:
        """Close requests."""
        if not ids:
            return

        def close() -> None:
            for id_ in ids:
                if self.store.asked.pop(id_, None):
                    self.store.answers[id_] = detail
                    self._world.say(f"{self._life.name} answers {id_}: {detail}")

        await self._write("answer", close)

    async def claims_asked(self) -> list[ClaimAsked]:
        """Open claims."""
        found = (await self._read("claims_asked")).claims_asked.items()
        return [
            ClaimAsked(id=id_, account=row.account, state="sent" if row.state == "sent" else "asked", at_ms=row.at_ms)
            for id_, row in found
            if row.state in ("asked", "sent")
        ]

    async def set_claims(self, ids: Sequence[str], state: str, **values: str | None) -> None:
        """What becomes of claims."""
        if not ids:
            return

        def put() -> None:
            for id_ in ids:
                row = self.store.claims_asked[id_]
                row.state = state
                row.transaction = values.get("transaction", row.transaction)
                row.detail = values.get("detail", row.detail)
                self._world.say(f"{self._life.name} sets claim {id_} {state} {row.detail or ''}")

        await self._write("set_claims", put)

    async def claims_relayed(self, accounts: Sequence[str], since_ms: int) -> Mapping[str, int]:
        """Transactions of ours by account."""
        found: dict[str, set[str]] = {}
        for row in (await self._read("claims_relayed")).claims_asked.values():
            if row.account in accounts and row.at_ms >= since_ms and row.transaction is not None:
                found.setdefault(row.account, set()).add(row.transaction)
        return {account: len(some) for account, some in found.items()}

    async def note_claims(self, events: Sequence[ClaimEvent], sums: Mapping[str, int], *, final: bool) -> None:
        """Keep what accounts have claimed."""
        if not sums:
            return

        def note() -> None:
            newest = {event.account: event for event in _in_order(events)}
            for account, said in sums.items():
                self._note(account, said, newest.get(account), final)

        await self._write("note_claims", note)

    def _note(self, account: str, said: int, event: ClaimEvent | None, final: bool) -> None:
        known = self.store.claimed.get(account, ClaimedRow())
        finally_ = max(known.final, said) if final else known.final
        cumulative = max(known.cumulative if final else said, finally_)
        place = known.transaction if cumulative >= known.cumulative else None
        if event is not None and said == cumulative:
            place = event.place.transaction
        self.store.claimed.pop(account, None)
        if cumulative:
            self.store.claimed[account] = ClaimedRow(cumulative, finally_, place)

    async def loose_claims(self) -> list[str]:
        """Accounts whose sums are not permanent."""
        found = (await self._read("loose_claims")).claimed.items()
        return sorted(account for account, row in found if row.cumulative > row.final)

    # ---- settlements ----

    async def save_settlement(self, settlement: Settlement, tree: Sequence[tuple[str, int]]) -> None:
        """Keep one."""

        def save() -> None:
            self.store.settlements[settlement.number] = SettledRow(settlement, list(tree))

        await self._write("save_settlement", save)

    async def saved_proposal(self, number: int) -> str | None:
        """Its hash."""
        row = (await self._read("saved_proposal")).settlements.get(number)
        return None if row is None else row.settlement.proposal

    async def settled_proposal(self, number: int, root: str) -> str | None:
        """Its hash, while no end is noted."""
        row = (await self._read("settled_proposal")).settlements.get(number)
        if row is None or row.state != "settled" or row.settlement.root != root:
            return None
        return row.settlement.proposal

    async def last_due_ms(self) -> int | None:
        """When the newest one is due."""
        rows = (await self._read("last_due_ms")).settlements
        due = [row.due_ms for _, row in sorted(rows.items()) if row.due_ms is not None]
        return due[-1] if due else None

    async def note_proposed(self, number: int, due_ms: int, transaction: str | None) -> None:
        """It waits."""

        def note() -> None:
            row = self.store.settlements.get(number)
            if row is not None:
                row.state, row.ended_tx, row.due_ms = "settled", None, due_ms
                row.proposed_tx = transaction or row.proposed_tx

        await self._write("note_proposed", note)

    async def note_proposed_in(self, proposal: str, transaction: str) -> None:
        """The permanent transaction of a proposal."""

        def note() -> None:
            for row in self.store.settlements.values():
                if row.settlement.proposal == proposal:
                    row.proposed_tx = transaction

        await self._write("note_proposed_in", note)

    async def end_settlement(self, proposal: str, state: str, transaction: str | None) -> None:
        """It ended."""

        def end() -> None:
            for row in self.store.settlements.values():
                if row.settlement.proposal == proposal:
                    row.state, row.ended_tx = state, transaction or row.ended_tx
                    self._world.say(f"{self._life.name} notes settlement {row.settlement.number} {state}")

        await self._write("end_settlement", end)

    async def tree_accounts(self, number: int) -> list[tuple[str, int]]:
        """Its accounts."""
        row = (await self._read("tree_accounts")).settlements.get(number)
        return [] if row is None else list(row.tree)

    async def report(self, report: WorkerReport) -> None:
        """How the worker is."""

        def put() -> None:
            self.store.report = report

        await self._write("report", put)


def _in_order(events: Iterable[ClaimEvent]) -> list[ClaimEvent]:
    return sorted(events, key=lambda event: (event.place.block, event.place.log_index))
