"""What the outermost layer (``api.logs``) adds to a request's scope: the service of the log that its path names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import State

if TYPE_CHECKING:
    from api.service import Service

_PREFIX: Final = "/logs/"
SERVICE: Final = "crowdledger.service"
"""The scope's member with the Service."""
UNSEEN: Final = frozenset({"/health", "/healthz", "/ready", "/readyz", "/metrics"})
"""For those who watch the service: they count for no limit, as a slow service must not look dead, and have no span."""
_DELIVERY: Final = re.compile(r"/v1/hooks/[a-z-]+/[^/]+")
_FILES: Final = re.compile(r"/v1/files(?:/.*)?")
_UPLOADS: Final = frozenset({"POST", "PUT"})


def base_of(scope: Any) -> str:
    """The path below which the world finds the log, such as ``/logs/survey``; empty where it has a host for itself."""
    base: str = scope[SERVICE].base
    return base


def instance_of(scope: Any) -> str:
    """The path that was asked for, as whoever asked wrote it: the ``instance`` of a problem (RFC 9457)."""
    path: str = scope["path"]
    return base_of(scope) + path


def is_delivery(path: str) -> bool:
    """Whether a request to this path of a log is the delivery of a webhook: no name of a connector has a digit."""
    return _DELIVERY.fullmatch(path) is not None


def is_file(path: str) -> bool:
    """Whether this path of a log is that of files."""
    return _FILES.fullmatch(path) is not None


def is_upload(method: str, path: str) -> bool:
    """Whether the body of a request is a file: streamed, and counted where it is stored."""
    return method in _UPLOADS and is_file(path)


def pick(state: State, path: str) -> tuple[Service, str]:
    """The service of the log that ``path`` names, and the path without that name."""
    service: Service = state.main
    if path.startswith(_PREFIX):
        name, _, rest = path[len(_PREFIX) :].partition("/")
        named = state.logs.get(name)
        if named is not None:
            return named, f"/{rest}"
    return service, path
