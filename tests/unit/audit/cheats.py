"""Operators who change the book's code before they settle: each cheat, the work it is for, and the rule it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from ledger.book import campaign_book, contributions, fold, policies
from ledger.book.campaign_book import CampaignBook
from ledger.book.campaigns import Campaign
from ledger.book.contributions import Outcome
from ledger.statements.campaigns import PieceRate, Pool, Prizes
from tests.unit.book.story import Story, person, wallet

PEOPLE = 3
WINDOW = 5
"""Seconds of the appeal window."""


@dataclass(frozen=True)
class Cheat:
    """``terms`` of the campaign, its ``work``, and ``patch``: what the operator changes while the book is folded."""

    name: str
    rule: str
    terms: dict[str, Any]
    work: Callable[[Story, str, Callable[[float], None]], None]
    patch: Callable[[pytest.MonkeyPatch], None]
    claimed: int
    awarded: int
    """Of the campaign, by the cheat's book and by the log; equal where only the accounts differ."""


def _accepted(told: Story, campaign: str, wait: Callable[[float], None]) -> None:
    for who in range(PEOPLE):
        told.decide(told.submit(campaign, who))


def _one_rejected(told: Story, campaign: str, wait: Callable[[float], None]) -> None:
    told.decide(told.submit(campaign, 0))
    told.decide(told.submit(campaign, 1), "rejected")


def _one_appealed(told: Story, campaign: str, wait: Callable[[float], None]) -> None:
    told.decide(told.submit(campaign, 0))
    contested = told.submit(campaign, 1)
    told.appeal(contested, told.decide(contested))


def _fraud_found(told: Story, campaign: str, wait: Callable[[float], None]) -> None:
    told.decide(told.submit(campaign, 0))
    copied = told.submit(campaign, 1)
    decision = told.decide(copied)
    wait(WINDOW + 1)
    told.tick()
    told.decide(copied, "rejected", supersedes=decision)


def _contest(told: Story, campaign: str, wait: Callable[[float], None]) -> None:
    for who, score in enumerate(("0.9", "0.9", "0.4")):
        told.decide(told.submit(campaign, who), score=score)
    told.close(campaign)


def _prizes_twice(patch: pytest.MonkeyPatch) -> None:
    real = policies.share_out
    patch.setattr(policies, "share_out", lambda policy, entries: real(policy, entries) * 2)


def _without_cap(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Campaign, "budget_at", lambda self, size: 10**12)


def _pay_rejected(patch: pytest.MonkeyPatch) -> None:
    real = contributions.outcome

    def outcome(found: Any, campaign: Any) -> Outcome:
        result = real(found, campaign)
        return result if result.accepted or found.decision is None else Outcome(True, found.decision.score)

    patch.setattr(campaign_book, "outcome", outcome)


def _forget_appeals(patch: pytest.MonkeyPatch) -> None:
    real = contributions.due_ms

    def due_ms(found: Any, campaign: Any) -> int:
        return found.decision.at_ms + campaign.appeal_ms if found.decision else real(found, campaign)

    patch.setattr(fold, "due_ms", due_ms)


def _keep_awards(patch: pytest.MonkeyPatch) -> None:
    def reopen(self: CampaignBook, contribution: Any, index: int) -> None:
        self.undecided += 1

    patch.setattr(CampaignBook, "reopen", reopen)


def _first_come(patch: pytest.MonkeyPatch) -> None:
    def share_out(policy: Prizes, entries: Any) -> list[tuple[Any, int]]:
        ranked = sorted(entries, key=lambda entry: (-entry.score, entry.entry))
        return list(zip(ranked, map(int, policy.amounts), strict=False))

    patch.setattr(policies, "share_out", share_out)


def _judged(told: Story, campaign: str, wait: Callable[[float], None]) -> None:
    told.decide(told.submit(campaign, 0), reviewer=person(1))
    told.decide(told.submit(campaign, 2), "rejected", reviewer=person(1))


