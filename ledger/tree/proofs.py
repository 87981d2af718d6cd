"""The C2SP tlog-proof: a file that proves offline that an entry is in a log (c2sp.org/tlog-proof@v1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import FormatError
from ledger.tree.checkpoints import MAX_NOTE_BYTES, Checkpoint, UnverifiedNote
from ledger.tree.lines import decode_base64, decode_hash, decode_size, encode_base64, read_text
from ledger.tree.merkle import HASH_SIZE, MAX_SIZE

MAX_PROOF_BYTES = MAX_NOTE_BYTES + 128 * 1024
"""The longest checkpoint, the longest entry as extra data, and a path of 63 hashes, all in base64."""
MAX_HASHES = 63
FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An inclusion proof with its checkpoint, well formed but not verified.

    ``extra`` is the opaque extra data, ``None`` where the file has no such line; ``checkpoint`` is the signed note word
    for word. FormatError where a value could not be written.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if type(self.index) is not int or not 0 <= self.index <= MAX_SIZE:
            raise FormatError("The index of the proof must be a whole number from 0 to 2**63 - 1.")
        if len(self.hashes) > MAX_HASHES:
            raise FormatError(f"The proof has {len(self.hashes)} hashes; no tree needs more than {MAX_HASHES}.")
        if any(type(value) is not bytes or len(value) != HASH_SIZE for value in self.hashes):
            raise FormatError(f"Each hash of the proof must be {HASH_SIZE} bytes.")
        if self.extra == b"":
            raise FormatError("The proof's extra line is left out where there is no extra data.")

    def format(self) -> str:
        """Return the file's text, which :meth:`parse` reads back; FormatError where it would be too long for that."""
        lines = [FIRST_LINE]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(map(encode_base64, self.hashes))
        return read_text("\n".join(lines) + "\n\n" + self.checkpoint, "proof", MAX_PROOF_BYTES)

    @classmethod
    def parse(cls, text: str | bytes) -> TlogProof:
        """Read a tlog-proof; FormatError on whatever :meth:`format` would not write again byte for byte.

        The checkpoint must be a well-formed signed checkpoint; its signatures are not verified here.
        """
        text = read_text(text, "proof", MAX_PROOF_BYTES)
        head, blank, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if not blank or first != FIRST_LINE:
            raise FormatError(
                f"A proof begins with the line '{FIRST_LINE}' and has a blank line before its checkpoint."
            )
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "), "extra data of the proof")
        if not lines or not lines[0].startswith("index "):
            raise FormatError("The line 'index' of the proof is missing.")
        index = decode_size(lines.pop(0).removeprefix("index "), "index of the proof")
        Checkpoint.parse(UnverifiedNote.parse(note).text)
        return cls(index, _hashes(lines), note, extra)


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > MAX_HASHES:
        raise FormatError(f"The proof has {len(lines)} hashes; no tree needs more than {MAX_HASHES}.")
    return tuple(decode_hash(line, "hash of the proof") for line in lines)
