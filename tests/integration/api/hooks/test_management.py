"""Webhooks are made, changed, rotated and deleted by their platform; secrets are kept sealed, bodies for a while."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from api.inbox import deliveries
from api.inbox.hooks import Hooks
from api.inbox.working import Inbox
from api.reads import Reads
from api.scope import is_delivery
from api.service import new_id
from ledger.connectors.registry import connectors
from ledger.db import tables
from ledger.db.sealed import SealedSecrets, new_key
from ledger.db.sweeping import DAY_MS, bodies, sweep
from ledger.errors import TooManyError
from ledger.log.writer import system_clock_ms
from ledger.tree.keys import LogSigner
from tests.integration.api.hooks.senders import (
    OTHER_SNS_SECRET,
    SNS_SECRET,
    Made,
    by_header,
    by_sns,
    make_hook,
)
from tests.integration.api.hooks.waiting import answer, becomes
from tests.integration.api.running import SECRETS_KEY, Api, Platform, running, settings

WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"connector": "kickstarter"}, "connector"),
    ({"connector": "no-such"}, "connector"),
    ({"connector": "pybossa"}, "base_url"),
    ({"connector": "toloka", "base_url": "http://toloka.dev"}, "base_url"),
    ({"connector": "toloka", "base_url": "https://user:swordfish@toloka.dev"}, "base_url"),
    ({"connector": "toloka", "base_url": "https://toloka.dev/api?x=1"}, "base_url"),
    ({"connector": "toloka", "base_url": "https://toloka.dev/a/../b"}, "base_url"),
    ({"connector": "toloka", "base_url": "file:///etc/passwd"}, "base_url"),
    ({"connector": "toloka", "base_url": "https://toloka.dev", "token": "a\r\nb"}, "token"),
    ({"connector": "prolific", "base_url": "https://api.prolific.com/api/v1"}, "secret"),
    ({"connector": "mturk"}, "secret"),
    ({"connector": "mturk", "secret": "arn:aws:sns:us-east-1:1:t\nno certificate"}, "secret"),
    ({"connector": "forms", "secret": "short"}, "secret"),
    ({"connector": "forms", "secret": "a secret\nin two lines"}, "secret"),
    ({"connector": "zooniverse", "secret": "a swordfish without its user"}, "secret"),
    ({"connector": "forms", "rate": "1e3"}, "rate"),
)


@pytest.fixture
async def hook(platform: Platform) -> Made:
    return await make_hook(platform, "forms", await platform.campaign())


async def stored(api: Api, hook: Made) -> Any:
    row = await api.service.reads.one(select(tables.hooks).where(tables.hooks.c.id == hook.id))
    assert row is not None
    return row


async def test_made_shown_and_deleted(api: Api, platform: Platform, hook: Made) -> None:
    assert hook.reply["enter_url"] == hook.reply["url"] == f"http://crowd.test/v1/hooks/forms/{hook.id}"
    assert len(hook.secret) >= 43
    shown = await hook.shown()
    assert shown == {name: value for name, value in hook.reply.items() if name not in ("secret", "enter_url")}
    listed = await platform.get("/v1/hooks")
    assert listed.json() == {"items": [shown], "next": None}
    assert hook.secret not in listed.text
    await hook.send(by_header(answer(1), hook.secret, 0))
    line = await becomes(hook, "done")
    reply = await api.http.delete(f"/v1/hooks/{hook.id}", headers=platform.headers)
    assert (reply.status_code, reply.content) == (204, b"")
    assert (await hook.send(by_header(answer(2), hook.secret, 0))).status_code == 401
    for table in (tables.hooks, tables.deliveries):
        assert await api.service.reads.all(select(table)) == []
    assert (await platform.get(f"/v1/contributions/{line['recorded'][0]['id']}")).status_code == 200


async def test_what_cannot_be_made(platform: Platform) -> None:
    campaign = await platform.campaign()
    for body, field in WRONG:
        reply = await platform.post("/v1/hooks", body | {"campaign": campaign})
        assert (reply.status_code, reply.json()["field"]) == (422, field), reply.text
        assert "swordfish" not in reply.text


async def test_an_old_secret_is_good_until_its_end(api: Api, hook: Made) -> None:
    platform, first = hook.platform, hook.secret
    reply = await platform.post(f"/v1/hooks/{hook.id}/rotate", {"old_for_seconds": 3600})
    second = reply.json()["secret"]
    assert (reply.status_code, second != first, reply.json()["old_secret_until"] is None) == (200, True, False)
    for number, secret in enumerate((first, second)):
        assert (await hook.send(by_header(answer(number), secret, 0))).status_code == 200
    third = (await platform.post(f"/v1/hooks/{hook.id}/rotate", {"old_for_seconds": 0})).json()
    assert third["old_secret_until"] is None
    replies = [await hook.send(by_header(answer(9), secret, 0)) for secret in (first, second, third["secret"])]
    assert [reply.status_code for reply in replies] == [401, 401, 200]
    own = await platform.post(f"/v1/hooks/{hook.id}/rotate", {"secret": "a secret of the platform's own"})
    assert own.json()["secret"] == "a secret of the platform's own"


async def test_amazons_certificate_is_changed_by_a_rotation(platform: Platform) -> None:
    hook = await make_hook(platform, "mturk", await platform.campaign(), secret=OTHER_SNS_SECRET)
    event = {"Events": [{"EventType": "HITReviewable", "HITId": "H1"}]}
    assert (await hook.send(by_sns(event, SNS_SECRET, 0))).status_code == 401
    await platform.post(f"/v1/hooks/{hook.id}/rotate", {"secret": SNS_SECRET})
    for secret in (SNS_SECRET, OTHER_SNS_SECRET):
        assert (await hook.send(by_sns(event | {"n": secret[-99:]}, secret, 0))).status_code == 200
    assert (await becomes(hook, "done"))["words"] == "There is nothing in it to record."
    asked = {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.example", "Token": "t0"}
    assert (await hook.send(by_sns("?", SNS_SECRET, 0, **asked))).status_code == 200
    assert "--token t0" in (await becomes(hook, "refused"))["words"]


async def test_a_token_stays_with_its_server(api: Api, platform: Platform) -> None:
    asked = {"base_url": "https://toloka.dev/api/v1", "token": "the-token-of-toloka"}
    hook = await make_hook(platform, "toloka", await platform.campaign(), **asked)

    async def change(**values: str) -> Any:
        return await api.http.patch(f"/v1/hooks/{hook.id}", headers=platform.headers, json=values)

    reply = await change(base_url="https://evil.example/api/v1")
    assert (reply.status_code, reply.json()["field"]) == (422, "token")
    assert (await change(base_url="https://toloka.dev/api/v2")).json()["base_url"] == "https://toloka.dev/api/v2"
    reply = await change(base_url="https://other.example", token="another-token")
    assert (reply.status_code, reply.json()["has_token"]) == (200, True)
    assert "token-of" not in reply.text


async def test_a_token_that_is_put_in_meanwhile_stays_with_its_server(
    api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = await make_hook(platform, "toloka", await platform.campaign(), base_url="https://toloka.dev/api/v1")
    read = Hooks._row

    async def change(**values: str) -> Any:
        return await api.http.patch(f"/v1/hooks/{hook.id}", headers=platform.headers, json=values)

    async def then_a_colleague(own: Hooks, platform_id: str, id_: str) -> Any:
        row = await read(own, platform_id, id_)
        monkeypatch.setattr(Hooks, "_row", read)
        assert (await change(token="the-token-of-toloka")).status_code == 200
        return row

    monkeypatch.setattr(Hooks, "_row", then_a_colleague)
    reply = await change(base_url="https://evil.example/api/v1")
    assert (reply.status_code, reply.json()["rule"]) == (409, "hook-unchanged")
    assert (await hook.shown())["base_url"] == "https://toloka.dev/api/v1"


async def test_nothing_in_the_database_is_the_secret(api: Api, platform: Platform) -> None:
    asked = {"base_url": "https://toloka.dev", "token": "the-token-of-toloka"}
    hook = await make_hook(platform, "toloka", await platform.campaign(), **asked)
    row = await stored(api, hook)
    assert hook.secret not in str(row)
    assert "the-token" not in str(row)
    assert hook.secret.encode() in SealedSecrets(SECRETS_KEY).open(row.secrets)


async def test_secrets_are_sealed_anew_at_the_start(
    sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner
) -> None:
    old, new = new_key(), new_key()
    config = settings(tmp_path, sqlite_database_url, log_signer)
    (tmp_path / "secrets.key").write_bytes(old)
    async with running(config) as api:
        platform = await api.platform()
        hook = await make_hook(platform, "forms", await platform.campaign())
    (tmp_path / "secrets.key").write_bytes(new + old)
    async with running(config) as api:
        await Inbox(api.service)._seal_anew()
        sealed = (await stored(api, hook)).secrets
        await Inbox(api.service)._seal_anew()
        assert (await stored(api, hook)).secrets == sealed
    (tmp_path / "secrets.key").write_bytes(new)
    async with running(config) as api:
        hook = Made(Platform(api, platform.id, platform.key), hook.reply)
        assert (await hook.send(by_header(answer(1), hook.secret, 0))).status_code == 200
    (tmp_path / "secrets.key").write_bytes(old)
    async with running(config) as api:
        hook = Made(Platform(api, platform.id, platform.key), hook.reply)
        reply = await hook.send(by_header(answer(2), hook.secret, 0))
        assert (reply.status_code, "put the key back" in reply.json()["remedy"]) == (503, True)
        assert (await hook.shown())["id"] == hook.id


async def test_without_a_sealing_key_there_are_no_webhooks(
    sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner
) -> None:
    async with running(settings(tmp_path, sqlite_database_url, log_signer, secrets_key_file=None)) as api:
        platform = await api.platform()
        reply = await platform.post("/v1/hooks", {"connector": "forms", "campaign": await platform.campaign()})
        assert (reply.status_code, "crowdledger key sealing" in reply.json()["remedy"]) == (503, True)
        reply = await api.http.post(f"/v1/hooks/forms/{platform.id}", json={})
        assert reply.status_code == 401


async def test_pages_of_deliveries(hook: Made) -> None:
    for number in range(5):
        await hook.send(by_header(answer(number), hook.secret, 0))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await hook.platform.get(f"/v1/hooks/{hook.id}/deliveries", limit=2, **cursor)).json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert (seen, len(seen)) == (sorted(seen, reverse=True), 5)
    wrong = await hook.platform.get(f"/v1/hooks/{hook.id}/deliveries", cursor="x")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "cursor")


async def test_an_erased_body_is_not_tried_again(api: Api, hook: Made) -> None:
    await hook.send(by_header(b"{", hook.secret, 0))
    line = await becomes(hook, "refused")
    reads, of = api.service.reads, tables.deliveries.c
    assert await deliveries.counts(reads) == {"waiting": 0, "refused": 1, "dead": 0}  # the metrics
    (row,) = await reads.all(select(of.ended_ms, of.body))
    assert bytes(row.body) == b"{"
    assert (await hook.deliveries())[0]["has_body"]
    await sweep(reads.database, "main", api.service.config, row.ended_ms + 31 * DAY_MS)
    (left,) = await hook.deliveries()
    assert (left["has_body"], left["sha256"], left["bytes"]) == (False, line["sha256"], 1)
    again = await hook.platform.post(f"/v1/hooks/{hook.id}/deliveries/{line['id']}/retry")
    assert (again.status_code, "erased" in again.json()["detail"]) == (409, True)


async def test_a_body_that_is_erased_at_this_moment_is_not_tried_again(
    api: Api, hook: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hook.send(by_header(b"{", hook.secret, 0))
    line = await becomes(hook, "refused")
    reads, one, swept = api.service.reads, Reads.one, []

    async def and_then_it_goes(self: Reads, query: Any) -> Any:
        row = await one(self, query)
        if row is not None and "erased" in row._mapping:
            swept.append(await sweep(reads.database, "main", api.service.config, system_clock_ms() + 31 * DAY_MS))
        return row

    monkeypatch.setattr(Reads, "one", and_then_it_goes)
    again = await hook.platform.post(f"/v1/hooks/{hook.id}/deliveries/{line['id']}/retry")
    assert (again.status_code, again.json()["detail"], len(swept)) == (409, "This delivery just changed.", 1)
    assert (await hook.deliveries())[0]["state"] == "refused"


async def test_of_what_cannot_be_used_the_newest_bodies_are_kept(
    api: Api, hook: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MAX_BODIES", 2)
    for number in range(4):
        await hook.send(by_header(b"{" + b" " * number, hook.secret, 0))
        await becomes(hook, "refused")
    assert [each["has_body"] for each in await hook.deliveries()] == [True, True, False, False]


async def test_many_bytes_wait(api: Api, hook: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MAX_WAITING_BYTES", 3)
    reads = api.service.reads
    await deliveries.store(reads, hook.id, new_id(), "a", b"{}", 2**50)
    await deliveries.store(reads, hook.id, new_id(), "b", b"{", 2**50)
    with pytest.raises(TooManyError, match=r"3 bytes"):
        await deliveries.store(reads, hook.id, new_id(), "c", b"{", 2**50)
    assert (await hook.shown())["waiting"] == 2


async def test_too_many_wait(api: Api, hook: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MAX_WAITING", 2)
    reads = api.service.reads
    async with reads.database.begin() as connection:  # somebody else has it
        far = update(tables.hooks).values(held_until_ms=2**50, holder="other")
        await connection.execute(far)
    replies = [await hook.send(by_header(answer(number), hook.secret, 0)) for number in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[2].headers["retry-after"]
    assert (await hook.shown())["waiting"] == 2


def test_every_connector_has_an_address_that_counts_as_one() -> None:
    for name in connectors():
        assert is_delivery(f"/v1/hooks/{name}/01a20590-d3f6-73ef-84c1-7dc7acd30a0f")
    assert not is_delivery("/v1/hooks/01a20590-d3f6-73ef-84c1-7dc7acd30a0f/rotate")
