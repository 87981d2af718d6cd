"""A mirror: a static tlog-tiles tree in a folder or a bucket, that grows only by what continues it.

    checkpoint  tile/<L>/<N>...  tile/entries/<N>...  settlements/<chain>/<pool>/<number>.json  keys.json
    crowdledger.json

New files are put aside and verified as a whole against the new checkpoint; only then do they move into place, the
checkpoint last (``ledger.audit.landing``). A source that contradicts the mirror changes nothing in it. Partial tiles of
the sizes that the mirror has had stay until the full one is there, as tlog-tiles asks: somebody may be reading by an
earlier checkpoint. The accounts of settlements and ``crowdledger.json`` are the source's own word, kept as evidence.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.audit.growing import GrowingTree
from ledger.audit.landing import INCOMING, Arrivals, FolderPlace, Place
from ledger.audit.log_keys import MAX_KEYS_BYTES, next_keys, parse_keys
from ledger.audit.opening import Opened, open_source_log
from ledger.audit.published import MAX_BYTES, SETTLEMENTS, parse_accounts, path_of
from ledger.audit.source import (
    CHECKPOINT,
    KEYS,
    MAX_SUMMARY_BYTES,
    SUMMARY,
    Closing,
    Source,
    fetch_tile,
    fetch_tiles,
)
from ledger.errors import ConfigError, FormatError, NotFoundError, ProofError, SignatureError
from ledger.statements import kinds
from ledger.statements.settlements import RewardsSettled
from ledger.tree.key_chain import KeyChain
from ledger.tree.keys import VerifierKey
from ledger.tree.merkle import leaf_hash
from ledger.tree.tiles import ENTRIES, FULL_WIDTH, HEIGHT, Tile, completed_and_partial, decode_entries

Progress = Callable[[int, int], None]
"""Called with entries done and entries in all."""
_SETTLED = b'"kind":"rewards.settled"'
_ROTATED = b'"kind":"log.key_rotated"'
_TOP_LEVEL = 7


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did: the sizes before and after, the log's name and key, and the root."""

    old_size: int
    new_size: int
    origin: str
    key: VerifierKey
    root: bytes


