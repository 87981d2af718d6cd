"""The visitor's language: English texts are the keys, ``xx.po`` beside this file translates them (GNU gettext).

``speak`` picks the language of a request; what the pages say is then said in it. Nothing but the pages speaks
anything else than English: the language is theirs alone, by a context variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup, escape
from starlette.requests import Request

from ledger.chain.units import Unit
from ledger.connectors.reading.digits import ascii_digits
from ledger.pictures.calendars import MONTHS, persian

FOLDER: Final = Path(__file__).parent
COOKIE: Final = "lang"
_STATIC: Final = "api/pages/static/"
_ACCEPTED: Final = re.compile(
    r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q\s*=\s*(0(?:\.\d{1,3})?|1(?:\.0{1,3})?))?"
)
_MAX_HEADER: Final = 500
_THIN_SPACE: Final = "\u202f"
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
"""What stands between the two keeps its own direction (Unicode UAX 9)."""
_RIGHT_TO_LEFT: Final = "\u200f"
"""Begins a number with a Latin name, which would else be taken for Latin text and put the name first."""
_CATEGORY_SAMPLES: Final = 200
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Language:
    """A language: its code (ISO 639), its own name, its direction, its numbers and its texts."""

    code: str
    name: str
    direction: str
    months: tuple[str, ...]
    numerals: dict[int, str]
    """What stands for a digit, the space between groups of three digits, and the decimal point."""
    translations: NullTranslations
    for_scripts: Mapping[str, Any] = field(repr=False)
    """The texts that occur in scripts: a string, or one by the plural category (CLDR)."""

    @property
    def is_mirrored(self) -> bool:
        """Whether it is written from right to left."""
        return self.direction == "rtl"


def _english() -> Language:
    months = tuple(Locale("en").months["format"]["wide"].values())
    return Language("en", "English", "ltr", months, {}, NullTranslations(), {})


def _read(file: Path) -> Language:
    with file.open("rb") as stream:
        catalogue = read_po(stream, locale=file.stem)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    translations = GNUTranslations(compiled)
    locale = Locale(file.stem)
    symbols = locale.number_symbols[locale.default_numbering_system]
    zero = {"arabext": 0x6F0, "arab": 0x660}.get(locale.default_numbering_system, ord("0"))
    numerals = {ord("0") + digit: chr(zero + digit) for digit in range(10)}
    numerals |= {ord(_THIN_SPACE): symbols["group"], ord("."): symbols["decimal"]}
    months = MONTHS if locale.language == "fa" else tuple(locale.months["format"]["wide"].values())
    name = (locale.get_display_name() or file.stem).capitalize()
    scripts = _for_scripts(catalogue, locale, translations)
    return Language(file.stem, name, locale.text_direction, months, numerals, translations, scripts)


def _for_scripts(catalogue: Catalog, locale: Locale, translations: NullTranslations) -> dict[str, Any]:
    """What ``static/words.mjs`` needs. It chooses by category, gettext by number: a number of each category tells."""
    samples = {locale.plural_form(n): n for n in reversed(range(_CATEGORY_SAMPLES))}
    found: dict[str, Any] = {}
    for message in catalogue:
        if message.fuzzy or not message.id or not any(path.startswith(_STATIC) for path, _ in message.locations):
            continue
        if isinstance(message.id, str):
            found[message.id] = translations.gettext(message.id)
        else:
            one, other = message.id
            found[one] = {category: translations.ngettext(one, other, n) for category, n in samples.items()}
    return found


ENGLISH: Final = _english()
_LANGUAGE: ContextVar[Language] = ContextVar("language", default=ENGLISH)


@cache
def languages() -> dict[str, Language]:
    """All languages by their codes, English first. Raises what a broken file makes Babel raise."""
    return {"en": ENGLISH} | {file.stem: _read(file) for file in sorted(FOLDER.glob("*.po"))}


def language() -> Language:
    """The visitor's language."""
    return _LANGUAGE.get()


async def speak(request: Request) -> None:
    """Let what follows in this request be said in the visitor's language: a dependency of the pages' routers."""
    set_language(language_of(request))


