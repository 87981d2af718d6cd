"""Deliveries are worked on one after the other, hook by hook, by whichever process takes the hook first.

A process that dies leaves its hook to another one when its lease is over. What it had recorded by then is recorded
again, under the same ids, which is nothing new. A platform has few turns at a time, each of bounded length: one whose
server is slow holds up nobody else.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Row, select, update

from api.inbox import deliveries
from api.inbox.asking import Asker
from api.inbox.deliveries import Outcome
from api.inbox.hooks import StoredHook
from api.inbox.receiving import hooks_of
from api.inbox.recording import Recorder
from api.problems import DATABASE_ERRORS
from api.service import Service, new_id
from ledger import spans
from ledger.connectors.connector import Delivery
from ledger.connectors.records import Record
from ledger.db.tables import hooks
from ledger.errors import CrowdLedgerError, UnavailableError
from ledger.outgoing import Outgoing

_LOGGER = logging.getLogger(__name__)
POLL_SECONDS: Final = 2.0
_AT_ONCE: Final = 4
_OF_A_PLATFORM: Final = 2
_TURN_SECONDS: Final = 20.0
_LOOKED_UP: Final = 100
_MINUTE_MS: Final = 60_000
BACK_OFF_MS: Final = (
    *(5_000, 30_000, 2 * _MINUTE_MS, 10 * _MINUTE_MS, 30 * _MINUTE_MS),
    *(60 * _MINUTE_MS, 180 * _MINUTE_MS, 360 * _MINUTE_MS, 720 * _MINUTE_MS),
)
"""How long a delivery waits after each try; after one more than these it is dead: in a day."""


class Inbox:
    """Works on the deliveries of one log until it is cancelled."""

    def __init__(self, service: Service, back_off_ms: Sequence[int] = BACK_OFF_MS) -> None:
        self._service = service
        self._reads = service.reads
        self._holder = new_id()
        self._back_off_ms = back_off_ms
        self._turns: dict[str, tuple[str, asyncio.Task[None]]] = {}
        """By hook: its platform, and who works on it."""
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="inbox")
        self._outgoing = Outgoing(private=service.config.private_addresses)

    async def run(self) -> None:
        """Until it is cancelled; then what is under way is left as it is."""
        try:
            await self._seal_anew()
            while True:
                self._service.door.arrived.clear()
                try:
                    await self._begin_turns()
                    await self._service.door.refusals.write(self._reads, _now_ms())
                except Exception as error:  # whatever it is, it must not end the work for good
                    _LOGGER.warning("Deliveries wait: %s", type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._service.door.arrived.wait()
        finally:
            await self._end()

    async def _end(self) -> None:
        tasks = [task for _, task in self._turns.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._outgoing.close()
        with suppress(CrowdLedgerError, *DATABASE_ERRORS):
            for hook in self._turns:  # so that whoever goes on need not wait for the lease to run out
                await deliveries.give_back(self._reads, hook, self._holder)
            await self._service.door.refusals.write(self._reads, _now_ms())

    async def _begin_turns(self) -> None:
        """Take as many hooks as there are turns left, the platforms' shares respected."""
        self._turns = {hook: turn for hook, turn in self._turns.items() if not turn[1].done()}
        while len(self._turns) < _AT_ONCE:
            busy = Counter(platform for platform, _ in self._turns.values())
            full = [platform for platform, turns in busy.items() if turns >= _OF_A_PLATFORM]
            found = await deliveries.due_hook(self._reads, _now_ms(), list(self._turns), full)
            if found is None:
                return
            hook, platform = found
            if await deliveries.take(self._reads, hook, self._holder, _now_ms()):
                self._turns[hook] = platform, asyncio.create_task(self._turn(hook))

    async def _turn(self, hook: str) -> None:
        """Work on a hook's deliveries in the order in which they came, for a while."""
        try:
            await self._work_on(hook)
            await deliveries.give_back(self._reads, hook, self._holder)
            self._service.door.arrived.set()  # there may be more, of this hook or of one that had no turn
        except Exception as error:
            # Its lease is left to run out, so that a hook that cannot be used is not tried all the time.
            _LOGGER.warning("The webhook %s waits: %s", hook, type(error).__name__)

    async def _work_on(self, hook: str) -> None:
        began = time.monotonic()
        for id_ in await deliveries.due(self._reads, hook, _now_ms(), _LOOKED_UP):
            if time.monotonic() > began + _TURN_SECONDS:
                return
            stored = await hooks_of(self._service).stored(hook, _now_ms())
            row = await deliveries.waiting(self._reads, id_)
            if stored is None:
                return
            if row is None or not await self._try(stored, row):
                continue
            if await deliveries.hurry(self._reads, hook, id_, _now_ms()):
                return  # to begin again with those

    async def _try(self, hook: StoredHook, row: Row[Any]) -> bool:
        """One try of one delivery; whether something of it is recorded now."""
        with spans.span("webhook.work", log=self._reads.log, hook=hook.id, delivery=row.id, tries=row.tries + 1):
            outcome = await self._outcome(hook, Delivery({}, bytes(row.body), row.received_ms))
            spans.note(entries=len(outcome.recorded), later=len(outcome.later), never=len(outcome.never))
        again = outcome.later and row.tries < len(self._back_off_ms)
        next_ms = _now_ms() + self._back_off_ms[row.tries] if again else None
        most_bytes = self._service.config.refused_retention_bytes
        await deliveries.settle(self._reads, row, outcome, next_ms, _now_ms(), most_bytes)
        return bool(outcome.recorded)

    async def _outcome(self, hook: StoredHook, delivery: Delivery) -> Outcome:
        recorder = Recorder(self._service, hook)
        try:
            return await recorder.record(await self._read(hook, delivery))
        except UnavailableError as error:
            recorder.outcome.later.append(str(error))
        except CrowdLedgerError as error:
            recorder.outcome.never.append(str(error))
        except DATABASE_ERRORS as error:
            recorder.outcome.later.append(f"The database failed: {type(error).__name__}.")
        except Exception as error:
            # A fault of ours. Its words may quote what was delivered, so that only the place is written down.
            place = "".join(traceback.format_tb(error.__traceback__))
            _LOGGER.error("A delivery to the webhook %s failed: %s\n%s", hook.id, type(error).__name__, place)
            recorder.outcome.later.append("The service failed on this delivery; its log has the cause.")
        return recorder.outcome

    async def _read(self, hook: StoredHook, delivery: Delivery) -> list[Record]:
        """What the delivery means, read in a thread: it may be large, and the platform may have to be asked."""
        loop = asyncio.get_running_loop()
        ask = None if hook.base_url is None else Asker(self._outgoing, loop, hook)
        checks = hook.platforms.hook
        assert checks is not None
        return await loop.run_in_executor(self._threads, lambda: list(checks.records(delivery, ask)))

    async def _seal_anew(self) -> None:
        """All secrets under the newest key, so that an operator can take old ones away."""
        try:
            sealed = hooks_of(self._service).sealed
            for row in await self._reads.all(select(hooks).where(hooks.c.log == self._reads.log)):
                for column in (hooks.c.secrets, hooks.c.token):
                    old = row._mapping[column.name]
                    try:
                        new = None if old is None else sealed.renew(old)
                    except UnavailableError as error:
                        _LOGGER.warning("The webhook %s cannot be used. %s", row.id, error)
                        continue
                    if new != old:
                        mine = (hooks.c.log == self._reads.log, hooks.c.id == row.id, column == old)
                        async with self._reads.database.begin() as connection:
                            await connection.execute(update(hooks).where(*mine).values({column.name: new}))
        except (CrowdLedgerError, *DATABASE_ERRORS) as error:
            _LOGGER.warning("Secrets of webhooks were not sealed anew: %s", type(error).__name__)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
