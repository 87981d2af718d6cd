"""Naming a wrong award: what a settlement claims against what the log awards, with the rule that it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Final

from ledger.book.explain import Line, explain, people_of, total_at
from ledger.book.fold import Book
from ledger.book.rewards import PoolBook, Settlement, compute

MAX_NAMED: Final = 10
"""Campaigns, and accounts, that one settlement's findings name."""
MAX_LISTED: Final = 3
"""Awards that one finding lists."""
_DEMANDS: Final[dict[str, str]] = {
    "appeal-pending": "while an appeal is open, pay waits for its resolution",
    "not-final": "only what is final earns",
    "not-over": "prizes and pools are paid once the campaign is over and all of it is final",
    "reopened": "an award whose decision was superseded after it was final is void",
    "rejected": "only what was accepted earns",
    "budget": "a campaign pays no more than its budget",
    "funds": "a campaign pays no more than the pool holds for it",
}
"""What the rules that keep pay back demand."""


@dataclass(frozen=True, slots=True)
class WrongAward:
    """A campaign's total or an account's amount that does not follow from the log. Amounts are base units.

    ``rule`` is the rule of ``ledger.book.explain`` that it breaks; ``none`` where no single rule gives the difference.
    """

    rule: str
    claimed: int
    awarded: int
    words: str
    campaign: str | None = None
    contributor: str | None = None
    account: str | None = None


class Claims:
    """What one settlement claims of a pool at a size of the log, against the book as it is now."""

    def __init__(self, book: Book, pool: PoolBook, size: int) -> None:
        self._book, self._pool, self._size = book, pool, size
        self._known: dict[str, list[Line]] = {}

    @cached_property
    def due(self) -> Settlement | None:
        """What should be settled on top of the last activated settlement that the log knows.

        Also where the book itself settles no more, because one was activated that the log does not know.
        """
        ended = self._pool.ended[: self._pool.next_number_at(self._size) - 1]
        return compute(self._book, replace(self._pool, halted=False, ended=ended, _computed=None), self._size)

    @cached_property
    def expected(self) -> Mapping[str, int]:
        """By account: what the log awards in all, once what is due is settled."""
        return self._pool.accounts | (dict(self.due.accounts) if self.due is not None else {})

    def totals(self, claimed: Mapping[str, int]) -> Iterator[WrongAward]:
        """The campaigns whose totals are wrong, those among them that should be listed and are not."""
        due = {line.campaign for line in self.due.campaigns} if self.due is not None else set()
        for campaign in sorted(claimed.keys() | due):
            if campaign not in self._pool.campaigns:
                words = f"Campaign {campaign} is not paid by this pool."
                yield WrongAward("none", claimed[campaign], 0, words, campaign)
                continue
            awarded = total_at(self._book, campaign, self._size)
            before = self._pool.paid[campaign].total if campaign in self._pool.paid else 0
            claims = claimed.get(campaign, before)
            if claims != awarded:
                yield self._total(campaign, claims, awarded)

    def _total(self, campaign: str, claimed: int, awarded: int) -> WrongAward:
        lines = self._lines(campaign)
        rule, why, line = _reason(lines, claimed - awarded)
        words = (
            f"It gives the contributors of campaign {campaign} {claimed}; the log awards {awarded}"
            f"{_by_rule(lines)}. {why}"
        )
        return WrongAward(rule, claimed, awarded, words, campaign, line.contributor if line else None)

    def accounts(self, claimed: Mapping[str, int]) -> Iterator[WrongAward]:
        """The accounts whose amounts are wrong, those that get too little first: others may get theirs."""
        expected = self.expected
        differences = {
            account: claimed.get(account, 0) - expected.get(account, 0) for account in claimed.keys() | expected.keys()
        }
        for account in sorted(differences, key=lambda each: (differences[each], each)):
            if differences[account]:
                yield self.account(account, claimed.get(account, 0))

    def account(self, account: str, claimed: int) -> WrongAward:
        """One account whose amount is wrong."""
        awarded = self.expected.get(account, 0)
        people = people_of(self._book, account)
        lines = [
            line for campaign in self._worked_in(people) for line in self._lines(campaign) if line.contributor in people
        ]
        said = f"It gives account {account} {claimed} in all; the log awards it {awarded}{_by_rule(lines)}."
        if not people:
            words = f"{said} No contributor of the log has this wallet."
            return WrongAward("none", claimed, awarded, words, account=account)
        rule, why, line = _reason(lines, claimed - awarded)
        campaigns = {each.campaign for each in lines}
        campaign = line.campaign if line else campaigns.pop() if len(campaigns) == 1 else None
        words = f"{said} {why}{_listed(lines)}"
        return WrongAward(rule, claimed, awarded, words, campaign, people[0] if len(people) == 1 else None, account)

    def _worked_in(self, people: Sequence[str]) -> list[str]:
        """The pool's campaigns in which somebody contributed or judged."""
        wanted = set(people)
        found = {
            each.campaign
            for each in self._book.facts.contributions.values()
            if each.contributor in wanted or any(reviewer in wanted for reviewer, _ in each.reviewers)
        }
        return sorted(found & self._pool.campaigns.keys())

    def listed(self, campaigns: Sequence[str]) -> str:
        """In words, what the log awards in these campaigns."""
        said = [
            f"campaign {campaign}: {total_at(self._book, campaign, self._size)}{_by_rule(self._lines(campaign))}"
            for campaign in islice((each for each in campaigns if each in self._pool.campaigns), MAX_NAMED)
        ]
        return f"The log awards {'; '.join(said)}." if said else "The log awards nothing there."

    def _lines(self, campaign: str) -> list[Line]:
        if campaign not in self._known:
            self._known[campaign] = explain(self._book, campaign, size=self._size)
        return self._known[campaign]


