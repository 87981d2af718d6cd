"""Reviews of a contribution, with what they said as long as it was not erased."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import select

from api.reads import Reads
from api.reads.openings import content_of, openings
from ledger.db.tables import reviews
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import OpenedReview


@dataclass(frozen=True, slots=True)
class Given:
    """A review. ``opened`` is None where its content was erased; ``words`` is ``{"words": ...}`` or empty."""

    id: str
    reviewer: str
    second_look: bool
    index: int
    opened: OpenedReview | None
    words: dict[str, JsonValue]


async def reviews_of(reads: Reads, contribution: str) -> list[Given]:
    """The reviews of a contribution in the order of the log."""
    query = select(reviews).where(reviews.c.log == reads.log, reviews.c.contribution == contribution)
    rows = await reads.all(query.order_by(reviews.c.entry_index))
    contents = await openings(reads, "feedback", (row.id for row in rows))
    found = []
    for row in rows:
        said = content_of(contents, row.id)
        opened: OpenedReview | None = None
        words: dict[str, JsonValue] = {}
        if isinstance(said, dict):
            members = {name: said[name] for name in ("verdict", "score", "scores") if name in said}
            opened = msgspec.convert(members | {"review": row.id}, OpenedReview)
            words = {"words": said["words"]} if "words" in said else {}
        found.append(Given(row.id, row.reviewer, bool(row.second_look), row.entry_index, opened, words))
    return found
