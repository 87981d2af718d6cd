"""Calls about campaigns: opened, amended, announced, paused, closed; their tasks; what is public of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from ledger import wire
from ledger.client.calls import call, listing
from ledger.client.core import Core, Result, path_of


class CampaignCalls(Core):
    """Campaigns and tasks."""

    @call
    async def open_campaign(self, new: wire.NewCampaign) -> wire.CampaignWritten:
        """Open a campaign."""
        return await self._post("/v1/campaigns", new, wire.CampaignWritten)

    @call
    async def campaign(self, campaign: str) -> wire.Campaign:
        """A campaign of the platform."""
        return await self._get(path_of("/v1/campaigns/{}", campaign), wire.Campaign)

    @call
    async def campaign_costs(self, campaign: str) -> wire.CampaignCosts:
        """What a campaign has cost on the chain."""
        return await self._get(path_of("/v1/campaigns/{}/costs", campaign), wire.CampaignCosts)

    @listing
    def campaigns(self, external_id: str | None = None) -> AsyncIterator[wire.CampaignLine]:
        """The platform's campaigns in the order of the log."""
        return self._pages("/v1/campaigns", wire.CampaignLine, external_id=external_id)

    @call
    async def amend_campaign(self, campaign: str, new: wire.NewAmendment) -> wire.Written:
        """Change what holds from now on."""
        return await self._post(path_of("/v1/campaigns/{}/amend", campaign), new, wire.Written, repeatable=True)

    @call
    async def publish_notice(self, campaign: str, new: wire.NewNotice) -> wire.Written:
        """Tell every entrant something."""
        return await self._post(path_of("/v1/campaigns/{}/notices", campaign), new, wire.Written)

    @call
    async def pause_campaign(self, campaign: str) -> wire.Written:
        """Take no contributions for now."""
        return await self._post(path_of("/v1/campaigns/{}/pause", campaign), None, wire.Written, repeatable=True)

    @call
    async def resume_campaign(self, campaign: str) -> wire.Written:
        """Take contributions again."""
        return await self._post(path_of("/v1/campaigns/{}/resume", campaign), None, wire.Written, repeatable=True)

    @call
    async def close_campaign(self, campaign: str) -> wire.Written:
        """Take no more contributions to a campaign."""
        return await self._post(path_of("/v1/campaigns/{}/close", campaign), None, wire.Written, repeatable=True)

    @call
    async def add_task(self, campaign: str, new: wire.NewTask) -> wire.Written:
        """Add a task to a campaign."""
        return await self._post(path_of("/v1/campaigns/{}/tasks", campaign), new, wire.Written)

    @call
    async def add_tasks(self, campaign: str, new: Iterable[wire.NewTask]) -> list[Result]:
        """Add any number of tasks, each by itself, in batches."""
        return await self._batches(path_of("/v1/campaigns/{}/tasks/batch", campaign), new)

    # What is public

    @listing
    def open_campaigns(self) -> AsyncIterator[wire.OpenCampaign]:
        """Campaigns that can be worked for, of all platforms."""
        return self._pages("/v1/campaigns/open", wire.OpenCampaign)

    @call
    async def brief(self, campaign: str) -> list[wire.BriefVersion]:
        """All versions of a campaign's call."""
        return [each async for each in self._pages(path_of("/v1/campaigns/{}/brief", campaign), wire.BriefVersion)]

    @listing
    def notices(self, campaign: str) -> AsyncIterator[wire.Notice]:
        """What every entrant of a campaign was told."""
        return self._pages(path_of("/v1/campaigns/{}/notices", campaign), wire.Notice)

    @call
    async def figures(self, campaign: str) -> wire.Figures:
        """The public figures of a campaign."""
        return await self._get(path_of("/v1/campaigns/{}/figures", campaign), wire.Figures)

    @call
    async def campaign_record(self, campaign: str) -> wire.CampaignRecord:
        """How a campaign went so far: figures, decisions over time, agreement of its judges, signs of fraud."""
        return await self._get(path_of("/v1/campaigns/{}/record", campaign), wire.CampaignRecord)

    @listing
    def campaign_rewards(self, campaign: str) -> AsyncIterator[wire.ContributorReward]:
        """What each contributor has earned in a campaign, the most first."""
        return self._pages(path_of("/v1/campaigns/{}/rewards", campaign), wire.ContributorReward)
