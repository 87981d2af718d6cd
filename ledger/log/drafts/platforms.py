"""Drafts about platforms and their keys."""

from __future__ import annotations

import msgspec

from ledger.db.checksums import checksum
from ledger.db.loading import LiveKey
from ledger.db.rows import ApiKeyRow
from ledger.errors import FieldError, RuleError
from ledger.log import items
from ledger.log.drafts.draft import Draft
from ledger.log.drafts.known import Known, missing
from ledger.statements.platforms import MAX_KEYS, AdminActed, Key, KeyRotated, PlatformRegistered, Scope
from ledger.statements.values import format_time, time_ms


def register(item: items.RegisterPlatform, known: Known) -> Draft:
    """A platform with its first key."""
    key = _new_key(item.id, item.key, known)
    keys = [Key(id=item.key.id, scopes=list(item.key.scopes))]
    return Draft(PlatformRegistered(v=1, at=known.at, id=item.id, name=item.name, keys=keys), key=key)


def add_key(item: items.AddKey, known: Known) -> Draft:
    """The platform's keys and the new one, which may take the place of another after a while."""
    key = _new_key(item.platform, item.key, known)
    live = dict(known.live_keys(item.platform))
    if len(live) >= MAX_KEYS:
        raise RuleError(
            f"Your platform has {MAX_KEYS} keys.",
            rule="keys-bounded",
            remedy="Revoke one that is not used; those whose time is over count too.",
        )
    live[key.id] = LiveKey(key.id, key.scopes, key.expires_ms)
    expired: tuple[str, int] | None = None
    if item.rotates is not None:
        old = live.get(item.rotates) or missing("key", item.rotates)
        until = time_ms(known.at) + item.overlap_ms
        expired = old.id, until if old.expires_ms is None else min(until, old.expires_ms)
        live[old.id] = LiveKey(old.id, old.scopes, expired[1])
        _check_admin(old, live)
    return Draft(_rotated(item.platform, live, known, item.by), key=key, expired=expired)


def revoke_key(item: items.RevokeKey, known: Known) -> Draft:
    """The platform's keys without one of them."""
    live = dict(known.live_keys(item.platform))
    revoked = live.pop(item.key_id, None)
    if revoked is None:
        missing("key", item.key_id)
    _check_admin(revoked, live)
    return Draft(_rotated(item.platform, live, known, item.by), revoked=item.key_id)


def note_act(item: items.NoteAct, known: Known) -> Draft:
    """What a platform's administrator did."""
    said = AdminActed(v=1, at=known.at, platform=item.platform, by=item.by, act=item.act, subject=item.subject)
    return Draft(said)


def _check_admin(lost: LiveKey, live: dict[str, LiveKey]) -> None:
    """A platform keeps a key with which it can make others, for ever."""
    if _stays_admin(lost) and not any(map(_stays_admin, live.values())):
        raise RuleError(
            f"Key {lost.id} is the platform's last one with the scope admin that does not expire.",
            rule="last-admin-key",
            remedy="Add another key with the scope admin first, then revoke this one with it.",
        )


def _rotated(platform: str, live: dict[str, LiveKey], known: Known, by: str | None) -> KeyRotated:
    keys = [
        Key(
            id=key.id,
            scopes=_scopes(key.scopes),
            expires=None if key.expires_ms is None else format_time(key.expires_ms),
        )
        for _, key in sorted(live.items())
    ]
    return KeyRotated(v=1, at=known.at, platform=platform, keys=keys, by=by)


def _new_key(platform: str, key: items.ApiKey, known: Known) -> ApiKeyRow:
    if key.id in known.loaded.key_ids:
        raise RuleError(f"A key {key.id} exists already.", rule="id-unused", remedy="Make a new key.")
    if key.expires_ms is not None and key.expires_ms <= time_ms(known.at):
        raise FieldError("expires: This time is over.", field="expires", remedy="Send a time to come, in UTC.")
    sum_ = checksum(key.id, key.digest)
    return ApiKeyRow(key.id, platform, key.digest, " ".join(key.scopes), None, sum_, key.expires_ms)


def _stays_admin(key: LiveKey) -> bool:
    return "admin" in key.scopes.split() and key.expires_ms is None


def _scopes(words: str) -> list[Scope]:
    return msgspec.convert(words.split(), list[Scope])