def _reason(lines: Sequence[Line], excess: int) -> tuple[str, str, Line | None]:
    """The rule that is broken, the same in words, and the award it is about if that is a single one."""
    too_much = excess > 0
    found = [*_kept_back(lines, excess), *_twice(lines, excess)] if too_much else [*_left_out(lines, -excess)]
    if found:
        rule, words, line = found[0]
        also = "".join(f" Or {other}: {why}" for other, why, _ in found[1:MAX_LISTED])
        return rule, f"Rule {rule}: {words}{also}", line
    sources = {line.rule for line in lines if line.units}
    if len(sources) == 1:
        (source,) = sources
        return source, f"Rule {source}: the amount is not what this rule gives.", None
    return "none", f"No single rule gives the difference of {abs(excess)}.", None


_Reason = tuple[str, str, Line | None]


def _kept_back(lines: Sequence[Line], excess: int) -> Iterator[_Reason]:
    """Rules that keep back as much as is claimed too much."""
    for rule, demand in _DEMANDS.items():
        ours = [line for line in lines if line.rule == rule and line.withheld]
        single = [line for line in ours if line.withheld == excess]
        if single:
            yield rule, f"{demand}, and {_any(single)} is counted all the same.", _only(single)
        elif count := _some_make(excess, [line.withheld for line in ours]):
            yield rule, f"{demand}, and {count} such awards are counted all the same, as {ours[0].words}.", None


def _twice(lines: Sequence[Line], excess: int) -> Iterator[_Reason]:
    """Awards that come to as much as is claimed too much."""
    for rule, single, count, _ in _awards_of(lines, excess):
        if single:
            yield rule, f"each award is paid once, and {_any(single)} is counted once more.", _only(single)
        else:
            yield rule, f"each award is paid once, and {count} of them are counted once more.", None


def _left_out(lines: Sequence[Line], missing: int) -> Iterator[_Reason]:
    """Awards that come to as much as is missing."""
    for rule, single, count, first in _awards_of(lines, missing):
        if single:
            yield rule, f"what is final is paid, and {_any(single)} is left out.", _only(single)
        else:
            yield rule, f"what is final is paid, and {count} awards are left out, as {first.words}.", None


def _awards_of(lines: Sequence[Line], units: int) -> Iterator[tuple[str, list[Line], int, Line]]:
    """By rule: the awards of exactly ``units``; where there are none, how many make that sum; and the rule's first."""
    for rule in dict.fromkeys(line.rule for line in lines if line.units):
        ours = [line for line in lines if line.rule == rule and line.units]
        single = [line for line in ours if line.units == units]
        count = 0 if single else _some_make(units, [line.units for line in ours])
        if single or count:
            yield rule, single, count, ours[0]


def _some_make(units: int, parts: Sequence[int]) -> int:
    """How many of the parts make ``units``: all of them, or some where they are equal; 0 if they do not."""
    if parts and sum(parts) == units:
        return len(parts)
    if len(set(parts)) == 1 and units % parts[0] == 0 and units // parts[0] < len(parts):
        return units // parts[0]
    return 0


def _any(lines: Sequence[Line]) -> str:
    return lines[0].words if len(lines) == 1 else f"one of {len(lines)} such as {lines[0].words}"


def _only(lines: Sequence[Line]) -> Line | None:
    return lines[0] if len(lines) == 1 else None


def _by_rule(lines: Sequence[Line]) -> str:
    """`` (piece_rate 30, bonus 5)``."""
    sums: dict[str, int] = {}
    for line in lines:
        if line.units:
            sums[line.rule] = sums.get(line.rule, 0) + line.units
    return f" ({', '.join(f'{rule} {units}' for rule, units in sums.items())})" if sums else ""


def _listed(lines: Sequence[Line]) -> str:
    awards = [line.words for line in lines if line.units]
    if not awards:
        return ""
    more = f"; and {len(awards) - MAX_LISTED} more" if len(awards) > MAX_LISTED else ""
    return f" The log's awards: {'; '.join(awards[:MAX_LISTED])}{more}."
