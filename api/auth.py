"""API keys: ``cl_<id>_<secret>`` as Bearer. The service stores a key's SHA-256 and compares in constant time.

Keys are cached for a few seconds, so that the hot paths do not ask the database; a revocation here empties its own
entry, and other processes follow when theirs is over.

The session of a platform's member, ``ms_<secret>``, is taken wherever a key is, with the scopes of the member's role.
It is looked up with every request: whoever is removed, or gets another role, can do nothing more at once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from api.reads.members import Seat
from api.scope import SERVICE
from ledger.errors import ForbiddenError, UnauthorizedError
from ledger.log.items import ApiKey
from ledger.log.shapes import StoredKey
from ledger.statements.platforms import Scope
from ledger.wire.members import ROLES, Role

ALL_SCOPES: Final[tuple[Scope, ...]] = ("submit", "review", "settle", "admin")
_KEY = re.compile(r"cl_([0-9a-f]{16})_[0-9a-f]{64}")
MEMBER_PREFIX: Final = "ms_"
_SESSION: Final = re.compile(MEMBER_PREFIX + "[0-9a-f]{64}")
_OPERATOR: Final = "admin"
"""As the id of the operator's own key."""
_CACHE_SECONDS: Final = 5.0
_CACHE_KEYS: Final = 10_000
_NO_DIGEST: Final = bytes(32)


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who sends a request: a platform, by one of its keys or as one of its members.

    ``by`` is the id of either; a member has a ``role``.
    """

    platform: str
    by: str
    scopes: frozenset[str]
    expires_ms: int | None = None
    role: Role | None = None

    @property
    def member(self) -> str | None:
        """The member's id; None for a key."""
        return None if self.role is None else self.by


class KeyRing:
    """Checks keys and members' sessions. ``load`` reads a key from the database by its id, ``find_seat`` what the
    session of a digest opens at a time (ms).
    """

    def __init__(
        self,
        load: Callable[[str], Awaitable[StoredKey | None]],
        admin_key: str | None,
        metrics_key: str | None = None,
        find_seat: Callable[[bytes, int], Awaitable[Seat | None]] | None = None,
    ) -> None:
        self._load = load
        self._find_seat = find_seat
        self._seated: OrderedDict[bytes, str] = OrderedDict()
        self._cache: OrderedDict[str, tuple[float, StoredKey]] = OrderedDict()
        self._loading: dict[str, asyncio.Task[StoredKey | None]] = {}
        self._uses: dict[str, int] = {}
        self._admin_digest = None if admin_key is None else digest_of(admin_key)
        self._metrics_digest = None if metrics_key is None else digest_of(metrics_key)

    async def caller(self, request: Request, scope: Scope | None) -> Caller:
        """Who sends ``request``; raises UnauthorizedError, or ForbiddenError if the key or role lacks ``scope``."""
        token = bearer(request)
        if token.startswith(MEMBER_PREFIX):
            return await self._member(token, scope)
        match = _KEY.fullmatch(token)
        stored = self._kept(match[1]) or await self._find(match[1]) if match else None
        # A compare happens in any case, so that an unknown id takes as long as a wrong secret.
        good = hmac.compare_digest(stored.digest if stored else _NO_DIGEST, digest_of(token))
        now_ms = time.time_ns() // 1_000_000
        if stored is None or not good or not stored.counts(now_ms):
            raise UnauthorizedError("This API key is not known, or it was revoked, or its time is over.")
        self._uses[stored.id] = now_ms
        if scope is not None and scope not in stored.scopes:
            raise ForbiddenError(f"This path needs a key with the scope '{scope}'.", scope=scope)
        return Caller(stored.platform, stored.id, stored.scopes, stored.expires_ms)

    def known(self, token: str) -> str | None:
        """Whose token this is, where the database need not be asked: a key's id, a member's or the operator's.

        A key that was read a while ago stays known: strangers in its network must not use up what it needs.
        """
        digest = digest_of(token)
        if token.startswith(MEMBER_PREFIX):
            return self._seated.get(digest)
        match = _KEY.fullmatch(token)
        cached = self._cache.get(match[1]) if match else None
        if cached is not None and hmac.compare_digest(cached[1].digest, digest):
            return cached[1].id
        if self._admin_digest is not None and hmac.compare_digest(self._admin_digest, digest):
            return _OPERATOR
        return None

    async def asker(self, request: Request) -> str | None:
        """Whose API key or member's session ``request`` carries; None where it carries none that counts.

        The id of a key or of a member, or the operator's.
        """
        try:
            if self.known(bearer(request)) == _OPERATOR:
                return _OPERATOR
            return (await self.caller(request, None)).by
        except UnauthorizedError:
            return None

    def check_admin(self, request: Request) -> None:
        """Raise UnauthorizedError unless the request carries the operator's own key."""
        token = bearer(request)
        if self._admin_digest is None:
            raise UnauthorizedError(
                "This service has no operator's key, so platforms are registered by command only.",
                remedy="Operator: run 'crowdledger platform add NAME', or set CROWDLEDGER_ADMIN_KEY_FILE.",
            )
        if not hmac.compare_digest(self._admin_digest, digest_of(token)):
            raise UnauthorizedError(
                "This path needs the operator's admin key.",
                remedy="Send the content of the file that CROWDLEDGER_ADMIN_KEY_FILE names as Bearer.",
            )

    def check_metrics(self, request: Request) -> None:
        """Raise UnauthorizedError unless the request carries the key for metrics."""
        if self._metrics_digest is None:
            raise UnauthorizedError(
                "This service shows its metrics to nobody.",
                remedy="Operator: write a long random text into a file; set CROWDLEDGER_METRICS_KEY_FILE to its path.",
            )
        if not hmac.compare_digest(self._metrics_digest, digest_of(bearer(request))):
            raise UnauthorizedError(
                "This path needs the operator's key for metrics.",
                remedy="Send the content of the file that CROWDLEDGER_METRICS_KEY_FILE names as Bearer.",
            )

    def taken_uses(self) -> dict[str, int]:
        """When keys were last used, in milliseconds since 1970, since this was asked before."""
        uses, self._uses = self._uses, {}
        return uses

    def forget(self, key_id: str) -> None:
        """Read a key anew the next time: it was revoked."""
        self._cache.pop(key_id, None)
        self._loading.pop(key_id, None)

    async def _member(self, token: str, scope: Scope | None) -> Caller:
        digest, now_ms = digest_of(token), time.time_ns() // 1_000_000
        seat = None
        if _SESSION.fullmatch(token) is not None and self._find_seat is not None:
            seat = await self._find_seat(digest, now_ms)
        if seat is None or not hmac.compare_digest(seat.digest, digest):
            self._seated.pop(digest, None)
            raise UnauthorizedError(
                "There is no session of this token, or it is over.",
                remedy="Sign in anew: by your wallet, or ask an owner of your platform for a sign-in link.",
            )
        self._seated[digest] = seat.member
        if len(self._seated) > _CACHE_KEYS:
            self._seated.popitem(last=False)
        scopes = ROLES[seat.role]
        if scope is not None and scope not in scopes:
            raise ForbiddenError(
                f"This needs the scope '{scope}', which the role '{seat.role}' does not have.",
                scope=scope,
                remedy="Ask an owner of your platform to do it, or to give you another role.",
            )
        return Caller(seat.platform, seat.member, frozenset(scopes), seat.expires_ms, seat.role)

    def _kept(self, key_id: str) -> StoredKey | None:
        cached = self._cache.get(key_id)
        return cached[1] if cached is not None and time.monotonic() < cached[0] else None

    async def _find(self, key_id: str) -> StoredKey | None:
        loading = self._loading.get(key_id)
        if loading is None:
            loading = self._loading[key_id] = asyncio.create_task(self._read(key_id))
        return await asyncio.shield(loading)  # others wait for it too: one who leaves must not cancel it

    async def _read(self, key_id: str) -> StoredKey | None:
        try:
            stored = await self._load(key_id)
        finally:
            wanted = self._loading.get(key_id) is asyncio.current_task()  # not if it was to be forgotten meanwhile
            if wanted:
                del self._loading[key_id]
        if stored is None or stored.revoked:
            self._cache.pop(key_id, None)
            return None
        if not wanted:
            return stored
        self._cache[key_id] = (time.monotonic() + _CACHE_SECONDS, stored)
        self._cache.move_to_end(key_id)
        while len(self._cache) > _CACHE_KEYS:
            self._cache.popitem(last=False)
        return stored


