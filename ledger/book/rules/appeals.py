"""Rules of appeals."""

from __future__ import annotations

from ledger.book.contributions import is_final
from ledger.book.facts import Facts
from ledger.book.rules.decisions import has_judged
from ledger.book.rules.require import known_contribution, require
from ledger.errors import RuleError
from ledger.statements.appeals import AppealFiled, AppealResolved


def check_filing(statement: AppealFiled, at_ms: int, facts: Facts) -> None:
    """Against the decision that stands, in its window, once."""
    require(statement.id not in facts.appeals, "id-unused", f"Appeal {statement.id} exists already.")
    contribution, campaign = known_contribution(statement.contribution, facts)
    require(contribution.replaced_by is None, "appeals-latest", "A new version was sent; that one will be decided.")
    standing = contribution.decision
    if standing is None:
        raise RuleError("There is no decision to appeal against yet.", rule="appeals-standing")
    require(statement.decision == standing.id, "appeals-standing", f"The decision that stands is {standing.id}.")
    require(contribution.appeal is None, "appeals-once", "This decision was appealed already.")
    require(
        at_ms <= standing.at_ms + campaign.appeal_ms and not is_final(contribution, campaign, at_ms),
        "appeal-in-time",
        "The appeal window has passed.",
    )


def check_resolution(statement: AppealResolved, at_ms: int, facts: Facts) -> None:
    """By somebody who has not judged the contribution, before the deadline, with the decision that stands."""
    filed = facts.appeals.get(statement.appeal)
    if filed is None:
        raise RuleError(f"There is no appeal {statement.appeal}.", rule="appeal-known")
    contribution, campaign = known_contribution(filed, facts)
    appeal, standing = contribution.appeal, contribution.decision
    if appeal is None or standing is None or appeal.id != statement.appeal or appeal.resolved:
        raise RuleError(f"Appeal {statement.appeal} is resolved already.", rule="appeal-open")
    require(not is_final(contribution, campaign, at_ms), "resolved-in-time", "The appeal's deadline has passed.")
    require(statement.decision == standing.id, "appeals-standing", f"The decision that stands is {standing.id}.")
    require(statement.reviewer != contribution.contributor, "no-self-review", "Nobody decides on their own work.")
    platform = campaign.opened.platform
    require(
        facts.contributors.get(statement.reviewer, platform) == platform,
        "contributor-of-platform",
        f"Reviewer {statement.reviewer} belongs to another platform.",
    )
    if standing.id == appeal.decision:
        other = not has_judged(statement.reviewer, contribution)
    else:
        other = standing.reviewer == statement.reviewer
    require(
        other,
        "judged-by-another",
        "An appeal is resolved by a person who has not judged the contribution before, "
        "the one who made the new decision if there is one.",
        "Name another reviewer.",
    )
