"""The file, or the two, that ``crowdledger audit --report`` leaves."""

from __future__ import annotations

import time
from pathlib import Path

from ledger.audit.chain_checks import OnChain
from ledger.audit.pages.figures import Figures, figures_of
from ledger.audit.pages.language import Language
from ledger.audit.pages.page import report_members, report_page
from ledger.audit.replay import Replay
from ledger.audit.report import Report
from ledger.cli.files import write_new_file
from ledger.errors import ConfigError


class JsonReport:
    """The report as canonical JSON, so that equal audits give equal files."""

    see = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, report: Report) -> tuple[Path, ...]:
        """Write the file; ConfigError if it has come to be meanwhile."""
        write_new_file(self._path, report.encode() + b"\n")
        return (self._path,)


class PageReport:
    """The report as a page with pictures, and beside it the same as JSON."""

    def __init__(self, path: Path, language: str) -> None:
        self._path, self._language = path, Language(language).code
        self._figures = Figures()

    def see(self, replay: Replay, chain: OnChain | None) -> None:
        """Take the figures while the replay is there."""
        self._figures = figures_of(replay, chain)

    def write(self, report: Report) -> tuple[Path, ...]:
        """Write both files; ConfigError if one has come to be meanwhile."""
        beside = self._path.with_suffix(".json")
        now_ms = time.time_ns() // 1_000_000
        write_new_file(self._path, report_page(report, self._figures, language=self._language, at_ms=now_ms))
        write_new_file(beside, report_members(report, self._figures))
        return self._path, beside


def open_report(path: Path, language: str) -> JsonReport | PageReport:
    """What writes the report in the form that the file's name asks for.

    Raises ConfigError before the audit begins where a file is there already or nobody translated the language.
    """
    is_page = path.suffix == ".html"
    for each in (path, path.with_suffix(".json")) if is_page else (path,):
        if each.exists():
            raise ConfigError(f"'{each}' exists already.", remedy="Nothing was changed; choose another path.")
    return PageReport(path, language) if is_page else JsonReport(path)
