"""Drafts about campaigns, their notices and their tasks."""

from __future__ import annotations

import msgspec

from ledger.errors import FieldError
from ledger.log import items
from ledger.log.drafts.draft import Draft, Kept
from ledger.log.drafts.known import Known
from ledger.statements import canonical, onchain
from ledger.statements.campaigns import (
    CampaignAmended,
    CampaignClosed,
    CampaignNotice,
    CampaignOpened,
    CampaignPaused,
    CampaignResumed,
    Onchain,
    TaskAdded,
)
from ledger.statements.commitments import Place, commit


def open_campaign(item: items.OpenCampaign, known: Known) -> Draft:
    """A campaign with the digests of its texts and, where it is paid, its id on the chain."""
    statement = CampaignOpened(
        v=1,
        at=known.at,
        id=item.id,
        platform=item.platform,
        type=item.type,
        brief=canonical.digest(item.brief),
        terms=canonical.digest(item.terms),
        policy=item.policy,
        budget=item.budget,
        appeal_window=item.appeal_window,
        decision_deadline=item.decision_deadline,
        decision_default=item.decision_default,
        appeal_deadline=item.appeal_deadline,
        appeal_default=item.appeal_default,
        closing_date=item.closing_date,
        goal=item.goal,
        funding_deadline=item.funding_deadline,
        reviewer_rate=item.reviewer_rate,
        bonus_limit=item.bonus_limit,
        judging=item.judging,
        sealed=item.sealed,
        limits=item.limits,
        requires=item.requires,
        revisions=item.revisions,
        pilot=item.pilot,
        direct=item.direct,
        second_looks=item.second_looks,
    )
    if item.place is None:
        return Draft(statement)
    place = item.place
    try:
        campaign_id = onchain.campaign_id(place.opener, place.log_id, onchain.charter(statement))
    except ValueError as error:
        raise FieldError("The opener's address or the log's id is not hexadecimal.", field="place") from error
    part = Onchain(chain_id=place.chain_id, pool=place.pool, log_id=place.log_id, opener=place.opener, id=campaign_id)
    return Draft(msgspec.structs.replace(statement, onchain=part))


def amend(item: items.AmendCampaign, known: Known) -> Draft:
    """The next version."""
    known.campaign(item.platform, item.campaign)
    return Draft(
        CampaignAmended(
            v=1,
            at=known.at,
            campaign=item.campaign,
            version=item.version,
            brief=None if item.brief is None else canonical.digest(item.brief),
            terms=None if item.terms is None else canonical.digest(item.terms),
            policy=item.policy,
            budget=item.budget,
            reviewer_rate=item.reviewer_rate,
        )
    )


def publish_notice(item: items.PublishNotice, known: Known) -> Draft:
    """A notice."""
    known.campaign(item.platform, item.campaign)
    return Draft(
        CampaignNotice(
            v=1, at=known.at, id=item.id, campaign=item.campaign, type=item.type, text=canonical.digest(item.text)
        )
    )


def pause(item: items.PauseCampaign, known: Known) -> Draft:
    """No contributions for now."""
    known.campaign(item.platform, item.campaign)
    return Draft(CampaignPaused(v=1, at=known.at, campaign=item.campaign))


def resume(item: items.ResumeCampaign, known: Known) -> Draft:
    """Contributions again."""
    known.campaign(item.platform, item.campaign)
    return Draft(CampaignResumed(v=1, at=known.at, campaign=item.campaign))


def close(item: items.CloseCampaign, known: Known) -> Draft:
    """No more contributions."""
    known.campaign(item.platform, item.campaign)
    return Draft(CampaignClosed(v=1, at=known.at, campaign=item.campaign))


def add_task(item: items.AddTask, known: Known) -> Draft:
    """A task with the commitment to its content."""
    known.campaign(item.platform, item.campaign)
    opening = commit(Place("task", known.log, item.campaign, task=item.id), item.content, item.salt)
    statement = TaskAdded(v=1, at=known.at, id=item.id, campaign=item.campaign, commitment=opening.commitment)
    return Draft(statement, opening, (Kept("task", item.id, opening),))
