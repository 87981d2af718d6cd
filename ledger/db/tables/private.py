"""What no statement says: openings, platforms' own ids, people, sessions, files, members.

``checksum``: of what of a row nothing else binds (``ledger.db.checksums``).
"""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint, text

from ledger.db.tables.columns import BYTES, MAYBE_NUMBER, NUMBER, TEXT, columns, metadata

_SIGNS = text("wallet <> ''")

contents = Table(
    "contents",
    metadata,
    *columns(log=TEXT, kind=TEXT, subject=TEXT, platform=TEXT, salt=BYTES, preimage=BYTES),
    PrimaryKeyConstraint("log", "kind", "subject"),
)
"""Openings: ``kind`` is a commitment's purpose, ``subject`` the id of what carries it: a task; a contribution; a
decision, review, appeal (its resolution's reason) or feedback (feedback); an appeal; a decision (inputs); a result.
Sealed entries have none until they are revealed, erased contents none any more."""

externals = Table(
    "externals",
    metadata,
    *columns(
        log=TEXT,
        platform=TEXT,
        kind=TEXT,
        external_id=TEXT,
        subject=TEXT,
        entry_index=NUMBER,
        salt=BYTES,
        fingerprint=BYTES,
        checksum=NUMBER,
    ),
    PrimaryKeyConstraint("log", "platform", "kind", "external_id"),
)
"""A platform's own ids (kinds: platform, campaign, notice, task, contribution, review, decision, appeal, result).
``fingerprint`` is SHA-256 of 16 bytes of salt and the canonical request without its salts."""

contributors = Table(
    "contributors",
    metadata,
    *columns(log=TEXT, platform=TEXT, external_id=TEXT, id=TEXT, checksum=NUMBER),
    PrimaryKeyConstraint("log", "platform", "external_id"),
    UniqueConstraint("log", "id"),
)
"""People, reviewers included: a platform's own id and the random public one."""

sessions = Table(
    "sessions",
    metadata,
    *columns(log=TEXT, digest=BYTES, platform=TEXT, contributor=TEXT, expires_ms=NUMBER, checksum=NUMBER),
    PrimaryKeyConstraint("log", "digest"),
)
"""Who is signed in; ``digest`` is SHA-256 of the token. ``contributor`` is their public id, the address with which
somebody of no platform (empty) signed in, or a member's id."""

sign_in_links = Table(
    "sign_in_links",
    metadata,
    *columns(
        log=TEXT,
        digest=BYTES,
        platform=TEXT,
        contributor=TEXT,
        expires_ms=NUMBER,
        used=MAYBE_NUMBER,
        checksum=NUMBER,
    ),
    PrimaryKeyConstraint("log", "digest"),
)
"""One-time links; ``digest`` is SHA-256 of the token, ``used`` when it was."""

members = Table(
    "members",
    metadata,
    *columns(log=TEXT, id=TEXT, platform=TEXT, name=TEXT, role=TEXT, wallet=TEXT, at_ms=NUMBER, checksum=NUMBER),
    PrimaryKeyConstraint("log", "id"),
    Index("ix_members_platform", "log", "platform", "id"),
    Index("ix_members_wallet", "log", "wallet", "platform", unique=True, sqlite_where=_SIGNS, postgresql_where=_SIGNS),
)
"""The people of platforms: ``role`` says what they may, ``wallet`` is what they sign in with, empty without one."""

files = Table(
    "files",
    metadata,
    *columns(
        log=TEXT,
        platform=TEXT,
        sha256=TEXT,
        bytes=NUMBER,
        type=TEXT,
        at_ms=NUMBER,
        erased_ms=MAYBE_NUMBER,
        checksum=NUMBER,
    ),
    PrimaryKeyConstraint("log", "platform", "sha256"),
    Index("ix_files_sha256", "sha256"),
)
"""Which platform uploaded which file: digest (hex), size in bytes, media type. The bytes are in the blob store."""
