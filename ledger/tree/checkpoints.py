"""Signed tree heads: C2SP tlog-checkpoint inside C2SP signed-note, with Ed25519 keys. Strict in writing and reading.

A note is a text, a blank line, and signature lines ``— name base64(key id || signature)``. A checkpoint is a note whose
text is origin, size, root and perhaps extension lines (c2sp.org/signed-note, c2sp.org/tlog-checkpoint).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import FormatError, SignatureError
from ledger.tree.keys import LogSigner, VerifierKey, is_key_name
from ledger.tree.lines import check_clean, decode_base64, decode_hash, decode_size, encode_base64, read_text
from ledger.tree.merkle import HASH_SIZE, MAX_SIZE

__all__ = [
    "Checkpoint",
    "LogSigner",
    "Note",
    "NoteSignature",
    "UnverifiedNote",
    "VerifierKey",
    "open_checkpoint",
    "open_note",
    "sign",
]

MAX_NOTE_BYTES = 256 * 1024
MAX_SIGNATURES = 16
"""A verifier must read 16, post-quantum ones of 5 kB too, and should have a limit (c2sp.org/signed-note, Format)."""
_SIGNATURE_PREFIX = "— "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's ``origin``, the number of leaves, the 32-byte root; FormatError if it is unfit."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if type(self.size) is not int or not 0 <= self.size <= MAX_SIZE:
            raise FormatError("The size of a checkpoint must be a whole number from 0 to 2**63 - 1.")
        if type(self.root) is not bytes or len(self.root) != HASH_SIZE:
            raise FormatError(f"The root of a checkpoint must be {HASH_SIZE} bytes.")
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line:
                raise FormatError("The origin and the extension lines of a checkpoint must be non-empty single lines.")
            check_clean(line, "checkpoint")

    def text(self) -> str:
        """Return the note text, its final newline included."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, encode_base64(self.root), *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note text; whatever :meth:`text` would not write again is a FormatError. Verifies no signature."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1]:
            raise FormatError("A checkpoint has at least three lines, each ended by a newline.")
        origin, size, root, *extensions = lines[:-1]
        return cls(
            origin,
            decode_size(size, "size of the checkpoint"),
            decode_hash(root, "root of the checkpoint"),
            tuple(extensions),
        )


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name, its 4-byte id, and the signature's bytes."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class UnverifiedNote:
    """A note that is well formed; nothing says yet that its text can be trusted."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, note: str | bytes) -> UnverifiedNote:
        """Read a signed note (c2sp.org/signed-note, Format); FormatError on anything that it does not allow."""
        note = read_text(note, "note", MAX_NOTE_BYTES)
        text, blank, signatures = note.rpartition("\n\n")
        if not blank or not signatures.endswith("\n"):
            raise FormatError("A signed note is a text, a blank line, and signature lines ended by a newline.")
        lines = signatures[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise FormatError(f"The note carries {len(lines)} signatures; at most {MAX_SIGNATURES} are read.")
        return cls(text + "\n", tuple(_parse_signature(line) for line in lines))


@dataclass(frozen=True, slots=True)
class Note:
    """A note of which at least one signature verified: its text and the keys that signed it, in the note's order."""

    text: str
    verified: tuple[VerifierKey, ...]


def sign(checkpoint: Checkpoint, signer: LogSigner) -> str:
    """Return the signed note of ``checkpoint`` with the log's one signature; its key must bear the origin's name."""
    if checkpoint.origin != signer.name:
        raise FormatError(
            f"The key of '{signer.name}' cannot sign a checkpoint of '{checkpoint.origin}'.",
            remedy="Use the key that was made for this log's origin.",
        )
    text = checkpoint.text()
    value = encode_base64(signer.verifier_key.key_id + signer.sign_bytes(text.encode()))
    # What is written is held to the bound of what is read; only extension lines could break it.
    return read_text(f"{text}\n{_SIGNATURE_PREFIX}{signer.name} {value}\n", "note", MAX_NOTE_BYTES)


def open_note(text: str | bytes, verifier_keys: Sequence[VerifierKey], *, only: bool = False) -> Note:
    """Read a note and verify every signature of a known key; the others are ignored (c2sp.org/signed-note, Signatures).

    A known key is told by name and id together; each of its signatures must hold, a repeated one too. ``only``: the
    note must carry exactly one signature. Raises FormatError where it is not a note, SignatureError where
    a known key's signature is wrong or no known key has signed.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in verifier_keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise SignatureError(f"Two of the known keys share the name '{key.name}' and the id {key.key_id.hex()}.")
    note = UnverifiedNote.parse(text)
    if only and len(note.signatures) != 1:
        raise FormatError(f"The note must carry exactly one signature, the log's; it carries {len(note.signatures)}.")
    message = note.text.encode()
    verified: dict[VerifierKey, None] = {}
    for line in note.signatures:
        signed_by = known.get((line.name, line.key_id))
        if signed_by is not None:
            signed_by.verify(line.signature, message)
            verified[signed_by] = None
    if not verified:
        raise SignatureError("The note carries no signature of a known key.")
    return Note(note.text, tuple(verified))


def open_checkpoint(text: str | bytes, verifier_keys: Sequence[VerifierKey], *, only: bool = False) -> Checkpoint:
    """Read a signed checkpoint; the log itself, the key named as the origin, must be among those that signed it.

    ``only`` and errors as for :func:`open_note`; FormatError too where the text is not a checkpoint.
    """
    note = open_note(text, verifier_keys, only=only)
    checkpoint = Checkpoint.parse(note.text)
    if all(key.name != checkpoint.origin for key in note.verified):
        raise SignatureError(f"The checkpoint of '{checkpoint.origin}' is not signed by a known key of that log.")
    return checkpoint


def _parse_signature(line: str) -> NoteSignature:
    name, space, value = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    if not line.startswith(_SIGNATURE_PREFIX) or not space or not is_key_name(name):
        raise FormatError("A signature line is an em dash, a space, the key's name, a space and base64.")
    data = decode_base64(value, f"signature of '{name}'")
    if len(data) < 5:
        raise FormatError(f"The signature of '{name}' is too short.")
    return NoteSignature(name, data[:4], data[4:])
