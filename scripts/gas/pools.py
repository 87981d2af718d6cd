"""A pool on the chain with ten funded campaigns: a RewardPool over a DevToken, or a RewardToken."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.book.reward_tree import RewardTree
from ledger.statements import onchain
from scripts.gas.lab import Contract, Lab, Sent, seeded, word
from scripts.gas.log_scenario import Log
from scripts.gas.trees import MILLION, STEP, Earners, LogTree

CAMPAIGNS = 10
DELAY = 3_600
"""Settlement delay in seconds."""
DAY = 86_400
CAP = 10**26
"""Base units that the RewardToken may ever mint."""

Proposal = tuple[int, int, bytes, int, list[bytes], list[int], list[bool]]


@dataclass
class Pool:
    """``token`` is where balances are kept: the pool itself if it is a RewardToken."""

    lab: Lab
    log: Log
    contract: Contract
    token: Contract
    deployed: Sent
    campaigns: list[bytes] = field(default_factory=list)
    settled: int = 0

    def __post_init__(self) -> None:
        roles = self.lab.roles
        self.admin, self.reporter, self.guardian, self.opener, self.backer, self.relayer = roles[2:8]

    @property
    def escrow(self) -> bool:
        """Whether the token is another contract."""
        return self.token is not self.contract

    def open_campaign(self, number: int, *, goal: int = 0, deadline: int = 0) -> tuple[bytes, Sent]:
        """Opens a campaign that closes in thirty days; ``deadline`` is a block time."""
        charter = seeded("charter", number)
        closing = self.lab.now + 30 * DAY
        sent = self.lab.send(self.opener, self.contract, "openCampaign", charter, goal, deadline, closing)
        campaign = onchain.campaign_id(self.opener, "0x" + self.log.log_id.hex(), "0x" + charter.hex())
        return word(campaign), sent

    def endow(self, backer: str, amount: int) -> None:
        """Gives a backer tokens that the pool may take."""
        if self.escrow:
            self.lab.send(backer, self.token, "mint", backer, amount)
            self.lab.send(backer, self.token, "approve", self.contract.address, amount)

    def fund(self, campaign: bytes, amount: int) -> Sent:
        """Funds a campaign by the backer, or by the admin, who alone grants a RewardToken's allowance."""
        backer = self.backer if self.escrow else self.admin
        self.endow(backer, amount)
        return self.lab.send(backer, self.contract, "fund", campaign, amount)

    def settle(self, tree: RewardTree, total: int) -> tuple[Sent, Sent]:
        """Proposes a tree whose total all campaigns share, and activates it after the delay."""
        shares = _shares(total, len(self.campaigns))
        arguments: Proposal = (
            self.settled + 1, self.settled, word(tree.root), self.log.size, self.campaigns, shares,
            [False] * len(shares),
        )  # fmt: skip
        proposed = self.lab.send(self.reporter, self.contract, "propose", *arguments)
        self.lab.wait(DELAY)
        activated = self.lab.send(self.relayer, self.contract, "activate", *arguments)
        self.settled += 1
        return proposed, activated

    def claim(self, tree: RewardTree, account: str, units: int) -> Sent:
        """Relays one account's claim."""
        return self.lab.send(self.relayer, self.contract, "claim", account, units, tree.proof(account))

    def claim_listed(self, tree: RewardTree, account: str, units: int) -> Sent:
        """The same with an access list of the token's slots."""
        return self.lab.send_listed(
            self.relayer, self.contract, self.token, "claim", account, units, tree.proof(account)
        )

    def claim_many(self, tree: RewardTree, accounts: list[str]) -> tuple[Sent, int]:
        """Relays many accounts' claims in tree order; also the nodes that their multiproof hashes."""
        proof = tree.multiproof(accounts)
        arguments = [list(proof.accounts), list(proof.cumulatives), list(proof.proof), list(proof.flags)]
        sent = self.lab.send(self.relayer, self.contract, "claimMany", *arguments)
        return sent, len(proof.accounts) + len(proof.proof) - 1


def _shares(total: int, count: int) -> list[int]:
    """``total`` in ``count`` parts, none of them round."""
    parts = [total * (90 + index) // (100 * count) for index in range(1, count)]
    return [*parts, total - sum(parts)]


def deploy_pool(lab: Lab, tree: LogTree, earners: Earners, *, escrow: bool) -> Pool:
    """A pool whose ten campaigns can pay both settlements, and whose log has a million entries."""
    log_contract, _ = lab.deploy("ContributionLog")
    log = Log(lab, log_contract, tree)
    log.anchor(MILLION)
    roles = (*lab.roles[2:5], DELAY)
    if escrow:
        token, _ = lab.deploy("DevToken", "Development", "DEV")
        contract, deployed = lab.deploy("RewardPool", log_contract.address, log.log_id, token.address, *roles)
    else:
        contract, deployed = lab.deploy("RewardToken", log_contract.address, log.log_id, "Crowd", "CRWD", CAP, *roles)
        token = contract
    pool = Pool(lab, log, contract, token, deployed)
    pool.campaigns = sorted(pool.open_campaign(number)[0] for number in range(CAMPAIGNS))
    budgets = _shares(earners.totals[1] * 11 // 10, CAMPAIGNS)
    for campaign, budget in zip(pool.campaigns, budgets, strict=True):
        pool.fund(campaign, budget)
    return pool


def grow_log(pool: Pool) -> None:
    """Anchors more entries, as would happen between two settlements."""
    pool.log.anchor(pool.log.size + STEP)
