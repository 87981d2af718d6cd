"""What rules are made of: a condition that must hold, and things that must be known."""

from __future__ import annotations

from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution
from ledger.book.facts import Facts
from ledger.errors import RuleError


def require(holds: bool, rule: str, detail: str, remedy: str | None = None) -> None:
    """Raise RuleError of the rule unless the condition holds."""
    if not holds:
        raise RuleError(detail, rule=rule, remedy=remedy)


def known_campaign(campaign: str, facts: Facts) -> Campaign:
    """The campaign. Raises RuleError."""
    found = facts.campaigns.get(campaign)
    if found is None:
        raise RuleError(f"There is no campaign {campaign}.", rule="campaign-known", remedy="Open the campaign first.")
    return found


def known_contribution(contribution: str, facts: Facts) -> tuple[Contribution, Campaign]:
    """The contribution and its campaign. Raises RuleError."""
    found = facts.contributions.get(contribution)
    if found is None:
        raise RuleError(
            f"There is no contribution {contribution}.",
            rule="contribution-known",
            remedy="Send the contribution first; refer to it by the id in its receipt.",
        )
    return found, facts.campaigns[found.campaign]
