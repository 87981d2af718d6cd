"""Calls about wallets, rewards, settlements and claims."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from ledger import wire
from ledger.client.calls import call, listing
from ledger.client.core import Core, path_of


class PaymentCalls(Core):
    """Wallets, rewards, settlements, claims."""

    @call
    async def wallet_message(self, contributor: str, address: str) -> wire.WalletMessage:
        """The text that a contributor's wallet signs to be paid."""
        new = wire.WalletMessageRequest(contributor=contributor, address=address)
        return await self._post("/v1/wallets/message", new, wire.WalletMessage, repeatable=True)

    @call
    async def link_wallet(self, contributor: str, message: str, signature: str) -> wire.Written:
        """Link the wallet that signed the message."""
        new = wire.NewWallet(contributor=contributor, message=message, signature=signature)
        return await self._post("/v1/wallets", new, wire.Written, repeatable=True)

    @call
    async def rewards(self, address: str) -> wire.Rewards:
        """What an address has earned, with the proofs to claim it."""
        return await self._get(path_of("/v1/rewards/{}", address), wire.Rewards)

    @listing
    async def rewards_together(self, addresses: Sequence[str]) -> AsyncIterator[wire.RewardsTogether]:
        """What the contract takes to pay several accounts at once, pool by pool; any number of them, in batches."""
        for begin in range(0, len(addresses), wire.MAX_CLAIM_ADDRESSES):
            asked = list(addresses[begin : begin + wire.MAX_CLAIM_ADDRESSES])
            async for each in self._pages("/v1/rewards/together", wire.RewardsTogether, address=asked):
                yield each

    @call
    async def settle(self) -> wire.SettlementRequest:
        """Ask for a settlement."""
        return await self._post("/v1/settlements", None, wire.SettlementRequest)

    @listing
    def settlement_requests(self) -> AsyncIterator[wire.AskedSettlement]:
        """The settlements that were asked for."""
        return self._pages("/v1/settlements/requests", wire.AskedSettlement)

    @call
    async def settlement_request(self, request: str) -> wire.SettlementRequest:
        """How far a request for a settlement has come."""
        return await self._get(path_of("/v1/settlements/requests/{}", request), wire.SettlementRequest)

    @listing
    def settlements(self, chain_id: int | None = None, pool: str | None = None) -> AsyncIterator[wire.Settlement]:
        """The settlements of a pool by number; the service's own if none is named."""
        return self._pages("/v1/settlements", wire.Settlement, chain_id=_text(chain_id), pool=pool)

    @call
    async def settlement(self, number: int, chain_id: int | None = None, pool: str | None = None) -> wire.Settlement:
        """A settlement of a pool; the service's own if none is named."""
        where = path_of("/v1/settlements/{}", number)
        return await self._get(where, wire.Settlement, chain_id=_text(chain_id), pool=pool)

    @call
    async def settlement_accounts(self, chain_id: int, pool: str, number: int) -> bytes:
        """The accounts of a settlement's tree with their cumulative amounts (docs/formats), by the operator's word."""
        return (await self._reply("GET", path_of("/settlements/{}/{}/{}.json", chain_id, pool, number))).content

    @call
    async def claim(self, addresses: Sequence[str]) -> list[wire.ClaimRequest]:
        """Ask the service to pay out what these addresses can claim; any number of them, in batches."""
        requests: list[wire.ClaimRequest] = []
        for begin in range(0, len(addresses), wire.MAX_CLAIM_ADDRESSES):
            new = wire.NewClaims(addresses=list(addresses[begin : begin + wire.MAX_CLAIM_ADDRESSES]))
            requests += (await self._post("/v1/claims", new, wire.ClaimRequests)).items
        return requests

    @call
    async def claim_request(self, request: str) -> wire.ClaimRequest:
        """How far a request for a claim has come."""
        return await self._get(path_of("/v1/claims/{}", request), wire.ClaimRequest)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
