"""Drafts about reviews, decisions and appeals."""

from __future__ import annotations

import msgspec

from ledger.book.campaigns import Campaign
from ledger.book.judging import weighted_score
from ledger.db.loading import Content
from ledger.errors import FieldError
from ledger.log import items
from ledger.log.drafts.draft import Draft, Kept
from ledger.log.drafts.known import Known, missing, require_own
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import Opening, Place, commit
from ledger.statements.decisions import DecisionMade, Method, OpenedReview, ReviewGiven
from ledger.statements.values import format_score


def review(item: items.Review, known: Known) -> Draft:
    """A review with the commitment to what it says."""
    contribution = known.contribution(item.platform, item.contribution)
    campaign = known.facts.campaigns[contribution.campaign]
    reviewer, person = known.person(item.platform, item.reviewer, item.fresh_id)
    content: dict[str, JsonValue] = {"verdict": item.verdict, "score": _score(item, campaign)}
    if item.scores is not None:
        content["scores"] = list(item.scores)
    if item.words is not None:
        content["words"] = item.words
    place = Place("feedback", known.log, contribution.campaign, contributor=reviewer, subject=contribution.id)
    opening = commit(place, content, item.salt)
    statement = ReviewGiven(
        v=1,
        at=known.at,
        id=item.id,
        contribution=contribution.id,
        reviewer=reviewer,
        commitment=opening.commitment,
        second_look=item.second_look,
    )
    return Draft(statement, opening, (Kept("feedback", item.id, opening),), person)


def _score(item: items.Review, campaign: Campaign) -> str:
    """The score that the review gives, or that follows from its scores. Raises FieldError."""
    judges = campaign.opened.judging
    criteria = None if judges is None else judges.criteria
    if criteria is None:
        if item.score is None or item.scores is not None:
            raise FieldError("This campaign has no criteria.", field="score", remedy="Give one score, and no scores.")
        return item.score
    if item.scores is None or len(item.scores) != len(criteria) or item.score is not None:
        names = ", ".join(criterion.name for criterion in criteria)
        raise FieldError(
            "This campaign's reviews score its criteria.",
            field="scores",
            remedy=f"Give scores for {names}, in this order; the score follows from them.",
        )
    return format_score(weighted_score(item.scores, criteria))


def decide(item: items.Decide, known: Known) -> Draft:
    """A decision with the commitments to its feedback and to what its method was given."""
    contribution_id = item.contribution
    if contribution_id is None:
        contribution_id = known.external(item.platform, "contribution", item.contribution_external_id or "")
    contribution = known.contribution(item.platform, contribution_id)
    reviewer, person = None, None
    if item.reviewer is not None:
        reviewer, person = known.person(item.platform, item.reviewer, item.fresh_id)
        require_own(item.reviewer_id, reviewer, "reviewer_id")
    kept: tuple[Kept, ...] = ()
    feedback, method = None, item.method
    if item.feedback is not None:
        place = Place("feedback", known.log, contribution.campaign, contributor=reviewer, subject=contribution.id)
        feedback = commit(place, item.feedback, item.salt)
        kept = (Kept("feedback", item.id, feedback),)
    if item.inputs is not None:
        place = Place("inputs", known.log, contribution.campaign, subject=contribution.id)
        method, inputs = _with_inputs(item, place)
        kept = (*kept, Kept("inputs", item.id, inputs))
    for opened in item.reviews or ():
        _check_opened(opened, known)
    statement = DecisionMade(
        v=1,
        at=known.at,
        id=item.id,
        contribution=contribution.id,
        verdict=item.verdict,
        score=item.score,
        method=method,
        reviewer=reviewer,
        feedback=feedback.commitment if feedback else None,
        supersedes=item.supersedes,
        reviews=list(item.reviews) if item.reviews else None,
        appeal=item.appeal,
        bonus=item.bonus,
        signature=item.signature,
    )
    return Draft(statement, feedback, kept, person)


def _with_inputs(item: items.Decide, place: Place) -> tuple[Method, Opening]:
    if item.method.inputs is not None:
        raise FieldError(
            "The method has a commitment to its inputs already.", field="inputs", remedy="Give one of the two."
        )
    opening = commit(place, item.inputs, item.inputs_salt or b"")
    return msgspec.structs.replace(item.method, inputs=opening.commitment), opening


def _check_opened(opened: OpenedReview, known: Known) -> None:
    """A review that can be opened is opened as what it said."""
    stored = known.loaded.openings.get(Content("feedback", opened.review))
    if stored is None:
        return
    said = Opening(*stored).content()
    scores = None if opened.scores is None else list(opened.scores)
    if not isinstance(said, dict) or (said.get("verdict"), said.get("score"), said.get("scores")) != (
        opened.verdict,
        opened.score,
        scores,
    ):
        raise FieldError(
            f"Review {opened.review} says something else.",
            field="reviews",
            remedy="Open each review as it was given.",
        )


def file_appeal(item: items.FileAppeal, known: Known) -> Draft:
    """An appeal with the commitment to its grounds."""
    contribution = known.contribution(item.platform, item.contribution)
    who = contribution.contributor
    place = Place("appeal", known.log, contribution.campaign, contributor=who, subject=contribution.id)
    opening = commit(place, item.grounds, item.salt)
    statement = AppealFiled(
        v=1,
        at=known.at,
        id=item.id,
        contribution=contribution.id,
        decision=item.decision,
        grounds=opening.commitment,
    )
    return Draft(statement, opening, (Kept("appeal", item.id, opening),))


def resolve_appeal(item: items.ResolveAppeal, known: Known) -> Draft:
    """The end of an appeal with the commitment to its reason."""
    contribution = known.appealed(item.platform, item.appeal)
    if contribution.appeal is None:  # it was reopened since
        missing("open appeal", item.appeal)
    reviewer, person = known.person(item.platform, item.reviewer, item.fresh_id)
    place = Place("feedback", known.log, contribution.campaign, contributor=reviewer, subject=contribution.id)
    opening = commit(place, item.reason, item.salt)
    statement = AppealResolved(
        v=1, at=known.at, appeal=item.appeal, decision=item.decision, reviewer=reviewer, reason=opening.commitment
    )
    return Draft(statement, opening, (Kept("feedback", item.appeal, opening),), person)
