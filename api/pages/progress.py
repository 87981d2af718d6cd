"""How far a contribution has come (received, opened, decided, appealed, final, paid), in words.

What is told is what the book's own rules make of the statements about it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Literal

from api.lookup import Campaign as CampaignRow
from api.lookup import Decision, standing_decision
from api.pages import words
from api.reads import campaigns, settlements
from api.reads.people_facts import facts_of
from api.service import Service
from ledger.book import policies
from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution, appeal_is_open, due_ms, is_final, outcome
from ledger.log.shapes import ContributionView
from ledger.statements.campaigns import ScoreRate
from ledger.statements.values import SCORE_ONE

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


@dataclass(frozen=True, slots=True)
class _Sight:
    """A contribution in the book, and the statement of the decision that stands."""

    service: Service
    row: CampaignRow
    found: Contribution
    campaign: Campaign
    standing: Decision | None
    now_ms: int

    @property
    def is_final(self) -> bool:
        return is_final(self.found, self.campaign, self.now_ms)

    @property
    def is_sealed(self) -> bool:
        return self.campaign.sealed_ms is not None and not self.found.revealed

    @property
    def due_ms(self) -> int:
        return due_ms(self.found, self.campaign)


async def progress_of(service: Service, row: ContributionView, campaign: CampaignRow) -> Progress:
    """How far a contribution has come."""
    facts = await facts_of(service.reads, [row.id])
    found = facts.contributions[row.id]
    standing = await standing_decision(service.reader, row)
    sight = _Sight(service, campaign, found, facts.campaigns[row.campaign], standing, time.time_ns() // 1_000_000)
    received = Step("Received", "done", f"It is entry {row.index} of the public log.", row.at_ms)
    if found.withdrawn:
        gone = Step("Withdrawn", "done", "Its author took it back before it was decided.")
        return Progress("Withdrawn", "open", (received, gone), standing)
    if row.replaced_by is not None:
        steps = (received, Step("Replaced", "done", "A newer version takes its place; only the last one earns."))
        return Progress("Replaced by a newer version", "open", steps, standing)
    between = [step for step in (_opened(sight), _decided(sight), _appeal(sight)) if step is not None]
    return Progress(*_headline(sight), (received, *between, _final(sight), await _paid(sight)), standing)


def _headline(sight: _Sight) -> tuple[str, Tone]:
    if sight.is_final:
        accepted = outcome(sight.found, sight.campaign).accepted
        return words.VERDICTS["accepted" if accepted else "rejected"], "good" if accepted else "bad"
    if appeal_is_open(sight.found):
        return "Appealed: somebody else is looking at it", "open"
    if sight.found.decision is None:
        return ("Received, still sealed" if sight.is_sealed else "Received, not decided yet"), "open"
    verdict = sight.found.decision.verdict
    tones: dict[str, Tone] = {"accepted": "good", "rejected": "bad"}
    return words.VERDICTS[verdict], tones.get(verdict, "open")


def _opened(sight: _Sight) -> Step | None:
    """Of a sealed entry: whether its author has opened it."""
    if sight.campaign.sealed_ms is None:
        return None
    if sight.found.revealed:
        return Step("Opened", "done", "Its author opened it in time.")
    until = words.date(sight.campaign.reveal_ms)
    if sight.now_ms > sight.campaign.reveal_ms:
        return Step("Opened", "never", f"Nobody opened it until {until}, so it wins nothing.")
    begin = words.date(sight.campaign.sealed_ms)
    state: Literal["now", "later"] = "now" if sight.now_ms > sight.campaign.sealed_ms else "later"
    return Step("Opened", state, f"Only its author can open it, after {begin} and until {until}; else it wins nothing.")


def _decided(sight: _Sight) -> Step | None:
    standing = sight.standing
    if standing is not None:
        verdict = words.VERDICTS[standing.made.verdict].lower()
        text = f"Decided {words.method(standing.made.method)}: {verdict}, score {standing.made.score}."
        if standing.made.feedback is not None:
            text += " There is feedback for you; your platform shows it."
        return Step("Decided", "done", text, standing.at_ms)
    if sight.is_sealed:
        return None
    default = words.VERDICTS[sight.campaign.opened.decision_default].lower()
    if sight.is_final:
        return Step("Decided", "done", f"Nobody decided in time, so it counts as {default}.", sight.due_ms)
    text = f"Waiting. If nobody decides by {words.date(sight.due_ms)}, it counts as {default}."
    return Step("Decided", "now", text)


def _appeal(sight: _Sight) -> Step | None:
    appeal = sight.found.appeal
    if appeal is None:
        return None
    if appeal.resolved:
        return Step("Appeal", "done", "Somebody else has looked at it; what they decided stands.")
    accepts = sight.campaign.opened.appeal_default == "accepted"
    otherwise = "it counts as accepted" if accepts else "the decision stands"
    if sight.is_final:
        return Step("Appeal", "done", f"Nobody resolved it in time, so {otherwise}.", sight.due_ms)
    text = (
        f"A person who has not judged it before looks at it. If nobody has by {words.date(sight.due_ms)}, {otherwise}."
    )
    return Step("Appeal", "now", text, appeal.at_ms)


def _final(sight: _Sight) -> Step:
    decision, appeal = sight.found.decision, sight.found.appeal
    if sight.is_final:
        asked = decision is not None and decision.verdict == "needs_work" and appeal is None
        text = "No new version came in time." if asked else "The decision can no longer change."
        return Step("Final", "done", text, None if appeal is not None and appeal.resolved else sight.due_ms)
    if appeal is not None:
        return Step("Final", "later", "Once the appeal is resolved.")
    if decision is None:
        return Step("Final", "later", f"{words.duration(sight.campaign.opened.appeal_window)} after the decision.")
    window_ms = decision.at_ms + sight.campaign.appeal_ms
    sentences = []
    if decision.verdict == "needs_work":
        until = words.date(decision.at_ms + sight.campaign.revision_ms)
        sentences.append(f"Until {until} you can send a new version. Without one nothing is paid.")
    elif decision.superseding or sight.found.reopened:
        sentences.append("It was changed once and cannot be changed again but by an appeal.")
    elif sight.campaign.opened.judging is None:
        sentences.append(f"Until {words.date(sight.due_ms)} your platform can still change the decision, once.")
    if sight.now_ms <= window_ms:
        sentences.append(f"Until {words.date(window_ms)} you can appeal; somebody else then looks at it.")
    return Step("Final", "now", " ".join(sentences))


async def _paid(sight: _Sight) -> Step:
    """What is paid, by the campaign's policy; settlements and claims are those the worker has recorded."""
    service, campaign, decision = sight.service, sight.campaign, sight.found.decision
    limit = _BUDGET if campaign.opened.onchain is None else _MONEY
    accepted = outcome(sight.found, campaign).accepted if sight.is_final else None
    if accepted is False:
        return Step("Paid", "never", "This decision pays nothing.")
    if isinstance(campaign.versions[-1].policy, policies.ONCE_FOR_ALL):
        state: Literal["now", "later"] = "now" if accepted else "later"
        return Step("Paid", state, "Prizes and shares are worked out once all entries of the campaign are final.")
    amount = _amount(sight)
    if not sight.is_final:
        if appeal_is_open(sight.found):
            return Step("Paid", "later", f"Pay waits for the appeal. If it is accepted, it earns {amount}{limit}.")
        if decision is None:
            return Step("Paid", "later", f"If it is accepted, it earns {amount}{limit}.")
        if decision.verdict == "needs_work":
            return Step("Paid", "later", "Nothing yet; a new version that is accepted is paid.")
        if decision.verdict == "rejected":
            return Step("Paid", "never", "This decision pays nothing.")
    if campaign.opened.onchain is None:
        text = f"It earns {amount}{limit}." if accepted else f"It earns {amount} once the decision is final{limit}."
        return Step("Paid", "done" if accepted else "later", text)
    link = await service.reader.link(sight.found.contributor)
    if link is None:
        text = f"{amount} will be kept for you{limit}. Link a wallet on your platform to get it."
        return Step("Paid", "now" if accepted else "later", text)
    wallet = words.short(link.address)
    if not accepted:
        return Step("Paid", "later", f"{amount} to {wallet}, with the first settlement after that.")
    delay_ms = service.config.wallet_delay * 1000
    from_ms = link.at_ms + (2 * delay_ms if link.objected is not None else delay_ms)
    if sight.now_ms <= from_ms:
        text = f"{amount}. The wallet {wallet} is paid from {words.date(from_ms)}; one linked before it until then."
        return Step("Paid", "now", text)
    return await _settled(sight, amount, link.address)


