"""What a log need not keep any longer is erased now and then, a bounded number of rows each time."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from api.reads import Reads
from ledger.config import Config
from ledger.db.sweeping import ROWS, believed_ms, sweep
from ledger.errors import DatabaseError

_LOGGER: Final = logging.getLogger(__name__)
_SECONDS: Final = 600.0
_SOON_SECONDS: Final = 10.0
"""Before the first time, and where there was more to erase than one time takes."""
_TURNS: Final = 20


async def keep_sweeping(reads: Reads, config: Config) -> None:
    """Until it is cancelled, soon after the start for the first time. Several processes may do so at once."""
    await asyncio.sleep(_SOON_SECONDS)
    while True:
        more = False
        try:
            now_ms = time.time_ns() // 1_000_000
            if config.deployment_file is not None:
                now_ms = await believed_ms(reads.database, reads.log, now_ms)
            erased = await sweep(reads.database, reads.log, config, now_ms, turns=_TURNS)
            more = any(rows >= _TURNS * ROWS for rows in erased.values())
        except DatabaseError as error:
            _LOGGER.warning("What is too old was not erased. %s", error)
        await asyncio.sleep(_SOON_SECONDS if more else _SECONDS)
