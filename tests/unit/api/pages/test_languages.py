"""The visitor's language: chosen, spoken, counted and written in its own digits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from starlette.requests import Request

from api.pages import languages
from api.pages.languages import amount, date, duration, language_of, markup, number, several, several_markup, text
from ledger.chain.units import POINTS, Unit

NOON_MS = 1_795_348_800_000  # 22 November 2026, 12:00 UTC
PERSIAN_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


@pytest.fixture
def persian() -> Iterator[None]:
    languages.set_language(languages.languages()["fa"])
    yield
    languages.set_language(languages.ENGLISH)


def asking(query: str = "", cookie: str = "", accept: str = "") -> Request:
    headers = [(b"cookie", cookie.encode()), (b"accept-language", accept.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "chosen"),
    [
        ("", "", "", "en"),
        ("lang=fa", "lang=en", "en", "fa"),
        ("lang=xx", "lang=fa", "en", "fa"),
        ("", "lang=xx", "fa-IR,fa;q=0.9,en;q=0.5", "fa"),
        ("", "", "de,en;q=0.8,fa;q=0.5", "en"),
        ("", "", "de, fa;q=0.3", "fa"),
        ("", "", "en;q=0.2, FA ; q=0.9", "fa"),
        ("", "", "fa;q=0", "en"),
        ("", "", "*", "en"),
        ("", "", "fa;q=9,,;;q=x", "en"),
        ("lang=../../etc/passwd", "", "", "en"),
    ],
)
def test_the_language_is_the_asked_one_else_the_one_of_before_else_the_browsers(
    query: str, cookie: str, accept: str, chosen: str
) -> None:
    assert language_of(asking(query, cookie, accept)).code == chosen


@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=600))
def test_whatever_a_browser_says_it_gets_a_language(accept: str) -> None:
    request = asking()
    request.scope["headers"] = [(b"accept-language", accept.encode("latin-1"))]
    assert language_of(request).code in languages.languages()


async def test_what_one_request_chooses_is_not_said_in_another() -> None:
    async def visit(query: str) -> str:
        await languages.speak(asking(query))
        await asyncio.sleep(0)
        return languages.language().code

    assert await asyncio.gather(*(asyncio.create_task(visit(f"lang={code}")) for code in ("fa", "en"))) == ["fa", "en"]
    assert languages.language() is languages.ENGLISH


def test_english_says_what_the_source_says() -> None:
    assert text("Paid to {account}", account="0xab") == "Paid to 0xab"
    assert text("A text {with} braces and no values") == "A text {with} braces and no values"
    assert [several("{count} day", "{count} days", n) for n in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    lengths = [duration(n) for n in (0, 59, 60, 7199, 86_400)]
    assert lengths == ["0 seconds", "59 seconds", "1 minute", "1 hour", "1 day"]
    assert number(-1234567) == "-1\u202f234\u202f567"
    assert date(NOON_MS) == "22 November 2026, 12:00 UTC"


@pytest.mark.usefixtures("persian")
def test_persian_has_its_own_digits_calendar_and_direction() -> None:
    assert number(1234567890) == "۱٬۲۳۴٬۵۶۷٬۸۹۰"
    assert amount(25 * 10**17, Unit("DEV", 18)) == "\u200f۲٫۵\u00a0DEV"
    assert amount(7, POINTS) == "\u200f۷\u00a0امتیاز"
    assert date(NOON_MS).startswith("۱ آذر ۱۴۰۵")
    assert duration(3 * 86_400) == "۳ روز"
    assert languages.language().is_mirrored
    assert languages.language().name == "فارسی"
    # What stands in a sentence from right to left keeps its own direction.
    assert text("{name} is said", name="0xab") == "\u20680xab\u2069 is said"


def test_templates_escape_texts_and_values_but_for_markup() -> None:
    assert markup("<b>{who}</b> & co", who="<i>") == "&lt;b&gt;&lt;i&gt;&lt;/b&gt; &amp; co"
    assert markup("See {link}.", link=Markup("<a>x</a>")) == "See <a>x</a>."
    assert several_markup("<{count}>", "<{count}>", 2) == "&lt;2&gt;"


def test_what_scripts_say_is_there_for_each_plural_category() -> None:
    found = languages.languages()["fa"].for_scripts
    assert set(found["{count} day"]) == {"one", "other"}
    assert "Overview" not in found, "no script says it"


@given(st.integers(0, 2**256), st.integers(0, 36))
def test_persian_amounts_are_the_english_ones_in_other_signs(units: int, decimals: int) -> None:
    unit = Unit("T", decimals)
    english = amount(units, unit)
    languages.set_language(languages.languages()["fa"])
    try:
        written = amount(units, unit)
    finally:
        languages.set_language(languages.ENGLISH)
    assert written[1:].translate(PERSIAN_DIGITS).replace("٬", "\u202f").replace("٫", ".") == english
