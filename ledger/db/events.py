"""Finding events: those of a platform and of some types, in order, a bounded number at bounded cost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Integer, Select, bindparam, select, union_all

from ledger.db.tables import events
from ledger.wire.events import EventType


def wanted(
    log: str, platform: str, types: Sequence[EventType], after: int, limit: int
) -> tuple[Select[tuple[int, EventType, int, str]], dict[str, str | int]]:
    """Rows (number, type, at_ms, data) of a platform's events of these types, at least one, beyond ``after``: the query
    and the values of its parameters.

    The index has each type's events in their order; of each at most ``limit`` are looked at, however many others lie
    between them.
    """
    return _query(tuple(sorted(set(types)))), {"of_log": log, "of_platform": platform, "after": after, "most": limit}


@lru_cache(maxsize=64)
def _query(types: tuple[EventType, ...]) -> Select[tuple[int, EventType, int, str]]:
    """Streams ask twice a second: making the query anew took longer than the database did to answer it."""
    e = events.c
    some = [
        select(e.number, e.type, e.at_ms, e.data)
        .where(e.log == bindparam("of_log"), e.platform == bindparam("of_platform"))
        .where(e.type == kind, e.number > bindparam("after"))
        .order_by(e.number)
        .limit(bindparam("most", type_=Integer))
        .subquery()
        for kind in types
    ]
    together = union_all(*(select(each) for each in some)).subquery()
    found = together.c
    query = select(found.number, found.type, found.at_ms, found.data)
    return query.order_by(found.number).limit(bindparam("most", type_=Integer))
