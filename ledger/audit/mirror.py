"""A mirror: a static tlog-tiles tree in a folder, that grows only by what continues it.

    checkpoint  tile/<L>/<N>...  tile/entries/<N>...  settlements/<chain>/<pool>/<number>.json  crowdledger.json

New files are put together in ``.incoming`` and verified as a whole against the new checkpoint; only then do they move
into place, the checkpoint last (an atomic rename). A source that contradicts the mirror changes nothing in it.
The accounts of settlements and ``crowdledger.json`` are the source's own word, kept as evidence.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.audit.growing import GrowingTree
from ledger.audit.opening import Opened, open_source_log
from ledger.audit.published import MAX_BYTES, SETTLEMENTS, parse_accounts, path_of
from ledger.audit.source import (
    CHECKPOINT,
    MAX_SUMMARY_BYTES,
    SUMMARY,
    FolderSource,
    Source,
    fetch_tiles,
)
from ledger.errors import ConfigError, FormatError, NotFoundError, ProofError
from ledger.statements import kinds
from ledger.statements.settlements import RewardsSettled
from ledger.tree.keys import VerifierKey
from ledger.tree.merkle import leaf_hash
from ledger.tree.tiles import (
    ENTRIES,
    FULL_WIDTH,
    HEIGHT,
    Tile,
    completed_and_partial,
    decode_entries,
    encode_entries,
)

Progress = Callable[[int, int], None]
"""Called with entries done and entries in all."""
_INCOMING = ".incoming"
_SETTLED = b'"kind":"rewards.settled"'


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did: the sizes before and after, the log's name and key, and the root."""

    old_size: int
    new_size: int
    origin: str
    key: VerifierKey
    root: bytes