def make_key(scopes: tuple[Scope, ...], expires_ms: int | None = None) -> tuple[str, ApiKey]:
    """A new key: its text, to be shown once, and what is stored of it."""
    key_id = secrets.token_hex(8)
    text = f"cl_{key_id}_{secrets.token_hex(32)}"
    return text, ApiKey(id=key_id, scopes=scopes, digest=digest_of(text), expires_ms=expires_ms)


def needs(scope: Scope | None) -> Any:
    """A FastAPI dependency that gives the Caller, whose key must have ``scope`` (None: any key of a platform)."""

    async def caller(
        request: Request, _described: Annotated[Any, Depends(HTTPBearer(auto_error=False, description=_DESCRIPTION))]
    ) -> Caller:
        ring: KeyRing = request.scope[SERVICE].keys
        return await ring.caller(request, scope)

    return Depends(caller)


async def admin(request: Request, _described: Annotated[Any, Depends(HTTPBearer(auto_error=False))]) -> None:
    """A FastAPI dependency: the operator's own key."""
    ring: KeyRing = request.scope[SERVICE].keys
    ring.check_admin(request)


async def metrics_reader(request: Request, _described: Annotated[Any, Depends(HTTPBearer(auto_error=False))]) -> None:
    """A FastAPI dependency: the operator's key for metrics."""
    ring: KeyRing = request.scope[SERVICE].keys
    ring.check_metrics(request)


_DESCRIPTION: Final = "An API key of a platform, cl_<id>_<secret>, or the session of one of its members, ms_<secret>."


def bearer(request: Request) -> str:
    """The token that a request carries. Raises UnauthorizedError without one."""
    for name, value in request.scope["headers"]:
        if name == b"authorization":
            scheme, _, text = value.decode("latin-1").partition(" ")
            token: str = text.strip()
            if token and scheme.lower() == "bearer":
                return token
            break
    raise UnauthorizedError("There is no key and no session in this request.")


def digest_of(token: str) -> bytes:
    """What is stored of a key or token: SHA-256. They are random, so that no salt is needed."""
    return hashlib.sha256(token.encode()).digest()
