"""Calls of judges: what waits, what they say, how they fared, and signs of fraud."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ledger import wire
from ledger.client.calls import call, listing
from ledger.client.core import Core, path_of


class ReviewCalls(Core):
    """Reviews and what is known of reviewers."""

    @call
    async def queue(self, campaign: str, reviewer: str | None = None, limit: int = 10) -> list[wire.QueueItem]:
        """What a reviewer may judge next; with a member's session it is that member."""
        where = path_of("/v1/campaigns/{}/queue", campaign)
        return (await self._get(where, wire.Queue, reviewer=reviewer, limit=str(limit))).items

    @listing
    def second_looks(self, campaign: str, reviewer: str | None = None) -> AsyncIterator[wire.QueueItem]:
        """Rejections that were drawn to be judged once more, and that this reviewer may judge."""
        return self._pages(path_of("/v1/campaigns/{}/second-looks", campaign), wire.QueueItem, reviewer=reviewer)

    @call
    async def review(self, new: wire.NewReview) -> wire.ReviewWritten:
        """Judge a contribution; the reply names the decision that follows, if one does."""
        return await self._post("/v1/reviews", new, wire.ReviewWritten)

    @call
    async def decide_by_reviews(self, contribution: str) -> wire.Written:
        """Write the decision that follows from the reviews, if it was not written with the last of them."""
        return await self._post(
            path_of("/v1/contributions/{}/decide", contribution), None, wire.Written, repeatable=True
        )

    @call
    async def reviewers(self, campaign: str) -> wire.Reviewers:
        """How far the judges of a campaign agree, and each one's record."""
        return await self._get(path_of("/v1/campaigns/{}/reviewers", campaign), wire.Reviewers)

    @call
    async def signals(self, campaign: str, field: str | None = None, limit: int | None = None) -> wire.Signals:
        """Signs of fraud, strongest first; ``field`` names the member of the contents that holds the answer."""
        most = None if limit is None else str(limit)
        return await self._get(path_of("/v1/campaigns/{}/signals", campaign), wire.Signals, field=field, limit=most)
