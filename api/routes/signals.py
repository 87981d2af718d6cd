"""Signs of fraud in a campaign: evidence for a person, never a verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from api.auth import Caller, needs
from api.lookup import find_campaign
from api.reads import Reads, reviewers
from api.reads import signals as reads
from api.reads.people import own_ids
from api.reads.reviewers import Decided
from api.reads.signals import Evidence
from api.service import service_of
from ledger.consensus import collusion, signals
from ledger.consensus.answers import Answer
from ledger.log.queries import chunks
from ledger.statements.values import format_score, time_ms
from ledger.wire import MAX_PAGE_ITEMS, Signal, Signals
from ledger.wire.signals import SignalPerson

router = APIRouter(prefix="/v1/campaigns", tags=["reviews"])
_MOST_PEOPLE = 100


@router.get("/{campaign}/signals")
async def get_signals(
    campaign: str,
    request: Request,
    caller: Annotated[Caller, needs("review")],
    field: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)] = 50,
) -> Signals:
    """Signs of fraud, strongest first: copies, bursts, shared wallets, collusion, guessing, reviewers who always agree.

    ``field`` names the member of the contents that holds the answer. A person decides what a sign means.
    """
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    found = await look(service.reads, campaign, field)
    strongest = found.signals[:limit]
    people = await _people(service.reads, [who for each in strongest for who in each.subjects[:_MOST_PEOPLE]])
    return Signals(
        signals=[_signal(each, people) for each in strongest], looked_at=found.looked_at, complete=found.complete
    )


@dataclass(frozen=True, slots=True)
class Found:
    """All signs in the newest contributions, strongest first; ``complete``: there were no others."""

    signals: list[signals.Signal]
    looked_at: int
    complete: bool


async def look(read: Reads, campaign: str, field: str | None, *, rest: float = 0.0) -> Found:
    """Look for every sign of fraud in a campaign; ``rest`` as ``evidence`` has it."""
    found = await reads.evidence(read, campaign, field, rest=rest)
    wallets = await reads.wallets(read, campaign)
    made = await reviewers.decided(read, campaign)
    return Found(await asyncio.to_thread(_look, found, wallets, made), found.looked_at, found.complete)


def _look(found: Evidence, wallets: Sequence[tuple[str, str]], made: Decided) -> list[signals.Signal]:
    """Everything that shows, strongest first. It takes a while, in a thread."""
    return signals.in_order(
        [
            *signals.same_content(found.contents),
            *signals.burst(found.answers),
            *signals.shared_wallet(wallets),
            *collusion.collusion(found.answers),
            *signals.random_answers(found.answers),
            *signals.always_agrees(_reviews(made)),
        ]
    )


def _reviews(made: Decided) -> list[Answer]:
    """Who said what of which contribution: opened reviews, and decisions of one person."""
    found: list[Answer] = []
    for one in made.made:
        for opened in one.reviews or ():
            if opened.review in made.by:
                who = made.by[opened.review]
                found.append(Answer(opened.review, one.contribution, who, opened.verdict, made.at_ms[opened.review]))
        if one.reviewer is not None:
            found.append(Answer(one.id, one.contribution, one.reviewer, one.verdict, time_ms(one.at)))
    return found


def _signal(each: signals.Signal, people: dict[str, str]) -> Signal:
    named = each.subjects[:_MOST_PEOPLE]
    return Signal(
        kind=each.kind,
        people=[SignalPerson(contributor=people.get(who, who), public_id=who) for who in named],
        strength=format_score(each.strength),
        evidence=each.evidence,
        contributions=list(each.contributions),
    )


async def _people(read: Reads, subjects: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(sorted(set(subjects))):
        found |= await own_ids(read, part)
    return found
