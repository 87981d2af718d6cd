"""Good receipts, made from a number, and the words for a case: what is checked, and what is given beside it.

Logs of several sizes with statements of every kind, receipts with and without anchors, keys that were rotated, openings
of contents and of a file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.statements import kinds
from ledger.statements.commitments import Opening, Place, commit
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint, sign
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Anchor, Receipt
from tests.unit.audit.logs import keys_file, rotation

EXAMPLES: Final = Path(__file__).parents[2] / "docs" / "formats" / "examples"
ORIGIN: Final = "example.org/crowd"
SIZES: Final = (1, 2, 3, 7, 8, 30, 33, 64, 100)
ODD: Final = (
    None, True, False, 0, -1, 1, 2, 1.5, 2**53, 2**63, 2**64, 10**30, "", "0", "1", "x", "0x", [], {}, [1], {"a": 1},
    "\ud800", "\x00", "é", "a b", " ", "\n", " ", "1e3", "9" * 19, "9" * 40,
)  # fmt: skip
SPELLINGS: Final = (
    b"1.0",
    b"1e0",
    b"-0",
    b"01",
    b"+1",
    b"1 ",
    b"0x1",
    b"NaN",
    b"Infinity",
    b"1" + b"0" * 400,
    b"1E400",
)
SPACES: Final = (" ", "\t", "\r", "\u00a0", "\u2028", "\u3000", "\ufeff", "\u0085", "\u200b", "\x1c")


@dataclass(frozen=True, slots=True)
class Case:
    """What is checked, and how it came to be. ``keys`` is a keys.json, ``trusted`` a verifier key's text."""

    how: str
    data: bytes
    opening: bytes | None = None
    file: bytes | None = None
    trusted: str | None = None
    keys: bytes | None = None

    def members(self) -> dict[str, str | None]:
        """For the browser: bytes as base64."""
        coded = {
            name: None if value is None else base64.b64encode(value).decode()
            for name, value in (
                ("data", self.data), ("opening", self.opening), ("file", self.file), ("keys", self.keys)
            )
        }  # fmt: skip
        return {**coded, "trusted": self.trusted}


class Maker:
    """Makes cases from one seed, always the same ones."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.signer = self._signer()
        self.other = self._signer()
        self.work = self.chance.randbytes(300)
        named = {"sha256": hashlib.sha256(self.work).hexdigest(), "bytes": len(self.work), "type": "image/png"}
        contents = [{"answer": "yes", "n": 1.5, "big": 2.0**60, "é": "\u2028"}, named, "words", [1, [2, {}]]]
        place = Place("contribution", ORIGIN, "01900000-0000-7000-8000-000000000001", None, "a" * 36)
        self.openings = [commit(place, each, self.chance.randbytes(32)) for each in contents]
        self.entries = self._entries()
        self.leaves = [merkle.leaf_hash(each) for each in self.entries]

    def _signer(self) -> LogSigner:
        return LogSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(self.chance.randbytes(32)))

    def _entries(self) -> list[bytes]:
        """A statement of every kind, over and over; contributions and decisions commit to the openings."""
        examples = [path.read_bytes().strip() for path in sorted(EXAMPLES.glob("*.json"))]
        found: list[bytes] = []
        while len(found) < max(SIZES) + 40:
            found += [self._committed(each) for each in examples]
        return found

    def _committed(self, example: bytes) -> bytes:
        members = json.loads(example)
        commitment = self.chance.choice(self.openings).commitment
        if members["kind"] in ("contribution.submitted", "task.added"):
            members["commitment"] = commitment
        if members["kind"] == "decision.made":
            members["feedback"] = commitment
        return canonical(members)

    # ---- good ones ----

    def receipt(
        self, index: int, size: int, anchored: int | None = None, *, entry: bytes | None = None,
        signer: LogSigner | None = None,
    ) -> Receipt:  # fmt: skip
        """The receipt of an entry, or of another one in its place."""
        leaves, data, by = list(self.leaves), entry or self.entries[index], signer or self.signer
        leaves[index] = merkle.leaf_hash(data)
        note = sign(Checkpoint(ORIGIN, size, merkle.root(leaves[:size])), by)
        made = Receipt.issue(by.verifier_key, data, index, merkle.inclusion_proof(index, size, leaves), note)
        if anchored is None:
            return made
        digits = self.chance.randbytes(84).hex()
        anchor = Anchor(
            self.chance.choice([1, 31337, 2**53 - 1]),
            "0x" + digits[:40],
            "0x" + digits[40:104],
            anchored,
            merkle.root(leaves[:anchored]),
            "0x" + digits[104:168],
            self.chance.randrange(10**6),
            tuple(merkle.consistency_proof(size, anchored, leaves[:anchored])),
        )
        return replace(made, anchor=anchor)

    def good(self) -> Receipt:
        """Any good receipt."""
        size = self.chance.choice(SIZES)
        anchored = self.chance.choice([None, size, size + 1, size + self.chance.randrange(40)])
        return self.receipt(self.chance.randrange(size), size, anchored)

    @cached_property
    def rotated(self) -> tuple[bytes, list[LogSigner], int, int]:
        """A keys.json of two keys, their signers, the entry of the rotation, and how many entries the log has."""
        at = 12
        entries = list(self.entries[:30])
        entries.insert(at, kinds.encode(rotation(entries[:at], self.signer, self.other)))
        keys = keys_file(entries, [(0, self.signer), (at, self.other)])
        self.entries[:31] = entries
        self.leaves = [merkle.leaf_hash(each) for each in self.entries]
        return keys, [self.signer, self.other], at, len(entries)

    def of_commitment(self, opening: Opening | None = None) -> Receipt:
        """The receipt of a statement that commits to an opening, or to some other one."""
        commitment = (opening or self.chance.choice(self.openings)).commitment
        kinds_of = ["contribution.submitted", "task.added", "decision.made", "clock.tick"]
        kind = self.chance.choice(kinds_of if opening is None else kinds_of[:3])
        members = json.loads((EXAMPLES / f"{kind}.json").read_text())
        if kind == "decision.made":
            name = self.chance.choice(["feedback", "inputs"])
            (members if name == "feedback" else members["method"])[name] = commitment
        elif kind != "clock.tick":
            members["commitment"] = commitment
        size = self.chance.choice(SIZES)
        return self.receipt(self.chance.randrange(size), size, entry=canonical(members))


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
