"""Drafts about platforms and their keys."""

from __future__ import annotations

import msgspec

from ledger.db.checksums import checksum
from ledger.db.loading import LiveKey
from ledger.db.rows import ApiKeyRow
from ledger.errors import RuleError
from ledger.log import items
from ledger.log.drafts.draft import Draft
from ledger.log.drafts.known import Known, missing
from ledger.statements.platforms import Key, KeyRotated, PlatformRegistered, Scope


def register(item: items.RegisterPlatform, known: Known) -> Draft:
    """A platform with its first key."""
    key = _new_key(item.id, item.key, known)
    keys = [Key(id=item.key.id, scopes=list(item.key.scopes))]
    return Draft(PlatformRegistered(v=1, at=known.at, id=item.id, name=item.name, keys=keys), key=key)


def add_key(item: items.AddKey, known: Known) -> Draft:
    """The platform's keys and the new one."""
    key = _new_key(item.platform, item.key, known)
    live = known.live_keys(item.platform)
    return Draft(_rotated(item.platform, live | {key.id: LiveKey(key.id, key.scopes)}, known), key=key)


def revoke_key(item: items.RevokeKey, known: Known) -> Draft:
    """The platform's keys without one of them."""
    live = dict(known.live_keys(item.platform))
    revoked = live.pop(item.key_id, None)
    if revoked is None:
        missing("key", item.key_id)
    if _is_admin(revoked) and not any(_is_admin(key) for key in live.values()):
        raise RuleError(
            f"Key {item.key_id} is the platform's last one with the scope admin.",
            rule="last-admin-key",
            remedy="Add another key with the scope admin first, then revoke this one with it.",
        )
    return Draft(_rotated(item.platform, live, known), revoked=item.key_id)


def _rotated(platform: str, live: dict[str, LiveKey], known: Known) -> KeyRotated:
    keys = [Key(id=key.id, scopes=_scopes(key.scopes)) for key in sorted(live.values())]
    return KeyRotated(v=1, at=known.at, platform=platform, keys=keys)


def _new_key(platform: str, key: items.ApiKey, known: Known) -> ApiKeyRow:
    if key.id in known.loaded.key_ids:
        raise RuleError(f"A key {key.id} exists already.", rule="id-unused", remedy="Make a new key.")
    return ApiKeyRow(key.id, platform, key.digest, " ".join(key.scopes), None, checksum(key.id, key.digest))


def _is_admin(key: LiveKey) -> bool:
    return "admin" in key.scopes.split()


def _scopes(words: str) -> list[Scope]:
    return msgspec.convert(words.split(), list[Scope])
