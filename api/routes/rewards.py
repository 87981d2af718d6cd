"""Rewards by address: public, for wallets and anybody who claims for another."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from api.service import service_of
from ledger.errors import FieldError
from ledger.wire import MAX_CLAIM_ADDRESSES, Page, Reward, Rewards, RewardsTogether
from ledger.wire.values import Address

router = APIRouter(prefix="/v1/rewards", tags=["rewards"])
_ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


@router.get("/together")
async def get_rewards_together(
    request: Request, address: Annotated[list[str], Query(min_length=1, max_length=MAX_CLAIM_ADDRESSES)]
) -> Page[RewardsTogether]:
    """What several accounts can claim now, one proof for all of them, a pool an item; who has nothing is left out."""
    service = service_of(request)
    wanted: dict[tuple[int, str, int], list[str]] = defaultdict(list)
    for account in dict.fromkeys(_parse(each) for each in address):
        for row in await service.reader.rewards(account):
            if row.cumulative > row.claimed:
                wanted[row.chain_id, row.pool, row.number].append(account)
    items = []
    for (chain_id, pool, number), accounts in sorted(wanted.items()):
        together = (await service.tree((chain_id, pool), number)).multiproof(accounts)
        items.append(
            RewardsTogether(
                chain_id=chain_id,
                pool=pool,
                settlement=number,
                accounts=list(together.accounts),
                cumulatives=[str(units) for units in together.cumulatives],
                proof=["0x" + each.hex() for each in together.proof],
                flags=[str(word) for word in together.flags],
            )
        )
    return Page(items=items, next=None)


@router.get("/{address}")
async def get_rewards(address: str, request: Request) -> Rewards:
    """What an account has earned by chain and pool, what it can claim now, and the proof to claim with."""
    service = service_of(request)
    account = _parse(address)
    rewards = []
    for row in await service.reader.rewards(account):
        tree = await service.tree((row.chain_id, row.pool), row.number)
        rewards.append(
            Reward(
                chain_id=row.chain_id,
                pool=row.pool,
                settlement=row.number,
                earned=str(row.cumulative),
                claimed=str(row.claimed),
                claimable=str(max(row.cumulative - row.claimed, 0)),
                proof=["0x" + each.hex() for each in tree.proof(account)],
            )
        )
    return Rewards(address=account, rewards=rewards)


def _parse(address: str) -> str:
    try:
        return _ADDRESS.validate_python(address)
    except ValidationError as error:
        raise FieldError(
            "address: It is not 0x and 40 hex digits, or its capitals are wrong (EIP-55).",
            field="address",
            remedy="Copy the address from the wallet.",
        ) from error
