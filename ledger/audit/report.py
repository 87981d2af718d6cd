"""What an audit found: named checks with verdicts, and findings that name the entry or the range they are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ledger.audit.awards import WrongAward
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue

Severity = Literal["error", "warning", "note"]
Range = tuple[int, int]
"""Entries ``old <= index < new`` between two anchors."""
MAX_FINDINGS_A_CHECK = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check noticed. Only errors make an audit fail.

    ``rule`` is the rule of the book that a statement breaks, ``award`` the wrong award that the finding names.
    """

    severity: Severity
    check: str
    detail: str
    entry: int | None = None
    range: Range | None = None
    award: WrongAward | None = None
    rule: str | None = None

    def members(self) -> dict[str, JsonValue]:
        """The JSON members; what does not apply is absent."""
        said: dict[str, JsonValue] = {"severity": self.severity, "check": self.check, "detail": self.detail}
        ruled: dict[str, JsonValue] = {} if self.rule is None else {"rule": self.rule}
        return said | ruled | _place(self.entry, self.range) | _award(self.award)


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
        """``fail`` if there is an error, else ``skipped`` if it could not be made."""
        if any(finding.severity == "error" for finding in self.findings):
            return "fail"
        return "skipped" if self.skipped else "pass"

    def add(
        self,
        severity: Severity,
        detail: str,
        *,
        entry: int | None = None,
        range_: Range | None = None,
        award: WrongAward | None = None,
        rule: str | None = None,
    ) -> None:
        """Note a finding; beyond fifty they are only counted, except for the first error."""
        first_error = severity == "error" and self.verdict != "fail"
        if len(self.findings) >= MAX_FINDINGS_A_CHECK and not first_error:
            self.more += 1
            return
        self.findings.append(Finding(severity, self.name, detail, entry, range_, award, rule))

    def error(
        self, detail: str, *, entry: int | None = None, range_: Range | None = None, rule: str | None = None
    ) -> None:
        """Note a finding that makes the audit fail."""
        self.add("error", detail, entry=entry, range_=range_, rule=rule)

    def wrong(self, what: str, award: WrongAward, *, entry: int | None = None) -> None:
        """Note a wrong award of ``what``, which makes the audit fail."""
        self.add("error", f"{what} {award.words}", entry=entry, award=award)

    def skip(self, reason: str) -> None:
        """The check could not be made."""
        self.skipped = True
        self.evidence = reason

    def members(self) -> dict[str, JsonValue]:
        """The JSON members."""
        return {"name": self.name, "title": self.title, "verdict": self.verdict, "evidence": self.evidence}


@dataclass(slots=True)
class Report:
    """The whole of an audit. ``anchored_size`` is None where no chain was asked."""

    source: str
    origin: str
    key: str
    entries: int
    root: str
    checks: list[Check] = field(default_factory=list)
    anchored_size: int | None = None
    contract: str | None = None
    chain_id: int | None = None
    tampered_entry: int | None = None
    tampered_range: Range | None = None
    proves: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Literal["pass", "fail"]:
        """``pass`` unless a check failed."""
        return "fail" if any(check.verdict == "fail" for check in self.checks) else "pass"

    @property
    def findings(self) -> list[Finding]:
        """All findings, errors first."""
        order = {"error": 0, "warning": 1, "note": 2}
        found = [finding for check in self.checks for finding in check.findings]
        return sorted(found, key=lambda finding: order[finding.severity])

    def check(self, name: str, title: str) -> Check:
        """Begin a check."""
        check = Check(name, title)
        self.checks.append(check)
        return check

    def members(self) -> dict[str, JsonValue]:
        """The JSON members; what does not apply is absent."""
        members: dict[str, JsonValue] = {
            "v": 1,
            "verdict": self.verdict,
            "source": self.source,
            "origin": self.origin,
            "key": self.key,
            "entries": self.entries,
            "root": self.root,
            "checks": [check.members() for check in self.checks],
            "findings": [finding.members() for finding in self.findings],
            "more_findings": sum(check.more for check in self.checks),
            "proves": list(self.proves),
        }
        optional: dict[str, JsonValue] = {
            "anchored_size": self.anchored_size,
            "contract": self.contract,
            "chain_id": self.chain_id,
            "tampered_entry": self.tampered_entry,
            "tampered_range": None if self.tampered_range is None else list(self.tampered_range),
        }
        return members | {name: value for name, value in optional.items() if value is not None}

    def encode(self) -> bytes:
        """Canonical JSON (RFC 8785), so that equal audits give equal files."""
        return canonical.encode(self.members())


def _place(entry: int | None, range_: Range | None) -> dict[str, JsonValue]:
    place: dict[str, JsonValue] = {}
    if entry is not None:
        place["entry"] = entry
    if range_ is not None:
        place["range"] = list(range_)
    return place


def _award(award: WrongAward | None) -> dict[str, JsonValue]:
    """Amounts as decimal strings, as everywhere."""
    if award is None:
        return {}
    named = {"campaign": award.campaign, "contributor": award.contributor, "account": award.account}
    amounts: dict[str, JsonValue] = {"claimed": str(award.claimed), "awarded": str(award.awarded)}
    return {"rule": award.rule} | amounts | {name: value for name, value in named.items() if value is not None}
