"""What items name, what was found of it, and how it is asked for."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from ledger.book.facts import Facts
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignAmended, CampaignClosed, CampaignPaused, CampaignResumed
from ledger.statements.contents import ContentErased
from ledger.statements.contributions import ContributionRevealed, ContributionSubmitted, ContributionWithdrawn
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.wallets import WalletLinked, WalletObjected

DbRow = tuple[Any, ...]


class Query(NamedTuple):
    """SQL with the placeholders ``{log}``, ``{0}``, ``{1}`` and its values: the store sends back its rows."""

    sql: str
    values: tuple[str | int, ...] = ()


class Lookup(NamedTuple):
    """SQL in which ``{wanted}`` stands for a table ``wanted`` with the columns ``a``, ``b``, ``c`` of these rows."""

    sql: str
    rows: Sequence[tuple[str, ...]]


class Queries(NamedTuple):
    """Queries of which none needs what another finds: the store sends back the rows of each, in their order."""

    asked: Sequence[Query | Lookup]


Answers = list[list[DbRow]]
"""What a store sends back for ``Queries``."""
Pair = tuple[str, str]
ExternalKey = tuple[str, str, str]
"""Platform, kind, external id."""


class Content(NamedTuple):
    """The opening that is stored for a purpose and the id of what carries the commitment."""

    purpose: str
    subject: str


class Submission(NamedTuple):
    """A new contribution, not a new version: whose limits may have to be counted."""

    campaign: str
    platform: str
    contributor: str
    """The platform's own id."""
    task: str | None
    task_external_id: str | None


@dataclass(slots=True)
class Named:
    """What items name, by kind. ``keys`` are ids of API keys, ``keys_of`` platforms whose keys are wanted."""

    externals: set[ExternalKey] = field(default_factory=set)
    people: dict[Pair, set[str]] = field(default_factory=dict)
    """Platforms' own ids of people, with the public ids they would get if they are new."""
    public_ids: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)
    log_keys: bool = False
    """Whether the log's keys are wanted, with all that went before the one in force."""
    lease: bool = False
    """Whether it is wanted who leads among the workers."""
    platforms: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    keys_of: set[str] = field(default_factory=set)
    campaigns: set[str] = field(default_factory=set)
    funds: set[str] = field(default_factory=set)
    """Campaigns whose last record of funds is wanted."""
    tasks: set[str] = field(default_factory=set)
    submissions: set[Submission] = field(default_factory=set)
    contributions: set[str] = field(default_factory=set)
    decisions: set[str] = field(default_factory=set)
    reviews: set[str] = field(default_factory=set)
    appeals: set[str] = field(default_factory=set)
    notices: set[str] = field(default_factory=set)
    results: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    """Contributions that a result was made from."""
    feedbacks: set[str] = field(default_factory=set)
    ratings: set[ExternalKey] = field(default_factory=set)
    """Campaign, contributor and what they rate."""
    mandates: set[str] = field(default_factory=set)
    erased: set[Content] = field(default_factory=set)
    contents: set[Content] = field(default_factory=set)


class External(NamedTuple):
    """A stored external id."""

    subject: str
    entry_index: int
    salt: bytes
    fingerprint: bytes


class LiveKey(NamedTuple):
    """A key that is not revoked."""

    id: str
    scopes: str
    expires_ms: int | None = None


@dataclass(slots=True)
class Loaded:
    """What was found; ``people`` maps platforms and their own ids to public ids."""

    facts: Facts = field(default_factory=Facts)
    lease: tuple[str, int] | None = None
    """Holder and token, where they were asked for and anybody ever led."""
    externals: dict[ExternalKey, External] = field(default_factory=dict)
    people: dict[Pair, str] = field(default_factory=dict)
    public_ids: dict[str, str] = field(default_factory=dict)
    """Public id of a person to the platform it belongs to."""
    key_ids: set[str] = field(default_factory=set)
    keys: dict[str, dict[str, LiveKey]] = field(default_factory=dict)
    """Platform to its live keys by id."""
    firsts: dict[str, str] = field(default_factory=dict)
    """Contribution to its first version."""
    commitments: dict[str, str] = field(default_factory=dict)
    """Contribution to the commitment in its statement."""
    sources: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Contribution to its campaign and entry."""
    openings: dict[Content, tuple[bytes, bytes]] = field(default_factory=dict)
    """Salt and preimage."""
    done: dict[tuple[str, ...], int] = field(default_factory=dict)
    """Entries of what is done once (``once``): the same again is answered with the first."""

    def note(self, statement: AnyStatement, index: int) -> None:
        """Keep of a statement that took effect what the facts do not."""
        match statement:
            case ContributionSubmitted():
                self.commitments[statement.id] = statement.commitment
                before = statement.replaces
                self.firsts[statement.id] = statement.id if before is None else self.firsts[before]
            case _:
                thing = once(statement)
                if thing is not None:
                    self.done[thing] = index
                if isinstance(statement, CampaignPaused | CampaignResumed):  # each makes room for the other
                    undone = "resumed" if isinstance(statement, CampaignPaused) else "paused"
                    self.done.pop((undone, statement.campaign), None)


def once(statement: AnyStatement) -> tuple[str, ...] | None:
    """What is done once, named; None for all that can be done again. Sent again, it is a request that was repeated."""
    match statement:
        case ContributionSubmitted() | DecisionMade():  # most of what there is
            return None
        case CampaignAmended():
            said = kinds.encode(msgspec.structs.replace(statement, at=""))
            return "amended", statement.campaign, said.decode()
        case CampaignPaused():
            return "paused", statement.campaign
        case CampaignResumed():
            return "resumed", statement.campaign
        case CampaignClosed():
            return "closed", statement.campaign
        case ContributionRevealed():
            return "revealed", statement.contribution
        case ContributionWithdrawn():
            return "withdrawn", statement.contribution
        case ContentErased():
            return "erased", statement.purpose, statement.subject
        case WalletLinked():
            return "linked", statement.contributor, statement.message, statement.signature, statement.consent or ""
        case WalletObjected():
            return "objected", statement.contributor, str(statement.link), statement.signature
        case _:
            return None


Loading = Generator[Queries, Answers, Loaded]
