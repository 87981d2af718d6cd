"""Endpoints are made, changed, tested, rotated, replayed and removed by their platform."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from standardwebhooks import Webhook, WebhookVerificationError

from ledger.db import tables
from ledger.db.sealed import new_key
from ledger.errors import UnavailableError
from ledger.statements.kinds import parse
from ledger.statements.platforms import AdminActed
from ledger.tree.keys import LogSigner
from ledger.wire.endpoints import MAX_ENDPOINTS
from ledger.worker.delivering.rows import MAX_WAITING
from tests.integration.api.endpoints.sender import Sender, working
from tests.integration.api.running import running, settings, until
from tests.integration.worker.row_stores import PLACE
from tests.services.receiver import Receiver, Reply, Taken

DAY_MS = 86_400_000


@pytest.fixture
async def public(sqlite_database_url: str, tmp_path: Path, log_signer: LogSigner) -> AsyncIterator[Sender]:
    """A service as it is without the setting private_addresses."""
    async with running(settings(tmp_path, sqlite_database_url, log_signer)) as api:
        yield await Sender.make(api)


async def patch(sender: Sender, endpoint: dict[str, Any], **values: Any) -> Any:
    path = f"/v1/endpoints/{endpoint['id']}"
    return await sender.api.http.patch(path, json=values, headers=sender.platform.headers)


async def test_make_look_change_and_remove(both: Sender) -> None:
    made = await both.endpoint("http://127.0.0.1:1/told?a=b", types=["claim.paid"], description="Ours", at_once=2)
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["types"], made["description"], made["at_once"], made["state"]) == (
        ["claim.paid"],
        "Ours",
        2,
        "enabled",
    )
    assert (await both.platform.get("/v1/endpoints")).json() == {"items": [made], "next": None}
    assert await both.get(made) == made
    changed = await patch(both, made, url="https://elsewhere.example/x", types=[], at_once=1)
    assert changed.json() == made | {"url": "https://elsewhere.example/x", "types": [], "at_once": 1}
    assert (await patch(both, made)).json() == changed.json()
    async with both.database.engine.connect() as connection:
        row = (await connection.execute(select(tables.endpoints))).one()
    assert secret not in str(row)

    removed = await both.api.http.delete(f"/v1/endpoints/{made['id']}", headers=both.platform.headers)
    assert (removed.status_code, removed.content) == (204, b"")
    for method in ("GET", "DELETE"):
        again = await both.api.http.request(method, f"/v1/endpoints/{made['id']}", headers=both.platform.headers)
        assert again.status_code == 404


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"url": "http://example.org/"}, "url"),
    ({"url": "https://user:secret@example.org/"}, "url"),
    ({"url": "https://2130706433/"}, "url"),
    ({"url": "https://example.org/#x"}, "url"),
    ({"url": ""}, "url"),
    ({}, "url"),
    ({"url": "https://example.org/", "types": ["nothing.such"]}, "types.0"),
    ({"url": "https://example.org/", "types": ["claim.paid", "claim.paid"]}, "types"),
    ({"url": "https://example.org/", "at_once": 0}, "at_once"),
    ({"url": "https://example.org/", "at_once": 9}, "at_once"),
    ({"url": "https://example.org/", "secret": "mine"}, "secret"),
]


async def test_what_cannot_be_made_or_changed(public: Sender) -> None:
    endpoint = await public.endpoint("https://example.org/")
    public.api.service.deployment = PLACE
    for body, field in WRONG:
        reply = await public.platform.post("/v1/endpoints", body)
        assert (reply.status_code, reply.json()["field"]) == (422, field), reply.text
        if body:
            reply = await patch(public, endpoint, **body)
            assert (reply.status_code, reply.json()["field"]) == (422, field), reply.text
    endpoint.pop("secret")
    assert await public.get(endpoint) == endpoint


async def test_a_platform_has_so_many_and_no_more(both: Sender) -> None:
    for _ in range(MAX_ENDPOINTS):
        await both.endpoint("https://example.org/")
    both.api.service.deployment = PLACE
    reply = await both.platform.post("/v1/endpoints", {"url": "https://example.org/"})
    assert (reply.status_code, reply.json()["rule"]) == (409, "endpoints-bounded")


async def test_without_a_worker_or_a_place_for_secrets_there_are_none(public: Sender) -> None:
    reply = await public.platform.post("/v1/endpoints", {"url": "https://example.org/"})
    assert (reply.status_code, "no worker" in reply.json()["detail"]) == (503, True)
    public.api.service.deployment = PLACE
    public.api.service.sealed = None
    reply = await public.platform.post("/v1/endpoints", {"url": "https://example.org/"})
    assert (reply.status_code, "key sealing" in reply.json()["remedy"]) == (503, True)


async def test_private_addresses_are_refused_without_the_setting(public: Sender, receiver: Receiver) -> None:
    endpoint = await public.endpoint(f"https://localhost:{receiver.port}/")
    await public.happen()
    async with working(public.worker()):
        await public.until_states(endpoint, "waiting")
    (failed,) = await public.sendings(endpoint)
    assert (failed["status"], failed["words"]) == (None, "localhost has an address that is not public.")
    tested = await public.platform.post(f"/v1/endpoints/{endpoint['id']}/test")
    assert (tested.status_code, tested.json()["arrived"], tested.json()["words"]) == (200, False, failed["words"])
    assert receiver.taken == []


async def test_a_test_is_sent_at_once(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url, types=["claim.paid"])
    path = f"/v1/endpoints/{endpoint['id']}/test"
    tested = (await sender.platform.post(path)).json()
    (taken,) = receiver.taken
    event = Webhook(endpoint["secret"]).verify(taken.body, taken.headers)
    assert (event["type"], event["data"], event["id"]) == ("endpoint.test", {"endpoint": endpoint["id"]}, taken.id)
    assert (tested["id"], tested["arrived"], tested["status"], tested["words"]) == (taken.id, True, 200, "Thank you")
    meanwhile: list[int] = []

    async def ask_again(_: Taken) -> Reply:
        meanwhile.append((await sender.platform.post(path)).status_code)
        return Reply(503)

    receiver.answer = ask_again
    assert (await sender.platform.post(path)).json()["arrived"] is False
    assert meanwhile == [429]
    assert await sender.sendings(endpoint) == []


async def test_both_secrets_sign_for_a_day(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url)
    rotated = (await sender.platform.post(f"/v1/endpoints/{endpoint['id']}/rotate")).json()
    assert rotated["old_secret_until"] is not None
    old, new = Webhook(endpoint["secret"]), Webhook(rotated["secret"])
    await sender.platform.post(f"/v1/endpoints/{endpoint['id']}/test")
    await sender.happen()
    async with working(sender.worker()):
        await sender.until_states(endpoint, "sent")
        for taken in receiver.taken:
            assert taken.headers["webhook-signature"].count("v1,") == 2
            for webhook in (old, new):
                webhook.verify(taken.body, taken.headers)
        sender.clock.ahead_ms += DAY_MS + 1_000
        await sender.happen()
        await sender.until_states(endpoint, "sent", "sent")
    last = receiver.taken[-1]
    assert last.headers["webhook-signature"].count("v1,") == 1
    with pytest.raises(WebhookVerificationError, match="No matching"):
        old.verify(last.body, _now(last))
    at_once = await sender.platform.post(f"/v1/endpoints/{endpoint['id']}/rotate", {"old_for_seconds": 0})
    assert at_once.json()["old_secret_until"] is None
    await sender.platform.post(f"/v1/endpoints/{endpoint['id']}/test")
    Webhook(at_once.json()["secret"]).verify(receiver.taken[-1].body, receiver.taken[-1].headers)
    with pytest.raises(WebhookVerificationError, match="No matching"):
        new.verify(receiver.taken[-1].body, receiver.taken[-1].headers)


def _now(taken: Taken) -> dict[str, str]:
    """With the present time: the reference refuses another before it looks at the signature."""
    return taken.headers | {"webhook-timestamp": str(int(time.time()))}


async def test_replay_from_a_point(both: Sender, receiver: Receiver) -> None:
    endpoint = await both.endpoint(receiver.url)
    ids = await both.happen(5)
    async with working(both.worker()):
        await both.until_states(endpoint, *["sent"] * 5)
        bodies = {taken.id: taken.body for taken in receiver.taken}
        replayed = await both.platform.post(f"/v1/endpoints/{endpoint['id']}/replay", {"after": 2})
        assert (replayed.status_code, replayed.json()["cursor"]) == (202, 2)
        await until(lambda: _taken(receiver, 8))
        await both.until_states(endpoint, *["sent"] * 5)
    assert receiver.ids == ids + ids[2:]
    assert all(bodies[taken.id] == taken.body for taken in receiver.taken)
    assert [each["tries"] for each in await both.sendings(endpoint)] == [1] * 5
    for after in (6, -1, "2"):
        reply = await both.platform.post(f"/v1/endpoints/{endpoint['id']}/replay", {"after": after})
        assert (reply.status_code, reply.json()["field"]) == (422, "after")


async def _taken(receiver: Receiver, count: int) -> bool:
    return len(receiver.taken) >= count


async def test_what_happened_while_it_was_disabled_is_sent_afterwards(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url)
    assert (await patch(sender, endpoint, state="disabled")).json()["state"] == "disabled"
    ids = await sender.happen(3)
    async with working(sender.worker()):
        assert (await sender.platform.post(f"/v1/endpoints/{endpoint['id']}/test")).json()["arrived"]
        assert len(receiver.taken) == 1
        await patch(sender, endpoint, state="enabled")
        await sender.until_states(endpoint, *["sent"] * 3)
    assert receiver.ids[1:] == ids


async def test_the_log_of_sendings_in_pages(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url)
    await sender.happen(5)
    async with working(sender.worker()):
        await sender.until_states(endpoint, *["sent"] * 5)
    first = await sender.get(endpoint, "/sendings", limit=2)
    second = await sender.get(endpoint, "/sendings", limit=2, cursor=first["next"])
    third = await sender.get(endpoint, "/sendings", limit=2, cursor=second["next"])
    assert [each["event"] for page in (first, second, third) for each in page["items"]] == [5, 4, 3, 2, 1]
    assert third["next"] is None
    missing = await sender.platform.post(f"/v1/endpoints/{endpoint['id']}/sendings/9/retry")
    assert missing.status_code == 404


async def test_too_much_that_waits_holds_back_what_is_new(sender: Sender, receiver: Receiver) -> None:
    endpoint = await sender.endpoint(receiver.url)
    await sender.happen(MAX_WAITING + 1)
    later_ms = sender.clock() + DAY_MS
    await _put_sendings(sender, endpoint, range(1, MAX_WAITING + 1), state="waiting", next_ms=later_ms)
    await sender.change(endpoint, cursor=MAX_WAITING)
    async with working(sender.worker()):
        await until(lambda: _paused(sender, endpoint))
        assert receiver.taken == []
        await sender.platform.post(f"/v1/endpoints/{endpoint['id']}/sendings/1/retry")
        await until(lambda: _taken(receiver, 1))
        sender.clock.ahead_ms += 6_000
        await until(lambda: _taken(receiver, 2))
    assert receiver.ids == ["evt_main_1", f"evt_main_{MAX_WAITING + 1}"]


async def _paused(sender: Sender, endpoint: dict[str, Any]) -> bool:
    return (await sender.get(endpoint))["paused_until"] is not None


async def _put_sendings(sender: Sender, endpoint: dict[str, Any], numbers: range, **values: Any) -> None:
    row = {"log": "main", "endpoint": endpoint["id"], "tries": 1, "at_ms": sender.clock()} | values
    async with sender.database.begin() as connection:
        await connection.execute(insert(tables.sendings), [row | {"event": number} for number in numbers])


async def test_secrets_follow_the_newest_key_and_a_lost_key_stops_only_its_endpoint(
    sender: Sender, receiver: Receiver
) -> None:
    endpoint = await sender.endpoint(receiver.url)
    path = sender.api.service.config.secrets_key_file
    assert path is not None
    old = path.read_bytes()
    path.write_bytes(new_key() + old)
    await sender.happen()
    async with working(sender.worker()):
        await sender.until_states(endpoint, "sent")
    path.write_bytes(path.read_bytes().splitlines()[0] + b"\n")
    await sender.happen()
    async with working(sender.worker()):
        await sender.until_states(endpoint, "sent", "sent")
    for taken in receiver.taken:
        Webhook(endpoint["secret"]).verify(taken.body, taken.headers)
    path.write_bytes(new_key())
    await sender.happen()
    async with working(sender.worker()):
        await until(lambda: _paused(sender, endpoint))
    assert len(receiver.taken) == 2
    assert (await sender.get(endpoint))["failing_since"] is None


async def test_what_is_done_to_endpoints_stands_in_the_log(sender: Sender) -> None:
    made = await sender.endpoint("https://example.org/")
    path, headers = f"/v1/endpoints/{made['id']}", sender.platform.headers
    await patch(sender, made, at_once=2)
    await sender.api.http.post(f"{path}/rotate", headers=headers)
    await sender.api.http.delete(path, headers=headers)
    size = (await sender.api.service.reader.head()).size
    said = [parse(each) for each in await sender.api.service.reader.statements(0, size)]
    acts = [each for each in said if isinstance(each, AdminActed)]
    assert [each.act for each in acts] == [f"endpoint.{done}" for done in ("made", "changed", "rotated", "removed")]
    assert {(each.subject, each.by) for each in acts} == {(made["id"], sender.platform.key.split("_")[1])}


async def test_what_cannot_be_noted_is_not_done(sender: Sender) -> None:
    """Such as while the log is compared with the anchored one: whoever stole a key must not act unseen then."""
    made = await sender.endpoint("https://example.org/")
    path, headers = f"/v1/endpoints/{made['id']}", sender.platform.headers
    before = await sender.get(made)
    sender.api.service.writer.stop_writes(UnavailableError("The log is being compared."))
    sender.api.service.deployment = PLACE
    replies = [
        await sender.platform.post("/v1/endpoints", {"url": "https://example.org/2"}),
        await patch(sender, made, at_once=2),
        await sender.api.http.post(f"{path}/rotate", headers=headers),
        await sender.api.http.delete(path, headers=headers),
    ]
    sender.api.service.deployment = None
    assert [reply.status_code for reply in replies] == [503] * 4
    assert (await sender.platform.get("/v1/endpoints")).json()["items"] == [before]
