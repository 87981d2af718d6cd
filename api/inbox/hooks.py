"""The rows of webhooks: made, changed, found; their secrets sealed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Row, Select, delete, func, insert, select, update

from api.inbox.deliveries import NOT_DONE
from api.inbox.secrets import Secret, enter_url, good, new_secret, rotated, seal, unseal
from api.reads import Reads
from ledger.connectors import registry
from ledger.connectors.connector import Connector
from ledger.connectors.connector import Hook as Checks
from ledger.db.sealed import SealedSecrets
from ledger.db.tables import deliveries, hooks, refusals
from ledger.errors import FieldError, NotFoundError, OutgoingRefusedError, RuleError
from ledger.outgoing import read_url
from ledger.statements.values import format_time
from ledger.wire.hooks import Hook, HookChange, HookWritten, NewHook, NewSecret

MAX_HOOKS: Final = 100
"""Of a platform."""
_ASKED_BACK: Final = ("prolific", "pybossa", "toloka")
"""Their deliveries say only what to ask for."""


@dataclass(frozen=True, slots=True)
class StoredHook:
    """A webhook with its secrets open. ``secrets`` are those that are good at the moment it was read."""

    id: str
    platform: str
    campaign: str
    connector: str
    secrets: list[Secret] = field(repr=False)
    base_url: str | None
    token: str | None = field(repr=False)
    rate: str | None

    @property
    def platforms(self) -> Connector:
        """The platform's connector."""
        return registry.find(self.connector)

    def keys(self) -> list[bytes]:
        """The secrets as they sign."""
        return [each.secret.encode() for each in self.secrets]


def checks_of(connector: str) -> Checks | None:
    """How deliveries of a platform are checked and read; None for what has no webhook."""
    found = registry.connectors().get(connector)
    return None if found is None else found.hook