def set_language(chosen: Language) -> None:
    """Say what follows, in this task, in ``chosen``."""
    _LANGUAGE.set(chosen)


def language_of(request: Request) -> Language:
    """The language that the address asks for, else the one of before, else the browser's, else English."""
    known = languages()
    for code in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if code in known:
            return known[code]
    accepted = request.headers.get("accept-language", "")[:_MAX_HEADER]
    weighed = [found for part in accepted.split(",") if (found := _ACCEPTED.fullmatch(part.rstrip()))]
    for found in sorted(weighed, key=lambda found: -float(found[2] or 1)):
        code = found[1].lower()
        if code in known and float(found[2] or 1) > 0:
            return known[code]
    return ENGLISH


def mark(message: str) -> str:
    """Mark a text for translators where it is kept; ``text`` says it later."""
    return message


def text(message: str, **values: Any) -> str:
    """``message`` in the visitor's language; ``{name}`` stands for a value, integers are written with its digits."""
    return _filled(language().translations.gettext(message), values)


def several(one: str, other: str, count: int, **values: Any) -> str:
    """``one`` or ``other`` as the visitor's language asks for at ``count``, which is also the value ``{count}``."""
    return _filled(language().translations.ngettext(one, other, count), {"count": count, **values})


def markup(message: str, **values: Any) -> Markup:
    """``text`` for templates: escaped, but for values that are markup themselves."""
    found = escape(language().translations.gettext(message))
    return found.format(**_all_shown(values)) if values else found


def several_markup(one: str, other: str, count: int, **values: Any) -> Markup:
    """``several`` for templates."""
    found = escape(language().translations.ngettext(one, other, count))
    return found.format(**_all_shown({"count": count, **values}))


def _filled(message: str, values: Mapping[str, Any]) -> str:
    return message.format(**_all_shown(values)) if values else message


def _all_shown(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _shown(value) for name, value in values.items()}


def _shown(value: Any) -> Any:
    """A value in a sentence: what has a direction of its own keeps it where the sentence runs from right to left."""
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value)
    if isinstance(value, Markup):
        return value
    return f"{_ISOLATE}{value}{_END_ISOLATE}" if language().is_mirrored else value


def numerals(written: str) -> str:
    """A number as English writes it, with thin spaces and a point, as the visitor's language writes it."""
    return written.translate(language().numerals)


def plain(typed: str) -> str:
    """What somebody typed or pasted, without space around it and with its digits, of whatever script, as ASCII has
    them.
    """
    return ascii_digits(typed.strip())


def number(value: int | str) -> str:
    """An integer in groups of three digits."""
    return numerals(f"{int(value):,}".replace(",", _THIN_SPACE))


def amount(base_units: int | str, unit: Unit) -> str:
    """An amount and what it is counted in, on one line."""
    begin = _RIGHT_TO_LEFT if language().is_mirrored else ""
    return f"{begin}{numerals(unit.number(base_units))}\u00a0{text(unit.name)}"


def date(ms: int) -> str:
    """A moment (Unix ms) to the minute, in UTC and in the calendar of the visitor's language."""
    moment = datetime.fromtimestamp(ms // 1000, tz=UTC)
    if language().code == "fa":
        year, month, day = persian(moment.date())
    else:
        year, month, day = moment.year, moment.month, moment.day
    return text("{day} {month} {year}, {time} UTC").format(
        day=numerals(str(day)),
        month=language().months[month - 1],
        year=numerals(str(year)),
        time=numerals(f"{moment:%H:%M}"),
    )


def duration(seconds: int) -> str:
    """A length of time in its largest unit."""
    if seconds >= _DAY:
        return several("{count} day", "{count} days", seconds // _DAY)
    if seconds >= _HOUR:
        return several("{count} hour", "{count} hours", seconds // _HOUR)
    if seconds >= _MINUTE:
        return several("{count} minute", "{count} minutes", seconds // _MINUTE)
    return several("{count} second", "{count} seconds", seconds)
