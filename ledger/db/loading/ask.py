"""Asking for what is wanted, if anything is."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable

from ledger.db.loading.names import DbRow, Lookup, Query

Asking = Generator[Query | Lookup, list[DbRow], None]


def ask(sql: str, wanted: Collection[tuple[str, ...]]) -> Generator[Query | Lookup, list[DbRow], list[DbRow]]:
    """The rows of a lookup; no query where nothing is wanted."""
    if not wanted:
        return []
    return (yield Lookup(sql, list(wanted)))


def ones(ids: Iterable[str]) -> list[tuple[str, ...]]:
    """Ids as rows of one column."""
    return [(each,) for each in ids]
