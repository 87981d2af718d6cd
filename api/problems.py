"""Every error as a problem (RFC 9457): what is wrong, what to do, and a page about its kind."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.existing import tell_existing
from api.pages.rendering import page, wants_page
from api.scope import instance_of
from api.service import service_of
from ledger.errors import (
    ChainError,
    CrowdLedgerError,
    DatabaseError,
    FieldError,
    FormatError,
    IdReusedError,
    MalformedError,
    MethodError,
    NotFoundError,
    TooManyError,
    UnavailableError,
)
from ledger.statements import values
from ledger.wire import values as wire_values
from ledger.wire.problems import problem

MEDIA_TYPE: Final = "application/problem+json"
DATABASE_ERRORS: Final = (OperationalError, InterfaceError, PoolTimeoutError, ConnectionError)
"""What the database's drivers raise when it fails."""
_BODY_LOCATIONS = {"body", "query", "path"}
_LOGGER = logging.getLogger(__name__)
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`")
_REGEX = re.compile(r"Expected `str` matching regex '(?P<regex>.*)'", re.DOTALL)


_MESSAGES: Final = {"extra_forbidden": "There is no such field here", "missing": "It is missing"}
_NO_FORM: Final = "It is not in the form that is asked"
_REMEDY: Final = "Correct the field; /docs shows its form."
_REMEDIES: Final = {
    "policy": 'Send {"name": "piece_rate", "amount": "5"}, {"name": "score_rate", "max_amount": "5"}, '
    '{"name": "prizes", "amounts": ["50", "20"]} or {"name": "pool", "total": "100"}, in base units.',
    "brief": "A brief has problem, mode (cooperation or competition), rules, example_accepted, example_rejected and "
    "rights {rejected_entries, pass_on}, and criteria where judges score them.",
}


def _pattern(annotated: Any) -> str:
    """A value's regular expression without its end, which msgspec and pydantic write differently."""
    return _without_end(str(annotated.__metadata__[0].pattern))


def _without_end(regex: str) -> str:
    return regex.removesuffix("$").removesuffix(r"\Z")


_WORDS: Final[dict[str, str]] = {
    _pattern(values.Id): "It is not an id: a lower-case UUID of version 7, as our replies give it.",
    _pattern(values.Digest): "It is not a digest: 64 lower-case hex digits.",
    _pattern(wire_values.Word): "It is not a name: lower-case letters, digits and . _ - (at most 64).",
    _pattern(values.Score): "It is not a score: '0', '1' or '0.' and up to six digits, the last not zero.",
    _pattern(values.Address): "It is not an address: 0x and 40 lower-case hex digits.",
    _pattern(wire_values.Address): "It is not an address: 0x and 40 hex digits.",
    _pattern(wire_values.Amount): 'It is not an amount: base units in decimal digits, as "5", without leading zeros.',
    _pattern(wire_values.OwnId): "It holds control characters.",
}


def problem_response(error: CrowdLedgerError, instance: str, headers: Mapping[str, str] | None = None) -> Response:
    """The reply to a request that failed."""
    extra = dict(headers or {})
    if error.status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if isinstance(error, UnavailableError | ChainError):
        extra["Retry-After"] = str(getattr(error, "retry_after_seconds", UnavailableError.retry_after_seconds))
    body = msgspec.json.encode(problem(error, instance))
    return Response(body, error.status, extra, media_type=MEDIA_TYPE)


def decoding_error(error: msgspec.DecodeError | UnicodeDecodeError | RecursionError) -> CrowdLedgerError:
    """What msgspec says about a body, as our error: malformed (400) or a field that is wrong (422) by its path."""
    if not isinstance(error, msgspec.ValidationError):
        why = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        return MalformedError(f"The body is not JSON: {why}.")
    what, _, at = str(error).partition(" - at `")
    path = at.removesuffix("`").removeprefix("$").removeprefix(".")
    inner = _MISSING.search(what) or _UNKNOWN.search(what)
    if inner:
        field = ".".join(part for part in (path, inner["field"]) if part)
        words = "It is missing." if what.startswith("Object missing") else "There is no such field here."
        return FieldError(f"{field}: {words}", field=field, remedy="Send the fields that /docs shows for this path.")
    if not path:
        return MalformedError(f"The body is not what this path takes: {what}.")
    regex = _REGEX.fullmatch(what)
    words = _WORDS.get(_without_end(regex["regex"].replace("\\\\", "\\")), _NO_FORM) if regex else what
    return FieldError(f"{path}: {words.rstrip('.')}.", field=path, remedy=_REMEDY)