def _with_bonus(told: Story, campaign: str, wait: Callable[[float], None]) -> None:
    told.decide(told.submit(campaign, 0), bonus="4")
    told.decide(told.submit(campaign, 1))


def _parts(told: Story, campaign: str, wait: Callable[[float], None]) -> None:
    for who, score in enumerate(("0.5", "0.3", "0.2")):
        told.decide(told.submit(campaign, who), score=score)
    told.close(campaign)


def _reviewers_twice(patch: pytest.MonkeyPatch) -> None:
    real = CampaignBook._pay_reviewers

    def pay(self: CampaignBook, contribution: Any, index: int) -> None:
        real(self, contribution, index)
        contribution.paid_reviewers = 0
        real(self, contribution, index)

    patch.setattr(CampaignBook, "_pay_reviewers", pay)


def _bonus_for_all(patch: pytest.MonkeyPatch) -> None:
    real = contributions.outcome
    patch.setattr(
        campaign_book, "outcome", lambda found, campaign: msgspec.structs.replace(real(found, campaign), bonus=4)
    )


def _equal_shares(patch: pytest.MonkeyPatch) -> None:
    def share_out(policy: Pool, entries: Any) -> list[tuple[Any, int]]:
        return [(entry, int(policy.total) // len(entries)) for entry in entries]

    patch.setattr(policies, "share_out", share_out)


def _wallets_at_once(patch: pytest.MonkeyPatch) -> None:
    real = fold.Book.wallet_at
    patch.setattr(fold.Book, "wallet_at", lambda self, who, size: address(2) if real(self, who, size) else None)


_PIECE: dict[str, Any] = {"policy": PieceRate(amount="10")}
_PRIZES: dict[str, Any] = {"policy": Prizes(amounts=["100", "50"], min_score="0.5"), "budget": "1000"}
_POOL: dict[str, Any] = {"policy": Pool(total="100"), "budget": "1000"}
CHEATS = (
    Cheat("a prize twice", "prizes", _PRIZES, _contest, _prizes_twice, 300, 150),
    Cheat("the budget ignored", "budget", _PIECE | {"budget": "25"}, _accepted, _without_cap, 30, 25),
    Cheat("a rejected contribution", "rejected", _PIECE, _one_rejected, _pay_rejected, 20, 10),
    Cheat("an open appeal", "appeal-pending", _PIECE, _one_appealed, _forget_appeals, 20, 10),
    Cheat("a decision that was superseded", "reopened", _PIECE, _fraud_found, _keep_awards, 20, 10),
    Cheat("a tie broken", "prizes", _PRIZES, _contest, _first_come, 150, 150),
    Cheat(
        "who judged is paid twice", "reviewer_rate", _PIECE | {"reviewer_rate": "3"}, _judged, _reviewers_twice, 22, 16
    ),
    Cheat("a pool that is not shared by score", "pool", _POOL, _parts, _equal_shares, 99, 100),
    Cheat("pay for another wallet", "piece_rate", _PIECE, _accepted, _wallets_at_once, 30, 30),
)
BONUS = Cheat("a bonus that nobody gave", "bonus", _PIECE | {"bonus_limit": "4"}, _with_bonus, _bonus_for_all, 28, 24)
"""Named in the campaign's total; the account's own awards do not say where the rest should come from."""
TIE = next(cheat for cheat in CHEATS if cheat.name == "a tie broken")


def tell(cheat: Cheat, told: Story, open_campaign: Callable[..., str], wait: Callable[[float], None]) -> str:
    """The campaign and its work, until everything else is final and all have wallets; returns the campaign."""
    campaign = open_campaign(appeal=WINDOW, resolution=1000, **cheat.terms)
    cheat.work(told, campaign, wait)
    for who in range(PEOPLE):
        told.link(who, wallet(who))
    wait(WINDOW + 6)
    told.tick()
    return campaign


def address(who: int) -> str:
    return str(wallet(who).address.lower())
