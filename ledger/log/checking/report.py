"""What a check of a database found: checks with verdicts, and findings that name entry, table and column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.values import MAX_COUNT

MAX_FINDINGS_A_CHECK = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong. ``entry`` is None where no entry can be named."""

    severity: Literal["error"]
    check: str
    detail: str
    entry: int | None = None
    table: str | None = None
    column: str | None = None

    def members(self) -> dict[str, JsonValue]:
        """The JSON members; what does not apply is absent."""
        said: dict[str, JsonValue] = {"severity": self.severity, "check": self.check, "detail": self.detail}
        place: dict[str, JsonValue] = {"entry": self.entry, "table": self.table, "column": self.column}
        return said | {name: value for name, value in place.items() if value is not None}


@dataclass(slots=True)
class Check:
    """One check: what it looks at, and what came of it. ``evidence`` says what was compared, or why it was skipped."""

    name: str
    title: str
    evidence: str = ""
    skipped: bool = False
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    """Findings beyond those that are kept."""

    @property
    def verdict(self) -> Literal["pass", "fail", "skipped"]:
        """``fail`` if something is wrong, else ``skipped`` if it could not be made."""
        if self.findings:
            return "fail"
        return "skipped" if self.skipped else "pass"

    def error(
        self, detail: str, *, entry: int | None = None, table: str | None = None, column: str | None = None
    ) -> None:
        """Note what is wrong; beyond fifty it is only counted. A damaged number names no entry."""
        if type(entry) is not int or not 0 <= entry <= MAX_COUNT:
            entry = None
        if len(self.findings) < MAX_FINDINGS_A_CHECK:
            self.findings.append(Finding("error", self.name, _printable(detail), entry, table, column))
        else:
            self.more += 1

    def skip(self, reason: str) -> None:
        """The check could not be made."""
        self.skipped = True
        self.evidence = reason

    def members(self) -> dict[str, JsonValue]:
        """The JSON members."""
        return {"name": self.name, "title": self.title, "verdict": self.verdict, "evidence": self.evidence}


@dataclass(slots=True)
class Report:
    """The whole of a check of one log's rows. ``entries`` and ``root`` are those of the head that the rows lead to."""

    log: str
    origin: str = ""
    entries: int = 0
    root: str = ""
    checks: list[Check] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    """Tables with the columns in which damage is not seen, and why."""

    @property
    def verdict(self) -> Literal["pass", "fail"]:
        """``pass`` unless a check failed."""
        return "fail" if any(check.verdict == "fail" for check in self.checks) else "pass"

    @property
    def findings(self) -> list[Finding]:
        """All findings, in the order of the checks."""
        return [finding for check in self.checks for finding in check.findings]

    def check(self, name: str, title: str) -> Check:
        """Begin a check."""
        check = Check(name, title)
        self.checks.append(check)
        return check

    def members(self) -> dict[str, JsonValue]:
        """The JSON members."""
        return {
            "v": 1,
            "verdict": self.verdict,
            "log": self.log,
            "origin": self.origin,
            "entries": self.entries,
            "root": self.root,
            "checks": [check.members() for check in self.checks],
            "findings": [finding.members() for finding in self.findings],
            "more_findings": sum(check.more for check in self.checks),
            "not_checked": list(self.not_checked),
        }

    def encode(self) -> bytes:
        """Canonical JSON (RFC 8785), so that equal checks give equal files."""
        return canonical.encode(self.members())


def _printable(text: str) -> str:
    """A detail may quote damaged bytes, which no output could carry."""
    return text.encode(errors="backslashreplace").decode()
