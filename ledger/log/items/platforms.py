"""Platforms and their keys."""

from __future__ import annotations

import msgspec

from ledger.statements.platforms import Act, Scope


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An API key as stored: public id, scopes, SHA-256 of the whole key."""

    id: str
    scopes: tuple[Scope, ...]
    digest: bytes
    expires_ms: int | None = None


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
    rotates: str | None = None
    """The key that it is for, which is good until ``overlap_ms`` after the entry; 0: gone with it."""
    overlap_ms: int = 0
    by: str | None = None


class RevokeKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A key that counts no more from here on."""

    platform: str
    key_id: str
    by: str | None = None


class NoteAct(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """That a platform's administrator did something that no other statement tells of."""

    platform: str
    by: str
    act: Act
    subject: str
