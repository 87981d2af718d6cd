"""The log's statements taken once more: the facts, and what later entries change in the rows of earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.book import rules
from ledger.db.loading import Loaded
from ledger.db.rows import EntryRow, FundsRow, RowChange, Rows
from ledger.log.items import Item, Record
from ledger.log.view_rows import add_view, subject
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.contents import ContentErased
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.kinds import AnyStatement
from ledger.statements.platforms import Key, KeyRotated, PlatformRegistered
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed
from ledger.statements.values import time_ms

Changed = dict[str, object]
"""Columns of a row and what they are changed to."""
RowKey = tuple[str, ...]
"""Table and primary key as text."""


Place = tuple[int, str, int]
"""Chain, pool and number of a settlement."""


class _Firsts(dict[str, str]):
    """First versions by contribution: only later versions are kept, any other is its own first."""

    def __missing__(self, contribution: str) -> str:
        return contribution


class Recorded(NamedTuple):
    """A settlement that the log records, and its entry."""

    entry: int
    statement: RewardsSettled

    @property
    def place(self) -> Place:
        """Chain, pool and number."""
        return self.statement.chain_id, self.statement.pool, self.statement.number


@dataclass(slots=True)
class Replay:
    """What the statements so far say. ``size`` counts those that were taken."""

    size: int = 0
    loaded: Loaded = field(default_factory=lambda: Loaded(firsts=_Firsts()))
    changes: dict[RowKey, Changed] = field(default_factory=dict)
    funds: dict[str, FundsRow] = field(default_factory=dict)
    """By campaign: its last record."""
    keys: dict[str, dict[str, Key]] = field(default_factory=dict)
    """By platform: its live keys by id."""
    all_keys: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """By id, revoked ones included: platform, scopes with spaces between, and the entry that brought it."""
    expiries: dict[str, int | None] = field(default_factory=dict)
    """By a key's id: from when on it opens nothing, as the last statement with it says."""
    settled: list[Recorded] = field(default_factory=list)
    ended: dict[Place, SettlementActivated | SettlementVetoed] = field(default_factory=dict)
    erased: dict[tuple[str, str], int] = field(default_factory=dict)
    """By purpose and subject: the entry that says so."""

    def take(self, statement: AnyStatement, index: int) -> None:
        """Take the next entry; RuleError where it breaks a rule, and then it has no effect."""
        self.size = index + 1
        rules.check(statement, index, self.loaded.facts)
        self.loaded.facts.apply(statement, index)
        if isinstance(statement, ContributionSubmitted):
            if statement.replaces is not None:
                self.loaded.firsts[statement.id] = self.loaded.firsts[statement.replaces]
        elif isinstance(statement, PlatformRegistered | KeyRotated):
            self._take_keys(statement, index)
        elif isinstance(statement, RewardsSettled):
            self.settled.append(Recorded(index, statement))
        elif isinstance(statement, SettlementActivated | SettlementVetoed):
            self.ended[statement.chain_id, statement.pool, statement.number] = statement
        else:
            self._take_changes(statement, index)

    def subject(self, statement: AnyStatement) -> str | None:
        """The entry's subject, as the writer stores it."""
        return subject(statement, self.loaded)

    def platform_of(self, statement: AnyStatement) -> str:
        """The platform in whose campaign a statement stands; empty for what is in no campaign."""
        facts = self.loaded.facts
        campaign = getattr(statement, "campaign", None)
        if isinstance(statement, CampaignOpened):
            return statement.platform
        if campaign is None:
            contribution = getattr(statement, "contribution", None) or facts.appeals.get(
                getattr(statement, "appeal", None) or ""
            )
            campaign = facts.contributions[contribution].campaign if contribution in facts.contributions else None
        return facts.campaigns[campaign].opened.platform if campaign in facts.campaigns else ""

    def rows(self, statement: AnyStatement, entry: EntryRow, item: Item) -> Rows:
        """The rows of views that the writer adds for an entry."""
        rows = Rows()
        add_view(rows, statement, entry, item, self.loaded)
        return rows

    def _take_changes(self, statement: AnyStatement, index: int) -> None:
        entry = EntryRow(index, "", time_ms(statement.at), b"", b"", None)
        if isinstance(statement, ContentErased):
            self.erased[statement.purpose, statement.subject] = index
        rows = self.rows(statement, entry, Record(statement=statement))
        for change in rows.changed:
            self._note(change)
        for funds in rows.funds:
            self.funds[funds.campaign] = funds

    def _note(self, change: RowChange) -> None:
        table, key, changed = _changed(change)
        self.changes.setdefault((table, *key), {}).update(changed)

    def _take_keys(self, statement: PlatformRegistered | KeyRotated, index: int) -> None:
        platform = statement.id if isinstance(statement, PlatformRegistered) else statement.platform
        before = self.keys.get(platform, {})
        self.keys[platform] = {key.id: key for key in statement.keys}
        for key in statement.keys:
            self.all_keys.setdefault(key.id, (platform, " ".join(key.scopes), index))
            self.expiries[key.id] = None if key.expires is None else time_ms(key.expires)
        for gone in before.keys() - self.keys[platform].keys():
            self.changes["api_keys", gone] = {"revoked": index}


def _changed(change: RowChange) -> tuple[str, RowKey, Changed]:
    """The row that changes, and its columns (``ledger.db.store`` says the same in SQL)."""
    values = change.values
    key = str(values[0])
    match change.how:
        case "close":
            return "campaigns", (key,), {"closed": values[1]}
        case "pause":
            return "campaigns", (key,), {"paused": values[1]}
        case "resume":
            return "campaigns", (key,), {"paused": None, "resumed": values[1]}
        case "reveal":
            return "contributions", (key,), {"revealed": values[1]}
        case "withdraw":
            return "contributions", (key,), {"withdrawn": values[1]}
        case "resolve":
            names = ("resolved", "resolved_ms", "outcome", "reviewer")
            return "appeals", (key,), dict(zip(names, values[1:], strict=True))
        case "object":
            return "wallet_links", (key, str(values[1])), {"objected": values[2]}
        case _:
            raise ValueError(f"No row of a view changes by '{change.how}'.")
