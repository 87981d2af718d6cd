"""A deployment on the test's chain and the application beside it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import contracts
from ledger.chain.deploy import Terms, deploy
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.tree.keys import LogSigner
from tests.integration.api.running import ADMIN_KEY, ORIGIN, Api, running, settings, until

OPERATOR = LocalSigner.from_key(bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"))
CHAIN_ID = 31337
OPERATORS_KEY = {"Authorization": f"Bearer {ADMIN_KEY}"}


@dataclass
class Place:
    """A deployment on the test's chain, and what starts the application beside it."""

    chain: DevChain
    node: Node
    deployment: Deployment
    folder: Path
    database_url: str
    log_signer: LogSigner

    def settings(self, **more: Any) -> Any:
        members = {
            "deployment_file": self.folder / f"{CHAIN_ID}.json",
            "rpc_urls": (self.chain.url,),
            "relayer_signer": f"rpc:{self.chain.url}#{OPERATOR.address}",
        }
        return settings(self.folder, self.database_url, self.log_signer, **(members | more))

    def anchor(self, size: int, root: bytes, proof: list[bytes]) -> None:
        """Anchor a head as the operator."""
        call = contracts.anchor_call(self.deployment.log_id, size, root, proof)
        what = {"from": OPERATOR.address, "to": self.deployment.contribution_log, "data": "0x" + call.hex()}
        self.chain.rpc("eth_sendTransaction", what)
        deadline = time.monotonic() + 10
        while True:  # the node answers before the transaction is mined
            head = contracts.read_head(self.node, self.deployment.contribution_log, self.deployment.log_id)
            if head.size == size:
                return
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def place(chain: DevChain, sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> Any:
    terms = Terms(
        chain_id=CHAIN_ID,
        origin=ORIGIN,
        vkey=log_signer.verifier_key.vkey,
        settlement_delay=3,
        admin=OPERATOR.address,
        reporter=OPERATOR.address,
        guardian=OPERATOR.address,
    )
    with Node(chain.url) as node:
        deployment = deploy(node, OPERATOR, terms, tmp_path)
        yield Place(chain, node, deployment, tmp_path, sqlite_database_url, log_signer)


@pytest.fixture
async def beside(place: Place) -> AsyncIterator[Api]:
    async with running(place.settings()) as found:
        await until_ready(found)
        yield found


async def until_ready(api: Api) -> None:
    async def ready() -> bool:
        return (await api.http.get("/ready")).status_code == 200

    await until(ready)


async def until_problem(api: Api) -> None:
    async def has_problem() -> bool:
        return api.service.comparison.problem is not None

    await until(has_problem)
