"""The queue of final awards of one campaign, and how far a limit pays it.

Awards stand in the order in which they became final. One whose contribution is reopened is void from then on; what was
paid for it already counts against the same contributor's later awards in the campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

Source = Literal["piece_rate", "score_rate", "prizes", "pool", "bonus", "reviewer_rate"]
"""The rule that an award follows from."""


class Award(msgspec.Struct, frozen=True, gc=False):
    """What somebody earned with one contribution, theirs or one that they judged, in base units.

    ``entry`` is the index of the entry whose folding made it final: the award exists in every log longer than that.
    """

    entry: int
    contribution: str
    contributor: str
    units: int
    source: Source


class Void(msgspec.Struct, frozen=True, gc=False):
    """From entry ``entry`` on the award at ``position`` of the queue does not count."""

    entry: int
    position: int


@dataclass(frozen=True, slots=True)
class Paid:
    """How far a campaign's queue is paid. Replaced, never changed."""

    total: int = 0
    """Base units paid or promised in all; it never falls."""
    position: int = 0
    """The first award that is not settled whole."""
    part: int = 0
    """Units of that award that are."""
    voids: int = 0
    """Voids that were taken into account."""
    void: frozenset[int] = frozenset()
    """Positions from ``position`` on that are void."""
    debts: Mapping[str, int] = field(default_factory=dict)
    """By contributor: units that were paid for awards that are void now."""
    final: bool = False
    listed: int = 0
    """The last settlement that had a line for the campaign."""


def pay(
    paid: Paid,
    queue: Sequence[Award],
    voids: Sequence[Void],
    size: int,
    limit: int,
    note: Callable[[Award, int], None] | None = None,
) -> tuple[Paid, dict[str, int], bool]:
    """Pay the queue of a log of ``size`` entries on from where ``paid`` left it, up to ``limit``, the last in part.

    Returns the new state, what each contributor newly gets, and whether the whole queue is paid. A debt is worked off
    before anything new is paid; that costs nothing against the limit. ``note`` is told of each award and what it gets.
    """
    position, part, debts, void, seen = paid.position, paid.part, dict(paid.debts), set(paid.void), paid.voids
    while seen < len(voids) and voids[seen].entry < size:
        place = voids[seen].position
        seen += 1
        who = queue[place].contributor
        settled = queue[place].units if place < position else part if place == position else 0
        if settled:
            debts[who] = debts.get(who, 0) + settled
        if place >= position:
            void.add(place)
            part = 0 if place == position else part
    gains: dict[str, int] = {}
    left = max(limit - paid.total, 0)
    whole = True
    while position < len(queue) and queue[position].entry < size:
        award = queue[position]
        if position not in void:
            who = award.contributor
            offset = min(debts.get(who, 0), award.units - part)
            if offset:
                debts[who] -= offset
                part += offset
            grant = min(left, award.units - part)
            if grant:
                gains[who] = gains.get(who, 0) + grant
                left -= grant
                part += grant
                if note is not None:
                    note(award, grant)
            if part < award.units:
                whole = False
                break
        void.discard(position)
        position += 1
        part = 0
    after = replace(
        paid,
        total=paid.total + sum(gains.values()),
        position=position,
        part=part,
        voids=seen,
        void=frozenset(void),
        debts={who: units for who, units in debts.items() if units},
    )
    return after, gains, whole
