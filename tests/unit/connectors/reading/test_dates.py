"""Moments as platforms write them, and that nothing else passes for one."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import jdatetime
import pytest
from babel.dates import format_datetime as localised
from hypothesis import given
from hypothesis import strategies as st

from ledger.connectors.reading.dates import moment
from ledger.connectors.reading.digits import ascii_digits, bare
from ledger.errors import FormatError
from ledger.statements.values import time_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(10**10, 7 * 10**12).map(lambda count: EPOCH + timedelta(milliseconds=count))
OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


@given(MOMENTS, OFFSETS)
def test_standard_forms_are_what_python_says(at: datetime, zone: timezone) -> None:
    there = at.astimezone(zone)
    assert time_ms(moment(there.isoformat())) == milliseconds(at)
    assert time_ms(moment(there.isoformat(" ", "milliseconds").translate(PERSIAN))) == milliseconds(at)
    whole = milliseconds(at) // 1000 * 1000
    assert time_ms(moment(format_datetime(there))) == whole
    assert time_ms(moment(at.strftime("%a %b %d %H:%M:%S UTC %Y"))) == whole
    assert time_ms(moment(at.strftime("%m/%d/%Y %I:%M:%S %p"), order="mdy")) == whole
    assert time_ms(moment(at.strftime("%d/%m/%Y %H:%M:%S"), order="dmy")) == whole
    assert time_ms(moment(localised(at, "MMMM d, y 'at' h:mm:ss a".replace(" 'at'", ""), locale="en_US"))) == whole


@given(MOMENTS)
def test_persian_dates_are_what_the_calendar_says(at: datetime) -> None:
    day = jdatetime.datetime.fromgregorian(datetime=at)
    whole = milliseconds(at) // 1000 * 1000
    written = f"{day.year}/{day.month:02}/{day.day:02} {at:%H:%M:%S}".translate(PERSIAN)
    assert time_ms(moment(written)) == whole
    named = f"{day.day} {jdatetime.date.j_months_fa[day.month - 1]} {day.year}، ساعت".replace("، ساعت", "،")
    assert time_ms(moment(f"{named} {at:%H:%M:%S}".translate(PERSIAN))) == whole


@given(MOMENTS)
def test_seconds_since_1970(at: datetime) -> None:
    count = milliseconds(at)
    if count >= 10**11:
        assert time_ms(moment(str(count))) == count
    if 10**8 <= count // 1000 < 10**10:
        assert time_ms(moment(f"{count // 1000}.{count % 1000:03}")) == count


@given(st.text(max_size=120))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with suppress(FormatError):
        time_ms(moment(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wed Jan 24 09:49:16 PST 2018", "2018-01-24T17:49:16.000Z"),  # MTurk
        ("Sun Nov 22 02:09:49 UTC 2026", "2026-11-22T02:09:49.000Z"),  # Turkle
        ("3/24/2016 17:57:02", "2016-03-24T17:57:02.000Z"),  # CrowdFlower: no month is the 24th
        ("2016-12-16 08:22:14 UTC", "2016-12-16T08:22:14.000Z"),  # Zooniverse
        ("2014-08-18T16:18:07.812241", "2014-08-18T16:18:07.812Z"),  # PYBOSSA
        ("۱۴۰۳/۱۲/۳۰", "2025-03-20T00:00:00.000Z"),  # a leap year's last day
        ("1399-12-30T23:59:59+03:30", "2021-03-20T20:29:59.000Z"),
        ("سه‌شنبه ۱ مهر ۱۴۰۳، ۲:۳۰ ب.ظ", "2024-09-22T14:30:00.000Z"),
        ("\u200f۱۴:۳۰ ۱۴۰۳/۰۷/۰۱", "2024-09-22T14:30:00.000Z"),
        ("Jun 15, 2020 12:05 am", "2020-06-15T00:05:00.000Z"),
        ("15.6.2020 12:05", "2020-06-15T12:05:00.000Z"),
        ("5/5/2020", "2020-05-05T00:00:00.000Z"),
        ("2020-06-15 12:05 GMT+2", "2020-06-15T10:05:00.000Z"),
    ],
)
def test_as_platforms_write(text: str, expected: str) -> None:
    assert moment(text) == expected


def test_where_no_zone_is_written() -> None:
    assert moment("2024-09-22 14:30", zone="Asia/Tehran") == "2024-09-22T11:00:00.000Z"
    assert moment("2024-09-22 14:30", zone="UTC-5") == "2024-09-22T19:30:00.000Z"
    assert moment("2024-09-22 14:30Z", zone="UTC-5") == "2024-09-22T14:30:00.000Z"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3/4/2016", "two days"),
        ("2018-02-30", "no time"),
        ("1404/12/30", "no time"),
        ("2018-01-01 25:00", "no time"),
        ("2018-01-01 13:00 pm", "no time"),
        ("10:00", "no time"),
        ("1/24/18", "no time"),
        ("1 Jan 1403", "no time"),
        ("Wed Jan 24 09:49:16 XYZ 2018", "zone 'XYZ'"),
        ("2018-01-01 10:00 IST", "zone 'IST'"),
        ("9" * 200, "no time"),
        ("0001-01-01T00:00:00+14:00", "no time"),
    ],
)
def test_what_is_no_time_or_two(text: str, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        moment(text)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "nowhere"])
def test_zones_that_nobody_knows(zone: str) -> None:
    with pytest.raises(FormatError, match="not known"):
        moment("2024-09-22", zone=zone)


@given(st.integers(0, 10**9))
def test_digits_of_any_script(number: int) -> None:
    for zero in "٠۰०０𝟎":
        text = "".join(chr(ord(zero) + int(digit)) for digit in str(number))
        assert ascii_digits(f"آ{text}²") == f"آ{number}²"
        assert bare(f"\u200f {text}\u00a0\u200e") == str(number)
