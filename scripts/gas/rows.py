"""The rows of the table: what each figure is, and the limit that it must keep.

Limits are for each item (a claim, an anchor), means where a row has many transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ANCHOR_LIMIT = 50_000
ANCHOR_RANDOM_LIMIT = 56_000
CONTRIBUTION_LIMIT = 5
INCLUSION_LIMIT = 10_500
CLAIM_FIRST_LIMIT = 95_000
CLAIM_REPEAT_LIMIT = 60_000
MANY_POOL_FIRST_LIMIT = 51_000
MANY_POOL_REPEAT_LIMIT = 16_800
MANY_TOKEN_FIRST_LIMIT = 25_900
MANY_TOKEN_REPEAT_LIMIT = 8_800
SETTLE_LIMIT = 260_000


class Part(StrEnum):
    """A part of the table."""

    LOG = "The log"
    POOL = "RewardPool"
    TOKEN = "RewardToken"
    OTHER = "Less frequent calls, and what is made once"
    PEERS = "Peers, measured on the same chain"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``limit`` is gas for each item; ``reason`` says why a figure is above it, and stands only there."""

    key: str
    part: Part
    title: str
    limit: int | None = None
    reason: str = ""


_WHY_CLAIMS_ARE_ABOVE = "the cap and the pool's own event"

ROWS = (
    Row("anchor_1m", Part.LOG, "anchor, 1,000,000 entries + 10,000", ANCHOR_LIMIT),
    Row("contribution", Part.LOG, "that anchor, for each contribution", CONTRIBUTION_LIMIT),
    Row("anchor_random", Part.LOG, "anchor, 20 random old sizes + 10,000, mean", ANCHOR_RANDOM_LIMIT),
    Row("anchor_random_least", Part.LOG, "the least of those"),
    Row("anchor_random_most", Part.LOG, "the most of those"),
    Row("anchor_first", Part.LOG, "first anchor of a log"),
    Row("inclusion", Part.LOG, "verifyInclusion at 1,000,000, execution alone, mean of 20", INCLUSION_LIMIT),
    Row("inclusion_most", Part.LOG, "the most of those"),
    Row("claim_pool_first", Part.POOL, "claim, first, mean of 100", CLAIM_FIRST_LIMIT, _WHY_CLAIMS_ARE_ABOVE),
    Row("claim_pool_repeat", Part.POOL, "claim, repeat, mean of 100", CLAIM_REPEAT_LIMIT, _WHY_CLAIMS_ARE_ABOVE),
    Row("listed_pool_first", Part.POOL, "claim, first, with the token's slots in an access list"),
    Row("listed_pool_repeat", Part.POOL, "claim, repeat, with the token's slots in an access list"),
    Row("claim_pool_payee", Part.POOL, "claim, first, to a payee"),
    Row("many_pool_first", Part.POOL, "claimMany of 100 neighbours, first, each", MANY_POOL_FIRST_LIMIT),
    Row("many_pool_repeat", Part.POOL, "claimMany of 100 neighbours, repeat, each", MANY_POOL_REPEAT_LIMIT),
    Row("drawn_pool_first", Part.POOL, "claimMany of 100 drawn at random, first, each"),
    Row("drawn_pool_repeat", Part.POOL, "claimMany of 100 drawn at random, repeat, each"),
    Row("settle_pool_first", Part.POOL, "propose and activate, 10 campaigns, first"),
    Row("settle_pool", Part.POOL, "propose and activate, 10 campaigns settled before", SETTLE_LIMIT),
    Row("claim_token_first", Part.TOKEN, "claim, first, mean of 100"),
    Row("claim_token_repeat", Part.TOKEN, "claim, repeat, mean of 100"),
    Row("many_token_first", Part.TOKEN, "claimMany of 100 neighbours, first, each", MANY_TOKEN_FIRST_LIMIT),
    Row("many_token_repeat", Part.TOKEN, "claimMany of 100 neighbours, repeat, each", MANY_TOKEN_REPEAT_LIMIT),
    Row("drawn_token_first", Part.TOKEN, "claimMany of 100 drawn at random, first, each"),
    Row("drawn_token_repeat", Part.TOKEN, "claimMany of 100 drawn at random, repeat, each"),
    Row("settle_token_first", Part.TOKEN, "propose and activate, 10 campaigns, first"),
    Row("settle_token", Part.TOKEN, "propose and activate, 10 campaigns settled before", SETTLE_LIMIT),
    Row("open_campaign", Part.OTHER, "openCampaign"),
    Row("open_campaign_goal", Part.OTHER, "openCampaign with a goal"),
    Row("fund_first", Part.OTHER, "fund, a backer's first"),
    Row("fund_again", Part.OTHER, "fund, again"),
    Row("fund_permit", Part.OTHER, "fundWithPermit, a backer's first"),
    Row("refund", Part.OTHER, "refund, all of it, goal missed"),
    Row("set_payee", Part.OTHER, "setPayee, first"),
    Row("set_payee_signed", Part.OTHER, "setPayeeBySignature, first"),
    Row("open_log", Part.OTHER, "openLog"),
    Row("deploy_log", Part.OTHER, "deployment of ContributionLog"),
    Row("deploy_pool", Part.OTHER, "deployment of RewardPool"),
    Row("deploy_token", Part.OTHER, "deployment of RewardToken"),
    Row("eas_attest", Part.PEERS, "EAS attest"),
    Row("eas_attest_many", Part.PEERS, "EAS multiAttest of 100, each"),
    Row("eas_timestamp", Part.PEERS, "EAS timestamp"),
    Row("eas_timestamp_many", Part.PEERS, "EAS multiTimestamp of 100, each"),
    Row("uniswap_first", Part.PEERS, "Uniswap MerkleDistributor claim from 100,000, mean of 100"),
    Row("human_first", Part.PEERS, "HUMAN bulkPayOut of 100, first, each"),
    Row("human_repeat", Part.PEERS, "HUMAN bulkPayOut of 100, repeat, each"),
    Row("disperse_first", Part.PEERS, "plain loop of 100 ERC-20 transfers, first, each"),
    Row("disperse_repeat", Part.PEERS, "plain loop of 100 ERC-20 transfers, repeat, each"),
    Row("transfer_first", Part.PEERS, "ERC-20 transfer, first, mean of 100"),
    Row("transfer_repeat", Part.PEERS, "ERC-20 transfer, repeat, mean of 100"),
)
OURS = tuple(row for row in ROWS if row.part is not Part.PEERS)
PEERS = tuple(row for row in ROWS if row.part is Part.PEERS)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A figure that others published and nobody measured here."""

    title: str
    first: int
    repeat: int | None


QUOTED = (
    Quoted("1inch cumulative Merkle drop, claim; nothing caps what is paid", 93_100, 58_300),
    Quoted("Uniswap MerkleDistributor, claim; nothing caps what is paid", 93_600, None),
    Quoted("Hedgey claim campaign, claim; capped", 120_700, None),
)


@dataclass(frozen=True, slots=True)
class Under:
    """A figure of ours that must be under a peer's, so many times."""

    ours: str
    peer: str
    times: int = 1


COMPARISONS = (
    Under("contribution", "eas_timestamp_many", 4_000),
    Under("many_token_first", "human_first"),
    Under("many_token_first", "disperse_first"),
    Under("many_token_repeat", "human_repeat"),
    Under("many_token_repeat", "disperse_repeat"),
)