def read_entries(source: Source, begin: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yield ``(index of the first, entries)`` from entry ``begin`` rounded down to a bundle, to ``size``.

    FormatError where a bundle does not hold as many entries as a log of ``size`` has there.
    """
    first = begin // FULL_WIDTH
    bundles = [
        Tile(ENTRIES, index, min(FULL_WIDTH, size - index * FULL_WIDTH))
        for index in range(first, -(-size // FULL_WIDTH))
    ]
    for tile, data in fetch_tiles(source, bundles):
        entries = decode_entries(data)
        if len(entries) != tile.width:
            raise FormatError(f"'{tile.path}' of '{source.name}' holds {len(entries)} entries, not {tile.width}.")
        yield tile.index * FULL_WIDTH, entries


def first_difference(source: Source, size: int, other: Source, other_size: int) -> int | None:
    """Index of the first entry in which two logs differ, up to the shorter one's end; None if there is none."""
    common = min(size, other_size)
    pairs = zip(read_entries(source, 0, size), read_entries(other, 0, other_size), strict=False)
    for (begin, ours), (_, theirs) in pairs:
        for offset, (one, two) in enumerate(zip(ours, theirs, strict=False)):
            if one != two:
                return begin + offset
        if begin + FULL_WIDTH >= common:
            break
    return None


class Mirror:
    """The mirror in ``folder``, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def source(self) -> FolderSource:
        """The mirror as a source to read from."""
        return FolderSource(self.folder)

    def sync(
        self, source: Source, *, trusted_key: VerifierKey | None = None, progress: Progress | None = None
    ) -> Synced:
        """Bring the mirror up to the source's checkpoint.

        Raises ProofError, with the members ``entry`` (first that differs) or ``size``, where the source does not
        continue what is mirrored or its entries do not lead to its checkpoint; the mirror is then as it was.
        """
        held = self._held()
        key = trusted_key or (held.key if held else None)
        opened = open_source_log(source, key)
        old_size = held.checkpoint.size if held else 0
        new_size = opened.checkpoint.size
        if held and new_size < old_size:
            self._refuse(source, opened, held)
        incoming = self.folder / _INCOMING
        _remove(incoming)
        try:
            self._collect(source, opened, held, incoming, progress)
            self._take_over(incoming, old_size, new_size)
        finally:
            _remove(incoming)
        return Synced(old_size, new_size, opened.checkpoint.origin, opened.key, opened.checkpoint.root)

    def _held(self) -> Opened | None:
        """What is mirrored so far. ConfigError where the folder holds something else."""
        if (self.folder / CHECKPOINT).exists():
            return open_source_log(self.source())
        # A first sync that was cut off may have left files, but no checkpoint that vouches for them.
        found = {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()
        if found - {_INCOMING, SUMMARY, SETTLEMENTS, "tile"}:
            raise ConfigError(
                f"'{self.folder}' is not empty and not a mirror.", remedy="Give a new folder or an earlier mirror."
            )
        return None

    def _collect(
        self, source: Source, opened: Opened, held: Opened | None, incoming: Path, progress: Progress | None
    ) -> None:
        """Download into ``incoming`` and verify all of it."""
        new_size = opened.checkpoint.size
        old_size = held.checkpoint.size if held else 0
        tree = self._tree_of(held)
        expected: dict[Tile, bytes] = {}
        settled: set[str] = set()
        for begin, entries in read_entries(source, old_size, new_size) if new_size > old_size else ():
            self._check_overlap(source, opened, held, begin, entries)
            _write(incoming / Tile(ENTRIES, begin // FULL_WIDTH, len(entries)).path, encode_entries(entries))
            new = entries[max(0, old_size - begin) :]
            expected |= tree.append([leaf_hash(entry) for entry in new])
            settled |= {path for entry in new if (path := _accounts_of(entry)) is not None}
            if progress is not None:
                progress(begin + len(entries), new_size)
        if tree.root() != opened.checkpoint.root:
            self._refuse(source, opened, held)
        expected |= tree.partial_tiles()
        for tile, data in fetch_tiles(source, list(completed_and_partial(old_size, new_size))):
            if data != expected[tile]:
                raise ProofError(f"'{tile.path}' of '{source.name}' is not what its entries hash to.")
            _write(incoming / tile.path, data)
        for path in sorted(settled):
            with contextlib.suppress(NotFoundError, FormatError):  # nobody has to publish them
                accounts = source.fetch(path, MAX_BYTES)
                parse_accounts(accounts)
                _write(incoming / path, accounts)
        with contextlib.suppress(NotFoundError):  # a log of other software has none
            _write(incoming / SUMMARY, source.fetch(SUMMARY, MAX_SUMMARY_BYTES))
        _write(incoming / CHECKPOINT, opened.note)

    def _tree_of(self, held: Opened | None) -> GrowingTree:
        if held is None:
            return GrowingTree()
        size = held.checkpoint.size
        tree = GrowingTree.resume(size, lambda tile: (self.folder / tile.path).read_bytes())
        if tree.root() != held.checkpoint.root:
            raise ProofError(
                f"The mirror '{self.folder}' is damaged: its tiles do not lead to its own checkpoint of size {size}.",
                remedy="Mirror into a new folder and keep this one as it is.",
            )
        return tree

    def _check_overlap(
        self, source: Source, opened: Opened, held: Opened | None, begin: int, entries: list[bytes]
    ) -> None:
        """The bundle that was partial: its beginning must be what the mirror holds."""
        kept = held.checkpoint.size - begin if held else 0
        if kept > 0:
            ours = decode_entries((self.folder / Tile(ENTRIES, begin // FULL_WIDTH, kept).path).read_bytes())
            if ours != entries[:kept]:
                self._refuse(source, opened, held)

    def _refuse(self, source: Source, opened: Opened, held: Opened | None) -> None:
        """Say why the source is not taken: it differs from the mirror, is shorter, or contradicts its own head."""
        size = opened.checkpoint.size
        if held is not None:
            old_size = held.checkpoint.size
            entry = first_difference(source, size, self.source(), old_size)
            if entry is not None:
                raise ProofError(
                    f"The log at '{source.name}' is not the mirrored one any more: entry {entry} differs.",
                    remedy="The mirror is unchanged; keep it as evidence and run 'crowdledger audit' with --mirror.",
                    entry=entry,
                )
            if size < old_size:
                raise ProofError(
                    f"The log at '{source.name}' has {size} entries, the mirror has {old_size}: entries are missing.",
                    remedy="The mirror is unchanged. An old copy of the service may answer; try later, then ask why.",
                    size=size,
                )
        raise ProofError(
            f"The entries at '{source.name}' do not lead to the root of its checkpoint of size {size}.", size=size
        )

    def _take_over(self, incoming: Path, old_size: int, new_size: int) -> None:
        """Move verified files into place, the checkpoint last, then drop partial tiles that fuller ones replace."""
        files = sorted(path for path in incoming.rglob("*") if path.is_file())
        for path in files:
            if path.name != CHECKPOINT:
                _move(path, self.folder / path.relative_to(incoming))
        _sync_folders(self.folder)
        _move(incoming / CHECKPOINT, self.folder / CHECKPOINT)
        _sync_folders(self.folder)
        if new_size > old_size:
            self._drop_partials(old_size, new_size)

    def _drop_partials(self, old_size: int, new_size: int) -> None:
        for level in range(ENTRIES, 8):
            index, width = divmod(old_size >> (HEIGHT * max(level, 0)), FULL_WIDTH)
            now = min(FULL_WIDTH, (new_size >> (HEIGHT * max(level, 0))) - index * FULL_WIDTH)
            if width and now > width:
                old = self.folder / Tile(level, index, width).path
                old.unlink(missing_ok=True)
                if old.parent.is_dir() and not any(old.parent.iterdir()):
                    old.parent.rmdir()


def _accounts_of(entry: bytes) -> str | None:
    """Where the accounts are of the settlement that an entry records; None for any other entry."""
    if _SETTLED not in entry:
        return None
    try:
        statement = kinds.parse(entry)
    except FormatError:
        return None
    if not isinstance(statement, RewardsSettled):
        return None
    return path_of(statement.chain_id, statement.pool, statement.number)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)


def _sync_folders(folder: Path) -> None:
    """Make renames in the mirror's folder durable before what depends on them."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
