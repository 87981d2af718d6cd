"""Calls about platforms and their keys."""

from __future__ import annotations

from collections.abc import Sequence

from ledger import wire
from ledger.client.calls import call
from ledger.client.core import Core, path_of
from ledger.statements.platforms import Scope
from ledger.wire.platforms import RotateKey


class PlatformCalls(Core):
    """Platforms and keys."""

    @call
    async def register_platform(self, name: str, external_id: str | None = None) -> wire.KeyWritten:
        """Register a platform, with the operator's key; the reply has its first key, unless it was registered."""
        return await self._post("/v1/platforms", wire.NewPlatform(name=name, external_id=external_id), wire.KeyWritten)

    @call
    async def keys(self) -> list[wire.Key]:
        """The platform's keys."""
        return [key async for key in self._pages("/v1/keys", wire.Key)]

    @call
    async def current_key(self) -> wire.CurrentKey:
        """This client's key, and whose it is."""
        return await self._get("/v1/keys/current", wire.CurrentKey)

    @call
    async def add_key(self, scopes: Sequence[Scope], expires: str | None = None) -> wire.KeyWritten:
        """Add a key to the platform, for good or until ``expires`` (RFC 3339)."""
        return await self._post("/v1/keys", wire.NewKey(scopes=list(scopes), expires=expires), wire.KeyWritten)

    @call
    async def rotate_key(self, key_id: str, new: RotateKey | None = None) -> wire.KeyWritten:
        """Put a new key in the place of one of the platform's, which counts for a while more."""
        return await self._post(path_of("/v1/keys/{}/rotate", key_id), new or RotateKey(), wire.KeyWritten)

    @call
    async def revoke_key(self, key_id: str) -> wire.Written:
        """Revoke a key of the platform."""
        return await self._delete(path_of("/v1/keys/{}", key_id), wire.Written)
