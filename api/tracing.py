"""A request's id, in its reply and in every line about it, and where the operator wants it a line and a span each."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Container
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.scope import SERVICE, UNSEEN
from ledger import spans
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


@dataclass(slots=True)
class _Reply:
    """What is seen of a reply while it is sent; 0 where there was none."""

    status: int = 0
    size: int = 0


async def watched(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, tells: bool, hot: Container[str]
) -> None:
    """Serve a request in a span, where there are any, and say a line about it, where ``tells``.

    No query, no body, no address, only who, what, and how it went. ``hot``: paths that no router answers.
    """
    reply, entries = _Reply(), list[int]()
    _ENTRIES.set(entries)
    path: str = scope["path"]

    async def counted(message: Message) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
        else:
            reply.size += len(message.get("body", b""))
        await send(message)

    with spans.NOTHING if path in UNSEEN else spans.served(scope["headers"], scope["method"]) as span:
        try:
            await app(scope, receive, counted)
        finally:
            if span is not None:
                _describe(span, scope, hot, reply, entries)
            if tells:
                _tell(scope, path, reply, entries)


def _tell(scope: Scope, path: str, reply: _Reply, entries: list[int]) -> None:
    more = {"method": scope["method"], "path": path, "status": reply.status, "bytes": reply.size}
    more["ms"] = round((time.perf_counter() - scope[BEGUN]) * 1000, 1)
    if caller := scope.get(CALLER):
        more["key"] = caller
    if entries:
        more |= {"first_entry": min(entries), "last_entry": max(entries), "entries": len(entries)}
    _LOGGER.info("%s %s %d", scope["method"], path, reply.status, extra=more)


def _describe(span: spans.Span, scope: Scope, hot: Container[str], reply: _Reply, entries: list[int]) -> None:
    """OpenTelemetry's names for HTTP (semantic conventions, "HTTP server"), and ours; a path only as its route."""
    path: str = scope["path"]  # without the prefix of a log by now
    route = path if path in hot else getattr(scope.get("route"), "path", None)
    service = scope.get(SERVICE)
    span.name(f"{scope['method']} {route}" if route else scope["method"])
    span.note(
        http__request__method=scope["method"],
        http__route=route,
        http__response__status_code=reply.status or None,
        request=REQUEST.get(),
        log=None if service is None else service.config.log,
        key=scope.get(CALLER),
        first_entry=min(entries, default=None),
        last_entry=max(entries, default=None),
        entries=len(entries) or None,
    )
    if reply.status >= 500:
        span.fail(str(reply.status))
