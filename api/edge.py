"""The edge of the application: what holds for every request and reply, before any route is chosen.

Bodies are counted while they stream in, so a wrong Content-Length helps nobody; requests with a body are JSON, except
those that bring a file, which has a limit of its own and is counted where it is stored. Every reply carries the
headers that keep a browser from doing what our pages never need. HEAD is answered as GET without the body (RFC 9110
section 9.3.2), but files are too large to be read for nothing. What is public may be read by the pages of any origin,
so that they can verify it.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_response
from ledger.blobs.store import too_large_file
from ledger.errors import CrowdLedgerError, MalformedError, TooLargeError
from ledger.wire import MAX_BATCH_BYTES, MAX_BODY_BYTES

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_PUBLIC: Final = re.compile(
    r"/logs/.*|/v1/(?:audit|entries|people|results|rewards|settlements|claims)(?:/.*)?"
    r"|/v1/campaigns/(?:open|[^/]+/(?:brief|notices|figures|results))"
    r"|/v1/(?:contributions|decisions)/[^/]+/receipt"
)
_FILES: Final = re.compile(r"/v1/files(?:/.*)?")
_STATIC_CACHE: Final = "public, max-age=3600"
_STRICT_TRANSPORT: Final = "max-age=31536000"
_LOCAL_HOSTS: Final = {"localhost", "127.0.0.1", "::1"}
_WITH_BODY: Final = {"POST", "PUT", "PATCH"}


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, public_url: str, max_file_bytes: int) -> None:
        self._app = app
        self._max_file_bytes = max_file_bytes
        url = urlsplit(public_url)
        self._headers = dict(_HEADERS)
        if url.scheme == "https" and url.hostname not in _LOCAL_HOSTS:
            self._headers["Strict-Transport-Security"] = _STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes (lifespan) pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        is_static = scope["path"].startswith("/static/")
        is_file = _FILES.fullmatch(scope["path"]) is not None
        is_head = scope["method"] == "HEAD" and not is_file
        if is_head:
            scope = {**scope, "method": "GET"}
        is_public = scope["method"] == "GET" and _PUBLIC.fullmatch(scope["path"]) is not None

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", _STATIC_CACHE if is_static else "no-store")
                if is_public:
                    headers["Access-Control-Allow-Origin"] = "*"
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        limit = MAX_BATCH_BYTES if scope["path"].endswith("/batch") else MAX_BODY_BYTES
        try:
            _check_head(scope, self._max_file_bytes if is_file else limit, is_file)
        except CrowdLedgerError as error:
            await problem_response(error, scope["path"])(scope, receive, send_with_headers)
            return
        await self._app(scope, receive if is_file else _counted(receive, limit), send_with_headers)


def _check_head(scope: Scope, limit: int, is_file: bool) -> None:
    """Refuse by the headers what the body could not mend."""
    headers = Headers(scope=scope)
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise too_large_file(limit) if is_file else _too_large(limit)
    if scope["method"] not in _WITH_BODY or not (length not in ("", "0") or "transfer-encoding" in headers):
        return
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not is_file:
        raise MalformedError(
            "The body is not declared as JSON.", remedy="Send the header 'Content-Type: application/json'."
        )
    if headers.get("content-encoding", "identity") != "identity":
        raise MalformedError("Compressed bodies are not taken.", remedy="Send the body without Content-Encoding.")


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def receive_counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
        return message

    return receive_counted


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"The body has more than {limit} bytes.",
        remedy="Send fewer items at a time, and large content as a file's digest.",
        limit=limit,
    )
