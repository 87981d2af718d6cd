"""Bad input: each a clear problem that says what is wrong and what to do, and nothing half written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ledger.errors import DatabaseError, LogDivergedError, QueueFullError
from ledger.statements.values import uuid7
from ledger.wire import MAX_BATCH_BYTES, MAX_BODY_BYTES, MAX_CONTENT_BYTES, Problem
from tests.integration.api.running import ADMIN_KEY, BRIEF, Api, Platform

NOWHERE = uuid7(1_800_000_000_000, bytes(10))
GOOD_CAMPAIGN = {
    "title": "T",
    "type": "rating",
    "brief": BRIEF,
    "terms": "",
    "policy": {"name": "piece_rate", "amount": "5"},
    "budget": "5",
}


def check(reply: Any, status: int, slug: str) -> dict[str, Any]:
    """The members of a problem, checked for what every problem has."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    members = dict(reply.json())
    found = Problem.model_validate(members)
    assert (found.type, found.status, found.instance) == (f"/problems/{slug}", status, reply.request.url.path)
    assert found.detail
    assert found.remedy
    assert "Traceback" not in reply.text
    return members


CONTRIBUTION_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"campaign": 7}, "campaign"),
    ({"campaign": "not-an-id"}, "campaign"),
    ({"campaign": NOWHERE + "\n"}, "campaign"),
    ({"contributor": ""}, "contributor"),
    ({"contributor": "a\x00b"}, "contributor"),
    ({"contributor": "a" * 201}, "contributor"),
    ({"task": NOWHERE, "task_external_id": "t"}, "task_external_id"),
    ({"terms": "0" * 63}, "terms"),
    ({"salt": "AB" * 32}, "salt"),
    ({"signature": {"address": "0x" + "11" * 20, "value": "0x" + "00" * 64 + "1b"}}, "salt"),
    ({"signature": {"address": "0x1"}, "salt": "00" * 32}, "signature.address"),
    ({"external_id": ""}, "external_id"),
    ({"score": "1"}, "score"),
    ({"content": "x" * (MAX_CONTENT_BYTES + 1)}, "content"),
    ({"content": 2**60}, "content"),
]


async def test_wrong_fields_of_a_contribution(platform: Platform) -> None:
    good = {"campaign": NOWHERE, "contributor": "ann", "content": 1}
    await all_refused(platform, "/v1/contributions", good, CONTRIBUTION_FIELDS)


async def all_refused(
    platform: Platform, path: str, good: dict[str, Any], changes: list[tuple[dict[str, Any], str]]
) -> None:
    """Each change of the good body is refused by naming the field; nothing is written."""
    size = (await platform.api.service.reader.head()).size
    for change, field in changes:
        problem = check(await platform.post(path, good | change), 422, "field-invalid")
        assert problem["field"] == field, (change, problem)
        assert problem["detail"].startswith(f"{field}: ")
    assert (await platform.api.service.reader.head()).size == size


CAMPAIGN_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"type": "poll"}, "type"),
    ({"title": ""}, "title"),
    ({"title": "a\x07b"}, "title"),
    ({"policy": {"name": "shares"}}, "policy"),
    ({"policy": {"name": "piece_rate", "amount": 5}}, "policy.piece_rate.amount"),
    ({"policy": {"name": "piece_rate", "amount": "5.0"}}, "policy.piece_rate.amount"),
    ({"budget": "05"}, "budget"),
    ({"budget": str(2**120)}, "budget"),
    ({"budget": "5\n"}, "budget"),
    ({"appeal_window": -1}, "appeal_window"),
    ({"appeal_window": True}, "appeal_window"),
    ({"appeal_window": 1.5}, "appeal_window"),
    ({"closing_date": "tomorrow"}, "closing_date"),
    ({"closing_date": "2027-01-01T00:00:00"}, "closing_date"),
    ({"opener": "0x" + "11" * 20}, "opener"),
    ({"opener": "0xABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD"}, "opener"),
    ({"goal": "5"}, "funding_deadline"),
    ({"goal": "5", "funding_deadline": "2027-01-01T00:00:00Z"}, "opener"),
    ({"brief": BRIEF | {"extra": {"n": 2**53}}, "budgets": "5"}, "brief.extra"),
    ({"budgets": "5"}, "budgets"),
    ({"terms": "x" * (MAX_CONTENT_BYTES + 1)}, "terms"),
]


async def test_wrong_fields_of_a_campaign(platform: Platform) -> None:
    await all_refused(platform, "/v1/campaigns", GOOD_CAMPAIGN, CAMPAIGN_FIELDS)


