"""The examination of a whole log: every exception from the specifications that its files show.

All entries, tiles and the root are computed anew from the entry bundles; tiles at every level, full and partial, are
held against them. What is asked for beyond the tree, or in a spelling that the specification does not have, must not
be there. Proofs are made out of the served tiles and verified against the signed checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.independent.verifier import tiles, trees
from tests.independent.verifier.headers import MUST, SHOULD, faults_of_checkpoint, faults_of_tile
from tests.independent.verifier.notes import TreeHead, open_tree_head, read_key
from tests.independent.verifier.places import Folder, Place, Reply
from tests.independent.verifier.proofs import check_proof
from tests.independent.verifier.text import UNICODE_SPACES, Broken
from tests.independent.verifier.tiles import ENTRIES, WIDTH, Name

CHECKPOINT = "checkpoint"
# Spellings of paths that tlog-tiles does not have; each would be a second name of a file, or of none.
OTHER_SPELLINGS = (
    *("tile/0/0", "tile/0/0000", "tile/00/000", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/00"),
    *("tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/", "tile/0/-01", "tile/64/000", "tile/-1/000"),
    *(
        "checkpoint/",
        "tile/0/000/",
        "tile/data/000",
        "tile/entries/0",
        "tile/entries/x000/000",
        "tile/entries/000.p/0",
        "tile/entries/000.p/256",
    ),
)


@dataclass(frozen=True)
class Fault:
    """An exception: which duty of the specification (MUST or SHOULD), in which file, and what it is."""

    duty: str
    path: str
    words: str

    def __str__(self) -> str:
        return f"{self.duty} {self.path}: {self.words}"


@dataclass
class Examination:
    """One examination of the log at ``place``, whose checkpoints ``vkeys`` sign. Call :meth:`run` once.

    ``earlier`` are checkpoints seen before; ``proof`` fetches the tlog-proof of an entry; ``check_entry`` raises Broken
    for an entry that is not what the log's entries are; at most ``samples`` entries are proved one by one.
    """

    place: Place
    vkeys: Sequence[str]
    earlier: Sequence[bytes] = ()
    proof: Callable[[int], Reply] | None = None
    check_entry: Callable[[bytes], None] | None = None
    samples: int = 64
    faults: list[Fault] = field(default_factory=list)
    head: TreeHead | None = None
    note: bytes = b""
    _levels: dict[str, list[bytes]] = field(default_factory=dict)
    _served: dict[tuple[int, int], list[bytes]] = field(default_factory=dict)

    def run(self) -> list[Fault]:
        """All faults that were found; none for a log as the specifications have it."""
        self._keys = [read_key(vkey) for vkey in self.vkeys]
        self.head = self._open_head()
        if self.head is not None and self._walk(self.head):
            self._check_root(self.head)
            self._check_absent(self.head)
            if not isinstance(self.place, Folder):  # of a folder every file was looked at
                self._check_narrower(self.head)
            if all(fault.duty == SHOULD for fault in self.faults):  # proofs are made from what was served
                self._check_paths(self.head)
                self._check_earlier(self.head)
                self._check_proofs(self.head)
            self._check_progress(self.head)
        return self.faults

    def _fault(self, duty: str, path: str, words: object) -> None:
        self.faults.append(Fault(duty, path, str(words)))

    def _get(self, path: str, *, gzip: bool = False) -> Reply | None:
        reply = self.place.get(path, gzip=gzip)
        if reply.status == 200:
            return reply
        self._fault(MUST, path, f"it is not served: status {reply.status}")
        return None

    def _open_head(self) -> TreeHead | None:
        reply = self._get(CHECKPOINT)
        if reply is None:
            return None
        for duty, words in faults_of_checkpoint(reply):
            self._fault(duty, CHECKPOINT, words)
        try:
            head = open_tree_head(reply.body, self._keys)
        except Broken as error:
            self._fault(MUST, CHECKPOINT, error)
            return None
        self.note = reply.body
        if head.signed_by != head.origin:
            self._fault(SHOULD, CHECKPOINT, "the log's key does not bear the origin's name")
        if b"+" in head.origin or UNICODE_SPACES & set(head.origin.decode()):
            self._fault(SHOULD, CHECKPOINT, "the origin has a space or a plus")
        if head.extensions:
            self._fault(SHOULD, CHECKPOINT, "it has extension lines")
        return head

    def _walk(self, head: TreeHead) -> bool:
        """Hold every tile and bundle of the tree against what it must be; whether there is a tree to go on with."""
        entries = [self._read_leaves(name) for name in tiles.names_of("0", head.size)]
        if None in entries:
            return False
        row = [each for hashes in entries if hashes is not None for each in hashes]
        self._levels = {ENTRIES: row, "0": row}
        level = 1
        while tiles.hashes_at(str(level), head.size):
            full = len(row) // WIDTH
            row = [trees.mth_of(row)(index * WIDTH, (index + 1) * WIDTH) for index in range(full)]
            self._levels[str(level)] = row
            for name in tiles.names_of(str(level), head.size):
                self._keep(name, self._read(name))
            level += 1
        return True

    def _read_leaves(self, name: Name) -> list[bytes] | None:
        """The leaf hashes of an entry bundle that its tile agrees with; of the tile alone if the bundle is broken."""
        entries = self._read(replace(name, level=ENTRIES))
        hashes = self._read(name)
        if entries is not None and hashes is not None and entries != hashes:
            number = next(at for at, pair in enumerate(zip(entries, hashes, strict=True)) if pair[0] != pair[1])
            index = name.index * WIDTH + number
            self._fault(MUST, replace(name, level=ENTRIES).path, f"entry {index} does not hash to what {name.path} has")
        self._served[0, name.index] = hashes or []
        return hashes or entries

    def _read(self, name: Name) -> list[bytes] | None:
        """The hashes in a tile of the tree, its headers checked."""
        bundle = name.level == ENTRIES
        reply = self._get(name.path, gzip=bundle)
        if reply is None:
            return None
        for duty, words in faults_of_tile(reply, bundle=bundle):
            self._fault(duty, name.path, words)
        try:
            if bundle and self.check_entry is not None:
                for entry in tiles.read_entries(reply.body, name.width):
                    self.check_entry(entry)
            return tiles.hashes_in(name, reply.body)
        except Broken as error:
            self._fault(MUST, name.path, error)
            return None

    def _keep(self, name: Name, hashes: list[bytes] | None) -> None:
        self._served[int(name.level), name.index] = hashes or []
        if hashes is not None and hashes != self._expected(name):
            self._fault(MUST, name.path, "it does not hold the hashes of the tiles below it")

    def _expected(self, name: Name) -> list[bytes]:
        begin = name.index * WIDTH
        return self._levels[name.level][begin : begin + name.width]

    def _check_root(self, head: TreeHead) -> None:
        if trees.mth_of(self._levels["0"])(0, head.size) != head.root:
            self._fault(MUST, CHECKPOINT, "its root is not that of the log's entries")

    def _check_absent(self, head: TreeHead) -> None:
        """Nothing is served that a tree of this size does not have, nor under another path."""
        if isinstance(self.place, Folder):
            for path in self.place.tiles():
                try:
                    name = tiles.read_path(path)
                except Broken as error:
                    self._fault(MUST, path, error)
                    continue
                if not name.within(head.size):
                    self._fault(MUST, path, "the tree is too small to have it")
                elif name.width < WIDTH:
                    self._check_partial(name)
            return
        beyond = [*OTHER_SPELLINGS]
        for level in [*self._levels, str(len(self._levels) - 1), "63"]:
            full, rest = divmod(tiles.hashes_at(level, head.size), WIDTH)
            wider = [Name(level, full, rest + 1), Name(level, full, WIDTH), Name(level, full + 1, 1)]
            beyond += [name.path for name in wider] + [Name(level, full + 1000, WIDTH).path]
        for path in dict.fromkeys(beyond):
            status = self.place.get(path).status
            if (status in (200, 206) and not self._has_grown_to(path)) or 300 <= status < 400:
                self._fault(MUST, path, f"there is no such file, but the status is {status}")

    def _has_grown_to(self, path: str) -> bool:
        """Whether the log, which may grow while it is read, has this tile by now."""
        try:
            return tiles.read_path(path).within(open_tree_head(self.place.get(CHECKPOINT).body, self._keys).size)
        except Broken:
            return False

    def _check_narrower(self, head: TreeHead) -> None:
        """Partial tiles that are still there are the beginning of what took their place."""
        whole = [name for level in self._levels for name in tiles.names_of(level, head.size)]
        for name in whole[:: max(1, len(whole) // self.samples)] + whole[-1:]:
            for width in {1, name.width // 2, name.width - 1} - {0}:
                self._check_partial(replace(name, width=width))

    def _check_partial(self, name: Name, *, needed: bool = False) -> None:
        reply = self.place.get(name.path, gzip=name.level == ENTRIES)
        full = Name(name.level, name.index, WIDTH)
        if reply.status != 200:
            if needed and self.place.get(full.path).status != 200:
                self._fault(
                    MUST, name.path, "a checkpoint of its size was signed, but neither it nor the full is there"
                )
            return
        for duty, words in faults_of_tile(reply, bundle=name.level == ENTRIES):
            self._fault(duty, name.path, words)
        try:
            if tiles.hashes_in(name, reply.body) != self._expected(name):
                self._fault(MUST, name.path, "it is not the beginning of the wider tile")
        except Broken as error:
            self._fault(MUST, name.path, error)

    def _chosen(self, size: int) -> list[int]:
        """Indexes of entries to prove: spread over the log, its edges and the edges of tiles included."""
        spread = range(0, size, max(1, size // self.samples))
        edges = [0, size - 1, size - 2, WIDTH - 1, WIDTH, size // WIDTH * WIDTH, size // WIDTH * WIDTH - 1]
        return sorted({index for index in [*spread, *edges] if 0 <= index < size})

    def _check_paths(self, head: TreeHead) -> None:
        """Inclusion proofs made out of the served tiles lead to the checkpoint's root."""
        mth = trees.mth_from_tiles(self._served)
        for index in self._chosen(head.size):
            path = trees.inclusion_path(index, head.size, mth)
            try:
                trees.check_inclusion(self._levels["0"][index], index, head.size, path, head.root)
            except Broken as error:
                self._fault(MUST, CHECKPOINT, f"entry {index}: {error}")

    def _check_earlier(self, head: TreeHead) -> None:
        """Earlier checkpoints are of this log's beginning, and their partial tiles, or the full ones, are there."""
        for note in self.earlier:
            try:
                old = open_tree_head(note, self._keys)
                self._check_continues(old, head)
            except Broken as error:
                self._fault(MUST, CHECKPOINT, f"it does not continue an earlier one: {error}")
                continue
            for name in [name for level in self._levels for name in tiles.names_of(level, old.size)]:
                if name.width < WIDTH:
                    self._check_partial(name, needed=True)

    def _check_continues(self, old: TreeHead, head: TreeHead) -> None:
        if old.origin != head.origin or old.size > head.size:
            raise Broken(f"{old.origin.decode()} had {old.size} entries")
        if old.size == head.size and old.root != head.root:
            raise Broken(f"two checkpoints of size {old.size} have different roots")
        if 0 < old.size < head.size:
            path = trees.consistency_path(old.size, head.size, trees.mth_from_tiles(self._served))
            trees.check_consistency(old.size, head.size, old.root, head.root, path)

    def _check_proofs(self, head: TreeHead) -> None:
        """The service's own proofs of entries verify, and are those that the tiles give."""
        if self.proof is None:
            return
        mth = trees.mth_from_tiles(self._served)
        for index in self._chosen(head.size):
            reply, place = self.proof(index), f"proof of entry {index}"
            if reply.status != 200:
                self._fault(MUST, place, f"it is not served: status {reply.status}")
                continue
            try:
                proof = check_proof(reply.body, self._keys, self._levels["0"][index])
                path = trees.inclusion_path(index, proof.head.size, mth)
                if proof.index != index or proof.path != path:
                    self._fault(MUST, place, "it is not the proof that the tiles give")
            except Broken as error:
                self._fault(MUST, place, error)

    def _check_progress(self, head: TreeHead) -> None:
        """The checkpoint served last is not older than the first."""
        reply = self.place.get(CHECKPOINT)
        try:
            if reply.body != self.note and open_tree_head(reply.body, self._keys).size <= head.size:
                self._fault(MUST, CHECKPOINT, f"it went back from size {head.size}, or changed without growing")
        except Broken as error:
            self._fault(MUST, CHECKPOINT, error)
