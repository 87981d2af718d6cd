"""What reads of a log's views return. Times are milliseconds since 1970, ``index`` is an entry's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key: ``digest`` is SHA-256 of the whole key."""

    id: str
    platform: str
    digest: bytes
    scopes: frozenset[str]
    revoked: bool
    expires_ms: int | None = None

    def counts(self, now_ms: int) -> bool:
        """Whether it opens anything now."""
        return not self.revoked and (self.expires_ms is None or now_ms < self.expires_ms)


@dataclass(frozen=True, slots=True)
class PlatformView:
    """A platform."""

    id: str
    name: str
    index: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Funds:
    """What the contract said of a campaign at ``block``; amounts in base units."""

    funded: int
    returned: int
    goal_reached: bool
    closed: bool
    block: int


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign. ``brief`` and ``terms`` are JSON text, ``statement`` the bytes of its ``campaign.opened``: as it was
    opened; later versions are amendments. ``resumed`` says whether it ever was, which ends a pilot."""

    id: str
    platform: str
    index: int
    at_ms: int
    title: str
    brief: str
    terms: str
    statement: bytes
    closed: bool
    paused: bool
    resumed: bool


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task."""

    id: str
    campaign: str
    index: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision; ``score`` in millionths, ``reviewer`` a public id, ``method`` its type, ``bonus`` in base units."""

    id: str
    contribution: str
    verdict: str
    score: int
    reviewer: str | None
    supersedes: str | None
    index: int
    at_ms: int
    method: str
    appeal: str | None
    bonus: int


@dataclass(frozen=True, slots=True)
class ContributionView:
    """A contribution with the decision that stands; ``contributor`` is a public id, ``first`` its first version's id,
    ``revealed`` and ``withdrawn`` are entries."""

    id: str
    platform: str
    campaign: str
    contributor: str
    task: str | None
    replaces: str | None
    replaced_by: str | None
    index: int
    at_ms: int
    decision: DecisionView | None
    first: str
    revealed: int | None
    withdrawn: int | None


@dataclass(frozen=True, slots=True)
class ExternalView:
    """What a platform's own id names."""

    subject: str
    index: int


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person: public id, platform and the platform's own id."""

    id: str
    platform: str
    external_id: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """A contributor's latest wallet link; ``objected`` is the entry in which the wallet before it objected."""

    contributor: str
    index: int
    at_ms: int
    address: str
    consent: bool
    objected: int | None


@dataclass(frozen=True, slots=True)
class AnchorView:
    """A head that the contract took. ``root`` has 32 bytes, values of the chain are ``0x`` text."""

    size: int
    root: bytes
    tx: str
    block: int
    chain_id: int
    contract: str
    log_id: str
    finalized: bool


@dataclass(frozen=True, slots=True)
class SettlementView:
    """A settlement of a pool; amounts in base units, ``campaigns`` JSON text, ``state`` the worker's word."""

    chain_id: int
    pool: str
    number: int
    parent: int
    proposal: str
    size: int
    root: str
    total: int
    state: str
    campaigns: str
    due_ms: int | None


@dataclass(frozen=True, slots=True)
class RewardView:
    """What an account has been awarded in a pool by its activated settlement ``number``, and what it claimed."""

    chain_id: int
    pool: str
    number: int
    account: str
    cumulative: int
    claimed: int
    position: int


@dataclass(frozen=True, slots=True)
class RequestView:
    """Something asked of the worker."""

    id: str
    kind: str
    state: str
    at_ms: int
    platform: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ClaimRequestView:
    """A claim that the worker relays."""

    id: str
    chain_id: int
    pool: str
    account: str
    state: str
    at_ms: int
    transaction: str | None
    detail: str | None
