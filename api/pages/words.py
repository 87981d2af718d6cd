"""Plain words for what the log says, in the visitor's language."""

from __future__ import annotations

from typing import Final

from api.pages.languages import amount, date, duration, mark, several, text
from ledger.book.campaigns import Campaign
from ledger.chain.units import Unit
from ledger.statements.campaigns import PieceRate, Policy, Pool, Prizes, ScoreRate
from ledger.statements.decisions import Method
from ledger.wire import State

VERDICTS: Final = {
    "accepted": mark("Accepted"),
    "rejected": mark("Not accepted"),
    "needs_work": mark("Needs more work"),
}
STATES: Final[dict[State, str]] = {
    "recorded": mark("Recorded: the log has signed it. It is anchored on the chain soon."),
    "anchored": mark("Anchored: its place in the log is on the chain, where nobody can change it unnoticed."),
    "permanent": mark("Permanent: it is anchored in a block that the chain calls final."),
}
_SHOWN: Final = 14
"""Characters of an address or a hash that need no shortening."""
_UNITS: Final = (mark("points"), mark("token units"))
"""The names of ``ledger.chain.units`` that are words; a token's symbol is not translated."""


def short(value: str) -> str:
    """An address or a hash as people compare it."""
    return value if len(value) <= _SHOWN else f"{value[:8]}…{value[-6:]}"


def verdict(of: str) -> str:
    """What was decided."""
    return text(VERDICTS[of])


def state(of: State) -> str:
    """How firmly something is recorded."""
    return text(STATES[of])


def policy(of: Policy, unit: Unit) -> str:
    """How a campaign pays."""
    match of:
        case PieceRate(amount=each):
            return text("{amount} for every accepted contribution.", amount=amount(each, unit))
        case ScoreRate(max_amount=most):
            return text(
                "Up to {amount} for every accepted contribution, in proportion to its score.",
                amount=amount(most, unit),
            )
        case Prizes(amounts=amounts, min_score=least):
            places = [
                text("Place {place}: {amount}.", place=place, amount=amount(each, unit))
                for place, each in enumerate(amounts, 1)
            ]
            if least == "0":
                first = text("Prizes for the best accepted entries.")
            else:
                first = text("Prizes for the best accepted entries that score at least {score}.", score=least)
            return " ".join([first, *places])
        case Pool(total=total):
            return text(
                "{amount}, shared by all accepted parts in proportion to their scores.", amount=amount(total, unit)
            )


def method(of: Method) -> str:
    """Who or what decided, with its name where it has one."""
    match of.type:
        case "human":
            told = text("by a reviewer")
        case "consensus":
            told = text("by the agreement of several answers")
        case "gold":
            told = text("by comparison with a known answer")
        case "model":
            told = text("by a model")
    if of.name is None:
        return told
    if of.version is None:
        return text("{method} ({name})", method=told, name=of.name)
    return text("{method} ({name}, version {version})", method=told, name=of.name, version=of.version)


def rules(of: Campaign) -> list[tuple[str, str]]:
    """What a campaign declared at opening, each with its name."""
    opened = of.opened
    told = [(text("Decided"), _deciding(of))]
    judging = opened.judging
    if judging is not None:
        words = text(
            "{judges} people judge, {agree} of them must accept; none sees what the others say.",
            judges=judging.judges,
            agree=judging.agree,
        )
        told.append((text("Judges"), words))
        if judging.criteria is not None:
            each = [text("{name} (weight {weight})", name=it.name, weight=it.weight) for it in judging.criteria]
            told.append((text("Criteria"), text(", ").join(each)))
    if opened.sealed is not None:
        words = text(
            "Entries are sealed until {until}; their authors open them until {opening}.",
            until=date(of.sealed_ms or 0),
            opening=date(of.reveal_ms),
        )
        told.append((text("Sealed"), words))
    window, answer = duration(opened.appeal_window), duration(opened.appeal_deadline)
    if opened.appeal_default == "accepted":
        words = text(
            "For {window} after a decision; without an answer within {answer} the work counts as accepted.",
            window=window,
            answer=answer,
        )
    else:
        words = text(
            "For {window} after a decision; without an answer within {answer} the decision stands.",
            window=window,
            answer=answer,
        )
    told.append((text("Appeals"), words))
    return told + _further(of)


def _deciding(of: Campaign) -> str:
    opened = of.opened
    time = duration(opened.decision_deadline)
    match opened.sealed is not None, opened.decision_default == "accepted":
        case True, True:
            return text("Within {time} after entries can be opened, otherwise work counts as accepted.", time=time)
        case True, False:
            return text("Within {time} after entries can be opened, otherwise work counts as not accepted.", time=time)
        case False, True:
            return text("Within {time} of its submission, otherwise work counts as accepted.", time=time)
        case _:
            return text("Within {time} of its submission, otherwise work counts as not accepted.", time=time)


def _further(of: Campaign) -> list[tuple[str, str]]:
    """Rules that few campaigns have."""
    opened = of.opened
    told = []
    if opened.revisions is not None:
        words = several(
            "Can be asked for once, with {time} to send it.",
            "Can be asked for up to {count} times, with {time} each to send it.",
            opened.revisions.rounds,
            time=duration(opened.revisions.window),
        )
        told.append((text("New versions"), words))
    if opened.second_looks is not None:
        words = text("The share {share} of rejections is judged blind once more.", share=opened.second_looks)
        told.append((text("Second looks"), words))
    limits = opened.limits
    if limits is not None:
        kinds = [
            (limits.participants, several("{count} person", "{count} people", limits.participants or 0)),
            (limits.per_task, several("{count} answer a task", "{count} answers a task", limits.per_task or 0)),
            (limits.per_person, several("{count} from a person", "{count} from a person", limits.per_person or 0)),
        ]
        told.append((text("Limits"), text(", ").join(words for count, words in kinds if count is not None)))
    if opened.requires is not None:
        words = text(
            "{count} accepted contributions before, and {share} or more of all that were decided.",
            count=opened.requires.accepted,
            share=opened.requires.acceptance,
        )
        told.append((text("Asks for"), words))
    if opened.pilot is not None:
        told.append(
            (text("Pilot"), text("The first {count} contributions, before it opens fully.", count=opened.pilot))
        )
    if opened.direct:
        told.append((text("Direct entry"), text("Signed work is taken without the platform.")))
    return told
