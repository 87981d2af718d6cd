"""Uploaded files: the bytes of every row are in the store and have the digest that names them."""

from __future__ import annotations

from ledger.blobs.store import BlobStore, verify
from ledger.errors import NotFoundError, ProofError
from ledger.log.checking.report import Check
from ledger.log.checking.snapshot import Snapshot, same

_ROWS = "SELECT platform, sha256, bytes, erased_ms FROM files WHERE log = :log ORDER BY sha256"


async def check_stored_files(snapshot: Snapshot, check: Check, blobs: BlobStore | None) -> None:
    """Hash every file that was not erased; skipped without a store."""
    rows = await snapshot.all(_ROWS)
    platforms = {row[0] for row in await snapshot.all("SELECT id FROM platforms WHERE log = :log")}
    for platform, sha256, _, _ in rows:
        if platform not in platforms:
            check.error(f"The file {sha256} is of no platform.", table="files", column="platform")
    check.evidence = f"files: {len(rows)}"
    if blobs is None:
        if rows:
            check.skip(f"The folder of the files was not given; rows: {len(rows)}.")
        return
    for _, sha256, size, erased_ms in rows:
        if erased_ms is not None:
            continue
        try:
            found = await verify(blobs, str(sha256))
        except (NotFoundError, ProofError) as error:
            check.error(f"The file {sha256}: {error.detail}", table="files", column="sha256")
            continue
        if not same(size, found):
            check.error(f"The file {sha256} has {found} bytes, not {size}.", table="files", column="bytes")
