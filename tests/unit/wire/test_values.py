"""What the plain models take and refuse."""

from __future__ import annotations

import pytest
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from ledger.statements.values import MAX_AMOUNT, format_time, time_ms
from ledger.wire import NewCampaign, PieceRate
from ledger.wire.values import MAX_CONTENT_BYTES, Address, Amount, Document, Id, Moment, OwnId

ADDRESS: TypeAdapter[str] = TypeAdapter(Address)
AMOUNT: TypeAdapter[str] = TypeAdapter(Amount)
MOMENT: TypeAdapter[str] = TypeAdapter(Moment)
DOCUMENT: TypeAdapter[object] = TypeAdapter(Document)


def refused(adapter: TypeAdapter[object] | TypeAdapter[str], value: object) -> None:
    with pytest.raises(ValidationError):
        adapter.validate_python(value)


@given(st.binary(min_size=20, max_size=20))
def test_addresses_lose_their_capitals(raw: bytes) -> None:
    lower = "0x" + raw.hex()
    assert ADDRESS.validate_python(lower) == lower
    assert ADDRESS.validate_python(str(to_checksum_address(lower))) == lower


def test_mistyped_capitals_are_refused() -> None:
    good = str(to_checksum_address("0x" + "ab" * 20))
    refused(ADDRESS, good.swapcase().replace("X", "x"))
    refused(ADDRESS, good[:-1])
    refused(ADDRESS, good + "\n")


@given(st.integers(min_value=0, max_value=MAX_AMOUNT))
def test_amounts(units: int) -> None:
    assert AMOUNT.validate_python(str(units)) == str(units)


@pytest.mark.parametrize("text", ["", "-1", "+1", "01", "1.0", "1e3", " 1", "1\n", "١", str(MAX_AMOUNT + 1), "9" * 99])
def test_what_is_no_amount(text: str) -> None:
    refused(AMOUNT, text)


@given(st.integers(min_value=0, max_value=253_000_000_000_000))
def test_moments_are_kept_as_statements_carry_them(ms: int) -> None:
    assert MOMENT.validate_python(format_time(ms)) == format_time(ms)


def test_moments_of_other_zones() -> None:
    assert MOMENT.validate_python("2026-11-22T05:14:00+02:00") == "2026-11-22T03:14:00.000Z"
    assert time_ms(MOMENT.validate_python("2026-11-22T03:14:00.123456Z")) % 1000 == 123
    for text in ("2026-11-22", "2026-11-22T03:14:00", "now", "", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z"):
        refused(MOMENT, text)


def test_documents_are_bounded() -> None:
    assert DOCUMENT.validate_python("x" * (MAX_CONTENT_BYTES - 2)) is not None
    refused(DOCUMENT, "x" * (MAX_CONTENT_BYTES - 1))
    refused(DOCUMENT, 2**53)
    refused(DOCUMENT, float("nan"))
    refused(DOCUMENT, "\ud800")


def test_names_and_ids_end_where_they_end() -> None:
    refused(TypeAdapter(OwnId), "ann\n")
    refused(TypeAdapter(OwnId), "a\x85b")
    refused(TypeAdapter(Id), "01935b1e-0000-7000-8000-000000000000\n")
    refused(TypeAdapter(Id), "01935b1e-0000-4000-8000-000000000000")


def test_models_take_nothing_unknown_and_convert_nothing() -> None:
    brief = {
        "problem": "P",
        "mode": "cooperation",
        "rules": "R",
        "example_accepted": 1,
        "example_rejected": 0,
        "rights": {"rejected_entries": "contributor", "pass_on": "payment"},
    }
    policy = {"name": "piece_rate", "amount": "1"}
    good = {"title": "T", "type": "rating", "brief": brief, "terms": 1, "policy": policy, "budget": "1"}
    assert NewCampaign.model_validate(good).policy == PieceRate(amount="1")
    for change in ({"budget": 1}, {"appeal_window": "7"}, {"unknown": 1}, {"policy": {"name": "x"}}):
        with pytest.raises(ValidationError):
            NewCampaign.model_validate(good | change)
