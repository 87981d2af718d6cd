"""The report as one HTML file that needs nothing else: no script, no request, a policy that allows neither."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ledger import __version__
from ledger.audit.pages.figures import Figures
from ledger.audit.pages.language import Language
from ledger.audit.pages.pictures import charts
from ledger.audit.report import Check, Finding, Report, Severity
from ledger.pictures import style

_FOLDER: Final = Path(__file__).parent
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_HEADINGS: Final[dict[Severity, str]] = {"error": "Errors", "warning": "Warnings", "note": "Notes"}
_EXPLAINED: Final[dict[Severity, str]] = {
    "error": "What is wrong. Each of these makes the audit fail.",
    "warning": "What should not happen, and changes nothing: ask the operator.",
    "note": "What is allowed, and good to know.",
}


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one severity, and how many of all severities are not kept."""

    severity: Severity
    heading: str
    explained: str
    findings: tuple[tuple[Finding, Check], ...]


def report_page(report: Report, figures: Figures, *, language: str, at_ms: int) -> bytes:
    """The page of a report. ``at_ms`` is when the audit was made.

    Findings, evidence and what is proved are in the audit's own words, which are English. Raises ConfigError for a
    language that there is none of.
    """
    said = Language(language)
    css = _css()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    page = _ENVIRONMENT.get_template("report.html").render(
        _=said.text,
        said=said,
        report=report,
        groups=_groups(report),
        more=sum(check.more for check in report.checks),
        passed=sum(check.verdict == "pass" for check in report.checks),
        at=said.time(at_ms),
        charts=list(charts(figures, said)),
        version=__version__,
        css=css,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        data=_data(report, figures),
    )
    return page.encode()


def report_members(report: Report, figures: Figures) -> bytes:
    """The report as JSON, with the figures that the pictures are drawn from."""
    return json.dumps(report.members() | {"figures": figures.members()}, ensure_ascii=False, indent=1).encode() + b"\n"


def _css() -> str:
    """The report's style and the pictures'."""
    return (_FOLDER / "report.css").read_text(encoding="utf-8") + style()


def _groups(report: Report) -> list[Group]:
    checks = {check.name: check for check in report.checks}
    found = report.findings
    return [
        Group(
            severity,
            heading,
            _EXPLAINED[severity],
            tuple((finding, checks[finding.check]) for finding in found if finding.severity == severity),
        )
        for severity, heading in _HEADINGS.items()
    ]


def _data(report: Report, figures: Figures) -> str:
    """The JSON for a ``<script type="application/json">``, which no browser runs and nothing in it can end."""
    data = json.dumps(report.members() | {"figures": figures.members()}, ensure_ascii=False, separators=(",", ":"))
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
