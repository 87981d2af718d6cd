"""What a record becomes on the wire, checked before anything of its row is sent: the same from a file and a webhook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, NamedTuple

import msgspec

from ledger.connectors.records import ContributionRecord, DecisionRecord, PledgeRecord, Record, Refused, TaskRecord
from ledger.errors import ConfigError, FormatError
from ledger.statements.canonical import JsonValue
from ledger.statements.values import MAX_AMOUNT
from ledger.wire import MAX_CONTENT_BYTES, NewContribution, NewDecision

_OWN_ID: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}")
_ENCODER: Final = msgspec.json.Encoder()
_MAX_EARLIER: Final = 20
"""Bonuses that are looked for, latest first, when one more was paid."""
_DECIMAL: Final = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?")


class Piece(NamedTuple):
    """One thing as it is sent, and the platform's id of it."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row that can be sent."""

    line: int
    tasks: tuple[Piece, ...]
    contributions: tuple[Piece, ...]
    decisions: tuple[Piece, ...]
    changes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By a decision's id those of earlier ones that it may supersede, latest first."""

    @property
    def size(self) -> int:
        """Bytes of all that is sent of it."""
        return sum(len(piece.body) for piece in (*self.tasks, *self.contributions, *self.decisions))

    def refuse(self, reason: str, remedy: str) -> Refused:
        """The row is refused by the service; what it shows is what was sent."""
        sent = b" ".join(piece.body for piece in (*self.tasks, *self.contributions, *self.decisions))
        return Refused(self.line, reason, remedy, sent[:2000].decode("utf-8", "ignore"))


@dataclass(slots=True)
class Preparer:
    """``rate`` is how many base units one unit of the platform's money is; None where nobody said."""

    campaign: str
    with_decisions: bool = True
    rate: Decimal | None = None
    pays_tokens: bool = False
    pledges: int = field(default=0, init=False)

    def prepare(self, record: Record) -> Prepared | Refused:
        """Raises ConfigError for what the file needs and nobody said."""
        try:
            contributions = [self._contribution(each) for each in record.contributions]
            contributions += [self._pledge(each) for each in record.pledges]
            decisions = [self._decision(each) for each in record.decisions] if self.with_decisions else []
            changes = {piece.id: earlier for piece, earlier in decisions if earlier}
            made = tuple(piece for piece, _ in decisions)
            return Prepared(record.line, tuple(map(_task, record.tasks)), tuple(contributions), made, changes)
        except FormatError as error:
            return Refused(record.line, error.detail, error.remedy)
        except (UnicodeEncodeError, msgspec.MsgspecError, RecursionError, TypeError) as error:
            return Refused(record.line, f"It cannot be written as JSON: {error}.", "Save the file as UTF-8.")

    def _contribution(self, record: ContributionRecord) -> Piece:
        new = NewContribution(
            campaign=self.campaign,
            contributor=_own_id(record.contributor, "contributor"),
            content=record.content,
            task_external_id=None if record.task is None else _own_id(record.task, "task"),
            external_id=_own_id(record.external_id, "contribution"),
        )
        return Piece(record.external_id, _bounded(_ENCODER.encode(new)))

    def _pledge(self, record: PledgeRecord) -> Piece:
        """A funding record is evidence. Where contributions earn tokens by default, backers would be paid for it."""
        if self.pays_tokens:
            raise ConfigError(
                "The file has funding records, and this campaign pays tokens for what is recorded in it.",
                remedy="Open a campaign that pays points for them: leave out its opener.",
            )
        self.pledges += 1
        content: JsonValue = {"pledge": {"amount": record.amount, "currency": record.currency, "row": record.content}}
        return self._contribution(ContributionRecord(record.external_id, record.backer, content))

    def _decision(self, record: DecisionRecord) -> tuple[Piece, tuple[str, ...]]:
        """The decision, and those that it may change. One whose bonus is left out is the same as without."""
        bonus = self._bonus(record.bonus)
        own, earlier = record.external_id, record.replaces
        if bonus is not None and record.payments:
            counts = range(record.payments - 1, max(0, record.payments - _MAX_EARLIER), -1)
            earlier = (*(f"{own}:bonus-{count}" for count in counts), own, *earlier)
            own = f"{own}:bonus-{record.payments}"
        new = NewDecision(
            verdict=record.verdict,
            contribution_external_id=_own_id(record.contribution, "contribution"),
            score=record.score,
            method=record.method,
            reviewer=None if record.reviewer is None else _own_id(record.reviewer, "reviewer"),
            feedback=record.feedback,
            bonus=bonus,
            external_id=_own_id(own, "decision"),
        )
        return Piece(own, _bounded(_ENCODER.encode(new))), earlier

    def _bonus(self, money: str | None) -> str | None:
        if money is None or not money.strip("0."):
            return None
        if self.rate is None:
            raise ConfigError(
                "The file has bonuses in the platform's money.",
                remedy="Say with --rate how many base units one unit of it is; 0 leaves bonuses out.",
            )
        # Decimals would round a long product to a whole number without a word; fractions are exact.
        units = Fraction(money) * Fraction(self.rate) if _DECIMAL.fullmatch(money) else Fraction(-1)
        if not 0 <= units <= MAX_AMOUNT or units.denominator != 1:
            raise FormatError(
                f"A bonus of {money} at a rate of {self.rate} is no whole number of base units.",
                remedy="Give a rate with which all bonuses come to whole base units.",
            )
        return str(units.numerator) if units else None


def rate_of(text: str) -> Decimal:
    """A rate as it was typed. Raises ConfigError."""
    try:
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
    except InvalidOperation:
        pass
    raise ConfigError(f"--rate: '{text}' is no rate.", remedy="Give base units for one unit of money, such as 100.")


def _task(record: TaskRecord) -> Piece:
    own = _own_id(record.external_id, "task")
    return Piece(own, _bounded(_ENCODER.encode({"content": record.content, "external_id": own})))


def _own_id(text: str, what: str) -> str:
    if _OWN_ID.fullmatch(text) is None:
        raise FormatError(
            f"The id of its {what} is empty, too long or has control characters.",
            remedy="Ids are 1 to 200 characters, the connector's name included.",
        )
    return text


def _bounded(body: bytes) -> bytes:
    if len(body) > MAX_CONTENT_BYTES:
        raise FormatError(
            f"It comes to {len(body)} bytes; {MAX_CONTENT_BYTES} can be recorded.",
            remedy="Send large work as a file and name its digest in the content.",
        )
    return body
