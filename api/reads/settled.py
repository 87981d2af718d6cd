"""Settlements as their pages show them: newest first, their accounts, and the awards behind an account."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, Table, TextClause, and_, func, select, text, tuple_, union_all

from api.reads import Reads
from ledger.db.tables import claims, decisions, entries, settlement_accounts, settlement_shares, settlements
from ledger.errors import NotFoundError
from ledger.statements.values import format_score

Place = tuple[int, str]
"""A pool: chain id and address."""
_WAITED: Final = "waited"
_MOST_PEOPLE: Final = 500
"""People whose pay goes to one account; of more, only these are shown what they earned before they had it."""
_MOST_SUMMED: Final = 20_000
"""Shares of one account that are added up for a page; beyond that the sum is left out."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement of a pool; amounts are base units. ``campaigns`` are (id, total, final)."""

    place: Place
    number: int
    parent: int
    proposal: str
    size: int
    root: str
    total: int
    state: str
    due_ms: int | None
    proposed: str | None
    ended: str | None
    at_ms: int | None
    """The time of the newest entry that it rests on."""
    accounts: int
    campaigns: list[tuple[str, int, bool]]


@dataclass(frozen=True, slots=True)
class Account:
    """An account in a settlement: all that it has earned, how much of that is new there, and what it has claimed."""

    account: str
    cumulative: int
    added: int
    claimed: int


@dataclass(frozen=True, slots=True)
class ShareLine:
    """An award that an account is paid for. ``decision`` is (entry, verdict, score in words) of the one that stood."""

    number: int
    rule: str
    units: int
    contributor: str
    entry: int | None
    final: int | None
    contribution: str | None
    campaign: str | None
    decision: tuple[int, str, str] | None
    waited: bool
    """Whether it waited for a wallet first."""


async def newest_settlements(reads: Reads, before: int | None, limit: int) -> tuple[list[Settled], int | None]:
    """Settlements of all pools, the latest numbers first; and where the list goes on."""
    of = settlements.c
    query = _settlements(reads).order_by(of.number.desc(), of.chain_id, of.pool)
    if before is not None:
        query = query.where(of.number < before)
    rows = await reads.all(query.limit(limit + 1))
    more = rows[limit - 1].number if len(rows) > limit else None
    return [_settled(row) for row in rows[:limit]], more


async def find_settlement(reads: Reads, place: Place, number: int) -> Settled:
    """One settlement. Raises NotFoundError."""
    of = settlements.c
    found = await reads.one(
        _settlements(reads).where(of.chain_id == place[0], of.pool == place[1], of.number == number)
    )
    if found is None:
        raise NotFoundError(f"There is no settlement {number} in this pool.", remedy="/s lists them.")
    return _settled(found)


