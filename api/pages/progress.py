"""How far a contribution has come (received, opened, decided, appealed, final, paid), in the visitor's words.

What is told is what the book's own rules make of the statements about it; ``paying`` tells of the pay.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from api.lookup import Campaign as CampaignRow
from api.lookup import Decision, standing_decision
from api.pages.languages import duration, mark, markup, numerals, text
from api.pages.paying import paid
from api.pages.rendering import moment
from api.pages.steps import Sight, State, Step, Tone
from api.reads.people_facts import facts_about
from api.service import Service
from ledger.book.contributions import appeal_is_open, outcome
from ledger.log.shapes import ContributionView
from ledger.statements.decisions import DecisionMade

_HEADLINES: Final[dict[str, tuple[str, Tone]]] = {
    "accepted": (mark("Accepted"), "good"),
    "rejected": (mark("Not accepted"), "bad"),
    "needs_work": (mark("Needs more work"), "open"),
}
_COUNTS_AS: Final = {
    "accepted": mark("Nobody decided in time, so it counts as accepted."),
    "rejected": mark("Nobody decided in time, so it counts as not accepted."),
}
_WILL_COUNT_AS: Final = {
    "accepted": mark("Waiting. If nobody decides by {date}, it counts as accepted."),
    "rejected": mark("Waiting. If nobody decides by {date}, it counts as not accepted."),
}
_VERDICTS: Final = {
    "accepted": mark("The verdict: accepted, with the score {score}."),
    "rejected": mark("The verdict: not accepted, with the score {score}."),
    "needs_work": mark("The verdict: it needs more work."),
}
_METHODS: Final = {
    "human": mark("A reviewer decided."),
    "consensus": mark("The agreement of several answers decided."),
    "gold": mark("A comparison with a known answer decided."),
    "model": mark("A model decided."),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What stands in large letters, its colour, and the steps."""

    headline: str
    tone: Tone
    steps: tuple[Step, ...]
    decision: Decision | None


