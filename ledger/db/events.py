"""Finding events: those of a platform and of some types, in order, a bounded number at bounded cost."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select, union_all

from ledger.db.tables import events
from ledger.wire.events import EventType


def wanted(
    log: str, platform: str, types: Sequence[EventType], after: int, limit: int
) -> Select[tuple[int, EventType, int, str]]:
    """Rows (number, type, at_ms, data) of a platform's events of these types, at least one, beyond ``after``.

    The index has each type's events in their order; of each at most ``limit`` are looked at, however many others lie
    between them.
    """
    e = events.c
    some = [
        select(e.number, e.type, e.at_ms, e.data)
        .where(e.log == log, e.platform == platform, e.type == kind, e.number > after)
        .order_by(e.number)
        .limit(limit)
        .subquery()
        for kind in dict.fromkeys(types)
    ]
    together = union_all(*(select(each) for each in some)).subquery()
    found = together.c
    return select(found.number, found.type, found.at_ms, found.data).order_by(found.number).limit(limit)
