"""The OpenAPI description: FastAPI's own of the plain paths, the hot ones added from their msgspec structs."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.edge import bare_headers_of
from api.hot import HotPaths
from api.limits import Limits
from api.problems import problem_response
from api.scope import pick
from api.tracing import HEADERS, begin, watched
from api.traffic import Traffic
from ledger.errors import RateLimitedError
from ledger.wire import (
    BatchReply,
    ContributionBatch,
    DecisionBatch,
    NewContribution,
    NewDecision,
    Problem,
    TaskBatch,
    Written,
)
from ledger.wire.sealed import NewDirectContribution

_BARE_HEADERS: Final = bare_headers_of("")
_SCHEMAS: Final = "#/components/schemas/"
_SECURITY: Final[list[dict[str, list[str]]]] = [{"HTTPBearer": []}]

_HOT: Final[dict[str, tuple[str, type[msgspec.Struct], bool, str, str]]] = {
    "/v1/contributions": ("submit_contribution", NewContribution, False, "contributions", "Write one contribution."),
    "/v1/contributions/batch": (
        "submit_contributions",
        ContributionBatch,
        True,
        "contributions",
        "Write up to 1,000 contributions, each on its own.",
    ),
    "/v1/direct/contributions": (
        "submit_directly",
        NewDirectContribution,
        False,
        "contributions",
        "Write one contribution that its author's wallet signed; needs no key.",
    ),
    "/v1/decisions": ("make_decision", NewDecision, False, "decisions", "Write one decision."),
    "/v1/decisions/batch": (
        "make_decisions",
        DecisionBatch,
        True,
        "decisions",
        "Write up to 1,000 decisions, each on its own.",
    ),
}
_KEYLESS: Final = ("/v1/direct/contributions",)


def writes(model: type[BaseModel]) -> dict[str, Any]:
    """What a route's decorator says of a write: 201 for a new entry, 200 for the same request again."""
    return {
        "status_code": 201,
        "responses": {
            201: {"model": model, "description": "Written"},
            200: {"model": model, "description": "Written before; the first receipt"},
        },
    }


def gives(media_type: str, what: str, **described: Any) -> dict[str, Any]:
    """What a route's decorator says of a reply that the route writes by itself; ``described``: its headers."""
    schema = {"schema": {"type": "object"}} if media_type == "application/json" else {}
    reply = {"description": what, "content": {media_type: schema}, **described}
    return {"response_class": Response, "responses": {200: reply}}


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """What a route's decorator says of a body that the route reads by itself; ``_describe`` adds the model."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _SCHEMAS + model.__name__}}},
        }
    }


class DescribedApp(FastAPI):
    """A FastAPI whose description has the hot paths too, which it answers first. Every request counts."""

    hot: HotPaths | None = None
    limits: Limits | None = None
    traffic: Traffic
    tells: bool = False
    """Whether every request gets a line in the log."""
    traces: bool = False
    """Whether it gets a span."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        begin(scope)
        if self.tells or self.traces:
            await watched(self._serve, scope, receive, send, tells=self.tells, hot=_HOT)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.limits is not None:
            service, _ = pick(self.state, scope["path"])
            try:
                self.limits.charge(scope, service.keys.known)
            except RateLimitedError as error:
                answer = problem_response(error, scope["path"])
                answer.raw_headers.extend([*_BARE_HEADERS, *scope[HEADERS]])
                self.traffic.answered(error.status, 0)
                self.traffic.limited[error.limit] += 1
                await answer(scope, receive, send)
                return
        if self.hot is None or not await self.hot.serve(self, scope, receive, send):
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 description, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _describe(self)
        return self.openapi_schema


def _describe(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = schema["components"]["schemas"]
    for model in (Written, BatchReply, Problem, TaskBatch):
        components.update(_pydantic_schema(model))
    kinds = [request for _, request, _, _, _ in _HOT.values()]
    _, found = msgspec.json.schema_components(kinds, ref_template=_SCHEMAS + "{name}")
    components.update({name: _portable(value) for name, value in found.items()})
    for path, (name, request, batch, tag, summary) in _HOT.items():
        operation = _hot_operation(name, request, batch, tag, summary)
        if path in _KEYLESS:
            operation.pop("security")
        schema["paths"].setdefault(path, {})["post"] = operation
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    return schema


_PROBLEM: Final = {
    "description": "A problem (RFC 9457) that says what is wrong and what to do",
    "content": {"application/problem+json": {"schema": {"$ref": _SCHEMAS + "Problem"}}},
}


def _hot_operation(name: str, request: type[msgspec.Struct], batch: bool, tag: str, summary: str) -> dict[str, Any]:
    reply = {"application/json": {"schema": {"$ref": _SCHEMAS + ("BatchReply" if batch else "Written")}}}
    responses: dict[str, Any] = {"200": {"description": "The results, in order", "content": reply}}
    if not batch:
        responses = {
            "201": {"description": "Written", "content": reply},
            "200": {"description": "Written before; the first receipt", "content": reply},
        }
    return {
        "tags": [tag],
        "summary": summary,
        "operationId": name,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _SCHEMAS + request.__name__}}},
        },
        "responses": responses,
        "security": _SECURITY,
    }


def _pydantic_schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template=_SCHEMAS + "{model}", mode="serialization")
    return {**schema.pop("$defs", {}), model.__name__: schema}


def _portable(value: Any) -> Any:
    """JSON Schema's regular expressions are ECMAScript's, which ends a text with ``$`` where Python has ``\\Z``."""
    if isinstance(value, dict):
        return {
            key: part[:-2] + "$" if key == "pattern" and part.endswith(r"\Z") else _portable(part)
            for key, part in value.items()
        }
    return [_portable(part) for part in value] if isinstance(value, list) else value
