"""Rules of contributions: submission, replacement, reveal, withdrawal."""

from __future__ import annotations

from typing import Final

from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution, is_final
from ledger.book.facts import Facts, Record
from ledger.book.rules.campaigns import open_campaign
from ledger.book.rules.require import known_campaign, known_contribution, require
from ledger.errors import RuleError, SignatureError
from ledger.statements import sign_in, signatures
from ledger.statements.campaigns import Limits, Requirement
from ledger.statements.contributions import ContributionRevealed, ContributionSubmitted, ContributionWithdrawn
from ledger.statements.values import SCORE_ONE, score_millionths

MAX_VERSIONS: Final = 50
"""Versions of one contribution: whatever is loaded and replayed of it stays small."""


def check_submission(statement: ContributionSubmitted, at_ms: int, facts: Facts) -> Campaign:
    """In an open campaign, under its terms, within its limits; a replacement of what may be replaced.

    Returns the campaign.
    """
    if statement.id in facts.contributions:
        raise RuleError(f"Contribution {statement.id} exists already.", rule="id-unused")
    replaces = statement.replaces
    if replaces is None:
        known = facts.campaigns.get(statement.campaign)
        if known is None or known.closed or known.paused or known.piloting or at_ms > known.last_submission_ms:
            known = open_campaign(statement.campaign, at_ms, facts)
            _check_running(known)
        campaign = known
    else:
        campaign = _check_replacement(statement, replaces, at_ms, facts)
    opened = campaign.opened
    terms = campaign.versions[-1].terms
    if statement.terms != terms and not _keeps_its_terms(statement, campaign, facts):
        raise RuleError(
            "The accepted terms are not those of the campaign.",
            rule="terms-accepted",
            remedy=f"Show the contributor the campaign's terms and send their digest, {terms}.",
        )
    if statement.task is not None and facts.tasks.get(statement.task) != statement.campaign:
        raise RuleError(f"There is no task {statement.task} in this campaign.", rule="task-known")
    if facts.contributors.get(statement.contributor, opened.platform) != opened.platform:
        raise RuleError(
            f"Contributor {statement.contributor} belongs to another platform.", rule="contributor-of-platform"
        )
    if replaces is None:
        if opened.limits is not None:
            _check_limits(statement, campaign, opened.limits)
        if opened.requires is not None:
            _check_reputation(facts.records.get(statement.contributor), opened.requires)
    return campaign


def _keeps_its_terms(statement: ContributionSubmitted, campaign: Campaign, facts: Facts) -> bool:
    """A new version may stay under the terms of the first one: they are not changed under anybody's hands."""
    old = facts.contributions.get(statement.replaces or "")
    return old is not None and statement.terms == campaign.versions[old.first_version].terms


def _check_running(campaign: Campaign) -> None:
    if campaign.paused:
        raise RuleError(
            "The campaign is paused and takes no contributions for now.",
            rule="campaign-running",
            remedy="Send it again once the campaign has been resumed.",
        )
    if campaign.piloting and campaign.submitted >= (campaign.opened.pilot or 0):
        raise RuleError(
            f"The pilot of {campaign.opened.pilot} contributions is full.",
            rule="pilot-over",
            remedy="Send it again once the platform has resumed the campaign.",
        )


def _check_limits(statement: ContributionSubmitted, campaign: Campaign, limits: Limits) -> None:
    who = statement.contributor
    if limits.participants is not None and who not in campaign.by_person:
        require(
            campaign.participants < limits.participants,
            "limit-participants",
            f"The campaign has its {limits.participants} participants.",
        )
    if limits.per_person is not None:
        require(
            campaign.by_person.get(who, 0) < limits.per_person,
            "limit-per-person",
            f"One person may send {limits.per_person}, and this one has.",
            "To change an earlier one, send it with replaces.",
        )
    if limits.per_task is not None and statement.task is not None:
        require(
            campaign.by_task.get(statement.task, 0) < limits.per_task,
            "limit-per-task",
            f"The task has its {limits.per_task} answers.",
            "Choose another task.",
        )


def _check_reputation(record: Record | None, wanted: Requirement) -> None:
    has = record or Record()
    enough = has.accepted >= wanted.accepted
    good = has.accepted * SCORE_ONE >= score_millionths(wanted.acceptance) * has.decided
    require(
        enough and good,
        "reputation",
        f"The campaign asks for {wanted.accepted} accepted contributions and a share of {wanted.acceptance}; "
        f"this person has {has.accepted} accepted of {has.decided} decided.",
        "Choose a campaign that asks for less.",
    )


