"""The auditor's pages: how to check everything oneself, and the audits that the service ran of itself."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import cursors
from api.ids import check_id
from api.pages.audit_words import check_words, sentence_words
from api.pages.languages import duration, mark, text
from api.pages.rendering import page
from api.reads import audits as reads
from api.routes.audits import ask
from api.service import service_of
from ledger.errors import TooManyError, UnavailableError
from ledger.statements.values import time_ms
from ledger.wire.audits import AuditLine

router = APIRouter()
_LISTED: Final = 20
_RECENT: Final = 10
_SHOWN: Final = 200
"""Findings of each severity on a report's page; the rest is in its JSON."""
SEVERITIES: Final = {
    "error": (mark("Errors: these make an audit fail"), "bad"),
    "warning": (mark("Warnings: look at them"), "open"),
    "note": (mark("Notes: good to know"), ""),
}
_VERDICTS: Final = {
    "pass": (mark("passed"), "good"),
    "fail": (mark("failed"), "bad"),
    "skipped": (mark("not checked"), ""),
}
_STATES: Final = {
    "asked": (mark("waits"), "open"),
    "running": (mark("runs now"), "open"),
    "failed": (mark("could not be made"), "bad"),
}


@router.get("/audit")
async def auditor_page(request: Request, cursor: Annotated[str | None, Query(max_length=40)] = None) -> Response:
    """How to audit this log oneself, and its last audits."""
    return await _auditor(request, cursor, None, 200)


@router.post("/audit")
async def ask_page(request: Request) -> Response:
    """Ask for an audit by a plain form, which needs no script."""
    service = service_of(request)
    try:
        found = await ask(service, by_operator=False)
    except TooManyError as error:
        request.app.traffic.limited[error.limit] += 1
        minutes = await reads.early_minutes(service.reads, time.time_ns() // 1_000_000)
        problem = text(
            "Strangers can ask for one audit an hour. Ask again in {time}, or run one of your own at any time.",
            time=duration(60 * minutes),
        )
        return await _auditor(request, None, problem, TooManyError.status)
    except UnavailableError:
        return await _auditor(request, None, text("Nobody would run it here. Run one of your own."), 503)
    return RedirectResponse(f"{service.base}/audits/{found.id}", 303)


async def _auditor(request: Request, cursor: str | None, problem: str | None, status: int) -> Response:
    service = service_of(request)
    found, more = await reads.list_audits(service.reads, service.base, cursors.decode(cursor), _LISTED)
    head = await service.reader.head()
    last = None
    done = next((each for each in found if each.state == "done"), None) if cursor is None else None
    if done is not None:
        last = await reads.find_audit(service.reads, service.base, done.id)
    is_open = bool(found) and cursor is None and found[0].state in ("asked", "running")
    return page(
        request,
        "audit.html",
        status,
        url=service.public_url,
        size=head.size,
        vkey=head.vkey,
        origin=head.origin,
        place=service.deployment,
        rows=[_row(each) for each in found],
        last=None if last is None else _row(last),
        findings=[] if last is None else _grouped(last.report or {}, _RECENT),
        more=cursors.encode(more),
        is_first=cursor is None,
        is_open=is_open,
        problem=problem,
        early=await reads.early_minutes(service.reads, time.time_ns() // 1_000_000),
    )


@router.get("/audits/{audit}")
async def report_page(audit: str, request: Request) -> Response:
    """The report of one audit."""
    service = service_of(request)
    found = await reads.find_audit(service.reads, service.base, check_id(audit, "audit"))
    report = found.report or {}
    checks = [
        (check["name"], check_words(check["title"]), *_verdict(check["verdict"]), sentence_words(check["evidence"]))
        for check in report.get("checks", ())
    ]
    return page(
        request,
        "audit_report.html",
        **_row(found),
        report=report,
        url=service.public_url,
        checks=checks,
        findings=_grouped(report, _SHOWN),
        more_findings=report.get("more_findings", 0),
        proves=[sentence_words(each) for each in report.get("proves", ())],
        is_open=found.state in ("asked", "running"),
    )


def _row(audit: AuditLine) -> dict[str, Any]:
    state, tone = _verdict(audit.verdict) if audit.verdict is not None else _state(audit.state)
    started, ended = (None if each is None else time_ms(each) for each in (audit.started, audit.ended))
    return {
        "audit": audit,
        "at_ms": time_ms(audit.at),
        "took": None if started is None or ended is None else duration(max(1, (ended - started) // 1000)),
        "state": state,
        "tone": tone,
    }


def _verdict(verdict: str) -> tuple[str, str]:
    words, tone = _VERDICTS[verdict]
    return text(words), tone


def _state(state: str) -> tuple[str, str]:
    words, tone = _STATES[state]
    return text(words), tone


def _grouped(report: Mapping[str, Any], most: int) -> list[tuple[str, str, int, Sequence[Any]]]:
    """Findings by severity: (words, tone, how many, the first of them)."""
    found = report.get("findings", ())
    groups: list[tuple[str, str, int, Sequence[Any]]] = []
    for severity, (words, tone) in SEVERITIES.items():
        ours = [each for each in found if each["severity"] == severity]
        if ours:
            groups.append((text(words), tone, len(ours), ours[:most]))
    return groups
