"""Campaigns in a list for people: the newest first, those that ended too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, and_, select

from api.lookup import Campaign as CampaignRow
from api.reads import Reads
from ledger.book.campaigns import Campaign
from ledger.db.tables import campaign_funds, campaigns, platforms
from ledger.log.queries import Page
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignOpened

_SCANNED: Final = 500
"""Campaigns that one page looks at: those that ended by their date are not marked in the database."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign, whose it is, whether it can be worked for, until when (Unix ms), and what was paid in for it."""

    row: CampaignRow
    platform: str
    is_open: bool
    is_paused: bool
    until_ms: int
    funded: int | None


async def newest(reads: Reads, now_ms: int, before: int | None, limit: int, *, open_only: bool) -> Page[Listed]:
    """Campaigns whose entries stand before entry ``before``, the newest first.

    A page may hold fewer than ``limit`` and still have a next one: it looks at ``_SCANNED`` campaigns at most.
    """
    query = (
        select(campaigns, platforms.c.name, campaign_funds.c.funded)
        .join(platforms, and_(platforms.c.log == campaigns.c.log, platforms.c.id == campaigns.c.platform))
        .outerjoin(
            campaign_funds,
            and_(campaign_funds.c.log == campaigns.c.log, campaign_funds.c.campaign == campaigns.c.id),
        )
        .where(campaigns.c.log == reads.log)
        .order_by(campaigns.c.entry_index.desc())
    )
    if before is not None:
        query = query.where(campaigns.c.entry_index < before)
    if open_only:
        query = query.where(campaigns.c.closed.is_(None))
    scanned = _SCANNED if open_only else limit + 1
    rows = await reads.all(query.limit(scanned))
    found: list[Listed] = []
    for row in rows:
        if len(found) == limit:
            return Page(found, found[-1].row.index)
        listed = _listed(row, now_ms)
        if listed.is_open or not open_only:
            found.append(listed)
    return Page(found, rows[-1].entry_index if len(rows) == scanned else None)


def _listed(row: Row[Any], now_ms: int) -> Listed:
    opened = kinds.parse(bytes(row.statement))
    assert isinstance(opened, CampaignOpened)
    texts = (json.loads(row.brief), json.loads(row.terms))
    until_ms = Campaign(opened, 0).last_submission_ms
    closed = row.closed is not None
    return Listed(
        row=CampaignRow(row.entry_index, row.title, *texts, opened, closed=closed),
        platform=row.name,
        is_open=not closed and now_ms <= until_ms,
        is_paused=row.paused is not None,
        until_ms=until_ms,
        funded=None if row.funded is None else int(row.funded),
    )