def _check_replacement(statement: ContributionSubmitted, replaces: str, at_ms: int, facts: Facts) -> Campaign:
    campaign = known_campaign(statement.campaign, facts)
    old = facts.contributions.get(replaces)
    if old is None or (old.campaign, old.contributor, old.task) != (
        statement.campaign,
        statement.contributor,
        statement.task,
    ):
        raise RuleError(
            "Only the same contributor's own contribution to the same task can be replaced.", rule="replaces-own"
        )
    require(old.replaced_by is None, "replaces-latest", f"{replaces} was replaced by {old.replaced_by} already.")
    _check_author(None if statement.signature is None else statement.signature.address, old)
    require(not old.withdrawn, "replaces-undecided", f"Contribution {replaces} was withdrawn.")
    require(old.number < MAX_VERSIONS, "versions-bounded", f"A contribution has at most {MAX_VERSIONS} versions.")
    require(
        not old.reviews or old.decision is not None,
        "replaces-undecided",
        f"Contribution {replaces} is being reviewed and cannot be replaced.",
        "Wait for the decision.",
    )
    if old.decision is None:
        open_campaign(statement.campaign, at_ms, facts)
        _check_paused(campaign)
        require(
            not is_final(old, campaign, at_ms),
            "replaces-undecided",
            f"Contribution {replaces} is decided and cannot be replaced.",
        )
    else:
        _check_revision(old, campaign, at_ms)
    return campaign


def _check_paused(campaign: Campaign) -> None:
    require(not campaign.paused, "campaign-running", "The campaign is paused and takes no contributions for now.")


def _check_revision(old: Contribution, campaign: Campaign, at_ms: int) -> None:
    """A new version that was asked for is taken even where the campaign was closed or paused meanwhile."""
    decision = old.decision
    asked = decision is not None and decision.verdict == "needs_work" and old.appeal is None
    require(asked, "replaces-undecided", f"Contribution {old.id} is decided and cannot be replaced.")
    in_time = decision is not None and at_ms <= min(decision.at_ms + campaign.revision_ms, campaign.last_submission_ms)
    require(in_time, "revision-in-time", "The time for the new version has passed.")


def _check_author(signer: str | None, contribution: Contribution) -> None:
    require(
        contribution.signer in (None, signer),
        "signed-by-author",
        f"Contribution {contribution.id} is signed by {contribution.signer}; only that wallet changes it.",
        "Sign it with that wallet.",
    )


def check_reveal(statement: ContributionRevealed, at_ms: int, facts: Facts) -> None:
    """Of a sealed entry, after the deadline and in its window, once."""
    contribution, campaign = known_contribution(statement.contribution, facts)
    sealed_ms = campaign.sealed_ms
    if sealed_ms is None:
        raise RuleError("The campaign's entries are not sealed.", rule="is-sealed")
    require(
        sealed_ms < at_ms <= campaign.reveal_ms,
        "reveal-in-time",
        f"Entries are opened after {campaign.opened.sealed.deadline} and until {campaign.opened.sealed.reveal_until}."
        if campaign.opened.sealed
        else "",
    )
    require(not contribution.revealed, "reveal-once", f"Contribution {contribution.id} is open already.")
    latest = contribution.replaced_by is None and not contribution.withdrawn
    require(latest, "reveals-latest", f"Contribution {contribution.id} was replaced or withdrawn.")


def check_withdrawal(statement: ContributionWithdrawn, at_ms: int, facts: Facts) -> None:
    """Before any review, decision or default."""
    contribution, campaign = known_contribution(statement.contribution, facts)
    _check_withdrawal_signature(statement, contribution, facts)
    require(not contribution.withdrawn, "withdraw-once", f"Contribution {contribution.id} was withdrawn already.")
    require(contribution.replaced_by is None, "withdraws-latest", "Withdraw the latest version.")
    untouched = contribution.decision is None and not contribution.reviews
    require(
        untouched and not is_final(contribution, campaign, at_ms),
        "withdraws-undecided",
        f"Contribution {contribution.id} is being judged or is decided.",
    )


def _check_withdrawal_signature(statement: ContributionWithdrawn, contribution: Contribution, facts: Facts) -> None:
    signature = statement.signature
    _check_author(None if signature is None else signature.address, contribution)
    if signature is None:
        return
    text = sign_in.withdrawal(facts.origin, contribution.id)
    try:
        signatures.verify(signatures.message_digest(text), signature.value, signature.address)
    except SignatureError as error:
        raise RuleError(error.detail, rule="signed-by-author", remedy=error.remedy) from error
