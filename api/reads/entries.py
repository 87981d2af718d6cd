"""Entries by what they name: every search is led by an index and bounded, however long the log is.

An entry that leads (``head``) is followed by what was said about it: a contribution by its later versions, reviews,
decisions and appeals. So a list is in the order of the heads, and a place in it is two indexes, the head's and the
entry's own. What a search may pass over without finding anything is bounded, so a page can be short and still have a
next one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import BigInteger, LargeBinary, Row, Select, literal, literal_column, select, union_all

from api.reads import Reads
from ledger.db import tables as t
from ledger.db.tables.log import LEAF_PREFIX_BYTES, LEAVES_TOGETHER
from ledger.log.queries import chunks
from ledger.statements.values import MAX_COUNT

_HEADS: Final = 200
_ROUNDS: Final = 5
_WINDOW: Final = 4_000
"""Entries of other kinds that one round passes over."""
_SUBMITTED: Final = "contribution.submitted"
_CAMPAIGN: Final = ("opened", "amended", "paused", "resumed", "closed")
_CAMPAIGN_KINDS: Final = tuple(f"campaign.{word}" for word in _CAMPAIGN)
_WALLET_KINDS: Final = ("wallet.linked", "wallet.objected")
_FOLLOWING: Final = frozenset(
    {
        _SUBMITTED,
        "contribution.revealed",
        "contribution.withdrawn",
        "review.given",
        "decision.made",
        "appeal.filed",
        "appeal.resolved",
    }
)
"""Kinds of what is about a contribution."""
_WITH_ID: Final = (
    *(t.platforms, t.campaigns, t.notices, t.tasks, t.contributions, t.reviews, t.decisions, t.appeals),
    *(t.feedbacks, t.results, t.mandates),
)
OWN_KINDS: Final = {
    "campaign.opened": "campaign",
    "campaign.notice": "notice",
    "task.added": "task",
    _SUBMITTED: "contribution",
    "review.given": "review",
    "decision.made": "decision",
    "appeal.filed": "appeal",
    "result.published": "result",
}
"""Kinds of statements that platforms give ids of their own, and what the ids are stored under."""


class Place(NamedTuple):
    """Where a list goes on: behind ``entry``, which is ``head`` or follows it."""

    head: int
    entry: int


START: Final = Place(0, -1)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry."""

    index: int
    kind: str
    at_ms: int
    leaf_hash: bytes
    statement: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What entries are looked for; all that is given must hold. ``among`` are the only indexes that may be meant."""

    campaign: str | None = None
    contributor: str | None = None
    task: str | None = None
    contribution: str | None = None
    kind: str | None = None
    among: frozenset[int] | None = None

    @property
    def led_by(self) -> str | None:
        """The member by whose index the search goes: the one that leaves the least."""
        if self.among is not None:
            return "among"
        names = ("contribution", "contributor", "task", "campaign")
        return next((name for name in names if getattr(self, name) is not None), None)


async def read_entries(reads: Reads, indexes: Collection[int]) -> list[EntryRow]:
    """Entries by their indexes, in the order of the log; those that are not there are left out."""
    e = t.entries.c
    found: list[EntryRow] = []
    for part in chunks(sorted(indexes)):
        query = select(e.entry_index, e.kind, e.at_ms, e.leaf_hash, e.statement)
        rows = await reads.all(query.where(e.log == reads.log, e.entry_index.in_(part)).order_by(e.entry_index))
        found += [_row(row) for row in rows]
    return found


def _row(row: Row[Any]) -> EntryRow:
    return EntryRow(row.entry_index, row.kind, row.at_ms, bytes(row.leaf_hash), bytes(row.statement))


async def entries_of_leaf(reads: Reads, leaf_hash: bytes) -> list[int]:
    """The indexes of the entries of a leaf hash: one, unless a statement stands twice."""
    e = t.entries.c
    last = await _size(reads) // LEAVES_TOGETHER
    first = select(literal(0, BigInteger).label("number")).cte("stretch", recursive=True)
    stretch = first.union_all(select(first.c.number + 1).where(first.c.number < last))
    # Word for word what the index is made of, or it would not be used.
    number = literal_column(f"(entries.entry_index / {LEAVES_TOGETHER})", BigInteger)
    prefix = literal_column(f"substr(entries.leaf_hash, 1, {LEAF_PREFIX_BYTES})", LargeBinary)
    query = select(e.entry_index).where(e.log == reads.log, number.in_(select(stretch.c.number)))
    query = query.where(prefix == leaf_hash[:LEAF_PREFIX_BYTES], e.leaf_hash == leaf_hash)
    return sorted(row.entry_index for row in await reads.all(query))


async def entries_of_id(reads: Reads, subject: str) -> list[int]:
    """The index of the entry whose statement has this ``id``; more where two kinds of things share it."""
    wanted = [select(table.c.entry_index).where(table.c.log == reads.log, table.c.id == subject) for table in _WITH_ID]
    return sorted(row.entry_index for row in await reads.all(union_all(*wanted)))  # type: ignore[arg-type]


async def entries_of_own_id(reads: Reads, platform: str, external_id: str, kind: str | None) -> list[int]:
    """The entries that a platform made under its own id: of one kind, or one of each."""
    e = t.externals.c
    kinds = sorted(OWN_KINDS.values()) if kind is None else [OWN_KINDS[kind]] if kind in OWN_KINDS else []
    query = select(e.entry_index).where(e.log == reads.log, e.platform == platform, e.external_id == external_id)
    return sorted(row.entry_index for row in await reads.all(query.where(e.kind.in_(kinds))))


async def find_entries(reads: Reads, sought: Sought, after: Place, limit: int) -> tuple[list[EntryRow], Place | None]:
    """The entries behind ``after``, at most ``limit``, and where the list goes on; None at its end."""
    places: list[Place] = []
    start: int | None = after.head
    for _ in range(_ROUNDS):
        assert start is not None
        heads, start = await _heads(reads, sought, start)
        places += [place for place in await _places(reads, sought, heads) if place > after]
        if len(places) > limit or start is None:
            break
    more: Place | None = None
    if len(places) > limit:
        places = places[:limit]
        more = places[-1]
    elif start is not None:
        more = Place(start - 1, MAX_COUNT)
    rows = {row.index: row for row in await read_entries(reads, {place.entry for place in places})}
    return [rows[place.entry] for place in places], more


async def _heads(reads: Reads, sought: Sought, start: int) -> tuple[list[int], int | None]:
    """Entries from ``start`` on that may lead what is sought, and where to look on; None if there are no more."""
    if sought.among is not None:
        return sorted(index for index in sought.among if index >= start), None
    if sought.led_by is None:
        return await _walk(reads, sought.kind, start)
    parts = []
    for query in _sources(reads.log, sought):
        (place,) = query.selected_columns
        part = query.where(place >= start).order_by(place).limit(_HEADS).subquery()
        parts.append(select(part.c.entry_index))
    if not parts:
        return [], None
    found = union_all(*parts).subquery()
    rows = await reads.all(select(found.c.entry_index).distinct().order_by(found.c.entry_index).limit(_HEADS))
    heads = [row.entry_index for row in rows]
    return heads, heads[-1] + 1 if len(heads) == _HEADS else None


async def _walk(reads: Reads, kind: str | None, start: int) -> tuple[list[int], int | None]:
    """The log itself, as far as one round goes."""
    e = t.entries.c
    size = await _size(reads)
    end = min(start + _WINDOW, size)
    query = select(e.entry_index).where(e.log == reads.log, e.entry_index >= start, e.entry_index < end)
    if kind is not None:
        query = query.where(e.kind == kind)
    heads = [row.entry_index for row in await reads.all(query.order_by(e.entry_index).limit(_HEADS))]
    if len(heads) == _HEADS:
        end = heads[-1] + 1
    return heads, end if end < size else None


def _sources(log: str, sought: Sought) -> list[Select[tuple[int]]]:
    """Where the heads are, each source with an index that has them in the order of the log."""
    c, e = t.contributions.c, t.entries.c
    # As an expression the index is no reason to read the log in its order: the subject is what finds these few.
    about = select((e.entry_index + 0).label("entry_index")).where(e.log == log)
    firsts = select(c.entry_index).where(c.log == log, c.replaces.is_(None))
    found: list[tuple[Collection[str], Select[tuple[int]]]] = []
    match sought.led_by:
        case "contribution":
            version = t.contributions.alias("version")
            first = version.c.first == c.id
            named = (version.c.log == log, version.c.id == sought.contribution)
            found = [(_FOLLOWING, firsts.join(version, (version.c.log == c.log) & first).where(*named))]
        case "contributor":
            wallets = about.where(e.subject == sought.contributor, e.kind.in_(_WALLET_KINDS))
            given = _of(t.feedbacks, log).where(t.feedbacks.c.contributor == sought.contributor)
            found = [(_FOLLOWING, firsts.where(c.contributor == sought.contributor))]
            found += [(_WALLET_KINDS, wallets), (("feedback.given",), given)]
        case "task":
            task = _of(t.tasks, log).where(t.tasks.c.id == sought.task)
            found = [(("task.added",), task), (_FOLLOWING, firsts.where(c.task == sought.task))]
        case "campaign":
            states = about.where(e.subject == sought.campaign, e.kind.in_(_CAMPAIGN_KINDS))
            found = [(_CAMPAIGN_KINDS, states), (_FOLLOWING, firsts.where(c.campaign == sought.campaign))]
            given = _of(t.mandates, log).join(t.campaigns, _OF_ONE_PLATFORM).where(t.campaigns.c.id == sought.campaign)
            found.append((("auditor.mandated",), given.where(t.mandates.c.campaign == sought.campaign)))
            for kind, table in _OF_CAMPAIGN.items():
                found.append(((kind,), _of(table, log).where(table.c.campaign == sought.campaign)))
    return [query for kinds, query in found if sought.kind is None or sought.kind in kinds]


_OF_ONE_PLATFORM: Final = (t.campaigns.c.log == t.mandates.c.log) & (t.campaigns.c.platform == t.mandates.c.platform)
_OF_CAMPAIGN: Final = {
    "campaign.notice": t.notices,
    "campaign.funded": t.campaign_funds,
    "task.added": t.tasks,
    "feedback.given": t.feedbacks,
    "result.published": t.results,
}


def _of(table: Any, log: str) -> Select[tuple[int]]:
    return select(table.c.entry_index).where(table.c.log == log)


async def _places(reads: Reads, sought: Sought, heads: Sequence[int]) -> list[Place]:
    """The heads that name all that is sought, each with what follows it, as far as it is of the kind that is sought."""
    if not heads:
        return []
    e = t.entries.c
    rest = {name: value for name in _NAMED if name != sought.led_by and (value := getattr(sought, name)) is not None}
    query = select(e.entry_index, e.kind, e.subject, *([e.statement] if rest else []))
    rows = await reads.all(query.where(e.log == reads.log, e.entry_index.in_(heads)))
    if rest:
        rows = [row for row in rows if _names(row.kind, bytes(row.statement), rest)]
    found = [(Place(row.entry_index, row.entry_index), row.kind) for row in rows]
    leading = {row.subject: row.entry_index for row in rows if row.kind == _SUBMITTED}
    if leading and sought.led_by not in (None, "among"):
        about = select(e.entry_index, e.kind, e.subject).where(
            e.log == reads.log, e.subject.in_(list(leading)), e.kind.in_(_FOLLOWING)
        )
        followers = [row for row in await reads.all(about) if row.entry_index != leading[row.subject]]
        found += [(Place(leading[row.subject], row.entry_index), row.kind) for row in followers]
    return sorted(place for place, kind in found if sought.kind in (None, kind))


_NAMED: Final = {"campaign": "campaign.", "contributor": "", "task": "task.added", "contribution": _SUBMITTED}
"""Members by which statements name things, and how the kinds begin whose own ``id`` is that thing."""


def _names(kind: str, statement: bytes, wanted: dict[str, str]) -> bool:
    members = msgspec.json.decode(statement)
    return all(
        members.get(name) == value or (_NAMED[name] and kind.startswith(_NAMED[name]) and members.get("id") == value)
        for name, value in wanted.items()
    )


async def _size(reads: Reads) -> int:
    row = await reads.one(select(t.logs.c.size).where(t.logs.c.name == reads.log))
    return row.size if row else 0
