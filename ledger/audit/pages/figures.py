"""What the pictures of an audit are drawn from: figures of the replay, of a size that no log exceeds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from ledger.audit.chain_checks import OnChain
from ledger.audit.pages.pay import Pay, pay_of
from ledger.audit.replay import Replay
from ledger.book.contributions import Contribution
from ledger.book.fold import Book
from ledger.pictures.scale import thinned
from ledger.statements.canonical import JsonValue

MOST_POINTS: Final = 60
MOST_REVIEWERS: Final = 10
DELAYS_SECONDS: Final = (60, 15 * 60, 3600, 6 * 3600, 24 * 3600)
"""Bounds of the delays that are counted: up to the first, up to the second ..., and above the last."""
VERDICTS: Final = ("accepted", "rejected", "needs_work")
AppealOutcome = Literal["kept", "changed", "default", "open", "reopened"]
APPEAL_OUTCOMES: Final[tuple[AppealOutcome, ...]] = ("kept", "changed", "default", "open", "reopened")


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Whose decisions stand, by verdict in the order of ``VERDICTS``. Without an id: who names no single reviewer."""

    id: str | None
    counts: tuple[int, int, int]

    def members(self) -> dict[str, JsonValue]:
        """The JSON members."""
        named: dict[str, JsonValue] = {} if self.id is None else {"reviewer": self.id}
        return named | dict(zip(VERDICTS, self.counts, strict=True))


@dataclass(frozen=True, slots=True)
class Figures:
    """Times are Unix milliseconds."""

    growth: tuple[tuple[int, int], ...] = ()
    """(time, entries)."""
    anchors: tuple[tuple[int, int], ...] = ()
    """(time of the block, entries anchored)."""
    delays: tuple[int, ...] = ()
    """Entries by the time that they waited for their anchor (``DELAYS_SECONDS``); empty where no chain was asked."""
    waiting: int = 0
    """Entries that are not anchored yet."""
    reviewers: tuple[Reviewer, ...] = ()
    """The most active, most decisions first."""
    more_reviewers: int = 0
    pay: tuple[Pay, ...] = ()
    appeals: dict[AppealOutcome, int] = field(default_factory=dict)

    def members(self) -> dict[str, JsonValue]:
        """The JSON members; amounts are decimal strings in base units."""
        return {
            "growth": [{"at": at, "size": size} for at, size in self.growth],
            "anchors": [{"at": at, "size": size} for at, size in self.anchors],
            "delays": {"up_to_seconds": list(DELAYS_SECONDS), "entries": list(self.delays), "waiting": self.waiting},
            "reviewers": [each.members() for each in self.reviewers],
            "more_reviewers": self.more_reviewers,
            "pay": [each.members() for each in self.pay],
            "appeals": {str(outcome): count for outcome, count in self.appeals.items()},
        }


def figures_of(replay: Replay, chain: OnChain | None) -> Figures:
    """The figures of a replayed log, and of the chain where its anchors are those of the log."""
    reviewers, more = _reviewers(replay.book)
    anchors, delays, waiting = _anchored(replay, chain)
    return Figures(
        growth=tuple(_growth(replay)),
        anchors=tuple(thinned(anchors, MOST_POINTS)),
        delays=delays,
        waiting=waiting,
        reviewers=reviewers,
        more_reviewers=more,
        pay=pay_of(replay.book, chain),
        appeals=_appeals(replay.book),
    )


def _growth(replay: Replay) -> list[tuple[int, int]]:
    """How many entries there were at times of equal distance."""
    if not replay.size:
        return []
    begin, end = replay.at_ms[0], replay.at_ms[-1]
    if end <= begin:
        return [(begin, replay.size)]
    times = [begin + number * (end - begin) // (MOST_POINTS - 1) for number in range(MOST_POINTS)]
    return [(at, bisect_right(replay.at_ms, at)) for at in times]


def _anchored(replay: Replay, chain: OnChain | None) -> tuple[list[tuple[int, int]], tuple[int, ...], int]:
    """The anchors that brought something new, how long their entries had waited, and how many wait still."""
    if chain is None or not chain.anchored:
        return [], (), 0
    found: list[tuple[int, int]] = []
    delays = [0] * (len(DELAYS_SECONDS) + 1)
    held = 0
    for event in chain.anchored:
        if event.size <= held:
            continue
        block_ms = chain.time_of(event.place.block) * 1000
        found.append((block_ms, event.size))
        # Times never go back, so that those who waited at most so long are the last ones.
        edges = [
            event.size,
            *(_since(replay, block_ms - each * 1000, held, event.size) for each in DELAYS_SECONDS),
            held,
        ]
        for number, (newer, older) in enumerate(pairwise(edges)):
            delays[number] += newer - older
        held = event.size
    return found, tuple(delays), replay.size - held


def _since(replay: Replay, at_ms: int, begin: int, end: int) -> int:
    """The first entry, of those from ``begin`` to ``end``, that is not before a time."""
    return bisect_left(replay.at_ms, at_ms, begin, end)


def _reviewers(book: Book) -> tuple[tuple[Reviewer, ...], int]:
    """Those whose decisions stand, the most active first, and how many more there are."""
    places = {verdict: number for number, verdict in enumerate(VERDICTS)}
    tally: dict[str | None, list[int]] = {}
    for contribution in book.facts.contributions.values():
        decision = contribution.decision
        if decision is not None:
            counts = tally.get(decision.reviewer)
            if counts is None:
                counts = tally[decision.reviewer] = [0, 0, 0]
            counts[places[decision.verdict]] += 1
    ordered = sorted(tally.items(), key=lambda item: (-sum(item[1]), item[0] or ""))
    shown = tuple(Reviewer(who, (counts[0], counts[1], counts[2])) for who, counts in ordered[:MOST_REVIEWERS])
    return shown, len(ordered) - len(shown)


def _appeals(book: Book) -> dict[AppealOutcome, int]:
    """What became of every appeal."""
    found: Counter[AppealOutcome] = Counter()
    for appeal, of in book.facts.appeals.items():
        found[_outcome(appeal, book.facts.contributions[of])] += 1
    return {outcome: found[outcome] for outcome in APPEAL_OUTCOMES if found[outcome]}


def _outcome(id_: str, of: Contribution) -> AppealOutcome:
    appeal = of.appeal
    if appeal is None or appeal.id != id_:
        return "reopened"
    if appeal.resolved:
        return "kept" if of.decision is not None and of.decision.id == appeal.decision else "changed"
    return "open" if of.waits_since >= 0 else "default"
