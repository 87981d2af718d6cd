"""Bringing back from published entries what a restored backup lacks: the same entries, byte for byte, and their rows.

The statements say all that views say. What only the lost database knew is gone: rows that must be there are made
without it (``ledger.db.tables.restored``), so that whatever follows has something to refer to.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from ledger.db import Database, tables
from ledger.db.checksums import CHECKED, checksum
from ledger.db.loading import Content, Loaded, Named
from ledger.db.rows import ApiKeyRow, CheckpointRow, ContributorRow, EntryRow, Rows
from ledger.db.store import Change, Head, Work
from ledger.errors import DatabaseError, ProofError, RuleError
from ledger.log.checking.contents import commitments, is_sealed
from ledger.log.checking.people import people_of
from ledger.log.checking.remade import without_private
from ledger.log.checking.replay import Replay
from ledger.log.reader import Reader
from ledger.statements import kinds
from ledger.statements.contents import ContentErased
from ledger.statements.contributions import ContributionRevealed, ContributionSubmitted
from ledger.statements.kinds import AnyStatement
from ledger.statements.platforms import AdminActed, KeyRotated, PlatformRegistered
from ledger.statements.values import time_ms
from ledger.tree.checkpoints import Checkpoint
from ledger.tree.growth import CompactRange, Growth
from ledger.tree.merkle import leaf_hash

_GROUP: Final = 1_000
_READ_AT_A_TIME: Final = 2_000
DIRECT_PREFIX: Final = "wallet:"
"""How the own ids begin of people who entered a campaign without its platform (as the API makes them)."""
_NO_DIGEST: Final = bytes(32)
"""In the place of a lost digest: nothing is known that has it."""


@dataclass(frozen=True, slots=True)
class Published:
    """A log's newest head that others hold: verified, with the note as it was signed; ``source`` names who has it."""

    checkpoint: Checkpoint
    note: str
    vkey: str
    source: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Which entries came back, and what of them is lost: openings, people's own ids, keys (by their public ids)."""

    first: int
    last: int
    openings: int
    people: int
    keys: list[str]


def check_continues(tree: CompactRange, published: Published, entries: Iterable[bytes]) -> None:
    """Raise ProofError unless ``entries``, appended to the backup's tree, lead to the published head."""
    given = iter(entries)
    while group := list(islice(given, _GROUP)):
        tree = Growth(tree, [leaf_hash(each) for each in group]).after
    said = published.checkpoint
    if (tree.size, tree.root()) != (said.size, said.root):
        raise ProofError(
            f"'{published.source}' does not continue the backup: its entries do not lead from there to its checkpoint "
            f"of size {said.size}.",
            remedy=_DIFFERS,
            size=said.size,
        )


async def check_within(database: Database, log: str, published: Published) -> None:
    """Raise ProofError unless the published head is one of the database's log."""
    said = published.checkpoint
    if await Reader(database, log).root_at(said.size) != said.root:
        raise ProofError(
            f"'{published.source}' has another history than the backup: they differ before entry {said.size}.",
            remedy=_DIFFERS,
            size=said.size,
        )


async def bring_back(database: Database, log: str, published: Published, entries: Iterable[bytes], now_ms: int) -> Lost:
    """Append the entries that the log lacks up to the published head, which is then the log's.

    ``entries`` are those from the log's size on. Nobody else may have the database open. Raises ProofError where they
    do not lead to the head or break a rule of the book, FormatError where one is no statement, DatabaseError.
    """
    bringing = _Bringing(published)
    async for index, data in _stored(Reader(database, log)):
        bringing.replay.take(kinds.parse(data), index)
    first = bringing.replay.size
    try:
        bringing.people, bringing.direct = await _people(database, log)
        store = database.store(log)
        given = iter(entries)
        while group := list(islice(given, _GROUP)):
            await store.append(Named(), bringing.group(group))
        await store.close()
        bringing.check_whole()
        lost = bringing.lost(first)
        await _change_members(database, log, bringing.members)
        await _note(database, log, lost, now_ms, published.source)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(f"The database refused: {error.__class__.__name__}.") from error
    return lost


