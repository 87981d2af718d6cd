"""Mandates of auditors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, func, select

from api.reads import Reads
from api.reads.people import holds, named_file
from ledger.db.tables import contents, mandates, opened_contents
from ledger.log.queries import Page

MANDATE_PREFIX: Final = "cm_"
"""What the tokens of mandates begin with."""


@dataclass(frozen=True, slots=True)
class MandateRow:
    """A mandate; ``digest`` is SHA-256 of its token, ``opened`` how many openings were given under it."""

    id: str
    name: str
    campaign: str | None
    until_ms: int
    digest: bytes
    index: int
    opened: int


async def find_mandate(reads: Reads, mandate: str) -> MandateRow | None:
    """A mandate by its id."""
    row = await reads.one(_query().where(mandates.c.log == reads.log, mandates.c.id == mandate))
    return None if row is None else _mandate(row)


async def list_mandates(reads: Reads, platform: str, after: int | None, limit: int) -> Page[MandateRow]:
    """A platform's mandates in the order of the log."""
    query = _query().where(
        mandates.c.log == reads.log, mandates.c.platform == platform, mandates.c.entry_index > (after or 0)
    )
    rows = await reads.all(query.order_by(mandates.c.entry_index).limit(limit + 1))
    items = [_mandate(row) for row in rows[:limit]]
    return Page(items, items[-1].index if len(rows) > limit else None)


async def platform_of_opened_file(reads: Reads, token_digest: bytes, now_ms: int, sha256: str) -> str | None:
    """The platform whose file it is, if a content that was opened under the token's mandate names the file."""
    query = (
        select(mandates.c.platform)
        .join(
            opened_contents,
            and_(opened_contents.c.log == mandates.c.log, opened_contents.c.mandate == mandates.c.id),
        )
        .join(
            contents,
            and_(
                contents.c.log == opened_contents.c.log,
                contents.c.kind == opened_contents.c.purpose,
                contents.c.subject == opened_contents.c.subject,
            ),
        )
        .where(
            mandates.c.log == reads.log,
            mandates.c.digest == token_digest,
            mandates.c.until_ms >= now_ms,
            holds(reads, named_file(sha256)),
        )
    )
    row = await reads.one(query.limit(1))
    return None if row is None else str(row.platform)


def _query() -> Any:
    opened = (
        select(func.count())
        .where(opened_contents.c.log == mandates.c.log, opened_contents.c.mandate == mandates.c.id)
        .correlate(mandates)
        .scalar_subquery()
    )
    return select(mandates, opened.label("opened"))


def _mandate(row: Any) -> MandateRow:
    return MandateRow(row.id, row.name, row.campaign, row.until_ms, bytes(row.digest), row.entry_index, row.opened)
