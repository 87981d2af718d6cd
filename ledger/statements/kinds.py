"""All kinds of statements, their bytes and their parser."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from ledger.errors import FormatError
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.base import Statement
from ledger.statements.campaigns import (
    CampaignAmended,
    CampaignClosed,
    CampaignFunded,
    CampaignNotice,
    CampaignOpened,
    CampaignPaused,
    CampaignResumed,
    PieceRate,
    Policy,
    Pool,
    Prizes,
    ScoreRate,
    TaskAdded,
)
from ledger.statements.contents import AuditorMandated, ContentErased, ContentOpened
from ledger.statements.contributions import ContributionRevealed, ContributionSubmitted, ContributionWithdrawn
from ledger.statements.decisions import DecisionMade, ReviewGiven
from ledger.statements.feedback import FeedbackGiven
from ledger.statements.log import ClockTick, LogKeyRotated, LogOpened
from ledger.statements.platforms import AdminActed, KeyRotated, PlatformRegistered
from ledger.statements.results import ResultPublished
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed
from ledger.statements.shapes import Shapes
from ledger.statements.values import amount, time_ms
from ledger.statements.wallets import WalletLinked, WalletObjected

AnyStatement = (
    LogOpened
    | LogKeyRotated
    | ClockTick
    | PlatformRegistered
    | KeyRotated
    | AdminActed
    | CampaignOpened
    | CampaignAmended
    | CampaignNotice
    | CampaignPaused
    | CampaignResumed
    | CampaignClosed
    | CampaignFunded
    | TaskAdded
    | ContributionSubmitted
    | ContributionRevealed
    | ContributionWithdrawn
    | ReviewGiven
    | DecisionMade
    | AppealFiled
    | AppealResolved
    | FeedbackGiven
    | ResultPublished
    | ContentErased
    | AuditorMandated
    | ContentOpened
    | WalletLinked
    | WalletObjected
    | RewardsSettled
    | SettlementActivated
    | SettlementVetoed
)

MAX_STATEMENT_BYTES: Final = 60_000
KINDS: Final[dict[str, type[Statement]]] = {str(kind.__struct_config__.tag): kind for kind in AnyStatement.__args__}
NAMES: Final[dict[type[Statement], str]] = {kind: name for name, kind in KINDS.items()}

# Struct members are ASCII names and the only free keys (a method's parameters) are ASCII by their pattern, so code
# point order is UTF-16 order and this is RFC 8785; there are no floats and all integers are below 2**53.
_ENCODER = msgspec.json.Encoder(order="sorted")
_PLAIN_SIGNATURE: Final = re.compile(r"0x[0-9a-f]{128}(?:1b|1c)")
_DECODER: msgspec.json.Decoder[AnyStatement] = msgspec.json.Decoder(AnyStatement)
_SHAPES: Final = Shapes()


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
    made = _SHAPES.read(data)
    if made is not None:
        return made
    statement = parse_slowly(data)
    _SHAPES.learn(data, statement)
    return statement


def parse_slowly(data: bytes) -> AnyStatement:
    """The same, every value against its own pattern and the bytes against those that ``encode`` writes."""
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
    """Raise FormatError for what patterns cannot say: times that are none, amounts from 2**120, parts that disagree."""
    time_ms(statement.at)
    match statement:
        case ContributionSubmitted():
            pass
        case DecisionMade():
            if statement.bonus is not None:
                amount(statement.bonus)
        case CampaignOpened():
            _check_campaign(statement)
        case CampaignAmended():
            _check_amounts(statement.budget, statement.reviewer_rate, *_amounts_of(statement.policy))
        case CampaignFunded():
            _check_amounts(statement.funded, statement.returned)
        case RewardsSettled():
            _check_amounts(statement.total, *(line.total for line in statement.campaigns))
        case AuditorMandated():
            time_ms(statement.until)
        case PlatformRegistered() | KeyRotated():
            _check_times(*(key.expires for key in statement.keys))
        case WalletLinked():
            if statement.erc1271 is None and _PLAIN_SIGNATURE.fullmatch(statement.signature) is None:
                raise FormatError("A wallet's signature has 65 bytes and ends in 27 or 28.")
        case _:
            pass


def _check_times(*texts: str | None) -> None:
    for text in texts:
        if text is not None:
            time_ms(text)


def _check_amounts(*texts: str | None) -> None:
    for text in texts:
        if text is not None:
            amount(text)


def _amounts_of(policy: Policy | None) -> list[str]:
    match policy:
        case PieceRate(amount=text) | ScoreRate(max_amount=text) | Pool(total=text):
            return [text]
        case Prizes(amounts=texts):
            return texts
        case None:
            return []


def _check_campaign(statement: CampaignOpened) -> None:
    texts = _amounts_of(statement.policy)
    _check_amounts(statement.budget, statement.reviewer_rate, statement.bonus_limit, *texts)
    if isinstance(statement.policy, Prizes | Pool) and sum(map(int, texts)) > amount(statement.budget):
        raise FormatError("The budget is less than the prizes or the pool.", remedy="Raise the budget to their sum.")
    time_ms(statement.closing_date)
    if statement.sealed is not None and time_ms(statement.sealed.deadline) >= time_ms(statement.sealed.reveal_until):
        raise FormatError("Sealed entries need time after their deadline to be opened.", remedy="Move reveal_until.")
    judging = statement.judging
    if judging is not None:
        if judging.agree > judging.judges:
            raise FormatError("More judges must agree than there are.", remedy="Set agree to at most judges.")
        names = [criterion.name for criterion in judging.criteria or []]
        if len(set(names)) != len(names):
            raise FormatError("Two criteria have the same name.", remedy="Name each criterion once.")
    if (statement.goal is None) != (statement.funding_deadline is None):
        raise FormatError("A funding goal and its deadline go together.", remedy="Give both or neither.")
    if statement.goal is not None and statement.funding_deadline is not None:
        amount(statement.goal)
        time_ms(statement.funding_deadline)
        if statement.onchain is None:
            raise FormatError("A funding goal needs a pool on a chain.", remedy="Name the opener's address.")
