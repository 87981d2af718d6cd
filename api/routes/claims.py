"""Claims that the service relays: public, because a claim pays nobody but the account that earned it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.ids import check_id
from api.reads import orders
from api.service import Service, service_of
from ledger.errors import NotFoundError, RuleError, UnavailableError
from ledger.wire import ClaimRequest, ClaimRequests, NewClaims

router = APIRouter(prefix="/v1/claims", tags=["claims"])


@router.post("", status_code=202)
async def ask_claims(new: NewClaims, request: Request, response: Response) -> ClaimRequests:
    """Send each account all that it can claim; the service pays the gas. All or none of the accounts are taken."""
    service = service_of(request)
    if service.deployment is None or service.config.relayer_signer is None:
        raise UnavailableError(
            "This service relays no claims.",
            remedy="Claim with the proof from GET /v1/rewards/{address} through your own wallet.",
        )
    addresses = list(dict.fromkeys(new.addresses))
    waiting = await orders.pending_claims(service.reads, addresses)
    if waiting:
        raise RuleError(
            f"A claim of {waiting[0].account} is under way.",
            rule="one-claim-at-a-time",
            remedy=f"Ask GET /v1/claims/{waiting[0].id} how far it is.",
        )
    wanted: list[tuple[int, str, str]] = []
    for address in addresses:
        due = [reward for reward in await service.reader.rewards(address) if reward.cumulative > reward.claimed]
        if not due:
            raise RuleError(
                f"{address} has nothing to claim now.",
                rule="claimable",
                remedy="GET /v1/rewards/{address} shows what is earned; it can be claimed after the next settlement.",
            )
        wanted += [(reward.chain_id, reward.pool, address) for reward in due]
    ids = await orders.ask_claims(service.reads, wanted)
    items = [await _claim(service, each) for each in ids]
    response.headers["Location"] = items[0].url
    return ClaimRequests(items=items)


@router.get("/{claim}")
async def get_claim(claim: str, request: Request) -> ClaimRequest:
    """How far a relayed claim has come."""
    service = service_of(request)
    return await _claim(service, check_id(claim, "claim request"))


async def _claim(service: Service, claim: str) -> ClaimRequest:
    row = await service.reader.claim_request(claim)
    if row is None:
        raise NotFoundError(f"There is no claim request {claim}.")
    return ClaimRequest(
        id=row.id,
        chain_id=row.chain_id,
        pool=row.pool,
        account=row.account,
        state=row.state,
        transaction=row.transaction,
        detail=row.detail,
        url=service.url(f"/v1/claims/{row.id}"),
    )
