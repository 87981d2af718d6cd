"""A request's id, in its reply and in every line about it, and where the operator wants it a line for each request."""

from __future__ import annotations

import logging
import os
import re
import time
from contextvars import ContextVar
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.diagnostics import REQUEST

HEADERS: Final = "crowdledger.headers"
"""The scope's member with headers that the request's reply gets, however it is answered."""
BEGUN: Final = "crowdledger.begun"
"""The scope's member with the time when its head was there, of ``time.perf_counter``."""
CALLER: Final = "crowdledger.caller"
"""The scope's member with the id of the key that was sent, where it is known."""
_NAME: Final = b"x-request-id"
_GIVEN: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_LOGGER: Final = logging.getLogger("crowdledger.requests")
_ENTRIES: Final[ContextVar[list[int] | None]] = ContextVar("entries", default=None)


def begin(scope: Scope) -> None:
    """Give a request its id: the one that a proxy gave it, or a new one."""
    given = b""
    for name, value in scope["headers"]:
        if name == _NAME:
            given = value
            break
    id_ = given if given and _GIVEN.fullmatch(given) else os.urandom(8).hex().encode()
    scope[HEADERS], scope[BEGUN] = [(_NAME, id_)], time.perf_counter()
    REQUEST.set(id_.decode("ascii"))


def wrote(index: int) -> None:
    """An entry was written, or found, for the request that is being served."""
    entries = _ENTRIES.get()
    if entries is not None:
        entries.append(index)


async def told(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a request and say a line about it: no query, no body, no address, only who, what, and how it went."""
    status, size = 0, 0
    entries: list[int] = []
    _ENTRIES.set(entries)
    path: str = scope["path"]

    async def counted(message: Message) -> None:
        nonlocal status, size
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            size += len(message.get("body", b""))
        await send(message)

    try:
        await app(scope, receive, counted)
    finally:
        more = {"method": scope["method"], "path": path, "status": status, "bytes": size}
        more["ms"] = round((time.perf_counter() - scope[BEGUN]) * 1000, 1)
        if caller := scope.get(CALLER):
            more["key"] = caller
        if entries:
            more |= {"first_entry": min(entries), "last_entry": max(entries), "entries": len(entries)}
        _LOGGER.info("%s %s %d", scope["method"], path, status, extra=more)
