"""Openings by purpose: what a reader who may see them is given."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from api.reads import Reads
from ledger.db.tables import contents
from ledger.log.queries import chunks
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import Opening
from ledger.statements.contents import Purpose


async def openings(reads: Reads, purpose: Purpose, subjects: Iterable[str | None]) -> dict[str, Opening]:
    """The openings of a purpose by what carries them; those that were erased or never here are left out."""
    found: dict[str, Opening] = {}
    for part in chunks(sorted({subject for subject in subjects if subject is not None})):
        query = select(contents).where(
            contents.c.log == reads.log, contents.c.kind == purpose, contents.c.subject.in_(part)
        )
        for row in await reads.all(query):
            found[row.subject] = Opening(bytes(row.salt), bytes(row.preimage))
    return found


def content_of(found: dict[str, Opening], subject: str | None) -> JsonValue:
    """The content of one of them, None where there is none."""
    opening = found.get(subject or "")
    return None if opening is None else opening.content()
