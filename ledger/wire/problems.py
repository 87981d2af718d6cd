"""Problems (RFC 9457) and our errors, in both directions: the service writes them, the client raises them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ledger.errors import CrowdLedgerError, FieldError, IdReusedError, RequestError, RuleError, UnavailableError

_PREFIX: Final = "/problems/"
_OWN: Final = {"type", "title", "status", "detail", "remedy", "instance", "code", "self"}
_EXISTING: Final = {"id", "kind", "index", "existing"}
"""Arguments of an IdReusedError that are no members of a problem."""


def problem(error: CrowdLedgerError, instance: str | None = None) -> dict[str, Any]:
    """The members of a problem; a field's or a rule's name among them."""
    members: dict[str, Any] = {
        **error.members,
        "type": _PREFIX + error.slug,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "remedy": error.remedy,
    }
    if isinstance(error, IdReusedError) and error.existing is not None:
        members["existing"] = error.existing
    return members if instance is None else members | {"instance": instance}


def kinds() -> dict[str, type[CrowdLedgerError]]:
    """The problem types by slug; where two errors share one, that which a request meets."""
    found: dict[str, type[CrowdLedgerError]] = {}
    waiting: list[type[CrowdLedgerError]] = [CrowdLedgerError]
    while waiting:
        kind = waiting.pop(0)
        waiting.extend(kind.__subclasses__())
        if kind is not RequestError and (kind.slug not in found or issubclass(kind, RequestError)):
            found[kind.slug] = kind
    return found


def error_of(members: Mapping[str, Any], status: int) -> CrowdLedgerError:
    """The error that a problem tells of; where its type is not ours, the nearest one of the HTTP status."""
    slug = str(members.get("type", "")).removeprefix(_PREFIX)
    detail = str(members.get("detail") or f"The service answered {status}.")
    remedy = members.get("remedy")
    more = {
        name: value
        for name, value in members.items()
        if name not in _OWN and name.isidentifier() and isinstance(value, str | int)
    }
    kind = kinds().get(slug) or (UnavailableError if status >= 500 else RequestError)
    if issubclass(kind, IdReusedError):
        more = {name: value for name, value in more.items() if name not in _EXISTING}
    for needing, name in ((FieldError, "field"), (RuleError, "rule")):
        if issubclass(kind, needing):
            more[name] = str(more.get(name, "?"))
    error: CrowdLedgerError = kind(detail, remedy=str(remedy) if remedy else None, **more)
    if isinstance(error, IdReusedError):
        _take_existing(error, members.get("existing"))
    return error


def _take_existing(error: IdReusedError, existing: object) -> None:
    """What a service says that the id names; left out where it is not what it should be."""
    members = {"id": str, "index": int, "url": str, "receipt": dict}
    if isinstance(existing, dict) and all(type(existing.get(name)) is kind for name, kind in members.items()):
        error.id, error.index, error.existing = existing["id"], existing["index"], existing
