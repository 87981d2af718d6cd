"""``crowdledger audit --database``: every row of a service's own database against the log in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.cli.output import STYLES, print_json, progress, say, verdict

if TYPE_CHECKING:
    from ledger.blobs.store import BlobStore
    from ledger.log.checking import Report


def check(url: str | None, log: str | None, *, report: Path | None, json: bool) -> bool:
    """Check one log of a database, or all; print what was found. Returns whether everything is as it should be.

    Without ``url`` it is the configured database, and files are checked where the configuration says they are.
    """
    from ledger.blobs.bucket import BucketStore
    from ledger.blobs.folder import FolderStore
    from ledger.cli.files import write_new_file
    from ledger.config import Config
    from ledger.db.urls import parse_url
    from ledger.statements import canonical

    blobs: BlobStore | None = None
    if url is None:
        config = Config()
        url = config.database_url
        if config.blob_store:
            blobs = BucketStore(config.blob_store)
        elif config.blob_folder:
            blobs = FolderStore(config.blob_folder)
    with progress("check") as show:
        reports = asyncio.run(_check(url, log, blobs, show))
    good = all(each.verdict == "pass" for each in reports)
    members: dict[str, canonical.JsonValue] = {
        "v": 1,
        "verdict": "pass" if good else "fail",
        "database": parse_url(url).render_as_string(),
        "logs": [each.members() for each in reports],
    }
    if report is not None:
        write_new_file(report, canonical.encode(members) + b"\n")
    if json:
        print_json(members)
    else:
        for each in reports:
            _print(each)
    return good


async def _check(url: str, log: str | None, blobs: BlobStore | None, show: Callable[[int, int], None]) -> list[Report]:
    from ledger.db import open_database
    from ledger.errors import ConfigError
    from ledger.log.checking import check_database, log_names

    async with open_database(url) as database:
        names = [log] if log is not None else await log_names(database)
        if not names:
            raise ConfigError("The database has no log yet.", remedy="Start the service once: it opens its log.")
        return [await check_database(database, name, blobs=blobs, progress=show) for name in names]


def _print(report: Report) -> None:
    say(f"Database of the log '{report.log}' ({report.origin}), {report.entries} entries", "bold")
    for check in report.checks:
        words = check.title + (f" ({check.evidence})" if check.evidence else "")
        verdict(check.verdict, f"{check.name:<13} {words}")
    for finding in report.findings:
        where = "" if finding.entry is None else f" entry {finding.entry}:"
        verdict(finding.severity, f"{finding.check}:{where} {finding.detail}")
    say(f"\n{report.verdict.upper()}", STYLES[report.verdict])
    for sentence in report.not_checked:
        say(f"- not seen: {sentence}")
