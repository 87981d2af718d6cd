"""Appeals: filed with or without a wallet, judged by somebody else, resolved with a reason; what the others see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ledger.statements import canonical, kinds
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.commitments import Opening, verify_opening
from ledger.statements.decisions import DecisionMade
from ledger.tree.receipts import Receipt
from tests.integration.api.people import Contributor, signed_in
from tests.integration.api.running import Api, Platform

OVERTURN = {"reviewer": "dora", "verdict": "accepted", "score": "0.9", "reason": "It is right."}


def said(reply: dict[str, Any], member: str = "receipt") -> Any:
    """The statement of a receipt in a reply."""
    return kinds.parse(Receipt.parse(canonical.encode(reply[member])).statement)


async def rejected(platform: Platform, **more: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A campaign with a contribution of ann's that carl rejected."""
    campaign = await platform.campaign(appeal_window=3600, **more)
    made = await platform.contribution(campaign, content="my work")
    decision = await platform.decision(made["id"], verdict="rejected", feedback="No.", reviewer="carl")
    return campaign, made, decision


async def appealed(ann: Contributor, contribution: str, **more: Any) -> dict[str, Any]:
    reply = await ann.post("/v1/appeals", {"contribution": contribution, "grounds": "It is right."} | more)
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


async def test_an_appeal_is_judged_by_somebody_else_and_overturned(both: Api) -> None:
    platform = await both.platform()
    _, made, decision = await rejected(platform)
    ann = await signed_in(platform)
    filed = await appealed(ann, made["id"])
    statement = said(filed)
    assert isinstance(statement, AppealFiled)
    opening = Opening.parse(canonical.encode(filed["opening"]))
    assert verify_opening(opening, statement.grounds) == {"grounds": "It is right."}
    (line,) = await ann.contributions()
    assert (line["state"], line["appeal"]["id"], line["appeal_until"]) == ("appealed", filed["id"], None)

    (waiting,) = (await platform.get("/v1/appeals")).json()["items"]
    assert (waiting["id"], waiting["content"], waiting["grounds"]) == (filed["id"], "my work", "It is right.")
    assert (waiting["verdict"], waiting["feedback"], waiting["due"]) == ("rejected", "No.", line["appeal"]["due"])

    path = f"/v1/appeals/{filed['id']}/resolve"
    for reviewer, rule in (("carl", "judged-by-another"), ("ann", "no-self-review")):
        refused = await platform.post(path, OVERTURN | {"reviewer": reviewer})
        assert (refused.status_code, refused.json()["rule"]) == (409, rule)
    resolved = await platform.post(path, OVERTURN)
    assert resolved.status_code == 201, resolved.text
    reply = resolved.json()
    new, end = said(reply, "decision_receipt"), said(reply)
    assert isinstance(new, DecisionMade)
    assert isinstance(end, AppealResolved)
    assert (new.supersedes, new.appeal, new.verdict, new.score) == (decision["id"], filed["id"], "accepted", "0.9")
    assert (end.appeal, end.decision, reply["changed"]) == (filed["id"], new.id, True)
    (line,) = await ann.contributions()
    assert (line["state"], line["decision"]["verdict"], line["decision"]["feedback"]) == (
        "final",
        "accepted",
        "It is right.",
    )
    assert (line["appeal"]["outcome"], line["appeal"]["reason"]) == (new.id, "It is right.")
    assert line["payable_from"] is not None
    (earning,) = (await ann.get("/v1/contributors/me/earnings")).json()["items"]
    assert (earning["final"], earning["pending"]) == ("5", "0")
    assert (await platform.get("/v1/appeals")).json()["items"] == []
    (old,) = (await platform.get("/v1/appeals", state="all")).json()["items"]
    assert old["outcome"] == new.id
    again = await platform.post(path, OVERTURN)
    assert (again.status_code, again.json()["rule"]) == (409, "appeal-open")


async def test_an_appeal_can_end_as_it_began(api: Api, platform: Platform) -> None:
    _, made, decision = await rejected(platform)
    ann = await signed_in(platform)
    filed = await appealed(ann, made["id"], decision=decision["id"])
    stands = await platform.post(f"/v1/appeals/{filed['id']}/resolve", {"reviewer": "dora", "reason": "It is wrong."})
    reply = stands.json()
    assert (stands.status_code, reply["decision"], reply["changed"], reply["decision_receipt"]) == (
        201,
        decision["id"],
        False,
        None,
    )
    (line,) = await ann.contributions()
    assert (line["state"], line["decision"]["verdict"], line["appeal"]["reason"]) == (
        "final",
        "rejected",
        "It is wrong.",
    )
    second = await ann.post("/v1/appeals", {"contribution": made["id"], "grounds": "Again."})
    assert (second.status_code, second.json()["rule"]) == (409, "appeals-once")


