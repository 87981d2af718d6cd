"""Several logs in one service: each is whole below its prefix, and nothing of one is seen through another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.auth import digest_of
from ledger.errors import LogDivergedError
from ledger.log.items import ApiKey, RegisterPlatform
from ledger.tree.checkpoints import open_checkpoint
from ledger.tree.keys import LogSigner, VerifierKey
from tests.integration.api.people import Contributor, linked, personal_sign, signed_in, signed_in_by
from tests.integration.api.running import ADMIN_KEY, Api, Platform, running, settings
from tests.integration.api.test_isolation import ROUTES, SECRETS, Victim, victim

__all__ = ["victim"]

SURVEY = "example.org/logs/survey"
BASE = "http://crowd.test/logs/survey"


@pytest.fixture
async def api(request: pytest.FixtureRequest, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Api]:
    """The application with two logs, at the root: the main one. On SQLite, unless a test asks for both databases."""
    wanted = "database_url" if "database_url" in request.fixturenames else "sqlite_database_url"
    database_url = request.getfixturevalue(wanted)
    key = tmp_path / "survey.pem"
    key.write_bytes(LogSigner.generate(SURVEY).to_pem())
    survey = {"origin": SURVEY, "log_key_file": key, "wallet_delay": 0, "queue_limit": 3}
    config = settings(tmp_path, database_url, log_signer, logs={"survey": survey}, wallet_delay=0)
    async with running(config) as found:
        yield found


@pytest.fixture
async def survey(api: Api) -> AsyncIterator[Api]:
    """The same application by the other log's base URL."""
    transport = httpx.ASGITransport(app=api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield Api(api.app, http)


async def test_nothing_of_one_log_is_seen_through_another(victim: Victim, survey: Api) -> None:
    """Keys of the main log open nothing in the other, and its ids name nothing there."""
    there = Victim(Platform(survey, victim.platform.id, victim.platform.key), victim.names)
    never = Victim(there.platform, {name: _other(value) for name, value in victim.names.items()})
    ids = [victim.names[name] for name in ("campaign", "contribution", "decision", "appeal", "result", "mandate")]
    for name, route in ROUTES.items():
        for headers in ({}, victim.platform.headers):
            reply = await there.send(name, headers)
            if route.access != "public":
                assert reply.status_code == 401, (name, reply.text)
            assert reply.status_code == (await never.send(name, headers)).status_code, (name, reply.text)
            if reply.is_success:
                assert not [value for value in (*ids, *SECRETS) if value in reply.text], name
    assert (await there.send("GET /e/{index}", {})).status_code == 404
    assert await _size(survey) == 1


@pytest.mark.usefixtures("database_url")
async def test_not_even_by_the_same_platform_with_the_same_key(victim: Victim, survey: Api) -> None:
    """No path could make it so: a query that forgot the log would find the main log's rows by all their other ids."""
    key_id = victim.platform.key.split("_")[1]
    key = ApiKey(id=key_id, scopes=("submit", "review", "settle", "admin"), digest=digest_of(victim.platform.key))
    await survey.app.state.logs["survey"].writer.write(RegisterPlatform(id=victim.platform.id, name="Twin", key=key))
    there = Victim(Platform(survey, victim.platform.id, victim.platform.key), victim.names)
    never = Victim(there.platform, {name: _other(value) for name, value in victim.names.items()})
    ids = [victim.names[name] for name in ("campaign", "contribution", "decision", "appeal", "result", "mandate")]
    me = await signed_in(victim.platform)
    for name, route in sorted(ROUTES.items(), key=lambda each: each[1].access == "listing"):
        if " /v1/keys" in name and not name.startswith("GET"):  # the key itself is there
            continue
        reply = await there.send(name, me.headers if route.access == "session" else victim.platform.headers)
        other = await never.send(name, victim.platform.headers)
        if route.access == "own":
            assert _masked(reply, there) == _masked(other, never), (name, reply.text)
            assert '"status":404' in reply.text, (name, reply.text)
        elif route.access == "session":
            assert reply.status_code == 401, (name, reply.text)
        elif route.access != "listing":  # what they write is new in both cases, and then there
            assert reply.status_code == other.status_code, (name, reply.text)
        if route.access != "own" and reply.is_success:
            assert not [value for value in (*ids, *SECRETS) if value in reply.text], (name, reply.text)


def _masked(reply: httpx.Response, names: Victim) -> str:
    """A problem without the ids that it repeats from the request."""
    text = reply.text
    for value in names.names.values():
        text = text.replace(value, "...") if len(value) > 12 else text
    return text


def _other(value: str) -> str:
    return value[:-4] + ("beef" if value[-4:] != "beef" else "cafe") if len(value) > 12 else value


async def _size(api: Api) -> int:
    return int((await api.http.get("/ready")).json()["size"])


@pytest.mark.usefixtures("database_url")
async def test_the_same_ids_of_a_platform_are_other_things_in_another_log(api: Api, survey: Api) -> None:
    replies = []
    for place in (api, survey):
        platform = await place.platform()
        campaign = await platform.campaign(external_id="c-1")
        task = await platform.post(f"/v1/campaigns/{campaign}/tasks", {"content": 1, "external_id": "t-1"})
        written = await platform.contribution(campaign, task=task.json()["id"], external_id="answer-1")
        me = await signed_in(platform)
        person = (await me.get("/v1/contributors/me")).json()["people"][0]["id"]
        replies.append((platform.id, campaign, task.json()["id"], written["id"], person))
    assert not set(replies[0]) & set(replies[1])
    assert await _size(api) == await _size(survey) == 5


async def test_a_session_is_of_one_log(api: Api, survey: Api) -> None:
    platform = await api.platform()
    await platform.contribution(await platform.campaign())
    link = (await platform.post("/v1/sign-in-links", {"contributor": "ann"})).json()
    assert (await survey.http.post("/v1/sessions", json={"token": link["token"]})).status_code == 401
    me = await signed_in(platform)
    assert (await me.get("/v1/contributors/me")).status_code == 200
    assert (await Contributor(survey, me.token).get("/v1/contributors/me")).status_code == 401


async def test_wallet_messages_name_the_log_and_count_there_only(api: Api, survey: Api) -> None:
    """The wallet is linked in both logs, so that only the message keeps them apart."""
    people = {}
    for place in (api, survey):
        platform = await place.platform()
        await platform.contribution(await platform.campaign())
        people[place.http.base_url] = platform
    here, there = people.values()
    account, _ = await linked(here)
    asked = await there.post("/v1/wallets/message", {"contributor": "ann", "address": account.address})
    assert f"URI: {BASE}" in asked.json()["message"]
    assert SURVEY in asked.json()["message"]
    signed = {"message": asked.json()["message"], "signature": personal_sign(account, asked.json()["message"])}
    refused = await here.post("/v1/wallets", {"contributor": "ann"} | signed)
    assert (refused.status_code, refused.json()["field"]) == (422, "message")
    assert "/logs/survey" in refused.json()["detail"]
    assert (await there.post("/v1/wallets", {"contributor": "ann"} | signed)).status_code == 201
    asked = await survey.http.post("/v1/sessions/message", json={"address": account.address})
    signed = {"message": asked.json()["message"], "signature": personal_sign(account, asked.json()["message"])}
    assert f"URI: {BASE}" in signed["message"]
    assert (await api.http.post("/v1/sessions", json=signed)).status_code == 422
    assert (await survey.http.post("/v1/sessions", json=signed)).status_code == 201
    await signed_in_by(api, account)


async def test_a_receipt_and_its_addresses_are_the_logs_own(api: Api, survey: Api) -> None:
    platform = await survey.platform()
    written = await platform.contribution(await platform.campaign())
    assert written["url"] == f"{BASE}/c/{written['id']}"
    assert (await survey.http.get(written["url"])).status_code == 200
    summary = (await survey.http.get("/v1/audit/summary")).json()
    assert written["receipt"]["key"] == summary["vkey"]
    assert summary["vkey"].startswith(f"{SURVEY}+")
    assert (await api.http.get(f"/c/{written['id']}")).status_code == 404
    note = (await survey.http.get("/checkpoint")).content
    assert open_checkpoint(note, [VerifierKey.parse(summary["vkey"])]).size == summary["size"] == 4


async def test_the_main_log_answers_at_the_root_and_by_its_name(api: Api) -> None:
    for path in ("/checkpoint", "/tile/0/000.p/1", "/tile/entries/000.p/1", "/v1/entries/0/receipt", "/ready", "/docs"):
        root, named = await api.http.get(path), await api.http.get(f"/logs/main{path}")
        assert root.status_code == 200, path
        assert (named.status_code, named.content) == (200, root.content)


async def test_the_main_log_names_the_others(api: Api, survey: Api) -> None:
    summary = (await api.http.get("/v1/audit/summary")).json()
    vkey = (await survey.http.get("/v1/audit/summary")).json()["vkey"]
    assert summary["logs"] == [{"log": "survey", "origin": SURVEY, "vkey": vkey, "url": BASE}]
    assert f'href="{BASE}/"' in (await api.http.get("/")).text
    assert (await survey.http.get("/v1/audit/summary")).json()["logs"] == []
    assert (await api.http.get("/health")).json()["logs"] == {"main": "ready", "survey": "ready"}
    assert (await survey.http.get("/health")).json()["logs"] == {"survey": "ready"}


async def test_a_log_that_is_not_there_is_missing(api: Api) -> None:
    for path in ("/logs/nobody", "/logs/nobody/checkpoint", "/logs/survey/logs/main/checkpoint", "/logs/"):
        reply = await api.http.get(path)
        assert (reply.status_code, reply.json()["type"]) == (404, "/problems/not-found")
        assert reply.json()["instance"] == path
        assert reply.headers["Content-Security-Policy"]
        assert (await api.http.post(path, json={})).status_code == 404


async def test_the_edge_holds_below_the_prefix(survey: Api) -> None:
    head = await survey.http.head("/checkpoint")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Access-Control-Allow-Origin"] == "*"
    private = await survey.http.get("/v1/campaigns")
    assert "Access-Control-Allow-Origin" not in private.headers
    assert private.json()["instance"] == "/logs/survey/v1/campaigns"
    large = await survey.http.post(
        "/v1/contributions", content=b" " * 9_000_000, headers={"Content-Type": "application/json"}
    )
    assert large.status_code == 413
    assert large.json()["instance"] == "/logs/survey/v1/contributions"
    other = await survey.http.post("/v1/contributions", content=b"<x/>", headers={"Content-Type": "text/xml"})
    assert other.status_code == 400
    wrong = await survey.http.put("/v1/contributions")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, HEAD, POST")


async def test_pages_stay_within_the_log(survey: Api) -> None:
    platform = await survey.platform()
    written = await platform.contribution(await platform.campaign())
    decided = await platform.decision(written["id"])
    things = (f"/c/{written['id']}", f"/e/{written['index']}")
    for path in ("/", "/campaigns", "/docs", "/problems", "/seal", *things, "/nowhere"):
        text = (await survey.http.get(path, headers={"Accept": "text/html"})).text
        links = [part.split('"')[0] for part in text.replace("src=", "href=").split('href="')[1:]]
        assert links, path
        inside = [link for link in links if link.startswith("/")]
        assert [link for link in inside if not link.startswith("/logs/survey/")] == [], path
        for link in set(inside):
            status = 404 if "/nowhere" in link else 200  # what is not there is not there in another language either
            assert (await survey.http.get(f"http://crowd.test{link}")).status_code == status, link
    moved = await survey.http.get(f"/d/{decided['id']}")
    assert moved.headers["Location"] == f"/logs/survey/c/{written['id']}"
    assert (await survey.http.get("/openapi.json")).json()["servers"] == [{"url": "/logs/survey"}]


async def test_a_fault_of_ours_below_the_prefix_is_a_problem(survey: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> str:
        raise RuntimeError("secret")

    monkeypatch.setattr(survey.app.state.logs["survey"].reader, "checkpoint", fail)
    reply = await survey.http.get("/checkpoint")
    assert (reply.status_code, reply.json()["instance"]) == (500, "/logs/survey/checkpoint")
    assert "secret" not in reply.text


async def test_what_stops_one_log_does_not_stop_the_other(api: Api, survey: Api) -> None:
    """A log that is not the anchored one, and a queue that is full."""
    platform, other = await api.platform(), await survey.platform()
    campaign = await other.campaign()
    item: dict[str, Any] = {"campaign": campaign, "contributor": "ann", "content": 1}
    full = await other.post("/v1/contributions/batch", {"items": [item] * 4})
    assert (full.status_code, full.headers["Retry-After"].isdigit()) == (503, True)
    assert (await other.post("/v1/contributions/batch", {"items": [item] * 3})).status_code == 200
    api.app.state.logs["survey"].writer.stop_writes(LogDivergedError("The contract is ahead."))
    assert (await other.post("/v1/contributions", item)).json()["type"] == "/problems/log-diverged"
    await platform.contribution(await platform.campaign())


async def test_the_operators_key_opens_every_log(api: Api, survey: Api) -> None:
    for place in (api, survey):
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        assert (await place.http.post("/v1/platforms", json={"name": "A"}, headers=headers)).status_code == 201
