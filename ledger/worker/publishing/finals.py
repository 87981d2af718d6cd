"""Contributions whose outcome became final, noted while the book is folded: later it knows only how they stand then."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ledger.book.contributions import Contribution, outcome
from ledger.book.fold import Book


class Final(msgspec.Struct, frozen=True, gc=False):
    """A contribution as it was when its outcome became final. ``decision`` is the one that stood, if there was one."""

    contribution: Contribution
    """Of it only what never changes may be read."""
    decision: str | None
    accepted: bool


class Finals:
    """What entries made final that is not told yet."""

    def __init__(self, book: Book) -> None:
        self._facts = book.facts
        self._by_entry: dict[int, list[Final]] = {}
        self._since = 0
        book.on_final = self._note

    def of(self, index: int) -> Sequence[Final]:
        """What entry ``index`` made final, in that order."""
        return self._by_entry.get(index, ())

    def forget(self, entries: int) -> None:
        """Everything of the first ``entries`` entries is told."""
        if entries > self._since:
            some = range(self._since, entries)
            for index in some if len(some) < len(self._by_entry) else [each for each in self._by_entry if each in some]:
                self._by_entry.pop(index, None)
            self._since = entries

    def _note(self, contribution: Contribution, index: int) -> None:
        if index < self._since or contribution.withdrawn:
            return
        decision = contribution.decision
        accepted = outcome(contribution, self._facts.campaigns[contribution.campaign]).accepted
        final = Final(contribution, None if decision is None else decision.id, accepted)
        self._by_entry.setdefault(index, []).append(final)
