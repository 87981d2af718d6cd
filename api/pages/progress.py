"""The four steps of a contribution (received, decided, final, paid) in words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Literal

from api.lookup import Campaign, Decision, payable_from_ms, standing_decision
from api.pages import words
from api.reads import campaigns, settlements
from api.service import Service
from api.units import Unit
from ledger.book import policies
from ledger.log.shapes import ContributionView
from ledger.statements.campaigns import ScoreRate
from ledger.statements.values import score_millionths

Tone = Literal["good", "bad", "open"]
# Awards queue for the campaign's budget and funds; what those do not reach is not paid (book/rewards.py).
_MONEY: Final = ", as far as the campaign's money reaches"
_BUDGET: Final = ", as far as the campaign's budget reaches"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: done, going on now, or still to come; ``never`` where it will not come."""

    name: str
    state: Literal["done", "now", "later", "never"]
    words: str
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What stands in large letters, its colour, and the steps."""

    headline: str
    tone: Tone
    steps: tuple[Step, ...]
    decision: Decision | None


async def progress_of(service: Service, row: ContributionView, campaign: Campaign) -> Progress:
    """How far a contribution has come, from the views."""
    now_ms = time.time_ns() // 1_000_000
    standing = await standing_decision(service.reader, row)
    received = Step("Received", "done", f"It is entry {row.index} of the public log.", row.at_ms)
    if row.replaced_by is not None:
        steps = (received, Step("Replaced", "done", "A newer version takes its place; only the last one earns."))
        return Progress("Replaced by a newer version", "open", steps, standing)
    payable_ms = payable_from_ms(row, campaign.opened, standing)
    decided = _decided(row, campaign, standing, now_ms)
    final = _final(row, campaign, standing, now_ms)
    paid = await _paid(service, row, campaign, standing, payable_ms, final.state == "done")
    return Progress(*_headline(campaign, standing, final), (received, decided, final, paid), standing)


def _headline(campaign: Campaign, standing: Decision | None, final: Step) -> tuple[str, Tone]:
    if standing is not None:
        verdict: str = standing.made.verdict
        if verdict == "needs_work" and final.state == "done":
            verdict = "rejected"  # nobody can answer it any more, so it earns nothing
    elif final.state == "done":
        verdict = campaign.opened.decision_default
    else:
        return "Received, not decided yet", "open"
    tones: dict[str, Tone] = {"accepted": "good", "rejected": "bad"}
    return words.VERDICTS[verdict], tones.get(verdict, "open")


def _decided(row: ContributionView, campaign: Campaign, standing: Decision | None, now_ms: int) -> Step:
    deadline_ms = row.at_ms + campaign.opened.decision_deadline * 1000
    default = words.VERDICTS[campaign.opened.decision_default].lower()
    if standing is not None:
        verdict = words.VERDICTS[standing.made.verdict].lower()
        text = f"Decided {words.method(standing.made.method)}: {verdict}, score {standing.made.score}."
        if standing.made.feedback is not None:
            text += " There is feedback for you; your platform shows it."
        return Step("Decided", "done", text, standing.at_ms)
    if now_ms > deadline_ms:
        return Step("Decided", "done", f"Nobody decided in time, so it counts as {default}.", deadline_ms)
    text = f"Waiting. If nobody decides by {words.date(deadline_ms)}, it counts as {default}."
    return Step("Decided", "now", text)


def _final(row: ContributionView, campaign: Campaign, standing: Decision | None, now_ms: int) -> Step:
    if standing is None:
        deadline_ms = row.at_ms + campaign.opened.decision_deadline * 1000
        if now_ms > deadline_ms:
            return Step("Final", "done", "The decision can no longer change.", deadline_ms)
        return Step("Final", "later", f"{words.duration(campaign.opened.appeal_window)} after the decision.")
    end_ms = standing.at_ms + campaign.opened.appeal_window * 1000
    asked = standing.made.verdict == "needs_work"
    if now_ms > end_ms:
        text = "No new version came in time." if asked else "The decision can no longer change."
        return Step("Final", "done", text, end_ms)
    until = words.date(end_ms)
    if asked:
        return Step("Final", "now", f"Until {until} you can send a new version. Without one nothing is paid.")
    if standing.made.supersedes is not None:
        return Step("Final", "now", f"It was changed once and cannot be changed again. It is final from {until}.")
    return Step("Final", "now", f"Until {until} your platform can still change the decision, once.")


async def _paid(
    service: Service,
    row: ContributionView,
    campaign: Campaign,
    standing: Decision | None,
    payable_ms: int | None,
    final: bool,
) -> Step:
    """What is paid, by the campaign's policy; settlements and claims are those the worker has recorded."""
    amount = _amount(service.unit_of(campaign.opened), campaign, standing, final)
    limit = _BUDGET if campaign.opened.onchain is None else _MONEY
    if standing is None and not final:
        return Step("Paid", "later", f"If it is accepted, it earns {amount}{limit}.")
    if payable_ms is None:
        open_ = standing is not None and standing.made.verdict == "needs_work" and not final
        text = "Nothing yet; a new version that is accepted is paid." if open_ else "This decision pays nothing."
        return Step("Paid", "later" if open_ else "never", text)
    if campaign.opened.onchain is None:
        text = f"It earns {amount}{limit}." if final else f"It earns {amount} once the decision is final{limit}."
        return Step("Paid", "done" if final else "later", text)
    link = await service.reader.link(row.contributor)
    if link is None:
        text = f"{amount} will be kept for you{limit}. Link a wallet on your platform to get it."
        return Step("Paid", "now" if final else "later", text)
    wallet = words.short(link.address)
    if not final:
        return Step("Paid", "later", f"{amount} to {wallet}, with the first settlement after that.")
    from_ms = link.at_ms + service.config.wallet_delay * 1000
    if time.time_ns() // 1_000_000 <= from_ms:
        text = f"{amount}. The wallet {wallet} is paid from {words.date(from_ms)}; one linked before it until then."
        return Step("Paid", "now", text)
    settled = int(await campaigns.settled(service.reads, campaign.opened) or 0)
    if settled == 0:
        return _payment(None, amount, wallet)
    funds = await service.reader.funds(campaign.opened.id)
    if funds is None or settled >= min(int(campaign.opened.budget), funds.funded):
        amount += " (or less: the campaign's money is spent)"
    place = (campaign.opened.onchain.chain_id, campaign.opened.onchain.pool)
    return _payment(await settlements.first_covering(service.reads, place, payable_ms, link.address), amount, wallet)


def _payment(found: settlements.Payment | None, amount: str, wallet: str) -> Step:
    """``found`` is the settlement that pays the award, None while none does."""
    if found is None:
        return Step("Paid", "now", f"{amount} to {wallet}, with the next settlement{_MONEY}.")
    if found.claimed >= found.cumulative:
        how = f" (transaction {words.short(found.transaction)})" if found.transaction else ""
        return Step("Paid", "done", f"{amount} to {wallet}{how}.")
    if found.state == "activated":
        return Step("Paid", "now", f"{amount} can be claimed by {wallet} now.")
    text = f"{amount} to {wallet}: in settlement {found.number}, which can be claimed after its waiting time."
    return Step("Paid", "now", text)


def _amount(unit: Unit, campaign: Campaign, standing: Decision | None, final: bool) -> str:
    """What the policy pays for the decision, or for the default that takes its place."""
    score = policies.SCORE_OF_DEFAULT if standing is None else score_millionths(standing.made.score)
    unknown = standing is None and not final and isinstance(campaign.opened.policy, ScoreRate)
    return ("up to " if unknown else "") + unit.words(policies.award(campaign.opened.policy, score))
