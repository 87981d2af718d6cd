"""Rules of reviews and decisions."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from ledger.book import judging
from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution, Decision, appeal_is_open, due_ms, is_final
from ledger.book.facts import Facts
from ledger.book.rules.require import known_contribution, require
from ledger.errors import RuleError
from ledger.statements.decisions import DecisionMade, ReviewGiven
from ledger.statements.values import SCORE_ONE, score_millionths

SECOND_LOOK: Final = "second-look"
"""The method's name of a decision that follows from a second look at a rejection."""


def check_decision(statement: DecisionMade, at_ms: int, facts: Facts) -> Contribution:
    """On the latest version, in time, by somebody else; a second one only as the standing one allows.

    Returns the contribution.
    """
    if statement.id in facts.decisions:
        raise RuleError(f"Decision {statement.id} exists already.", rule="id-unused")
    known = facts.contributions.get(statement.contribution)
    contribution = known_contribution(statement.contribution, facts)[0] if known is None else known
    campaign = facts.campaigns[contribution.campaign]
    history = contribution.history
    if history.replaced_by is not None or history.withdrawn or campaign.sealed_ms is not None:
        _check_decidable(contribution, campaign)
    if statement.reviewer is not None:
        _check_reviewer(statement.reviewer, contribution, campaign, facts)
    standing = contribution.decision
    if standing is None:
        if statement.supersedes is not None:
            raise RuleError("There is no decision to supersede.", rule="supersedes-standing")
        if at_ms > due_ms(contribution, campaign):
            raise RuleError(
                f"The deadline for a decision has passed; '{campaign.opened.decision_default}' took effect.",
                rule="decided-in-time",
            )
    elif statement.supersedes != standing.id:
        raise RuleError(
            f"Decision {standing.id} stands on this contribution.",
            rule="supersedes-standing",
            remedy=f"To change it, send supersedes: {standing.id}.",
        )
    elif appeal_is_open(contribution):
        _check_answer(statement, contribution, campaign, at_ms)
    else:
        _check_superseding(contribution, campaign, at_ms)
    if statement.appeal is not None and not appeal_is_open(contribution):
        raise RuleError("There is no open appeal to answer.", rule="appeal-open")
    if statement.verdict != "accepted" or statement.bonus is not None:
        _check_verdict(statement, contribution, campaign, at_ms)
    if campaign.opened.judging is not None or statement.reviews is not None or statement.method.name == SECOND_LOOK:
        _check_reviews(statement, contribution, campaign, at_ms)
    return contribution


def _check_decidable(contribution: Contribution, campaign: Campaign) -> None:
    if contribution.replaced_by is not None:
        raise RuleError(
            f"This contribution was replaced by {contribution.replaced_by}.",
            rule="decides-latest",
            remedy="Decide the latest version.",
        )
    if contribution.withdrawn:
        raise RuleError("This contribution was withdrawn.", rule="decides-latest")
    if campaign.sealed_ms is not None and not contribution.revealed:
        raise RuleError(
            "This entry is sealed: its author has not opened it.",
            rule="revealed",
            remedy="Decide once it is opened; what is not opened in its window wins nothing.",
        )


def _check_reviewer(reviewer: str, contribution: Contribution, campaign: Campaign, facts: Facts) -> None:
    if reviewer == contribution.contributor:
        raise RuleError("Nobody decides on their own work.", rule="no-self-review")
    platform = campaign.opened.platform
    if facts.contributors.get(reviewer, platform) != platform:
        raise RuleError(f"Reviewer {reviewer} belongs to another platform.", rule="contributor-of-platform")


def _check_superseding(contribution: Contribution, campaign: Campaign, at_ms: int) -> None:
    """Before it is final once; after it was final once more, while the campaign still takes contributions."""
    standing = contribution.decision
    assert standing is not None
    if is_final(contribution, campaign, at_ms):
        require(
            not contribution.reopened and not campaign.closed and at_ms <= campaign.last_submission_ms,
            "not-final",
            "The decision is final. It can be reopened once, while the campaign takes contributions.",
        )
        require(
            standing.verdict != "needs_work", "not-final", "The new version that was asked for did not come in time."
        )
        return
    require(not standing.superseding, "superseded-once", "A decision can be superseded once; after that by appeal.")
    require(not contribution.reopened, "superseded-once", "A reopened decision is superseded by appeal only.")


def _check_answer(statement: DecisionMade, contribution: Contribution, campaign: Campaign, at_ms: int) -> None:
    """A decision while an appeal is open answers it, by somebody who has not judged this contribution yet."""
    appeal, standing = contribution.appeal, contribution.decision
    assert appeal is not None
    assert standing is not None
    require(
        statement.appeal == appeal.id,
        "appeal-open",
        f"Appeal {appeal.id} is open: a decision now answers it.",
        "Resolve the appeal.",
    )
    require(standing.id == appeal.decision, "superseded-once", "This appeal has its decision; resolve it.")
    require(not is_final(contribution, campaign, at_ms), "resolved-in-time", "The appeal's deadline has passed.")
    require(
        statement.reviewer is not None and not has_judged(statement.reviewer, contribution),
        "judged-by-another",
        "An appeal is judged by a person who has not judged the contribution before.",
        "Name another reviewer.",
    )
    require(statement.verdict != "needs_work", "appeal-decides", "An appeal ends with accepted or rejected.")
    require(
        not _takes_away(statement, standing),
        "appeal-decides",
        "An appeal takes nothing away that the decision gave.",
        "Resolve the appeal with the decision that stands.",
    )


