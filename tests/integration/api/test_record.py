"""The public record of campaigns: their course, agreement, signs by kind, and what people earned there."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from api.reads import orders
from api.reads.record import MAX_STRETCHES, stretch_seconds
from api.routes.record import LEAST_PEOPLE
from ledger.db.tables import requests
from tests.integration.api.running import Api, Platform
from tests.integration.api.test_problems import check

COPY = "A long and very original essay about the forest, written by nobody else in the whole world."


async def record_of(platform: Platform, campaign: str) -> dict[str, Any]:
    platform.api.service.records.forget(campaign)
    platform.api.service.figures.forget(campaign)
    platform.api.service.signs.forget(campaign)
    reply = await platform.api.http.get(f"/v1/campaigns/{campaign}/record")
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


@given(st.integers(0, 10**11))
def test_stretches_cover_every_span(span: int) -> None:
    length = stretch_seconds(span)
    assert length >= 60
    assert span // length + 2 <= MAX_STRETCHES
    assert length == 60 or length % 600 == 0


async def test_course_and_agreement(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign(judging={"judges": 3, "agree": 2})
    empty = await record_of(platform, campaign)
    assert (empty["course"], empty["agreement"]["alpha_verdicts"]) == ([], None)
    for number in range(3):
        written = await platform.contribution(campaign, contributor=f"ann{number}")
        for reviewer in ("rev1", "rev2"):
            verdict = "rejected" if number == 2 else "accepted"
            body = {"contribution": written["id"], "reviewer": reviewer, "verdict": verdict, "words": "I see."}
            assert (await platform.post("/v1/reviews", body)).status_code == 201
    found = await record_of(platform, campaign)
    assert sum(each["accepted"] for each in found["course"]) == 2
    assert sum(each["rejected"] for each in found["course"]) == 1
    assert found["stretch_seconds"] == 60
    assert found["agreement"]["alpha_verdicts"] == "1"
    assert found["figures"]["acceptance"]["accepted"] == 2


async def test_signs_are_counted_and_name_nobody(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign()
    for number in range(LEAST_PEOPLE - 1):
        content = {"text": COPY if number < 3 else f"{COPY} {number}"}
        await platform.contribution(campaign, contributor=f"ann{number}", content=content)
    assert (await record_of(platform, campaign))["signs"] == {"looked_at": 0, "counts": None}
    await platform.contribution(campaign, contributor="one more", content={"text": "mine"})
    found = await record_of(platform, campaign)
    assert found["signs"]["looked_at"] == LEAST_PEOPLE
    assert found["signs"]["counts"] == [{"kind": "same_content", "count": 1}]
    for secret in ("ann0", "original", 'contributions":['):
        assert secret not in str(found["signs"])


async def test_rewards_by_public_id_in_pages(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign()
    for number in range(5):
        for _ in range(number + 1):
            written = await platform.contribution(campaign, contributor=f"ann{number}")
            if number:
                await platform.decision(written["id"])
    path, items, cursor = f"/v1/campaigns/{campaign}/rewards", [], None
    while True:
        reply = (await both.http.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        items += reply["items"]
        cursor = reply["next"]
        if cursor is None:
            break
    assert [each["earned"] for each in items] == ["25", "20", "15", "10", "0"]
    assert [each["accepted"] for each in items] == [5, 4, 3, 2, 0]
    assert [each["contributions"] for each in items] == [5, 4, 3, 2, 1]
    assert "ann" not in str(items)


async def test_the_key_says_whose_it_is(platform: Platform) -> None:
    made = (await platform.post("/v1/keys", {"scopes": ["review"]})).json()["key"]
    reply = await platform.api.http.get("/v1/keys/current", headers={"Authorization": f"Bearer {made}"})
    assert reply.json() == {
        "id": made.split("_")[1],
        "scopes": ["review"],
        "expires": None,
        "platform": platform.id,
        "platform_name": "Answers Ltd",
        "member": None,
    }
    check(await platform.api.http.get("/v1/keys/current"), 401, "unauthorized")


async def test_unknown_campaigns_have_no_record(api: Api) -> None:
    missing = "01a204c9-ff46-7269-8f40-b6cdf4573546"
    for what in ("record", "rewards"):
        check(await api.http.get(f"/v1/campaigns/{missing}/{what}"), 404, "not-found")


async def test_settlements_that_a_platform_asked_for(both: Api) -> None:
    platform, eve = await both.platform(), await both.platform("Eve")
    reads = both.service.reads
    first = await orders.ask_settlement(reads, platform.id)
    assert (await orders.ask_settlement(reads, platform.id)).id == first.id
    async with reads.database.begin() as connection:
        await connection.execute(update(requests).values(state="done", detail="settlement 1"))
    await asyncio.sleep(0.002)
    second = await orders.ask_settlement(reads, platform.id)
    page = (await platform.get("/v1/settlements/requests", limit=1)).json()
    assert [(each["id"], each["state"], each["detail"]) for each in page["items"]] == [(second.id, "asked", None)]
    rest = (await platform.get("/v1/settlements/requests", limit=1, cursor=page["next"])).json()
    assert [(each["id"], each["detail"]) for each in rest["items"]] == [(first.id, "settlement 1")]
    assert rest["next"] is None
    assert (await eve.get("/v1/settlements/requests")).json() == {"items": [], "next": None}


async def test_codes_are_made_of_sign_in_links_only(platform: Platform) -> None:
    link = "http://crowd.test/me#link=sl_" + "0" * 64
    made = await platform.post("/platform/code", {"url": link})
    assert made.headers["content-type"] == "image/svg+xml"
    assert made.headers["cache-control"] == "no-store"
    assert b"<svg" in made.content[:20]
    for url in ("https://elsewhere.example/me#link=sl_0", "javascript:alert(1)", "http://crowd.test/", "x" * 501):
        assert (await platform.post("/platform/code", {"url": url})).status_code == 422, url


async def test_an_amendment_shows_at_once(api: Api) -> None:
    platform = await api.platform()
    campaign = await platform.campaign()
    before = (await api.http.get(f"/v1/campaigns/{campaign}/record")).json()
    api.service.records._times = api.service.figures._times = 10**6  # as of a large campaign, kept for long
    assert (await platform.post(f"/v1/campaigns/{campaign}/amend", {"version": 2, "budget": "6000"})).is_success
    after = (await api.http.get(f"/v1/campaigns/{campaign}/record")).json()
    assert (before["figures"]["money"]["limit"], after["figures"]["money"]["limit"]) == ("5000", "6000")