async def end_sessions(database: Database) -> None:
    """Sign everybody out: a session may have been ended, and a link used, since the backup was made."""
    async with database.begin() as connection:
        for table in (tables.sessions, tables.sign_in_links):
            await connection.execute(delete(table))


async def _people(database: Database, log: str) -> tuple[set[str], set[tuple[str, str]]]:
    """The public ids that have a row; platforms and own ids of those who entered directly."""
    people = tables.contributors.c
    async with database.engine.connect() as connection:
        ids = await connection.execute(select(people.id).where(people.log == log))
        own = select(people.platform, people.external_id).where(people.log == log)
        direct = await connection.execute(own.where(people.external_id.startswith(DIRECT_PREFIX, autoescape=True)))
        return set(ids.scalars()), {(row.platform, row.external_id) for row in direct}


async def _note(database: Database, log: str, lost: Lost, now_ms: int, source: str) -> None:
    """The row by which a check of the database knows what is lost."""
    row: dict[str, str | int] = {
        "first_index": lost.first,
        "last_index": lost.last,
        "at_ms": now_ms,
        "source": source,
    }
    async with database.begin() as connection:
        await connection.execute(insert(tables.restored).values(log=log, checksum=checksum(*row.values()), **row))


async def _change_members(database: Database, log: str, said: dict[str, str]) -> None:
    """Who was removed since the backup is removed again. Who was changed signs in by a link only: an owner makes it,
    who sees the role that the backup had.
    """
    of = tables.members
    async with database.begin() as connection:
        for id_, act in said.items():
            one = (of.c.log == log, of.c.id == id_)
            row = (await connection.execute(select(of).where(*one))).mappings().first()
            if row is None:
                continue
            if act == "member.removed":
                await connection.execute(delete(of).where(*one))
                continue
            after = dict(row) | {"wallet": ""}
            sum_ = checksum(*(after[name] for name in CHECKED["members"]))
            await connection.execute(update(of).where(*one).values(wallet="", checksum=sum_))


async def _stored(reader: Reader) -> AsyncIterator[tuple[int, bytes]]:
    size = (await reader.head()).size
    for begin in range(0, size, _READ_AT_A_TIME):
        for index, data in enumerate(await reader.statements(begin, min(begin + _READ_AT_A_TIME, size)), begin):
            yield index, data


_DIFFERS: Final = "Nothing was restored. Keep both, and find out which of them the anchors and other mirrors confirm."


