"""What final decisions earn, by the campaign's policy. Pure integer functions; amounts are base units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from ledger.statements.campaigns import PieceRate, Policy, Pool, Prizes, ScoreRate
from ledger.statements.values import SCORE_ONE, amount, score_millionths

ONCE_FOR_ALL: Final = (Prizes, Pool)
"""Policies that pay once, when all entries of the campaign are final."""


class Entry(NamedTuple):
    """A final, accepted contribution that shares in prizes or a pool. ``score`` in millionths."""

    entry: int
    """Its entry in the log: what breaks ties where units cannot be divided."""
    contribution: str
    contributor: str
    score: int


def award(policy: Policy, score: int) -> int:
    """Base units for one accepted contribution with this score in millionths.

    ``piece_rate`` pays its amount whatever the score; ``score_rate`` pays the whole units of ``max_amount`` times the
    score (what is below one unit is not owed to anybody and stays in the budget). Others pay nothing by contribution.
    """
    match policy:
        case PieceRate():
            return amount(policy.amount)
        case ScoreRate():
            return amount(policy.max_amount) * score // SCORE_ONE
        case _:
            return 0


def share_out(policy: Policy, entries: Sequence[Entry]) -> list[tuple[Entry, int]]:
    """What each entry gets from prizes or a pool; entries that get nothing are left out.

    Prizes come in the order of their places, shares of a pool in the order of the log.
    """
    match policy:
        case Prizes():
            return _prizes(policy, entries)
        case Pool():
            ordered = sorted(entries)
            shares = largest_remainders(amount(policy.total), [entry.score for entry in ordered])
            return [(entry, units) for entry, units in zip(ordered, shares, strict=True) if units]
        case _:
            return []


def _prizes(policy: Prizes, entries: Sequence[Entry]) -> list[tuple[Entry, int]]:
    """Best score first. Equal scores share the prizes of the places that they take in equal parts."""
    least = score_millionths(policy.min_score)
    ranked = sorted((entry for entry in entries if entry.score >= least), key=lambda each: (-each.score, each.entry))
    amounts = [amount(text) for text in policy.amounts]
    won: list[tuple[Entry, int]] = []
    place = 0
    while place < len(ranked) and place < len(amounts):
        tied = [entry for entry in ranked[place:] if entry.score == ranked[place].score]
        units = largest_remainders(sum(amounts[place : place + len(tied)]), [1] * len(tied))
        won += [(entry, each) for entry, each in zip(tied, units, strict=True) if each]
        place += len(tied)
    return won


def largest_remainders(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` split in proportion to ``weights``, to the last unit; what cannot be divided goes by largest remainder.

    Equal remainders: the earlier place first. All zero where no weight is positive.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    left = total - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place))
    for place in by_remainder[:left]:
        shares[place] += 1
    return shares
