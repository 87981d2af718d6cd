"""The calls about webhooks, both ways, against the application."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ledger import wire
from ledger.client import AsyncClient
from ledger.errors import NotFoundError, UnavailableError
from ledger.tree.keys import LogSigner
from ledger.wire.endpoints import EndpointChange, NewEndpoint
from ledger.wire.hooks import HookChange, NewHook, NewSecret
from tests.integration.api.running import running, settings
from tests.integration.client.awaited import every
from tests.integration.client.test_scenes import campaign

NOWHERE = "01935b1e-0000-7000-8000-000000000000"


async def test_hooks_and_endpoints(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> None:
    async with running(settings(tmp_path, sqlite_database_url, log_signer)) as api:
        key = (await api.platform()).key
        transport = httpx.ASGITransport(app=api.app, raise_app_exceptions=False)
        async with AsyncClient("http://crowd.test", key, transport=transport, patience_seconds=0) as client:
            opened = await client.open_campaign(campaign())
            made = await client.make_hook(NewHook(connector="label-studio", campaign=opened.id, secret="s" * 32))
            assert made.secret == "s" * 32
            assert [each.id for each in await every(client.hooks())] == [made.id]
            assert (await client.change_hook(made.id, HookChange(rate="100"))).rate == "100"
            rotated = await client.rotate_hook(made.id, NewSecret(secret="t" * 32))
            assert (rotated.secret, rotated.id) == ("t" * 32, made.id)
            assert (await client.hook(made.id)).old_secret_until is not None
            assert await every(client.deliveries(made.id)) == []
            with pytest.raises(NotFoundError):
                await client.retry_delivery(made.id, NOWHERE)
            await client.remove_hook(made.id)
            with pytest.raises(NotFoundError):
                await client.hook(made.id)

            with pytest.raises(UnavailableError):  # without a chain there is nobody to send
                await client.make_endpoint(NewEndpoint(url="https://example.org/hook"))
            assert await every(client.endpoints()) == []
            for ask in (
                client.endpoint(NOWHERE),
                client.change_endpoint(NOWHERE, EndpointChange(at_once=2)),
                client.rotate_endpoint(NOWHERE),
                client.try_endpoint(NOWHERE),
                client.replay_events(NOWHERE, after=0),
                client.retry_sending(NOWHERE, 1),
                client.remove_endpoint(NOWHERE),
            ):
                with pytest.raises(NotFoundError):
                    await ask
            with pytest.raises(NotFoundError):
                await every(client.sendings(NOWHERE, "dead"))


async def test_keys_are_rotated(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> None:
    async with running(settings(tmp_path, sqlite_database_url, log_signer)) as api:
        key = (await api.platform()).key
        transport = httpx.ASGITransport(app=api.app, raise_app_exceptions=False)
        async with AsyncClient("http://crowd.test", key, transport=transport, verify=True) as client:
            made = await client.add_key(["submit"], expires="2099-01-01T00:00:00Z")
            assert isinstance(made, wire.KeyWritten)
            again = await client.rotate_key(made.id if made.key is None else made.key.split("_")[1])
            assert again.key not in (None, made.key)
