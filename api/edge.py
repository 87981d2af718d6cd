"""The edge of the application: what holds for every request and reply, before any route is chosen.

Bodies are counted while they stream in, so a wrong Content-Length helps nobody; requests with a body are JSON, except
deliveries of webhooks, which platforms declare as they like, and files, which have a limit of their own and are counted
where they are stored. Every reply carries the
headers that keep a browser from doing what our pages never need. HEAD is answered as GET without the body (RFC 9110
section 9.3.2), but for what is too large to be read for nothing. What is public may be read by the pages of any origin,
so that they can verify it.
"""

from __future__ import annotations

import re
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_response
from api.scope import instance_of, is_delivery, is_file, is_upload
from api.tracing import BEGUN, HEADERS
from ledger.blobs.store import too_large_file
from ledger.errors import CrowdLedgerError, MalformedError, TooLargeError
from ledger.wire import MAX_BATCH_BYTES, MAX_BODY_BYTES

CONTENT_SECURITY_POLICY: Final = (  # of what is no page; pages have their own (api/pages/rendering.py)
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
Header = tuple[bytes, bytes]
_NO_SNIFFING: Final[Header] = (b"x-content-type-options", b"nosniff")
_HEADERS: Final[list[Header]] = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    _NO_SNIFFING,
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
_PUBLIC: Final = re.compile(
    r"/checkpoint|/keys\.json|/(?:tile|settlements|logs)/.*"
    r"|/v1/(?:audit|audits|entries|people|results|rewards|settlements|claims)(?:/.*)?"
    r"|/v1/campaigns/(?:open|[^/]+/(?:brief|notices|figures|record|results|rewards))"
    r"|/v1/(?:contributions|decisions)/[^/]+/receipt"
)
_MIRROR: Final = "/mirror.tar"
NOT_CACHED: Final[Header] = (b"cache-control", b"no-store")
_ANY_ORIGIN: Final[Header] = (b"access-control-allow-origin", b"*")
_STRICT_TRANSPORT: Final[Header] = (b"strict-transport-security", b"max-age=31536000")
_LOCAL_HOSTS: Final = {"localhost", "127.0.0.1", "::1"}
_WITH_BODY: Final = {"POST", "PUT", "PATCH"}


def headers_of(public_url: str) -> list[Header]:
    """The headers that every reply of the service at ``public_url`` carries, but for those of ``bare_headers_of``."""
    return [*_HEADERS, *_transport_of(public_url)]


def bare_headers_of(public_url: str) -> list[Header]:
    """The headers of JSON that answers a program's POST: the others are about what a browser does with a page."""
    return [_NO_SNIFFING, NOT_CACHED, *_transport_of(public_url)]


def _transport_of(public_url: str) -> list[Header]:
    url = urlsplit(public_url)
    secure = url.scheme == "https" and url.hostname not in _LOCAL_HOSTS
    return [_STRICT_TRANSPORT] if secure else []


def body_limit(path: str) -> int:
    """How many bytes the body of a request to ``path`` may have; files have a limit of their own."""
    return MAX_BATCH_BYTES if path.endswith("/batch") else MAX_BODY_BYTES


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, public_url: str, max_file_bytes: int) -> None:
        self._app = app
        self._max_file_bytes = max_file_bytes
        self._headers = headers_of(public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes (lifespan) pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        path: str = scope["path"]
        method: str = scope["method"]
        uploads = is_upload(method, path)
        is_head = method == "HEAD" and not is_file(path) and path != _MIRROR
        if is_head:
            method = "GET"
            scope = {**scope, "method": method}
        is_public = method == "GET" and _PUBLIC.fullmatch(path) is not None
        added = [*self._headers, NOT_CACHED, *scope[HEADERS]]
        if is_public:
            added.append(_ANY_ORIGIN)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["app"].traffic.answered(message["status"], perf_counter() - scope[BEGUN])
                headers: list[Header] = message["headers"]
                own = {name for name, _ in headers}
                message["headers"] = headers + [header for header in added if header[0] not in own]
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        limit = body_limit(path)
        try:
            check_head(scope, self._max_file_bytes if uploads else limit, uploads)
        except CrowdLedgerError as error:
            await problem_response(error, instance_of(scope))(scope, receive, send_with_headers)
            return
        try:
            await self._app(scope, receive if uploads else counted(receive, limit), send_with_headers)
        except ClientDisconnect:
            return  # in the middle of its body: nothing was taken, and nobody is there to be answered


def check_head(scope: Scope, limit: int, uploads: bool) -> None:
    """Refuse by the headers what the body could not mend."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > limit:
        raise too_large_file(limit) if uploads else too_large(limit)
    if scope["method"] not in _WITH_BODY or not (length not in (b"", b"0") or b"transfer-encoding" in headers):
        return
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/json" and not uploads and not is_delivery(scope["path"]):
        raise MalformedError(
            "The body is not declared as JSON.", remedy="Send the header 'Content-Type: application/json'."
        )
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise MalformedError("Compressed bodies are not taken.", remedy="Send the body without Content-Encoding.")


def counted(receive: Receive, limit: int) -> Receive:
    """``receive``, which raises TooLargeError once a body has more than ``limit`` bytes."""
    seen = 0

    async def receive_counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise too_large(limit)
        return message

    return receive_counted


def too_large(limit: int) -> TooLargeError:
    """The error of a body that has more than ``limit`` bytes."""
    return TooLargeError(
        f"The body has more than {limit} bytes.",
        remedy="Send fewer items at a time, and large content as a file's digest.",
        limit=limit,
    )
