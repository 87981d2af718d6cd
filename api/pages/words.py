"""Plain words for what the log says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from api.units import Unit
from ledger.statements.campaigns import PieceRate, Policy, ScoreRate
from ledger.statements.decisions import Method
from ledger.wire import State

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

VERDICTS: Final = {"accepted": "Accepted", "rejected": "Not accepted", "needs_work": "Needs more work"}
STATES: Final[dict[State, str]] = {
    "recorded": "Recorded: the log has signed it. It is anchored on the chain soon.",
    "anchored": "Anchored: its place in the log is on the chain, where nobody can change it unnoticed.",
    "permanent": "Permanent: it is anchored in a block that the chain calls final.",
}


def date(ms: int) -> str:
    """A moment to the minute, in UTC."""
    moment = datetime.fromtimestamp(ms // 1000, tz=UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def grouped(amount: str | int) -> str:
    """An amount with thin spaces between groups of three digits."""
    return f"{int(amount):,}".replace(",", "\u202f")


def short(value: str) -> str:
    """An address or a hash as people compare it."""
    return value if len(value) <= 14 else f"{value[:8]}…{value[-6:]}"


def duration(seconds: int) -> str:
    """A length of time in its largest unit."""
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= unit:
            count = seconds // unit
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def policy(of: Policy, unit: Unit) -> str:
    """How a campaign pays."""
    match of:
        case PieceRate(amount=amount):
            return f"{unit.words(amount)} for every accepted contribution."
        case ScoreRate(max_amount=amount):
            return f"Up to {unit.words(amount)} for every accepted contribution, in proportion to its score."


def method(of: Method) -> str:
    """Who or what decided."""
    version = "" if of.version is None else f", version {of.version}"
    name = "" if of.name is None else f" ({of.name}{version})"
    match of.type:
        case "human":
            return f"by a reviewer{name}"
        case "consensus":
            return f"by the agreement of several answers{name}"
        case "gold":
            return f"by comparison with a known answer{name}"
        case "model":
            return f"by a model{name}"
