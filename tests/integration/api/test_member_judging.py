"""Members who judge: each in their own name, so that who answers an appeal is somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.members import member_of
from tests.integration.api.people import Contributor
from tests.integration.api.running import Api, Platform

DAY = 86_400


async def own_id(api: Api, written: dict[str, Any]) -> str | None:
    """Whom the statement of a reply names as its reviewer, by the platform's own id."""
    said = (await api.http.get(f"/v1/entries/{written['index']}")).json()["statement"]
    person = await api.service.reader.person(said["reviewer"])
    return None if person is None else person.external_id


async def test_a_member_decides_in_their_own_name(api: Api) -> None:
    platform = await api.platform()
    campaign = await platform.campaign()
    rita, bob = await member_of(platform, "reviewer", "Rita"), await member_of(platform, "manager", "Bob")
    work = [(await platform.contribution(campaign, contributor=f"ann-{n}"))["id"] for n in range(5)]
    said = {"verdict": "accepted"}
    first = await rita.post("/v1/decisions", said | {"contribution": work[0]})
    assert first.status_code == 201, first.text
    assert await own_id(api, first.json()) == rita.id
    own = await rita.post("/v1/decisions", said | {"contribution": work[1], "reviewer": rita.id})
    assert await own_id(api, own.json()) == rita.id
    for other in (bob.id, "carl", "rita", "", "0x" + "11" * 20):
        reply = await rita.post("/v1/decisions", said | {"contribution": work[2], "reviewer": other})
        assert reply.status_code in (403, 422), (other, reply.text)
        assert other == "" or reply.json()["type"] == "/problems/forbidden"
    model = await rita.post(
        "/v1/decisions", said | {"contribution": work[2], "method": {"type": "model", "name": "m", "version": "1"}}
    )
    assert await own_id(api, model.json()) == rita.id, "calling it a model's hides nobody"
    batch = {"items": [said | {"contribution": work[3], "reviewer": bob.id}, said | {"contribution": work[4]}]}
    results = (await rita.post("/v1/decisions/batch", batch)).json()["results"]
    assert results[0]["status"] == 403
    assert await own_id(api, results[1]) == rita.id
    keyed = await platform.post("/v1/decisions", said | {"contribution": work[3], "reviewer": rita.id})
    assert (keyed.status_code, keyed.json()["field"]) == (422, "reviewer"), "a key is no member"


