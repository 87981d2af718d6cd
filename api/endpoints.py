"""What a platform does with its endpoints: make, change, rotate, test, replay, try again, remove."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, insert, select, update

from api.reads import Reads
from api.reads.endpoints import endpoint_row, find_endpoint, no_sending
from ledger.db.sealed import SealedSecrets
from ledger.db.tables import endpoints, event_cursors, platforms, sendings
from ledger.errors import FieldError, OutgoingRefusedError, RuleError, TooManyError
from ledger.outgoing import Outgoing, read_url
from ledger.outgoing.webhooks import Message, new_secret, secret_text, send
from ledger.statements.values import format_time
from ledger.wire.endpoints import (
    MAX_ENDPOINTS,
    Endpoint,
    EndpointChange,
    EndpointTested,
    EndpointWritten,
    NewEndpoint,
)

TEST_TYPE: Final = "endpoint.test"
_tested: set[tuple[str, str]] = set()
"""Whose test (log, platform) is under way in this process."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """A log's endpoints. ``url`` is where the log is, ``private`` whether private addresses may be sent to."""

    reads: Reads
    sealed: SealedSecrets
    url: str
    private: bool

    async def make(self, platform: str, new: NewEndpoint, id_: str) -> EndpointWritten:
        """Make one that is told of what happens from now on. Raises FieldError; RuleError for one too many."""
        self._check_url(new.url)
        secret = new_secret()
        row: dict[str, Any] = {"log": self.reads.log, "id": id_, "platform": platform, "url": new.url}
        row |= {"types": " ".join(new.types), "description": new.description, "at_once": new.at_once}
        row |= {"secret": self.sealed.seal(secret), "state": "enabled", "at_ms": _now_ms(), "failures": 0}
        row |= {"pause_ms": 0, "holder": "", "held_until_ms": 0}
        of = endpoints.c
        async with self.reads.database.begin() as connection:
            # The platform's row is held, so that two at the same moment are not one too many together.
            whose = (platforms.c.log == self.reads.log, platforms.c.id == platform)
            await connection.execute(select(platforms.c.id).where(*whose).with_for_update())
            own = select(func.count()).where(of.log == self.reads.log, of.platform == platform)
            if (await connection.execute(own)).scalar_one() >= MAX_ENDPOINTS:
                raise RuleError(
                    f"Your platform has {MAX_ENDPOINTS} endpoints.",
                    rule="endpoints-bounded",
                    remedy="Delete one that is not used.",
                )
            last = select(event_cursors.c.number).where(event_cursors.c.log == self.reads.log)
            row["cursor"] = (await connection.execute(last)).scalar_one_or_none() or 0
            await connection.execute(insert(endpoints).values(row))
        return await self._written(platform, id_, secret)

    async def change(self, platform: str, id_: str, new: EndpointChange) -> Endpoint:
        """Change what is said. One that is enabled again is served at once. Raises NotFoundError, FieldError."""
        values = new.model_dump(exclude_none=True)
        if new.url is not None:
            self._check_url(new.url)
        if new.types is not None:
            values["types"] = " ".join(new.types)
        if new.state is not None:
            values |= {"detail": None, "failures": 0, "failing_ms": None, "pause_ms": 0}
        await self._update(platform, id_, **values)
        return await find_endpoint(self.reads, platform, id_, _now_ms())

    async def rotate(self, platform: str, id_: str, old_for_seconds: int) -> EndpointWritten:
        """Put a new secret in force; the one of before signs too for a while.

        Raises NotFoundError; RuleError where somebody else did so at the same moment.
        """
        secret, now_ms = new_secret(), _now_ms()
        row = await endpoint_row(self.reads, platform, id_)
        old = {"old_secret": row.secret, "old_until_ms": now_ms + old_for_seconds * 1000} if old_for_seconds else {}
        values = {"old_secret": None, "old_until_ms": None, "secret": self.sealed.seal(secret)} | old
        mine = (*self._is(platform, id_), endpoints.c.secret == row.secret)
        async with self.reads.database.begin() as connection:
            if (await connection.execute(update(endpoints).where(*mine).values(values))).rowcount != 1:
                raise RuleError(
                    "The secret was changed at this moment.", rule="endpoint-unchanged", remedy="Rotate it again."
                )
        return await self._written(platform, id_, secret)

    async def remove(self, platform: str, id_: str) -> None:
        """Forget an endpoint; the worker erases its sendings. Raises NotFoundError."""
        await endpoint_row(self.reads, platform, id_)
        async with self.reads.database.begin() as connection:
            await connection.execute(delete(endpoints).where(*self._is(platform, id_)))

    async def replay(self, platform: str, id_: str, after: int) -> Endpoint:
        """Send all events behind the number ``after`` again. Raises NotFoundError; FieldError for one to come."""
        row = await endpoint_row(self.reads, platform, id_)
        if after > row.cursor:
            raise FieldError(
                f"after: The endpoint is at event {row.cursor}; those behind it are sent anyway.",
                field="after",
                remedy=f"Give a number up to {row.cursor}.",
            )
        await self._update(platform, id_, cursor=after, pause_ms=0)
        return await find_endpoint(self.reads, platform, id_, _now_ms())

    async def retry(self, platform: str, id_: str, event: int) -> None:
        """Send an event again at once, and as often as one that is new. Raises NotFoundError."""
        await endpoint_row(self.reads, platform, id_)
        of = sendings.c
        this = (of.log == self.reads.log, of.endpoint == id_, of.event == event)
        values = {"state": "waiting", "tries": 0, "next_ms": _now_ms()}
        async with self.reads.database.begin() as connection:
            if (await connection.execute(update(sendings).where(*this).values(values))).rowcount != 1:
                raise no_sending(event)
        await self._update(platform, id_, pause_ms=0)

    async def test(self, platform: str, id_: str, test: str) -> EndpointTested:
        """Send ``endpoint.test``, once and now. Raises NotFoundError; TooManyError while another test is under way."""
        row = await endpoint_row(self.reads, platform, id_)
        if (self.reads.log, platform) in _tested:
            raise TooManyError("Another test of your platform is under way.", limit="tests", remedy="Wait for its end.")
        now_ms = _now_ms()
        signing = [self.sealed.open(row.secret)]
        if row.old_secret is not None and row.old_until_ms > now_ms:
            signing.append(self.sealed.open(row.old_secret))
        message = Message(f"evt_test_{test}", _test_body(f"evt_test_{test}", id_, now_ms))
        outgoing = Outgoing(self.private)
        _tested.add((self.reads.log, platform))
        try:
            outcome = await send(outgoing, row.url, message, signing, now_ms)
        finally:
            _tested.discard((self.reads.log, platform))
            await outgoing.close()
        return EndpointTested(
            id=message.id,
            arrived=outcome.arrived,
            status=outcome.status,
            words=outcome.words,
            took_ms=outcome.took_ms,
        )

    # ---- rows ----

    async def _written(self, platform: str, id_: str, secret: bytes) -> EndpointWritten:
        shown = await find_endpoint(self.reads, platform, id_, _now_ms())
        return EndpointWritten(**shown.model_dump(), secret=secret_text(secret))

    async def _update(self, platform: str, id_: str, **values: Any) -> None:
        if not values:
            return
        await endpoint_row(self.reads, platform, id_)
        async with self.reads.database.begin() as connection:
            await connection.execute(update(endpoints).where(*self._is(platform, id_)).values(values))

    def _is(self, platform: str, id_: str) -> tuple[Any, ...]:
        of = endpoints.c
        return of.log == self.reads.log, of.id == id_, of.platform == platform

    def _check_url(self, url: str) -> None:
        try:
            read_url(url, private=self.private)
        except OutgoingRefusedError as error:
            raise FieldError(f"url: {error.detail}", field="url", remedy=error.remedy) from None


def _test_body(event: str, endpoint: str, now_ms: int) -> bytes:
    """As ``ledger.wire.events`` writes an event, without a number."""
    members = {"data": {"endpoint": endpoint}, "id": event, "timestamp": format_time(now_ms), "type": TEST_TYPE}
    return msgspec.json.encode(members)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
