"""Judges: what waits for them is blind, what they say is sealed, and what follows is decided once."""

from __future__ import annotations

import asyncio
from typing import Any

from ledger.book.rules.decisions import chosen_for_second_look
from ledger.log.items import EraseContent
from ledger.statements import kinds
from ledger.statements.decisions import DecisionMade, ReviewGiven
from tests.integration.api.running import BRIEF, ON_BOTH, Api, Platform
from tests.integration.api.test_problems import check

CRITERIA = [{"name": "clarity", "weight": 2}, {"name": "beauty", "weight": 1}]
TOLD = [{"name": "clarity", "text": "Is it clear?"}, {"name": "beauty", "text": "Is it beautiful?"}]


async def judged(platform: Platform, judges: int = 3, agree: int = 2, **more: Any) -> str:
    return await platform.campaign(judging={"judges": judges, "agree": agree}, **more)


async def review(platform: Platform, contribution: str, reviewer: str, verdict: str = "accepted", **more: Any) -> Any:
    reply = await platform.post(
        "/v1/reviews", {"contribution": contribution, "reviewer": reviewer, "verdict": verdict} | more
    )
    assert reply.status_code == 201, reply.text
    return reply.json()


async def queue(platform: Platform, campaign: str, reviewer: str, **query: Any) -> list[dict[str, Any]]:
    reply = await platform.get(f"/v1/campaigns/{campaign}/queue", reviewer=reviewer, **query)
    assert reply.status_code == 200, reply.text
    return list(reply.json()["items"])


async def statement(api: Api, index: int) -> kinds.AnyStatement:
    (data,) = await api.service.reader.statements(index, index + 1)
    return kinds.parse(data)


async def last_decision(api: Api) -> DecisionMade:
    head = await api.service.reader.head()
    found = await statement(api, head.size - 1)
    assert isinstance(found, DecisionMade)
    return found


async def test_two_of_three_decide_as_soon_as_it_is_sure(both: Api) -> None:
    platform = await both.platform()
    campaign = await judged(platform, reviewer_rate="2")
    task = await platform.post(f"/v1/campaigns/{campaign}/tasks", {"content": "Which?"})
    work = await platform.contribution(campaign, task=task.json()["id"])
    (item,) = await queue(platform, campaign, "bob")
    assert (item["kind"], item["task"], item["content"]) == ("review", "Which?", {"answer": "yes"})
    first = await review(platform, work["id"], "bob", score="0.5", words="Nice.")
    assert first["decision"] is None
    given = await statement(both, first["index"])
    assert isinstance(given, ReviewGiven)
    assert await queue(platform, campaign, "bob") == []
    (item,) = await queue(platform, campaign, "carl")
    assert item["reviews_given"] == 1
    second = await review(platform, work["id"], "carl", score="1")
    made = await last_decision(both)
    assert second["decision"] == made.id
    assert (made.verdict, made.score, made.method.name) == ("accepted", "0.75", "judges")
    assert [each.score for each in made.reviews or []] == ["0.5", "1"]
    assert await queue(platform, campaign, "dora") == []
    shown = (await platform.get(f"/v1/contributions/{work['id']}")).json()
    assert shown["decision"]["feedback"] == {
        "reviews": [{"verdict": "accepted", "score": "0.5", "words": "Nice."}, {"verdict": "accepted", "score": "1"}]
    }
    assert check(
        await platform.post("/v1/decisions", {"contribution": work["id"], "verdict": "rejected", "feedback": "No."}),
        409,
        "rule-broken",
    )["rule"]


