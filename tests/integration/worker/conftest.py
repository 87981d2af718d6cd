"""A log, its contracts on the test's own dev chain, and workers that can be thrown away between any two steps."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from sqlalchemy import insert, select

from ledger.chain import contracts, transactions
from ledger.chain.answers import TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.chain.deploy import Terms, deploy
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.config import Config
from ledger.db import Database, open_database, tables
from ledger.log.items import ApiKey, Decide, LinkWallet, OpenCampaign, PoolPlace, RegisterPlatform, Submit
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer
from ledger.statements import kinds, onchain, sign_in
from ledger.statements.campaigns import CampaignOpened, PieceRate
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import Method
from ledger.statements.values import format_time, time_ms, uuid4, uuid7
from ledger.tree.keys import LogSigner
from ledger.worker import Signers, Worker

ORIGIN = "example.org/crowd"
# Accounts of anvil's well-known test mnemonic; each role has one of its own.
KEYS = {
    "operator": "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "reporter": "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "relayer": "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "platform": "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    "heir": "8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
    "guardian": "47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
}
DELAY_SECONDS = 2
AMOUNT = 10


def new_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class World:
    """One log with its database, contracts and accounts, and the platform's side of the story."""

    def __init__(self, node: Node, deployment: Deployment, database: Database, writer: Writer, config: Config) -> None:
        self.node, self.deployment, self.database, self.writer, self.config = node, deployment, database, writer, config
        self.signers = {role: LocalSigner.from_key(bytes.fromhex(key)) for role, key in KEYS.items()}
        self.reader = Reader(database, "main")
        self.people: dict[str, str] = {}
        self.wallets: dict[str, str] = {}
        self.accounts: dict[str, Any] = {}
        self.operator = "operator"
        self.platform = ""
        self.campaign = ""
        self.onchain_id = ""

    # ---- the worker ----

    def worker(self, *, operator: str | None = None, **changes: Any) -> Worker:
        config = self.config.model_copy(update=changes)
        roles = {"operator": operator or self.operator, "reporter": "reporter", "relayer": "relayer"}
        signers = Signers(**{role: self.signers[name] for role, name in roles.items()})
        return Worker(config, self.database, self.writer, deployment=self.deployment, signers=signers)

    async def step(self, worker: Worker) -> None:
        assert await worker.step()

    async def until(self, what: Any, worker: Worker | None = None, seconds: float = 20.0) -> None:
        """Steps until ``what()`` is true; without a worker each step is a new one's."""
        deadline = time.monotonic() + seconds
        while not await what():
            self.node.request("evm_mine")  # each block is a second of the chain's time, so that nobody need wait
            assert time.monotonic() < deadline, "it does not happen"
            stepping = worker or self.worker()
            await self.step(stepping)
            if worker is None:
                await stepping.close()
            await asyncio.sleep(0.05)

    # ---- the platform ----

    def send(self, role: str, to: str, data: bytes) -> TransactionReceipt:
        signer = self.signers[role]
        nonce = self.node.nonce(signer.address)
        prepared = transactions.prepare(self.node, signer.address, to, data, chain_id=31337, nonce=nonce)
        receipt = transactions.wait_for(self.node, self.node.send_raw(signer.sign_transaction(prepared).raw), 10.0)
        assert receipt is not None
        assert receipt.succeeded
        return receipt

    async def open_campaign(self, budget: int = 1_000, **terms: Any) -> None:
        self.platform = new_id()
        key = ApiKey(id="0123456789abcdef", scopes=("submit", "review", "settle", "admin"), digest=os.urandom(32))
        await self.writer.write(RegisterPlatform(id=self.platform, name="Test", key=key))
        self.campaign = new_id()
        written = await self.writer.write(
            OpenCampaign(
                id=self.campaign,
                platform=self.platform,
                title="Answers",
                type="rating",
                brief={"text": "Answer."},
                terms={"text": "Terms."},
                policy=PieceRate(amount=str(AMOUNT)),
                budget=str(budget),
                **{
                    "appeal_window": 1,
                    "decision_deadline": 3_600,
                    "decision_default": "accepted",
                    "appeal_deadline": 3_600,
                    "appeal_default": "stands",
                }
                | terms,
                closing_date=format_time(now_ms() + 86_400_000),
                place=PoolPlace(
                    chain_id=31337,
                    pool=self.deployment.pool,
                    log_id=self.deployment.log_id,
                    opener=self.signers["platform"].address,
                ),
            )
        )
        opened = kinds.parse(written.statement)
        assert isinstance(opened, CampaignOpened)
        assert opened.onchain is not None
        self.onchain_id = opened.onchain.id
        closing = time_ms(opened.closing_date) // 1000
        call = contracts.open_campaign_call(onchain.charter(opened), 0, 0, closing)
        self.send("platform", self.deployment.pool, call)

    def fund(self, amount: int) -> None:
        if self.deployment.token == self.deployment.pool:  # its admin grants an allowance to mint
            self.send("operator", self.deployment.pool, contracts.fund_call(self.onchain_id, amount))
            return
        address, pool = self.signers["platform"].address, self.deployment.pool
        self.send("platform", self.deployment.token, contracts.mint_call(address, amount))
        self.send("platform", self.deployment.token, contracts.approve_call(pool, amount))
        self.send("platform", pool, contracts.fund_call(self.onchain_id, amount))

    async def accept(self, person: str, count: int = 1) -> None:
        """``count`` contributions of a person, each accepted."""
        for _ in range(count):
            submitted = await self.writer.write(
                Submit(
                    id=new_id(),
                    platform=self.platform,
                    campaign=self.campaign,
                    contributor=person,
                    fresh_id=uuid4(os.urandom(16)),
                    content={"answer": 1},
                    salt=os.urandom(32),
                )
            )
            statement = kinds.parse(submitted.statement)
            assert isinstance(statement, ContributionSubmitted)
            self.people[person] = statement.contributor
            await self.writer.write(
                Decide(
                    id=new_id(),
                    platform=self.platform,
                    contribution=submitted.id,
                    verdict="accepted",
                    score="1",
                    method=Method(type="human"),
                    salt=os.urandom(32),
                    fresh_id=uuid4(os.urandom(16)),
                    reviewer="reviewer",
                )
            )

    async def link(self, person: str) -> None:
        account = Account.create()
        link = sign_in.WalletLink(
            domain="example.org",
            address=account.address.lower(),
            contributor=self.people[person],
            log=ORIGIN,
            replaces=None,
            uri="https://example.org",
            chain_id=31337,
            nonce="0123456789",
            issued_at=format_time(now_ms()),
            expires_at=format_time(now_ms() + 3_600_000),
        )
        signature = account.sign_message(encode_defunct(text=link.message())).signature.hex().removeprefix("0x")
        await self.writer.write(
            LinkWallet(
                id=new_id(),
                platform=self.platform,
                contributor=self.people[person],
                address=link.address,
                message=link.message(),
                signature="0x" + signature,
            )
        )
        self.wallets[person] = link.address
        self.accounts[person] = account

    # ---- what is asked and what is seen ----

    async def ask(self, kind: str) -> str:
        name = new_id()
        row = {"log": "main", "id": name, "kind": kind, "state": "asked", "at_ms": now_ms()}
        async with self.database.begin() as connection:
            await connection.execute(insert(tables.requests).values(row))
        return name

    async def ask_claim(self, *accounts: str) -> None:
        row = {"log": "main", "chain_id": 31337, "pool": self.deployment.pool, "state": "asked", "at_ms": now_ms()}
        async with self.database.begin() as connection:
            for account in accounts:
                await connection.execute(
                    insert(tables.claim_requests).values(row | {"id": new_id(), "account": account})
                )

    async def rows(self, table: Any, *columns: str) -> list[Any]:
        async with self.database.engine.connect() as connection:
            query = select(*(table.c[name] for name in columns)).where(table.c.log == "main")
            return [tuple(row) if len(columns) > 1 else row[0] for row in await connection.execute(query)]

    async def all_done(self, table: Any) -> bool:
        return not {"asked", "sent"} & set(await self.rows(table, "state"))

    async def statements(self, kind: type) -> list[Any]:
        size = (await self.reader.head()).size
        parsed = [kinds.parse(data) for data in await self.reader.statements(0, size)]
        return [statement for statement in parsed if isinstance(statement, kind)]

    def balance(self, person: str) -> int:
        return contracts.read_balance(self.node, self.deployment.token, self.wallets[person])


