"""Signing in: links and wallets, each once, for one place, for a while; nobody else's session shows anything."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
from eth_account import Account
from sqlalchemy import select, update

from api import attempts
from ledger.db import tables
from tests.integration.api.people import Contributor, linked, personal_sign, signed_in, signed_in_by
from tests.integration.api.running import ON_BOTH, Api, Platform, running, settings


async def refused(reply: Any) -> dict[str, Any]:
    assert reply.status_code == 401, reply.text
    assert reply.json()["type"] == "/problems/unauthorized"
    return dict(reply.json())


@ON_BOTH
async def test_a_link_opens_one_session(both: Api) -> None:
    platform = await both.platform()
    written = await platform.contribution(await platform.campaign())
    link = (await platform.post("/v1/sign-in-links", {"contributor": "ann"})).json()
    assert link["url"] == f"http://crowd.test/me#link={link['token']}"
    replies = await asyncio.gather(*(both.http.post("/v1/sessions", json={"token": link["token"]}) for _ in range(4)))
    assert sorted(reply.status_code for reply in replies) == [201, 401, 401, 401]
    opened = next(reply.json() for reply in replies if reply.status_code == 201)
    ann = Contributor(both, opened["token"])
    me = (await ann.get("/v1/contributors/me")).json()
    assert [person["id"] for person in me["people"]] == opened["people"]
    assert me["people"][0]["platform_name"] == "Answers Ltd"
    assert [each["id"] for each in await ann.contributions()] == [written["id"]]
    assert (await both.http.request("DELETE", "/v1/sessions/current", headers=ann.headers)).json() == {"ended": True}
    await refused(await ann.get("/v1/contributors/me"))


async def test_tokens_are_stored_as_digests_and_expire(api: Api, platform: Platform) -> None:
    await platform.contribution(await platform.campaign())
    link = (await platform.post("/v1/sign-in-links", {"contributor": "ann"})).json()
    ann = await signed_in(platform)
    reads = api.service.reads
    stored = {
        bytes(row.digest) for table in (tables.sessions, tables.sign_in_links) for row in await reads.all(select(table))
    }
    assert {hashlib.sha256(token.encode()).digest() for token in (link["token"], ann.token)} <= stored
    async with reads.database.begin() as connection:
        for table in (tables.sessions, tables.sign_in_links):
            await connection.execute(update(table).values(expires_ms=1))
    await refused(await ann.get("/v1/contributors/me"))
    await refused(await api.http.post("/v1/sessions", json={"token": link["token"]}))


async def test_links_are_for_own_contributors_only(api: Api, platform: Platform) -> None:
    await platform.contribution(await platform.campaign())
    eve = await api.platform("Eve")
    assert (await eve.post("/v1/sign-in-links", {"contributor": "ann"})).status_code == 404
    assert (await platform.post("/v1/sign-in-links", {"contributor": "nobody"})).status_code == 404
    narrow = (await platform.post("/v1/keys", {"scopes": ["review"]})).json()["key"]
    denied = await api.http.post(
        "/v1/sign-in-links", json={"contributor": "ann"}, headers={"Authorization": f"Bearer {narrow}"}
    )
    assert denied.status_code == 403


@pytest.mark.parametrize("token", ["", "cs_", "sl_" + "0" * 64, "cl_x", "sl_" + "0" * 63 + "\n"])
async def test_other_tokens_are_refused(api: Api, token: str) -> None:
    await refused(await api.http.post("/v1/sessions", json={"token": token}))
    headers = {"Authorization": f"Bearer cs_{token}".strip()}
    await refused(await api.http.get("/v1/contributors/me", headers=headers))


async def test_an_api_key_is_no_session_and_a_session_no_key(api: Api, platform: Platform) -> None:
    await platform.contribution(await platform.campaign())
    ann = await signed_in(platform)
    await refused(await platform.get("/v1/contributors/me"))
    for path in ("/v1/campaigns", "/v1/contributions", "/v1/keys"):
        await refused(await ann.get(path))
    await refused(await ann.post("/v1/sign-in-links", {"contributor": "ann"}))


@pytest.fixture
async def quick(sqlite_database_url: str, tmp_path: Any, log_signer: Any) -> Any:
    """A log whose wallet links are in force at once."""
    async with running(settings(tmp_path, sqlite_database_url, log_signer, wallet_delay=0)) as found:
        yield found


async def test_a_wallet_signs_in_as_whom_it_pays(quick: Api) -> None:
    platform, other = await quick.platform(), await quick.platform("Other")
    mine = await platform.contribution(await platform.campaign())
    await platform.contribution(await platform.campaign(), contributor="bob")
    theirs = await other.contribution(await other.campaign(), contributor="ann")
    account, _ = await linked(platform)
    asked = await other.post("/v1/wallets/message", {"contributor": "ann", "address": account.address})
    message = asked.json()["message"]
    body = {"contributor": "ann", "message": message, "signature": personal_sign(account, message)}
    assert (await other.post("/v1/wallets", body)).status_code == 201
    await asyncio.sleep(0.01)
    both = await signed_in_by(quick, account)
    me = (await both.get("/v1/contributors/me")).json()
    assert me["wallet"] == account.address.lower()
    assert {person["platform"] for person in me["people"]} == {platform.id, other.id}
    assert [each["id"] for each in await both.contributions()] == [mine["id"], theirs["id"]]
    newer, _ = await linked(platform)
    await asyncio.sleep(0.01)
    assert [each["id"] for each in await both.contributions()] == [theirs["id"]], "the wallet was replaced"
    assert [each["id"] for each in await (await signed_in_by(quick, newer)).contributions()] == [mine["id"]]


async def test_a_wallet_that_is_nobody_yet(api: Api) -> None:
    nobody = await signed_in_by(api, Account.create())
    assert (await nobody.get("/v1/contributors/me")).json()["people"] == []
    assert await nobody.contributions() == []
    assert (await nobody.get("/v1/contributors/me/earnings")).json() == {"items": [], "paid_to": []}
    assert (await nobody.get("/v1/contributors/me/export")).status_code == 404
    assert (await nobody.post("/v1/contributors/me/erase")).status_code == 404


async def test_a_message_signs_in_once_and_only_its_wallet(api: Api) -> None:
    account, thief = Account.create(), Account.create()
    message = (await api.http.post("/v1/sessions/message", json={"address": account.address})).json()["message"]
    signature = personal_sign(account, message)
    forged = await api.http.post("/v1/sessions", json={"message": message, "signature": personal_sign(thief, message)})
    assert (forged.status_code, forged.json()["type"]) == (422, "/problems/signature-invalid")
    stolen = message.replace(account.address, thief.address)
    taken = await api.http.post("/v1/sessions", json={"message": stolen, "signature": personal_sign(thief, stolen)})
    await refused(taken)
    first = await api.http.post("/v1/sessions", json={"message": message, "signature": signature})
    assert first.status_code == 201
    await refused(await api.http.post("/v1/sessions", json={"message": message, "signature": signature}))


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("crowd.test wants", "evil.test wants", 422),
        ("log example.org/crowd", "log example.org/other", 422),
        ("URI: http://crowd.test", "URI: http://evil.test", 422),
        ("Chain ID: 1", "Chain ID: 5", 422),
        ("Version: 1", "Version: 2", 422),
        ("Nonce: ", "Nonce: 0", 401),
        ("Expiration Time: 20", "Expiration Time: 19", 401),
        ("Issued At: 20", "Issued At: 29", 401),
    ],
)
async def test_messages_of_other_places_and_times(api: Api, old: str, new: str, status: int) -> None:
    account = Account.create()
    message = (await api.http.post("/v1/sessions/message", json={"address": account.address})).json()["message"]
    assert old in message
    changed = message.replace(old, new, 1)
    reply = await api.http.post("/v1/sessions", json={"message": changed, "signature": personal_sign(account, changed)})
    assert reply.status_code == status, reply.text


async def test_a_linking_message_does_not_sign_in(api: Api, platform: Platform) -> None:
    await platform.contribution(await platform.campaign())
    account = Account.create()
    asked = await platform.post("/v1/wallets/message", {"contributor": "ann", "address": account.address})
    message = asked.json()["message"]
    reply = await api.http.post("/v1/sessions", json={"message": message, "signature": personal_sign(account, message)})
    assert (reply.status_code, reply.json()["field"]) == (422, "message")


@pytest.mark.parametrize(
    "body", [{}, {"message": "m"}, {"signature": "0x00"}, {"token": "t", "message": "m", "signature": "0x00"}]
)
async def test_one_way_to_sign_in_at_a_time(api: Api, body: dict[str, str]) -> None:
    assert (await api.http.post("/v1/sessions", json=body)).status_code in (400, 422)


async def test_attempts_are_bounded(api: Api) -> None:
    for _ in range(attempts.PER_ADDRESS):
        await refused(await api.http.post("/v1/sessions", json={"token": "sl_" + "0" * 64}))
    stopped = await api.http.post("/v1/sessions", json={"token": "sl_" + "0" * 64})
    assert (stopped.status_code, stopped.json()["type"]) == (429, "/problems/too-many-attempts")
    assert stopped.headers["retry-after"] == "60"
    assert (await api.http.post("/v1/sessions/message", json={"address": "0x" + "11" * 20})).status_code == 429


async def test_the_chain_is_not_asked_for_a_text_that_was_made_up(api: Api) -> None:
    """Whether a contract accepts a signature costs a request to a node: only for a nonce that we gave."""
    account, thief = Account.create(), Account.create()
    message = (await api.http.post("/v1/sessions/message", json={"address": account.address})).json()["message"]
    made_up = message.replace("Nonce: ", "Nonce: 0")
    reply = await api.http.post("/v1/sessions", json={"message": made_up, "signature": personal_sign(thief, made_up)})
    await refused(reply)


async def test_attempts_to_link_are_bounded_too(api: Api, platform: Platform) -> None:
    await platform.contribution(await platform.campaign())
    ann = await signed_in(platform)
    wrong = {"message": "x", "signature": "0x" + "00" * 65}
    replies = [(await ann.post("/v1/wallets", wrong)).status_code for _ in range(attempts.PER_ADDRESS)]
    assert (replies[0], replies[-1]) == (422, 429)
