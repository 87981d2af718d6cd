"""Drafts about results, erasure, and auditors who open contents."""

from __future__ import annotations

from ledger.db.loading import Content
from ledger.errors import FieldError, NotFoundError
from ledger.log import items
from ledger.log.drafts.draft import Draft, Kept
from ledger.log.drafts.known import Known, missing
from ledger.statements import canonical
from ledger.statements.commitments import Opening, Place, commit
from ledger.statements.contents import AuditorMandated, ContentErased, ContentOpened
from ledger.statements.results import ResultPublished


def publish_result(item: items.PublishResult, known: Known) -> Draft:
    """A result with the commitment to it, and the digest of what it was made from in the order of the log."""
    known.campaign(item.platform, item.campaign)
    place = Place("result", known.log, item.campaign, subject=item.id)
    opening = commit(place, item.result, item.salt)
    statement = ResultPublished(
        v=1,
        at=known.at,
        id=item.id,
        campaign=item.campaign,
        commitment=opening.commitment,
        method=item.method,
        entries=canonical.digest(_in_order(item, known)),
        count=len(item.entries),
    )
    return Draft(statement, opening, (Kept("result", item.id, opening),))


def _in_order(item: items.PublishResult, known: Known) -> canonical.JsonValue:
    if len(set(item.entries)) != len(item.entries):
        raise FieldError("A contribution is named twice.", field="entries", remedy="Name each once.")
    indexes = {}
    for entry in item.entries:
        found = known.facts.contributions.get(entry)
        campaign, index = (found.campaign, found.index) if found else known.loaded.sources.get(entry, ("", 0))
        if campaign != item.campaign:
            raise NotFoundError(f"There is no contribution {entry} in this campaign.")
        indexes[entry] = index
    return [*sorted(indexes, key=lambda entry: indexes[entry])]


def erase(item: items.EraseContent, known: Known) -> Draft:
    """That a commitment can no longer be opened."""
    known.carried(item.platform, item.purpose, item.subject)
    return Draft(ContentErased(v=1, at=known.at, purpose=item.purpose, subject=item.subject, reason=item.reason))


def give_mandate(item: items.GiveMandate, known: Known) -> Draft:
    """That an auditor may open contents of the platform's campaigns, or of one of them."""
    if item.campaign is not None:
        known.campaign(item.platform, item.campaign)
    return Draft(
        AuditorMandated(
            v=1,
            at=known.at,
            id=item.id,
            platform=item.platform,
            name=item.name,
            until=item.until,
            campaign=item.campaign,
        )
    )


def open_content(item: items.OpenContent, known: Known) -> Draft:
    """That an auditor was given an opening, with it. What the mandate does not cover is missing."""
    mandate = known.facts.mandates.get(item.mandate)
    if mandate is None:
        missing("mandate", item.mandate)
    campaign = known.carried(mandate.platform, item.purpose, item.subject)
    if mandate.campaign not in (None, campaign.opened.id):
        missing(item.purpose, item.subject)
    stored = known.loaded.openings.get(Content(item.purpose, item.subject))
    if stored is None:
        raise NotFoundError(
            f"The {item.purpose} of {item.subject} cannot be opened.",
            remedy="It was erased, is still sealed, or nothing was committed to.",
        )
    statement = ContentOpened(v=1, at=known.at, mandate=item.mandate, purpose=item.purpose, subject=item.subject)
    return Draft(statement, Opening(*stored))
