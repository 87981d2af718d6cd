"""What campaigns have cost on the chain."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request

from api.auth import Caller, needs
from api.lookup import find_campaign
from api.reads.costs import cost_lines
from api.service import service_of
from ledger.wire import CampaignCosts

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])


@router.get("/{campaign}/costs")
async def get_costs(campaign: str, request: Request, caller: Annotated[Caller, needs(None)]) -> CampaignCosts:
    """What the service has paid for a campaign on the chain, by kind of transaction; permanent ones only."""
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    chain_id = None if service.deployment is None else service.deployment.chain_id
    lines = [] if chain_id is None else await cost_lines(service.reads, chain_id, campaign)
    return CampaignCosts(
        campaign=campaign,
        chain_id=chain_id,
        gas=sum(line.gas for line in lines),
        wei=str(sum(int(line.wei) for line in lines)),
        intents=lines,
    )
