"""A source archive that is the same bytes whenever and wherever it is made.

setuptools makes wheels so by itself where SOURCE_DATE_EPOCH is set; of its source archives times, owners and rights
depend on the machine. They are set here, and the gzip header tells nothing.
"""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path


def settle(archive: Path, epoch: int) -> None:
    """Write a ``.tar.gz`` anew: members sorted, root's, readable by all, from ``epoch``."""
    settled = archive.with_suffix(".settled")
    with (
        tarfile.open(archive, "r:gz") as given,
        settled.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=epoch) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as taken,
    ):
        for member in sorted(given.getmembers(), key=lambda each: each.name):
            member.mtime, member.mode = epoch, 0o755 if member.isdir() else 0o644
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.pax_headers = {}
            taken.addfile(member, given.extractfile(member) if member.isfile() else None)
    settled.replace(archive)