CAP = 10**24


def make(node: Node, signer: LocalSigner, creation: bytes) -> str:
    """Make a contract; its address."""
    nonce = node.nonce(signer.address)
    prepared = transactions.prepare(node, signer.address, None, creation, chain_id=31337, nonce=nonce)
    receipt = transactions.wait_for(node, node.send_raw(signer.sign_transaction(prepared).raw), 10.0)
    assert receipt is not None
    assert receipt.made is not None
    return receipt.made


def make_reward_token(node: Node, signer: LocalSigner, deployment: Deployment) -> Deployment:
    """The same log with a RewardToken for its pool."""
    roles = (signer.address, LocalSigner.from_key(bytes.fromhex(KEYS["reporter"])).address, signer.address)
    log = (deployment.contribution_log, bytes.fromhex(deployment.log_id[2:]))
    creation = artifact(contracts.TOKEN_CONTRACT).creation(*log, "Crowd", "CRWD", CAP, *roles, DELAY_SECONDS)
    pool = make(node, signer, creation)
    return replace(deployment, pool=pool, token=pool)


@asynccontextmanager
async def make_world(
    chain: DevChain, database_url: str, folder: Path, *, reward_token: bool = False, token: str | None = None
) -> AsyncIterator[World]:
    log_signer = LogSigner.generate(ORIGIN)
    signers = {role: LocalSigner.from_key(bytes.fromhex(key)) for role, key in KEYS.items()}
    terms = Terms(
        chain_id=31337,
        origin=ORIGIN,
        vkey=log_signer.verifier_key.vkey,
        settlement_delay=DELAY_SECONDS,
        admin=signers["operator"].address,
        reporter=signers["reporter"].address,
        guardian=signers["guardian"].address,
        token=token,
    )
    (folder / "log.pem").write_bytes(log_signer.to_pem())
    config = Config(
        database_url=database_url,
        origin=ORIGIN,
        log_key_file=folder / "log.pem",
        rpc_urls=[chain.url],
        deployment_file=folder / "31337.json",
        anchor_interval_seconds=0.0,
        settle_automatically=False,
        worker_interval_seconds=0.05,
    )
    with Node(chain.url) as node:
        deployment = deploy(node, signers["operator"], terms, folder)
        if reward_token:
            deployment = make_reward_token(node, signers["operator"], deployment)
        async with open_database(database_url) as database:
            await open_log(database, "main", ORIGIN, log_signer, 0)
            async with Writer(database, "main", log_signer) as writer:
                writer.allow_writes()
                yield World(node, deployment, database, writer, config)


@pytest.fixture
async def world(chain: DevChain, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with make_world(chain, database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def sqlite_world(chain: DevChain, sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with make_world(chain, sqlite_database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def own_chain_world(sqlite_database_url: str, tmp_path: Path) -> AsyncIterator[tuple[DevChain, World]]:
    """A world on a chain of its own, for tests that change how it mines or what it has mined."""
    with DevChain() as chain:
        async with make_world(chain, sqlite_database_url, tmp_path) as made:
            yield chain, made
