"""A platform, its crowd and an auditor around the real parts: service over a socket, worker, chain and contracts."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct

from ledger.audit.openings import FolderOpenings
from ledger.audit.replay import read_log
from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.audit.source import UrlSource
from ledger.book.campaign_book import CampaignBook
from ledger.book.explain import explain
from ledger.book.rewards import PoolBook
from ledger.chain import contracts, transactions
from ledger.chain.answers import TransactionReceipt
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.config import Config
from ledger.statements import kinds
from ledger.statements.kinds import AnyStatement
from ledger.tree.keys import LogSigner
from ledger.worker import Worker
from tests.integration.api.running import BRIEF, Api, Platform

# Accounts of anvil's well-known test mnemonic; each role has one of its own.
KEYS = {
    "operator": "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "reporter": "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "relayer": "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "platform": "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    "guardian": "47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
    "backer": "8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
    "patron": "92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
}
CHAIN_ID = 31337
WINDOW = 2
"""Seconds in which a decision can be appealed."""
_PATIENCE_SECONDS = 30.0


@dataclass
class Crowd:
    """One running CrowdLedger. People go by the platform's own names; amounts are base units."""

    chain: DevChain
    node: Node
    deployment: Deployment
    config: Config
    log_signer: LogSigner
    url: str
    api: Api
    worker: Worker
    working: asyncio.Task[None]
    folder: Path
    platform: Platform
    wallets: dict[str, Any] = field(default_factory=dict)
    signers: dict[str, LocalSigner] = field(default_factory=dict)

    # ---- over HTTP ----

    async def post(self, path: str, body: Any = None, *, code: int = 201, key: str | None = None) -> Any:
        """What the platform, or whoever has ``key``, is answered with ``code``."""
        reply = await self.api.http.post(path, json=body, headers=self._headers(key))
        assert reply.status_code == code, (path, reply.status_code, reply.text)
        return reply.json()

    async def get(self, path: str, *, key: str | None = None, **query: Any) -> Any:
        reply = await self.api.http.get(path, headers=self._headers(key), params=query or None)
        assert reply.status_code == 200, (path, reply.status_code, reply.text)
        return reply.json()

    def _headers(self, key: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {key or self.platform.key}"}

    async def open(self, *, funds: int = 0, campaign_type: str = "rating", **terms: Any) -> str:
        """A campaign; with ``funds`` it is opened and funded in the pool, and the log knows of the money."""
        body: dict[str, Any] = {
            "title": "A campaign",
            "type": campaign_type,
            "brief": BRIEF,
            "terms": "Answer honestly.",
            "appeal_window": WINDOW,
            "opener": self.signers["platform"].address if funds else None,
            "revisions": {"window": 0, "rounds": 0},
        }
        written = await self.post("/v1/campaigns", {name: v for name, v in (body | terms).items() if v is not None})
        campaign = str(written["id"])
        await self.until(lambda: campaign in self.worker.context.book.campaigns)
        if funds:
            self.open_on_chain(written["onchain"])
            self.fund("platform", written["onchain"]["id"], funds)
            await self.until(lambda: bool(self.book(campaign).funds))
        return campaign

    async def submit(self, campaign: str, person: str, content: Any, *, code: int = 201, **more: Any) -> str:
        """The id of a contribution, or the rule that refuses it."""
        body = {"campaign": campaign, "contributor": person, "content": content} | more
        reply = await self.post("/v1/contributions", body, code=code)
        return str(reply["id"] if code == 201 else reply["rule"])

    async def decide(self, contribution: str, verdict: str = "accepted", **more: Any) -> str:
        """The id of a decision; what is not accepted is told why."""
        why = {} if verdict == "accepted" else {"feedback": {"why": "It breaks the rules of the brief."}}
        body = {"contribution": contribution, "verdict": verdict} | why | more
        return str((await self.post("/v1/decisions", body))["id"])

    async def session(self, person: str) -> str:
        """The bearer token of a contributor who signs in by a link from the platform: no wallet is needed."""
        link = await self.post("/v1/sign-in-links", {"contributor": person})
        opened = await self.post("/v1/sessions", {"token": link["token"]}, key="none")
        return str(opened["token"])

    async def public(self, person: str) -> str:
        """How the log names somebody."""
        found = await self.api.service.reader.contributor(self.platform.id, person)
        assert found is not None
        return found

    async def link(self, *people: str) -> None:
        """Each links a new wallet."""
        for person in people:
            wallet = Account.create()
            asked = {"contributor": person, "address": wallet.address.lower()}
            message = (await self.post("/v1/wallets/message", asked, code=200))["message"]
            signed = {"contributor": person, "message": message, "signature": sign(wallet, message)}
            await self.post("/v1/wallets", signed)
            self.wallets[person] = wallet

    # ---- on the chain ----

    def send(self, role: str, to: str, data: bytes) -> TransactionReceipt:
        """A transaction that is mined and succeeds; raises TransactionError where the contract refuses it."""
        signer = self.signers[role]
        nonce = self.node.nonce(signer.address)
        prepared = transactions.prepare(self.node, signer.address, to, data, chain_id=CHAIN_ID, nonce=nonce)
        receipt = transactions.wait_for(self.node, self.node.send_raw(signer.sign_transaction(prepared).raw), 10.0)
        assert receipt is not None
        assert receipt.succeeded
        return receipt

    def open_on_chain(self, told: dict[str, Any]) -> None:
        """The platform opens what the reply to its campaign told."""
        dates = told["funding_deadline"], told["closing_date"]
        call = contracts.open_campaign_call(told["charter"], int(told["goal"]), *dates)
        self.send("platform", self.deployment.pool, call)

    def fund(self, role: str, onchain_id: str, amount: int) -> None:
        """Somebody pays into a campaign."""
        pool, token = self.deployment.pool, self.deployment.token
        self.send(role, token, contracts.mint_call(self.signers[role].address, amount))
        self.send(role, token, contracts.approve_call(pool, amount))
        self.send(role, pool, contracts.fund_call(onchain_id, amount))

    def balance(self, person: str) -> int:
        """What is in somebody's linked wallet, or in the wallet of a role."""
        account = self.wallets[person].address.lower() if person in self.wallets else self.signers[person].address
        return contracts.read_balance(self.node, self.deployment.token, account)

    # ---- time ----

    async def until(self, holds: Callable[[], bool | Awaitable[bool]]) -> None:
        """Wait for a condition; the chain's time passes quicker meanwhile, a second with every block."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                found = holds()
                if found if isinstance(found, bool) else await found:
                    return
                assert not self.working.done(), self.working.exception()
                self.chain.rpc("evm_increaseTime", 1)
                self.chain.rpc("evm_mine")
                await asyncio.sleep(0.05)

    async def until_final(self, *campaigns: str, but: int = 0) -> None:
        """Wait until the outcomes of all that was sent to these campaigns are final, ``but`` so many in each."""
        size = (await self.api.service.reader.head()).size
        await self.until(lambda: self.worker.context.book.size >= size)
        await self.until(lambda: all(self.book(each).undecided == but for each in campaigns))

    async def until_in_force(self, *people: str) -> None:
        """Wait until these people's newest wallets are those that are paid."""
        wanted = {await self.public(person): self.wallets[person].address.lower() for person in people}
        book = self.worker.context.book
        await self.until(lambda: all(book.wallet_at(who, book.size) == wallet for who, wallet in wanted.items()))

    async def until_anchored(self) -> None:
        """Wait until the contract holds the whole log."""

        async def anchored() -> bool:
            head = await self.api.service.reader.head()
            place = self.deployment
            return contracts.read_head(self.node, place.contribution_log, place.log_id).size == head.size

        await self.until(anchored)

    def book(self, campaign: str) -> CampaignBook:
        """The worker's book of a campaign, to wait for; nothing is computed from it here."""
        return self.worker.context.book.campaigns[campaign]

    @property
    def pool(self) -> PoolBook:
        return self.worker.context.book.pools[self.worker.context.pool]

    # ---- pay ----

    async def settle(self) -> dict[str, Any]:
        """Ask for a settlement, and wait until it is in force and the log says so."""
        number = self.pool.next_number
        await self.post("/v1/settlements", code=202)
        await self.until(lambda: self.pool.next_number > number)
        settled: dict[str, Any] = await self.get(f"/v1/settlements/{number}")
        assert settled["state"] == "activated"
        return settled

    async def claim(self, *people: str) -> None:
        """The service pays out what these people can claim."""
        asked = await self.post(
            "/v1/claims", {"addresses": [self.wallets[person].address.lower() for person in people]}, code=202
        )

        async def paid() -> bool:
            states = [(await self.get(f"/v1/claims/{each['id']}"))["state"] for each in asked["items"]]
            return set(states) == {"paid"}

        assert len(asked["items"]) == len(people)
        await self.until(paid)

    # ---- the auditor ----

    async def statements(self, kind: type | None = None) -> list[tuple[int, AnyStatement]]:
        """The log's statements with their entries."""
        parsed = [kinds.parse(entry) for entry in await self.entries()]
        return [(index, each) for index, each in enumerate(parsed) if kind is None or isinstance(each, kind)]

    async def entries(self) -> list[bytes]:
        """The log's entries."""
        reader = self.api.service.reader
        return list(await reader.statements(0, (await reader.head()).size))

    async def audit(self, openings: Path | None = None) -> Report:
        """An audit of the whole running log against the chain, by its public addresses alone."""
        await self.until_anchored()

        def run() -> Report:
            given = None if openings is None else FolderOpenings(openings)
            with UrlSource(self.url) as source, Node(self.chain.url) as node:
                return audit(source, node=node, openings=given, trusted_contract=self.deployment.contribution_log)

        return await asyncio.to_thread(run)

    async def recomputed(self, campaign: str) -> dict[str, dict[str, int]]:
        """What an auditor's replay of the public log awards, by public id and rule."""
        size = (await self.api.service.reader.head()).size

        def run() -> dict[str, dict[str, int]]:
            with UrlSource(self.url) as source:
                book = read_log(source, size, None).book
            awarded: dict[str, dict[str, int]] = {}
            for line in explain(book, campaign):
                if line.units:
                    rules = awarded.setdefault(line.contributor, {})
                    rules[line.rule] = rules.get(line.rule, 0) + line.units
            return awarded

        return await asyncio.to_thread(run)

    async def expected(self, awards: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
        """``awards`` by the public ids of those people."""
        return {await self.public(person): rules for person, rules in awards.items()}


def sign(wallet: Any, message: str) -> str:
    """What a wallet's personal_sign gives."""
    return "0x" + bytes(wallet.sign_message(encode_defunct(text=message)).signature).hex()


def commitment_of(opening: dict[str, Any]) -> str:
    """The commitment that an opening's file opens (FORMATS, Commitment), without the project's code."""
    return hashlib.sha256(b"\x43" + bytes.fromhex(opening["salt"]) + opening["preimage"].encode()).hexdigest()


def random_salt() -> bytes:
    """32 random bytes, as a contributor makes them."""
    return os.urandom(32)
