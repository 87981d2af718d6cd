"""A log, its contracts and its money on a dev chain, told step by step without the service."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.book.reward_tree import RewardTree
from ledger.book.rewards import Settlement
from ledger.chain import contracts
from ledger.chain.answers import TransactionReceipt
from ledger.chain.contracts import Proposal
from ledger.chain.deploy import Terms, deploy
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.statements import kinds, onchain
from ledger.statements.settlements import SettlementActivated
from ledger.tree import merkle
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Anchor
from tests.unit.audit import logs
from tests.unit.book import story

DELAY_SECONDS = 3
FUNDS = 10**6


class Staged:
    """``tell`` writes statements, the other methods act on the chain; ``anchors`` are (old size, size)."""

    def __init__(self, chain: DevChain, folder: Path, monkeypatch: Any) -> None:
        self.chain, self.folder = chain, folder
        self.node = Node(chain.url)
        self.signer = LogSigner.generate(story.ORIGIN)
        self.anchors: list[Anchor] = []
        operator = LocalSigner.from_key(secrets.token_bytes(32))
        self.operator = operator.address
        self._fund_gas(self.operator)
        terms = Terms(
            chain_id=chain.chain_id,
            origin=story.ORIGIN,
            vkey=self.signer.verifier_key.vkey,
            settlement_delay=DELAY_SECONDS,
            admin=self.operator,
            reporter=self.operator,
            guardian=self.operator,
        )
        self.deployment = deploy(self.node, operator, terms, folder / "deployments")
        now_ms = self.node.block("latest").timestamp * 1000
        for name, value in {
            "START_MS": now_ms,
            "POOL": self.deployment.pool,
            "CHAIN": chain.chain_id,
            "OPENER": self.operator,
            "LOG_ID": self.deployment.log_id,
        }.items():
            monkeypatch.setattr(story, name, value)
        self.tell = story.Story(wallet_delay=1)
        self.tell.entries[0] = msgspec.structs.replace(self.tell.entries[0], key=self.signer.verifier_key.vkey)

    @property
    def entries(self) -> list[bytes]:
        return [kinds.encode(statement) for statement in self.tell.entries]

    @property
    def summary(self) -> dict[str, object]:
        place = self.deployment
        return {"chain": {"chain_id": place.chain_id, "contract": place.contribution_log, "log_id": place.log_id}}

    def publish(self, name: str, entries: Iterable[bytes] | None = None, summary: bool = True) -> Path:
        said = self.summary if summary else None
        return logs.publish(self.folder / name, list(self.entries if entries is None else entries), self.signer, said)

    def send(self, to: str, data: bytes) -> TransactionReceipt:
        """A transaction of the operator, who has every role here."""
        self.chain.rpc("anvil_impersonateAccount", self.operator)
        call = {"from": self.operator, "to": to, "data": "0x" + data.hex(), "gas": hex(8_000_000)}
        transaction = self.chain.rpc("eth_sendTransaction", call)
        for _ in range(200):
            receipt = self.node.receipt(transaction)
            if receipt is not None:
                assert receipt.succeeded
                return receipt
            time.sleep(0.01)
        raise AssertionError("the transaction was not mined")

    def open_campaign(self, **terms: Any) -> str:
        """A campaign in the log and in the pool, funded."""
        campaign: str = self.tell.campaign(**{"appeal": 1, "decision": 100} | terms)
        opened = self.tell.book.facts.campaigns[campaign].opened
        closing = onchain.chain_seconds(opened.closing_date)
        place = self.deployment
        self.send(place.pool, contracts.open_campaign_call(onchain.charter(opened), 0, closing, closing))
        self.send(place.token, contracts.mint_call(self.operator, FUNDS))
        self.send(place.token, contracts.approve_call(place.pool, FUNDS))
        receipt = self.send(place.pool, contracts.fund_call(opened.onchain.id, FUNDS))
        self.funded(campaign, receipt)
        return campaign

    def funded(self, campaign: str, receipt: TransactionReceipt, **change: object) -> None:
        self.tell.fund(campaign, FUNDS, block=receipt.block)
        record = msgspec.structs.replace(self.tell.entries[-1], **{"block_hash": receipt.block_hash} | change)
        self.tell.entries[-1] = record
        # The book was given the record before its block hash was known; nothing in the fold reads that.

    def work(self, campaign: str, count: int, people: int = 4) -> None:
        for number in range(count):
            self.tell.decide(self.tell.submit(campaign, number % people))

    def pass_time(self, seconds: int) -> None:
        """Both clocks go on."""
        self.tell.wait(seconds)
        self.chain.rpc("evm_increaseTime", seconds)
        self.chain.rpc("evm_mine")

    def anchor(self) -> Anchor:
        leaves = [merkle.leaf_hash(entry) for entry in self.entries]
        old = self.anchors[-1].size if self.anchors else 0
        proof = merkle.consistency_proof(old, len(leaves), leaves)
        place, root = self.deployment, merkle.root(leaves)
        receipt = self.send(place.contribution_log, contracts.anchor_call(place.log_id, len(leaves), root, proof))
        anchor = Anchor(
            place.chain_id,
            place.contribution_log,
            place.log_id,
            len(leaves),
            root,
            receipt.transaction,
            receipt.block,
            (),
        )
        self.anchors.append(anchor)
        return anchor

    def settle(self) -> Settlement:
        """Record what follows from the log, anchor it, propose, wait, activate, and state that."""
        self.anchor()
        settlement: Settlement = self.tell.settle()
        self.activate(proposal_of(settlement))
        return settlement

    def activate(self, proposal: Proposal, *, state: bool = True) -> None:
        pool = self.deployment.pool
        self.send(pool, contracts.propose_call(proposal))
        self.pass_time(DELAY_SECONDS + 1)
        receipt = self.send(pool, contracts.activate_call(proposal))
        if state:
            event = receipt.logs[0]
            self.tell.say(
                SettlementActivated(
                    **self.tell.head(),
                    chain_id=self.chain.chain_id,
                    pool=pool,
                    number=proposal.number,
                    proposal=hash_of(proposal),
                    block=receipt.block,
                    block_hash=receipt.block_hash,
                    transaction=receipt.transaction,
                    log_index=event.log_index,
                )
            )

    def tree(self, settlement: Settlement) -> RewardTree:
        return self.tell.book.pools[self.chain.chain_id, self.deployment.pool].tree(settlement)

    def claim(self, settlement: Settlement, account: str) -> None:
        tree = self.tree(settlement)
        call = contracts.claim_call(account, dict(tree.accounts)[account], tree.proof(account))
        self.send(self.deployment.pool, call)

    def _fund_gas(self, account: str) -> None:
        self.chain.rpc("anvil_setBalance", account, hex(10**21))


def proposal_of(settlement: Settlement) -> Proposal:
    lines = settlement.campaigns
    return Proposal(
        settlement.number,
        settlement.parent,
        settlement.root,
        settlement.size,
        tuple(line.onchain_id for line in lines),
        tuple(line.total for line in lines),
        tuple(line.final for line in lines),
    )


def hash_of(proposal: Proposal) -> str:
    return onchain.proposal_hash(
        proposal.number,
        proposal.parent,
        proposal.root,
        proposal.size,
        proposal.campaigns,
        proposal.totals,
        proposal.finals,
    )


class Live(FolderSource):
    """A folder that stands for a service: it must show everything that there is."""

    is_copy = False


def run(staged: Staged, folder: Path, **more: object) -> Report:
    return audit(FolderSource(folder), node=staged.node, **more)


def failed(report: Report) -> set[str]:
    return {check.name for check in report.checks if check.verdict == "fail"}


def altered(staged: Staged, index: int, **change: object) -> list[bytes]:
    entries = staged.entries
    entries[index] = kinds.encode(msgspec.structs.replace(kinds.parse(entries[index]), **change))
    return entries


def index_of(staged: Staged, kind: type, after: int = 0) -> int:
    return next(i for i, each in enumerate(staged.tell.entries) if i >= after and isinstance(each, kind))
