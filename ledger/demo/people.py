"""The crowd's wallets, and the platform's account on the chain."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from ledger.chain import contracts
from ledger.chain.rpc import Node
from ledger.client import Client
from ledger.demo.stage import Stage
from ledger.wire import CampaignWritten


@dataclass(frozen=True, slots=True)
class Person:
    """A contributor: the platform's own name for them, and the wallet they keep to themselves."""

    name: str
    wallet: LocalAccount

    @property
    def address(self) -> str:
        """The wallet's address in lower case."""
        return str(self.wallet.address).lower()

    def link(self, client: Client) -> None:
        """Ask for the linking message, sign it in the wallet, send it back."""
        asked = client.wallet_message(self.name, self.address)
        signature = self.wallet.sign_message(encode_defunct(text=asked.message)).signature
        client.link_wallet(self.name, asked.message, "0x" + bytes(signature).hex())

    def balance(self, node: Node, token: str) -> int:
        """Base units of ``token`` in the wallet, as the chain says."""
        return contracts.read_balance(node, token, self.address)


def meet(names: list[str]) -> list[Person]:
    """One person a name, each with a new wallet."""
    return [Person(name, Account.from_key(secrets.token_bytes(32))) for name in names]


def open_on_chain(stage: Stage, campaign: CampaignWritten) -> None:
    """The platform opens its campaign in the pool."""
    assert campaign.onchain is not None
    place = campaign.onchain
    call = contracts.open_campaign_call(place.charter, int(place.goal), place.funding_deadline, place.closing_date)
    stage.send("platform", stage.deployment.pool, call)


def fund_on_chain(stage: Stage, campaign: CampaignWritten, budget: int) -> None:
    """The platform opens its campaign in the pool and funds it with ``budget`` base units of the dev token."""
    open_on_chain(stage, campaign)
    assert campaign.onchain is not None
    pool, token = stage.deployment.pool, stage.deployment.token
    for to, data in [
        (token, contracts.mint_call(stage.signers["platform"].address, budget)),
        (token, contracts.approve_call(pool, budget)),
        (pool, contracts.fund_call(campaign.onchain.id, budget)),
    ]:
        stage.send("platform", to, data)