async def test_missing_policy_names_the_choices(platform: Platform) -> None:
    body = {name: value for name, value in GOOD_CAMPAIGN.items() if name != "policy"}
    problem = check(await platform.post("/v1/campaigns", body), 422, "field-invalid")
    assert problem["field"] == "policy"
    assert "piece_rate" in problem["remedy"]
    assert "score_rate" in problem["remedy"]


async def test_closing_date_too_near(platform: Platform) -> None:
    reply = await platform.post("/v1/campaigns", GOOD_CAMPAIGN | {"closing_date": "2026-01-01T00:00:00Z"})
    assert check(reply, 409, "rule-broken")["rule"] == "deadlines-fit"


MALFORMED: list[bytes] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b'{"campaign": NaN}',
    b"\xff\xfe",
    b'{"content": "\xff"}',
    b"[" * 100_000,
    b'{"content":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b"1" * 5_000,
]


async def test_malformed_json(platform: Platform) -> None:
    headers = {**platform.headers, "Content-Type": "application/json"}
    tasks = f"/v1/campaigns/{await platform.campaign()}/tasks/batch"
    for path in ("/v1/contributions", "/v1/decisions/batch", "/v1/campaigns", "/v1/claims", tasks):
        for body in MALFORMED:
            reply = await platform.api.http.post(path, content=body, headers=headers)
            assert reply.status_code in (400, 422), (path, body[:40], reply.text)
            check(reply, reply.status_code, "malformed" if reply.status_code == 400 else "field-invalid")


async def test_nested_content_is_bounded(platform: Platform) -> None:
    campaign = await platform.campaign()
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    reply = await platform.post("/v1/contributions", {"campaign": campaign, "contributor": "ann", "content": deep})
    assert check(reply, 422, "field-invalid")["field"] == "content"


async def test_wrong_content_type(platform: Platform) -> None:
    for path in ("/v1/contributions", "/v1/campaigns"):
        for more in (
            {},
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        ):
            reply = await platform.api.http.post(path, content=b"{}", headers={**platform.headers, **more})
            check(reply, 400, "malformed")


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/v1/contributions", MAX_BODY_BYTES),
        ("/v1/campaigns", MAX_BODY_BYTES),
        ("/v1/contributions/batch", MAX_BATCH_BYTES),
    ],
)
async def test_oversize_bodies(platform: Platform, path: str, limit: int) -> None:
    """Refused by their declared length, and while they stream in where none is declared."""
    headers = {**platform.headers, "Content-Type": "application/json"}
    declared = await platform.api.http.post(path, content=b" " * (limit + 1), headers=headers)
    assert check(declared, 413, "too-large")["limit"] == limit
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 4 * limit:
            sent += 65_536
            yield b" " * 65_536

    check(await platform.api.http.post(path, content=endless(), headers=headers), 413, "too-large")


async def test_batches_of_1001_items_are_refused(platform: Platform) -> None:
    campaign = await platform.campaign()
    size = (await platform.api.service.reader.head()).size
    item = {"campaign": campaign, "contributor": "ann", "content": 1}
    for path, each in (
        ("/v1/contributions/batch", item),
        ("/v1/decisions/batch", {"contribution": NOWHERE, "verdict": "accepted"}),
        (f"/v1/campaigns/{campaign}/tasks/batch", {"content": 1}),
    ):
        check(await platform.post(path, {"items": [each] * 1001}), 413, "too-large")
    assert (await platform.api.service.reader.head()).size == size
    whole = await platform.post("/v1/contributions/batch", {"items": [item] * 1000})
    assert {result["code"] for result in whole.json()["results"]} == {201}
    assert (await platform.api.service.reader.head()).size == size + 1000


async def test_unknown_things(platform: Platform) -> None:
    known = await platform.contribution(await platform.campaign())
    for path in (
        f"/v1/campaigns/{NOWHERE}",
        f"/v1/contributions/{NOWHERE}",
        f"/v1/contributions/{NOWHERE}/receipt",
        "/v1/contributions/x%00y",
        f"/v1/contributions?campaign={NOWHERE}",
        f"/v1/decisions/{known['id']}/receipt",
        "/v1/entries/99/receipt",
        "/v1/entries/-1/proof",
        "/v1/entries/01/proof",
        "/v1/settlements/1",
        "/v1/settlements/one",
        f"/v1/settlements/requests/{NOWHERE}",
        f"/v1/claims/{NOWHERE}",
        "/logs/other/checkpoint",
        "/problems/none",
        "/static/none.css",
        "/v2/contributions",
        f"/c/{NOWHERE}",
        "/e/99",
        "/campaigns/..%2f..%2fetc",
    ):
        reply = await platform.get(path)
        check(reply, 404, "not-found")
    for body in (
        {"campaign": NOWHERE, "contributor": "ann", "content": 1},
        {"campaign": known["id"], "contributor": "ann", "content": 1},
    ):
        check(await platform.post("/v1/contributions", body), 404, "not-found")
    decision = {"contribution": NOWHERE, "verdict": "accepted"}
    check(await platform.post("/v1/decisions", decision), 404, "not-found")