def _settlements(reads: Reads) -> Any:
    of, share = settlements.c, settlement_accounts.c
    newest = and_(entries.c.log == of.log, entries.c.entry_index == of.size - 1)
    # Positions count from 0 without gaps, and the key ends with them: nobody need count millions of rows for a list.
    last = (
        select(share.position)
        .where(share.log == of.log, share.chain_id == of.chain_id, share.pool == of.pool, share.number == of.number)
        .order_by(share.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    accounts = func.coalesce(last + 1, 0).label("accounts")
    return select(settlements, entries.c.at_ms, accounts).outerjoin(entries, newest).where(of.log == reads.log)


def _settled(row: Row[Any]) -> Settled:
    lines = msgspec.json.decode(row.campaigns)
    return Settled(
        place=(row.chain_id, row.pool),
        number=row.number,
        parent=row.parent,
        proposal=row.proposal,
        size=row.size,
        root=row.root,
        total=int(row.total),
        state=row.state,
        due_ms=row.due_ms,
        proposed=row.proposed_tx,
        ended=row.ended_tx,
        at_ms=row.at_ms,
        accounts=row.accounts,
        campaigns=[(line["campaign"], int(line["total"]), line["final"]) for line in lines],
    )


async def accounts_of(
    reads: Reads, settled: Settled, after: int, limit: int, account: str | None = None
) -> tuple[list[Account], int | None]:
    """Accounts of a settlement from position ``after`` on, in tree order; only ``account`` if it is given."""
    of = settlement_accounts.c
    query = select(of.position, of.account, of.cumulative)
    query = query.where(_in_pool(settlement_accounts, reads, settled.place), of.number == settled.number)
    query = query.where(of.position >= after if account is None else of.account == account)
    rows = await reads.all(query.order_by(of.position).limit(limit + 1))
    more = rows[limit].position if len(rows) > limit else None
    shown = [row.account for row in rows[:limit]]
    earlier = await _amounts(reads, settled.place, settlement_accounts, shown, of.number == settled.parent)
    claimed = await _amounts(reads, settled.place, claims, shown)
    return [_account(row, earlier, claimed) for row in rows[:limit]], more


async def _amounts(
    reads: Reads, place: Place, table: Table, accounts: Sequence[str], *where: ColumnElement[bool]
) -> dict[str, int]:
    """The cumulative amounts of some accounts in a table."""
    query = select(table.c.account, table.c.cumulative).where(_in_pool(table, reads, place), *where)
    rows = await reads.all(query.where(table.c.account.in_(accounts)))
    return {row.account: int(row.cumulative) for row in rows}


def _account(row: Row[Any], earlier: Mapping[str, int], claimed: Mapping[str, int]) -> Account:
    cumulative = int(row.cumulative)
    return Account(row.account, cumulative, cumulative - earlier.get(row.account, 0), claimed.get(row.account, 0))


def _in_pool(table: Table, reads: Reads, place: Place) -> ColumnElement[bool]:
    return and_(table.c.log == reads.log, table.c.chain_id == place[0], table.c.pool == place[1])


# ---- what an account is paid for ----


async def shares_of(
    reads: Reads, settled: Settled, account: str, before: tuple[int, int] | None, limit: int
) -> tuple[list[ShareLine], tuple[int, int] | None]:
    """The awards behind an account's amount, the newest first, before (settlement, position); and where to go on."""
    rows = await _shares(reads, settled, account, limit + 1, before)
    lines = await _explained(reads, rows[:limit])
    more = rows[limit - 1] if len(rows) > limit else None
    return lines, None if more is None else (more.number, more.position)


async def sum_of_shares(reads: Reads, settled: Settled, account: str) -> tuple[int, int] | None:
    """How many awards there are behind an account, and their sum; None where they are too many to add up here."""
    rows = await _shares(reads, settled, account, _MOST_SUMMED + 1)
    return None if len(rows) > _MOST_SUMMED else (len(rows), sum(int(row.units) for row in rows))


async def _shares(
    reads: Reads, settled: Settled, account: str, limit: int, before: tuple[int, int] | None = None
) -> Sequence[Row[Any]]:
    """The shares that make an account's amount: its own, and those that its people earned before they had a wallet.

    They are of activated settlements up to this one, and of this one.
    """
    of = settlement_shares.c
    where = _counted(reads, settled)
    # What waited comes with an account's first settlements, so that the first shares tell, however many there are.
    first = select(of.contributor, of.rule).where(*where, of.account == account).order_by(of.number, of.position)
    told = first.limit(_MOST_SUMMED).subquery().c
    waited = select(told.contributor).where(told.rule == _WAITED).distinct().limit(_MOST_PEOPLE)
    people = [row.contributor for row in await reads.all(waited)]
    if before is not None:
        where.append(tuple_(of.number, of.position) < before)
    parts = [_part(where, limit, of.account == account, of.rule != _WAITED)]
    if people:  # written out, as the index of those that wait has it
        parts.append(_part(where, limit, text("settlement_shares.account = ''"), of.contributor.in_(people)))
    found = union_all(*(select(part) for part in parts)).subquery().c
    return await reads.all(select(*found).order_by(found.number.desc(), found.position.desc()).limit(limit))


def _part(where: Sequence[ColumnElement[bool]], limit: int, *also: ColumnElement[bool] | TextClause) -> Any:
    of = settlement_shares.c
    query = select(settlement_shares).where(*where, *also)
    return query.order_by(of.number.desc(), of.position.desc()).limit(limit).subquery()


def _counted(reads: Reads, settled: Settled) -> list[ColumnElement[bool]]:
    """Shares of activated settlements up to this one, and of this one."""
    of = settlement_shares.c
    counted = and_(
        settlements.c.log == of.log,
        settlements.c.chain_id == of.chain_id,
        settlements.c.pool == of.pool,
        settlements.c.number == of.number,
        settlements.c.size == of.size,
        (settlements.c.state == "activated") | (settlements.c.number == settled.number),
    )
    counts = select(settlements.c.number).where(counted).exists()
    return [_in_pool(settlement_shares, reads, settled.place), of.number <= settled.number, counts]


async def _explained(reads: Reads, rows: Sequence[Row[Any]]) -> list[ShareLine]:
    of_entries = await _contributions(reads, {row.entry for row in rows if row.entry is not None})
    stood = await _decisions(reads, {id_ for id_, _ in of_entries.values()})
    lines = []
    for row in rows:
        contribution, campaign = of_entries.get(row.entry, (None, None))
        made = [each for each in stood.get(contribution, []) if row.final is None or each[0] <= row.final]
        lines.append(
            ShareLine(
                number=row.number,
                rule=row.rule,
                units=int(row.units),
                contributor=row.contributor,
                entry=row.entry,
                final=row.final,
                contribution=contribution,
                campaign=campaign,
                decision=made[-1] if made else None,
                waited=not row.account,
            )
        )
    return lines


async def _contributions(reads: Reads, indexes: Collection[int]) -> dict[int, tuple[str, str]]:
    """By entry: the contribution that it is, and its campaign."""
    of = entries.c
    rows = await reads.all(
        select(of.entry_index, of.statement).where(of.log == reads.log, of.entry_index.in_(sorted(indexes)))
    )
    found = {}
    for row in rows:
        statement = msgspec.json.decode(bytes(row.statement))
        found[row.entry_index] = (statement["id"], statement["campaign"])
    return found


async def _decisions(reads: Reads, ids: Collection[str]) -> dict[str | None, list[tuple[int, str, str]]]:
    """By contribution: its decisions in the order of the log."""
    of = decisions.c
    query = select(of.contribution, of.entry_index, of.verdict, of.score)
    query = query.where(of.log == reads.log, of.contribution.in_(sorted(ids))).order_by(of.entry_index)
    found: dict[str | None, list[tuple[int, str, str]]] = {}
    for row in await reads.all(query):
        found.setdefault(row.contribution, []).append((row.entry_index, row.verdict, format_score(row.score)))
    return found
