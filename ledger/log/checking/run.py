"""The whole check of one log's rows, in order: what rests on damaged entries is not compared."""

from __future__ import annotations

from ledger.blobs.store import BlobStore
from ledger.db import Database
from ledger.errors import ConfigError, DatabaseError, FormatError
from ledger.log.checking.beside import BESIDE, check_beside
from ledger.log.checking.chain_rows import CHAIN, check_chain_rows
from ledger.log.checking.checksums import check_checksums
from ledger.log.checking.log_rows import HeadRow, LogRows, Progress
from ledger.log.checking.report import Report
from ledger.log.checking.snapshot import FAILURES, Snapshot, open_snapshot
from ledger.log.checking.stored_files import check_stored_files
from ledger.log.checking.structure import check_structure
from ledger.log.checking.unbound import sentences

_HEAD = f"SELECT {', '.join(HeadRow._fields)} FROM logs WHERE name = :log"  # noqa: S608 - our own words
_NAMES = "SELECT name FROM logs ORDER BY name"


async def log_names(database: Database) -> list[str]:
    """The logs that a database holds. Raises DatabaseError."""
    try:
        async with open_snapshot(database, "") as snapshot:
            names = [str(name) for (name,) in await snapshot.all(_NAMES)]
    except FAILURES as error:
        raise DatabaseError(f"The database's logs cannot be read: {_words(error)}") from error
    damaged = [name for name in names if not name.isprintable()]
    if damaged:
        raise DatabaseError(f"The name of a log is damaged: {damaged[0]!r}.", remedy="Restore the database.")
    return sorted(names)


async def check_database(
    database: Database, log: str, *, blobs: BlobStore | None = None, progress: Progress | None = None
) -> Report:
    """Check all rows of a log, and the database's own structure. What is wrong is in the report.

    ``progress`` is given (entries done, entries in all), twice for each; ``blobs`` is where files are. It reads one
    moment of a log that may grow meanwhile. Raises ConfigError where the database has no such log, DatabaseError where
    the connection to it is lost.
    """
    report = Report(log, not_checked=sentences())
    async with open_snapshot(database, log) as snapshot:
        try:
            await _check(snapshot, report, blobs, progress)
        except FAILURES as error:
            if isinstance(error, OSError) or getattr(error, "connection_invalidated", False):
                raise DatabaseError(f"The database went away: {_words(error)}") from error
            _note_unreadable(report, _words(error))
        except FormatError as error:
            _note_unreadable(report, error.detail)
        except ConfigError:
            raise
        except Exception as error:  # broken indexes give rows twice, in no order, or of another table
            if all(check.verdict != "fail" for check in report.checks):
                raise
            _note_unreadable(report, f"what it gives makes no sense ({_words(error)})")
    return report


def _note_unreadable(report: Report, why: str) -> None:
    report.check("reading", "All rows can be read").error(f"The rest of the database cannot be read: {why}")


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


async def _check(snapshot: Snapshot, report: Report, blobs: BlobStore | None, progress: Progress | None) -> None:
    await check_structure(snapshot, report)
    rows = await snapshot.all(_HEAD)
    if not rows:
        raise ConfigError(
            f"There is no log '{snapshot.log}' in the database.", remedy="Name one that it holds (--log)."
        )
    log_rows = LogRows(snapshot, report, progress)
    await log_rows.check(HeadRow(*rows[0]))
    if not log_rows.sound:
        for name, title in (BESIDE | CHAIN).items():
            report.check(name, title).skip("The entries are damaged: restore them first.")
        return
    await check_beside(snapshot, report, log_rows.replay, progress)
    await check_chain_rows(snapshot, report, log_rows.replay)
    await check_checksums(snapshot, report.check("checksums", "Rows that no entry is about have their checksums"))
    await check_stored_files(snapshot, report.check("files", "Every uploaded file has its digest"), blobs)