async def test_wrong_queries(platform: Platform) -> None:
    for query in ("limit=0", "limit=201", "limit=x", "cursor=x", "cursor=YWZ0ZXI6MDE", "cursor=a%ff"):
        reply = await platform.get(f"/v1/contributions?{query}")
        assert check(reply, 422, "field-invalid")["field"] == query.partition("=")[0]
    for address in ("0x1", "0x" + "gg" * 20, "0xABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD"):
        assert check(await platform.get(f"/v1/rewards/{address}"), 422, "field-invalid")["field"] == "address"


async def test_wrong_methods_say_which_are_right(platform: Platform) -> None:
    reply = await platform.api.http.put("/v1/contributions", json={}, headers=platform.headers)
    check(reply, 405, "method-not-allowed")
    assert reply.headers["Allow"] == "GET, HEAD, POST"
    reply = await platform.api.http.delete(f"/v1/contributions/{NOWHERE}", headers=platform.headers)
    check(reply, 405, "method-not-allowed")
    assert reply.headers["Allow"] == "GET, HEAD"


async def test_decisions_that_break_a_rule(platform: Platform) -> None:
    contribution = (await platform.contribution(await platform.campaign()))["id"]
    first = await platform.decision(contribution)
    again = await platform.post("/v1/decisions", {"contribution": contribution, "verdict": "rejected"})
    problem = check(again, 409, "rule-broken")
    assert problem["rule"] == "supersedes-standing"
    assert first["id"] in problem["remedy"]


async def test_stopped_writes(platform: Platform) -> None:
    """Writes answer 503 and say what to restore; reads go on."""
    campaign = await platform.campaign()
    platform.api.service.writer.stop_writes(LogDivergedError("The contract holds 9 entries, we hold 3."))
    body = {"campaign": campaign, "contributor": "ann", "content": 1}
    for path, sent in (("/v1/contributions", body), ("/v1/contributions/batch", {"items": [body]})):
        reply = await platform.post(path, sent)
        check(reply, 503, "log-diverged")
        assert reply.headers["Retry-After"] == str(LogDivergedError.retry_after_seconds)
    assert (await platform.get(f"/v1/campaigns/{campaign}")).status_code == 200


async def test_full_queue(api: Api) -> None:
    platform = await api.platform()
    campaign = await platform.campaign()
    api.service.writer._queue_limit = 2  # the setting's least useful value, so that three items are too many
    body = {"campaign": campaign, "contributor": "ann", "content": 1}
    reply = await platform.post("/v1/contributions/batch", {"items": [body] * 3})
    check(reply, 503, "queue-full")
    assert reply.headers["Retry-After"] == str(QueueFullError.retry_after_seconds)


async def test_database_that_went_away(api: Api) -> None:
    platform = await api.platform()
    async with api.service.reads.database.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE campaigns RENAME TO gone")
    reply = await platform.get("/v1/campaigns")
    check(reply, 503, DatabaseError.slug)
    assert "gone" not in reply.text


async def test_faults_of_ours_hide_their_cause(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.service.deployment = "nonsense"  # type: ignore[assignment]  # a fault that no input can make
    reply = await api.http.get("/v1/audit/summary")
    check(reply, 500, "error")
    assert "nonsense" not in reply.text


async def test_keys_are_never_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    platform = await api.platform()
    await platform.get("/v1/keys")
    await api.http.post("/v1/platforms", json={"name": "x"}, headers={"Authorization": f"Bearer {ADMIN_KEY}x"})
    assert platform.key not in caplog.text
    assert ADMIN_KEY not in caplog.text
    assert json.dumps(repr(api.service.keys)).find(ADMIN_KEY) == -1


async def test_a_fault_while_a_problem_is_told_is_one_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = await api.platform()
    campaign = await platform.campaign()
    await platform.contribution(campaign, external_id="1")

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.problems.tell_existing", broken)
    body = {"campaign": campaign, "contributor": "ann", "content": "other", "external_id": "1"}
    check(await platform.post("/v1/contributions", body), 500, "error")
