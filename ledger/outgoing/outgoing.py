"""One request, within bounds, to a place that is allowed."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Final

import httpcore

from ledger import spans
from ledger.errors import OutgoingRefusedError, UnavailableError
from ledger.outgoing.addresses import is_public
from ledger.outgoing.names import Names
from ledger.outgoing.urls import Url, read_url

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, as text; OSError if there are none."""

MAX_REPLY_BYTES: Final = 64 * 1024
_MAX_CONNECTIONS: Final = 100
_MAX_ADDRESSES: Final = 4
"""Of one host that are tried."""
_KEPT_SECONDS: Final = 5.0
"""A connection is used again within that time: servers close theirs after 5 seconds or later."""
_METHOD: Final = re.compile(r"[A-Z]{3,10}")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"(?:[!-~](?:[ -~]{0,8190}[!-~])?)?")
_OUR_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
    | {"accept-encoding"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``headers`` have lower-case names; ``body`` is as it came, never decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False
    """The body is longer: the rest of it was not read."""


@cache
def _machines_authorities() -> ssl.SSLContext:
    """The certificates that this machine trusts; reading them takes some 30 ms, so once a process."""
    return ssl.create_default_context()


class Outgoing:
    """Sends requests; connections are kept for a moment. One event loop; ``close`` in the end."""

    def __init__(self, private: bool, *, resolve: Resolve | None = None, tls: ssl.SSLContext | None = None) -> None:
        """``private``: addresses of private networks, and http, are allowed (the setting ``private_addresses``)."""
        self._private = private
        self._names = Names()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_machines_authorities() if tls is None else tls,
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_KEPT_SECONDS,
            http1=True,
            http2=False,
            network_backend=_Checked(self._names.find if resolve is None else resolve, private=private),
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()
        self._names.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_seconds: float = 10.0,
        max_reply_bytes: int = MAX_REPLY_BYTES,
    ) -> Answer:
        """Send one request; the whole of it, with the name's resolution and the reply, takes at most the time given.

        Raises OutgoingRefusedError where it must not be sent there, or where the answer leads elsewhere; and
        UnavailableError where no answer comes.
        """
        target = read_url(url, private=self._private)
        with spans.span(method, kind="client", server__address=target.host, server__port=target.port) as span:
            request = _request(method, target, {**(headers or {}), **spans.onward()}, body)
            answer = await self._answer(request, target, timeout_seconds, max_reply_bytes)
            if span is not None:
                span.note(http__request__method=method, http__response__status_code=answer.status)
                if answer.status >= 400:
                    span.fail(str(answer.status))
        if 300 <= answer.status < 400:
            raise OutgoingRefusedError(
                f"{target.authority} answers {answer.status} and leads elsewhere; redirects are not followed.",
                remedy="Give the address that it leads to.",
                answered=answer.status,
            )
        return answer

    async def _answer(
        self, request: httpcore.Request, target: Url, timeout_seconds: float, max_reply_bytes: int
    ) -> Answer:
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._exchange(request, max_reply_bytes)
        except (TimeoutError, httpcore.TimeoutException):
            raise UnavailableError(
                f"{target.authority} did not answer within {timeout_seconds:g} seconds.", remedy=_LATER
            ) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise UnavailableError(f"{target.authority}: {_words(error)}.", remedy=_LATER) from None

    async def _exchange(self, request: httpcore.Request, max_reply_bytes: int) -> Answer:
        response = await self._pool.handle_async_request(request)
        body, cut = bytearray(), False
        try:
            async for part in response.aiter_stream():
                body += part
                if len(body) > max_reply_bytes:
                    del body[max_reply_bytes:]
                    cut = True
                    break
        finally:
            await response.aclose()
        return Answer(response.status, _joined(response.headers), bytes(body), cut)


class _Checked(httpcore.AsyncNetworkBackend):
    """Connects to an address that was judged, and to no other: the name is not resolved again after that."""

    def __init__(self, resolve: Resolve, *, private: bool) -> None:
        self._resolve = resolve
        self._private = private
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = list(dict.fromkeys(await self._resolve(host, port)))
        if not addresses:
            raise httpcore.ConnectError("it has no address")
        if not self._private and not all(map(is_public, addresses)):
            # Not one of several: a host that has a private address besides is an attempt, or a mistake. The address
            # is not told, or this would be a way to ask for names of the operator's network.
            raise OutgoingRefusedError(
                f"{host} has an address that is not public.",
                remedy="Use a host on the public internet, or ask the operator to set private_addresses.",
            )
        tried = addresses[:_MAX_ADDRESSES]
        for address in tried[:-1]:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._plain.connect_tcp(address, port, _EACH_SECONDS, local_address, socket_options)
        return await self._plain.connect_tcp(tried[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise OutgoingRefusedError("A socket of this machine is no place on the internet.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


_EACH_SECONDS: Final = 2.5
"""For an address of a host that has more."""
_LATER: Final = "Try again later."


def _request(method: str, url: Url, headers: Mapping[str, str], body: bytes) -> httpcore.Request:
    """Raises OutgoingRefusedError for a header that would change the request's shape."""
    if not _METHOD.fullmatch(method) or method == "CONNECT":
        raise OutgoingRefusedError("The method is not one that is sent.")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OUR_HEADERS or not _HEADER_VALUE.fullmatch(value):
            raise OutgoingRefusedError(
                "A header is not one that may be sent.", remedy="Names and values in plain ASCII."
            )
    ours = {"Host": url.authority, "Accept-Encoding": "identity"}
    if body or method in ("POST", "PUT", "PATCH"):
        ours["Content-Length"] = str(len(body))
    return httpcore.Request(
        method,
        httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target),
        headers=[*ours.items(), *headers.items()],
        content=body,
    )


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _words(error: BaseException) -> str:
    """What went wrong, without addresses."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not valid ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "no TLS connection could be made"
        if isinstance(cause, socket.gaierror):
            return "its name is not known"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore.ConnectError):
        return "no connection could be made"
    if isinstance(error, httpcore.ProtocolError):
        return "its answer is not HTTP"
    return "the connection broke"