async def test_a_platform_passes_an_appeal_on_once(api: Api, platform: Platform) -> None:
    _, made, _ = await rejected(platform)
    body = {"contribution": made["id"], "grounds": "She says it is right.", "external_id": "appeal-1"}
    first, second = await platform.post("/v1/appeals", body), await platform.post("/v1/appeals", body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["receipt"] == second.json()["receipt"]
    other = await platform.post("/v1/appeals", body | {"grounds": "other"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/id-reused")
    ann = await signed_in(platform)
    named = await ann.post("/v1/appeals", body)
    assert (named.status_code, named.json()["field"]) == (422, "external_id")


async def test_appeals_of_others_are_not_there(api: Api, platform: Platform) -> None:
    _, made, _ = await rejected(platform)
    ann = await signed_in(platform)
    filed = await appealed(ann, made["id"])
    eve = await api.platform("Eve")
    assert (await eve.get("/v1/appeals", state="all")).json()["items"] == []
    own, never = filed["id"], filed["id"][:-4] + "beef"
    replies = [(await eve.post(f"/v1/appeals/{each}/resolve", OVERTURN)).json() for each in (own, never)]
    assert replies[0]["status"] == 404
    assert str(replies[0]).replace(own, "") == str(replies[1]).replace(never, "")
    await platform.contribution(await platform.campaign(), contributor="bob")
    bob = await signed_in(platform, "bob")
    assert (await bob.get("/v1/appeals")).json()["items"] == []
    assert [each["id"] for each in (await ann.get("/v1/appeals")).json()["items"]] == [own]
    assert (await ann.post(f"/v1/appeals/{own}/resolve", OVERTURN)).status_code == 401


async def test_nothing_to_appeal_against(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign(appeal_window=0)
    made = await platform.contribution(campaign)
    ann = await signed_in(platform)
    body = {"contribution": made["id"], "grounds": "?"}
    assert (await ann.post("/v1/appeals", body)).json()["rule"] == "appeals-standing"
    await platform.decision(made["id"], verdict="rejected", feedback="No.")
    await asyncio.sleep(0.01)
    assert (await ann.post("/v1/appeals", body)).json()["rule"] == "appeal-in-time"


async def test_open_appeals_come_by_deadline(api: Api, platform: Platform) -> None:
    ids = {}
    for days in (3, 1, 2):
        _, made, _ = await rejected(platform, appeal_deadline=days * 86_400)
        ids[days] = (await appealed(await signed_in(platform), made["id"]))["id"]
    page = (await platform.get("/v1/appeals", limit=2)).json()
    assert [each["id"] for each in page["items"]] == [ids[1], ids[2]]
    rest = (await platform.get("/v1/appeals", limit=2, cursor=page["next"])).json()
    assert ([each["id"] for each in rest["items"]], rest["next"]) == ([ids[3]], None)


async def test_a_score_without_verdict_is_refused(api: Api, platform: Platform) -> None:
    _, made, _ = await rejected(platform)
    filed = await appealed(await signed_in(platform), made["id"])
    path = f"/v1/appeals/{filed['id']}/resolve"
    wrong = await platform.post(path, {"reviewer": "dora", "reason": "r", "score": "0.5"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "verdict")
    assert (await platform.post(path, {"reviewer": "dora"})).status_code == 422


async def test_an_appeal_brings_back_evidence_that_was_erased(api: Api, platform: Platform) -> None:
    campaign, made, _ = await rejected(platform)
    ann = await signed_in(platform)
    item = await platform.post("/v1/contributors/ann/erase", {"reason": "law"})
    assert item.json()["unfinished"] == [made["id"]]
    public_id = (await platform.get(f"/v1/contributions/{made['id']}")).json()["public_contributor"]
    own_id = (await platform.get(f"/v1/contributions/{made['id']}")).json()["contributor"]
    assert (await ann.get("/v1/contributors/me")).status_code == 401
    ann = await signed_in(platform, own_id)
    (line,) = await ann.contributions()
    assert (line["contributor"], line["content"], line["erased"]) == (public_id, None, True)
    other = dict(made["opening"], salt="00" * 32)
    wrong = await ann.post("/v1/appeals", {"contribution": made["id"], "grounds": "mine", "opening": other})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "opening")
    await appealed(ann, made["id"], opening=made["opening"])
    (waiting,) = (await platform.get("/v1/appeals")).json()["items"]
    assert (waiting["content"], waiting["campaign"]) == ("my work", campaign)
    erased = await ann.post("/v1/contributors/me/erase")
    assert erased.json()["contents"] == 1, "what the appeal brought goes too"
    (waiting,) = (await platform.get("/v1/appeals")).json()["items"]
    assert (waiting["content"], waiting["grounds"]) == (None, None)


@pytest.mark.parametrize("nothing", [None, "", " \n", [], {}])
async def test_what_says_nothing_is_no_reason(api: Api, platform: Platform, nothing: Any) -> None:
    campaign, made, _ = await rejected(platform)
    ann = await signed_in(platform)
    empty = await ann.post("/v1/appeals", {"contribution": made["id"], "grounds": nothing})
    assert (empty.status_code, empty.json()["field"]) == (422, "grounds")
    appeal = (await appealed(ann, made["id"]))["id"]
    for answer in (OVERTURN, {"reviewer": "dora"}):
        silent = await platform.post(f"/v1/appeals/{appeal}/resolve", answer | {"reason": nothing})
        assert (silent.status_code, silent.json()["field"]) == (422, "reason")
    assert (await platform.post(f"/v1/appeals/{appeal}/resolve", OVERTURN)).status_code == 201
    other = await platform.contribution(campaign, content="other")
    decision = {"contribution": other["id"], "verdict": "rejected", "feedback": nothing}
    unexplained = await platform.post("/v1/decisions", decision)
    assert unexplained.status_code == (409 if nothing is None else 422), unexplained.text


async def test_an_appeal_whose_decision_was_written_alone_is_resolved_by_the_same_request(
    api: Api, platform: Platform
) -> None:
    """What is left where the second of the two writes failed."""
    _, made, decision = await rejected(platform)
    appeal = (await appealed(await signed_in(platform), made["id"]))["id"]
    first = {name: OVERTURN[name] for name in ("reviewer", "verdict", "score")}
    answer = await platform.decision(made["id"], supersedes=decision["id"], appeal=appeal, **first)
    reply = await platform.post(f"/v1/appeals/{appeal}/resolve", OVERTURN)
    assert reply.status_code == 201, reply.text
    assert (reply.json()["decision"], reply.json()["changed"]) == (answer["id"], False)