def _takes_away(answer: DecisionMade, appealed: Decision) -> bool:
    """Else whoever regrets an acceptance appeals in the contributor's name, who then has no appeal of their own."""
    if appealed.verdict != "accepted":
        return False
    bonus = 0 if answer.bonus is None else int(answer.bonus)
    return answer.verdict != "accepted" or score_millionths(answer.score) < appealed.score or bonus < appealed.bonus


def has_judged(person: str, contribution: Contribution) -> bool:
    """Whether somebody has reviewed this version, decided on it or resolved an appeal, superseded or not."""
    return any(reviewer == person for reviewer, _ in contribution.reviewers)


def may_ask_again(contribution: Contribution, campaign: Campaign, at_ms: int) -> bool:
    """Whether ``needs_work`` is possible: declared, with a round left and time for the new version."""
    revisions = campaign.opened.revisions
    return (
        revisions is not None
        and contribution.round < revisions.rounds
        and at_ms + campaign.revision_ms <= campaign.last_submission_ms
        and not contribution.reopened
        and not is_final(contribution, campaign, at_ms)
    )


def _check_verdict(statement: DecisionMade, contribution: Contribution, campaign: Campaign, at_ms: int) -> None:
    if statement.verdict != "accepted" and statement.feedback is None:
        raise RuleError(
            "A contributor is told why.",
            rule="feedback-given",
            remedy=f"Send feedback with the verdict '{statement.verdict}'.",
        )
    if statement.bonus is not None:
        limit = campaign.opened.bonus_limit
        require(
            limit is not None and int(statement.bonus) <= int(limit),
            "bonus-limit",
            "The campaign declared no bonus." if limit is None else f"The campaign's bonuses are at most {limit}.",
        )
        require(statement.verdict == "accepted", "bonus-limit", "Only what is accepted can have a bonus.")
    if statement.verdict == "needs_work":
        revisions = campaign.opened.revisions
        require(revisions is not None, "has-revisions", "The campaign asks for no new versions; accept or reject.")
        require(
            revisions is not None and contribution.round < revisions.rounds,
            "rounds-bounded",
            "The contributor was asked for a new version as often as was declared; accept or reject.",
        )
        require(
            may_ask_again(contribution, campaign, at_ms),
            "deadlines-fit",
            "There is no time left for a new version; accept or reject.",
        )


def _check_reviews(statement: DecisionMade, contribution: Contribution, campaign: Campaign, at_ms: int) -> None:
    """Where judges decide, a decision is made of all their reviews and says what follows from them."""
    second = statement.method.name == SECOND_LOOK
    if second or (campaign.opened.judging is not None and statement.appeal is None and contribution.decision is None):
        given = [review.id for review in contribution.reviews if review.second_look == second]
        opened = statement.reviews or []
        require(
            bool(given) and sorted(given) == sorted(review.review for review in opened),
            "reviews-all",
            "Judges decide here: a decision opens all reviews that were given, and no others.",
            "Collect the reviews, then decide by them.",
        )
        again = may_ask_again(contribution, campaign, at_ms)
        expected = (
            judging.second_look(opened, campaign.opened)
            if second
            else judging.conclude(opened, campaign.opened, again=again)
        )
        require(expected is not None, "reviews-enough", "The judges have not agreed yet, and not all have judged.")
        said = (statement.verdict, score_millionths(statement.score))
        require(
            said == expected,
            "follows-from-reviews",
            f"From the reviews follows {expected[0]} with {expected[1]} millionths." if expected else "",
        )
        return
    require(statement.reviews is None, "has-judges", "Only a decision that judges make is made of reviews.")
    judged = campaign.opened.judging is not None and statement.appeal is None
    require(
        not judged or is_final(contribution, campaign, at_ms),
        "has-judges",
        "Judges decide in this campaign; what they decided changes by appeal or a second look only.",
    )


def check_review(statement: ReviewGiven, at_ms: int, facts: Facts) -> None:
    """By somebody who has not judged the contribution: one of its judges, or a second look at its rejection."""
    require(statement.id not in facts.reviews, "id-unused", f"Review {statement.id} exists already.")
    contribution, campaign = known_contribution(statement.contribution, facts)
    _check_decidable(contribution, campaign)
    _check_reviewer(statement.reviewer, contribution, campaign, facts)
    require(
        not has_judged(statement.reviewer, contribution),
        "judges-once",
        "This person has judged the contribution already.",
        "Name another reviewer.",
    )
    require(not is_final(contribution, campaign, at_ms), "decided-in-time", "The contribution is final.")
    if statement.second_look:
        _check_second_look(contribution, campaign)
        return
    judges = campaign.opened.judging
    require(judges is not None, "has-judges", "The campaign named no judges: one person's decision is enough.")
    require(contribution.decision is None, "decided-in-time", "The contribution is decided.")
    require(
        judges is not None and len(contribution.reviews) < judges.judges,
        "judges-bounded",
        "All of the campaign's judges have reviewed this contribution.",
    )


def _check_second_look(contribution: Contribution, campaign: Campaign) -> None:
    standing = contribution.decision
    share = campaign.opened.second_looks
    require(
        share is not None
        and standing is not None
        and standing.verdict == "rejected"
        and not standing.superseding
        and not contribution.reopened
        and contribution.appeal is None
        and chosen_for_second_look(standing.id, share),
        "second-look-chosen",
        "This contribution was not chosen for a second look.",
        "GET the campaign's second looks for those that were.",
    )
    again = any(review.second_look for review in contribution.reviews)
    require(not again, "judges-bounded", "The second look at this contribution was taken.")


def chosen_for_second_look(decision: str, share: str) -> bool:
    """Whether the rejection ``decision`` is among the ``share`` that is judged once more; anybody can say."""
    drawn = int.from_bytes(sha256(f"second look {decision}".encode()).digest()[:8], "big")
    return drawn * SCORE_ONE < score_millionths(share) << 64
