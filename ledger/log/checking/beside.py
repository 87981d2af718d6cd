"""The entries once more, now that it is known what each became: views and private rows beside them."""

from __future__ import annotations

from typing import Final

from ledger.db.rows import ExternalRow
from ledger.log.checking.contents import Contents
from ledger.log.checking.externals import Externals
from ledger.log.checking.log_rows import Progress, read_blocks
from ledger.log.checking.people import People, check_keys
from ledger.log.checking.replay import Replay
from ledger.log.checking.report import Report
from ledger.log.checking.restored import Restored
from ledger.log.checking.snapshot import Snapshot
from ledger.log.checking.views import RowsByEntry, Views
from ledger.statements.kinds import parse

BESIDE: Final = {
    "views": "The views are what the statements say, row for row",
    "contents": "Every opening is there and opens its commitment; erased and sealed ones are not there",
    "people": "Every public id in the log has its person, and nobody else is there",
    "externals": "Platforms' own ids name things of their kind, and requests have their fingerprints",
    "keys": "Platforms' keys and their scopes are those in the log",
}
"""Checks by name, with what they look at."""


async def check_beside(snapshot: Snapshot, report: Report, replay: Replay, progress: Progress | None) -> None:
    """Compare all that the entries make with what is stored; ``replay`` has taken every entry."""
    checks = {name: report.check(name, title) for name, title in BESIDE.items()}
    restored = await Restored.read(snapshot)
    contents = Contents(snapshot, checks["contents"], replay, restored)
    people = People(snapshot, checks["people"], replay)
    externals = Externals(snapshot, checks["externals"], replay, contents, people)
    views = Views(snapshot, checks["views"], replay, restored)
    await views.begin()
    columns = ExternalRow._fields
    own_ids = RowsByEntry(snapshot.stream("externals", columns, "entry_index"), columns)
    await own_ids.begin()
    async for _, block in read_blocks(snapshot):
        entries = [(entry, parse(entry.statement)) for entry in block]
        numbered = [(entry.entry_index, statement) for entry, statement in entries]
        await contents.take(numbered)
        await people.take(numbered)
        for entry, statement in entries:
            await views.take(entry, statement)
            rows = [ExternalRow(*row) for row in await own_ids.of(entry.entry_index)]
            await externals.take(rows, entry.entry_index, statement)
        if progress is not None:
            progress(block[-1].entry_index + 1, replay.size)
    await views.end()
    await own_ids.end()
    await contents.end()
    await people.end()
    await externals.end([ExternalRow(*row) for row in own_ids.strays])
    await check_keys(snapshot, checks["keys"], replay)
    restored.say(report)
