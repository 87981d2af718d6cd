"""Rules of results, erasure and mandates."""

from __future__ import annotations

from ledger.book.contributions import is_final
from ledger.book.facts import Facts
from ledger.book.rules.require import known_campaign, require
from ledger.errors import RuleError
from ledger.statements.contents import AuditorMandated, ContentErased, ContentOpened
from ledger.statements.results import ResultPublished
from ledger.statements.values import time_ms


def check_result(statement: ResultPublished, at_ms: int, facts: Facts) -> None:
    """Of a campaign that exists."""
    require(statement.id not in facts.results, "id-unused", f"Result {statement.id} exists already.")
    known_campaign(statement.campaign, facts)


def check_erasure(statement: ContentErased, at_ms: int, facts: Facts) -> None:
    """Of something there is, once; what a decision or an appeal may still need goes by wish or law only."""
    campaign = facts.campaign_of(statement.purpose, statement.subject)
    require(
        campaign is not None and _is_there(statement, facts),
        "subject-known",
        f"Nothing here carries a {statement.purpose} {statement.subject}.",
    )
    require(
        (statement.purpose, statement.subject) not in facts.erased, "erased-once", "This content was erased already."
    )
    evidence = facts.contributions.get(_evidence_for(statement, facts) or "")
    if evidence is not None and statement.reason == "retention":
        require(
            is_final(evidence, facts.campaigns[evidence.campaign], at_ms),
            "evidence-kept",
            "Until a contribution is final its content goes by the contributor's wish or by law only.",
        )


def _is_there(statement: ContentErased, facts: Facts) -> bool:
    """Whether the content has come: what is erased before could not be erased after, for that is done once."""
    subject = statement.subject
    if statement.purpose == "contribution":
        sealed = facts.contributions[subject]
        return sealed.revealed or facts.campaigns[sealed.campaign].sealed_ms is None
    if statement.purpose != "feedback" or any(
        subject in each for each in (facts.ratings, facts.decisions, facts.reviews)
    ):
        return True
    appeal = facts.contributions[facts.appeals[subject]].appeal
    return appeal is None or appeal.id != subject or appeal.resolved


def _evidence_for(statement: ContentErased, facts: Facts) -> str | None:
    """The contribution whose outcome may still depend on the content."""
    subject = statement.subject
    match statement.purpose:
        case "contribution":
            return subject
        case "inputs":
            return facts.decisions.get(subject)
        case "appeal":
            return facts.appeals.get(subject)
        case "feedback":
            return facts.decisions.get(subject) or facts.reviews.get(subject) or facts.appeals.get(subject)
        case _:
            return None


def check_mandate(statement: AuditorMandated, at_ms: int, facts: Facts) -> None:
    """By a platform, for its own campaigns, for a time."""
    require(statement.id not in facts.mandates, "id-unused", f"Mandate {statement.id} exists already.")
    require(statement.platform in facts.platforms, "platform-known", f"No platform {statement.platform}.")
    require(time_ms(statement.until) > at_ms, "mandate-in-time", "The mandate would be over already.")
    if statement.campaign is not None:
        campaign = known_campaign(statement.campaign, facts)
        require(campaign.opened.platform == statement.platform, "campaign-known", "The campaign is another platform's.")


def check_opened(statement: ContentOpened, at_ms: int, facts: Facts) -> None:
    """Under a mandate that covers it, while it lasts."""
    mandate = facts.mandates.get(statement.mandate)
    if mandate is None:
        raise RuleError(f"There is no mandate {statement.mandate}.", rule="mandate-known")
    require(at_ms <= time_ms(mandate.until), "mandate-in-time", f"The mandate ended on {mandate.until}.")
    campaign = facts.campaign_of(statement.purpose, statement.subject)
    covered = (
        campaign is not None
        and facts.campaigns[campaign].opened.platform == mandate.platform
        and mandate.campaign in (None, campaign)
    )
    require(covered, "mandate-covers", "The mandate does not cover this content.")
