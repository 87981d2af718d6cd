"""The API's models, shared by the service and the client: msgspec structs for hot writes, plain models otherwise."""

from __future__ import annotations

from ledger.wire.audit import AnchorSummary, AuditSummary, ChainSummary, LogSummary
from ledger.wire.briefs import Brief, CriterionText, Rights
from ledger.wire.campaigns import (
    BriefVersion,
    Campaign,
    CampaignLine,
    CampaignWritten,
    NewAmendment,
    NewCampaign,
    NewNotice,
    NewTask,
    Notice,
    Onchain,
    TaskBatch,
)
from ledger.wire.conditions import Criterion, Judging, Limits, Requirement, Revisions, Sealed
from ledger.wire.contributions import (
    Contribution,
    ContributionLine,
    Decision,
    NewWallet,
    WalletMessage,
    WalletMessageRequest,
)
from ledger.wire.entries import Entry, Existing
from ledger.wire.figures import Figures, Money, OpenCampaign
from ledger.wire.log_keys import LogKey, LogKeys
from ledger.wire.mandates import Mandate, MandateWritten, NewMandate, Opened
from ledger.wire.platforms import Key, KeyWritten, NewKey, NewPlatform
from ledger.wire.policies import PieceRate, Pool, Prizes, ScoreRate
from ledger.wire.replies import BatchItem, BatchReply, Page, Problem, State, Written
from ledger.wire.results import NewResult, Result, ResultLine, ResultMethod, ResultWritten
from ledger.wire.reviews import NewReview, Queue, QueueItem, ReviewerFigures, Reviewers, ReviewWritten
from ledger.wire.settlements import (
    CampaignTotal,
    ClaimRequest,
    ClaimRequests,
    NewClaims,
    Reward,
    Rewards,
    Settlement,
    SettlementRequest,
)
from ledger.wire.signals import Signal, Signals
from ledger.wire.values import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ITEMS,
    MAX_BODY_BYTES,
    MAX_CLAIM_ADDRESSES,
    MAX_CONTENT_BYTES,
    MAX_PAGE_ITEMS,
    Model,
)
from ledger.wire.writes import ContributionBatch, DecisionBatch, NewContribution, NewDecision

__all__ = [
    "MAX_BATCH_BYTES",
    "MAX_BATCH_ITEMS",
    "MAX_BODY_BYTES",
    "MAX_CLAIM_ADDRESSES",
    "MAX_CONTENT_BYTES",
    "MAX_PAGE_ITEMS",
    "AnchorSummary",
    "AuditSummary",
    "BatchItem",
    "BatchReply",
    "Brief",
    "BriefVersion",
    "Campaign",
    "CampaignLine",
    "CampaignTotal",
    "CampaignWritten",
    "ChainSummary",
    "ClaimRequest",
    "ClaimRequests",
    "Contribution",
    "ContributionBatch",
    "ContributionLine",
    "Criterion",
    "CriterionText",
    "Decision",
    "DecisionBatch",
    "Entry",
    "Existing",
    "Figures",
    "Judging",
    "Key",
    "KeyWritten",
    "Limits",
    "LogKey",
    "LogKeys",
    "LogSummary",
    "Mandate",
    "MandateWritten",
    "Model",
    "Money",
    "NewAmendment",
    "NewCampaign",
    "NewClaims",
    "NewContribution",
    "NewDecision",
    "NewKey",
    "NewMandate",
    "NewNotice",
    "NewPlatform",
    "NewResult",
    "NewReview",
    "NewTask",
    "NewWallet",
    "Notice",
    "Onchain",
    "OpenCampaign",
    "Opened",
    "Page",
    "PieceRate",
    "Pool",
    "Prizes",
    "Problem",
    "Queue",
    "QueueItem",
    "Requirement",
    "Result",
    "ResultLine",
    "ResultMethod",
    "ResultWritten",
    "ReviewWritten",
    "ReviewerFigures",
    "Reviewers",
    "Revisions",
    "Reward",
    "Rewards",
    "Rights",
    "ScoreRate",
    "Sealed",
    "Settlement",
    "SettlementRequest",
    "Signal",
    "Signals",
    "State",
    "TaskBatch",
    "WalletMessage",
    "WalletMessageRequest",
    "Written",
]
