"""The first look at a log: its checkpoint, the key that signed it and its entry 0."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.audit.log_keys import find_keys, names_signer
from ledger.audit.source import Source, fetch_checkpoint, tile_limit
from ledger.errors import FormatError
from ledger.statements import kinds
from ledger.statements.log import LogOpened
from ledger.tree.checkpoints import Checkpoint, UnverifiedNote, open_checkpoint
from ledger.tree.key_chain import KeyChain
from ledger.tree.keys import VerifierKey
from ledger.tree.tiles import ENTRIES, FULL_WIDTH, Tile, decode_entries

MAX_ENTRIES = 1 << 40
"""More than any log that one machine can read; what claims more is not believed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A log as its source shows it: the verified checkpoint, its bytes, the log's keys up to it, and entry 0.

    That the keys are those of the entries, all of them, is known only when the entries were read.
    """

    checkpoint: Checkpoint
    note: bytes
    keys: KeyChain
    opening: LogOpened

    @property
    def key(self) -> VerifierKey:
        """The key that signed the checkpoint."""
        return self.keys.newest


def open_source_log(source: Source, trusted_key: VerifierKey | None = None) -> Opened:
    """Read and verify the checkpoint with the key that entry 0 names, or one that rotations lead to from there.

    The trusted key must be that one or one before it. FormatError where it is no log of CrowdLedger or has no entry
    yet, SignatureError or ProofError where keys or signatures are wrong.
    """
    note = fetch_checkpoint(source)
    claimed = Checkpoint.parse(UnverifiedNote.parse(note).text)
    if not 0 < claimed.size <= MAX_ENTRIES:
        raise FormatError(
            f"The log at '{source.name}' has {claimed.size} entries; there is nothing to read.",
            remedy="A log of CrowdLedger has at least the entry that opens it.",
        )
    tile = Tile(ENTRIES, 0, min(claimed.size, FULL_WIDTH))
    opening = kinds.parse(decode_entries(source.fetch(tile.path, tile_limit(tile)))[0])
    if not isinstance(opening, LogOpened):
        raise FormatError("Entry 0 does not open the log, as it must.", remedy="This is not a log of CrowdLedger.")
    keys = _keys_of(source, note, VerifierKey.parse(opening.key), claimed.size)
    if trusted_key is not None:
        keys.require(trusted_key)
    checkpoint = open_checkpoint(note, [keys.newest])
    if checkpoint.origin != opening.origin:
        raise FormatError(f"The checkpoint is of '{checkpoint.origin}', entry 0 opens '{opening.origin}'.")
    return Opened(checkpoint, note, keys, opening)


def _keys_of(source: Source, note: bytes, first: VerifierKey, size: int) -> KeyChain:
    """The log's keys up to ``size``; nothing is asked where the first one has signed, as in most logs."""
    unverified = UnverifiedNote.parse(note)
    return KeyChain.single(first) if names_signer(unverified, first) else find_keys(source, first, unverified, size)
