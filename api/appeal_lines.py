"""Appeals as those read them who resolve or filed them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.reads.appeals import Filed
from api.reads.people import decisions_by_id, openings_of
from api.service import Service
from ledger.errors import FormatError
from ledger.statements.commitments import Opening
from ledger.statements.values import format_score, format_time
from ledger.wire.appeals import AppealLine

Openings = dict[tuple[str, str], Opening]


async def appeal_lines(service: Service, filed: Sequence[Filed]) -> list[AppealLine]:
    """Lines in the order of ``filed``, each with what is said on both sides and the work that it is about."""
    rows = [each.row for each in filed]
    subjects = [("contribution", row.contribution) for row in rows]
    subjects += [(purpose, row.id) for row in rows for purpose in ("appeal", "feedback")]
    subjects += [("feedback", row.decision) for row in rows]
    openings = await openings_of(service.reads, subjects)
    decided = await decisions_by_id(service.reads, [row.decision for row in rows])
    lines = []
    for each in filed:
        row, decision = each.row, decided[each.row.decision]
        said = _content(openings, "appeal", row.id)
        said = said if isinstance(said, dict) else {}
        lines.append(
            AppealLine(
                id=row.id,
                index=row.entry_index,
                at=format_time(row.at_ms),
                due=format_time(each.due_ms),
                campaign=row.campaign,
                contribution=row.contribution,
                contributor=row.contributor,
                decision=row.decision,
                verdict=decision.verdict,
                score=format_score(decision.score),
                feedback=_content(openings, "feedback", row.decision),
                content=_work(openings, row.contribution, said.get("opening")),
                grounds=said.get("grounds"),
                resolved_at=None if row.resolved_ms is None else format_time(row.resolved_ms),
                outcome=row.outcome,
                reason=_content(openings, "feedback", row.id),
                url=service.url(f"/e/{row.entry_index}"),
            )
        )
    return lines


def _content(openings: Openings, purpose: str, subject: str) -> Any:
    opening = openings.get((purpose, subject))
    return None if opening is None else opening.content()


def _work(openings: Openings, contribution: str, brought: Any) -> Any:
    """The contribution's content: the service's, or where that was erased what its author brought with the appeal."""
    if ("contribution", contribution) in openings or brought is None:
        return _content(openings, "contribution", contribution)
    try:
        return Opening(bytes.fromhex(brought["salt"]), brought["preimage"].encode()).content()
    except FormatError:
        return None
