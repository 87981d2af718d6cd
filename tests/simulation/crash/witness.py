"""What clients were told, kept outside of the service, and held against the log after every restart.

A receipt that was answered is a promise: its statement stands at its index for good, under a checkpoint that every
later one continues. What was not answered was written as a whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from ledger.db import open_database
from ledger.log.checking import check_database
from ledger.statements import canonical
from ledger.tree import merkle
from ledger.tree.checkpoints import open_checkpoint
from ledger.tree.growth import CompactRange
from ledger.tree.keys import VerifierKey
from ledger.tree.receipts import Receipt, verify_log_part
from ledger.tree.tiles import FULL_WIDTH, decode_entries, entry_bundles_of

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """What a client was answered to a write: the thing's id, the entry's index, the receipt's bytes."""

    id: str
    index: int
    receipt: bytes


def answer_of(members: dict[str, Any]) -> Answer:
    """The answer in a reply's members, or in those of an item of a batch."""
    return Answer(members["id"], members["index"], canonical.encode(members["receipt"]))


@dataclass
class Witness:
    """The memory of all clients of one log. ``check`` after a restart is the proof that nothing was lost."""

    key: VerifierKey
    answers: dict[int, Answer] = field(default_factory=dict)
    """By index."""
    promised: dict[int, bytes] = field(default_factory=dict)
    """The leaf hashes of the statements in the receipts, by index."""
    roots: dict[int, bytes] = field(default_factory=dict)
    """Of every checkpoint that was ever seen, by its size."""
    newest: int = 0
    leaves: list[bytes] = field(default_factory=list)

    def remember(self, answer: Answer) -> None:
        """A receipt was answered: it proves itself, and it contradicts nothing that was answered before."""
        verified = verify_log_part(Receipt.parse(answer.receipt), self.key)
        assert verified.index == answer.index
        assert self.answers.setdefault(answer.index, answer) == answer, f"index {answer.index} was given twice"
        self.promised[answer.index] = merkle.leaf_hash(verified.statement)
        self._saw(verified.checkpoint.size, verified.checkpoint.root)

    def saw(self, note: str) -> int:
        """A checkpoint was read now, after everything that is remembered; returns its size."""
        checkpoint = open_checkpoint(note, [self.key], only=True)
        assert checkpoint.size >= self.newest, f"the checkpoint went back from {self.newest} to {checkpoint.size}"
        self._saw(checkpoint.size, checkpoint.root)
        return checkpoint.size

    def _saw(self, size: int, root: bytes) -> None:
        assert self.roots.setdefault(size, root) == root, f"two checkpoints of size {size} differ"
        self.newest = max(self.newest, size)

    async def check(self, url: str) -> int:
        """Read the whole log as a stranger and hold everything against it; returns its size."""
        async with httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False) as http:
            note = (await _get(http, "/checkpoint")).text
            size = open_checkpoint(note, [self.key], only=True).size
            statements: list[bytes] = []
            for bundle in entry_bundles_of(size):
                data = await _get(http, f"/{bundle.path}")
                statements += decode_entries(data.content)[: size - bundle.index * FULL_WIDTH]
        return self.hold_against(note, statements)

    def hold_against(self, note: str, statements: list[bytes]) -> int:
        """The newest checkpoint and all statements, read now; returns the log's size."""
        size = self.saw(note)
        assert len(statements) == size
        leaves = [merkle.leaf_hash(each) for each in statements]
        assert leaves[: len(self.leaves)] == self.leaves, "entries that were there changed"
        self.leaves = leaves
        tree = CompactRange()
        for seen in sorted(self.roots):  # what is a root of this log's beginning is consistent with every later one
            tree, _ = tree.append_many(leaves[tree.size : seen])
            assert tree.root() == self.roots[seen], f"the checkpoint of size {seen} is of another history"
        for index, leaf in self.promised.items():
            assert leaves[index] == leaf, f"entry {index} is another one"
        return size


async def check_stored(database_url: str) -> None:
    """Every row of the database is what the log says."""
    async with open_database(database_url) as database:
        report = await check_database(database, "main")
        assert report.verdict == "pass", report.findings


async def _get(http: httpx.AsyncClient, path: str) -> httpx.Response:
    reply = await http.get(path)
    assert reply.status_code == 200, reply.text
    return reply
