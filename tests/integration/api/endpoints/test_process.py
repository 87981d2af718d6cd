"""The whole way: a contribution is recorded, the worker's process publishes and anchors it, its platform is told."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from standardwebhooks import Webhook

from tests.integration.api.beside_chain import OPERATOR, Place, until_ready
from tests.integration.api.running import running, until
from tests.services.receiver import Receiver


async def test_the_worker_tells_of_what_was_recorded_and_anchored(place: Place, receiver: Receiver) -> None:
    config = place.settings(private_addresses=True)
    environment = {
        "DATABASE_URL": config.database_url,
        "ORIGIN": config.origin,
        "LOG_KEY_FILE": str(config.log_key_file),
        "SECRETS_KEY_FILE": str(config.secrets_key_file),
        "PRIVATE_ADDRESSES": "true",
        "PUBLIC_URL": config.base_url,
        "RPC_URLS": config.rpc_urls[0],
        "DEPLOYMENT_FILE": str(config.deployment_file),
        "OPERATOR_SIGNER": f"rpc:{config.rpc_urls[0]}#{OPERATOR.address}",
        "ANCHOR_INTERVAL_SECONDS": "0",
        "WORKER_INTERVAL_SECONDS": "0.1",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CROWDLEDGER_")}
    settings = {f"CROWDLEDGER_{name}": value for name, value in environment.items()}
    async with running(config) as api:
        await until_ready(api)
        platform = await api.platform()
        made = await platform.post("/v1/endpoints", {"url": receiver.url})
        assert made.status_code == 201, made.text
        worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "ledger.worker", env=clean | settings)
        try:
            contribution = await platform.contribution(await platform.campaign())
            types = {"contribution.recorded", "entry.anchored"}

            async def told() -> bool:
                return types <= {taken.event["type"] for taken in receiver.taken}

            await until(told, 60)
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(worker.wait(), 20) == 0
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
        for taken in receiver.taken:
            Webhook(made.json()["secret"]).verify(taken.body, taken.headers)
        (recorded,) = [taken.event for taken in receiver.taken if taken.event["type"] == "contribution.recorded"]
        assert recorded["data"]["contribution"] == contribution["id"]
        listed = (await platform.get("/v1/events")).json()["items"]
        assert [taken.event for taken in receiver.taken] == listed[: len(receiver.taken)]
