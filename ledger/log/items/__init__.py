"""What is handed to the writer: validated requests that become statements under the lock of the log's head.

Ids and salts are made by the caller, so that planning is pure; times, indexes, public ids of people already known and
commitments are made in ``plan``. Where a reference has an ``_external_id`` twin, exactly one of the two is given (for a
task: at most one).
"""

from ledger.log.items.campaigns import (
    AddTask,
    AmendCampaign,
    CloseCampaign,
    OpenCampaign,
    PauseCampaign,
    PoolPlace,
    PublishNotice,
    ResumeCampaign,
)
from ledger.log.items.contents import EraseContent, GiveMandate, OpenContent, PublishResult
from ledger.log.items.contributions import Reveal, Submit, Withdraw
from ledger.log.items.judging import Decide, FileAppeal, ResolveAppeal, Review
from ledger.log.items.people import GiveFeedback, LinkWallet, ObjectToLink
from ledger.log.items.platforms import AddKey, ApiKey, NoteAct, RegisterPlatform, RevokeKey
from ledger.log.items.service import Fence, Record
from ledger.log.items.written import Written

Item = (
    RegisterPlatform
    | AddKey
    | RevokeKey
    | NoteAct
    | OpenCampaign
    | AmendCampaign
    | PublishNotice
    | PauseCampaign
    | ResumeCampaign
    | CloseCampaign
    | AddTask
    | Submit
    | Reveal
    | Withdraw
    | Review
    | Decide
    | FileAppeal
    | ResolveAppeal
    | GiveFeedback
    | PublishResult
    | EraseContent
    | GiveMandate
    | OpenContent
    | LinkWallet
    | ObjectToLink
    | Record
)

__all__ = [
    "AddKey",
    "AddTask",
    "AmendCampaign",
    "ApiKey",
    "CloseCampaign",
    "Decide",
    "EraseContent",
    "Fence",
    "FileAppeal",
    "GiveFeedback",
    "GiveMandate",
    "Item",
    "LinkWallet",
    "NoteAct",
    "ObjectToLink",
    "OpenCampaign",
    "OpenContent",
    "PauseCampaign",
    "PoolPlace",
    "PublishNotice",
    "PublishResult",
    "Record",
    "RegisterPlatform",
    "ResolveAppeal",
    "ResumeCampaign",
    "Reveal",
    "Review",
    "RevokeKey",
    "Submit",
    "Withdraw",
    "Written",
]
