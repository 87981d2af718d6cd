"""The API's models, shared by the service and the client: msgspec structs for hot writes, plain models otherwise."""

from __future__ import annotations

from ledger.wire.audit import AnchorSummary, AuditSummary, ChainSummary
from ledger.wire.campaigns import (
    Campaign,
    CampaignLine,
    CampaignWritten,
    NewCampaign,
    NewTask,
    Onchain,
    PieceRate,
    ScoreRate,
    TaskBatch,
)
from ledger.wire.contributions import (
    Contribution,
    ContributionLine,
    Decision,
    NewWallet,
    WalletMessage,
    WalletMessageRequest,
)
from ledger.wire.platforms import Key, KeyWritten, NewKey, NewPlatform
from ledger.wire.replies import BatchItem, BatchReply, Page, Problem, State, Written
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
    "Decision",
    "DecisionBatch",
    "Key",
    "KeyWritten",
    "Model",
    "NewCampaign",
    "NewClaims",
    "NewContribution",
    "NewDecision",
    "NewKey",
    "NewPlatform",
    "NewTask",
    "NewWallet",
    "Onchain",
    "Page",
    "PieceRate",
    "Problem",
    "Reward",
    "Rewards",
    "ScoreRate",
    "Settlement",
    "SettlementRequest",
    "State",
    "TaskBatch",
    "WalletMessage",
    "WalletMessageRequest",
    "Written",
]
