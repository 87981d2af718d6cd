"""What the less frequent calls cost, in a RewardPool: opening, funding and refunding campaigns, choosing a payee."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eth_account import Account

from scripts.gas import floor
from scripts.gas.lab import Contract, Lab, address_of, seeded
from scripts.gas.measured import Measured, measured
from scripts.gas.pools import CAMPAIGNS, DAY, Pool, deploy_pool
from scripts.gas.trees import Earners, LogTree

AMOUNT = 1_234_567_890_123_456_789_012
"""Base units that a backer gives."""
_WORD = 32


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs: an address and the key that it follows from."""

    address: str
    key: bytes

    @classmethod
    def numbered(cls, number: int) -> Person:
        """The same person in every run."""
        key = seeded("key", number)
        return cls(str(Account.from_key(key).address).lower(), key)

    def sign(self, domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> tuple[int, bytes, bytes]:
        """v, r and s of an EIP-712 signature."""
        signed = Account.sign_typed_data(self.key, domain, types, message)
        return signed.v, signed.r.to_bytes(_WORD, "big"), signed.s.to_bytes(_WORD, "big")


def people() -> tuple[Person, Person]:
    """Two earners: one sets a payee by a transaction, the other by a signature."""
    return Person.numbered(1), Person.numbered(2)


def other_scenario(lab: Lab, tree: LogTree, earners: Earners) -> Iterator[Measured]:
    """The rows of everything but settlements and claims; ``earners`` must name :func:`people`."""
    with lab.apart():
        pool = deploy_pool(lab, tree, earners, escrow=True)
        campaign, opened = pool.open_campaign(CAMPAIGNS)
        yield measured("open_campaign", [opened])
        yield from _funding(pool, campaign)
        yield from _refund(pool)
        yield from _payees(pool, earners)


def _funding(pool: Pool, campaign: bytes) -> Iterator[Measured]:
    yield measured("fund_first", [pool.fund(campaign, AMOUNT)])
    yield measured("fund_again", [pool.fund(campaign, AMOUNT)])
    lab, backer = pool.lab, Person.numbered(3)
    lab.endow(backer.address)
    lab.send(backer.address, pool.token, "mint", backer.address, AMOUNT)
    deadline = lab.now + DAY
    fields = {
        "owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256", "deadline": "uint256",
    }  # fmt: skip
    message = {
        "owner": backer.address, "spender": pool.contract.address, "value": AMOUNT, "nonce": 0, "deadline": deadline,
    }  # fmt: skip
    v, r, s = backer.sign(_domain(lab, pool.token), _typed("Permit", fields), message)
    sent = lab.send(backer.address, pool.contract, "fundWithPermit", campaign, AMOUNT, deadline, v, r, s)
    yield measured("fund_permit", [sent])


def _refund(pool: Pool) -> Iterator[Measured]:
    """All of a campaign that missed its goal goes back to its only backer, who holds no token any more."""
    goal_missed, opened = pool.open_campaign(CAMPAIGNS + 1, goal=2 * AMOUNT, deadline=pool.lab.now + DAY)
    yield measured("open_campaign_goal", [opened])
    pool.fund(goal_missed, AMOUNT)
    pool.lab.wait(2 * DAY)
    yield measured("refund", [pool.lab.send(pool.backer, pool.contract, "refund", goal_missed)])


def _payees(pool: Pool, earners: Earners) -> Iterator[Measured]:
    lab = pool.lab
    sender, signer = people()
    pool.settle(earners.first, earners.totals[0])
    pool.claim_many(earners.first, earners.first_neighbours)
    lab.endow(sender.address)
    payee = address_of("payee", 1)
    yield measured("set_payee", [lab.send(sender.address, pool.contract, "setPayee", payee)])
    claimed = pool.claim(earners.first, sender.address, earners.earned[sender.address])
    hashes = len(earners.first.proof(sender.address))
    least = floor.claims(claimed, 1, hashes, first=True, escrow=True, payees=1)
    yield measured("claim_pool_payee", [claimed], floors=[least])
    deadline = lab.now + DAY
    fields = {"account": "address", "payee": "address", "nonce": "uint256", "deadline": "uint256"}
    message = {"account": signer.address, "payee": payee, "nonce": 0, "deadline": deadline}
    v, r, s = signer.sign(_domain(lab, pool.contract), _typed("SetPayee", fields), message)
    arguments = signer.address, payee, deadline, r + s + bytes([v])
    yield measured("set_payee_signed", [lab.send(pool.relayer, pool.contract, "setPayeeBySignature", *arguments)])


def _domain(lab: Lab, contract: Contract) -> dict[str, Any]:
    """The contract's own EIP-712 domain (EIP-5267)."""
    _, name, version, chain_id, address, _, _ = lab.read(contract, "eip712Domain")
    return {"name": name, "version": version, "chainId": chain_id, "verifyingContract": address}


def _typed(name: str, fields: dict[str, str]) -> dict[str, Any]:
    return {name: [{"name": field, "type": kind} for field, kind in fields.items()]}
