"""The stage of a scenario: contracts on the shared chain, the service behind a socket, and a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import uvicorn

from api.app import create_app
from ledger.chain.deploy import Terms, deploy
from ledger.chain.deployments import Deployment
from ledger.chain.devchain import DevChain
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.config import Config
from ledger.db import open_database
from ledger.log.writer import Writer
from ledger.tree.keys import LogSigner
from ledger.worker import Signers, Worker
from tests.integration.api.running import ORIGIN, Api, settings, until
from tests.integration.scenarios.crowd import CHAIN_ID, KEYS, Crowd

SETTLEMENT_DELAY_SECONDS = 2


@asynccontextmanager
async def running_crowd(
    chain: DevChain, database_url: str, folder: Path, wallet_delay_seconds: int
) -> AsyncIterator[Crowd]:
    """Contracts of its own on the chain, service and worker beside them, and a registered platform."""
    log_signer = LogSigner.generate(ORIGIN)
    signers = {role: LocalSigner.from_key(bytes.fromhex(key)) for role, key in KEYS.items()}
    terms = Terms(
        chain_id=CHAIN_ID,
        origin=ORIGIN,
        vkey=log_signer.verifier_key.vkey,
        settlement_delay=SETTLEMENT_DELAY_SECONDS,
        admin=signers["operator"].address,
        reporter=signers["reporter"].address,
        guardian=signers["guardian"].address,
    )
    with Node(chain.url) as node:
        deployment = deploy(node, signers["operator"], terms, folder)
        config = settings(
            folder,
            database_url,
            log_signer,
            wallet_delay=wallet_delay_seconds,
            rpc_urls=(chain.url,),
            deployment_file=folder / f"{CHAIN_ID}.json",
            relayer_signer=f"rpc:{chain.url}#{signers['relayer'].address}",
            anchor_interval_seconds=0.0,
            settle_automatically=False,
            worker_interval_seconds=0.05,
        )
        async with (
            _served(config) as (url, api),
            _working(config, log_signer, deployment, signers) as (worker, working),
        ):
            await _until_ready(api)
            yield Crowd(
                chain=chain,
                node=node,
                deployment=deployment,
                config=config,
                log_signer=log_signer,
                url=url,
                api=api,
                worker=worker,
                working=working,
                folder=folder,
                platform=await api.platform(),
                signers=signers,
            )


@asynccontextmanager
async def _served(config: Config) -> AsyncIterator[tuple[str, Api]]:
    """The application behind a socket of this machine."""
    app = create_app(config)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), serving.exception()
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:
        yield url, Api(app, http)
    server.should_exit = True
    await serving


@asynccontextmanager
async def _working(
    config: Config, log_signer: LogSigner, deployment: Deployment, signers: dict[str, LocalSigner]
) -> AsyncIterator[tuple[Worker, asyncio.Task[None]]]:
    """A worker with connections of its own, until the end."""
    roles = Signers(**{role: signers[role] for role in ("operator", "reporter", "relayer")})
    async with open_database(config.database_url) as database, Writer(database, config.log, log_signer) as writer:
        worker = Worker(config, database, writer, deployment=deployment, signers=roles)
        stop = asyncio.Event()
        working = asyncio.create_task(worker.run(stop))
        try:
            yield worker, working
        finally:
            stop.set()
            await working
            await worker.close()


async def _until_ready(api: Api) -> None:
    async def ready() -> bool:
        return (await api.http.get("/ready")).status_code == 200

    await until(ready)