def validation_error(errors: list[Any]) -> CrowdLedgerError:
    """What pydantic says about a request, as our error; only the first finding, and never the value."""
    first = errors[0]
    location = [str(part) for part in first["loc"]]
    if location and location[0] in _BODY_LOCATIONS:
        location = location[1:]
    if first["type"] == "json_invalid":
        return MalformedError(f"The body is not JSON: {first.get('ctx', {}).get('error', 'it ends too early')}.")
    if not location:
        return MalformedError("The body is missing or is not a JSON object.")
    field = ".".join(location)
    missing = [_path(error["loc"]) for error in errors if error["type"] == "missing"]
    if first["type"] == "missing" and len(missing) > 1:
        remedy = _remedy(location)
        return FieldError(f"{field}: It is missing, and so are {', '.join(missing[1:])}.", field=field, remedy=remedy)
    message = str(first["msg"]).removeprefix("Value error, ")
    message = _MESSAGES.get(first["type"], message)
    if first["type"] == "string_pattern_mismatch":
        message = _WORDS.get(_without_end(first["ctx"]["pattern"]), _NO_FORM)
    return FieldError(f"{field}: {message.rstrip('.')}.", field=field, remedy=_remedy(location))


def _path(location: Sequence[Any]) -> str:
    parts = [str(part) for part in location]
    return ".".join(parts[1:] if parts[0] in _BODY_LOCATIONS else parts)


def _remedy(location: Sequence[str]) -> str:
    """What to do about a field: the words for it, else for the part of the request that it is in."""
    return _REMEDIES.get(location[-1]) or _REMEDIES.get(location[0], _REMEDY)


def _answer(request: Request, error: CrowdLedgerError, headers: Mapping[str, str] | None = None) -> Response:
    """A problem, or for a person's browser a page that says the same."""
    if wants_page(request):
        return page(request, "error.html", error.status, error=error)
    return problem_response(error, instance_of(request.scope), headers)


async def _on_known(request: Request, error: Exception) -> Response:
    assert isinstance(error, CrowdLedgerError)
    return await answer_known(request, error)


async def answer_known(request: Request, error: CrowdLedgerError) -> Response:
    """The reply to a request that raised one of our errors."""
    if isinstance(error, FormatError):
        error = MalformedError(error.detail, remedy=error.remedy)
    if isinstance(error, IdReusedError):
        await tell_existing(service_of(request), [error])
    if isinstance(error, TooManyError):
        request.app.traffic.limited[error.limit] += 1
    if isinstance(error, DatabaseError) and error.__cause__ is not None:  # which the reply keeps to itself
        _LOGGER.error("The database failed: %s", str(error.__cause__).partition("\n")[0])
    return _answer(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _answer(request, validation_error(list(error.errors())))


async def _on_http(request: Request, error: Exception) -> Response:
    """The framework's own errors: no route, no method, a body that broke while it was read."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, CrowdLedgerError):
        return _answer(request, error.__cause__)
    asked, path = instance_of(request.scope), request.url.path
    match error.status_code:
        case 404:
            found: CrowdLedgerError = NotFoundError(f"There is nothing at {asked}.", remedy=_remedy_of_path(path))
        case 405:
            allowed = ", ".join(_methods(request))
            found = MethodError(f"{asked} does not take {request.method}.")
            return problem_response(found, asked, {"Allow": allowed} if allowed else error.headers)
        case _:
            found = MalformedError("The body is not JSON that can be read.")
    return _answer(request, found, error.headers)


def _remedy_of_path(path: str) -> str:
    if path.startswith("/logs/"):
        return "There is no such log; /v1/audit/summary names the logs."
    return "Leave out the slash at the end." if path.endswith("/") else "/docs lists the paths."


def _methods(request: Request) -> list[str]:
    """The methods that the description has for the request's path; a path without parameters is told from those
    that it would fit as well."""
    app: FastAPI = request.app
    paths = app.openapi()["paths"]
    fits = [template for template in paths if re.fullmatch(_pattern_of(template), request.url.path)]
    nearest = min(fits, key=lambda template: template.count("{"), default=None)
    found = [] if nearest is None else [method.upper() for method in paths[nearest]]
    return sorted({*found, *(["HEAD"] if "GET" in found else [])})


def _pattern_of(template: str) -> str:
    return "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", template))


async def answer_database(request: Request, error: Exception) -> Response:
    """The reply to a request that met one of ``DATABASE_ERRORS``."""
    _LOGGER.error("The database failed: %s", error)
    return _answer(request, DatabaseError("The database does not answer."))


async def answer_unknown(request: Request, error: Exception) -> Response:
    """The reply to a request that met a fault of ours."""
    return _answer(
        request,
        CrowdLedgerError(
            "The service failed on this request.",
            remedy="Try again; if it stays, tell the operator what stands in X-Request-Id. The log has the cause.",
        ),
    )


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem."""
    app.add_exception_handler(CrowdLedgerError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, answer_database)
    app.add_exception_handler(Exception, answer_unknown)
