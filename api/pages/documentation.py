"""The OpenAPI description, and the page /docs with every path and its fields; no scripts, no third parties."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.pages.rendering import page
from api.scope import base_of

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a request."""

    name: str
    required: bool
    form: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A path with a method."""

    method: str
    path: str
    words: str
    secured: bool
    fields: tuple[Field, ...]


@router.get("/openapi.json")
async def description(request: Request) -> Response:
    """The OpenAPI description, whose paths stand below the log that was asked."""
    schema = await _schema(request)
    base = base_of(request.scope)
    return JSONResponse(schema | {"servers": [{"url": base}]} if base else schema)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """All paths."""
    schema = await _schema(request)
    groups: dict[str, list[Operation]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["other"])[0]
            groups.setdefault(tag, []).append(_operation(schema, method, path, operation))
    return page(request, "docs.html", groups=groups)


async def _schema(request: Request) -> dict[str, Any]:
    """The description: made at the first asking, for most of a second, in which writes go on."""
    schema: dict[str, Any] = await asyncio.to_thread(request.app.openapi)
    return schema


def _operation(schema: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    fields = [
        Field(each["name"], each.get("required", False), _form(schema, each["schema"]))
        for each in operation.get("parameters", [])
        if each["in"] == "query"
    ]
    if body is not None:
        fields += _fields(schema, body)
    words = (operation.get("description") or operation.get("summary", "")).replace("``", "")
    return Operation(method.upper(), path, words, "security" in operation, tuple(fields))


def _fields(schema: dict[str, Any], body: dict[str, Any]) -> list[Field]:
    resolved = _resolve(schema, body)
    required = set(resolved.get("required", []))
    return [
        Field(name, name in required, _form(schema, value)) for name, value in resolved.get("properties", {}).items()
    ]


def _resolve(schema: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    reference = value.get("$ref")
    if reference is None:
        return value
    found: dict[str, Any] = schema["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return found


def _form(schema: dict[str, Any], value: dict[str, Any]) -> str:
    """The form of a value in a few words."""
    for several in ("anyOf", "oneOf"):
        if several in value:
            forms = [_form(schema, each) for each in value[several]]
            return " or ".join(dict.fromkeys(form for form in forms if form != "null"))
    resolved = _resolve(schema, value)
    if "enum" in resolved:
        return ", ".join(str(each) for each in resolved["enum"])
    if "const" in resolved:
        return str(resolved["const"])
    if "$ref" in value or resolved.get("type") == "object":
        members = ", ".join(resolved.get("properties", {}))
        return f"{{{members}}}" if members else "object"
    if resolved.get("type") == "array":
        return f"list of {_form(schema, resolved.get('items', {}))}"
    return str(resolved.get("type", "any JSON"))
