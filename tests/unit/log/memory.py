"""A log in memory: plans groups and feeds the rows back as the next group's facts, as the stores do from tables."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.book.facts import Facts
from ledger.db.loading import External, LiveKey, Loaded
from ledger.db.rows import ApiKeyRow, ContributorRow, EntryRow, ExternalRow
from ledger.db.store import Head
from ledger.log.items import Item
from ledger.log.plan import Plan, plan
from ledger.log.requests import prepare
from ledger.statements.signatures import Domain
from ledger.tree.growth import CompactRange, Growth
from tests.unit.log.samples import ORIGIN, START_MS


class MemoryLog:
    """Knows everything about its log, so nothing has to be loaded."""

    def __init__(self, domain: Domain | None = None) -> None:
        self.loaded = Loaded(facts=Facts())
        self.tree = CompactRange()
        self.at_ms = 0
        self.entries: list[EntryRow] = []
        self.domain = domain

    def write(self, *items: Item, now_ms: int = START_MS, confirmed_ms: int | None = None) -> Plan:
        """Plan a group and take its rows."""
        head = Head(ORIGIN, "key", self.at_ms, self.tree, None, "")
        requests = [prepare(item) for item in items]
        made = plan(head, self.loaded, requests, now_ms, domain=self.domain, confirmed_ms=confirmed_ms)
        if made.leaf_hashes:
            self.tree = Growth(self.tree, made.leaf_hashes).after
            self.at_ms = made.at_ms
        self.entries += [row for row in made.rows.new.get(EntryRow, []) if isinstance(row, EntryRow)]
        self._check_rows(made)
        return made

    def _check_rows(self, made: Plan) -> None:
        """What later groups would load is exactly what this group knows."""
        for rows in made.rows.new.values():
            for row in rows:
                match row:
                    case ExternalRow():
                        assert self.loaded.externals[row.platform, row.kind, row.external_id] == External(
                            row.subject, row.entry_index, row.salt, row.fingerprint
                        )
                    case ContributorRow():
                        assert self.loaded.people[row.platform, row.external_id] == row.id
                    case ApiKeyRow() if all(row.id not in change.values for change in made.rows.changed):
                        assert self.loaded.keys[row.platform][row.id] == LiveKey(row.id, row.scopes, row.expires_ms)
                    case _:
                        pass


def outcomes(made: Plan) -> Sequence[object]:
    """The outcomes' types, for short comparisons."""
    return [type(outcome).__name__ for outcome in made.outcomes]
