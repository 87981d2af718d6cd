"""What a contribution is paid and how far the payment has come, by the campaign's policy and in the visitor's words."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from api.pages.languages import amount, mark, markup, text
from api.pages.rendering import moment
from api.pages.steps import Sight, State, Step
from api.pages.words import short
from api.reads import campaigns, settlements
from ledger.book import policies
from ledger.book.contributions import appeal_is_open, outcome
from ledger.statements.campaigns import ScoreRate
from ledger.statements.values import SCORE_ONE

# Awards queue for the campaign's budget and funds; what those do not reach is not paid (book/rewards.py).
_IF_ACCEPTED: Final = {
    "points": mark("If it is accepted, it earns {amount}, as far as the campaign's budget reaches."),
    "tokens": mark("If it is accepted, it earns {amount}, as far as the campaign's money reaches."),
}
_NOTHING: Final = mark("This decision pays nothing.")


async def paid(sight: Sight) -> Step:
    """What is paid; settlements and claims are those that the worker has recorded."""
    state, said, transaction = await _paid(sight)
    return Step(text("Paid"), state, said, None, transaction)


async def _paid(sight: Sight) -> tuple[State, str, str | None]:
    campaign = sight.campaign
    accepted = outcome(sight.found, campaign).accepted if sight.is_final else None
    if accepted is False:
        return "never", text(_NOTHING), None
    if isinstance(campaign.versions[-1].policy, policies.ONCE_FOR_ALL):
        said = text("Prizes and shares are worked out once all entries of the campaign are final.")
        return ("now" if accepted else "later"), said, None
    if not sight.is_final and (open_ := _still_open(sight)) is not None:
        return *open_, None
    if campaign.opened.onchain is None:
        message = mark("It earns {amount} once the decision is final, as far as the campaign's budget reaches.")
        if accepted:
            message = mark("It earns {amount}, as far as the campaign's budget reaches.")
        return ("done" if accepted else "later"), text(message, amount=_amount(sight)), None
    link = await sight.service.reader.link(sight.found.contributor)
    if link is None:
        message = mark("{amount}: kept for you, as far as the campaign's money reaches. Link a wallet to get it.")
        return ("now" if accepted else "later"), text(message, amount=_amount(sight)), None
    values: dict[str, str] = {"amount": _amount(sight), "wallet": _address(link.address)}
    if not accepted:
        message = mark("{amount} to {wallet}, with the first settlement after that.")
        return "later", markup(message, **values), None
    delay_ms = sight.service.config.wallet_delay * 1000
    from_ms = link.at_ms + (2 * delay_ms if link.objected is not None else delay_ms)
    if sight.now_ms <= from_ms:
        message = mark("{amount}. The wallet {wallet} is paid from {date}; one linked before it until then.")
        return "now", markup(message, **values, date=moment(from_ms)), None
    return await _settled(sight, link.address)


def _still_open(sight: Sight) -> tuple[State, str] | None:
    """What may be paid while the outcome may still change; None where the decision accepts it."""
    decision = sight.found.decision
    unit = "points" if sight.campaign.opened.onchain is None else "tokens"
    if appeal_is_open(sight.found):
        return "later", text("Pay waits for the appeal.") + " " + text(_IF_ACCEPTED[unit], amount=_amount(sight))
    if decision is None:
        return "later", text(_IF_ACCEPTED[unit], amount=_amount(sight))
    if decision.verdict == "needs_work":
        return "later", text("Nothing yet; a new version that is accepted is paid.")
    if decision.verdict == "rejected":
        return "never", text(_NOTHING)
    return None


async def _settled(sight: Sight, address: str) -> tuple[State, str, str | None]:
    """How far the payment of a final award on a chain has come."""
    service, opened = sight.service, sight.campaign.opened
    assert opened.onchain is not None
    values: dict[str, str] = {"amount": _amount(sight), "wallet": _address(address)}
    message = mark("{amount} to {wallet}, with the next settlement, as far as the campaign's money reaches.")
    next_ = markup(message, **values)
    settled = int(await campaigns.settled(service.reads, opened) or 0)
    if settled == 0:
        return "now", next_, None
    funds = await service.reader.funds(opened.id)
    if funds is None or settled >= min(sight.campaign.versions[-1].budget, funds.funded):
        values["amount"] = text("{amount} (or less: the campaign's money is spent)", amount=values["amount"])
    place = (opened.onchain.chain_id, opened.onchain.pool)
    found = await settlements.first_covering(service.reads, place, sight.due_ms + 1, address)
    if found is None:
        return "now", next_, None
    if found.claimed >= found.cumulative:
        return "done", markup(mark("{amount} to {wallet}."), **values), found.transaction
    if found.state == "activated":
        return "now", markup(mark("{amount} can be claimed by {wallet} now."), **values), None
    message = mark("{amount} to {wallet}: in settlement {number}, which can be claimed after its waiting time.")
    return "now", markup(message, **values, number=found.number), None


def _address(address: str) -> Markup:
    return Markup('<code class="short" dir="ltr" title="{}">{}</code>').format(address, short(address))


def _amount(sight: Sight) -> str:
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
    told = amount(units, sight.service.unit_of(campaign.opened))
    return told if known else text("up to {amount}", amount=told)
