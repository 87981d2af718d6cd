"""A request with an Idempotency-Key is done once: sent again within a day, it gets the first reply again.

draft-ietf-httpapi-idempotency-key-header-07. Writes to the log have ``external_id`` for this; the header serves all
other paths that change something, and whoever sends it everywhere. Kept is what succeeded; what was refused changed
nothing and may be tried again. A reply may hold a secret (a new API key): it is stored under a key that is made of the
caller's own token and body, so that the database alone gives nothing away.

A key counts for whom sent it: an API key, a member, a contributor. Somebody who signs in anew and sends the same again
is refused, as nobody could open the reply for them any more; it is not done twice. Strangers' keys count nothing: they
could fill the database, and what they can do counts once anyway.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import bearer, digest_of
from api.problems import DATABASE_ERRORS, answer_database, problem_response
from api.reads import Reads
from api.reads.people import people_by_wallet
from api.reads.people_sessions import find_session
from api.scope import SERVICE, instance_of, is_delivery, is_upload
from ledger.db.tables import repeats
from ledger.errors import CrowdLedgerError, DatabaseError, MalformedError, RepeatError, UnauthorizedError

_LOGGER: Final = logging.getLogger(__name__)
HEADER: Final = b"idempotency-key"
KEPT_MS: Final = 24 * 3_600_000
_UNSAFE: Final = frozenset({"POST", "PATCH", "DELETE"})
"""A PUT is of a file."""
_RUNNING_MS: Final = 60_000
"""A first request without a reply for longer was lost with its process."""
_KEY: Final = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e]{1,255})"?')
_KEPT_HEADERS: Final = frozenset({b"content-type", b"location"})
_REPLAYED: Final = (b"idempotency-replayed", b"true")
_MAX_REPLY_BYTES: Final = {False: 4 * 1024 * 1024, True: 256 * 1024}
"""Of a platform, and of a contributor in their own name: there are many of those."""
_SWEPT: Final = 100
_CONTRIBUTOR: Final = "contributor "
_NONCE: Final = 12


def takes_key(scope: Scope) -> bool:
    """Whether a request carries an Idempotency-Key that counts."""
    method, path = scope["method"], scope["path"]
    if method not in _UNSAFE or is_delivery(path) or is_upload(method, path):
        return False  # a delivery counts once by its own event, a file by its digest, whatever its size
    return any(name == HEADER for name, _ in scope["headers"])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, as one is told from another, and the key that its reply is stored under."""

    id: str
    digest: str
    seal: bytes
    own: bool

    @classmethod
    def of(cls, scope: Scope, body: bytes, who: str) -> _Asked:
        """What ``who`` asks. Raises MalformedError for a header that is no key."""
        given = [value for name, value in scope["headers"] if name == HEADER]
        match = _KEY.fullmatch(given[0].decode("latin-1")) if len(given) == 1 else None
        if match is None:
            raise MalformedError(
                "Idempotency-Key: It is no key.", remedy="Send one key of 1 to 255 visible ASCII characters."
            )
        token = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        key = match[1].encode()
        line = b" ".join((scope["method"].encode(), scope["path"].encode(), scope["query_string"]))
        whose = _hashed(who.encode(), key)
        seal = HKDF(SHA256(), 32, salt=whose, info=b"crowdledger idempotency v1").derive(_hashed(token, line, body))
        # Not of the body alone: who reads the database could guess what is short, such as an answer of yes or no.
        return cls(whose.hex(), _hashed(b"request", token, line, body).hex(), seal, who.startswith(_CONTRIBUTOR))


class _Reply(msgspec.Struct, frozen=True):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Repeats:
    """ASGI middleware inside of the edge, which counts bodies and adds the headers of every reply."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; those without the header, and other scopes, pass through."""
        if scope["type"] != "http" or not takes_key(scope):
            await self._app(scope, receive, send)
            return
        try:
            who = await _who(Request(scope))
            begun = await _begun(scope, receive, who) if who is not None else None
        except CrowdLedgerError as error:
            await problem_response(error, instance_of(scope))(scope, receive, send)
            return
        except DATABASE_ERRORS as error:
            await (await answer_database(Request(scope), error))(scope, receive, send)
            return
        if who is None:  # a stranger gets no row, and a key that ended none of its replies again
            await self._app(scope, receive, send)
        elif begun is not None:
            asked, body, kept = begun
            if kept is None:
                await self._first(scope, body, send, asked)
            else:
                scope["app"].traffic.replayed[scope[SERVICE].config.log] += 1
                await _again(kept)(scope, receive, send)

    async def _first(self, scope: Scope, body: bytes, send: Send, asked: _Asked) -> None:
        """Answer it, and keep the reply before it is sent: what was received can be received again."""
        answered: list[Message] = []

        async def keep(message: Message) -> None:
            answered.append(message)

        await self._app(scope, _once(body), keep)
        status: int = answered[0]["status"]
        whole = b"".join(message.get("body", b"") for message in answered[1:])
        headers = [header for header in answered[0]["headers"] if header[0] in _KEPT_HEADERS]
        reads: Reads = scope[SERVICE].reads
        try:
            if status < 400 and len(whole) <= _MAX_REPLY_BYTES[asked.own]:
                await _keep(reads, asked, _Reply(status, headers, whole))
            elif not _may_be_done(status, whole):
                await _forget(reads, asked)
        except (DatabaseError, *DATABASE_ERRORS) as error:  # the reply is told all the same
            _LOGGER.warning("How a request with an Idempotency-Key ended was not kept: %s", error)
        for message in answered:
            await send(message)


