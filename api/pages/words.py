"""Plain words for what the log says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from api.units import Unit
from ledger.book.campaigns import Campaign
from ledger.statements.campaigns import PieceRate, Policy, Pool, Prizes, ScoreRate
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
        case Prizes(amounts=amounts, min_score=least):
            told = ", ".join(f"place {n}: {unit.words(each)}" for n, each in enumerate(amounts, 1))
            condition = "" if least == "0" else f" that score at least {least}"
            return f"Prizes for the best accepted entries{condition}. {told[0].upper()}{told[1:]}."
        case Pool(total=total):
            return f"{unit.words(total)}, shared by all accepted parts in proportion to their scores."


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


def rules(of: Campaign) -> list[tuple[str, str]]:
    """What a campaign declared at opening, each with its name."""
    opened = of.opened
    default = VERDICTS[opened.decision_default].lower()
    begin = "after entries can be opened" if opened.sealed is not None else "of its submission"
    told = [("Decided", f"within {duration(opened.decision_deadline)} {begin}, otherwise it counts as {default}")]
    judging = opened.judging
    if judging is not None:
        told.append(("Judges", f"{judging.judges}, of whom {judging.agree} must accept; none sees what others say"))
        if judging.criteria is not None:
            told.append(("Criteria", ", ".join(f"{each.name} (weight {each.weight})" for each in judging.criteria)))
    if opened.sealed is not None:
        until, opening = date(of.sealed_ms or 0), date(of.reveal_ms)
        told.append(("Sealed", f"entries are sealed until {until}; their authors open them until {opening}"))
    appealed = "it counts as accepted" if opened.appeal_default == "accepted" else "the decision stands"
    window, answer = duration(opened.appeal_window), duration(opened.appeal_deadline)
    told.append(("Appeals", f"for {window} after a decision; without an answer within {answer} {appealed}"))
    if opened.revisions is not None:
        rounds, time = opened.revisions.rounds, duration(opened.revisions.window)
        told.append(("New versions", f"can be asked for, up to {rounds} times, {time} each"))
    if opened.second_looks is not None:
        told.append(("Second looks", f"the share {opened.second_looks} of rejections is judged blind once more"))
    limits = opened.limits
    if limits is not None:
        kinds = (("people", limits.participants), ("answers a task", limits.per_task), ("a person", limits.per_person))
        told.append(("Limits", ", ".join(f"{number} {what}" for what, number in kinds if number is not None)))
    if opened.requires is not None:
        asks = opened.requires
        told.append(("Asks for", f"{asks.accepted} accepted contributions, a share of {asks.acceptance} or more"))
    if opened.pilot is not None:
        told.append(("Pilot", f"the first {opened.pilot} contributions, before it opens fully"))
    if opened.direct:
        told.append(("Direct entry", "signed work is taken without the platform"))
    return told
