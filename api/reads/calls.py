"""Campaigns as the public finds them: those that can be worked for, and their notices."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import select

from api.lookup import Campaign as CampaignRow
from api.reads import Reads
from ledger.book.campaigns import Campaign
from ledger.db.tables import campaigns, notices
from ledger.log.queries import Page
from ledger.statements import canonical, kinds
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.values import format_time
from ledger.wire.campaigns import Notice

_SCANNED: Final = 500
"""Campaigns that one page looks at: those that ended by their date are not marked as closed in the database."""


async def open_campaigns(reads: Reads, now_ms: int, after: int | None, limit: int) -> Page[CampaignRow]:
    """Campaigns that are not closed and have time left for a contribution, in the order of the log.

    A page may hold fewer than ``limit`` and still have a next one: it looks at ``_SCANNED`` campaigns at most.
    """
    query = select(campaigns).where(
        campaigns.c.log == reads.log, campaigns.c.closed.is_(None), campaigns.c.entry_index > (after or 0)
    )
    rows = await reads.all(query.order_by(campaigns.c.entry_index).limit(_SCANNED))
    found: list[CampaignRow] = []
    for row in rows:
        opened = kinds.parse(bytes(row.statement))
        assert isinstance(opened, CampaignOpened)
        if len(found) == limit:
            return Page(found, found[-1].index)
        if now_ms <= last_submission_ms(opened):
            texts = (json.loads(row.brief), json.loads(row.terms))
            found.append(CampaignRow(row.entry_index, row.title, *texts, opened, closed=False))
    return Page(found, rows[-1].entry_index if len(rows) == _SCANNED else None)


def last_submission_ms(opened: CampaignOpened) -> int:
    """Until when a contribution can come and still be decided and appealed."""
    return Campaign(opened, 0).last_submission_ms


async def list_notices(reads: Reads, campaign: str, after: int | None, limit: int) -> Page[Notice]:
    """The notices of a campaign in the order of the log."""
    query = select(notices).where(
        notices.c.log == reads.log, notices.c.campaign == campaign, notices.c.entry_index > (after or 0)
    )
    rows = await reads.all(query.order_by(notices.c.entry_index).limit(limit + 1))
    items = [_notice(row) for row in rows[:limit]]
    return Page(items, items[-1].index if len(rows) > limit else None)


def _notice(row: Any) -> Notice:
    text = json.loads(row.text)
    return Notice(
        id=row.id,
        index=row.entry_index,
        at=format_time(row.at_ms),
        type=row.type,
        text=text,
        digest=canonical.digest(text),
    )
