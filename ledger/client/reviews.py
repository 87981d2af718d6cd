"""Calls of judges: what waits, what they say, how they fared, and signs of fraud."""

from __future__ import annotations

from collections.abc import Iterator

from ledger import wire
from ledger.client.connection import Connection


class ReviewCalls(Connection):
    """Reviews and what is known of reviewers."""

    def queue(self, campaign: str, reviewer: str, limit: int = 10) -> list[wire.QueueItem]:
        """What a reviewer may judge next."""
        query = {"reviewer": reviewer, "limit": str(limit)}
        return self._read(self._send("GET", f"/v1/campaigns/{campaign}/queue", query=query), wire.Queue).items

    def second_looks(self, campaign: str, reviewer: str) -> Iterator[wire.QueueItem]:
        """Rejections that were drawn to be judged once more, and that this reviewer may judge."""
        return self._list(f"/v1/campaigns/{campaign}/second-looks", wire.QueueItem, reviewer=reviewer)

    def review(self, new: wire.NewReview) -> wire.ReviewWritten:
        """Judge a contribution; the reply names the decision that follows, if one does."""
        return self._post("/v1/reviews", new, wire.ReviewWritten)

    def decide_by_reviews(self, contribution: str) -> wire.Written:
        """Write the decision that follows from the reviews, if it was not written with the last of them."""
        return self._post(f"/v1/contributions/{contribution}/decide", None, wire.Written)

    def reviewers(self, campaign: str) -> wire.Reviewers:
        """How far the judges of a campaign agree, and each one's record."""
        return self._get(f"/v1/campaigns/{campaign}/reviewers", wire.Reviewers)

    def signals(self, campaign: str, field: str | None = None) -> wire.Signals:
        """Signs of fraud, strongest first; ``field`` names the member of the contents that holds the answer."""
        query = {} if field is None else {"field": field}
        return self._read(self._send("GET", f"/v1/campaigns/{campaign}/signals", query=query), wire.Signals)
