"""A log, its contracts and its money on a dev chain, told step by step without the service."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import replace
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
from ledger.chain.artifacts import artifact
from ledger.chain.contracts import Proposal
from ledger.chain.deploy import Terms, deploy
from ledger.chain.devchain import DevChain
from ledger.chain.immutables import role_delay
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.statements import kinds, onchain
from ledger.statements.settlements import SettlementActivated
from ledger.tree import merkle
from ledger.tree.receipts import Anchor
from tests.unit.audit import logs
from tests.unit.book import story

DELAY_SECONDS = 3
ROLE_DELAY_SECONDS = role_delay(DELAY_SECONDS)
FUNDS = 10**6


class Staged:
    """``tell`` writes statements, the other methods act on the chain; ``anchors`` are (old size, size).

    ``log_id`` is the log that is anchored to, at first the deployment's.
    """

    def __init__(self, chain: DevChain, folder: Path, monkeypatch: Any, *, reward_token: bool = False) -> None:
        self.chain, self.folder = chain, folder
        self.node = Node(chain.url)
        self.signer = story.LOG_KEYS[0]
        self.anchors: list[Anchor] = []
        self.operator_key = secrets.token_bytes(32)
        operator = LocalSigner.from_key(self.operator_key)
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
        if reward_token:
            pool = self._make_reward_token()
            self.deployment = replace(self.deployment, pool=pool, token=pool)
        self.log_id = self.deployment.log_id
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

    def send(self, to: str | None, data: bytes, sender: str | None = None) -> TransactionReceipt:
        """A transaction, by default of the operator, who has every role here."""
        account = sender or self.operator
        self._fund_gas(account)
        self.chain.rpc("anvil_impersonateAccount", account)
        call = {"from": account, "data": "0x" + data.hex(), "gas": hex(12_000_000)} | ({"to": to} if to else {})
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
        if place.token != place.pool:
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

    def rotate(self) -> int:
        """Rotate the log's key; the entry that says so."""
        self.tell.say(self.tell.rotation())
        self.signer = story.LOG_KEYS[1]
        return len(self.tell.entries) - 1

    def pass_time(self, seconds: int) -> None:
        """Both clocks go on."""
        self.tell.wait(seconds)
        self.chain.rpc("evm_increaseTime", seconds)
        self.chain.rpc("evm_mine")

    def anchor(self, size: int | None = None, sender: str | None = None) -> Anchor:
        """The head of all entries, or of the first ``size``."""
        leaves = [merkle.leaf_hash(entry) for entry in self.entries[:size]]
        place, root = self.deployment, merkle.root(leaves)
        old = contracts.read_head(self.node, place.contribution_log, self.log_id).size
        proof = merkle.consistency_proof(old, len(leaves), leaves)
        call = contracts.anchor_call(self.log_id, len(leaves), root, proof)
        receipt = self.send(place.contribution_log, call, sender)
        anchor = Anchor(
            place.chain_id,
            place.contribution_log,
            self.log_id,
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

    def open_log(self, opener: str, *, origin: str = story.ORIGIN) -> str:
        """A log of ours under another account; its id."""
        call = contracts.open_log_call(origin, self.signer.verifier_key.vkey)
        self.send(self.deployment.contribution_log, call, opener)
        return onchain.log_id(opener, origin)

    def close_log(self, successor: str | None) -> None:
        """The operator ends the deployment's log."""
        place = self.deployment
        self.send(place.contribution_log, contracts.close_log_call(place.log_id, successor))

    def follow(self, successor: str) -> TransactionReceipt:
        """The pool goes over to a log that holds our entries."""
        place = self.deployment
        old = contracts.read_current_log(self.node, place.pool)
        sizes = [contracts.read_head(self.node, place.contribution_log, log).size for log in (old, successor)]
        leaves = [merkle.leaf_hash(entry) for entry in self.entries[: sizes[1]]]
        return self.send(place.pool, contracts.follow_log_call(successor, merkle.consistency_proof(*sizes, leaves)))

    def _make_reward_token(self) -> str:
        place, roles = self.deployment, [self.operator] * 3
        log = (place.contribution_log, bytes.fromhex(place.log_id[2:]))
        creation = artifact(contracts.TOKEN_CONTRACT).creation(*log, "Crowd", "CRWD", 10**24, *roles, DELAY_SECONDS)
        return self.make(creation)

    def make(self, creation: bytes) -> str:
        """A contract; its address."""
        made = self.send(None, creation).made
        assert made is not None
        return made

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