async def test_the_queue_is_blind_and_nobody_judges_their_own(platform: Platform) -> None:
    campaign = await judged(platform)
    work = await platform.contribution(campaign, contributor="ann")
    await review(platform, work["id"], "bob", "rejected", words="A secret word.")
    reply = await platform.get(f"/v1/campaigns/{campaign}/queue", reviewer="carl")
    public = (await platform.get(f"/v1/contributions/{work['id']}")).json()["public_contributor"]
    for hidden in ("ann", public, "bob", "A secret word", "rejected"):
        assert hidden not in reply.text
    assert await queue(platform, campaign, "ann") == []
    own = {"contribution": work["id"], "reviewer": "ann", "verdict": "accepted"}
    assert check(await platform.post("/v1/reviews", own), 409, "rule-broken")["rule"] == "no-self-review"
    twice = {"contribution": work["id"], "reviewer": "bob", "verdict": "accepted"}
    assert check(await platform.post("/v1/reviews", twice), 409, "rule-broken")["rule"] == "judges-once"


async def test_the_queue_spreads_judges(platform: Platform) -> None:
    """What is not urgent comes by the number of its reviews, and then by its deadline."""
    campaign = await judged(platform, judges=2, agree=2)
    works = [(await platform.contribution(campaign, contributor=f"c{n}", content=n))["id"] for n in range(3)]
    await review(platform, works[0], "bob")
    assert [each["content"] for each in await queue(platform, campaign, "carl")] == [1, 2, 0]
    assert [each["content"] for each in await queue(platform, campaign, "carl", limit=1)] == [1]
    hasty = await judged(platform, decision_deadline=3600)
    await platform.contribution(hasty, content="soon")
    assert [each["content"] for each in await queue(platform, hasty, "carl")] == ["soon"]
    check(await platform.get(f"/v1/campaigns/{campaign}/queue"), 422, "field-invalid")


async def test_criteria_are_scored_and_weighted(both: Api) -> None:
    platform = await both.platform()
    brief = BRIEF | {"criteria": TOLD}
    campaign = await platform.campaign(brief=brief, judging={"judges": 2, "agree": 1, "criteria": CRITERIA})
    work = (await platform.contribution(campaign))["id"]
    assert (await queue(platform, campaign, "bob"))[0]["criteria"] == ["clarity", "beauty"]
    body = {"contribution": work, "reviewer": "bob", "verdict": "accepted"}
    for wrong in ({"score": "1"}, {"scores": ["1"]}, {"scores": ["1", "1"], "score": "1"}, {}):
        problem = check(await platform.post("/v1/reviews", body | wrong), 422, "field-invalid")
        assert problem["field"] == "scores"
        assert "clarity, beauty" in problem["remedy"]
    await review(platform, work, "bob", scores=["1", "0.5"])
    done = await review(platform, work, "carl", "rejected", scores=["0", "0.25"], words="Hm.")
    made = await last_decision(both)
    assert done["decision"] == made.id
    assert [each.score for each in made.reviews or []] == ["0.833333", "0.083333"]
    assert (made.verdict, made.score) == ("accepted", "0.458333")


@ON_BOTH
async def test_several_at_once_decide_once(both: Api) -> None:
    platform = await both.platform()
    campaign = await judged(platform, judges=5, agree=2)
    for number in range(3):
        work = (await platform.contribution(campaign, contributor=f"c{number}"))["id"]
        bodies = [{"contribution": work, "reviewer": f"r{n}", "verdict": "accepted"} for n in range(5)]
        replies = await asyncio.gather(*(platform.post("/v1/reviews", body) for body in bodies))
        assert {reply.status_code for reply in replies} <= {201, 409}
        decided = {reply.json()["decision"] for reply in replies if reply.status_code == 201} - {None}
        assert len(await both.service.reader.decisions(work)) == 1
        assert len(decided) == 1
    many = await asyncio.gather(*(platform.post(f"/v1/contributions/{work}/decide") for _ in range(4)))
    assert {reply.status_code for reply in many} == {200}
    assert len({reply.text for reply in many}) == 1


