"""Keys: made, found, cached for a while, forgotten."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from starlette.requests import Request

from api import auth
from api.auth import Caller, KeyRing, make_key
from api.reads.members import Seat
from ledger.errors import ForbiddenError, UnauthorizedError
from ledger.log.shapes import StoredKey
from ledger.wire.members import ROLES, Role


def request(authorization: str | None) -> Request:
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


class Stored:
    """A table of keys that counts how often it is asked."""

    def __init__(self, *keys: StoredKey) -> None:
        self.keys = {key.id: key for key in keys}
        self.asked = 0

    async def key(self, key_id: str) -> StoredKey | None:
        self.asked += 1
        return self.keys.get(key_id)


def stored_key(*scopes: str, revoked: bool = False) -> tuple[str, StoredKey]:
    text, made = make_key(auth.ALL_SCOPES)
    return text, StoredKey(made.id, "platform", made.digest, frozenset(scopes), revoked)


def test_made_keys_say_their_id_and_are_stored_as_digests() -> None:
    text, key = make_key(("submit",))
    other, _ = make_key(("submit",))
    assert text != other
    assert text.startswith(f"cl_{key.id}_")
    assert key.digest == hashlib.sha256(text.encode()).digest()
    assert text not in repr(key)


async def test_keys_are_cached_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    text, key = stored_key("submit")
    stored = Stored(key)
    ring = KeyRing(stored.key, None)
    for _ in range(3):
        caller = await ring.caller(request(f"Bearer {text}"), "submit")
    assert (caller.platform, caller.by, stored.asked) == ("platform", key.id, 1)
    with pytest.raises(ForbiddenError):
        await ring.caller(request(f"Bearer {text}"), "admin")
    del stored.keys[key.id]
    ring.forget(key.id)
    with pytest.raises(UnauthorizedError):
        await ring.caller(request(f"Bearer {text}"), "submit")


async def test_the_cache_ends_by_itself_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [stored_key("submit") for _ in range(4)]
    stored = Stored(*(key for _, key in made))
    ring = KeyRing(stored.key, None)
    monkeypatch.setattr(auth, "_CACHE_KEYS", 2)
    for text, _ in made:
        await ring.caller(request(f"Bearer {text}"), None)
    assert len(ring._cache) == 2
    monkeypatch.setattr(auth, "_CACHE_SECONDS", -1.0)
    text, key = made[0]
    await ring.caller(request(f"Bearer {text}"), None)
    del stored.keys[key.id]
    with pytest.raises(UnauthorizedError):
        await ring.caller(request(f"Bearer {text}"), None)


async def test_what_is_no_good_key() -> None:
    text, key = stored_key("submit")
    revoked, revoked_key = stored_key("submit", revoked=True)
    ring = KeyRing(Stored(key, revoked_key).key, "operator's key that is long enough")
    wrong = [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {text}",
        f"Bearer {text}0",
        f"Bearer {text[:-1]}",
        f"Bearer {text.upper()}",
        f"Bearer {text.replace('cl_', 'CL_')}",
        "Bearer " + text[:-1] + ("0" if text[-1] != "0" else "1"),
        f"Bearer {revoked}",
        "Bearer operator's key that is long enough",
        "Bearer \xff\xfe",
    ]
    for header in wrong:
        with pytest.raises(UnauthorizedError):
            await ring.caller(request(header), None)
    with pytest.raises(UnauthorizedError):
        ring.check_admin(request(f"Bearer {text}"))
    ring.check_admin(request("Bearer operator's key that is long enough"))
    with pytest.raises(UnauthorizedError, match="no operator's key"):
        KeyRing(Stored().key, None).check_admin(request("Bearer x"))


async def test_a_key_that_is_revoked_while_it_is_read_is_not_kept() -> None:
    """Whoever asked before may have been right; whoever asks after the revocation must not be."""
    text, key = stored_key("submit")
    read, answer = asyncio.Event(), asyncio.Event()

    async def slow(key_id: str) -> StoredKey | None:
        if answer.is_set():
            return None
        read.set()
        await answer.wait()
        return key

    ring = KeyRing(slow, None)
    early = asyncio.create_task(ring.caller(request(f"Bearer {text}"), "submit"))
    await read.wait()
    ring.forget(key.id)
    answer.set()
    with pytest.raises(UnauthorizedError):
        await ring.caller(request(f"Bearer {text}"), "submit")
    assert (await early).by == key.id
    with pytest.raises(UnauthorizedError):
        await ring.caller(request(f"Bearer {text}"), "submit")
    assert not ring._loading


async def test_a_key_that_was_read_a_while_ago_is_still_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or strangers in its network could use up what it needs to be read again."""
    text, key = stored_key("submit")
    monkeypatch.setattr(auth, "_CACHE_SECONDS", 0.0)
    ring = KeyRing(Stored(key).key, None)
    assert ring.known(text) is None
    await ring.caller(request(f"Bearer {text}"), "submit")
    assert ring.known(text) == key.id
    assert ring.known(text[:-64] + "0" * 64) is None
    ring.forget(key.id)
    assert ring.known(text) is None


MS = 10**15
"""Long after any test."""


def seated(role: Role) -> tuple[str, Seat]:
    token = "ms_" + "5a" * 32
    return token, Seat(hashlib.sha256(token.encode()).digest(), "mem_0011223344556677", "platform", role, MS)


async def test_what_each_role_may() -> None:
    for role, scopes in ROLES.items():
        token, seat = seated(role)

        async def find(digest: bytes, now_ms: int, seat: Seat = seat) -> Seat | None:
            return seat if digest == seat.digest and now_ms <= seat.expires_ms else None

        ring = KeyRing(Stored().key, None, find_seat=find)
        who = await ring.caller(request(f"Bearer {token}"), None)
        assert (who.platform, who.by, who.member, who.expires_ms) == ("platform", seat.member, seat.member, MS)
        assert who.scopes == frozenset(scopes)
        for scope in auth.ALL_SCOPES:
            if scope in scopes:
                await ring.caller(request(f"Bearer {token}"), scope)
            else:
                with pytest.raises(ForbiddenError, match=f"role '{role}'"):
                    await ring.caller(request(f"Bearer {token}"), scope)
        for wrong in (token[:-1], token.upper(), token + "0", "ms_", token.replace("ms_", "cs_"), f"ms_{'0' * 64}"):
            with pytest.raises(UnauthorizedError):
                await ring.caller(request(f"Bearer {wrong}"), None)
        assert await ring.asker(request(f"Bearer {token}")) == seat.member


async def test_a_session_is_read_every_time_and_known_while_it_is_good() -> None:
    token, seat = seated("owner")
    seats: list[Seat | None] = [seat]

    async def find(digest: bytes, now_ms: int) -> Seat | None:
        return seats[0]

    ring = KeyRing(Stored().key, None, find_seat=find)
    assert ring.known(token) is None
    await ring.caller(request(f"Bearer {token}"), "admin")
    assert ring.known(token) == seat.member
    seats[0] = None
    with pytest.raises(UnauthorizedError):
        await ring.caller(request(f"Bearer {token}"), None)
    assert ring.known(token) is None
    assert await ring.asker(request(f"Bearer {token}")) is None
    seats[0] = Seat(b"another's digest that came back", seat.member, seat.platform, seat.role, MS)
    with pytest.raises(UnauthorizedError):
        await ring.caller(request(f"Bearer {token}"), None)


def test_a_key_is_no_member() -> None:
    key = Caller("platform", "00112233", frozenset())
    assert (key.member, key.role) == (None, None)
