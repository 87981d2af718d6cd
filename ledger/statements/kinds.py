"""All kinds of statements, their bytes and their parser."""

from __future__ import annotations

from typing import Final

import msgspec

from ledger.errors import FormatError
from ledger.statements.base import Statement
from ledger.statements.campaigns import (
    CampaignClosed,
    CampaignFunded,
    CampaignOpened,
    PieceRate,
    ScoreRate,
    TaskAdded,
)
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.log import ClockTick, LogOpened
from ledger.statements.platforms import KeyRotated, PlatformRegistered
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed
from ledger.statements.values import amount, time_ms
from ledger.statements.wallets import WalletLinked

AnyStatement = (
    LogOpened
    | ClockTick
    | PlatformRegistered
    | KeyRotated
    | CampaignOpened
    | CampaignClosed
    | CampaignFunded
    | TaskAdded
    | ContributionSubmitted
    | DecisionMade
    | WalletLinked
    | RewardsSettled
    | SettlementActivated
    | SettlementVetoed
)

MAX_STATEMENT_BYTES: Final = 60_000
KINDS: Final[dict[str, type[Statement]]] = {str(kind.__struct_config__.tag): kind for kind in AnyStatement.__args__}

# Struct members are ASCII names and the only free keys (a method's parameters) are ASCII by their pattern, so code
# point order is UTF-16 order and this is RFC 8785; there are no floats and all integers are below 2**53.
_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER: msgspec.json.Decoder[AnyStatement] = msgspec.json.Decoder(AnyStatement)


def encode(statement: Statement) -> bytes:
    """The statement's canonical bytes (RFC 8785): what the log hashes. Raises FormatError above 60,000 bytes."""
    data = _ENCODER.encode(statement)
    if len(data) > MAX_STATEMENT_BYTES:
        raise FormatError(
            f"The statement would have {len(data)} bytes; {MAX_STATEMENT_BYTES} are allowed.",
            remedy="Shorten its texts or split it.",
        )
    return data


def parse(data: bytes) -> AnyStatement:
    """The statement of canonical bytes.

    Raises FormatError for an unknown kind, an unknown or wrong member, a time or an amount that is none, and for
    bytes that are not exactly what ``encode`` writes.
    """
    if len(data) > MAX_STATEMENT_BYTES:
        raise FormatError(f"The statement has {len(data)} bytes; {MAX_STATEMENT_BYTES} are allowed.")
    try:
        statement = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"This is not a statement: {error}.") from error
    check(statement)
    if _ENCODER.encode(statement) != data:
        raise FormatError("The statement's bytes are not canonical (RFC 8785), or a member is null.")
    return statement


def check(statement: AnyStatement) -> None:
    """Raise FormatError unless times are real and amounts below 2**120 (what patterns cannot say)."""
    time_ms(statement.at)
    match statement:
        case CampaignOpened():
            _check_campaign(statement)
        case CampaignFunded():
            amount(statement.funded)
            amount(statement.returned)
        case RewardsSettled():
            amount(statement.total)
            for line in statement.campaigns:
                amount(line.total)
        case _:
            pass


def _check_campaign(statement: CampaignOpened) -> None:
    amount(statement.budget)
    match statement.policy:
        case PieceRate(amount=text) | ScoreRate(max_amount=text):
            amount(text)
    time_ms(statement.closing_date)
    if (statement.goal is None) != (statement.funding_deadline is None):
        raise FormatError("A funding goal and its deadline go together.", remedy="Give both or neither.")
    if statement.goal is not None and statement.funding_deadline is not None:
        amount(statement.goal)
        time_ms(statement.funding_deadline)
        if statement.onchain is None:
            raise FormatError("A funding goal needs a pool on a chain.", remedy="Name the opener's address.")
