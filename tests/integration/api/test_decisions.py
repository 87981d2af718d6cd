"""Decisions with a bonus, with the inputs of an automatic method, and in answer to an appeal."""

from __future__ import annotations

from ledger.statements import canonical, kinds
from ledger.statements.decisions import DecisionMade
from tests.integration.api.running import Api, Platform
from tests.integration.api.test_problems import check

METHOD = {"type": "consensus", "name": "majority", "version": "1"}
INPUTS = {"v": 1, "answers": ["a", "b"]}


async def decided(platform: Platform, contribution: str, **more: object) -> DecisionMade:
    reply = await platform.decision(contribution, **more)
    (data,) = await platform.api.service.reader.statements(reply["index"], reply["index"] + 1)
    statement = kinds.parse(data)
    assert isinstance(statement, DecisionMade)
    return statement


async def test_a_bonus_up_to_the_campaigns_limit(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign(bonus_limit="7")
    work = (await platform.contribution(campaign))["id"]
    body = {"contribution": work, "verdict": "accepted"}
    for bonus, rule in (("8", "bonus-limit"),):
        refused = await platform.post("/v1/decisions", body | {"bonus": bonus})
        assert check(refused, 409, "rule-broken")["rule"] == rule
    for wrong in ("07", "-1", str(2**120)):
        assert check(await platform.post("/v1/decisions", body | {"bonus": wrong}), 422, "field-invalid")["field"]
    assert (await decided(platform, work, bonus="7")).bonus == "7"
    money = (await both.http.get(f"/v1/campaigns/{campaign}/figures")).json()["money"]
    assert (money["earned"], money["left"], money["used_up"]) == ("12", "4988", False)


async def test_inputs_are_committed_to_and_kept(both: Api) -> None:
    platform = await both.platform()
    work = (await platform.contribution(await platform.campaign()))["id"]
    made = await decided(platform, work, method=METHOD, inputs=INPUTS, external_id="d-1")
    opening = await both.service.reader.opening("inputs", made.id)
    assert opening is not None
    assert (opening.commitment, opening.content()) == (made.method.inputs, INPUTS)
    again = {"contribution": work, "verdict": "accepted", "method": METHOD, "inputs": INPUTS, "external_id": "d-1"}
    assert (await platform.post("/v1/decisions", again)).status_code == 200
    other = again | {"inputs": {"v": 2}}
    check(await platform.post("/v1/decisions", other), 409, "id-reused")


async def test_inputs_need_a_method_and_go_once(platform: Platform) -> None:
    work = (await platform.contribution(await platform.campaign()))["id"]
    body = {"contribution": work, "verdict": "accepted", "inputs": INPUTS}
    digest = canonical.digest("x")
    for wrong, field in (
        ({}, "inputs"),
        ({"method": {"type": "human"}}, "inputs"),
        ({"method": METHOD | {"inputs": digest}}, "method.inputs"),
        ({"method": METHOD, "inputs": 2**60}, "inputs"),
    ):
        assert check(await platform.post("/v1/decisions", body | wrong), 422, "field-invalid")["field"] == field


async def test_what_is_not_accepted_needs_feedback(platform: Platform) -> None:
    work = (await platform.contribution(await platform.campaign()))["id"]
    for verdict in ("rejected", "needs_work"):
        refused = await platform.post("/v1/decisions", {"contribution": work, "verdict": verdict})
        assert check(refused, 409, "rule-broken")["rule"] == "feedback-given"


async def test_a_decision_answers_an_appeal(platform: Platform) -> None:
    work = (await platform.contribution(await platform.campaign()))["id"]
    first = await decided(platform, work, verdict="rejected", reviewer="bob")
    appeal = (await platform.post("/v1/appeals", {"contribution": work, "grounds": "Look again."})).json()["id"]
    body = {"contribution": work, "verdict": "accepted", "supersedes": first.id, "reviewer": "carl"}
    assert check(await platform.post("/v1/decisions", body), 409, "rule-broken")["rule"] == "appeal-open"
    by_bob = body | {"appeal": appeal, "reviewer": "bob"}
    assert check(await platform.post("/v1/decisions", by_bob), 409, "rule-broken")["rule"] == "judged-by-another"
    made = await decided(platform, work, supersedes=first.id, reviewer="carl", appeal=appeal)
    assert (made.appeal, made.verdict) == (appeal, "accepted")