@dataclass(frozen=True, slots=True)
class Hooks:
    """A log's webhooks. ``url`` is where the log is, ``private`` whether addresses of private networks may be asked."""

    reads: Reads
    sealed: SealedSecrets
    url: str
    private: bool

    async def make(self, platform: str, new: NewHook, id_: str) -> HookWritten:
        """Make a webhook. Raises FieldError, and RuleError for one too many."""
        if checks_of(new.connector) is None:
            known = ", ".join(sorted(name for name, each in registry.connectors().items() if each.hook))
            raise FieldError(
                f"connector: '{new.connector}' has no webhook.", field="connector", remedy=f"There are {known}."
            )
        secret = new_secret(new.connector, new.secret)
        self._check_base_url(new.connector, new.base_url)
        if await self._count(platform) >= MAX_HOOKS:
            raise RuleError(
                f"Your platform has {MAX_HOOKS} webhooks.", rule="hooks-bounded", remedy="Delete one that is not used."
            )
        row = {
            "log": self.reads.log,
            "id": id_,
            "platform": platform,
            "campaign": new.campaign,
            "connector": new.connector,
            "secrets": seal(self.sealed, [Secret(secret)]),
            "base_url": new.base_url,
            "token": self._sealed_token(new.token),
            "rate": new.rate,
            "at_ms": _now_ms(),
            "holder": "",
            "held_until_ms": 0,
            "worked_ms": 0,
        }
        async with self.reads.database.begin() as connection:
            await connection.execute(insert(hooks).values(row))
        return self._written(await self.show(platform, id_), secret)

    async def change(self, platform: str, id_: str, new: HookChange) -> Hook:
        """Change what is said. Raises NotFoundError, FieldError; RuleError where somebody else just did."""
        row = await self._row(platform, id_)
        values: dict[str, str | None] = {}
        if new.base_url is not None:
            self._check_base_url(row.connector, new.base_url)
            if new.token is None and row.token is not None and _place(new.base_url) != _place(row.base_url):
                # Whoever may change the address must not learn a token that somebody else put in.
                raise FieldError(
                    "token: The token is for another server.", field="token", remedy="Send base_url and token together."
                )
            values["base_url"] = new.base_url
        if new.token is not None:
            values["token"] = self._sealed_token(new.token)
        if new.rate is not None:
            values["rate"] = new.rate
        if values:
            of = hooks.c
            # As it was read: a token that was put in since must not go to the address that is asked for here.
            as_read = (of.base_url.is_not_distinct_from(row.base_url), of.token.is_not_distinct_from(row.token))
            async with self.reads.database.begin() as connection:
                changed = await connection.execute(update(hooks).where(*self._is(id_), *as_read).values(values))
            if changed.rowcount != 1:
                raise RuleError(
                    "Somebody else just changed it.", rule="hook-unchanged", remedy="Look at it, try again."
                )
        return await self.show(platform, id_)

    async def rotate(self, platform: str, id_: str, new: NewSecret) -> HookWritten:
        """Put another secret in force. Raises NotFoundError, FieldError; RuleError where somebody else just did."""
        row = await self._row(platform, id_)
        secret = new_secret(row.connector, new.secret)
        now_ms = _now_ms()
        until_ms = now_ms + new.old_for_seconds * 1000
        known = rotated(unseal(self.sealed, row.secrets), secret, until_ms, now_ms)
        old_until = max((each.until_ms for each in known if each.until_ms is not None), default=None)
        values = {"secrets": seal(self.sealed, known), "old_until_ms": old_until}
        async with self.reads.database.begin() as connection:
            changed = await connection.execute(
                update(hooks).where(*self._is(id_), hooks.c.secrets == row.secrets).values(values)
            )
        if changed.rowcount != 1:
            raise RuleError("The secret was changed at this moment.", rule="hook-unchanged", remedy="Rotate it again.")
        return self._written(await self.show(platform, id_), secret)

    async def remove(self, platform: str, id_: str) -> None:
        """Forget a webhook with its deliveries; what they brought stays in the log. Raises NotFoundError."""
        await self._row(platform, id_)
        mine = (deliveries.c.log == self.reads.log, deliveries.c.hook == id_)
        async with self.reads.database.begin() as connection:
            await connection.execute(delete(hooks).where(*self._is(id_)))
            await connection.execute(delete(deliveries).where(*mine))

    async def show(self, platform: str, id_: str) -> Hook:
        """One webhook. Raises NotFoundError."""
        return (await self._shown([await self._row(platform, id_)]))[0]

    async def all(self, platform: str) -> list[Hook]:
        """All of a platform's, the newest first."""
        query = self._ours(platform).order_by(hooks.c.id.desc()).limit(MAX_HOOKS)
        return await self._shown(list(await self.reads.all(query)))

    async def stored(self, id_: str, now_ms: int, connector: str | None = None) -> StoredHook | None:
        """A webhook by its id alone, for what comes from outside; None where it is another connector's.

        Raises UnavailableError where its key is gone.
        """
        query = select(hooks).where(*self._is(id_))
        # Asked of the database, not of the row: whoever tries other names for a hook makes no more work by it.
        row = await self.reads.one(query if connector is None else query.where(hooks.c.connector == connector))
        if row is None:
            return None
        return StoredHook(
            id=row.id,
            platform=row.platform,
            campaign=row.campaign,
            connector=row.connector,
            secrets=good(unseal(self.sealed, row.secrets), now_ms),
            base_url=row.base_url,
            token=None if row.token is None else self.sealed.open(row.token).decode(),
            rate=row.rate,
        )

    def _check_base_url(self, connector: str, url: str | None) -> None:
        if url is None:
            if connector in _ASKED_BACK:
                raise FieldError(
                    "base_url: It is missing, and this platform's deliveries say only what to ask for.",
                    field="base_url",
                    remedy="Send the address of the platform's API, and a token where it wants one.",
                )
            return
        try:
            found = read_url(url, private=self.private)
        except OutgoingRefusedError as error:
            raise FieldError(f"base_url: {error.detail}", field="base_url", remedy=error.remedy) from None
        if "?" in found.target or ".." in found.target:
            raise FieldError("base_url: It has a query or '..'.", field="base_url", remedy="Send https://HOST/PATH.")

    def _sealed_token(self, token: str | None) -> str | None:
        return None if token is None else self.sealed.seal(token.encode())

    def _ours(self, platform: str) -> Select[Any]:
        return select(hooks).where(hooks.c.log == self.reads.log, hooks.c.platform == platform)

    def _is(self, id_: str) -> tuple[Any, Any]:
        return (hooks.c.log == self.reads.log, hooks.c.id == id_)

    async def _row(self, platform: str, id_: str) -> Row[Any]:
        row = await self.reads.one(self._ours(platform).where(hooks.c.id == id_))
        if row is None:
            raise NotFoundError(f"There is no webhook {id_}.", remedy="GET /v1/hooks lists yours.")
        return row

    async def _count(self, platform: str) -> int:
        ours = self._ours(platform).subquery()
        row = await self.reads.one(select(func.count()).select_from(ours))
        return 0 if row is None else int(row[0])

    async def _shown(self, rows: list[Row[Any]]) -> list[Hook]:
        ids = [row.id for row in rows]
        of, no = deliveries.c, refusals.c
        states = await self.reads.all(
            select(of.hook, of.state, func.count().label("count"))
            .where(of.log == self.reads.log, of.state.in_(NOT_DONE), of.hook.in_(ids))
            .group_by(of.hook, of.state)
        )
        refused = await self.reads.all(
            select(no.hook, no.reason, no.count).where(no.log == self.reads.log, no.hook.in_(ids))
        )
        counts = {(row.hook, row.state): row._mapping["count"] for row in states}
        now_ms = _now_ms()
        return [
            Hook(
                id=row.id,
                connector=row.connector,
                campaign=row.campaign,
                url=f"{self.url}/v1/hooks/{row.connector}/{row.id}",
                base_url=row.base_url,
                has_token=row.token is not None,
                rate=row.rate,
                made=format_time(row.at_ms),
                old_secret_until=format_time(row.old_until_ms) if (row.old_until_ms or 0) > now_ms else None,
                waiting=counts.get((row.id, "waiting"), 0),
                not_used=counts.get((row.id, "refused"), 0),
                dead=counts.get((row.id, "dead"), 0),
                refused={each.reason: each._mapping["count"] for each in refused if each.hook == row.id},
            )
            for row in rows
        ]

    def _written(self, hook: Hook, secret: str) -> HookWritten:
        entered = enter_url(hook.url, hook.connector, secret)
        return HookWritten(**hook.model_dump(), secret=secret, enter_url=entered)


def _place(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}".lower()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
