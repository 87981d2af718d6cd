from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.statements import values


@given(st.integers(0, 253402300799999))
def test_times_go_both_ways(milliseconds):
    text = values.format_time(milliseconds)
    assert values.time_ms(text) == milliseconds
    msgspec.convert(text, values.Timestamp)
    assert datetime.fromisoformat(text).replace(microsecond=0) == datetime.fromtimestamp(milliseconds // 1000, UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-13-01T00:00:00.000Z", "2026-11-22 03:14:00.123Z", "2026-11-22T03:14:00.123"),
        *(
            "2026-11-22T031400.12345Z",
            "2026-11-22T03:14:00,123Z",
            "2026-W47-7T03:14:00.123Z",
            "2026-11-22T03:14:00.1+00",
        ),
    ],
)
def test_no_times(text):
    with pytest.raises(FormatError):
        values.time_ms(text)


@given(st.integers(0, values.SCORE_ONE))
def test_scores_go_both_ways(millionths):
    text = values.format_score(millionths)
    assert values.score_millionths(text) == millionths
    assert Decimal(text) == Decimal(millionths) / values.SCORE_ONE
    msgspec.convert(text, values.Score)


@given(st.integers(0, values.MAX_AMOUNT))
def test_amounts_go_both_ways(units):
    assert values.amount(msgspec.convert(str(units), values.Amount)) == units


def test_amounts_are_bounded():
    with pytest.raises(FormatError):
        values.amount(str(2**120))


@given(st.integers(0, 2**48 - 1), st.binary(min_size=16, max_size=16))
def test_ids_are_what_uuid_reads(milliseconds, random):
    seven, four = UUID(values.uuid7(milliseconds, random)), UUID(values.uuid4(random))
    assert (seven.version, seven.variant) == (7, "specified in RFC 4122")
    assert (four.version, four.variant) == (4, "specified in RFC 4122")
    assert seven.int >> 80 == milliseconds
    msgspec.convert(str(seven), values.Id)
    msgspec.convert(str(four), values.ContributorId)
