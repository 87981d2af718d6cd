"""From items to statements: references resolved, other platforms' things not seen, commitments made. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.log import items
from ledger.log.drafts import campaigns, contents, contributions, judging, people, platforms, service
from ledger.log.drafts.draft import Draft, Kept
from ledger.log.drafts.known import Known

__all__ = ["Draft", "Kept", "Known", "draft"]

_DRAFTS: dict[type[items.Item], Callable[[Any, Known], Draft]] = {
    items.Submit: contributions.submit,
    items.Reveal: contributions.reveal,
    items.Withdraw: contributions.withdraw,
    items.Review: judging.review,
    items.Decide: judging.decide,
    items.FileAppeal: judging.file_appeal,
    items.ResolveAppeal: judging.resolve_appeal,
    items.OpenCampaign: campaigns.open_campaign,
    items.AmendCampaign: campaigns.amend,
    items.PublishNotice: campaigns.publish_notice,
    items.PauseCampaign: campaigns.pause,
    items.ResumeCampaign: campaigns.resume,
    items.CloseCampaign: campaigns.close,
    items.AddTask: campaigns.add_task,
    items.GiveFeedback: people.give_feedback,
    items.LinkWallet: people.link_wallet,
    items.ObjectToLink: people.object_to_link,
    items.PublishResult: contents.publish_result,
    items.EraseContent: contents.erase,
    items.GiveMandate: contents.give_mandate,
    items.OpenContent: contents.open_content,
    items.RegisterPlatform: platforms.register,
    items.AddKey: platforms.add_key,
    items.RevokeKey: platforms.revoke_key,
    items.NoteAct: platforms.note_act,
    items.Record: service.record,
}


def draft(item: items.Item, known: Known) -> Draft:
    """The item's draft. Raises NotFoundError, RuleError, FieldError, FormatError."""
    return _DRAFTS[type(item)](item, known)
