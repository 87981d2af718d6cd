"""A platform with a console of its own, so that no other story is disturbed."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from ledger.client import Client
from ledger.demo.platform import brief
from ledger.wire import NewCampaign, NewContribution, PieceRate, Revisions


@dataclass
class Ours:
    """The platform, with a key that has every scope."""

    client: Client
    key: str

    def campaign(self, title: str, **more: object) -> str:
        new = {
            "title": title,
            "type": "processing",
            "brief": brief("Name the bird.", "One label.", {"label": "robin"}, {"label": "a bird"}),
            "terms": "CC0",
            "policy": PieceRate(amount="5"),
            "budget": "5000",
            "revisions": Revisions(),
        } | more
        return self.client.open_campaign(NewCampaign.model_validate(new)).id

    def send(self, campaign: str, content: object, who: str = "ann", task: str | None = None) -> str:
        return self.client.submit(NewContribution(campaign=campaign, contributor=who, content=content, task=task)).id

    def verdict(self, contribution: str) -> str | None:
        decision = self.client.contribution(contribution).decision
        return None if decision is None else decision.verdict


def enter(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Parts of the console")).to_be_visible()
