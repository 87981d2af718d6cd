"""Contributors by their public ids, by their wallets, and what there is of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Integer, Row, func, select

from api.reads import Reads
from api.reads.files import StoredFile
from api.reads.openings import openings
from api.reads.people_facts import links_of
from api.sealing import DIRECT_PREFIX, direct_name
from ledger.book.facts import Link
from ledger.db.tables import (
    appeals,
    contents,
    contributions,
    contributors,
    decisions,
    entries,
    externals,
    feedbacks,
    platforms,
    reviews,
    tasks,
    wallet_links,
)
from ledger.log.queries import chunks
from ledger.log.shapes import PersonView
from ledger.statements import canonical, kinds
from ledger.statements.commitments import Opening
from ledger.statements.contents import Purpose
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.kinds import AnyStatement

MAX_PEOPLE: Final = 100
"""Contributors that one wallet can be signed in as."""
_NAMING: Final = 20
"""Things that name a file that are looked at for one that gives a right to it."""


async def own_ids(reads: Reads, public_ids: Iterable[str]) -> dict[str, str]:
    """What their platforms call the people with these public ids (at most a page of them)."""
    query = select(contributors.c.id, contributors.c.external_id).where(
        contributors.c.log == reads.log, contributors.c.id.in_(sorted(set(public_ids)))
    )
    return {row.id: row.external_id for row in await reads.all(query)}


async def people_by_wallet(reads: Reads, wallet: str, now_ms: int) -> list[PersonView]:
    """The contributors to whom ``wallet`` is in force, by public id.

    Of those whom no wallet is in force for yet, the wallet with which somebody entered a campaign directly is theirs:
    they have no platform that would link it for them.
    """
    linked = select(wallet_links.c.contributor).where(wallet_links.c.log == reads.log, wallet_links.c.address == wallet)
    rows = await reads.all(linked.distinct().order_by(wallet_links.c.contributor).limit(MAX_PEOPLE))
    every = select(platforms.c.id).where(platforms.c.log == reads.log)  # own ids have an index by platform only
    entered = select(contributors.c.id.label("contributor")).where(
        contributors.c.log == reads.log,
        contributors.c.platform.in_(every),
        contributors.c.external_id == f"{DIRECT_PREFIX}{wallet}",
    )
    direct = {row.contributor for row in await reads.all(entered.limit(MAX_PEOPLE))}
    links = await links_of(reads, sorted({row.contributor for row in rows} | direct))
    now = {who: wallet_in_force(links.get(who), now_ms) for who in links.keys() | direct}
    mine = sorted(who for who, paid in now.items() if paid == wallet or (paid is None and who in direct))
    query = select(contributors).where(contributors.c.log == reads.log, contributors.c.id.in_(mine))
    return [PersonView(row.id, row.platform, row.external_id) for row in await reads.all(query.order_by("id"))]


def wallet_in_force(link: Link | None, now_ms: int) -> str | None:
    """Where a contributor's pay goes, given their latest link (``Facts.wallet_in_force``)."""
    if link is None:
        return None
    return link.address if now_ms > link.in_force_after_ms else link.previous


async def platform_names(reads: Reads, ids: Iterable[str]) -> dict[str, str]:
    """The names of platforms."""
    query = select(platforms.c.id, platforms.c.name).where(
        platforms.c.log == reads.log, platforms.c.id.in_(sorted(set(ids)))
    )
    return {row.id: row.name for row in await reads.all(query)}


@dataclass(frozen=True, slots=True)
class Stored:
    """A commitment whose opening is still here: its purpose, and the id of what carries it."""

    purpose: str
    subject: str


