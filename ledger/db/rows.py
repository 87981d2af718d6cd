"""Rows that appending inserts and changes: one tuple type a table, in the order of its columns after ``log``.

``checksum`` is what ``ledger.db.checksums`` makes of a row where it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class EntryRow(NamedTuple):
    """An entry of the log."""

    entry_index: int
    kind: str
    at_ms: int
    statement: bytes
    leaf_hash: bytes
    subject: str | None


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
    checksum: int


class ContributorRow(NamedTuple):
    """A person: the platform's own id and the public one."""

    platform: str
    external_id: str
    id: str
    checksum: int


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
    checksum: int
    expires_ms: int | None = None


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
    paused: int | None
    resumed: int | None
    checksum: int


class AmendmentRow(NamedTuple):
    """A campaign's later version; JSON texts where they changed."""

    campaign: str
    version: int
    brief: str | None
    terms: str | None
    statement: bytes
    entry_index: int
    at_ms: int


class NoticeRow(NamedTuple):
    """A notice or an answer; ``text`` is JSON text."""

    id: str
    campaign: str
    type: str
    text: str
    entry_index: int
    at_ms: int


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
    first: str
    revealed: int | None
    withdrawn: int | None


class ReviewRow(NamedTuple):
    """A review."""

    id: str
    contribution: str
    reviewer: str
    second_look: bool
    entry_index: int
    at_ms: int


class DecisionRow(NamedTuple):
    """A decision; ``score`` in millionths, ``method`` its type."""

    id: str
    contribution: str
    verdict: str
    score: int
    reviewer: str | None
    supersedes: str | None
    entry_index: int
    at_ms: int
    method: str
    appeal: str | None
    bonus: str | None


class AppealRow(NamedTuple):
    """An appeal and, once it is resolved, its outcome."""

    id: str
    contribution: str
    decision: str
    entry_index: int
    at_ms: int
    resolved: int | None
    resolved_ms: int | None
    outcome: str | None
    reviewer: str | None


class FeedbackRow(NamedTuple):
    """A contributor's rating; ``score`` in millionths."""

    id: str
    campaign: str
    contributor: str
    about: str
    subject: str
    score: int
    entry_index: int
    at_ms: int


class ResultRow(NamedTuple):
    """A result."""

    id: str
    campaign: str
    statement: bytes
    public: bool
    entry_index: int
    at_ms: int
    checksum: int


class MandateRow(NamedTuple):
    """An auditor who may open contents."""

    id: str
    platform: str
    name: str
    campaign: str | None
    until_ms: int
    digest: bytes
    entry_index: int
    at_ms: int
    checksum: int


class ErasureRow(NamedTuple):
    """A commitment that can no longer be opened."""

    purpose: str
    subject: str
    reason: str
    entry_index: int
    at_ms: int


class OpenedContentRow(NamedTuple):
    """What an auditor was given to see."""

    mandate: str
    purpose: str
    subject: str
    entry_index: int
    at_ms: int


class WalletLinkRow(NamedTuple):
    """A wallet link."""

    contributor: str
    entry_index: int
    at_ms: int
    address: str
    consent: bool
    objected: int | None


class FundsRow(NamedTuple):
    """A campaign's record on its contract."""

    campaign: str
    funded: str
    returned: str
    goal_reached: bool
    closed: bool
    block: int
    entry_index: int


TABLES: dict[type[tuple[object, ...]], str] = {
    PlatformRow: "platforms",
    ApiKeyRow: "api_keys",
    CampaignRow: "campaigns",
    AmendmentRow: "amendments",
    NoticeRow: "notices",
    TaskRow: "tasks",
    ContributorRow: "contributors",
    ContributionRow: "contributions",
    ReviewRow: "reviews",
    DecisionRow: "decisions",
    AppealRow: "appeals",
    FeedbackRow: "feedbacks",
    ResultRow: "results",
    MandateRow: "mandates",
    ErasureRow: "erasures",
    OpenedContentRow: "opened_contents",
    WalletLinkRow: "wallet_links",
    ContentRow: "contents",
    ExternalRow: "externals",
    EntryRow: "entries",
    TileRow: "tiles",
    CheckpointRow: "checkpoints",
}
"""In the order of inserting: what others refer to comes first. ``FundsRow`` replaces instead, so it is not here."""

Row = tuple[object, ...]
"""One of the types above."""

Changing = Literal["close", "pause", "resume", "revoke", "expire", "reveal", "withdraw", "resolve", "object", "erase"]
"""How a row of before changes. Values: its key, then the entry (``erase``: the key only; ``expire``: a time);
``resolve``: the appeal, then entry, time, standing decision and reviewer."""


class RowChange(NamedTuple):
    """A row that changes or goes."""

    how: Changing
    values: tuple[str | int, ...]


@dataclass(slots=True)
class Rows:
    """What a group changes: new rows by their type, and the few rows of before, in the order of the entries."""

    new: dict[type[Row], list[Row]] = field(default_factory=dict)
    changed: list[RowChange] = field(default_factory=list)
    funds: list[FundsRow] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Take one more new row."""
        rows = self.new.get(type(row))
        if rows is None:
            rows = self.new[type(row)] = []
        rows.append(row)

    def change(self, how: Changing, *values: str | int) -> None:
        """Take one more change; it is made after all new rows are there."""
        self.changed.append(RowChange(how, values))
