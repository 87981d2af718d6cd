"""Everything that is kept of a contributor, as one JSON document, streamed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from sqlalchemy import Row, select, union_all

from api.mine import my_contributions
from api.people import people_lines
from api.reads.people import contributions_of, openings_of
from api.service import Service
from ledger.db.tables import (
    appeals,
    contributions,
    decisions,
    erasures,
    feedbacks,
    mandates,
    opened_contents,
    reviews,
    wallet_links,
)
from ledger.log.queries import chunks
from ledger.log.shapes import PersonView
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.values import format_score, format_time

_PAGE: Final = 100


async def export_of(service: Service, person: PersonView) -> AsyncIterator[bytes]:
    """In pieces: person, wallet links, ratings, judgments, who looked, and contributions with all about them."""
    (line,) = await people_lines(service, [person])
    head: dict[str, JsonValue] = {
        "v": 1,
        "log": service.config.origin,
        "person": line.model_dump(mode="json"),
        "own_id": person.external_id,
    }
    yield canonical.encode(head)[:-1]
    yield b',"wallet_links":' + canonical.encode(await _links(service, person.id))
    yield b',"ratings":' + canonical.encode(await _ratings(service, person.id))
    yield b',"judgments":' + canonical.encode(await _judgments(service, person.id))
    yield b',"erased":' + canonical.encode(await _erased(service, person.id))
    yield b',"opened":' + canonical.encode(await _opened(service, person.id))
    yield b',"contributions":['
    after: int | None = None
    begun = False
    while True:
        rows, after = await contributions_of(service.reads, [person.id], after, _PAGE)
        for each in await _contributions(service, rows):
            yield (b"," if begun else b"") + canonical.encode(each)
            begun = True
        if after is None:
            break
    yield b"]}"


async def _contributions(service: Service, rows: Sequence[Row[Any]]) -> list[Any]:
    """A page of contributions: as their author sees them, and every statement about them with receipt and opening."""
    lines = await my_contributions(service, rows, time.time_ns() // 1_000_000)
    about = await _statements_about(service, [row.id for row in rows])
    carried = [(purpose, subject) for found in about.values() for _, subject, each in found for purpose in each]
    openings = await openings_of(service.reads, carried)
    receipts = await service.reader.receipts({index for found in about.values() for index, _, _ in found})
    exported = []
    for line in lines:
        exported.append(
            line.model_dump(mode="json")
            | {
                "statements": [
                    {
                        "index": index,
                        "receipt": canonical.decode(receipts[index].encode()),
                        "openings": [
                            canonical.decode(openings[purpose, subject].encode())
                            for purpose in purposes
                            if (purpose, subject) in openings
                        ],
                    }
                    for index, subject, purposes in about[line.id]
                ]
            }
        )
    return exported


async def _statements_about(service: Service, ids: Sequence[str]) -> dict[str, list[tuple[int, str, tuple[str, ...]]]]:
    """Of each contribution: the entries about it, what carries their commitments, and with which purposes."""
    log = service.reads.log
    found: dict[str, list[tuple[int, str, tuple[str, ...]]]] = {each: [] for each in ids}
    for part in chunks(ids):
        query = select(contributions).where(contributions.c.log == log, contributions.c.id.in_(part))
        for row in await service.reads.all(query):
            found[row.id].append((row.entry_index, row.id, ("contribution",)))
            found[row.id] += [(each, row.id, ()) for each in (row.revealed, row.withdrawn) if each is not None]
        made = select(decisions).where(decisions.c.log == log, decisions.c.contribution.in_(part))
        for row in await service.reads.all(made):
            found[row.contribution].append((row.entry_index, row.id, ("feedback",)))
        filed = select(appeals).where(appeals.c.log == log, appeals.c.contribution.in_(part))
        for row in await service.reads.all(filed):
            found[row.contribution].append((row.entry_index, row.id, ("appeal",)))
            if row.resolved is not None:
                found[row.contribution].append((row.resolved, row.id, ("feedback",)))
    return {each: sorted(about) for each, about in found.items()}


async def _links(service: Service, person: str) -> list[Any]:
    query = select(wallet_links).where(wallet_links.c.log == service.reads.log, wallet_links.c.contributor == person)
    rows = await service.reads.all(query.order_by(wallet_links.c.entry_index))
    links = []
    for row in rows:
        links.append(await _with_receipt(service, row.entry_index, address=row.address))
        if row.objected is not None:
            links.append(await _with_receipt(service, row.objected, objects_to=row.entry_index))
    return links


async def _ratings(service: Service, person: str) -> list[Any]:
    query = select(feedbacks).where(feedbacks.c.log == service.reads.log, feedbacks.c.contributor == person)
    rows = await service.reads.all(query.order_by(feedbacks.c.entry_index))
    words = await openings_of(service.reads, [("feedback", row.id) for row in rows])
    return [
        await _with_receipt(
            service,
            row.entry_index,
            campaign=row.campaign,
            about=row.about,
            subject=row.subject,
            score=format_score(row.score),
            words=words[found].content() if (found := ("feedback", row.id)) in words else None,
        )
        for row in rows
    ]


async def _judgments(service: Service, person: str) -> list[Any]:
    """What the person said of other people's work, as a reviewer."""
    log = service.reads.log
    found: list[tuple[int, str, str]] = []
    for table in (reviews, decisions):
        rows = await service.reads.all(select(table).where(table.c.log == log, table.c.reviewer == person))
        found += [(row.entry_index, row.id, row.contribution) for row in rows]
    resolved = await service.reads.all(select(appeals).where(appeals.c.log == log, appeals.c.reviewer == person))
    found += [(row.resolved, row.id, row.contribution) for row in resolved]
    words = await openings_of(service.reads, [("feedback", subject) for _, subject, _ in found])
    return [
        await _with_receipt(
            service,
            index,
            contribution=contribution,
            words=words[key].content() if (key := ("feedback", subject)) in words else None,
        )
        for index, subject, contribution in sorted(found)
    ]


