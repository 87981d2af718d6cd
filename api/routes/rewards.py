"""Rewards by address: public, for wallets and anybody who claims for another."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from api.service import service_of
from ledger.errors import FieldError
from ledger.wire import Reward, Rewards
from ledger.wire.values import Address

router = APIRouter(prefix="/v1/rewards", tags=["rewards"])
_ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


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
