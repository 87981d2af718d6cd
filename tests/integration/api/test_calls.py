"""The call: briefs and their versions, notices, pausing, and what the public finds."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from ledger.statements import canonical, kinds
from ledger.statements.campaigns import CampaignAmended, CampaignOpened
from ledger.statements.values import format_time
from tests.integration.api.running import BRIEF, Api, Platform
from tests.integration.api.test_problems import check

POLICY = {"name": "piece_rate", "amount": "5"}
CAMPAIGN = {"title": "T", "type": "rating", "brief": BRIEF, "terms": "", "policy": POLICY, "budget": "500"}
CRITERIA = [{"name": "clarity", "weight": 2}, {"name": "beauty", "weight": 1}]


def in_days(days: float) -> str:
    return format_time(time.time_ns() // 1_000_000 + int(days * 86_400_000))


async def statement(platform: Platform, reply: Any) -> kinds.AnyStatement:
    (data,) = await platform.api.service.reader.statements(reply["index"], reply["index"] + 1)
    return kinds.parse(data)


async def test_a_brief_is_required_and_what_is_missing_is_named(platform: Platform) -> None:
    body = {name: value for name, value in CAMPAIGN.items() if name != "brief"}
    problem = check(await platform.post("/v1/campaigns", body), 422, "field-invalid")
    assert problem["field"] == "brief"
    assert "example_rejected" in problem["remedy"]
    partly = {name: BRIEF[name] for name in ("problem", "mode", "example_accepted", "rights")}
    problem = check(await platform.post("/v1/campaigns", body | {"brief": partly}), 422, "field-invalid")
    assert problem["detail"] == "brief.rules: It is missing, and so are brief.example_rejected."
    assert "cooperation" in problem["remedy"]


async def test_wrong_briefs(platform: Platform) -> None:
    size = (await platform.api.service.reader.head()).size
    judging = {"judges": 2, "agree": 1, "criteria": CRITERIA}
    told = [{"name": "clarity", "text": "Is it clear?"}, {"name": "beauty", "text": "Is it beautiful?"}]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"brief": BRIEF | {"mode": "war"}}, "brief.mode"),
        ({"brief": BRIEF | {"problem": "  "}}, "brief.problem"),
        ({"brief": BRIEF | {"example_accepted": None}}, "brief.example_accepted"),
        ({"brief": BRIEF | {"rights": {"rejected_entries": "contributor"}}}, "brief.rights.pass_on"),
        ({"brief": BRIEF | {"price": "5"}}, "brief.price"),
        ({"brief": BRIEF | {"criteria": told}}, "brief.criteria"),
        ({"judging": judging}, "brief.criteria"),
        ({"judging": judging, "brief": BRIEF | {"criteria": told[:1]}}, "brief.criteria"),
        ({"judging": judging, "brief": BRIEF | {"criteria": [*told, told[0]]}}, "brief.criteria"),
        ({"judging": {"judges": 1, "agree": 2}}, "judging.agree"),
        ({"judging": {"judges": 1, "agree": 1, "criteria": [CRITERIA[0], CRITERIA[0]]}}, "judging.criteria"),
        ({"judging": {"judges": 1, "agree": 1, "criteria": [{"name": "Big", "weight": 1}]}}, "judging.criteria.0.name"),
        ({"policy": {"name": "prizes", "amounts": ["400", "200"]}}, "budget"),
        ({"policy": {"name": "pool", "total": "501"}}, "budget"),
        ({"policy": {"name": "prizes", "amounts": []}}, "policy.prizes.amounts"),
        ({"policy": {"name": "prizes", "amounts": ["1"], "min_score": "0.50"}}, "policy.prizes.min_score"),
        ({"sealed": {"deadline": in_days(2), "reveal_until": in_days(1)}}, "sealed.reveal_until"),
        ({"limits": {"per_person": 0}}, "limits.per_person"),
        ({"pilot": 0}, "pilot"),
        ({"second_looks": "1.5"}, "second_looks"),
        ({"revisions": {"rounds": 21}}, "revisions.rounds"),
    ]
    for change, field in wrong:
        problem = check(await platform.post("/v1/campaigns", CAMPAIGN | change), 422, "field-invalid")
        assert problem["field"] == field, (change, problem)
    assert (await platform.api.service.reader.head()).size == size


async def test_everything_that_is_declared_stands_in_the_log(both: Api) -> None:
    platform = await both.platform()
    told = [{"name": "clarity", "text": "Is it clear?"}, {"name": "beauty", "text": "Is it beautiful?"}]
    brief = BRIEF | {"mode": "competition", "criteria": told, "extra": {"any": ["json", None]}}
    body = {
        "title": "A logo",
        "type": "solving",
        "brief": brief,
        "terms": {"licence": "CC-BY"},
        "policy": {"name": "prizes", "amounts": ["300", "100"], "min_score": "0.5"},
        "budget": "500",
        "judging": {"judges": 3, "agree": 2, "criteria": CRITERIA},
        "sealed": {"deadline": in_days(10), "reveal_until": in_days(12)},
        "limits": {"participants": 500, "per_person": 2},
        "requires": {"accepted": 0},
        "reviewer_rate": "1",
        "bonus_limit": "7",
        "pilot": 10,
        "direct": True,
        "second_looks": "0.1",
        "decision_default": "rejected",
        "appeal_deadline": 86_400,
        "appeal_default": "stands",
    }
    reply = await platform.post("/v1/campaigns", body)
    assert reply.status_code == 201, reply.text
    opened = await statement(platform, reply.json())
    assert isinstance(opened, CampaignOpened)
    assert opened.brief == canonical.digest(brief)
    assert opened.revisions is None  # nobody can send a new version of an entry that was sealed
    assert (opened.direct, opened.pilot, opened.second_looks, opened.appeal_default) == (True, 10, "0.1", "stands")
    shown = (await platform.get(f"/v1/campaigns/{opened.id}")).json()
    assert shown["brief"] == brief
    for name in ("judging", "limits", "bonus_limit", "reviewer_rate", "policy", "pilot", "direct", "sealed"):
        assert shown[name] == body[name], name
    assert shown["requires"] == {"accepted": 0, "acceptance": "0"}
    assert shown["pay"].startswith("Prizes for the best accepted entries that score at least 0.5. Place 1: 300")
    page = await both.http.get(f"/campaigns/{opened.id}")
    assert "Is it beautiful?" in page.text


async def test_defaults(platform: Platform) -> None:
    opened = await statement(platform, (await platform.post("/v1/campaigns", CAMPAIGN)).json())
    assert isinstance(opened, CampaignOpened)
    assert (opened.decision_default, opened.appeal_default, opened.appeal_deadline) == ("accepted", "accepted", 1209600)
    assert opened.revisions is not None
    assert (opened.revisions.window, opened.revisions.rounds) == (604_800, 3)
    plain = await statement(
        platform, (await platform.post("/v1/campaigns", CAMPAIGN | {"revisions": {"rounds": 0}})).json()
    )
    assert isinstance(plain, CampaignOpened)
    assert plain.revisions is None


async def test_amendments_are_versions(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign(budget="500")
    path = f"/v1/campaigns/{campaign}"
    later = BRIEF | {"rules": "Now with reasons."}
    change = {"version": 2, "brief": later, "policy": {"name": "piece_rate", "amount": "9"}, "reviewer_rate": "2"}
    reply = await platform.post(f"{path}/amend", change)
    assert reply.status_code == 201, reply.text
    amended = await statement(platform, reply.json())
    assert isinstance(amended, CampaignAmended)
    assert amended.brief == canonical.digest(later)
    assert (await platform.post(f"{path}/amend", {"version": 3, "budget": "600"})).status_code == 201
    shown = (await platform.get(path)).json()
    assert (shown["version"], shown["budget"], shown["reviewer_rate"]) == (3, "600", "2")
    assert shown["policy"] == {"name": "piece_rate", "amount": "9"}
    assert shown["brief"]["rules"] == "Now with reasons."
    versions = (await both.http.get(f"{path}/brief")).json()["items"]
    assert [each["version"] for each in versions] == [1, 2, 3]
    assert [each["brief_digest"] for each in versions] == [canonical.digest(BRIEF), amended.brief, amended.brief]
    assert [each["policy"]["amount"] for each in versions] == ["5", "9", "9"]
    assert [each["budget"] for each in versions] == ["500", "500", "600"]
    for each in versions:
        assert canonical.digest(each["brief"]) == each["brief_digest"]
        assert canonical.digest(each["terms"]) == each["terms_digest"]
    for wrong, rule in (
        ({"version": 3, "budget": "700"}, "version-next"),
        ({"version": 4, "budget": "599"}, "never-lowers"),
        ({"version": 4, "policy": {"name": "pool", "total": "5"}}, "never-lowers"),
        ({"version": 4}, "amends-something"),
    ):
        assert check(await platform.post(f"{path}/amend", wrong), 409, "rule-broken")["rule"] == rule


async def test_notices_are_for_everybody(both: Api) -> None:
    platform = await both.platform()
    path = f"/v1/campaigns/{await platform.campaign()}/notices"
    question = {"question": "May I use a pencil?", "answer": "Yes."}
    for body in ({"text": "We start."}, {"type": "answer", "text": question, "external_id": "q-1"}, {"text": "Soon."}):
        assert (await platform.post(path, body)).status_code == 201
    again = await platform.post(path, {"type": "answer", "text": question, "external_id": "q-1"})
    assert again.status_code == 200
    first = (await both.http.get(path, params={"limit": 2})).json()
    rest = (await both.http.get(path, params={"limit": 2, "cursor": first["next"]})).json()
    told = first["items"] + rest["items"]
    assert [each["text"] for each in told] == ["We start.", question, "Soon."]
    assert [each["type"] for each in told] == ["notice", "answer", "notice"]
    assert rest["next"] is None
    assert told[1]["digest"] == canonical.digest(question)
    check(await platform.post(path, {"text": ""}), 422, "field-invalid")


async def test_paused_and_resumed(platform: Platform) -> None:
    campaign = await platform.campaign()
    path = f"/v1/campaigns/{campaign}"
    assert (await platform.post(f"{path}/pause")).status_code == 201
    assert (await platform.get(path)).json()["paused"] is True
    refused = await platform.post("/v1/contributions", {"campaign": campaign, "contributor": "ann", "content": 1})
    assert check(refused, 409, "rule-broken")["rule"] == "campaign-running"
    assert (await platform.post(f"{path}/resume")).status_code == 201
    assert (await platform.get(path)).json()["paused"] is False
    await platform.contribution(campaign)


async def test_a_full_pilot_waits(platform: Platform) -> None:
    campaign = await platform.campaign(pilot=1)
    path = f"/v1/campaigns/{campaign}"
    assert (await platform.get(path)).json()["paused"] is False
    await platform.contribution(campaign)
    assert (await platform.get(path)).json()["paused"] is True
    await platform.post(f"{path}/resume")
    assert (await platform.get(path)).json()["paused"] is False


async def test_open_campaigns_are_found_by_everybody(both: Api) -> None:
    platform = await both.platform()
    first = await platform.campaign(title="First", limits={"per_person": 1}, requires={"accepted": 3})
    closed = await platform.campaign(title="Closed")
    await platform.post(f"/v1/campaigns/{closed}/close")
    paused = await platform.campaign(title="Paused", policy={"name": "pool", "total": "40"}, type="creation")
    await platform.post(f"/v1/campaigns/{paused}/pause")
    page = (await both.http.get("/v1/campaigns/open", params={"limit": 1})).json()
    rest = (await both.http.get("/v1/campaigns/open", params={"cursor": page["next"]})).json()
    assert rest["next"] is None
    lines = page["items"] + rest["items"]
    assert [line["id"] for line in lines] == [first, paused]
    assert lines[0]["pay"] == "5\u00a0points for every accepted contribution."
    assert lines[0]["problem"] == BRIEF["problem"]
    assert (lines[0]["limits"], lines[0]["paused"]) == ({"per_person": 1}, False)
    assert lines[0]["requires"] == {"accepted": 3, "acceptance": "0"}
    assert lines[0]["figures"]["money"]["left"] == "5000"
    assert lines[1]["paused"] is True
    assert (lines[1]["figures"]["money"]["open"], lines[1]["figures"]["money"]["left"]) == ("40", "4960")
    check(await both.http.get("/v1/campaigns/open", params={"limit": 51}), 422, "field-invalid")


async def test_the_documented_campaign_can_be_opened(platform: Platform) -> None:
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    body = json.loads(text.split("```json")[1].split("```")[0])
    assert (await platform.post("/v1/campaigns", body)).status_code == 201


async def test_receipts_by_the_platforms_own_ids(platform: Platform) -> None:
    path = f"/v1/campaigns/{await platform.campaign()}/notices"
    told = (await platform.post(path, {"text": "We start.", "external_id": "n-1"})).json()
    receipt = await platform.get("/v1/receipts", kind="notice", external_id="n-1")
    assert receipt.json() == told["receipt"]
