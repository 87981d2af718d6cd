"""Calls about contributions and decisions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Literal

from ledger import wire
from ledger.client.calls import call, listing
from ledger.client.core import Core, Result, path_of

Kind = Literal["campaign", "notice", "task", "contribution", "review", "decision", "appeal", "result"]


class WorkCalls(Core):
    """Contributions and decisions."""

    @call
    async def submit(self, new: wire.NewContribution) -> wire.Written:
        """Write a contribution."""
        return await self._post("/v1/contributions", new, wire.Written)

    @call
    async def submit_many(self, new: Iterable[wire.NewContribution]) -> list[Result]:
        """Write any number of contributions, each by itself, in batches; the results are in their order."""
        return await self._batches("/v1/contributions/batch", new)

    @call
    async def contribution(self, contribution: str) -> wire.Contribution:
        """A contribution of the platform."""
        return await self._get(path_of("/v1/contributions/{}", contribution), wire.Contribution)

    @listing
    def contributions(
        self, campaign: str | None = None, *, external_id: str | None = None, content: bool = False
    ) -> AsyncIterator[wire.ContributionLine]:
        """The platform's contributions in the order of the log, with their contents if asked."""
        return self._pages(
            "/v1/contributions",
            wire.ContributionLine,
            campaign=campaign,
            external_id=external_id,
            content="true" if content else None,
        )

    @call
    async def opening(self, contribution: str) -> bytes:
        """The opening of a contribution of the platform: the private file beside the receipt."""
        return (await self._reply("GET", path_of("/v1/contributions/{}/opening", contribution))).content

    @call
    async def decide(self, new: wire.NewDecision) -> wire.Written:
        """Write a decision."""
        return await self._post("/v1/decisions", new, wire.Written)

    @call
    async def decide_many(self, new: Iterable[wire.NewDecision]) -> list[Result]:
        """Write any number of decisions, each by itself, in batches; the results are in their order."""
        return await self._batches("/v1/decisions/batch", new)

    # Receipts

    @call
    async def receipt(self, contribution: str) -> bytes:
        """The receipt of a contribution, with its anchor once there is one."""
        return await self._receipt(path_of("/v1/contributions/{}/receipt", contribution), contribution)

    @call
    async def decision_receipt(self, decision: str) -> bytes:
        """The receipt of a decision."""
        return await self._receipt(path_of("/v1/decisions/{}/receipt", decision), decision)

    @call
    async def receipt_of(self, external_id: str, kind: Kind = "contribution") -> bytes:
        """The receipt of what the platform sent under its own id."""
        return await self._receipt("/v1/receipts", external_id=external_id, kind=kind)
