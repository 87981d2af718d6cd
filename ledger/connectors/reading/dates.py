"""Moments as platforms and people write them, as RFC 3339 in UTC: ISO 8601, US and European days, ctime with the names
of zones, seconds or milliseconds since 1970, and the Persian calendar.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final, Literal
from zoneinfo import ZoneInfo

import jdatetime

from ledger.connectors.reading.digits import bare
from ledger.errors import FormatError
from ledger.statements.values import format_time

Order = Literal["mdy", "dmy"]

MAX_CHARACTERS: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX: Final = re.compile(r"(?P<whole>[0-9]{9,10})(?:\.(?P<part>[0-9]{1,9}))?|(?P<milliseconds>[0-9]{12,13})")
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>[0-9]{1,2}):?(?P<minutes>[0-9]{2})?")
_CLOCK: Final = re.compile(
    r"(?:\bT?|(?<=[0-9])T)(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?"
    r"(?: ?(?P<half>[ap]\.?m\b\.?|ق\.?ظ\.?|ب\.?ظ\.?|قبل ?از ?ظهر|بعد ?از ?ظهر))?"
    r"(?: ?(?P<zone>(?:UTC|GMT)?[+-][0-9]{1,2}(?::?[0-9]{2})?(?![0-9])|[A-Z]{1,5}\b))?",
    re.IGNORECASE,
)
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_WORDS: Final = re.compile(r"[ ,،]+")
_PERSIAN_YEARS: Final = range(1200, 1600)
_MONTHS: Final = {
    name: place
    for place, names in enumerate(
        (
            ("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr"), ("may",), ("june", "jun"),
            ("july", "jul"), ("august", "aug"), ("september", "sep", "sept"), ("october", "oct"), ("november", "nov"),
            ("december", "dec"),
        ),
        1,
    )
    for name in names
}  # fmt: skip
_WEEKDAYS: Final = frozenset(
    name
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for name in (day, day[:3])
) | {"شنبه", "یکشنبه", "دوشنبه", "سهشنبه", "چهارشنبه", "پنجشنبه", "جمعه"}
_PERSIAN_MONTHS: Final = {name: place for place, name in enumerate(jdatetime.date.j_months_fa, 1)}
_LETTERS: Final = str.maketrans("\u064a\u0643\u0649", "\u06cc\u06a9\u06cc")
"""Arabic forms of the Persian letters ye and ke."""
_ZONES: Final = {
    **dict.fromkeys(("Z", "UTC", "GMT", "UT", "WET"), 0),
    # The North American names mean what RFC 5322 section 4.3 says.
    **{"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420},
    **{"AKST": -540, "AKDT": -480, "HST": -600, "WEST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180},
    **{"MSK": 180, "TRT": 180, "IRST": 210, "IRDT": 270, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660},
}
"""Minutes east of Greenwich. Names that mean several zones (IST, BST) are not here."""


def moment(text: str, *, order: Order | None = None, zone: str = "UTC") -> str:
    """The time in UTC with milliseconds, as in 2026-11-22T03:14:00.123Z; smaller parts are cut off.

    ``order`` says what 3/4/2016 is, which otherwise is refused where it could be both. ``zone`` (UTC+3:30, PST or
    Asia/Tehran) holds where the text names none. A day alone is its midnight. Years 1200 to 1599 are Persian.
    Raises FormatError.
    """
    if len(text) > MAX_CHARACTERS:
        raise _wrong(text[:MAX_CHARACTERS])
    shown = bare(text)
    try:
        found = _unix(shown) or _written(shown, order, zone)
    except (ValueError, OverflowError):  # a day or an hour that is none
        raise _wrong(text) from None
    if found is None:
        raise _wrong(text)
    return found


def _unix(text: str) -> str | None:
    found = _UNIX.fullmatch(text)
    if found is None:
        return None
    if found["milliseconds"]:
        return format_time(int(found["milliseconds"]))
    return format_time(int(found["whole"]) * 1000 + int((found["part"] or "0").ljust(3, "0")[:3]))


def _written(text: str, order: Order | None, zone: str) -> str | None:
    clock = _CLOCK.search(text)
    words = text if clock is None else f"{text[: clock.start()]} {text[clock.end() :]}"
    day = _day([word for word in _WORDS.split(words) if word], order)
    if day is None:
        return None
    hour, minute, second, milliseconds, name = 0, 0, 0, 0, None
    if clock is not None:
        hour, minute, second = _hour(int(clock["hour"]), clock["half"]), int(clock["minute"]), int(clock["second"] or 0)
        milliseconds, name = int((clock["part"] or "0").ljust(3, "0")[:3]), clock["zone"]
    at = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=_zone(name or zone))
    return format_time((at - _EPOCH) // timedelta(milliseconds=1) + milliseconds)


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("an hour of half a day is 1 to 12")
    return hour % 12 + (12 if half[0] in "pPب" else 0)


def _zone(name: str) -> tzinfo:
    """Raises FormatError for a zone that nobody knows."""
    if name.upper() in _ZONES:
        return timezone(timedelta(minutes=_ZONES[name.upper()]))
    offset = _OFFSET.fullmatch(name.upper())
    if offset is not None:
        minutes = int(offset["hours"]) * 60 + int(offset["minutes"] or 0)
        return timezone(timedelta(minutes=-minutes if offset["sign"] == "-" else minutes))
    try:
        if "/" in name:
            return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        pass
    raise FormatError(f"The time zone {name!r} is not known.", remedy="Write times in UTC or with an offset: +03:30.")


def _day(words: list[str], order: Order | None) -> date | None:
    """The day of a date's words, in whichever order they stand; None where they are no date."""
    words = [word for word in words if word.lower().rstrip(".").translate(_LETTERS) not in _WEEKDAYS]
    if len(words) == 1:
        return _numbers(words[0], order)
    if len(words) != 3:
        return None
    month, persian, numbers = 0, False, []
    for word in words:
        name = word.lower().rstrip(".").translate(_LETTERS)
        if name in _PERSIAN_MONTHS:
            month, persian = _PERSIAN_MONTHS[name], True
        elif name in _MONTHS:
            month = _MONTHS[name]
        elif name.isascii() and name.isdigit() and len(name) in (1, 2, 4):
            numbers.append(name)
    if not month or len(numbers) != 2:
        return None
    year = next((int(number) for number in numbers if len(number) == 4), None)
    day = next((int(number) for number in numbers if len(number) < 4), None)
    if year is None or day is None or persian != (year in _PERSIAN_YEARS):
        return None
    return _date(year, month, day)


def _numbers(word: str, order: Order | None) -> date | None:
    found = _YEAR_FIRST.fullmatch(word)
    if found is not None:
        return _date(int(found[1]), int(found[3]), int(found[4]))
    found = _YEAR_LAST.fullmatch(word)
    if found is None:
        return None
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if order is None and found[2] == ".":
        order = "dmy"  # nobody writes the month first with dots
    if order is None and first <= 12 and second <= 12 and first != second:
        raise FormatError(
            f"{word!r} could be two days.", remedy="Say whether the month or the day stands first (order mdy or dmy)."
        )
    month_first = order == "mdy" if order is not None else second > 12
    return _date(year, first, second) if month_first else _date(year, second, first)


def _date(year: int, month: int, day: int) -> date:
    """Raises ValueError for a day that is none."""
    if year in _PERSIAN_YEARS:
        found: date = jdatetime.date(year, month, day).togregorian()
        return found
    return date(year, month, day)


def _wrong(text: str) -> FormatError:
    return FormatError(f"{text!r} is no time that is known here.", remedy="Write it as 2026-11-22T03:14:00Z.")