async def stored_of(reads: Reads, person: str) -> list[Stored]:
    """Everything of a contributor that can still be opened: their work, what was said of it, their appeals and ratings.

    Of work that they judged themselves nothing is in it: that is other people's evidence.
    """
    of_person = select(contributions.c.id).where(
        contributions.c.log == reads.log, contributions.c.contributor == person
    )
    decided = select(decisions.c.id).where(
        decisions.c.log == reads.log, decisions.c.contribution.in_(of_person.scalar_subquery())
    )
    appealed = select(appeals.c.id).where(
        appeals.c.log == reads.log, appeals.c.contribution.in_(of_person.scalar_subquery())
    )
    rated = select(feedbacks.c.id).where(feedbacks.c.log == reads.log, feedbacks.c.contributor == person)
    wanted = (
        ("contribution", of_person),
        ("feedback", decided),
        ("appeal", appealed),
        ("feedback", appealed),
        ("feedback", rated),
    )
    found: list[Stored] = []
    for purpose, subjects in wanted:
        query = select(contents.c.subject).where(
            contents.c.log == reads.log,
            contents.c.kind == purpose,
            contents.c.subject.in_(subjects.scalar_subquery()),
        )
        rows = await reads.all(query.order_by(contents.c.subject))
        found += [Stored(purpose, row.subject) for row in rows]
    return found


async def stored_reviews(reads: Reads, ids: Sequence[str]) -> list[Stored]:
    """What judges wrote of these contributions, as far as it can still be opened."""
    found: list[Stored] = []
    for part in chunks(ids):
        given = select(reviews.c.id).where(reviews.c.log == reads.log, reviews.c.contribution.in_(part))
        query = select(contents.c.subject).where(
            contents.c.log == reads.log,
            contents.c.kind == "feedback",
            contents.c.subject.in_(given.scalar_subquery()),
        )
        rows = await reads.all(query.order_by(contents.c.subject))
        found += [Stored("feedback", row.subject) for row in rows]
    return found


