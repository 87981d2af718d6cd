"""Reading a log's entries, and whatever can be made of each bundle by itself: in this process, or in many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, groupby

from ledger.audit.processes import Processes
from ledger.audit.source import Source, ahead, fetch_tile
from ledger.book.runs import PlainRun, plain_run
from ledger.errors import CrowdLedgerError, FormatError, ProofError, SignatureError
from ledger.statements import kinds, signatures
from ledger.statements.kinds import AnyStatement
from ledger.statements.signatures import Signers
from ledger.statements.wallets import WalletLinked
from ledger.tree import merkle
from ledger.tree.tiles import ENTRIES, FULL_WIDTH, Tile, decode_entries

STRETCH = 4
"""Bundles of one job: some thousand entries, so that a job costs more than handing it over."""


@dataclass(slots=True)
class Bundle:
    """A bundle's entries, and what follows from them alone.

    ``tile`` are the joined leaf hashes: what the tile of level 0 beside the bundle must be. ``fault`` says why the
    served one is not it, or cannot be had. Where another process read the bundle, it has looked for what the fold,
    which is made by one process, would have to parse or to verify: ``plain`` and ``signers``.
    """

    entries: list[bytes]
    tile: bytes
    root: bytes
    """Over the leaf hashes."""
    fault: CrowdLedgerError | None = None
    signers: Signers = field(default_factory=dict)
    """Of wallets' signatures on the messages of links."""
    plain: list[tuple[int, PlainRun]] = field(default_factory=list)
    """Entries from a place in the bundle on that may be folded as a run; the one before each is of its time."""

    @classmethod
    def of(cls, entries: list[bytes]) -> Bundle:
        """One of 1 to 256 entries, with what they hash to."""
        hashes = merkle.hash_entries(entries)
        return cls(entries, b"".join(hashes), merkle.root(hashes))


class Reader:
    """Reads bundles of a log of ``size``; as work for processes it takes ranges of their indexes.

    ``with_tiles``: the served tiles of level 0 are compared too. ``ahead_of_fold``: what it would have to parse or
    to verify is looked for.
    """

    def __init__(
        self, source: Source, size: int, parallel: int, *, with_tiles: bool = False, ahead_of_fold: bool = False
    ) -> None:
        self._source = source
        self._size = size
        self._parallel = parallel
        # The first that cannot be had; beyond it none is asked for.
        self._end_of_tiles = size if with_tiles else -1
        self._ahead_of_fold = ahead_of_fold

    def __call__(self, indexes: range) -> list[Bundle]:
        """Read some bundles; errors as for :func:`read_all`."""
        return list(self.read(indexes))

    def read(self, indexes: range) -> Iterator[Bundle]:
        """Yield some bundles; errors as for :func:`read_all`."""
        # Never all at once: what a source claims to have is not believed before it came.
        tiles = (Tile(ENTRIES, index, min(FULL_WIDTH, self._size - index * FULL_WIDTH)) for index in indexes)
        for tile, (data, served) in ahead(self._parallel, tiles, self._fetch):
            entries = decode_entries(data)
            if len(entries) != tile.width:
                raise FormatError(
                    f"'{tile.path}' of '{self._source.name}' holds {len(entries)} entries, not {tile.width}."
                )
            bundle = Bundle.of(entries)
            if isinstance(served, CrowdLedgerError):
                bundle.fault = served
            elif served is not None and served != bundle.tile:
                bundle.fault = ProofError(f"'{_beside(tile).path}' is not what the entries hash to.")
            if self._ahead_of_fold:
                _look(bundle)
            yield bundle

    def _fetch(self, tile: Tile) -> tuple[bytes, bytes | CrowdLedgerError | None]:
        """A bundle and the served tile beside it, or why that cannot be had: then none of those behind it."""
        data = fetch_tile(self._source, tile)
        if tile.index > self._end_of_tiles:
            return data, None
        try:
            return data, fetch_tile(self._source, _beside(tile))
        except CrowdLedgerError as error:
            # Others are under way, and an earlier one may end later.
            self._end_of_tiles = min(self._end_of_tiles, tile.index)
            return data, error


def read_all(source: Source, size: int, processes: Processes | None, *, to_fold: bool = False) -> Iterator[Bundle]:
    """Yield the bundles of the first ``size`` entries; what is read ``to_fold`` comes with all that helps there.

    Raises what the source raises, and FormatError where a bundle does not hold as many entries as a log of ``size`` has
    there.
    """
    indexes = range(-(-size // FULL_WIDTH))
    if processes is None:
        yield from Reader(source, size, source.parallel, with_tiles=to_fold).read(indexes)
        return
    parallel = max(1, source.parallel // processes.count)
    reader = Reader(source, size, parallel, with_tiles=to_fold, ahead_of_fold=to_fold)
    stretches = (indexes[begin : begin + STRETCH] for begin in range(0, len(indexes), STRETCH))
    yield from chain.from_iterable(processes.each(reader, stretches))


def _beside(bundle: Tile) -> Tile:
    return Tile(0, bundle.index, bundle.width)


def _look(bundle: Bundle) -> None:
    """Look for what the fold would have to parse or to verify."""
    begin = 0
    statements = [_parsed(data) for data in bundle.entries]
    for _, group in groupby(statements, lambda each: each and (type(each), each.at)):
        alike = list(group)
        run = [each for each in alike if each is not None]
        if len(run) > 1 and (plain := plain_run(run[1:])) is not None:
            bundle.plain.append((begin + 1, plain))
        for each in run:
            if isinstance(each, WalletLinked):
                bundle.signers |= _signers(each)
        begin += len(alike)


def _parsed(data: bytes) -> AnyStatement | None:
    try:
        return kinds.parse(data)
    except FormatError:
        return None


def _signers(link: WalletLinked) -> Signers:
    """Who signed the message of a link; signatures that are nobody's are left to the fold."""
    found: Signers = {}
    digest = signatures.message_digest(link.message)
    for signature in (None if link.erc1271 else link.signature, link.consent):
        if signature is not None:
            with suppress(SignatureError):
                found[digest, signature] = signatures.recover(digest, signature)
    return found