def read_bundles(source: Source, begin: int, size: int) -> Iterator[tuple[Tile, bytes, list[bytes]]]:
    """Yield the entry bundles from entry ``begin`` rounded down, to ``size``: each with its bytes and its entries.

    FormatError where a bundle does not hold as many entries as a log of ``size`` has there.
    """
    first = begin // FULL_WIDTH
    # Never all at once: what a source claims to have is not believed before it came.
    bundles = (
        Tile(ENTRIES, index, min(FULL_WIDTH, size - index * FULL_WIDTH))
        for index in range(first, -(-size // FULL_WIDTH))
    )
    for tile, data in fetch_tiles(source, bundles):
        entries = decode_entries(data)
        if len(entries) != tile.width:
            raise FormatError(f"'{tile.path}' of '{source.name}' holds {len(entries)} entries, not {tile.width}.")
        yield tile, data, entries


def read_entries(source: Source, begin: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
    """Yield ``(index of the first, entries)`` of the bundles that :func:`read_bundles` gives."""
    for tile, _, entries in read_bundles(source, begin, size):
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


class PlacedMirror:
    """The mirror in a place, which may be empty yet."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def source(self) -> Source:
        """The mirror as a source to read from."""
        return self._place.source()

    def sync(
        self, source: Source, *, trusted_key: VerifierKey | None = None, progress: Progress | None = None
    ) -> Synced:
        """Bring the mirror up to the source's checkpoint.

        Raises ProofError, with the members ``entry`` (first that differs) or ``size``, where the source does not
        continue what is mirrored or its entries do not lead to its checkpoint; UnavailableError where the place
        cannot be written or somebody else writes to it. The mirror is then as it was.
        """
        with self._place.alone():
            held = self._held()
            opened = open_source_log(source, trusted_key or (held.keys.first if held else None))
            old_size = held.checkpoint.size if held else 0
            if opened.checkpoint.size < old_size:
                raise _refusal(source, opened, self.source(), held)
            landing = self._place.landing()
            for reading in (_Continued(source, landing), source):
                try:
                    self._collect(reading, opened, held, landing, progress)
                    break
                except ProofError:
                    goes_on = landing.goes_on
                    landing.clear()
                    # What an interrupted run left was never verified: it may be what is wrong.
                    if not goes_on:
                        raise
            landing.land(CHECKPOINT)
            self._drop_partials(old_size, opened.checkpoint.size)
        return Synced(old_size, opened.checkpoint.size, opened.checkpoint.origin, opened.key, opened.checkpoint.root)

    def _held(self) -> Opened | None:
        """What is mirrored so far. ConfigError where the place holds something else."""
        found = self._place.names()
        if CHECKPOINT in found:
            return open_source_log(self.source())
        # A first sync that was cut off may have left files, but no checkpoint that vouches for them.
        if found - {INCOMING, SUMMARY, KEYS, SETTLEMENTS, "tile"}:
            raise ConfigError(
                f"'{self._place.name}' is not empty and not a mirror.", remedy="Give a new place or an earlier mirror."
            )
        return None

    def _collect(
        self, source: Source, opened: Opened, held: Opened | None, landing: Arrivals, progress: Progress | None
    ) -> None:
        """Put aside all that is new, and verify it."""
        new_size = opened.checkpoint.size
        old_size = held.checkpoint.size if held else 0
        tree = self._tree_of(held)
        keys = held.keys if held else KeyChain.single(opened.keys.first)
        settled: set[str] = set()
        for tile, data, entries in read_bundles(source, old_size, new_size) if new_size > old_size else ():
            begin = tile.index * FULL_WIDTH
            if held is not None and not self._has_beginning(begin, entries, old_size):
                raise _refusal(source, opened, self.source(), held)
            landing.put(tile.path, data)
            new = entries[max(0, old_size - begin) :]
            for full, hashes in tree.append([leaf_hash(entry) for entry in new]):
                landing.put(full.path, hashes)
            if _ROTATED in data:
                for index, entry in enumerate(new, max(begin, old_size)):
                    keys = next_keys(keys, entry, index)
            if _SETTLED in data:
                settled |= {path for entry in new if (path := _accounts_of(entry)) is not None}
            if progress is not None:
                progress(begin + len(entries), new_size)
        if tree.root() != opened.checkpoint.root:
            raise _refusal(source, opened, self.source(), held)
        if keys != opened.keys:
            raise ProofError(f"The checkpoint of '{source.name}' is not signed by the key that its entries name.")
        for partial, hashes in tree.partial_tiles():
            landing.put(partial.path, hashes)
        _check_tiles(source, old_size, new_size, landing)
        _collect_words(source, opened, settled, landing)
        landing.put(CHECKPOINT, opened.note)

    def _tree_of(self, held: Opened | None) -> GrowingTree:
        if held is None:
            return GrowingTree()
        size = held.checkpoint.size
        mirror = self.source()
        tree = GrowingTree.resume(size, lambda tile: fetch_tile(mirror, tile))
        if tree.root() != held.checkpoint.root:
            raise ProofError(
                f"The mirror '{self._place.name}' is damaged: its tiles do not lead to its checkpoint of size {size}.",
                remedy="Mirror into a new place and keep this one as it is.",
            )
        return tree

    def _has_beginning(self, begin: int, entries: list[bytes], old_size: int) -> bool:
        """Whether a bundle begins with what the mirror holds of it."""
        width = min(old_size - begin, FULL_WIDTH)
        if width <= 0:
            return True
        ours = decode_entries(fetch_tile(self.source(), Tile(ENTRIES, begin // FULL_WIDTH, width)))
        return ours == entries[:width]

    def _drop_partials(self, old_size: int, new_size: int) -> None:
        """Drop the partial tiles whose full one has come."""
        for level in range(ENTRIES, _TOP_LEVEL + 1):
            index = (old_size >> (HEIGHT * max(level, 0))) // FULL_WIDTH
            if (new_size >> (HEIGHT * max(level, 0))) // FULL_WIDTH > index:
                self._place.drop(Tile(level, index, 1).path.rpartition("/")[0])


class Mirror(PlacedMirror):
    """The mirror in ``folder``, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(FolderPlace(folder))
        self.folder = folder


class _Continued(Closing):
    """A source of which an interrupted run has some full bundles already."""

    def __init__(self, source: Source, landing: Arrivals) -> None:
        self.name, self.is_copy, self.parallel = source.name, source.is_copy, source.parallel
        self._source = source
        self._landing = landing

    def fetch(self, path: str, limit: int) -> bytes:
        """What is left of an earlier run, else what the source has; errors as for :meth:`Source.fetch`."""
        is_full_bundle = path.startswith("tile/entries/") and ".p/" not in path
        left = self._landing.left(path) if is_full_bundle else None
        if left is not None:
            with contextlib.suppress(FormatError):  # half of a file, after the power went
                if len(decode_entries(left)) == FULL_WIDTH:
                    return left
        return self._source.fetch(path, limit)


def _refusal(source: Source, opened: Opened, mirror: Source, held: Opened | None) -> ProofError:
    """Why the source is not taken: it differs from the mirror, is shorter, or contradicts its own head."""
    size = opened.checkpoint.size
    if held is not None:
        old_size = held.checkpoint.size
        entry = first_difference(source, size, mirror, old_size)
        if entry is not None:
            return ProofError(
                f"The log at '{source.name}' is not the mirrored one any more: entry {entry} differs.",
                remedy="The mirror is unchanged; keep it as evidence and run 'crowdledger audit' with --mirror.",
                entry=entry,
            )
        if size < old_size:
            return ProofError(
                f"The log at '{source.name}' has {size} entries, the mirror has {old_size}: entries are missing.",
                remedy="The mirror is unchanged. An old copy of the service may answer; try later, then ask why.",
                size=size,
            )
    return ProofError(
        f"The entries at '{source.name}' do not lead to the root of its checkpoint of size {size}.", size=size
    )


def _check_tiles(source: Source, old_size: int, new_size: int, landing: Arrivals) -> None:
    """The tiles of the source, from which others make their proofs, are those that its entries hash to."""
    for tile, data in fetch_tiles(source, completed_and_partial(old_size, new_size)):
        if data != landing.read(tile.path):
            raise ProofError(f"'{tile.path}' of '{source.name}' is not what its entries hash to.")


def _collect_words(source: Source, opened: Opened, settled: set[str], landing: Arrivals) -> None:
    """What nobody has to publish: a log of other software has none of it."""
    for path in sorted(settled):
        with contextlib.suppress(NotFoundError, FormatError):
            accounts = source.fetch(path, MAX_BYTES)
            parse_accounts(accounts)
            landing.put(path, accounts)
    with contextlib.suppress(NotFoundError, FormatError, SignatureError, ProofError):
        published = source.fetch(KEYS, MAX_KEYS_BYTES)
        if parse_keys(published).up_to(opened.checkpoint.size) == opened.keys:  # those that its entries name
            landing.put(KEYS, published)
    with contextlib.suppress(NotFoundError):
        landing.put(SUMMARY, source.fetch(SUMMARY, MAX_SUMMARY_BYTES))


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
