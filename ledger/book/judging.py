"""What follows from the reviews of several judges. Pure integer functions; the order of reviews does not matter."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.statements.campaigns import CampaignOpened, Criterion
from ledger.statements.decisions import OpenedReview, Verdict
from ledger.statements.values import score_millionths


def weighted_score(scores: Sequence[str], criteria: Sequence[Criterion]) -> int:
    """The weighted mean of a review's scores, in millionths, rounded down. Both in the order of the criteria."""
    weights = sum(criterion.weight for criterion in criteria)
    return sum(score_millionths(s) * c.weight for s, c in zip(scores, criteria, strict=True)) // weights


def is_sound(review: OpenedReview, opened: CampaignOpened) -> bool:
    """Whether a review scores what the campaign asks for, and its score follows."""
    criteria = opened.judging.criteria if opened.judging is not None else None
    if criteria is None:
        return review.scores is None
    if review.scores is None or len(review.scores) != len(criteria):
        return False
    return weighted_score(review.scores, criteria) == score_millionths(review.score)


def conclude(reviews: Sequence[OpenedReview], opened: CampaignOpened, *, again: bool) -> tuple[Verdict, int] | None:
    """Verdict and score (millionths, the mean of all reviews) once nothing that is still to come can change it.

    None while it is open, or where a review is not sound. Enough judges that accept: accepted. Too few left for that:
    ``needs_work`` where more ask for it than reject and a new version can be asked for ``again``
    (``rules.decisions.may_ask_again``), else rejected.
    """
    judging = opened.judging
    if judging is None or not reviews or len(reviews) > judging.judges:
        return None
    if not all(is_sound(review, opened) for review in reviews):
        return None
    if judging.criteria is not None and len(reviews) < judging.judges:
        return None  # every judge's score counts in the ranking
    verdicts = [review.verdict for review in reviews]
    accepting = verdicts.count("accepted")
    score = sum(score_millionths(review.score) for review in reviews) // len(reviews)
    if accepting >= judging.agree:
        return "accepted", score
    if accepting + judging.judges - len(reviews) >= judging.agree:
        return None
    if again and verdicts.count("needs_work") > verdicts.count("rejected"):
        return "needs_work", score
    return "rejected", score


def second_look(reviews: Sequence[OpenedReview], opened: CampaignOpened) -> tuple[Verdict, int] | None:
    """A rejection that the second look accepts is superseded with that score; otherwise nothing follows."""
    if len(reviews) != 1 or reviews[0].verdict != "accepted" or not is_sound(reviews[0], opened):
        return None
    return "accepted", score_millionths(reviews[0].score)
