"""The application on a database whose newest entries came back from a mirror: only contents are missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.sealing import DIRECT_PREFIX
from ledger.db import open_database
from ledger.db.backup import back_up
from ledger.log import restoring
from ledger.log.checking import check_database
from ledger.tree.keys import LogSigner
from tests.integration.api.beside_chain import Place, until_ready
from tests.integration.api.guarded import ROUTES
from tests.integration.api.people import signed_in_by
from tests.integration.api.running import ADMIN_KEY, Api, Platform, running, settings
from tests.integration.api.test_direct import PATH as DIRECT
from tests.integration.api.test_direct import Author, open_campaign
from tests.integration.api.test_isolation import Victim, victim
from tests.services.restoring import restored

__all__ = ["victim"]

GETS = [name for name in ROUTES if name.startswith("GET ")]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "crowd.backup"


@pytest.fixture
async def platform(api: Api, backup: Path) -> Platform:
    """The platform is in the backup; all that it does came later."""
    found = await api.platform()
    await asyncio.to_thread(back_up, api.service.config.database_url, backup)
    return found


@pytest.fixture
async def back(
    api: Api, victim: Victim, backup: Path, tmp_path: Path, log_signer: LogSigner
) -> AsyncIterator[tuple[Api, Victim]]:
    """The application on the restored database, and the platform there."""
    late = await api.platform("Late Ltd")
    new = f"sqlite+aiosqlite:///{tmp_path / 'new.sqlite'}"
    lost = await restored(api.service.config.database_url, new, backup)
    assert lost.keys == [late.key.split("_")[1]]
    async with running(settings(tmp_path, new, log_signer)) as again:
        yield again, Victim(Platform(again, victim.platform.id, victim.platform.key), victim.names)


async def test_every_page_and_every_list_answers(back: tuple[Api, Victim]) -> None:
    _, victim = back
    for headers in (victim.platform.headers, {}):
        for name in GETS:
            reply = await victim.send(name, headers)
            assert reply.status_code < 500, (name, reply.text)
    for name in ("GET /v1/contributions/{contribution}", "GET /c/{contribution}", "GET /campaigns/{campaign}"):
        reply = await victim.send(name, victim.platform.headers)
        assert reply.status_code == 200, (name, reply.text)
    gone = await victim.send("GET /v1/contributions/{contribution}/opening", victim.platform.headers)
    assert gone.status_code == 404


async def test_the_work_goes_on(back: tuple[Api, Victim]) -> None:
    api, victim = back
    platform, campaign = victim.platform, victim.names["campaign"]
    same = (await platform.get("/v1/contributions", campaign=campaign)).json()["items"]
    assert {each["contributor"].split("-")[0] for each in same} == {"lost"}
    assert {each["content"] for each in same} == {None}
    size = (await api.service.reader.head()).size
    resolved = await platform.post(
        f"/v1/appeals/{victim.names['appeal']}/resolve", {"reviewer": "dan", "reason": "It stands."}
    )
    assert (resolved.status_code, resolved.json()["index"]) == (201, size), resolved.text
    again = await platform.contribution(campaign, contributor="ann", content={"answer": "again"})
    waiting = next(each for each in same if each["decision"] is None)
    await platform.decision(waiting["id"], reviewer="dan")
    link = await platform.post("/v1/sign-in-links", {"contributor": waiting["contributor"]})
    assert link.status_code == 201, link.text
    assert again["index"] == size + 1
    late = await api.http.post("/v1/platforms", json={"name": "New"}, headers={"Authorization": f"Bearer {ADMIN_KEY}"})
    assert late.status_code == 201
    async with open_database(api.service.config.database_url) as database:
        assert (await check_database(database, "main")).findings == []


async def test_who_entered_without_a_platform_gets_in_by_wallet(place: Place, backup: Path, tmp_path: Path) -> None:
    new = f"sqlite+aiosqlite:///{tmp_path / 'new.sqlite'}"
    async with running(place.settings()) as before:
        await until_ready(before)
        platform = await before.platform()
        campaign, terms = await open_campaign(platform)
        await asyncio.to_thread(back_up, place.database_url, backup)
        author = Author(before)
        bodies = [author.signed(campaign, terms, author.sealed(campaign, what)) for what in ("mine", "mine too")]
        made = [await before.http.post(DIRECT, json=body) for body in bodies]
        assert [each.status_code for each in made] == [201, 201]
        assert (await restored(place.database_url, new, backup)).people == 1
    async with running(replace(place, database_url=new).settings()) as again:
        await until_ready(again)
        mine = await (await signed_in_by(again, author.account)).contributions()
        assert sorted(each["id"] for each in mine) == sorted(each.json()["id"] for each in made)
        (line, _) = (await Platform(again, platform.id, platform.key).get("/v1/contributions")).json()["items"]
        assert line["contributor"] == f"{DIRECT_PREFIX}{author.account.address.lower()}"
    assert restoring.DIRECT_PREFIX == DIRECT_PREFIX