class _Bringing:
    """The log so far, and the rows of what is appended to it."""

    def __init__(self, published: Published) -> None:
        self._published = published
        self._size = 0
        self._carried: set[Content] = set()
        self._keys: list[str] = []
        self.replay = Replay()
        self.people: set[str] = set()
        """Public ids that have a row."""
        self.direct: set[tuple[str, str]] = set()
        """Platforms and own ids of those who entered directly."""
        self.members: dict[str, str] = {}
        """By their ids: the last of what was done to members, ``member.changed`` or ``member.removed``."""
        self.nobody = 0
        """People whose own ids are lost."""

    def group(self, entries: Sequence[bytes]) -> Work[None]:
        """The change that appends these entries."""

        def work(head: Head, _: Loaded) -> Change[None]:
            rows, at_ms = Rows(), head.at_ms
            leaves = [leaf_hash(data) for data in entries]
            for index, (data, leaf) in enumerate(zip(entries, leaves, strict=True), head.tree.size):
                at_ms = self._add(rows, EntryRow(index, "", 0, data, leaf, None))
            growth = Growth(head.tree, leaves)
            self._size = growth.size
            said = self._published
            if growth.size == said.checkpoint.size:
                rows.add(CheckpointRow(growth.size, said.note))
            return Change(None, growth.after, at_ms, said.note, growth.new_nodes(), rows, self._vkey)

        return work

    def check_whole(self) -> None:
        """All entries are there, and the key that they name is the one that signed the head."""
        said = self._published
        if (self._size, self._vkey) != (said.checkpoint.size, said.vkey):
            raise ProofError(
                f"The entries of '{said.source}' do not lead to its checkpoint, or to the key that signed it."
            )

    def lost(self, first: int) -> Lost:
        """What is lost of the entries from ``first`` on, now that all of them were added."""
        gone = sum(each not in self.replay.erased and not is_sealed(self.replay, each) for each in self._carried)
        return Lost(first, self._size - 1, gone, self.nobody, self._keys)

    @property
    def _vkey(self) -> str:
        return self.replay.loaded.facts.log_keys[-1][1]

    def _add(self, rows: Rows, raw: EntryRow) -> int:
        """The rows of one more entry; returns its time."""
        statement = kinds.parse(raw.statement)
        index, replay = raw.entry_index, self.replay
        if isinstance(statement, PlatformRegistered | KeyRotated):
            self._add_keys(rows, statement, index)
        if isinstance(statement, AdminActed) and statement.act in ("member.changed", "member.removed"):
            self.members[statement.subject] = statement.act
        try:
            replay.take(statement, index)
        except RuleError as error:
            raise ProofError(
                f"Entry {index} of '{self._published.source}' breaks the rule {error.rule}: {error.detail}"
            ) from error
        at_ms = time_ms(statement.at)
        entry = raw._replace(kind=kinds.NAMES[type(statement)], at_ms=at_ms, subject=replay.subject(statement))
        rows.add(entry)
        made = replay.rows(statement, entry, without_private(statement))
        for row in chain.from_iterable(made.new.values()):
            rows.add(row)
        rows.changed += made.changed
        rows.funds += made.funds
        self._add_people(rows, statement)
        self._note_contents(rows, statement)
        return at_ms

    def _add_people(self, rows: Rows, statement: AnyStatement) -> None:
        """Whoever the log names has a row: they can sign in, link a wallet and be paid."""
        for who in people_of(statement):
            if who not in self.people:
                self.people.add(who)
                self.nobody += 1
                platform = self.replay.platform_of(statement)
                person = (platform, self._own_id(platform, statement), who)
                rows.add(ContributorRow(*person, checksum(*person)))

    def _own_id(self, platform: str, statement: AnyStatement) -> str:
        """For somebody whose own id is lost. Who may have entered directly has the wallet's: it signs them in, and the
        platform does not act in their name."""
        if isinstance(statement, ContributionSubmitted) and statement.signature is not None:
            own_id = f"{DIRECT_PREFIX}{statement.signature.address}"
            direct = self.replay.loaded.facts.campaigns[statement.campaign].opened.direct
            if direct and (platform, own_id) not in self.direct:
                self.direct.add((platform, own_id))
                return own_id
        return f"lost-{secrets.token_hex(16)}"

    def _add_keys(self, rows: Rows, statement: PlatformRegistered | KeyRotated, index: int) -> None:
        """New keys without their secrets' digests; those of before are revoked and expire as it was stated."""
        platform = statement.id if isinstance(statement, PlatformRegistered) else statement.platform
        for key in statement.keys:
            expires_ms = None if key.expires is None else time_ms(key.expires)
            if key.id not in self.replay.all_keys:
                self._keys.append(key.id)
                scopes = " ".join(key.scopes)
                sum_ = checksum(key.id, _NO_DIGEST)
                rows.add(ApiKeyRow(key.id, platform, _NO_DIGEST, scopes, None, sum_, expires_ms))
            elif expires_ms is not None and expires_ms != self.replay.expiries[key.id]:
                rows.change("expire", key.id, expires_ms)
        for gone in self.replay.keys.get(platform, {}).keys() - {key.id for key in statement.keys}:
            rows.change("revoke", gone, index)

    def _note_contents(self, rows: Rows, statement: AnyStatement) -> None:
        self._carried.update(content for content, _ in commitments(statement) if content.purpose != "inputs")
        if isinstance(statement, ContributionRevealed):
            self._carried.add(Content("contribution", statement.contribution))
        if isinstance(statement, ContentErased):
            rows.change("erase", statement.purpose, statement.subject)
