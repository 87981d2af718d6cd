"""The report's languages: English texts are the keys, ``xx.po`` beside this file translates them (GNU gettext).

A catalogue of its own, apart from that of the service's pages: the auditor's code runs where these are not.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po

from ledger.chain.units import Unit
from ledger.errors import ConfigError
from ledger.pictures import Labels
from ledger.pictures.calendars import MONTHS, persian

_FOLDER: Final = Path(__file__).parent
_THIN_SPACE: Final = "\u202f"
_ZERO: Final = {"arabext": "۰", "arab": "٠"}
_MOST_DIGITS: Final = 15
"""Longer numbers are written as a power of ten: nobody counts twenty digits in a picture."""
_MOST_DECIMALS: Final = 6
_NAMES: Final = frozenset({"chain"})
"""Values that look like counts and are names."""
_LONGEST: Final = 400
"""Longer sentences are findings of a kind that nobody translates: no pattern is tried on them."""
_VALUE: Final = re.compile(r"\\{([a-z]+)\\}")
"""A value in a text that went through ``re.escape``."""


class Language:
    """One language: texts, numbers and times. Raises ConfigError where there is none of that code."""

    def __init__(self, code: str) -> None:
        if code not in codes():
            raise ConfigError(
                f"The report cannot be written in '{code}'.", remedy=f"There are: {', '.join(sorted(codes()))}."
            )
        self.code = code
        self._locale = Locale(code)
        self._texts = {} if code == "en" else texts(code)
        numbering = self._locale.default_numbering_system
        symbols = self._locale.number_symbols[numbering]
        zero = ord(_ZERO.get(numbering, "0"))
        self._numerals = {ord("0") + digit: chr(zero + digit) for digit in range(10)}
        self._numerals |= {ord(_THIN_SPACE): _THIN_SPACE if code == "en" else symbols["group"]}
        self._numerals |= {ord("."): symbols["decimal"]}

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return self._locale.text_direction

    def text(self, message: str, **values: object) -> str:
        """A text in this language; ``{name}`` stands for a value, integers are written with its digits."""
        said = self._texts.get(message, message)
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return said.format(**shown) if values else said

    def sentence(self, said: str) -> str | None:
        """A sentence of the audit's own in this language, found by the text that it was made from; None if unknown."""
        if said in self._texts or self.code == "en":
            return self._texts.get(said, said)
        for pattern, message in _patterns(self.code) if len(said) <= _LONGEST else ():
            found = pattern.fullmatch(said)
            if found and all(value in self._texts or " " not in value for value in found.groups()):
                values = {name: self._own(name, value) for name, value in found.groupdict().items()}
                return self._texts[message].format(**values)
        return None

    def _own(self, name: str, value: str) -> str:
        """A count in the language's digits; a name stands by itself in a sentence of another direction."""
        if value in self._texts:
            return self._texts[value]
        is_count = name not in _NAMES and value.isascii() and value.isdigit()
        return self.number(int(value)) if is_count else f"\u2068{value}\u2069"

    def number(self, value: int) -> str:
        """An integer in groups of three digits."""
        return f"{value:,}".replace(",", _THIN_SPACE).translate(self._numerals)

    def amount(self, base_units: int, unit: Unit) -> str:
        """An amount with its unit: exact up to six decimals, in three digits and a power of ten where it is huge."""
        if unit.decimals == 0 and len(str(base_units)) > _MOST_DIGITS:
            digits = str(base_units)
            written = f"{digits[0]}.{digits[1:3]}".rstrip("0").rstrip(".") + f" × 10^{len(digits) - 1}"
        else:
            dropped = 10 ** max(unit.decimals - _MOST_DECIMALS, 0)
            written = Unit(unit.name, min(unit.decimals, _MOST_DECIMALS)).number(base_units // dropped)
        return f"{written.translate(self._numerals)}\u00a0{self.text(unit.name)}"

    def share(self, part: int, whole: int) -> str:
        """A share in whole per cents."""
        sign = "٪" if self.code == "fa" else "\u202f%"
        return f"{self.number(100 * part // whole if whole else 0)}{sign}"

    def date(self, at_ms: int) -> str:
        """A day, UTC, in the language's calendar."""
        moment = datetime.fromtimestamp(at_ms // 1000, UTC)
        if self.code == "fa":
            year, month, day = persian(moment.date())
            name = MONTHS[month - 1]
        else:
            year, day, name = moment.year, moment.day, self._locale.months["format"]["abbreviated"][moment.month]
        return f"{day} {name} {year}".translate(self._numerals)

    def time(self, at_ms: int) -> str:
        """A moment to the minute, UTC."""
        clock = f"{datetime.fromtimestamp(at_ms // 1000, UTC):%H:%M}".translate(self._numerals)
        return self.text("{date}, {clock} UTC", date=self.date(at_ms), clock=clock)

    def labels(self) -> Labels:
        """How pictures write their ticks."""
        return Labels(date=self.date, number=self.number, time=self._hour)

    def _hour(self, at_ms: int) -> str:
        clock = f"{datetime.fromtimestamp(at_ms // 1000, UTC):%H:%M}".translate(self._numerals)
        return self.text("{date}, {clock}", date=self.date(at_ms).rpartition(" ")[0], clock=clock)


@cache
def _patterns(code: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What matches the texts that hold values, those with most to say first."""
    ordered = sorted((message for message in texts(code) if "{" in message), key=len, reverse=True)
    return tuple((re.compile(_VALUE.sub(r"(?P<\1>.+?)", re.escape(message))), message) for message in ordered)


@cache
def codes() -> frozenset[str]:
    """The languages that there are."""
    return frozenset({"en"} | {file.stem for file in _FOLDER.glob("*.po")})


@cache
def texts(code: str) -> dict[str, str]:
    """A catalogue: English to the language."""
    with (_FOLDER / f"{code}.po").open("rb") as stream:
        catalogue = read_po(stream, locale=code)
    return {
        each.id: each.string
        for each in catalogue
        if isinstance(each.id, str) and isinstance(each.string, str) and each.id and each.string and not each.fuzzy
    }
