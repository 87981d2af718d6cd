"""Sends events to endpoints: any number of workers, one at a time for each endpoint, none that waits for another."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
import socket
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from itertools import takewhile
from typing import Final

from ledger import spans
from ledger.config import Config
from ledger.db import Database
from ledger.db.postgres import GONE
from ledger.db.sealed import SealedSecrets
from ledger.errors import UnavailableError
from ledger.log.writer import system_clock_ms
from ledger.outgoing import Outgoing
from ledger.outgoing.webhooks import TIMEOUT_SECONDS, Message, Outcome, send
from ledger.wire.events import encode, event_of
from ledger.worker.delivering.outcomes import Tried, sent_of, standing_after
from ledger.worker.delivering.rows import Endpoint, Job, SendingRows
from ledger.worker.delivering.schedule import FULL_PAUSE_MS, JITTER, PROBING_FAILURES

_LOGGER = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0
_ENDPOINTS: Final = 64
"""That are served at a time."""
_OF_A_PLATFORM: Final = 5
"""Of them: a platform whose endpoints are slow holds up itself."""
_REQUESTS: Final = 96
"""That are under way at a time, to all endpoints together; fewer than ``Outgoing`` has connections."""
_REQUESTS_OF_A_PLATFORM: Final = 12
"""Of them."""
_ROUND: Final = 50
"""Events that are sent between two transactions."""
_LANE_SECONDS: Final = 2.0
HELD_MS: Final = 60_000
"""How long an endpoint is taken for: longer than both lanes and their last requests together."""
_UNSEALED_PAUSE_MS: Final = 60_000


class Delivering:
    """Delivers the events of one log."""

    def __init__(
        self,
        config: Config,
        database: Database,
        *,
        outgoing: Outgoing | None = None,
        now_ms: Callable[[], int] = system_clock_ms,
        timeout_seconds: float = TIMEOUT_SECONDS,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        keys = config.secrets_keys()
        self._sealed = None if keys is None else SealedSecrets(keys)
        self._log, self._url = config.log, config.base_url
        self._rows = SendingRows(database, config.log, f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}")
        self._outgoing = Outgoing(config.private_addresses) if outgoing is None else outgoing
        self._now_ms = now_ms
        self._timeout = timeout_seconds
        self._look_seconds = look_seconds
        self._requests = asyncio.Semaphore(_REQUESTS)
        self._own_requests: dict[str, asyncio.Semaphore] = {}
        """By platform, of those that are served."""
        self._served: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._free = asyncio.Event()

    async def run(self) -> None:
        """Look again and again, until cancelled. Without a file of keys there are no endpoints, and nothing to do."""
        if self._sealed is None:
            return
        sealing = asyncio.create_task(self._seal_anew(self._sealed))
        try:
            while True:
                self._free.clear()
                try:
                    await self._look(self._sealed)
                except GONE as error:
                    _LOGGER.warning("Webhooks wait: the database does not answer (%s).", type(error).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._free.wait(), self._look_seconds)
        finally:
            tasks = [sealing, *(task for _, task in self._served.values())]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._outgoing.close()

    async def _look(self, sealed: SealedSecrets) -> None:
        """Begin to serve those that have work and are not served yet."""
        if len(self._served) >= _ENDPOINTS:
            return
        for id_, platform in await self._rows.with_work(self._now_ms(), 10 * _ENDPOINTS):
            if id_ not in self._served and not self._full(platform):
                self._served[id_] = platform, asyncio.create_task(self._serve(sealed, id_, platform))

    def _full(self, platform: str) -> bool:
        """Whether there is no place for an endpoint of the platform now."""
        own = sum(whose == platform for whose, _ in self._served.values())
        return len(self._served) >= _ENDPOINTS or own >= _OF_A_PLATFORM

    async def _serve(self, sealed: SealedSecrets, id_: str, platform: str) -> None:
        """Round after round; where others may wait for the place, one round, and then its turn comes behind theirs."""
        try:
            while await self._round(sealed, id_) and not self._full(platform):
                pass
        except GONE as error:
            _LOGGER.warning("Endpoint %s waits: the database does not answer (%s).", id_, type(error).__name__)
            await asyncio.sleep(self._look_seconds)
        finally:
            del self._served[id_]
            if all(whose != platform for whose, _ in self._served.values()):
                self._own_requests.pop(platform, None)
            self._free.set()

    # ---- one endpoint ----

    async def _round(self, sealed: SealedSecrets, id_: str) -> bool:
        """Take an endpoint, send it some events, and give it back; whether there may be more at once."""
        endpoint = await self._rows.take(id_, self._now_ms(), HELD_MS)
        if endpoint is None:
            return False
        due: list[Job] = []
        new: list[Job] = []
        tried: list[Tried] = []
        seen, pause = endpoint.cursor, 0
        try:
            signing = [sealed.open(secret) for secret in endpoint.secrets]
            due = await self._rows.due(endpoint, self._now_ms(), _ROUND)
            found = await self._rows.new(endpoint, _ROUND)
            if found is not None:
                new, seen = found
            elif not due:
                pause = FULL_PAUSE_MS
            for lane in _lanes(endpoint, due, new):
                await self._send_lane(endpoint, lane, signing, tried)
        except UnavailableError as error:
            _LOGGER.error("Endpoint %s: %s", id_, error)
            pause = _UNSEALED_PAUSE_MS
        finally:  # also where the worker is stopped: what has arrived need not be sent again
            cursor = _cursor(endpoint, new, tried, seen)
            standing = standing_after(endpoint, tried, cursor, self._now_ms(), pause)
            sent = [sent_of(each) for each in tried]
            kept = await _whole(self._rows.note(endpoint, sent, standing, self._now_ms()))
        if kept and standing.disabled is not None:
            _LOGGER.warning("Endpoint %s is disabled: %s", id_, standing.disabled)
        more = len(tried) < len(due) + len(new) or _ROUND in (len(due), len(new))
        return kept and more and standing.disabled is None and standing.pause_ms <= self._now_ms()

    async def _send_lane(self, endpoint: Endpoint, lane: list[Job], signing: list[bytes], tried: list[Tried]) -> None:
        """Send one after another, or as many at once as the endpoint wants, until one fails or time is up."""
        ends = time.monotonic() + _LANE_SECONDS
        for start in range(0, len(lane), endpoint.at_once):
            some = lane[start : start + endpoint.at_once]
            outcomes = await asyncio.gather(*(self._send(endpoint, job, signing) for job in some))
            at_ms = self._now_ms()
            tried += [
                Tried(job, outcome, at_ms, random.randint(0, JITTER))  # noqa: S311 - it spreads load, no more
                for job, outcome in zip(some, outcomes, strict=True)
                if outcome is not None
            ]
            if time.monotonic() > ends or not all(outcome is not None and outcome.arrived for outcome in outcomes):
                break

    async def _send(self, endpoint: Endpoint, job: Job, signing: list[bytes]) -> Outcome | None:
        """How it went; None where it was not sent, as by its end another worker might serve the endpoint."""
        try:
            message = self._message(job)
        except Exception:  # a fault of ours must hold up no other event
            _LOGGER.exception("Event %d cannot be written", job.event.number)
            return Outcome(None, "The service failed on this event; its log has the cause.", 0)
        own = self._own_requests.setdefault(endpoint.platform, asyncio.Semaphore(_REQUESTS_OF_A_PLATFORM))
        async with own, self._requests:
            now_ms = self._now_ms()
            if now_ms + int(self._timeout * 1000) >= endpoint.until_ms:
                return None
            with spans.span("webhook.send", endpoint=endpoint.id, event=job.event.number, tries=job.tries + 1):
                return await send(self._outgoing, endpoint.url, message, signing, now_ms, self._timeout)

    def _message(self, job: Job) -> Message:
        happened = job.event
        event = event_of(self._log, self._url, happened.number, happened.type, happened.at_ms, happened.data)
        return Message(event.id, encode(event))

    async def _seal_anew(self, sealed: SealedSecrets) -> None:
        try:
            await self._rows.seal_anew(sealed.renew)
        except (UnavailableError, *GONE) as error:
            _LOGGER.warning("Secrets of endpoints were not sealed anew: %s", type(error).__name__)


async def _whole(work: Coroutine[None, None, bool]) -> bool:
    """To its end, also where we are stopped in the middle of it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _lanes(endpoint: Endpoint, due: list[Job], new: list[Job]) -> tuple[list[Job], ...]:
    """What to send in which order. Each lane ends with a failure, so that neither holds back the other.

    While an endpoint fails again and again, it gets one request: in turn something old and something new.
    """
    if endpoint.failures < PROBING_FAILURES:
        return due, new
    lanes = [lane[:1] for lane in (due, new) if lane]
    return (lanes[endpoint.failures % len(lanes)],) if lanes else ()


def _cursor(endpoint: Endpoint, new: list[Job], tried: Iterable[Tried], seen: int) -> int:
    """Up to which number the endpoint's events were sent or tried, without a gap."""
    numbers = {each.job.event.number for each in tried}
    done = [job.event.number for job in takewhile(lambda job: job.event.number in numbers, new)]
    return seen if len(done) == len(new) else max(done, default=endpoint.cursor)
