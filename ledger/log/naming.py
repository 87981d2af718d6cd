"""What each item names: all that has to be loaded before the rules can be asked."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.db.loading import Content, Named, Submission
from ledger.log import items
from ledger.log.requests import Request
from ledger.statements.campaigns import CampaignFunded
from ledger.statements.contents import Purpose
from ledger.statements.log import LogKeyRotated


def named(requests: Iterable[Request]) -> Named:
    """All that the requests name, to be loaded."""
    names = Named()
    for request in requests:
        key = request.external_key
        if key is not None:
            names.externals.add(key)
        _name(request.item, names)
    return names


def _name(item: items.Item, names: Named) -> None:
    match item:
        case items.Submit():
            _submit(item, names)
        case items.Decide():
            _decide(item, names)
        case items.Review():
            names.reviews.add(item.id)
            names.contributions.add(item.contribution)
            _person(item.platform, item.reviewer, item.fresh_id, names)
        case items.Reveal() | items.Withdraw():
            names.contributions.add(item.contribution)
        case items.FileAppeal():
            names.appeals.add(item.id)
            names.contributions.add(item.contribution)
        case items.ResolveAppeal():
            names.appeals.add(item.appeal)
            _person(item.platform, item.reviewer, item.fresh_id, names)
        case _:
            _name_rarer(item, names)


def _name_rarer(item: items.Item, names: Named) -> None:
    match item:
        case items.AddTask():
            names.campaigns.add(item.campaign)
            names.tasks.add(item.id)
        case items.OpenCampaign():
            names.campaigns.add(item.id)
            names.platforms.add(item.platform)
        case items.PublishNotice():
            names.campaigns.add(item.campaign)
            names.notices.add(item.id)
        case items.AmendCampaign() | items.PauseCampaign() | items.ResumeCampaign() | items.CloseCampaign():
            names.campaigns.add(item.campaign)
        case items.PublishResult():
            names.campaigns.add(item.campaign)
            names.results.add(item.id)
            names.sources.update(item.entries)
        case items.GiveFeedback():
            _feedback(item, names)
        case items.EraseContent():
            names.lease = names.lease or item.fence is not None
            _carried(item.purpose, item.subject, names)
            names.erased.add(Content(item.purpose, item.subject))
        case items.OpenContent():
            _carried(item.purpose, item.subject, names)
            names.contents.add(Content(item.purpose, item.subject))
            names.mandates.add(item.mandate)
        case items.GiveMandate():
            names.platforms.add(item.platform)
            names.mandates.add(item.id)
            if item.campaign is not None:
                names.campaigns.add(item.campaign)
        case _:
            _name_people(item, names)


def _name_people(item: items.Item, names: Named) -> None:
    if isinstance(item, items.Record) and item.fence is not None:
        names.lease = True
    match item:
        case items.LinkWallet() | items.ObjectToLink():
            names.linked.add(item.contributor)
        case items.RegisterPlatform():
            names.platforms.add(item.id)
            names.keys.add(item.key.id)
        case items.AddKey():
            names.platforms.add(item.platform)
            names.keys_of.add(item.platform)
            names.keys.add(item.key.id)
        case items.NoteAct():
            names.platforms.add(item.platform)
        case items.RevokeKey():
            names.platforms.add(item.platform)
            names.keys_of.add(item.platform)
        case items.Record(statement=CampaignFunded() as statement):
            names.campaigns.add(statement.campaign)
            names.funds.add(statement.campaign)
        case items.Record(statement=LogKeyRotated()):
            names.log_keys = True


def _submit(item: items.Submit, names: Named) -> None:
    names.campaigns.add(item.campaign)
    names.contributions.add(item.id)
    _person(item.platform, item.contributor, item.fresh_id, names)
    if item.task is not None:
        names.tasks.add(item.task)
    if item.task_external_id is not None:
        names.externals.add((item.platform, "task", item.task_external_id))
    if item.replaces is None:
        where = (item.campaign, item.platform, item.contributor)
        names.submissions.add(Submission(*where, item.task, item.task_external_id))
    else:
        names.contributions.add(item.replaces)


def _decide(item: items.Decide, names: Named) -> None:
    names.decisions.add(item.id)
    if item.contribution is not None:
        names.contributions.add(item.contribution)
    if item.contribution_external_id is not None:
        names.externals.add((item.platform, "contribution", item.contribution_external_id))
    if item.reviewer is not None:
        _person(item.platform, item.reviewer, item.fresh_id, names)
    for opened in item.reviews or ():
        names.contents.add(Content("feedback", opened.review))


def _feedback(item: items.GiveFeedback, names: Named) -> None:
    names.campaigns.add(item.campaign)
    names.public_ids.add(item.contributor)
    names.feedbacks.add(item.id)
    names.ratings.add((item.campaign, item.contributor, item.subject))
    if item.about == "task":
        names.tasks.add(item.subject)
    if item.about == "decision":
        names.decisions.add(item.subject)


def _carried(purpose: Purpose, subject: str, names: Named) -> None:
    """Whatever may carry a commitment of this purpose."""
    match purpose:
        case "task":
            names.tasks.add(subject)
        case "contribution":
            names.contributions.add(subject)
        case "result":
            names.results.add(subject)
        case "appeal":
            names.appeals.add(subject)
        case _:
            names.decisions.add(subject)
            names.reviews.add(subject)
            names.appeals.add(subject)
            names.feedbacks.add(subject)


def _person(platform: str, external_id: str, fresh_id: str, names: Named) -> None:
    names.people.setdefault((platform, external_id), set()).add(fresh_id)
