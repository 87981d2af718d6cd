"""A deployment to play with: one log, one pool, a token, and everybody who has a part in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3.contract import Contract
from web3.types import TxReceipt

from ledger.tree import merkle
from tests.integration.contracts.evm import Evm

DELAY = 100
ORIGIN = "example.org/log"
DAY = 86_400
NO_ROOT = bytes(32)

Settlement = tuple[int, int, bytes, int, list[bytes], list[int], list[bool]]


@dataclass
class World:
    """``pool`` is a RewardPool over ``token``, or a RewardToken, which is its own pool and needs no ``token``."""

    evm: Evm
    log: Contract
    log_id: bytes
    pool: Contract
    token: Contract | None
    leaves: list[bytes] = field(default_factory=list)
    charters: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        roles = self.evm.accounts
        self.deployer, self.operator, self.admin, self.reporter, self.guardian = roles[:5]
        self.opener, self.backer, self.second_backer, self.stranger, self.relayer = roles[5:10]

    def anchor(self, entries: int) -> TxReceipt:
        """Appends entries to the log and anchors it."""
        old = len(self.leaves)
        self.leaves += [merkle.leaf_hash(f"entry {index}".encode()) for index in range(old, old + entries)]
        proof = merkle.consistency_proof(old, len(self.leaves), self.leaves)
        call = self.log.functions.anchor(self.log_id, len(self.leaves), merkle.root(self.leaves), proof)
        return self.evm.send(self.operator, call)

    def open_campaign(self, *, goal: int = 0, deadline: int = 0, closing: int | None = None) -> bytes:
        """Opens a campaign; dates are block times, the closing date is ten days from now unless given."""
        charter = hashlib.sha256(f"charter {next(self.charters)}".encode()).digest()
        closing = closing or self.evm.now() + 10 * DAY
        self.evm.send(self.opener, self.pool.functions.openCampaign(charter, goal, deadline, closing))
        return keccak(encode(["address", "bytes32", "bytes32"], [self.opener, self.log_id, charter]))

    def fund(self, campaign: bytes, amount: int, *, backer: str | None = None) -> TxReceipt:
        """Gives the backer the tokens and funds."""
        backer = backer or self.backer
        self.endow(backer, amount)
        return self.evm.send(backer, self.pool.functions.fund(campaign, amount))

    def endow(self, backer: str, amount: int) -> None:
        """Mints tokens for a backer and allows the pool to take them."""
        if self.token is not None:
            self.evm.send(backer, self.token.functions.mint(backer, amount))
            self.evm.send(backer, self.token.functions.approve(self.pool.address, amount))

    def funded_campaign(self, amount: int, **dates: int) -> bytes:
        """A campaign with this much in it."""
        campaign = self.open_campaign(**dates)
        self.fund(campaign, amount)
        return campaign

    def settlement(
        self,
        totals: dict[bytes, int],
        *,
        root: bytes = NO_ROOT,
        final: tuple[bytes, ...] = (),
        log_size: int | None = None,
    ) -> Settlement:
        """The arguments of the next proposal."""
        campaigns = sorted(totals)
        return (
            self.pool.functions.count().call() + 1,
            self.pool.functions.lastActivated().call()[0],
            root,
            len(self.leaves) if log_size is None else log_size,
            campaigns,
            [totals[campaign] for campaign in campaigns],
            [campaign in final for campaign in campaigns],
        )

    def propose(self, settlement: Settlement) -> TxReceipt:
        return self.evm.send(self.reporter, self.pool.functions.propose(*settlement))

    def settle(
        self, totals: dict[bytes, int], *, root: bytes = NO_ROOT, final: tuple[bytes, ...] = ()
    ) -> tuple[TxReceipt, TxReceipt]:
        """Proposes, waits the delay out and activates."""
        settlement = self.settlement(totals, root=root, final=final)
        proposed = self.propose(settlement)
        ready = self.pool.functions.pending().call()[2]
        return proposed, self.evm.send(self.stranger, self.pool.functions.activate(*settlement), at=ready)

    def balance(self, account: str) -> int:
        """Tokens of an account."""
        return int((self.token or self.pool).functions.balanceOf(account).call())

    def record(self, campaign: bytes) -> dict[str, Any]:
        """What the contract knows of a campaign, by name."""
        names = ["opener", "goal", "deadline", "closing", "funded", "awarded", "returned", "noticed"]
        names += ["reached", "finalised", "closed"]
        return dict(zip(names, self.pool.functions.campaignOf(campaign).call(), strict=True))

    def assert_solvent(self) -> None:
        """The invariants over all campaigns: nothing is paid that was not awarded, everything owed is held."""
        funded, returned, awarded, paid = self.pool.functions.books().call()
        assert paid <= awarded <= funded - returned
        if self.token is not None:
            assert self.balance(self.pool.address) >= funded - returned - paid


def deploy_log(evm: Evm) -> tuple[Contract, bytes]:
    """A ContributionLog with one open log."""
    log = evm.deploy("ContributionLog")
    evm.send(evm.accounts[1], log.functions.openLog(ORIGIN, "example.org/log+c0ffee00+key"))
    return log, keccak(encode(["address", "string"], [evm.accounts[1], ORIGIN]))


def deploy_pool(evm: Evm, token: Contract) -> World:
    """A log and a pool over ``token``."""
    log, log_id = deploy_log(evm)
    pool = evm.deploy("RewardPool", log.address, log_id, token.address, *evm.accounts[2:5], DELAY)
    return World(evm, log, log_id, pool, token)


def deploy_reward_token(evm: Evm, cap: int) -> World:
    """A log and a token that is its own pool."""
    log, log_id = deploy_log(evm)
    token = evm.deploy("RewardToken", log.address, log_id, "Crowd", "CRWD", cap, *evm.accounts[2:5], DELAY)
    return World(evm, log, log_id, token, None)
