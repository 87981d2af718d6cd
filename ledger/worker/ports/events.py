"""Where events are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from ledger.wire.events import EventType


class Told(NamedTuple):
    """An event but for its number; ``data`` is JSON."""

    type: EventType
    platform: str
    at_ms: int
    data: str


class Position(NamedTuple):
    """How far events are written: see ``ledger.db.tables.events.event_cursors``."""

    number: int = 0
    entries: int = 0
    done: int = 0
    anchored: int = 0


class Anchored(NamedTuple):
    """A permanent anchor of the log's first ``size`` entries."""

    size: int
    chain_id: int
    contract: str
    log_id: str
    transaction: str
    block: int


class Payment(NamedTuple):
    """A claim in a permanent block: ``amount`` base units to an account, which had ``before`` by then."""

    chain_id: int
    pool: str
    block: int
    log_index: int
    account: str
    amount: int
    transaction: str
    before: int


class Events(Protocol):
    """Events of one log, deployment and pool. Each call is one database transaction; those that write are fenced.

    All raise DatabaseError where the database fails; then nobody knows whether it was done.
    """

    async def event_position(self) -> Position:
        """How far events are written; the beginning of a log that has none."""
        ...

    async def tell(
        self, before: Position, after: Position, told: Sequence[Told], paid: Sequence[Payment], now_ms: int
    ) -> None:
        """Write events with the numbers after ``before.number``, note these payments as told, and move the position.

        Raises UnavailableError, and does nothing, where another worker leads or the position is not ``before``.
        """
        ...

    async def untold_anchors(self, size: int, limit: int) -> Sequence[Anchored]:
        """Permanent anchors of more than ``size`` entries, by size."""
        ...

    async def untold_payments(self, limit: int) -> Sequence[Payment]:
        """Payments that are not told, in the order of the chain."""
        ...

    async def earned(self, account: str, settlements: Mapping[int, int]) -> Mapping[str, int]:
        """By contributor: what settlements, given by number with their sizes, gave to an account."""
        ...
