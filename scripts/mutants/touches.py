"""Which switches a test looks at.

A switch is looked at only where its check decides something: where a condition that refuses is true, or an operand that
must hold is not. A test that never looks at a switch runs the same with it on or off.

What the tests call, and what they ask the receipt of, is run a second time by a tracer (``prestateTracer``) that lists
the accounts which code touched.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import httpx
import requests

TRACER = {"tracer": "prestateTracer"}
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Message = dict[str, Any]


class Touches:
    """``seen`` are the accounts that were touched since it was last emptied, as lower-case addresses."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches both HTTP clients that tests use to talk with the chain."""
        send_by_httpx, send_by_requests = httpx.Client.send, requests.Session.send

        def by_httpx(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
            reply = send_by_httpx(client, request, **options)
            self._follow(str(request.url), request.read(), reply.content)
            return reply

        def by_requests(
            session: requests.Session, request: requests.PreparedRequest, **options: Any
        ) -> requests.Response:
            reply = send_by_requests(session, request, **options)
            assert request.body is None or isinstance(request.body, (bytes, str))
            self._follow(str(request.url), request.body, reply.content)
            return reply

        with (
            mock.patch.object(httpx.Client, "send", by_httpx),
            mock.patch.object(requests.Session, "send", by_requests),
        ):
            yield

    def _follow(self, url: str, body: str | bytes | None, reply: bytes) -> None:
        """Traces what was sent in one message or a batch of them."""
        results = {each.get("id"): each.get("result") for each in _messages(reply)}
        traces = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(_traces(_messages(body or b"[]"), results))
        ]
        if traces:
            request = urllib.request.Request(url, json.dumps(traces).encode(), {"Content-Type": "application/json"})
            for traced in _messages(DIRECT.open(request, timeout=60).read()):
                self.seen.update(traced.get("result") or ())


def _messages(body: str | bytes) -> list[Message]:
    found = json.loads(body)
    return found if isinstance(found, list) else [found]


def _traces(sent: Iterable[Message], results: dict[Any, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Method and parameters of the trace of each message that ran code."""
    for message in sent:
        if message["method"] == "eth_getTransactionReceipt" and results.get(message["id"]):
            yield "debug_traceTransaction", [*message["params"], TRACER]
        elif message["method"] == "eth_call":
            call, block = [*message["params"], "latest"][:2]
            yield "debug_traceCall", [call, block, TRACER]