async def appeals_of(reads: Reads, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """The appeals on contributions, oldest first, by contribution."""
    found: dict[str, list[Row[Any]]] = {}
    for part in chunks(ids):
        query = select(appeals).where(appeals.c.log == reads.log, appeals.c.contribution.in_(part))
        for row in await reads.all(query.order_by(appeals.c.entry_index)):
            found.setdefault(row.contribution, []).append(row)
    return found


async def openings_of(reads: Reads, subjects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Opening]:
    """The openings of (purpose, id of what carries the commitment), as far as they are here."""
    wanted: dict[str, set[str]] = {}
    for purpose, subject in subjects:
        wanted.setdefault(purpose, set()).add(subject)
    found: dict[tuple[str, str], Opening] = {}
    for purpose, ids in wanted.items():
        for subject, opening in (await openings(reads, cast(Purpose, purpose), ids)).items():
            found[purpose, subject] = opening
    return found


async def statements_at(reads: Reads, indexes: Iterable[int]) -> dict[int, AnyStatement]:
    """The statements of entries."""
    found: dict[int, AnyStatement] = {}
    for part in chunks(sorted(set(indexes))):
        query = select(entries.c.entry_index, entries.c.statement).where(
            entries.c.log == reads.log, entries.c.entry_index.in_(part)
        )
        found |= {row.entry_index: kinds.parse(bytes(row.statement)) for row in await reads.all(query)}
    return found


async def contributions_of(
    reads: Reads, people: Sequence[str], after: int | None, limit: int, *, newest_first: bool = False
) -> tuple[Sequence[Row[Any]], int | None]:
    """A page of what these people contributed, all versions, in the order of the log or the other way round.

    And where the next one begins.
    """
    index = contributions.c.entry_index
    query = select(contributions).where(contributions.c.log == reads.log, contributions.c.contributor.in_(people))
    if after is not None:
        query = query.where(index < after if newest_first else index > after)
    rows = await reads.all(query.order_by(index.desc() if newest_first else index).limit(limit + 1))
    return rows[:limit], rows[limit - 1].entry_index if len(rows) > limit else None


async def sees_file(reads: Reads, people: Sequence[str], platform: str, file: StoredFile) -> bool:
    """Whether these people (public ids) may see a file of a platform.

    It is the content of a contribution of theirs, member by member, or a task of a campaign they took part in names it.
    What they entered directly gives no right to a file: it takes a key to upload one, but none to name a digest.
    """
    took_part = select(contributions.c.campaign).where(
        contributions.c.log == reads.log, contributions.c.contributor.in_(people)
    )
    own = select(contributions.c.id).where(contributions.c.log == reads.log, contributions.c.contributor.in_(people))
    given = select(tasks.c.id).where(tasks.c.log == reads.log, tasks.c.campaign.in_(took_part.scalar_subquery()))
    whole = b'"content":' + canonical.encode(dict(file.content)) + b","
    for kind, subjects, part in (("contribution", own, whole), ("task", given, named_file(file.sha256))):
        query = select(contents.c.subject).where(
            contents.c.log == reads.log,
            contents.c.platform == platform,
            contents.c.kind == kind,
            contents.c.subject.in_(subjects.scalar_subquery()),
            holds(reads, part),
        )
        found = {row.subject for row in await reads.all(query.limit(_NAMING))}
        if kind == "contribution":
            found -= await entered_directly(reads, found)
        if found:
            return True
    return False


async def entered_directly(reads: Reads, works: Collection[str]) -> set[str]:
    """Which of these contributions came without their platform's key."""
    direct: set[str] = set()
    for part in chunks(sorted(works)):
        query = select(contributions.c.entry_index, contributions.c.platform).where(
            contributions.c.log == reads.log, contributions.c.id.in_(part)
        )
        rows = await reads.all(query)
        made = await statements_at(reads, [row.entry_index for row in rows])
        names = [
            direct_name(each.signature)
            for each in made.values()
            if isinstance(each, ContributionSubmitted) and each.signature is not None
        ]
        named = select(externals.c.subject).where(
            externals.c.log == reads.log,
            externals.c.platform.in_({row.platform for row in rows}),
            externals.c.kind == "contribution",
            externals.c.external_id.in_(names),
        )
        direct |= {row.subject for row in await reads.all(named)}
    return direct & set(works)


async def file_is_named(reads: Reads, platform: str, sha256: str, besides: Collection[Stored]) -> bool:
    """Whether anything that a platform holds ``besides`` these names the file."""
    query = select(contents.c.kind, contents.c.subject).where(
        contents.c.log == reads.log, contents.c.platform == platform, holds(reads, named_file(sha256))
    )
    rows = await reads.all(query.limit(len(besides) + 1))
    return any(Stored(row.kind, row.subject) not in besides for row in rows)


async def named_files(reads: Reads, works: Sequence[str]) -> list[str]:
    """The digests of the files that are the content of these contributions, direct ones left out."""
    uploaded = set(works) - await entered_directly(reads, works)
    openings = await openings_of(reads, [("contribution", each) for each in uploaded])
    found = {
        digest
        for opening in openings.values()
        if isinstance(content := opening.content(), dict)
        and content.keys() == {"sha256", "bytes", "type"}
        and isinstance(digest := content["sha256"], str)
    }
    return sorted(found)


def named_file(sha256: str) -> bytes:
    """How canonical content names a file."""
    return f'"sha256":"{sha256}"'.encode()


def holds(reads: Reads, part: bytes) -> ColumnElement[bool]:
    """The condition that an opening's preimage has these bytes in it."""
    if reads.database.engine.dialect.name == "sqlite":
        return func.instr(contents.c.preimage, part) > 0
    return func.position(contents.c.preimage, part, type_=Integer) > 0


async def decisions_by_id(reads: Reads, ids: Iterable[str]) -> dict[str, Row[Any]]:
    """Rows of decisions."""
    found: dict[str, Row[Any]] = {}
    for part in chunks(sorted(set(ids))):
        query = select(decisions).where(decisions.c.log == reads.log, decisions.c.id.in_(part))
        found |= {row.id: row for row in await reads.all(query)}
    return found
