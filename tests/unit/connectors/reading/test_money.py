"""Amounts as people write them: exact, or refused where they could be two."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from ledger.connectors.reading.money import Money, money
from ledger.errors import FormatError

AMOUNTS = st.decimals(0, 10**9, places=2, allow_nan=False)


@given(
    AMOUNTS, st.sampled_from(["en_US", "de_DE", "fa_IR", "fr_FR", "de_CH", "ja_JP"]), st.sampled_from(["USD", "EUR"])
)
def test_what_babel_writes_for_a_country_is_read(amount: Decimal, locale: str, currency: str) -> None:
    written = format_currency(amount, currency, locale=locale, format="#,##0.00 ¤¤", currency_digits=False)
    found = money(written)
    assert (Decimal(found.amount), found.currency) == (amount, currency)


@given(AMOUNTS)
def test_decimals_are_kept_as_written(amount: Decimal) -> None:
    assert money(f"${amount:.2f}") == Money(f"{amount:.2f}", "USD")
    assert money(f"${amount:,.2f}").amount == f"{amount:.2f}"


@given(st.text("0123456789.,$€ '-٬٫۳USDEURx", max_size=20) | st.text(max_size=70))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        found = money(text, "USD")
    except FormatError:
        return
    assert str(Decimal(found.amount).copy_abs()) == str(Decimal(found.amount))
    assert found.amount.isascii()
    assert len(found.currency) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$3.00", Money("3.00", "USD")),
        ("3,00 €", Money("3.00", "EUR")),
        ("۳٬۰۰۰ تومان", Money("3000", "IRT")),
        ("۳٫۵ ریال", Money("3.5", "IRR")),
        ("US$1,234.50", Money("1234.50", "USD")),
        ("1.234.567,89 EUR", Money("1234567.89", "EUR")),
        ("£1,234", Money("1234", "GBP")),
        ("CHF 1’234.50", Money("1234.50", "CHF")),
        ("$ 0.050", Money("0.050", "USD")),
        ("007 usd", Money("7", "USD")),
    ],
)
def test_as_platforms_write(text: str, expected: Money) -> None:
    assert money(text) == expected


@pytest.mark.parametrize(
    "text", ["", "$", "-3 $", "$-3", "(3.00) $", "3 kr", "1e5 USD", "$3.00.1", "12,34,567 INR", "$3 and $4", "3 € USD"]
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(FormatError, match="no amount"):
        money(text)


def test_what_could_be_two_amounts_and_what_says_which() -> None:
    with pytest.raises(FormatError, match="two amounts"):
        money("1.234 €")
    assert money("1.234 €", decimal=",").amount == "1234"
    assert money("1.234 €", decimal=".").amount == "1.234"
    with pytest.raises(FormatError, match="names no currency"):
        money("3.00")
    assert money("3.00", "USD").currency == "USD"


@pytest.mark.parametrize("text", ["3.500 IRR", "۳.۵۰۰ تومان", "¥1.500"])
def test_money_of_which_nobody_has_parts(text: str) -> None:
    with pytest.raises(FormatError, match="two amounts"):
        money(text)
    assert money(text, decimal=",").amount.endswith("500")
    assert "." not in money(text, decimal=",").amount
