"""A service whose log key is rotated while it runs, and after it was started with the new key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ledger.audit.log_keys import parse_keys
from ledger.audit.receipts import check_receipt
from ledger.db import open_database
from ledger.log.rotating import Rotated, rotate_key
from ledger.tree.keys import LogSigner
from tests.integration.api.running import ORIGIN, Api, Platform, running, settings, until


async def rotate(url: str, old: LogSigner, new: LogSigner) -> Rotated:
    """As the command line does it, beside the service."""
    async with open_database(url) as database:
        return await rotate_key(database, "main", old, new)


@asynccontextmanager
async def served(folder: Path, url: str, signer: LogSigner) -> AsyncIterator[Api]:
    """The service with a log key, once it takes writes."""
    async with running(settings(folder, url, signer)) as api:

        async def ready() -> bool:
            return (await api.http.get("/ready")).status_code == 200

        await until(ready)
        yield api


async def receipt_of(api: Api, index: int) -> bytes:
    return (await api.http.get(f"/v1/entries/{index}/receipt")).content


async def test_a_service_through_two_rotations(database_url: str, tmp_path: Path) -> None:
    signers = [LogSigner.generate(ORIGIN) for _ in range(3)]
    first, second, third = (each.verifier_key for each in signers)
    given: list[bytes] = []
    async with served(tmp_path, database_url, signers[0]) as api:
        platform = await api.platform()
        campaign = await platform.campaign()
        index = (await platform.contribution(campaign, external_id="1"))["index"]
        given.append(await receipt_of(api, index))
        assert parse_keys((await api.http.get("/keys.json")).content).keys == ((0, first),)
        at = (await rotate(database_url, *signers[:2])).index
        refused = await platform.post("/v1/contributions", {"campaign": campaign, "contributor": "bob", "content": 1})
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/unavailable")
        assert "log_key_file" in refused.text
        assert second.vkey in refused.text
        assert (await api.http.get("/v1/audit/summary")).json()["vkey"] == second.vkey
        assert parse_keys((await api.http.get("/keys.json")).content).key_at(at + 1) == second
    async with served(tmp_path, database_url, signers[1]) as api:
        platform = Platform(api, platform.id, platform.key)
        given.append(await receipt_of(api, (await platform.contribution(campaign, contributor="bob"))["index"]))
        await rotate(database_url, *signers[1:])
    async with served(tmp_path, database_url, signers[2]) as api:
        platform = Platform(api, platform.id, platform.key)
        given.append(await receipt_of(api, (await platform.contribution(campaign, contributor="cyd"))["index"]))
        body = {"campaign": campaign, "contributor": "ann", "content": {"answer": "yes"}, "external_id": "1"}
        again = await platform.post("/v1/contributions", body)
        assert (again.status_code, again.json()["index"]) == (200, index)
        assert await receipt_of(api, index) == given[0]
        keys = parse_keys((await api.http.get("/keys.json")).content)
    assert [key for _, key in keys.keys] == [first, second, third]
    for trusted in (first, second, third):
        assert all(check_receipt(data, trusted_key=trusted, keys=keys).verdict == "pass" for data in given)
    assert [check_receipt(data, trusted_key=first).verdict for data in given] == ["pass", "fail", "fail"]


async def test_a_log_with_one_key(api: Api, log_signer: LogSigner) -> None:
    reply = await api.http.get("/keys.json")
    assert reply.headers["cache-control"] == "no-cache"
    assert reply.json() == {"v": 1, "keys": [{"key": log_signer.verifier_key.vkey, "from_index": 0}]}
    same = await api.http.get("/logs/main/keys.json")
    assert same.content == reply.content
