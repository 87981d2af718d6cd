"""What signs of fraud are looked for in: digests and labels of contents, times, wallets, verdicts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, func, select

from api.reads import Reads
from api.reads.standing import latest
from ledger.consensus.answers import Answer, label_of
from ledger.consensus.signals import Content
from ledger.db.tables import contents, contributions, wallet_links
from ledger.errors import FieldError
from ledger.statements.commitments import content_bytes

MAX_LOOKED_AT: Final = 20_000
"""Contributions that one request looks at, the newest ones."""
_PAGE: Final = 200
_WHO_AND_WHEN: Final = [contributions.c[name] for name in ("id", "task", "contributor", "at_ms", "entry_index")]
_LONG: Final = 200
"""A longer answer is compared by its digest."""


@dataclass(slots=True)
class Evidence:
    """Contents and answers of the newest contributions; ``complete``: there are no others."""

    contents: list[Content]
    answers: list[Answer]
    looked_at: int
    complete: bool


async def evidence(reads: Reads, campaign: str, field: str | None, *, rest: float = 0.0) -> Evidence:
    """What the newest contributions hold, read page by page: contents are never in memory together.

    Where nobody waits for it, ``rest`` times as long as a page took goes by before the next one.
    """
    found = Evidence([], [], 0, complete=False)
    before: int | None = None
    while found.looked_at < MAX_LOOKED_AT:
        begin = time.monotonic()
        query = (
            select(*_WHO_AND_WHEN, contents.c.preimage)
            .outerjoin(
                contents,
                and_(
                    contents.c.log == contributions.c.log,
                    contents.c.kind == "contribution",
                    contents.c.subject == contributions.c.id,
                ),
            )
            .where(*latest(reads.log, campaign))
        )
        if before is not None:
            query = query.where(contributions.c.entry_index < before)
        rows = await reads.all(query.order_by(contributions.c.entry_index.desc()).limit(_PAGE))
        for row in rows:
            _take(found, row, field)
        if len(rows) < _PAGE:
            found.complete = True
            break
        before = rows[-1].entry_index
        await asyncio.sleep(rest * (time.monotonic() - begin))
    return found


async def wallets(reads: Reads, campaign: str) -> list[tuple[str, str]]:
    """The last wallets of the campaign's contributors, as (contributor, address)."""
    last = (
        select(wallet_links.c.contributor, func.max(wallet_links.c.entry_index).label("entry_index"))
        .where(
            wallet_links.c.log == reads.log,
            wallet_links.c.contributor.in_(
                select(contributions.c.contributor).where(
                    contributions.c.log == reads.log, contributions.c.campaign == campaign
                )
            ),
        )
        .group_by(wallet_links.c.contributor)
        .subquery()
    )
    query = (
        select(wallet_links.c.contributor, wallet_links.c.address)
        .join(
            last,
            and_(last.c.contributor == wallet_links.c.contributor, last.c.entry_index == wallet_links.c.entry_index),
        )
        .where(wallet_links.c.log == reads.log)
        .order_by(wallet_links.c.entry_index.desc())
        .limit(MAX_LOOKED_AT)
    )
    return [(row.contributor, row.address) for row in await reads.all(query)]


def _take(found: Evidence, row: Any, field: str | None) -> None:
    found.looked_at += 1
    if row.preimage is None:
        return
    data = content_bytes(bytes(row.preimage))
    digest = hashlib.sha256(data).hexdigest()
    found.contents.append(Content(row.id, row.contributor, digest, len(data)))
    if row.task is None:
        return
    try:
        label = _label(data, field)
    except FieldError:
        return  # this one holds no answer to compare
    label = label if len(label) <= _LONG else digest
    found.answers.append(Answer(row.id, row.task, row.contributor, label, row.at_ms))


def _label(data: bytes, field: str | None) -> str:
    """``label_of`` of a content's canonical JSON, which is read only where the label is not all of it."""
    return data.decode() if field is None and not data.startswith(b'"') else label_of(json.loads(data), field)
