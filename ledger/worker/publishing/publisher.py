"""The publisher: events in the order of the log, and of what the chain made permanent.

What was written and how far is one transaction, so that whatever ends a worker in between, the next one goes on where
that one stood: each event is written once. Nothing of the chain is told of before its block is permanent, so that
nothing has to be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.book.rewards import PoolBook
from ledger.errors import FormatError
from ledger.statements import kinds
from ledger.statements.kinds import AnyStatement
from ledger.statements.settlements import SettlementActivated
from ledger.worker.context import Context
from ledger.worker.ports.events import Events, Payment, Position, Told
from ledger.worker.publishing.deriving import EntryEvents, Gain, from_anchor, from_entry, from_payment, gains
from ledger.worker.publishing.finals import Finals
from ledger.worker.publishing.presence import Presence

_BATCH: Final = 2_000
"""Entries that are read, and events that are written, at once."""
_CHAIN_BATCH: Final = 100
_A_STEP_MS: Final = 1_000
"""After so long the worker's other work comes first."""


class Publishing:
    """Tells of one log and one pool."""

    def __init__(self, context: Context, events: Events) -> None:
        self._context = context
        self._events = events
        self._finals = Finals(context.book)
        self._presence = Presence()
        self._position = Position()
        self._read = 0
        """Entries that ``presence`` has seen; fewer than are told after a start, until it has seen those again."""
        self._token = 0
        self._gained: tuple[str, Sequence[Gain]] = ("", ())
        self.more = False
        """Whether there was more to tell of than one step takes."""

    async def prepare(self) -> None:
        """Look, while another worker leads, what it has told: what the book will fold of that need not be kept."""
        self._finals.forget((await self._events.event_position()).entries)

    async def publish(self, settled: bool) -> None:
        """Tell of what the book knows and of what became permanent, for about a second.

        ``settled``: the shares of all settlements are kept, so that payments can be told of.
        """
        try:
            await self._publish(settled)
        except BaseException:
            self._token = 0  # nobody knows what was written: look before going on
            raise

    async def _publish(self, settled: bool) -> None:
        context = self._context
        if self._token != context.token:  # others may have written since
            self._token, self._position = context.token, await self._events.event_position()
            self._finals.forget(self._position.entries)
            self._presence, self._read = Presence(), self._position.anchored
        until_ms = context.clock.now_ms() + _A_STEP_MS
        while self._read < context.book.size and context.clock.now_ms() < until_ms:
            await context.keep()
            await self._tell_entries()
        self.more = self._read < context.book.size
        await self._tell_anchors()
        await self._tell_payments(settled)

    # ---- entries ----

    async def _tell_entries(self) -> None:
        """One batch: some entries, or some of the events of an entry that has very many."""
        begin, position = self._read, self._position
        amid = position.done and begin == position.entries
        end = min(self._context.book.size, begin + (1 if amid else _BATCH))
        broken = self._broken(begin, end)
        told: list[Told] = []
        for index, data in enumerate(await self._context.entries.statements(begin, end), begin):
            statement = _parsed(data)
            effective = statement is not None and index not in broken
            if index >= position.entries and statement is not None:
                made = await self._derive(statement, index, effective)
                taken = made.take(position.done, _BATCH - len(told))
                told += taken
                if position.done + len(taken) < len(made):
                    position = position._replace(done=position.done + len(taken))
                    break
            if effective and statement is not None:
                self._presence.note(statement, index, self._context.book)
            self._read = index + 1
            if index >= position.entries:
                position = position._replace(entries=self._read, done=0)
        if position != self._position:
            await self._tell(position, told)

    def _broken(self, begin: int, end: int) -> frozenset[int]:
        """Entries without effect."""
        findings = self._context.book.findings
        return frozenset(each.index for each in findings if begin <= each.index < end) if findings else frozenset()

    async def _derive(self, statement: AnyStatement, index: int, effective: bool) -> EntryEvents:
        book = self._context.book
        gained = await self._gains(statement) if effective and isinstance(statement, SettlementActivated) else ()
        return from_entry(statement, index, book, self._finals.of(index), gained, effective=effective)

    async def _gains(self, statement: SettlementActivated) -> Sequence[Gain]:
        """What the settlement that is in force now gives; kept while its events are written."""
        if self._gained[0] != statement.proposal:
            book = self._context.book
            pool = book.pools[statement.chain_id, statement.pool]
            made = await self._context.work.run(gains, book, pool, pool.recorded[statement.proposal])
            self._gained = statement.proposal, made
        return self._gained[1]

    # ---- the chain ----

    async def _tell_anchors(self) -> None:
        """Permanent anchors of entries that are told."""
        for anchor in await self._events.untold_anchors(self._position.anchored, _CHAIN_BATCH):
            if anchor.size > self._read:
                break
            told = from_anchor(anchor, self._presence.below(anchor.size), self._context.clock.now_ms())
            await self._tell(self._position._replace(anchored=anchor.size), told)
            self._presence.forget(anchor.size)

    async def _tell_payments(self, settled: bool) -> None:
        """Permanent payments out of settlements that are told."""
        book = self._context.book
        pool = book.pools.get(self._context.pool)
        if not settled or (pool is not None and pool.ended and pool.ended[-1].entry >= self._position.entries):
            return
        told: list[Told] = []
        paid = await self._events.untold_payments(_CHAIN_BATCH)
        for payment in paid:
            parts = await self._events.earned(payment.account, settlements_of(payment, pool)) if pool else {}
            told += from_payment(payment, parts, book, self._context.clock.now_ms())
        if paid:
            await self._tell(self._position, told, paid)

    # ---- rows ----

    async def _tell(self, position: Position, told: Sequence[Told], paid: Sequence[Payment] = ()) -> None:
        after = position._replace(number=self._position.number + len(told))
        await self._events.tell(self._position, after, told, paid, self._context.clock.now_ms())
        self._position = after
        self._finals.forget(after.entries)


def settlements_of(payment: Payment, pool: PoolBook) -> dict[int, int]:
    """The settlements that a payment pays out of, by number with their sizes.

    A claim takes all that is there, so it pays whole settlements: those whose sum for the account it reaches first.
    """
    after = payment.before + payment.amount
    return {
        each.number: each.settlement.size
        for each in pool.ended
        if each.settlement is not None
        and each.verdict == "activated"
        and payment.before < each.settlement.accounts.get(payment.account, 0) <= after
    }


def _parsed(data: bytes) -> AnyStatement | None:
    """The statement; None for bytes that are none."""
    try:
        return kinds.parse(data)
    except FormatError:
        return None
