"""A campaign with all its versions, as the book sees it, and the texts that the statements have digests of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from api.lookup import Campaign as CampaignRow
from api.reads import Reads
from ledger.book.campaigns import Campaign, Version
from ledger.db.tables import amendments, campaigns, contributions
from ledger.statements import kinds
from ledger.statements.campaigns import CampaignAmended


@dataclass(frozen=True, slots=True)
class Text:
    """The published texts of a version and their digests; ``holds`` is what the book knows of it."""

    number: int
    at: str
    brief: Any
    brief_digest: str
    terms: Any
    holds: Version

    @property
    def terms_digest(self) -> str:
        """SHA-256 of the terms' canonical JSON."""
        return self.holds.terms


@dataclass(frozen=True, slots=True)
class Versions:
    """A campaign in the book, its texts from version 1 on, and whether it takes contributions now.

    ``book`` has versions, dates and ``paused``; what is counted in it is not loaded.
    """

    row: CampaignRow
    book: Campaign
    texts: list[Text]
    is_paused: bool
    """Paused by the platform, or a full pilot that waits for it."""

    @property
    def current(self) -> Text:
        """The version that holds now."""
        return self.texts[-1]


async def load(reads: Reads, row: CampaignRow) -> Versions:
    """All versions of a campaign, in two or three reads."""
    opened = row.opened
    book = Campaign(opened, row.index)
    texts = [Text(1, opened.at, row.brief, opened.brief, row.terms, book.versions[0])]
    query = select(amendments).where(amendments.c.log == reads.log, amendments.c.campaign == opened.id)
    for each in await reads.all(query.order_by(amendments.c.version)):
        statement = kinds.parse(bytes(each.statement))
        assert isinstance(statement, CampaignAmended)
        before = texts[-1]
        holds = Version.amended(before.holds, statement, each.entry_index)
        book.versions.append(holds)
        texts.append(
            Text(
                each.version,
                statement.at,
                before.brief if each.brief is None else json.loads(each.brief),
                statement.brief or before.brief_digest,
                before.terms if each.terms is None else json.loads(each.terms),
                holds,
            )
        )
    return Versions(row, book, texts, await _is_paused(reads, book))


async def _is_paused(reads: Reads, book: Campaign) -> bool:
    state = await reads.one(
        select(campaigns.c.paused, campaigns.c.resumed).where(
            campaigns.c.log == reads.log, campaigns.c.id == book.opened.id
        )
    )
    assert state is not None
    if state.paused is not None:
        return True
    pilot = book.opened.pilot
    if pilot is None or state.resumed is not None:
        return False
    query = select(contributions.c.id).where(
        contributions.c.log == reads.log,
        contributions.c.campaign == book.opened.id,
        contributions.c.replaces.is_(None),
    )
    return len(await reads.all(query.limit(1).offset(pilot - 1))) > 0
