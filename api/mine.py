"""Contributions as their authors see them: content, decision, feedback, appeal, and what happens when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row

from api.reads.people import appeals_of, openings_of, statements_at
from api.reads.people_facts import facts_of, titles_of
from api.reads.summary import AnchorRow
from api.service import Service
from api.states import state_of
from ledger.book import policies
from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution, appeal_is_open, due_ms, is_final, outcome
from ledger.statements.commitments import Opening
from ledger.statements.decisions import DecisionMade
from ledger.statements.values import format_time
from ledger.wire.contributions import Decision
from ledger.wire.people import MyAppeal, MyContribution

Openings = dict[tuple[str, str], Opening]


async def my_contributions(service: Service, rows: Sequence[Row[Any]], now_ms: int) -> list[MyContribution]:
    """The contributions of rows of the table, in their order; a page of them in a bounded number of reads."""
    reads = service.reads
    ids = [row.id for row in rows]
    facts = await facts_of(reads, ids)
    filed = await appeals_of(reads, ids)
    decided = [found.decision for each in ids if (found := facts.contributions[each]).decision is not None]
    made = await statements_at(reads, [decision.index for decision in decided if decision is not None])
    subjects = [("contribution", each) for each in ids]
    subjects += [("feedback", decision.id) for decision in decided if decision is not None]
    subjects += [("feedback", appeal.id) for found in filed.values() for appeal in found]
    openings = await openings_of(reads, subjects)
    titles = await titles_of(reads, {row.campaign for row in rows})
    last = await service.anchor.get()
    lines = []
    for row in rows:
        found = facts.contributions[row.id]
        sight = _Sight(service, found, facts.campaigns[row.campaign], openings, now_ms)
        decision = None if found.decision is None else made[found.decision.index]
        lines.append(sight.line(titles[row.campaign], last, decision, filed.get(row.id, [])))
    return lines


@dataclass(frozen=True, slots=True)
class _Sight:
    """One contribution with what is known of it."""

    service: Service
    found: Contribution
    campaign: Campaign
    openings: Openings
    now_ms: int

    def line(self, title: str, last: AnchorRow | None, made: Any, filed: Sequence[Row[Any]]) -> MyContribution:
        found, opening = self.found, self.openings.get(("contribution", self.found.id))
        sealed = self.campaign.sealed_ms is not None and not found.revealed
        return MyContribution(
            id=found.id,
            index=found.index,
            at=format_time(found.at_ms),
            status=state_of(last, found.index),
            state=self._state(sealed),
            campaign=found.campaign,
            campaign_title=title,
            contributor=found.contributor,
            task=found.task,
            content=None if opening is None else opening.content(),
            erased=opening is None and not sealed,
            replaced_by=found.replaced_by,
            decision=None if made is None else self._decision(made),
            decision_receipt=None if made is None else self.service.url(f"/v1/decisions/{made.id}/receipt"),
            appeal=self._appeal(filed),
            appeal_until=self._appeal_until(),
            final_from=final_from(found, self.campaign),
            payable_from=payable_from(found, self.campaign, filed),
            signed_by=found.signer,
            url=self.service.url(f"/c/{found.id}"),
            receipt=self.service.url(f"/v1/contributions/{found.id}/receipt"),
        )

    @property
    def _is_final(self) -> bool:
        return is_final(self.found, self.campaign, self.now_ms)

    def _state(self, sealed: bool) -> Any:
        found = self.found
        if found.withdrawn or found.replaced_by is not None:
            return "withdrawn" if found.withdrawn else "replaced"
        if self._is_final:
            return "final"
        if appeal_is_open(found):
            return "appealed"
        if found.decision is not None:
            return "needs_work" if found.decision.verdict == "needs_work" else "decided"
        if found.reviews:
            return "in_review"
        return "sealed" if sealed else "submitted"

    def _decision(self, made: DecisionMade) -> Decision:
        assert self.found.decision is not None
        feedback = self.openings.get(("feedback", made.id))
        return Decision(
            id=made.id,
            index=self.found.decision.index,
            at=made.at,
            verdict=made.verdict,
            score=made.score,
            method=msgspec.to_builtins(made.method),
            feedback=None if feedback is None else feedback.content(),
            final_from=format_time(self.found.decision.at_ms + self.campaign.appeal_ms + 1),
        )

    def _appeal(self, filed: Sequence[Row[Any]]) -> MyAppeal | None:
        if not filed:
            return None
        row = filed[-1]
        reason = self.openings.get(("feedback", row.id))
        return MyAppeal(
            id=row.id,
            index=row.entry_index,
            at=format_time(row.at_ms),
            decision=row.decision,
            due=format_time(row.at_ms + self.campaign.resolution_ms),
            resolved_at=None if row.resolved_ms is None else format_time(row.resolved_ms),
            outcome=row.outcome,
            reason=None if reason is None else reason.content(),
            receipt=self.service.url(f"/v1/entries/{row.entry_index}/receipt"),
        )

    def _appeal_until(self) -> str | None:
        found, decision = self.found, self.found.decision
        if decision is None or found.appeal is not None or found.replaced_by is not None or self._is_final:
            return None
        until_ms = decision.at_ms + self.campaign.appeal_ms
        return format_time(until_ms) if self.now_ms <= until_ms else None


def final_from(found: Contribution, campaign: Campaign) -> str | None:
    """When nothing changes any more if nothing more happens; None where that is so already, and not by a deadline."""
    resolved = found.appeal is not None and found.appeal.resolved
    if found.withdrawn or found.replaced_by is not None or resolved:
        return None
    return format_time(due_ms(found, campaign) + 1)


def payable_from(found: Contribution, campaign: Campaign, filed: Sequence[Row[Any]]) -> str | None:
    """When a contribution's award, as things stand, becomes final; ``filed`` are its appeals, oldest first.

    None where nothing is to be paid, or prizes or a pool are shared out once the campaign is over.
    """
    shared = isinstance(campaign.versions[-1].policy, policies.ONCE_FOR_ALL)
    if shared or found.replaced_by is not None or not outcome(found, campaign).accepted:
        return None
    if found.appeal is not None and found.appeal.resolved:
        return format_time(filed[-1].resolved_ms)
    return final_from(found, campaign)