@pytest.mark.long
async def test_nobody_decides_on_their_own_work(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign()
    rita = await member_of(platform, "reviewer")
    mine = await platform.contribution(campaign, contributor=rita.id)
    reply = await rita.post("/v1/decisions", {"contribution": mine["id"], "verdict": "accepted"})
    assert (reply.status_code, reply.json()["rule"]) == (409, "no-self-review")


@pytest.mark.long
async def test_judges_of_a_campaign(api: Api) -> None:
    platform = await api.platform()
    campaign = await platform.campaign(judging={"judges": 2, "agree": 2})
    work = (await platform.contribution(campaign))["id"]
    rita, bob = await member_of(platform, "reviewer", "Rita"), await member_of(platform, "reviewer", "Bob")
    queue = f"/v1/campaigns/{campaign}/queue"
    for member in (rita, bob):
        assert [each["contribution"] for each in (await member.get(queue)).json()["items"]] == [work]
    assert (await rita.get(queue, reviewer=bob.id)).status_code == 403
    assert (await rita.get(f"/v1/campaigns/{campaign}/second-looks", reviewer="carl")).status_code == 403
    missing = await platform.get(queue)
    assert (missing.status_code, missing.json()["field"]) == (422, "reviewer")
    assert (await platform.get(queue, reviewer=rita.id)).status_code == 422
    review = {"contribution": work, "verdict": "accepted"}
    assert (await rita.post("/v1/reviews", review | {"reviewer": bob.id})).status_code == 403
    first = await rita.post("/v1/reviews", review)
    assert (first.status_code, first.json()["decision"]) == (201, None), first.text
    again = await rita.post("/v1/reviews", review)
    assert again.status_code == 409, "one member is one judge"
    assert (await rita.get(queue)).json()["items"] == []
    assert (await platform.post("/v1/reviews", review)).json()["field"] == "reviewer"
    second = await bob.post("/v1/reviews", review)
    assert second.json()["decision"] is not None
    assert [await own_id(api, each.json()) for each in (first, second)] == [rita.id, bob.id]


async def test_another_person_answers_an_appeal(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign(appeal_window=DAY)
    rita, bob = await member_of(platform, "reviewer", "Rita"), await member_of(platform, "reviewer", "Bob")
    work = (await platform.contribution(campaign))["id"]
    no = {"contribution": work, "verdict": "rejected", "feedback": "The example shows why."}
    assert (await rita.post("/v1/decisions", no)).status_code == 201
    appeal = (await platform.post("/v1/appeals", {"contribution": work, "grounds": "Look again."})).json()["id"]
    answer = {"reason": "You are right.", "verdict": "accepted"}
    where = f"/v1/appeals/{appeal}/resolve"
    own = await rita.post(where, answer)
    assert own.status_code == 409, "whoever decided does not answer the appeal"
    for name in ("carl", bob.id):
        assert (await rita.post(where, answer | {"reviewer": name})).status_code == 403
    assert (await platform.post(where, answer | {"reviewer": bob.id})).status_code == 422
    done = await bob.post(where, answer)
    assert (done.status_code, done.json()["changed"]) == (201, True), done.text
    assert await own_id(api, done.json()) == bob.id


@pytest.mark.long
@pytest.mark.parametrize("role", ["viewer", "treasurer"])
async def test_who_may_not_judge(api: Api, platform: Platform, role: str) -> None:
    work = (await platform.contribution(await platform.campaign()))["id"]
    me = await member_of(platform, role)
    for path in ("/v1/decisions", "/v1/reviews"):
        reply = await me.post(path, {"contribution": work, "verdict": "accepted"})
        assert (reply.status_code, reply.json()["scope"]) == (403, "review")


async def test_what_a_member_earns_is_theirs(api: Api, platform: Platform) -> None:
    """A manager acts for contributors, but neither opens a colleague's own account nor has it pay another wallet."""
    work = (await platform.contribution(await platform.campaign(reviewer_rate="1")))["id"]
    rita, max_ = await member_of(platform, "reviewer", "Rita"), await member_of(platform, "manager", "Max")
    link = {"contributor": rita.id}
    assert (await rita.post("/v1/sign-in-links", link)).status_code == 404, "nobody knows them yet"
    assert (await rita.post("/v1/decisions", {"contribution": work, "verdict": "accepted"})).status_code == 201
    wallet = {"contributor": rita.id, "address": "0x" + "11" * 20}
    for other in (max_, platform):
        for path, body in (("/v1/sign-in-links", link), ("/v1/wallets/message", wallet)):
            reply = await other.post(path, body)
            assert (reply.status_code, reply.json()["type"]) == (403, "/problems/forbidden"), reply.text
    assert (await rita.post("/v1/sign-in-links", {"contributor": "ann"})).json()["scope"] == "submit"
    opened = await rita.post("/v1/sign-in-links", link)
    assert opened.status_code == 201, opened.text
    session = (await api.http.post("/v1/sessions", json={"token": opened.json()["token"]})).json()
    assert (session["token"][:3], len(session["people"])) == ("cs_", 1)
    me, waits = Contributor(api, session["token"]), (await rita.post("/v1/sign-in-links", link)).json()["token"]
    kept = await me.post("/v1/contributors/me/erase")
    assert (kept.status_code, kept.json()["rule"]) == (409, "no-member-erased"), "or they would judge as somebody new"
    for reason in ("wish", "law"):
        reply = await platform.post(f"/v1/contributors/{rita.id}/erase", {"reason": reason})
        assert reply.status_code in (403, 409), reply.text
    removed = await api.http.request("DELETE", f"/v1/members/{rita.id}", headers=platform.headers)
    assert removed.status_code == 204
    assert (await me.get("/v1/contributors/me")).status_code == 401, "what they opened ends with them"
    assert (await api.http.post("/v1/sessions", json={"token": waits})).status_code == 401
    again = await platform.post("/v1/sign-in-links", link)
    assert again.status_code == 201, "who left is a contributor like others"
    session = (await api.http.post("/v1/sessions", json={"token": again.json()["token"]})).json()
    me = Contributor(api, session["token"])
    assert (await me.post("/v1/contributors/me/erase")).status_code == 200
