"""Ticks of pictures in the visitor's language, calendar and digits. ``templates/chart.html`` shows a picture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from api.pages.languages import ENGLISH, language, number, numerals, text
from ledger.pictures import Labels
from ledger.pictures.calendars import persian

_SHORT_NAME: Final = 3
"""Letters of an English month; other languages keep the whole name."""


def labels() -> Labels:
    """How the visitor's language writes days, hours and counts at the edges of a picture."""
    return Labels(date=_day, number=number, time=_hour)


def _day(ms: int) -> str:
    day, month, year, _ = _parts(ms)
    return text("{day} {month} {year}", day=day, month=month, year=year)


def _hour(ms: int) -> str:
    day, month, _, time = _parts(ms)
    return text("{day} {month}, {time}", day=day, month=month, time=time)


def _parts(ms: int) -> tuple[Markup, Markup, Markup, Markup]:
    moment = datetime.fromtimestamp(ms // 1000, tz=UTC)
    of = language()
    year, month, day = persian(moment.date()) if of.code == "fa" else (moment.year, moment.month, moment.day)
    name = of.months[month - 1]
    if of is ENGLISH:
        name = name[:_SHORT_NAME]
    written = (numerals(str(day)), name, numerals(str(year)), numerals(f"{moment:%H:%M}"))
    first, second, third, fourth = map(Markup, written)
    return first, second, third, fourth
