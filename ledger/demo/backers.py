"""People who put money into a campaign on the chain, each with an account of their own."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.chain import contracts
from ledger.chain.signers import LocalSigner
from ledger.demo.people import open_on_chain
from ledger.demo.stage import Stage, send
from ledger.errors import TransactionError
from ledger.wire import CampaignWritten

_ETHER = 10**18


@dataclass(frozen=True, slots=True)
class Backer:
    """``stake`` base units of the token are what they are ready to give."""

    signer: LocalSigner
    stake: int

    def back(self, stage: Stage, campaign: CampaignWritten) -> None:
        """Pay the stake in."""
        assert campaign.onchain is not None
        pool, token = stage.deployment.pool, stage.deployment.token
        send(stage.node, self.signer, token, contracts.approve_call(pool, self.stake))
        send(stage.node, self.signer, pool, contracts.fund_call(campaign.onchain.id, self.stake))

    def take_back(self, stage: Stage, campaign: CampaignWritten) -> int:
        """Ask the contract for what it owes them; base units. Raises TransactionError with the contract's reason."""
        assert campaign.onchain is not None
        before = self.balance(stage)
        send(stage.node, self.signer, stage.deployment.pool, contracts.refund_call(campaign.onchain.id))
        return self.balance(stage) - before

    def refused(self, stage: Stage, campaign: CampaignWritten) -> str:
        """The contract's reason for giving nothing back yet; empty if it did."""
        try:
            self.take_back(stage, campaign)
        except TransactionError as error:
            return error.reason
        return ""

    def balance(self, stage: Stage) -> int:
        """Base units that they have."""
        return contracts.read_balance(stage.node, stage.deployment.token, self.signer.address)


def meet_backers(stage: Stage, stakes: Sequence[int]) -> list[Backer]:
    """A backer for every stake, with the tokens and with ether for gas."""
    backers = []
    for stake in stakes:
        backer = Backer(LocalSigner.from_key(secrets.token_bytes(32)), stake)
        stage.chain.rpc("anvil_setBalance", backer.signer.address, hex(_ETHER))
        stage.send("platform", stage.deployment.token, contracts.mint_call(backer.signer.address, stake))
        backers.append(backer)
    return backers


def raise_funds(stage: Stage, campaign: CampaignWritten, backers: Sequence[Backer]) -> int:
    """The campaign is opened in the pool and all pay in; what was raised, in base units."""
    open_on_chain(stage, campaign)
    for backer in backers:
        backer.back(stage, campaign)
    return sum(backer.stake for backer in backers)


def split(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` in proportion to ``weights``, what cannot be divided to the first."""
    parts = [total * weight // sum(weights) for weight in weights]
    parts[0] += total - sum(parts)
    return parts
