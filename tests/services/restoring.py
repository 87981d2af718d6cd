"""A backup and the entries of the old database as a new one, without the command line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from ledger.db import Database, open_database
from ledger.db.backup import check_backup, loading
from ledger.log.reader import Reader
from ledger.log.restoring import Lost, Published, bring_back, check_continues
from ledger.tree.checkpoints import open_checkpoint
from ledger.tree.keys import VerifierKey

LOG = "main"


async def published(database: Database) -> Published:
    """The log's head as a mirror has it."""
    head = await Reader(database, LOG).head()
    checkpoint = open_checkpoint(head.checkpoint, [VerifierKey.parse(head.vkey)])
    return Published(checkpoint, head.checkpoint, head.vkey, "./mirror")


@asynccontextmanager
async def loaded(url: str, file: Path) -> AsyncIterator[str]:
    """``loading`` in a thread: it runs a loop of its own on PostgreSQL."""
    with ThreadPoolExecutor(1) as thread:
        manager = loading(url, file)
        place = thread.submit(manager.__enter__).result()
        try:
            yield place
        except BaseException as error:
            thread.submit(manager.__exit__, type(error), error, None).result()
            raise
        thread.submit(manager.__exit__, None, None, None).result()


async def restored(old: str, new: str, file: Path) -> Lost:
    """Load the backup into ``new`` and bring back what ``old`` has more."""
    async with open_database(old) as database:
        head = await published(database)
        (saved,) = check_backup(new, file)
        entries = await Reader(database, LOG).statements(saved.size, head.checkpoint.size)
    check_continues(saved.tree, head, entries)
    async with loaded(new, file) as url, open_database(url, unfinished=True) as database:
        return await bring_back(database, LOG, head, entries, 1)
