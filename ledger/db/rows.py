"""Rows that appending inserts: one tuple type a table, members in the order of its columns after ``log``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class EntryRow(NamedTuple):
    """An entry of the log."""

    entry_index: int
    kind: str
    at_ms: int
    statement: bytes
    leaf_hash: bytes


class TileRow(NamedTuple):
    """A full tile: 256 hashes and their root."""

    level: int
    n: int
    hashes: bytes
    root: bytes


class CheckpointRow(NamedTuple):
    """A signed head."""

    size: int
    note: str


class ContentRow(NamedTuple):
    """An opening."""

    kind: str
    subject: str
    platform: str
    salt: bytes
    preimage: bytes


class ExternalRow(NamedTuple):
    """A platform's own id of a thing."""

    platform: str
    kind: str
    external_id: str
    subject: str
    entry_index: int
    salt: bytes
    fingerprint: bytes


class ContributorRow(NamedTuple):
    """A person: the platform's own id and the public one."""

    platform: str
    external_id: str
    id: str


class PlatformRow(NamedTuple):
    """A platform."""

    id: str
    name: str
    entry_index: int
    at_ms: int


class ApiKeyRow(NamedTuple):
    """An API key; ``scopes`` are words with spaces between."""

    id: str
    platform: str
    digest: bytes
    scopes: str
    revoked: int | None


class CampaignRow(NamedTuple):
    """A campaign as opened."""

    id: str
    platform: str
    entry_index: int
    at_ms: int
    title: str
    brief: str
    terms: str
    statement: bytes
    closed: int | None


class TaskRow(NamedTuple):
    """A task."""

    id: str
    campaign: str
    entry_index: int
    at_ms: int


class ContributionRow(NamedTuple):
    """A contribution."""

    id: str
    platform: str
    campaign: str
    contributor: str
    task: str | None
    replaces: str | None
    entry_index: int
    at_ms: int


class DecisionRow(NamedTuple):
    """A decision; ``score`` in millionths."""

    id: str
    contribution: str
    verdict: str
    score: int
    reviewer: str | None
    supersedes: str | None
    entry_index: int
    at_ms: int


class WalletLinkRow(NamedTuple):
    """A wallet link."""

    contributor: str
    entry_index: int
    at_ms: int
    address: str


class FundsRow(NamedTuple):
    """A campaign's record on its contract."""

    campaign: str
    funded: str
    returned: str
    goal_reached: bool
    closed: bool
    block: int
    entry_index: int


Row = (
    EntryRow
    | TileRow
    | CheckpointRow
    | ContentRow
    | ExternalRow
    | ContributorRow
    | PlatformRow
    | ApiKeyRow
    | CampaignRow
    | TaskRow
    | ContributionRow
    | DecisionRow
    | WalletLinkRow
    | FundsRow
)

TABLES: dict[type[Row], str] = {
    PlatformRow: "platforms",
    ApiKeyRow: "api_keys",
    CampaignRow: "campaigns",
    TaskRow: "tasks",
    ContributorRow: "contributors",
    ContributionRow: "contributions",
    DecisionRow: "decisions",
    WalletLinkRow: "wallet_links",
    ContentRow: "contents",
    ExternalRow: "externals",
    EntryRow: "entries",
    TileRow: "tiles",
    CheckpointRow: "checkpoints",
}
"""In the order of inserting: what others refer to comes first. ``FundsRow`` replaces instead, so it is not here."""


@dataclass(slots=True)
class Rows:
    """What a group changes: new rows by their type, and the few rows that change."""

    new: dict[type[Row], list[Row]] = field(default_factory=dict)
    closed: list[tuple[str, int]] = field(default_factory=list)
    """Campaigns, with the entries that closed them."""
    revoked: list[tuple[str, int]] = field(default_factory=list)
    """API keys, with the entries that revoked them."""
    funds: list[FundsRow] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Take one more new row."""
        self.new.setdefault(type(row), []).append(row)
