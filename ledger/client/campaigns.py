"""Calls about campaigns: opened, amended, announced, paused, closed; their tasks; what is public of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ledger import wire
from ledger.client.connection import Connection, Result


class CampaignCalls(Connection):
    """Campaigns and tasks."""

    def open_campaign(self, new: wire.NewCampaign) -> wire.CampaignWritten:
        """Open a campaign."""
        return self._post("/v1/campaigns", new, wire.CampaignWritten)

    def campaign(self, campaign: str) -> wire.Campaign:
        """A campaign of the platform."""
        return self._get(f"/v1/campaigns/{campaign}", wire.Campaign)

    def campaign_costs(self, campaign: str) -> wire.CampaignCosts:
        """What a campaign has cost on the chain."""
        return self._get(f"/v1/campaigns/{campaign}/costs", wire.CampaignCosts)

    def campaigns(self) -> Iterator[wire.CampaignLine]:
        """The platform's campaigns in the order of the log."""
        return self._list("/v1/campaigns", wire.CampaignLine)

    def amend_campaign(self, campaign: str, new: wire.NewAmendment) -> wire.Written:
        """Change what holds from now on."""
        return self._post(f"/v1/campaigns/{campaign}/amend", new, wire.Written)

    def publish_notice(self, campaign: str, new: wire.NewNotice) -> wire.Written:
        """Tell every entrant something."""
        return self._post(f"/v1/campaigns/{campaign}/notices", new, wire.Written)

    def pause_campaign(self, campaign: str) -> wire.Written:
        """Take no contributions for now."""
        return self._post(f"/v1/campaigns/{campaign}/pause", None, wire.Written)

    def resume_campaign(self, campaign: str) -> wire.Written:
        """Take contributions again."""
        return self._post(f"/v1/campaigns/{campaign}/resume", None, wire.Written)

    def close_campaign(self, campaign: str) -> wire.Written:
        """Take no more contributions to a campaign."""
        return self._post(f"/v1/campaigns/{campaign}/close", None, wire.Written)

    def add_task(self, campaign: str, new: wire.NewTask) -> wire.Written:
        """Add a task to a campaign."""
        return self._post(f"/v1/campaigns/{campaign}/tasks", new, wire.Written)

    def add_tasks(self, campaign: str, new: Iterable[wire.NewTask]) -> list[Result]:
        """Add any number of tasks, each by itself, in batches."""
        encoded = (each.model_dump_json(exclude_none=True).encode() for each in new)
        return self._batches(f"/v1/campaigns/{campaign}/tasks/batch", encoded)

    # What is public

    def open_campaigns(self) -> Iterator[wire.OpenCampaign]:
        """Campaigns that can be worked for, of all platforms."""
        return self._list("/v1/campaigns/open", wire.OpenCampaign)

    def brief(self, campaign: str) -> list[wire.BriefVersion]:
        """All versions of a campaign's call."""
        return list(self._list(f"/v1/campaigns/{campaign}/brief", wire.BriefVersion))

    def notices(self, campaign: str) -> Iterator[wire.Notice]:
        """What every entrant of a campaign was told."""
        return self._list(f"/v1/campaigns/{campaign}/notices", wire.Notice)

    def figures(self, campaign: str) -> wire.Figures:
        """The public record of a campaign."""
        return self._get(f"/v1/campaigns/{campaign}/figures", wire.Figures)
