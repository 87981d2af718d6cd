"""What the outermost layer (``api.logs``) adds to a request's scope: the service of the log that its path names."""

from __future__ import annotations

from typing import Any, Final

SERVICE: Final = "crowdledger.service"
"""The scope's member with the Service."""


def base_of(scope: Any) -> str:
    """The path below which the world finds the log, such as ``/logs/survey``; empty where it has a host for itself."""
    base: str = scope[SERVICE].base
    return base


def instance_of(scope: Any) -> str:
    """The path that was asked for, as whoever asked wrote it: the ``instance`` of a problem (RFC 9457)."""
    path: str = scope["path"]
    return base_of(scope) + path