async def _erased(service: Service, person: str) -> list[Any]:
    own = select(contributions.c.id).where(
        contributions.c.log == service.reads.log, contributions.c.contributor == person
    )
    query = select(erasures).where(erasures.c.log == service.reads.log, erasures.c.subject.in_(own.scalar_subquery()))
    rows = await service.reads.all(query.order_by(erasures.c.entry_index))
    return [
        {"purpose": row.purpose, "subject": row.subject, "reason": row.reason, "at": format_time(row.at_ms)}
        for row in rows
    ]


async def _opened(service: Service, person: str) -> list[Any]:
    """What auditors with a mandate were given to see of it."""
    log = service.reads.log
    own = select(contributions.c.id).where(contributions.c.log == log, contributions.c.contributor == person)
    about = [
        select(table.c.id).where(table.c.log == log, table.c.contribution.in_(own.scalar_subquery()))
        for table in (decisions, reviews, appeals)
    ]
    rated = select(feedbacks.c.id).where(feedbacks.c.log == log, feedbacks.c.contributor == person)
    things = union_all(own, *about, rated).subquery()
    query = (
        select(opened_contents, mandates.c.name)
        .join(mandates, (mandates.c.log == opened_contents.c.log) & (mandates.c.id == opened_contents.c.mandate))
        .where(opened_contents.c.log == log, opened_contents.c.subject.in_(select(things.c.id)))
    )
    rows = await service.reads.all(query.order_by(opened_contents.c.entry_index))
    return [
        await _with_receipt(service, row.entry_index, auditor=row.name, purpose=row.purpose, subject=row.subject)
        for row in rows
    ]


async def _with_receipt(service: Service, index: int, **members: Any) -> Any:
    receipt = canonical.decode(await service.reader.receipt(index))
    return {"index": index, "receipt": receipt} | members
