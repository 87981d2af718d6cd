"""Drafts about contributions."""

from __future__ import annotations

import hmac

from ledger.book.campaigns import Campaign
from ledger.errors import FieldError, FormatError, NotFoundError
from ledger.log import items
from ledger.log.drafts.draft import Draft, Kept
from ledger.log.drafts.known import Known, require_own
from ledger.statements.commitments import Opening, Place, commit
from ledger.statements.contributions import ContributionRevealed, ContributionSubmitted, ContributionWithdrawn


def submit(item: items.Submit, known: Known) -> Draft:
    """A contribution with the commitment to its content; a sealed one with the commitment that came instead."""
    campaign = known.campaign(item.platform, item.campaign)
    task = _task(item, campaign, known)
    if item.replaces is not None:
        known.contribution(item.platform, item.replaces)
    contributor, person = known.person(item.platform, item.contributor, item.fresh_id)
    require_own(item.contributor_id, contributor, "contributor_id")
    _check_sealed(item, campaign)
    opening = None
    if item.commitment is None:
        place = Place("contribution", known.log, item.campaign, task, contributor)
        opening = commit(place, item.content, item.salt)
    statement = ContributionSubmitted(
        v=1,
        at=known.at,
        id=item.id,
        campaign=item.campaign,
        contributor=contributor,
        commitment=opening.commitment if opening else item.commitment or "",
        terms=item.terms or campaign.versions[-1].terms,
        task=task,
        replaces=item.replaces,
        signature=item.signature,
    )
    return Draft(statement, opening, (Kept("contribution", item.id, opening),) if opening else (), person)


def reveal(item: items.Reveal, known: Known) -> Draft:
    """That a sealed entry's opening matches its commitment and its place."""
    contribution = known.contribution(item.platform, item.contribution)
    opening = Opening(item.salt, item.preimage)
    if not hmac.compare_digest(opening.commitment, known.loaded.commitments[contribution.id]):
        raise FieldError(
            "The opening does not match the commitment of this contribution.",
            field="opening",
            remedy="Send salt and preimage as they were saved when the entry was sealed.",
        )
    place = Place("contribution", known.log, contribution.campaign, contribution.task, contribution.contributor)
    try:
        same = commit(place, opening.content(), item.salt).preimage == item.preimage
    except FormatError as error:
        raise FieldError(error.detail, field="opening", remedy=error.remedy) from error
    if not same:
        raise FieldError(
            "The commitment was made for another log, campaign, task or contributor.",
            field="opening",
            remedy="Seal each entry anew for its own place.",
        )
    statement = ContributionRevealed(v=1, at=known.at, contribution=contribution.id)
    return Draft(statement, opening, (Kept("contribution", contribution.id, opening),))


def withdraw(item: items.Withdraw, known: Known) -> Draft:
    """A contribution is taken back."""
    contribution = known.contribution(item.platform, item.contribution)
    return Draft(ContributionWithdrawn(v=1, at=known.at, contribution=contribution.id, signature=item.signature))


def _check_sealed(item: items.Submit, campaign: Campaign) -> None:
    if campaign.opened.sealed is None:
        if item.commitment is not None:
            raise FieldError(
                "This campaign's entries are not sealed.", field="commitment", remedy="Send the content itself."
            )
        return
    if item.commitment is None:
        raise FieldError(
            "This campaign's entries are sealed: nobody but the contributor may have the content yet.",
            field="content",
            remedy="Send a commitment instead, made with a salt that the contributor keeps.",
        )
    if item.contributor_id is None:
        raise FieldError(
            "A sealed entry's commitment names the contributor's public id.",
            field="contributor_id",
            remedy="Send the public id that the commitment was made for.",
        )


def _task(item: items.Submit, campaign: Campaign, known: Known) -> str | None:
    if item.task_external_id is not None:
        task = known.external(item.platform, "task", item.task_external_id)
    elif item.task is not None:
        task = item.task
    else:
        return None
    if known.facts.tasks.get(task) != campaign.opened.id:
        raise NotFoundError(f"There is no task {task} in this campaign.")
    return task
