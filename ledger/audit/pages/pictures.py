"""The pictures of a report: each with its caption, what it shows in a sentence, and its figures as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ledger.audit.pages.figures import AppealOutcome, Figures, Reviewer
from ledger.audit.pages.language import Language
from ledger.audit.pages.pay import Pay
from ledger.pictures import Picture, bars, columns, growth, stacked
from ledger.pictures.markup import fitted

_OUTCOMES: Final[dict[AppealOutcome, str]] = {
    "kept": "The decision stands",
    "changed": "The decision was changed",
    "default": "No answer in time",
    "open": "Still open",
    "reopened": "The work was reopened later",
}
_DELAYS: Final = ("1 min", "15 min", "1 h", "6 h", "1 day", "more")
_MOST_ROWS: Final = 20
_ID_PX: Final = 150


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and its words."""

    caption: str
    words: str
    picture: Picture
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def charts(figures: Figures, language: Language) -> Iterator[Chart]:
    """The pictures that there are figures for."""
    if figures.growth:
        yield _growth(figures, language)
    if sum(figures.delays):
        yield _delays(figures, language)
    if figures.reviewers:
        yield _reviewers(figures, language)
    for pay in figures.pay:
        yield _pay(pay, language)
    if figures.appeals:
        yield _appeals(figures, language)


def _growth(figures: Figures, language: Language) -> Chart:
    _, number = language.text, language.number
    caption = _("How the log grew")
    words = _(
        "From {first} to {last}.", first=language.time(figures.growth[0][0]), last=language.time(figures.growth[-1][0])
    )
    picture = growth(figures.growth, title=caption, desc=words, labels=language.labels())
    step = max(len(figures.growth) // _MOST_ROWS, 1)
    rows = tuple((language.time(at), number(size)) for at, size in figures.growth[::-1][::step])
    return Chart(caption, words, picture, (_("Time"), _("Entries")), rows)


def _delays(figures: Figures, language: Language) -> Chart:
    _, number = language.text, language.number
    caption = _("How long entries waited for their anchor")
    names = [_(name) for name in _DELAYS]
    words = _("Entries by the time from their own to that of the block; each column goes up to what stands below it.")
    words += " " + _("Not anchored yet: {count}.", count=figures.waiting)
    items = list(zip(names, figures.delays, strict=True))
    picture = columns(items, title=caption, desc=words, shown=number)
    rows = tuple((name, number(count)) for name, count in items)
    return Chart(caption, words, picture, (_("Up to"), _("Entries")), rows)


def _reviewers(figures: Figures, language: Language) -> Chart:
    _, number = language.text, language.number
    caption = _("Decisions by reviewer")
    keys = (_("Accepted"), _("Rejected"), _("Needs more work"))
    words = _("Decisions that stand. Several judges, a method or a model name no single reviewer.")
    if figures.more_reviewers:
        words += " " + _("Reviewers not shown: {count}.", count=figures.more_reviewers)
    items = [(fitted(_name(each, language), _ID_PX), each.counts) for each in figures.reviewers]
    picture = stacked(items, keys=keys, title=caption, desc=words, shown=number)
    rows = tuple((_name(each, language), *map(number, each.counts)) for each in figures.reviewers)
    return Chart(caption, words, picture, (_("Reviewer"), *keys), rows)


def _name(of: Reviewer, language: Language) -> str:
    return language.text("No single reviewer") if of.id is None else of.id


def _pay(pay: Pay, language: Language) -> Chart:
    """The edges of the columns are written as numbers, their unit once."""
    _, unit = language.text, pay.unit
    caption = _("What people earned")
    if pay.pool is not None:
        where = _("Pool {pool} on chain {chain}.", pool=f"{pay.pool[1][:8]}…{pay.pool[1][-6:]}", chain=str(pay.pool[0]))
    else:
        where = _("In campaigns that pay points.")
    words = _(
        "People: {people}. In all: {total}. The middle one: {middle}. The highest: {highest}. "
        "The best-paid tenth has {share}.",
        people=pay.people,
        total=language.amount(pay.total, unit),
        middle=language.amount(pay.middle, unit),
        highest=language.amount(pay.highest, unit),
        share=language.share(pay.top_tenth, pay.total),
    )
    edges = [language.amount(number * pay.step, unit) for number in range(1, len(pay.counts) + 1)]
    items = [(edge.partition("\u00a0")[0], count) for edge, count in zip(edges, pay.counts, strict=True)]
    picture = columns(items, title=f"{caption} ({unit.name})", desc=f"{where} {words}", shown=language.number)
    rows = tuple((edge, language.number(count)) for edge, count in zip(edges, pay.counts, strict=True))
    return Chart(caption, f"{where} {words}", picture, (_("Up to"), _("People")), rows)


def _appeals(figures: Figures, language: Language) -> Chart:
    _, number = language.text, language.number
    caption = _("What became of appeals")
    words = _("Appeals in all: {count}.", count=sum(figures.appeals.values()))
    if "default" in figures.appeals:
        words += " " + _("Where nobody answered in time, what the campaign declared for that holds.")
    items = [(_(_OUTCOMES[outcome]), count) for outcome, count in figures.appeals.items()]
    picture = bars(items, title=caption, desc=words, shown=number)
    return Chart(
        caption, words, picture, (_("Outcome"), _("Appeals")), tuple((name, number(count)) for name, count in items)
    )
