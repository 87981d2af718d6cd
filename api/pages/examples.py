"""What an answer earns under a campaign's policy, shown on examples that the book's own rules work out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.pages.languages import amount, numerals, several, text
from ledger.book import policies
from ledger.book.campaigns import Version
from ledger.chain.units import Unit
from ledger.statements.campaigns import PieceRate, Pool, Prizes, ScoreRate
from ledger.statements.values import SCORE_ONE, format_score, score_millionths

_MANY: Final = 10
_TENTH: Final = SCORE_ONE // 10
_NAMES: Final = "ABCD"


@dataclass(frozen=True, slots=True)
class Line:
    """An answer, its score (empty where it does not matter) and what it earns."""

    answer: str
    score: str
    earns: str


@dataclass(frozen=True, slots=True)
class Example:
    """Lines, and what is to be said about them."""

    lines: tuple[Line, ...]
    remarks: tuple[str, ...]


def example(version: Version, bonus_limit: int, unit: Unit) -> Example:
    """An example of what answers earn by the version of a campaign that holds now."""
    remarks = []
    match version.policy:
        case PieceRate():
            lines = _piece(version.policy, unit)
        case ScoreRate():
            lines = _score(version.policy, unit)
            remarks.append(text("What is below one whole unit is not paid; it stays in the budget."))
        case Prizes():
            lines = _prizes(version.policy, unit)
            remarks.append(text("Equal scores share the prizes of the places that they take, in equal parts."))
            remarks.append(text("Prizes are given once, when every entry of the campaign is final."))
        case Pool():
            lines = _pool(version.policy, unit)
            remarks.append(text("The pool is shared out once, when every part of the campaign is final."))
    if bonus_limit:
        remarks.append(text("A bonus of up to {amount} can come on top.", amount=amount(bonus_limit, unit)))
    if version.reviewer_rate:
        rate = amount(version.reviewer_rate, unit)
        remarks.append(text("Whoever judges somebody else's work earns {amount} for it.", amount=rate))
    remarks.append(text("What becomes final first is paid first, as far as the campaign's money reaches."))
    return Example(tuple(lines), tuple(remarks))


def _piece(policy: PieceRate, unit: Unit) -> list[Line]:
    one = policies.award(policy, SCORE_ONE)
    return [
        Line(text("An accepted answer"), "", amount(one, unit)),
        Line(several("{count} accepted answer", "{count} accepted answers", _MANY), "", amount(_MANY * one, unit)),
        Line(text("An answer that is not accepted"), "", text("nothing")),
    ]


def _score(policy: ScoreRate, unit: Unit) -> list[Line]:
    scores = (SCORE_ONE, 8 * _TENTH, 5 * _TENTH)
    lines = [
        Line(text("An accepted answer"), _written(score), amount(policies.award(policy, score), unit))
        for score in scores
    ]
    return [*lines, Line(text("An answer that is not accepted"), "", text("nothing"))]


def _prizes(policy: Prizes, unit: Unit) -> list[Line]:
    """Four entries: the best, two alike, and one that the least score shuts out, if there is one."""
    least = score_millionths(policy.min_score)
    middle = max((SCORE_ONE - (SCORE_ONE - least) // 4) // _TENTH * _TENTH, least)
    last = least - least // 4 if least else 5 * _TENTH
    return _shared(policy, (SCORE_ONE, middle, middle, last), unit)


def _pool(policy: Pool, unit: Unit) -> list[Line]:
    return _shared(policy, (SCORE_ONE, SCORE_ONE, 5 * _TENTH), unit)


def _shared(policy: Prizes | Pool, scores: Sequence[int], unit: Unit) -> list[Line]:
    """What entries with these scores get if there are no others."""
    entries = [
        policies.Entry(place, name, name, score)
        for place, (name, score) in enumerate(zip(_NAMES, scores, strict=False))
    ]
    won = {entry.contribution: units for entry, units in policies.share_out(policy, entries)}
    return [
        Line(
            text("Accepted entry {name}", name=each.contribution),
            _written(each.score),
            amount(won[each.contribution], unit) if each.contribution in won else text("nothing"),
        )
        for each in entries
    ]


def _written(score: int) -> str:
    return numerals(format_score(score))
