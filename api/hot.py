"""The paths that carry nearly all writes, answered before the framework sees them.

They are routes of the application all the same: its description has them, and any other method is the router's to
refuse. The rules of the edge hold here too (bodies are counted where they are read), and what goes wrong is answered
by the application's own handlers. A good reply, JSON for a program, carries only the headers that say something of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.edge import NOT_CACHED, Header, bare_headers_of, body_limit, check_head, headers_of
from api.problems import DATABASE_ERRORS, answer_database, answer_known, answer_unknown
from api.repeats import takes_key
from api.scope import SERVICE, pick
from api.tracing import BEGUN, HEADERS
from ledger.errors import CrowdLedgerError

Endpoint = Callable[[Request], Awaitable[Response]]
_METHOD: Final = "POST"


class HotPaths:
    """Answers requests to some paths of an application."""

    def __init__(self, routes: Sequence[Route], public_url: str) -> None:
        """``routes`` have whole paths without parameters."""
        self._endpoints: dict[str, Endpoint] = {route.path: route.endpoint for route in routes}
        self._good_headers: list[Header] = bare_headers_of(public_url)
        self._headers: list[Header] = [*headers_of(public_url), NOT_CACHED]

    async def serve(self, app: Any, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether the request was to one of the paths; then it is answered."""
        if scope["type"] != "http" or scope["method"] != _METHOD:
            return False
        service, path = pick(app.state, scope["path"])
        endpoint = self._endpoints.get(path)
        if endpoint is None or takes_key(scope):
            return False
        scope["app"], scope["path"], scope[SERVICE] = app, path, service
        request = Request(scope, receive, send)
        headers = self._headers
        fault: Exception | None = None
        try:
            try:
                check_head(scope, body_limit(path), uploads=False)
                response = await endpoint(request)
                headers = self._good_headers
            except CrowdLedgerError as error:
                response = await answer_known(request, error)
            except DATABASE_ERRORS as error:
                response = await answer_database(request, error)
        except ClientDisconnect:  # in the middle of its body: nothing was written, and nobody waits for an answer
            return True
        except Exception as error:
            fault = error
            response = await answer_unknown(request, error)
        headers = response.raw_headers + headers + scope[HEADERS]
        app.traffic.answered(response.status_code, perf_counter() - scope[BEGUN])
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})
        if fault is not None:
            raise fault  # the server writes it down
        return True
