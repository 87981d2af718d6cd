"""Asking for what is wanted, if anything is, and for as much of it at once as can be."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable

from ledger.db.loading.names import Answers, DbRow, Lookup, Queries, Query

Asking = Generator[Query | Lookup, list[DbRow], None]


def ask(sql: str, wanted: Collection[tuple[str, ...]]) -> Generator[Query | Lookup, list[DbRow], list[DbRow]]:
    """The rows of a lookup; no query where nothing is wanted."""
    if not wanted:
        return []
    return (yield Lookup(sql, list(wanted)))


def together(*parts: Asking) -> Generator[Queries, Answers, None]:
    """Run parts side by side of which none needs what another finds: what they ask next is one step.

    PostgreSQL is then waited for once, however many parts there are.
    """
    answered: list[tuple[Asking, list[DbRow] | None]] = [(part, None) for part in parts]
    while True:
        asking: list[tuple[Asking, Query | Lookup]] = []
        for part, rows in answered:
            try:
                asking.append((part, next(part) if rows is None else part.send(rows)))
            except StopIteration:
                continue
        if not asking:
            return
        found = yield Queries([question for _, question in asking])
        answered = [(part, rows) for (part, _), rows in zip(asking, found, strict=True)]


def ones(ids: Iterable[str]) -> list[tuple[str, ...]]:
    """Ids as rows of one column."""
    return [(each,) for each in ids]