async def progress_of(service: Service, row: ContributionView, campaign: CampaignRow) -> Progress:
    """How far a contribution has come."""
    facts = await facts_about(service.reads, {row.first, row.campaign})
    found = facts.contributions[row.id]
    standing = await standing_decision(service.reader, row)
    sight = Sight(service, campaign, found, facts.campaigns[row.campaign], standing, time.time_ns() // 1_000_000)
    received = Step(
        text("Received"), "done", text("It is entry {index} of the public log.", index=row.index), row.at_ms
    )
    if found.withdrawn:
        gone = Step(text("Withdrawn"), "done", text("Its author took it back before it was decided."))
        return Progress(text("Withdrawn"), "open", (received, gone), standing)
    if row.replaced_by is not None:
        newer = Step(text("Replaced"), "done", text("A newer version takes its place; only the last one earns."))
        return Progress(text("Replaced by a newer version"), "open", (received, newer), standing)
    between = [step for step in (_opened(sight), _decided(sight), _appeal(sight)) if step is not None]
    return Progress(*_headline(sight), (received, *between, _final(sight), await paid(sight)), standing)


def _headline(sight: Sight) -> tuple[str, Tone]:
    decision = sight.found.decision
    if sight.is_final:
        message, tone = _HEADLINES["accepted" if outcome(sight.found, sight.campaign).accepted else "rejected"]
    elif appeal_is_open(sight.found):
        message, tone = mark("Appealed: somebody else is looking at it"), "open"
    elif decision is None:
        message, tone = mark("Received, not decided yet"), "open"
        if sight.is_sealed:
            message = mark("Received, still sealed")
    else:
        message, tone = _HEADLINES[decision.verdict]
    return text(message), tone


def _opened(sight: Sight) -> Step | None:
    """Of a sealed entry: whether its author has opened it."""
    if sight.campaign.sealed_ms is None:
        return None
    name = text("Opened")
    if sight.found.revealed:
        return Step(name, "done", text("Its author opened it in time."))
    until = moment(sight.campaign.reveal_ms)
    if sight.now_ms > sight.campaign.reveal_ms:
        return Step(name, "never", markup(mark("Nobody opened it until {until}, so it wins nothing."), until=until))
    begin = moment(sight.campaign.sealed_ms)
    message = mark("Only its author can open it, after {begin} and until {until}; else it wins nothing.")
    state: State = "now" if sight.now_ms > sight.campaign.sealed_ms else "later"
    return Step(name, state, markup(message, begin=begin, until=until))


def _decided(sight: Sight) -> Step | None:
    name, standing = text("Decided"), sight.standing
    if standing is not None:
        return Step(name, "done", _decision(standing.made), standing.at_ms)
    if sight.is_sealed:
        return None
    default = sight.campaign.opened.decision_default
    if sight.is_final:
        return Step(name, "done", text(_COUNTS_AS[default]), sight.due_ms)
    return Step(name, "now", markup(_WILL_COUNT_AS[default], date=moment(sight.due_ms)))


def _decision(made: DecisionMade) -> str:
    """Who or what decided, and what."""
    told = [text(_METHODS[made.method.type])]
    if made.method.name is not None and made.method.type != "human":
        name = made.method.name if made.method.version is None else f"{made.method.name} {made.method.version}"
        told.append(text("The method is called {name}.", name=name))
    told.append(text(_VERDICTS[made.verdict], score=numerals(made.score)))
    if made.feedback is not None:
        told.append(text("There is feedback for you; you see it when you sign in."))
    return " ".join(told)


def _appeal(sight: Sight) -> Step | None:
    appeal, name = sight.found.appeal, text("Appeal")
    if appeal is None:
        return None
    if appeal.resolved:
        return Step(name, "done", text("Somebody else has looked at it; what they decided stands."))
    accepts = sight.campaign.opened.appeal_default == "accepted"
    if sight.is_final:
        ended = mark("Nobody resolved it in time, so the decision stands.")
        if accepts:
            ended = mark("Nobody resolved it in time, so it counts as accepted.")
        return Step(name, "done", text(ended), sight.due_ms)
    told = [text("A person who has not judged it before looks at it.")]
    waits = mark("If nobody has by {date}, the decision stands.")
    if accepts:
        waits = mark("If nobody has by {date}, it counts as accepted.")
    told.append(markup(waits, date=moment(sight.due_ms)))
    return Step(name, "now", _sentences(told), appeal.at_ms)


def _final(sight: Sight) -> Step:
    name, decision, appeal = text("Final"), sight.found.decision, sight.found.appeal
    if sight.is_final:
        asked = decision is not None and decision.verdict == "needs_work" and appeal is None
        said = text("No new version came in time.") if asked else text("The decision can no longer change.")
        return Step(name, "done", said, None if appeal is not None and appeal.resolved else sight.due_ms)
    if appeal is not None:
        return Step(name, "later", text("Once the appeal is resolved."))
    if decision is None:
        window = duration(sight.campaign.opened.appeal_window)
        return Step(name, "later", text("{time} after the decision.", time=window))
    window_ms = decision.at_ms + sight.campaign.appeal_ms
    told: list[str] = []
    if decision.verdict == "needs_work":
        until = moment(decision.at_ms + sight.campaign.revision_ms)
        message = mark("Until {until} you can send a new version. Without one nothing is paid.")
        told.append(markup(message, until=until))
    elif decision.superseding or sight.found.reopened:
        told.append(text("It was changed once and cannot be changed again but by an appeal."))
    elif sight.campaign.opened.judging is None:
        message = mark("Until {until} your platform can still change the decision, once.")
        told.append(markup(message, until=moment(sight.due_ms)))
    if sight.now_ms <= window_ms:
        message = mark("Until {until} you can appeal; somebody else then looks at it.")
        told.append(markup(message, until=moment(window_ms)))
    return Step(name, "now", _sentences(told))


def _sentences(told: list[str]) -> Markup:
    return Markup(" ").join(escape(each) for each in told)