async def _settled(sight: _Sight, amount: str, address: str) -> Step:
    """How far the payment of a final award on a chain has come."""
    service, opened, wallet = sight.service, sight.campaign.opened, words.short(address)
    assert opened.onchain is not None
    settled = int(await campaigns.settled(service.reads, opened) or 0)
    if settled == 0:
        return _payment(None, amount, wallet)
    funds = await service.reader.funds(opened.id)
    if funds is None or settled >= min(sight.campaign.versions[-1].budget, funds.funded):
        amount += " (or less: the campaign's money is spent)"
    place = (opened.onchain.chain_id, opened.onchain.pool)
    after_ms = sight.due_ms + 1
    return _payment(await settlements.first_covering(service.reads, place, after_ms, address), amount, wallet)


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


def _amount(sight: _Sight) -> str:
    """What the better of the versions that count pays for the outcome, or at most where that is open."""
    found, campaign = sight.found, sight.campaign
    rates = [campaign.versions[version].policy for version in (found.version, found.first_version)]
    decision = found.decision
    bonus = 0
    if sight.is_final:
        result = outcome(found, campaign)
        score, bonus, known = result.score, result.bonus, True
    elif decision is not None and decision.verdict == "accepted" and not appeal_is_open(found):
        score, bonus, known = decision.score, decision.bonus, True
    else:
        score, known = SCORE_ONE, not any(isinstance(rate, ScoreRate) for rate in rates)
    units = max(policies.award(rate, score) for rate in rates) + bonus
    return ("" if known else "up to ") + sight.service.unit_of(campaign.opened).words(units)
