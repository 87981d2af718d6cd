"""What the API says of money and standing is what the fold makes of the same log: random logs through both."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from api.lookup import find_campaign
from api.reads import Reads
from api.reads.money import money
from api.reads.people_earnings import shares_of
from api.reads.record import rewards
from api.reads.standing import ACCEPTED, COUNTS, DEFAULT, NOTHING, OPEN, groups, standing
from api.reads.versions import load
from ledger.book.campaign_book import CampaignBook
from ledger.book.contributions import appeal_is_open, is_final, outcome
from ledger.book.fold import Book
from ledger.db import Database, open_database
from ledger.errors import CrowdLedgerError
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer
from ledger.statements.log import ClockTick
from ledger.statements.values import SCORE_ONE, format_time
from ledger.tree.keys import LogSigner
from tests.unit.log.samples import DAY_MS, ORIGIN, START_MS
from tests.unit.log.script import Script

LOG = "main"
ITEMS = 300
FAR_MS = START_MS + 1_000 * DAY_MS


async def compare_standing(reads: Reads, book: Book, now_ms: int, seen: set[str]) -> None:
    """Every contribution stands in the database as the book's own rules have it."""
    for campaign in book.facts.campaigns.values():
        rows = {row.id: row for row in await reads.all(standing(reads, campaign, now_ms))}
        known = [each for each in book.facts.contributions.values() if each.campaign == campaign.opened.id]
        assert set(rows) == {each.id for each in known if each.replaced_by is None and not each.withdrawn}
        for each in known:
            row = rows.get(each.id)
            if row is None:
                continue
            seen.add(row.state)
            assert (row.version, row.first_version) == (each.version, each.first_version)
            assert row.decision == (each.decision.id if each.decision else None)
            if is_final(each, campaign, now_ms):
                result = outcome(each, campaign)
                assert (row.state in COUNTS) == result.accepted, (each, row)
                if result.accepted:
                    assert (row.score, int(row.bonus or 0)) == (result.score, result.bonus), (each, row)
            elif each.decision is not None and not appeal_is_open(each) and each.decision.verdict == "accepted":
                assert (row.state, row.score) == (ACCEPTED, each.decision.score)
            elif each.decision is not None and not appeal_is_open(each) and each.decision.verdict == "rejected":
                assert row.state == NOTHING
            else:
                assert (row.state, row.score) == (OPEN, SCORE_ONE), (each, row)


async def compare_money(database: Database, book: Book) -> int:
    """Once everything is final, what is earned is what was awarded."""
    reads, reader = Reads(database, LOG), Reader(database, LOG)
    book.fold(ClockTick(v=1, at=format_time(FAR_MS)), book.size)
    total = 0
    for campaign, state in book.campaigns.items():
        versions = await load(reads, await find_campaign(reader, campaign))
        assert versions.book.versions == state.campaign.versions
        assert versions.is_paused == (
            state.campaign.paused
            or (state.campaign.piloting and state.campaign.submitted >= (state.campaign.opened.pilot or 0))
        )
        found = await money(reads, versions.book, await groups(reads, versions.book, FAR_MS))
        assert (found.earned, found.open) == (state.awarded, 0), campaign
        won = await shares_of(reads, campaign, FAR_MS)
        lines = await rewards(reads, versions.book, FAR_MS, won)
        earned = {line.contributor: line.earned for line in lines if line.earned}
        assert earned == awarded_for_work(state), campaign
        assert [line.earned for line in lines] == sorted((line.earned for line in lines), reverse=True)
        total += found.earned
    return total


def awarded_for_work(state: CampaignBook) -> Counter[str]:
    """What the book awarded to each contributor, but for reviewing."""
    void = {each.position for each in state.voids}
    found: Counter[str] = Counter()
    for position, award in enumerate(state.awards):
        if position not in void and award.source != "reviewer_rate" and award.units:
            found[award.contributor] += award.units
    return found


@pytest.mark.parametrize("seed", range(2))
async def test_random_logs(database_url: str, seed: int) -> None:
    random = Random(seed)
    script, book, now_ms, seen = Script(random), Book(), START_MS, set[str]()
    async with open_database(database_url) as database:
        signer = LogSigner.generate(ORIGIN)
        await open_log(database, LOG, ORIGIN, signer, 3, clock=lambda: START_MS)
        reads, reader = Reads(database, LOG), Reader(database, LOG)
        async with Writer(database, LOG, signer, clock=lambda: now_ms, own_clock=True) as writer:
            writer.allow_writes()
            items = [*script.begin(), *(None for _ in range(ITEMS))]
            for number, item in enumerate(items):
                now_ms += random.choice([1, 1_000, 60_000, 600_000])
                try:
                    await writer.write(item or script.draw())
                except CrowdLedgerError:
                    continue
                for statement in await reader.statements(book.size, book.size + 10):
                    book.fold_bytes(statement, book.size)
                script.facts = book.facts
                if number % 100 == 99:
                    await compare_standing(reads, book, now_ms, seen)
        assert not book.findings
        await compare_standing(reads, book, FAR_MS, seen)
        assert await compare_money(database, book) > 0
    assert {ACCEPTED, DEFAULT, OPEN, NOTHING} == seen
