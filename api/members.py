"""What an owner does with the people of a platform: add them, change what they may, remove them.

All of it is done with the platform's row held, and by a member only who is an owner then: of two owners who take the
role from each other at the same moment one succeeds.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from api.reads import Reads
from api.reads.members import find_member, no_member
from api.reads.people_sessions import Subject, end_sessions, keep_one_time
from ledger.db.checksums import CHECKED, checksum
from ledger.db.tables import contributors, members, platforms, sign_in_links
from ledger.errors import FieldError, RuleError, UnauthorizedError
from ledger.wire.members import MAX_MEMBERS, Member, MemberChange, NewMember, Role


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one platform. ``by`` is the member who asks, None where a key does."""

    reads: Reads
    platform: str
    by: str | None = None

    async def make(self, new: NewMember) -> Member:
        """Add somebody. Raises RuleError for one too many, FieldError for a wallet that is another member's."""
        id_ = f"mem_{secrets.token_hex(8)}"
        row: dict[str, Any] = {"log": self.reads.log, "id": id_, "platform": self.platform, "name": new.name}
        row |= {"role": new.role, "wallet": new.wallet or "", "at_ms": time.time_ns() // 1_000_000}
        async with self._alone() as connection:
            if await self._count(connection) >= MAX_MEMBERS:
                raise RuleError(
                    f"Your platform has {MAX_MEMBERS} members.",
                    rule="members-bounded",
                    remedy="Remove one who has left.",
                )
            await self._check_wallet(connection, id_, row["wallet"])
            await connection.execute(insert(members).values(_checked(row)))
        return await find_member(self.reads, self.platform, id_)

    async def change(self, id_: str, new: MemberChange) -> Member:
        """Change somebody; another role or wallet ends their sessions. Raises NotFoundError, RuleError, FieldError."""
        await find_member(self.reads, self.platform, id_)
        async with self._alone() as connection:
            row = await self._row(connection, id_)
            after = row | new.model_dump(exclude_none=True)
            if row["role"] == "owner" != after["role"]:
                await self._check_owner_remains(connection)
            if after["wallet"] != row["wallet"]:
                await self._check_wallet(connection, id_, after["wallet"])
            await connection.execute(update(members).where(*self._is(id_)).values(_checked(after)))
            if (after["role"], after["wallet"]) != (row["role"], row["wallet"]):
                await self._end_sessions(connection, id_, row["role"], after["role"])
        return await find_member(self.reads, self.platform, id_)

    async def remove(self, id_: str) -> None:
        """Forget somebody, and end their sessions. Raises NotFoundError; RuleError for the last owner."""
        await find_member(self.reads, self.platform, id_)
        async with self._alone() as connection:
            role = (await self._row(connection, id_))["role"]
            if role == "owner":
                await self._check_owner_remains(connection)
            await connection.execute(delete(members).where(*self._is(id_)))
            await self._end_sessions(connection, id_, role, None)

    async def invite(self, id_: str, token: bytes, now_ms: int, expires_ms: int) -> None:
        """Keep the sign-in link of a token's digest. Raises NotFoundError."""
        await find_member(self.reads, self.platform, id_)
        async with self._alone() as connection:
            await self._row(connection, id_)
            await keep_one_time(connection, self.reads.log, token, Subject(self.platform, id_), now_ms, expires_ms)

    # ---- rows ----

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[AsyncConnection]:
        async with self.reads.database.begin() as connection:
            whose = (platforms.c.log == self.reads.log, platforms.c.id == self.platform)
            await connection.execute(select(platforms.c.id).where(*whose).with_for_update())
            await self._check_still_owner(connection)
            yield connection

    async def _check_still_owner(self, connection: AsyncConnection) -> None:
        if self.by is not None:
            owner = select(members.c.id).where(*self._is(self.by), members.c.role == "owner")
            if (await connection.execute(owner)).first() is None:
                raise UnauthorizedError("Your session has just ended: you are no owner any more.")

    async def _end_sessions(self, connection: AsyncConnection, id_: str, before: Role, after: Role | None) -> None:
        """End what a member is signed in to: the console, and their own account as a contributor.

        With who is an owner no more, links go that wait for others too: they may have made them to come back.
        """
        log, of = self.reads.log, contributors.c
        if before == "owner" != after:  # links of all before any session, as who signs in does
            theirs = select(members.c.id).where(members.c.log == log, members.c.platform == self.platform)
            waiting = (sign_in_links.c.log == log, sign_in_links.c.contributor.in_(theirs))
            await connection.execute(delete(sign_in_links).where(*waiting))
        own = select(of.id).where(of.log == log, of.platform == self.platform, of.external_id == id_)
        await end_sessions(connection, log, id_, *(await connection.execute(own)).scalars())

    async def _row(self, connection: AsyncConnection, id_: str) -> dict[str, Any]:
        """As it is now. Raises NotFoundError where somebody else removed it at this moment."""
        row = (await connection.execute(select(members).where(*self._is(id_)))).mappings().first()
        if row is None:
            raise no_member(id_)
        return dict(row)

    async def _count(self, connection: AsyncConnection, role: Role | None = None) -> int:
        of = members.c
        query = select(func.count()).where(of.log == self.reads.log, of.platform == self.platform)
        found = await connection.execute(query if role is None else query.where(of.role == role))
        return int(found.scalar_one())

    async def _check_owner_remains(self, connection: AsyncConnection) -> None:
        if await self._count(connection, "owner") < 2:
            raise RuleError(
                "This is the platform's last owner.", rule="owner-remains", remedy="Make somebody else an owner first."
            )

    async def _check_wallet(self, connection: AsyncConnection, id_: str, wallet: str) -> None:
        of = members.c
        others = (of.log == self.reads.log, of.platform == self.platform, of.wallet == wallet, of.id != id_)
        if wallet and (await connection.execute(select(of.id).where(*others))).first() is not None:
            raise FieldError(
                "wallet: Another member signs in with this wallet.",
                field="wallet",
                remedy="Give each member a wallet of their own, or none.",
            )

    def _is(self, id_: str) -> tuple[Any, ...]:
        of = members.c
        return of.log == self.reads.log, of.platform == self.platform, of.id == id_


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"checksum": checksum(*(row[name] for name in CHECKED["members"]))}
