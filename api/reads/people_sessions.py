"""Sessions, sign-in links and nonces: rows of the service's own, which no statement holds.

Tokens are kept as SHA-256. A sign-in link and a nonce are one-time rows of ``sign_in_links``; a nonce names no
platform, and as its ``contributor`` the address that asked for it. Rows that have expired go with the next new one.
Members of platforms stand in the same rows by their ids; their tokens begin otherwise, so that none opens another's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from api.reads import Reads
from ledger.db.checksums import checksum
from ledger.db.tables import members, sessions, sign_in_links

NO_PLATFORM: Final = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a token is for: a contributor (public id) or a member (id) of a platform, or an address, of no platform."""

    platform: str
    contributor: str

    @property
    def wallet(self) -> str | None:
        """The address, if it is one."""
        return self.contributor if self.platform == NO_PLATFORM else None


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session; ``digest`` is SHA-256 of its token."""

    digest: bytes
    subject: Subject
    expires_ms: int


async def find_session(reads: Reads, digest: bytes, now_ms: int) -> StoredSession | None:
    """The session of a token, unless it has expired."""
    query = select(sessions).where(sessions.c.log == reads.log, sessions.c.digest == digest)
    row = await reads.one(query)
    if row is None or row.expires_ms < now_ms:
        return None
    return StoredSession(bytes(row.digest), _subject(row), row.expires_ms)


async def add_one_time(reads: Reads, digest: bytes, subject: Subject, now_ms: int, expires_ms: int) -> None:
    """Keep a sign-in link or a nonce."""
    async with reads.database.begin() as connection:
        await keep_one_time(connection, reads.log, digest, subject, now_ms, expires_ms)


async def keep_one_time(
    connection: AsyncConnection, log: str, digest: bytes, subject: Subject, now_ms: int, expires_ms: int
) -> None:
    """The same in a transaction."""
    made_of = checksum(digest, subject.platform, subject.contributor, expires_ms)
    row = {"log": log, "digest": digest, "expires_ms": expires_ms, "used": None, "checksum": made_of}
    old = delete(sign_in_links).where(sign_in_links.c.log == log, sign_in_links.c.expires_ms < now_ms)
    await connection.execute(old)
    values = row | {"platform": subject.platform, "contributor": subject.contributor}
    await connection.execute(insert(sign_in_links).values(values))


async def nonce_waits(reads: Reads, nonce: bytes, wallet: str, now_ms: int) -> bool:
    """Whether the nonce that ``wallet`` asked for can still be used."""
    links = sign_in_links.c
    query = select(links.digest).where(
        links.log == reads.log,
        links.digest == nonce,
        links.platform == NO_PLATFORM,
        links.contributor == wallet,
        links.used.is_(None),
        links.expires_ms >= now_ms,
    )
    return await reads.one(query) is not None


async def begin_session(
    reads: Reads,
    one_time: bytes,
    session: bytes,
    wallet: str | None,
    now_ms: int,
    expires_ms: int,
    member: Subject | None = None,
) -> Subject | None:
    """Use up a link (``wallet`` is None) or the nonce that ``wallet`` asked for, and keep the session of its subject,
    or of the ``member`` that the wallet signs in as.

    None where it was used, has expired or never was, or the wallet is the member's no more; of several at once one gets
    it.
    """
    links = sign_in_links.c
    async with reads.database.begin() as connection:
        if member is not None and not await _signs_in(connection, reads.log, member, wallet):
            return None
        whose = links.platform != NO_PLATFORM if wallet is None else links.contributor == wallet
        used = await connection.execute(
            update(sign_in_links)
            .where(
                links.log == reads.log,
                links.digest == one_time,
                links.used.is_(None),
                links.expires_ms >= now_ms,
                whose,
            )
            .values(used=now_ms)
            .returning(links.platform, links.contributor)
        )
        row = used.first()
        if row is None or (wallet is not None and row.platform != NO_PLATFORM):
            return None
        subject = member or _subject(row)
        await connection.execute(delete(sessions).where(sessions.c.log == reads.log, sessions.c.expires_ms < now_ms))
        await connection.execute(
            insert(sessions).values(
                log=reads.log,
                digest=session,
                platform=subject.platform,
                contributor=subject.contributor,
                expires_ms=expires_ms,
                checksum=checksum(session, subject.platform, subject.contributor, expires_ms),
            )
        )
    return subject


async def end_session(reads: Reads, digest: bytes) -> None:
    """Forget a session."""
    async with reads.database.begin() as connection:
        await connection.execute(delete(sessions).where(sessions.c.log == reads.log, sessions.c.digest == digest))


async def end_sessions_of(reads: Reads, contributor: str) -> None:
    """Forget all sessions and links of a contributor."""
    async with reads.database.begin() as connection:
        await end_sessions(connection, reads.log, contributor)


async def end_sessions(connection: AsyncConnection, log: str, *who: str) -> None:
    """The same in a transaction, of contributors or members. Links first: one that is used now waits, or is waited
    for, and then its session is seen.
    """
    for table in (sign_in_links, sessions):
        await connection.execute(delete(table).where(table.c.log == log, table.c.contributor.in_(who)))


async def _signs_in(connection: AsyncConnection, log: str, member: Subject, wallet: str | None) -> bool:
    """Whether the wallet is the member's, which does not change until the transaction's end."""
    of = members.c
    mine = (of.log == log, of.platform == member.platform, of.id == member.contributor, of.wallet == wallet)
    return (await connection.execute(select(of.id).where(*mine).with_for_update(read=True))).first() is not None


def _subject(row: Row[Any]) -> Subject:
    return Subject(row.platform, row.contributor)
