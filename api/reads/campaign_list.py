"""Campaigns in a list for people: the newest first, those that ended too."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
    of = campaigns.c
    query = select(of.entry_index, of.statement).where(of.log == reads.log).order_by(of.entry_index.desc())
    if before is not None:
        query = query.where(of.entry_index < before)
    if open_only:
        query = query.where(of.closed.is_(None))
    scanned = _SCANNED if open_only else limit + 1
    rows = await reads.all(query.limit(scanned))
    shown: list[int] = []
    for row in rows:
        if len(shown) == limit:
            return Page(await _lines(reads, shown, now_ms), shown[-1])
        if not open_only or now_ms <= _until_ms(_opened(row)):
            shown.append(row.entry_index)
    return Page(await _lines(reads, shown, now_ms), rows[-1].entry_index if len(rows) == scanned else None)


async def _lines(reads: Reads, indexes: Sequence[int], now_ms: int) -> list[Listed]:
    """The campaigns of entries, the newest first. Their texts can be long, so only those that are shown are read."""
    query = (
        select(campaigns, platforms.c.name, campaign_funds.c.funded)
        .join(platforms, and_(platforms.c.log == campaigns.c.log, platforms.c.id == campaigns.c.platform))
        .outerjoin(
            campaign_funds,
            and_(campaign_funds.c.log == campaigns.c.log, campaign_funds.c.campaign == campaigns.c.id),
        )
        .where(campaigns.c.log == reads.log, campaigns.c.entry_index.in_(indexes))
        .order_by(campaigns.c.entry_index.desc())
    )
    return [_listed(row, now_ms) for row in await reads.all(query)]


def _opened(row: Row[Any]) -> CampaignOpened:
    opened = kinds.parse(bytes(row.statement))
    assert isinstance(opened, CampaignOpened)
    return opened


def _until_ms(opened: CampaignOpened) -> int:
    return Campaign(opened, 0).last_submission_ms


def _listed(row: Row[Any], now_ms: int) -> Listed:
    opened = _opened(row)
    until_ms = _until_ms(opened)
    texts = (json.loads(row.brief), json.loads(row.terms))
    closed = row.closed is not None
    return Listed(
        row=CampaignRow(row.entry_index, row.title, *texts, opened, closed=closed),
        platform=row.name,
        is_open=not closed and now_ms <= until_ms,
        is_paused=row.paused is not None,
        until_ms=until_ms,
        funded=None if row.funded is None else int(row.funded),
    )
