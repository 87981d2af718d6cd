"""People and API keys: every public id and every key that the log names has its row, and no other has one."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.db.rows import ApiKeyRow, ContributorRow
from ledger.log.checking.checksums import compare_checksum
from ledger.log.checking.replay import Replay
from ledger.log.checking.report import Check
from ledger.log.checking.snapshot import Snapshot, same
from ledger.statements.appeals import AppealResolved
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, ReviewGiven
from ledger.statements.kinds import AnyStatement


class People:
    """Compares people block by block; ``known`` are those of the last block, by public id."""

    def __init__(self, snapshot: Snapshot, check: Check, replay: Replay) -> None:
        self._snapshot = snapshot
        self._check = check
        self._replay = replay
        self._named: set[str] = set()
        self.known: dict[str, ContributorRow] = {}

    async def take(self, block: Sequence[tuple[int, AnyStatement]]) -> None:
        """Compare the people that a block names; each is reported once."""
        named: dict[str, tuple[int, AnyStatement]] = {}
        for index, statement in block:
            for who in people_of(statement):
                named.setdefault(who, (index, statement))
        columns = ContributorRow._fields
        found = await self._snapshot.some("contributors", columns, "id", named)
        self.known = {row.id: row for row in (ContributorRow(*each) for each in found)}
        for who, (index, statement) in named.items():
            if who in self._named:
                continue
            self._named.add(who)
            row = self.known.get(who)
            if row is None:
                self._check.error(f"The person {who} is missing.", entry=index, table="contributors")
                continue
            compare_checksum(self._check, "contributors", row._asdict(), index)
            if not same(row.platform, self._replay.platform_of(statement)):
                self._check.error(
                    f"The person {who} is not of the platform that entry {index} is of.",
                    entry=index,
                    table="contributors",
                    column="platform",
                )

    async def end(self) -> None:
        """Name the people whom the log does not know."""
        self._check.evidence = f"people: {len(self._named)}"
        if await self._snapshot.count("contributors") != len(self._named):
            for (who,) in await self._snapshot.all("SELECT id FROM contributors WHERE log = :log"):
                if who not in self._named:
                    self._check.error(
                        f"There is a person {who!r}, whom the log does not name.", table="contributors", column="id"
                    )


async def check_keys(snapshot: Snapshot, check: Check, replay: Replay) -> None:
    """Compare the platforms' keys with those that the statements name."""
    sql = f"SELECT {', '.join(ApiKeyRow._fields)} FROM api_keys WHERE log = :log"  # noqa: S608 - our names
    stored = {row[0]: ApiKeyRow(*row) for row in await snapshot.all(sql)}
    check.evidence = f"keys: {len(replay.all_keys)}"
    for key, (platform, scopes, entry) in replay.all_keys.items():
        row = stored.pop(key, None)
        if row is None:
            check.error(f"The key {key} is missing.", entry=entry, table="api_keys")
            continue
        compare_checksum(check, "api_keys", row._asdict(), entry)
        expires_ms = replay.expiries[key]
        revoked = replay.changes.get(("api_keys", key), {}).get("revoked")
        for column, said in {
            "platform": platform,
            "scopes": scopes,
            "revoked": revoked,
            "expires_ms": expires_ms,
        }.items():
            if not same(getattr(row, column), said):
                check.error(
                    f"The key {key} has another {column} than the log says.",
                    entry=entry,
                    table="api_keys",
                    column=column,
                )
    for key in stored:
        check.error(f"There is a key {key!r}, which the log does not name.", table="api_keys", column="id")


def people_of(statement: AnyStatement) -> tuple[str, ...]:
    """The public ids that a statement may name for the first time."""
    match statement:
        case ContributionSubmitted():
            return (statement.contributor,)
        case ReviewGiven() | AppealResolved():
            return (statement.reviewer,)
        case DecisionMade() if statement.reviewer is not None:
            return (statement.reviewer,)
        case _:
            return ()
