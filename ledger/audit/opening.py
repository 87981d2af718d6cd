"""The first look at a log: its checkpoint, the key that signed it and its entry 0."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.audit.source import Source, fetch_checkpoint, tile_limit
from ledger.errors import FormatError, SignatureError
from ledger.statements import kinds
from ledger.statements.log import LogOpened
from ledger.tree.checkpoints import Checkpoint, UnverifiedNote, open_checkpoint
from ledger.tree.keys import VerifierKey
from ledger.tree.tiles import ENTRIES, FULL_WIDTH, Tile, decode_entries

MAX_ENTRIES = 1 << 40
"""More than any log that one machine can read; what claims more is not believed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A log as its source shows it: the verified checkpoint, its bytes, the log's key and entry 0."""

    checkpoint: Checkpoint
    note: bytes
    key: VerifierKey
    opening: LogOpened


def open_source_log(source: Source, trusted_key: VerifierKey | None = None) -> Opened:
    """Read and verify the checkpoint with the trusted key, else with the key that entry 0 names.

    FormatError where it is no log of CrowdLedger or has no entry yet, SignatureError where key or signature are wrong.
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
    key = VerifierKey.parse(opening.key)
    if trusted_key is not None and key != trusted_key:
        raise SignatureError(
            f"Entry 0 names the key '{key.vkey}', you trust '{trusted_key.vkey}'.",
            remedy="Check which log this is; do not trust it if it should be the one of your key.",
            check="key",
        )
    checkpoint = open_checkpoint(note, [key])
    if checkpoint.origin != opening.origin:
        raise FormatError(f"The checkpoint is of '{checkpoint.origin}', entry 0 opens '{opening.origin}'.")
    return Opened(checkpoint, note, key, opening)
