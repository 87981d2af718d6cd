"""Decisions that follow from reviews: made by whoever notices first, once.

After a review the service looks whether the outcome is sure, and if so writes the decision that opens all reviews.
Several who notice at once write it once: the book lets only the first one in.
"""

from __future__ import annotations

import os

from api.lookup import Campaign, find_campaign
from api.reads.reviews import Given, reviews_of
from api.service import Service, new_id
from ledger.book import judging
from ledger.book.rules.decisions import SECOND_LOOK
from ledger.errors import RuleError
from ledger.log.items import Decide, Written
from ledger.log.shapes import ContributionView, DecisionView
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import SALT_BYTES
from ledger.statements.decisions import Method, OpenedReview, Verdict
from ledger.statements.values import format_score, uuid4

JUDGES = Method(type="human", name="judges")
AGAIN = Method(type="human", name=SECOND_LOOK)


async def decide_by_reviews(service: Service, contribution: ContributionView) -> Written | None:
    """Write the decision that follows from a contribution's reviews; None while nothing follows.

    Of one that is decided: what a second look makes of a rejection. Raises RuleError where the book refuses, as when
    the deadline has passed, and no decision was made meanwhile.
    """
    campaign = await find_campaign(service.reader, contribution.campaign)
    standing = contribution.decision
    given = [each for each in await reviews_of(service.reads, contribution.id) if each.second_look == bool(standing)]
    error: RuleError | None = None
    for verdict, score in _outcomes(campaign, standing, given):
        try:
            return await service.writer.write(_item(contribution, standing, given, verdict, score))
        except RuleError as refused:
            error = refused
    if error is None:
        return None
    now = await service.reader.contribution(contribution.id)
    assert now is not None
    if now.decision is None or (standing is not None and now.decision.id == standing.id):
        raise error
    return await written_before(service, now.decision)


async def written_before(service: Service, decision: DecisionView) -> Written:
    """A decision that stands in the log already, as the reply to whoever would have made it."""
    (statement,) = await service.reader.statements(decision.index, decision.index + 1)
    opening = await service.reader.opening("decision", decision.id)
    return Written(
        id=decision.id,
        index=decision.index,
        repeated=True,
        statement=statement,
        receipt=await service.reader.receipt(decision.index),
        opening=None if opening is None else opening.encode(),
    )


def _outcomes(campaign: Campaign, standing: DecisionView | None, given: list[Given]) -> list[tuple[Verdict, int]]:
    """What may follow: one outcome, or two where the book knows whether there is time to ask for a new version."""
    reviews = _opened(given)
    if reviews is None:
        return []
    if standing is not None:
        first_rejection = standing.verdict == "rejected" and standing.supersedes is None
        followed = judging.second_look(reviews, campaign.opened) if first_rejection else None
        return [] if followed is None else [followed]
    both = [judging.conclude(reviews, campaign.opened, again=again) for again in (True, False)]
    return list(dict.fromkeys(each for each in both if each is not None))


def _opened(given: list[Given]) -> list[OpenedReview] | None:
    """What all the reviews said; None where one of them was erased and cannot be opened any more."""
    opened = [each.opened for each in given if each.opened is not None]
    return opened if len(opened) == len(given) else None


def _item(
    contribution: ContributionView, standing: DecisionView | None, given: list[Given], verdict: Verdict, score: int
) -> Decide:
    return Decide(
        id=new_id(),
        platform=contribution.platform,
        verdict=verdict,
        score=format_score(score),
        method=JUDGES if standing is None else AGAIN,
        salt=os.urandom(SALT_BYTES),
        fresh_id=uuid4(os.urandom(16)),
        contribution=contribution.id,
        feedback=_feedback(given),
        supersedes=None if standing is None else standing.id,
        reviews=tuple(_opened(given) or ()),
    )


def _feedback(given: list[Given]) -> JsonValue:
    """What the judges said, without their names."""
    said: list[JsonValue] = [_said(each.opened) | each.words for each in given if each.opened is not None]
    return {"reviews": said}


def _said(review: OpenedReview) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = {"verdict": review.verdict, "score": review.score}
    return said if review.scores is None else said | {"scores": list(review.scores)}