async def test_decided_on_request_after_a_crash(platform: Platform, monkeypatch: Any) -> None:
    """The process dies between the last review and its decision: the request for it writes the decision."""
    campaign = await judged(platform, judges=1, agree=1)
    work = (await platform.contribution(campaign))["id"]
    path = f"/v1/contributions/{work}/decide"
    assert check(await platform.post(path), 409, "rule-broken")["rule"] == "reviews-enough"

    async def dies(*_arguments: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("api.routes.reviews.decide_by_reviews", dies)
        body = {"contribution": work, "reviewer": "bob", "verdict": "rejected", "external_id": "r-1", "words": "No."}
        assert (await platform.post("/v1/reviews", body)).status_code == 500
    assert await platform.api.service.reader.decisions(work) == []
    first = await platform.post(path)
    again = await platform.post(path)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["receipt"] == again.json()["receipt"]
    repeated = await platform.post("/v1/reviews", body)
    assert (repeated.status_code, repeated.json()["decision"]) == (200, first.json()["id"])


async def test_needs_work_by_judges_follows_the_book(both: Api) -> None:
    """The judges ask for a new version while there is a round left; then the same reviews reject."""
    platform = await both.platform()
    campaign = await judged(platform, judges=1, agree=1, revisions={"rounds": 1, "window": 3600})
    work = (await platform.contribution(campaign))["id"]
    await review(platform, work, "bob", "needs_work", words="Shorter.")
    assert (await last_decision(both)).verdict == "needs_work"
    better = (await platform.contribution(campaign, replaces=work, content="shorter"))["id"]
    await review(platform, better, "bob", "needs_work", words="Shorter still.")
    assert (await last_decision(both)).verdict == "rejected"


async def test_second_looks_overturn_a_rejection(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign(second_looks="0.5", limits={"per_person": 100})
    rejected = []
    for number in range(12):
        work = (await platform.contribution(campaign, contributor="ann", content=f"idea {number}"))["id"]
        made = await platform.decision(work, verdict="rejected", reviewer="bob")
        rejected.append((work, made["id"]))
    drawn = [work for work, decision in rejected if chosen_for_second_look(decision, "0.5")]
    path = f"/v1/campaigns/{campaign}/second-looks"
    listed: list[str] = []
    cursor = {}
    while True:
        page = (await platform.get(path, reviewer="carl", limit=2, **cursor)).json()
        listed += [item["contribution"] for item in page["items"]]
        assert all(item["kind"] == "second_look" for item in page["items"])
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert listed == drawn
    assert drawn
    for nobody in ("ann", "bob"):
        assert (await platform.get(path, reviewer=nobody)).json()["items"] == []
    done = await review(platform, drawn[0], "carl", "accepted", score="0.5", second_look=True)
    made = await last_decision(both)
    assert done["decision"] == made.id
    assert (made.verdict, made.score, made.method.name) == ("accepted", "0.5", "second-look")
    assert made.supersedes == dict(rejected)[drawn[0]]
    for work in drawn[1:]:
        other = await review(platform, work, "carl", "rejected", second_look=True)
        assert other["decision"] is None
    assert (await platform.get(path, reviewer="dora")).json()["items"] == []
    figures = (await both.http.get(f"/v1/campaigns/{campaign}/figures")).json()["second_looks"]
    assert (figures["taken"], figures["overturned"]) == (len(drawn), 1)
    undrawn = next((work for work, decision in rejected if work not in drawn), None)
    if undrawn is not None:
        body = {"contribution": undrawn, "reviewer": "carl", "verdict": "accepted", "second_look": True}
        assert check(await platform.post("/v1/reviews", body), 409, "rule-broken")["rule"] == "second-look-chosen"


async def test_appeals_wait_in_the_queue_for_somebody_else(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign()
    work = (await platform.contribution(campaign, contributor="ann"))["id"]
    await platform.decision(work, verdict="rejected", reviewer="bob")
    appeal = await platform.post("/v1/appeals", {"contribution": work, "grounds": "I followed the rules."})
    assert appeal.status_code == 201, appeal.text
    (item,) = await queue(platform, campaign, "carl")
    assert (item["kind"], item["appeal"], item["grounds"]) == ("appeal", appeal.json()["id"], "I followed the rules.")
    for nobody in ("ann", "bob"):
        assert await queue(platform, campaign, nobody) == []
    assert await queue(platform, campaign, "dora") == [item]
    body = {"reviewer": "carl", "verdict": "accepted", "reason": "They did."}
    resolved = await platform.post(f"/v1/appeals/{appeal.json()['id']}/resolve", body)
    assert resolved.status_code == 201, resolved.text
    assert await queue(platform, campaign, "dora") == []
    figures = (await both.http.get(f"/v1/campaigns/{campaign}/figures")).json()["appeals"]
    assert (figures["filed"], figures["resolved"], figures["overturned"]) == (1, 1, 1)
    assert 0 <= figures["median_seconds"] < 60
    reviewers = (await platform.get(f"/v1/campaigns/{campaign}/reviewers")).json()["reviewers"]
    assert {each["reviewer"]: (each["decisions"], each["overturned"]) for each in reviewers} == {
        "bob": (1, 1),
        "carl": (1, 0),
    }


async def test_reviewers_and_their_agreement(both: Api) -> None:
    platform = await both.platform()
    campaign = await judged(platform, judges=2, agree=2, limits={"per_person": 10})
    verdicts = (("accepted", "accepted"), ("accepted", "rejected"), ("rejected", "rejected"), ("accepted", "accepted"))
    for one, other in verdicts:
        work = (await platform.contribution(campaign))["id"]
        await review(platform, work, "bob", one)
        if one != "rejected":
            await review(platform, work, "carl", other)
    found = (await platform.get(f"/v1/campaigns/{campaign}/reviewers")).json()
    assert found["complete"] is True
    assert (found["agreement"]["contributions"], found["agreement"]["reviews"]) == (3, 6)
    # 3 units; pairs differ in one of them; 5 accepted, 1 rejected: alpha = 1 - 5 * 2 / (6 * 6 - 25 - 1) = 0
    assert found["agreement"]["alpha_verdicts"] == "0"
    assert found["agreement"]["equal"] == "0.666666"
    lines = {each["reviewer"]: each for each in found["reviewers"]}
    assert (lines["bob"]["reviews"], lines["carl"]["reviews"]) == (4, 3)
    assert lines["bob"]["agreement"] == lines["carl"]["agreement"] == "0.666666"


async def test_reviews_of_unknown_things_and_too_many_words(platform: Platform) -> None:
    campaign = await judged(platform)
    work = (await platform.contribution(campaign))["id"]
    body = {"contribution": work, "reviewer": "bob", "verdict": "accepted"}
    assert check(await platform.post("/v1/reviews", body | {"words": "x" * 13_000}), 422, "field-invalid")
    check(await platform.post("/v1/reviews", body | {"verdict": "maybe"}), 422, "field-invalid")
    plain = (await platform.contribution(await platform.campaign()))["id"]
    refused = await platform.post("/v1/reviews", body | {"contribution": plain})
    assert check(refused, 409, "rule-broken")["rule"] == "has-judges"


async def test_erased_evidence_that_an_appeal_brings_back_stays_blind(platform: Platform) -> None:
    campaign = await platform.campaign()
    work = await platform.contribution(campaign, contributor="ann", content="my essay")
    await platform.decision(work["id"], verdict="rejected", reviewer="bob")
    public = (await platform.get(f"/v1/contributions/{work['id']}")).json()["public_contributor"]
    await platform.api.service.writer.write(
        EraseContent(platform=platform.id, purpose="contribution", subject=work["id"], reason="wish")
    )
    body = {"contribution": work["id"], "grounds": "Read it.", "opening": work["opening"]}
    appeal = await platform.post("/v1/appeals", body)
    assert appeal.status_code == 201, appeal.text
    reply = await platform.get(f"/v1/campaigns/{campaign}/queue", reviewer="carl")
    (item,) = reply.json()["items"]
    assert (item["content"], item["grounds"]) == ("my essay", "Read it.")
    assert public not in reply.text