def _may_be_done(status: int, body: bytes) -> bool:
    """Whether a refusal leaves open whether something was changed: a fault of ours, a database that went away."""
    return status == 500 or (status == DatabaseError.status and f"/problems/{DatabaseError.slug}".encode() in body)


async def _who(request: Request) -> str | None:
    """Whose key counts: an API key's id, a member's, a contributor's; None for a stranger."""
    service = request.scope[SERVICE]
    reads: Reads = service.reads
    try:
        token = bearer(request)
    except UnauthorizedError:
        return None
    if not token.startswith("cs_"):
        found: str | None = await service.keys.asker(request)
        return found
    now_ms = time.time_ns() // 1_000_000
    stored = await find_session(reads, digest_of(token), now_ms)
    if stored is None:
        return None
    wallet = stored.subject.wallet
    if wallet is not None and not await people_by_wallet(reads, wallet, now_ms):
        return None  # anybody has as many wallets as they like
    return f"{_CONTRIBUTOR}{stored.subject.platform} {stored.subject.contributor}"


async def _begun(scope: Scope, receive: Receive, who: str) -> tuple[_Asked, bytes, _Reply | None] | None:
    """What is asked, its body, and the reply that it had before; None where the client went away.

    Raises MalformedError, TooLargeError, RepeatError.
    """
    body = await _body(receive)
    if body is None:
        return None
    if scope["path"].endswith("/batch"):
        raise MalformedError(
            "A batch takes no Idempotency-Key.", remedy="Give each of its items an external_id instead."
        )
    asked = _Asked.of(scope, body, who)
    return asked, body, await _begin(scope[SERVICE].reads, asked)


def _again(kept: _Reply) -> Response:
    response = Response(kept.body, kept.status)
    response.raw_headers = [*kept.headers, (b"content-length", b"%d" % len(kept.body)), _REPLAYED]
    return response


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where the client went away in its middle. Raises TooLargeError by the edge's counting."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _once(body: bytes) -> Receive:
    """A body that is there already. Nobody hears of a client that goes away: what was begun is done and kept."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _begin(reads: Reads, asked: _Asked) -> _Reply | None:
    """Note that the request is under way; the reply, if it had one before. Raises RepeatError."""
    now_ms = time.time_ns() // 1_000_000
    row = {"log": reads.log, "id": asked.id, "request": asked.digest, "at_ms": now_ms}
    for _ in range(2):
        try:
            async with reads.database.begin() as connection:
                await connection.execute(delete(repeats).where(repeats.c.log == reads.log, *_old(reads, now_ms)))
                await connection.execute(insert(repeats).values(row))
            return None
        except IntegrityError:
            found = await reads.one(select(repeats).where(repeats.c.log == reads.log, repeats.c.id == asked.id))
        if found is not None:
            return _kept(found, asked, now_ms)
    raise RepeatError("A request with this Idempotency-Key has just ended.")


def _old(reads: Reads, now_ms: int) -> Iterable[Any]:
    """Rows whose time is over, a few at a time."""
    of = repeats.c
    found = select(of.id).where(of.log == reads.log, of.at_ms < now_ms - KEPT_MS).order_by(of.at_ms).limit(_SWEPT)
    return (of.id.in_(found),)


def _kept(row: Any, asked: _Asked, now_ms: int) -> _Reply:
    if row.request != asked.digest:
        raise RepeatError(
            "This Idempotency-Key was sent with another request, or by you in another session.",
            remedy="Look whether it was done; take a new key for each new request.",
        )
    if row.reply is None:
        if now_ms - row.at_ms < _RUNNING_MS:
            raise RepeatError("The first request with this Idempotency-Key is under way.")
        raise RepeatError(
            "The first request with this Idempotency-Key was lost before it was answered: it may have been done.",
            remedy="Look whether it was; if not, send it with a new key.",
        )
    sealed = base64.b64decode(row.reply)
    try:
        plain = AESGCM(asked.seal).decrypt(sealed[:_NONCE], sealed[_NONCE:], asked.digest.encode())
        return msgspec.msgpack.decode(plain, type=_Reply)
    except (InvalidTag, ValueError, msgspec.DecodeError):
        raise RepeatError(
            "The reply that was kept for this Idempotency-Key is damaged.", remedy="Look what was done; take a new key."
        ) from None


async def _keep(reads: Reads, asked: _Asked, reply: _Reply) -> None:
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(asked.seal).encrypt(nonce, msgspec.msgpack.encode(reply), asked.digest.encode())
    kept = {"reply": base64.b64encode(sealed).decode("ascii")}
    async with reads.database.begin() as connection:
        await connection.execute(update(repeats).where(*_one(reads, asked)).values(kept))


async def _forget(reads: Reads, asked: _Asked) -> None:
    async with reads.database.begin() as connection:
        await connection.execute(delete(repeats).where(*_one(reads, asked)))


def _one(reads: Reads, asked: _Asked) -> tuple[Any, ...]:
    return repeats.c.log == reads.log, repeats.c.id == asked.id


def _hashed(*parts: bytes) -> bytes:
    """One digest of all parts, each with its length before it, so that none runs into the next."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
