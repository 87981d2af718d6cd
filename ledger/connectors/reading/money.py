"""Amounts of money as platforms and people write them, exactly: a decimal text and a currency. Never a float."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from ledger.connectors.reading.digits import bare
from ledger.errors import FormatError

MAX_CHARACTERS: Final = 60
_SIGNS: Final = {
    **{"$": "USD", "US$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD"},
    **{"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₺": "TRY", "₩": "KRW", "₽": "RUB", "﷼": "IRR"},
    **{"ریال": "IRR", "ريال": "IRR", "تومان": "IRT", "تومن": "IRT", "toman": "IRT", "rial": "IRR"},
}
"""Toman (ten rials) has no code of ISO 4217; IRT is what everybody writes."""
_POINT: Final = frozenset({"USD", "CAD", "AUD", "NZD", "HKD", "GBP", "JPY", "INR", "KRW", "IRR", "IRT"})
"""Where a point parts the decimals and a comma the thousands; elsewhere both ways are usual."""
_WHOLE: Final = frozenset({"JPY", "KRW", "IRR", "IRT"})
"""Money of which nobody has parts: three digits behind a point may well be thousands."""
_NUMBER: Final = re.compile(r"[0-9](?:[0-9.,٬٫'’ ]*[0-9])?")
_GROUPS: Final = re.compile(r"[0-9]{1,3}(?:(?P<mark>[.,'’ ])[0-9]{3})(?:(?P=mark)[0-9]{3})*")
_CODE: Final = re.compile(r"[A-Za-z]{3}")


class Money(NamedTuple):
    """An amount: decimal digits with at most one point, no sign; and an ISO 4217 code, or IRT."""

    amount: str
    currency: str


def money(text: str, currency: str | None = None, *, decimal: Literal[".", ","] | None = None) -> Money:
    """What a text says, such as ``$3.00``, ``3,00 €``, ``۳٬۰۰۰ تومان``. ``currency`` holds where it names none.

    ``decimal`` says what parts the decimals, which otherwise is refused where it could be either (``1.234 €``).
    Decimals stay as they were written: 3.00 is not shortened. Raises FormatError.
    """
    shown = bare(text) if len(text) <= MAX_CHARACTERS else ""
    number = _NUMBER.search(shown)
    if number is None:
        raise _wrong(text)
    rest = f"{shown[: number.start()]} {shown[number.end() :]}".strip()
    named = _currency(rest) if rest else currency
    if named is None:
        raise _wrong(text) if rest else FormatError(f"{text!r} names no currency.", remedy="Say which one it is in.")
    return Money(_amount(number[0], named, decimal, text), named)


def _currency(rest: str) -> str | None:
    found = {
        _SIGNS.get(word) or _SIGNS.get(word.lower()) or (word.upper() if _CODE.fullmatch(word) else None)
        for word in rest.split()
    }
    return found.pop() if len(found) == 1 else None  # "$3 USD" says it twice


def _amount(number: str, currency: str, decimal: str | None, text: str) -> str:
    number = number.replace("٬", "'").replace("٫", "⎖")
    if "⎖" in number:  # Persian decimal mark, which is nothing else
        number, decimal = re.sub(r"[.,]", "'", number).replace("⎖", "."), "."
    marks = [mark for mark in ".," if mark in number]
    if decimal is None and len(marks) == 2:
        decimal = max(marks, key=number.rindex)
    elif decimal is None and len(marks) == 1:
        decimal = _decimal_mark(number, marks[0], currency, text)
    whole, _, part = number.rpartition(decimal) if decimal and decimal in number else (number, "", "")
    if part and not part.isdigit():
        raise _wrong(text)
    if not whole.isdigit():
        if _GROUPS.fullmatch(whole) is None:
            raise _wrong(text)
        whole = re.sub("[^0-9]", "", whole)
    return (whole.lstrip("0") or "0") + (f".{part}" if part else "")


def _decimal_mark(number: str, mark: str, currency: str, text: str) -> str | None:
    """What the only kind of mark in a number is: ``mark`` for decimals, None for thousands."""
    head, _, tail = number.partition(mark)
    if number.count(mark) > 1:
        return None
    if len(tail) != 3 or head == "0" or len(head) > 3:
        return mark
    if currency in _POINT and not (currency in _WHOLE and mark == "."):
        return mark if mark == "." else None
    raise FormatError(f"{text!r} could be two amounts.", remedy="Say what parts the decimals (decimal '.' or ',').")


def _wrong(text: str) -> FormatError:
    return FormatError(f"{text[:MAX_CHARACTERS]!r} is no amount of money.", remedy="Write it as $3.00 or 3000 IRR.")
