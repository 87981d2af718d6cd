"""Platforms and their keys."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.statements.platforms import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key as stored: public id, scopes, SHA-256 of the whole key."""

    id: str
    scopes: tuple[Scope, ...]
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPlatform:
    """A new platform with its first key."""

    id: str
    name: str
    key: ApiKey
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddKey:
    """One more key for a platform."""

    platform: str
    key: ApiKey


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKey:
    """A key that counts no more from here on."""

    platform: str
    key_id: str
