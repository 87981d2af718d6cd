"""What the connectors of paying platforms share: decisions in one shape, and bonuses that are listed apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from ledger.connectors.records import DecisionRecord
from ledger.errors import FormatError
from ledger.statements.decisions import Method, Verdict
from ledger.statements.values import SCORE_ONE

MAX_BONUSES: Final = 1_000_000
_MAX_AMOUNT: Final = Decimal(10) ** 12
_MAX_DECIMALS: Final = 12
_MAX_WORDS: Final = 10_000


class Bonus(NamedTuple):
    """What was paid beside the price of a work: the sum as a decimal number, in so many payments."""

    total: str
    payments: int


def decision(
    contribution: str,
    status: str,
    verdict: Verdict,
    words: object = None,
    *,
    title: str,
    score: str | None = None,
    method: Method | None = None,
    bonus: Bonus | None = None,
    before: Sequence[str] = (),
) -> DecisionRecord:
    """What the platform decided; ``status`` is its own word for it, so that a later change of mind is another decision.

    ``before`` are the words for what the platform may have said earlier and can take back by this one; never the other
    way round, so that an old file changes nothing. Whoever is not accepted is owed words: where the platform gives
    none, ours say so.
    """
    if bonus is not None and verdict != "accepted":
        raise FormatError(
            "A bonus was paid for work that was not accepted; a bonus here goes with an accepted decision.",
            remedy="Accept the work, or record that payment as a contribution of its own.",
        )
    said = str(words).strip()[:_MAX_WORDS] if words is not None else ""
    if not said and verdict != "accepted":
        said = f"{title} says '{status}' and gives no reason."
    return DecisionRecord(
        contribution=contribution,
        verdict=verdict,
        external_id=_name(contribution, status),
        score=score,
        feedback={"words": said} if said else None,
        method=method,
        bonus=None if bonus is None else bonus.total,
        payments=0 if bonus is None else bonus.payments,
        replaces=tuple(_name(contribution, each) for each in before),
    )


def _name(contribution: str, status: str) -> str:
    return f"{contribution}:{status.lower().replace(' ', '-')}"


def total(payments: Sequence[Decimal]) -> Bonus | None:
    """Several payments as one; None where nothing was paid."""
    paid = sum(payments, Decimal(0))
    return Bonus(f"{paid.normalize():f}", sum(1 for each in payments if each)) if paid else None


def score_of(text: object) -> str:
    """A share such as 0.9724 as statements write it, cut after six decimals. Raises FormatError outside of [0, 1]."""
    share = _decimal(text)
    if not 0 <= share <= 1:
        raise FormatError(f"{share} is no score from 0 to 1.", remedy="Export the file again and do not edit it.")
    millionths = int(share * SCORE_ONE)
    if millionths in (0, SCORE_ONE):
        return str(millionths // SCORE_ONE)
    return f"0.{millionths:06d}".rstrip("0")


def amount(value: object) -> Decimal:
    """An amount of the platform's API: a decimal number, or its text. Raises FormatError for what cannot be paid."""
    found = _decimal(value)
    exponent = found.as_tuple().exponent
    # With so many decimals sums of it would be rounded.
    if not 0 <= found < _MAX_AMOUNT or not isinstance(exponent, int) or exponent < -_MAX_DECIMALS:
        raise FormatError(f"{found} cannot be paid.", remedy="Export the file again and do not edit it.")
    return found


class Bonuses:
    """Bonuses that a platform lists apart from the work they are for; the list comes before the work in a file."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Decimal]] = {}
        self._count = 0

    def add(self, work: str, value: object) -> None:
        """One more payment for this work. Raises FormatError for an amount that is none, and for too many."""
        if self._count >= MAX_BONUSES:
            raise FormatError(f"There are over {MAX_BONUSES} bonuses.", remedy="Split the file by batch.")
        self._waiting.setdefault(work, []).append(amount(value))
        self._count += 1

    def take(self, work: str) -> Bonus | None:
        """All that was paid for this work; None where there was none."""
        return total(self._waiting.pop(work, []))

    def left(self) -> Iterator[str]:
        """The work that never came."""
        yield from self._waiting


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise FormatError("A number is missing.", remedy="Export the file again and do not edit it.")
    try:
        # A float is written back as the text that it was read from; it is never calculated with.
        found = Decimal(str(value).strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise FormatError(f"{str(value)[:40]!r} is no number.", remedy="Export the file again and do not edit it.")
    return found
