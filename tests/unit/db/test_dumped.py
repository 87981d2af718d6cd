"""Data in a dump, as PostgreSQL's COPY writes them (sql-copy.html, Text Format)."""

from __future__ import annotations

import pytest

from ledger.db.backup.dumped import Dumped
from ledger.errors import DatabaseError, FormatError, SignatureError
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.growth import CompactRange
from ledger.tree.keys import LogSigner
from ledger.tree.merkle import leaf_hash

ORIGIN = "example.org/crowd"
SIGNER = LogSigner.generate(ORIGIN)
TREE, _ = CompactRange().append_many([leaf_hash(b"a"), leaf_hash(b"b")])
NOTE = sign(Checkpoint(ORIGIN, 2, TREE.root()), SIGNER)


def dump(note: str = NOTE, entries: int = 2) -> list[bytes]:
    head = [
        "main",
        SIGNER.verifier_key.vkey,
        ORIGIN,
        "2",
        "7",
        "\\\\x" + TREE.encode().hex(),
        note.replace("\n", "\\n"),
    ]
    lines = [
        "SET client_encoding = 'UTF8';",
        "COPY public.entries (entry_index, log, kind) FROM stdin;",
        *(f"{index}\tmain\ta\\tb\\\\." for index in range(entries)),
        "\\.",
        "COPY public.logs (name, vkey, origin, size, at_ms, compact, note) FROM stdin;",
        "\t".join(head),
        "\\.",
        "SELECT 1;",
    ]
    return [f"{line}\n".encode() for line in lines]


def test_the_logs_of_a_dump() -> None:
    dumped = Dumped()
    dumped.read(dump())
    (log,) = dumped.logs()
    assert (log.name, log.origin, log.key, log.tree, log.size) == ("main", ORIGIN, SIGNER.verifier_key, TREE, 2)


@pytest.mark.parametrize("entries", [1, 3])
def test_entries_that_are_missing_or_too_many(entries: int) -> None:
    dumped = Dumped()
    dumped.read(dump(entries=entries))
    with pytest.raises(DatabaseError, match=f"{entries} entries"):
        dumped.logs()


def test_a_head_that_nobody_signed() -> None:
    for note in (sign(Checkpoint(ORIGIN, 2, TREE.root()), LogSigner.generate(ORIGIN)), NOTE[:-20], ""):
        dumped = Dumped()
        dumped.read(dump(note))
        with pytest.raises((SignatureError, FormatError)):
            dumped.logs()


def test_a_dump_of_something_else() -> None:
    with pytest.raises(DatabaseError, match="holds no log"):
        Dumped().logs()
