"""The book follows from what the log's key signed, or from nothing: rows alone are not believed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ledger.errors import LogDivergedError
from ledger.statements import kinds
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint
from ledger.worker import context as following
from ledger.worker.context import Context
from tests.unit.book.story import Story


class Entries:
    """A log whose rows may be other ones than those that were signed."""

    def __init__(self, count: int) -> None:
        story = Story()
        while len(story.entries) < count:
            story.tick(1)
        self.rows = [kinds.encode(each) for each in story.entries[:count]]
        self.signed = list(self.rows)

    async def signed_head(self) -> Checkpoint:
        return Checkpoint("o", len(self.signed), merkle.root(merkle.hash_entries(self.signed)))

    async def statements(self, begin: int, end: int) -> list[bytes]:
        return self.rows[begin:end]


def context_of(entries: Entries) -> Context:
    ports: Any = dict.fromkeys(
        ("deployment", "chain", "rows", "signing", "clock", "work", "signers", "pace", "fees"), SimpleNamespace()
    )
    return Context(log="main", holder="w", entries=cast(Any, entries), **ports)


@pytest.mark.parametrize("size", [0, 1, 4, 7])
@pytest.mark.parametrize("at_once", [1, 3, 2_000])
def test_what_is_signed_is_folded(size: int, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_FOLD_ENTRIES", at_once)
    entries = Entries(9)
    context = context_of(entries)
    for count in (size, 9):
        entries.signed = entries.rows[:count]
        asyncio.run(context.follow())
        assert context.book.size == context.folded.size == count
        assert context.folded.root() == merkle.root(merkle.hash_entries(entries.signed))


def change(rows: list[bytes]) -> None:
    rows[3] = rows[3].replace(b'"v":1', b'"v":2')


def swap(rows: list[bytes]) -> None:
    rows[3], rows[4] = rows[4], rows[3]


def repeat(rows: list[bytes]) -> None:
    rows[3] = rows[2]


@pytest.mark.parametrize("alter", [change, swap, repeat])
def test_what_is_not_signed_stops_everything(alter: Callable[[list[bytes]], Any]) -> None:
    entries = Entries(9)
    alter(entries.rows)
    context = context_of(entries)
    for _ in range(3):  # more entries do not make it better, nor do the right ones, which are not read again
        with pytest.raises(LogDivergedError, match="crowdledger audit --database"):
            asyncio.run(context.follow())
        entries.rows = [*entries.signed, entries.signed[-1]]
        entries.signed = list(entries.rows)


def test_rows_that_are_gone_do_not_keep_it_waiting() -> None:
    entries = Entries(5)
    entries.rows = []
    with pytest.raises(LogDivergedError, match="has 0 of the entries 0 to 4"):
        asyncio.run(context_of(entries).follow())


def test_a_log_that_went_back_is_not_gone_on_with() -> None:
    entries = Entries(5)
    context = context_of(entries)
    asyncio.run(context.follow())
    entries.signed = entries.signed[:3]
    with pytest.raises(LogDivergedError):
        asyncio.run(context.follow())
