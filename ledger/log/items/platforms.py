"""Platforms and their keys."""

from __future__ import annotations

import msgspec

from ledger.statements.platforms import Scope


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An API key as stored: public id, scopes, SHA-256 of the whole key."""

    id: str
    scopes: tuple[Scope, ...]
    digest: bytes


class RegisterPlatform(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A new platform with its first key."""

    id: str
    name: str
    key: ApiKey
    external_id: str | None = None


class AddKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One more key for a platform."""

    platform: str
    key: ApiKey


class RevokeKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A key that counts no more from here on."""

    platform: str
    key_id: str
