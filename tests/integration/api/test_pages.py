"""Pages for people: they render what the log says, escaped, under a strict policy, and leak nothing private."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import insert

from api.edge import CONTENT_SECURITY_POLICY
from api.pages.rendering import PAGE_POLICY
from ledger.chain.units import Unit
from ledger.db import tables
from ledger.wire.problems import kinds
from tests.integration.api.running import BRIEF, Api, Platform

ATTACK = "<script>alert('x')</script>"
HTML = {"Accept": "text/html,application/xhtml+xml"}


async def page(api: Api, path: str, status: int = 200) -> str:
    """A page's text; checked for what every page must have and must not have."""
    reply = await api.http.get(path, headers=HTML, follow_redirects=True)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-security-policy"] == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    assert (
        re.findall(r"<script(?! type=\"module\" src=\"/static/[0-9a-f]{16}/[\w/]+\.mjs\"></script>)", reply.text) == []
    )
    assert " style=" not in reply.text
    assert not re.findall(r"<[^>]* on[a-z]+=", reply.text)
    assert "<style" not in reply.text
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", reply.text)
    assert 'name="viewport"' in reply.text
    assert len(reply.content) < 200_000
    return reply.text


async def test_titles_and_terms_are_escaped(platform: Platform) -> None:
    campaign = await platform.campaign(title=ATTACK, terms=ATTACK, brief=BRIEF | {"problem": ATTACK, "extra": ATTACK})
    written = await platform.contribution(campaign)
    for path in (f"/campaigns/{campaign}", f"/c/{written['id']}"):
        text = await page(platform.api, path)
        assert "&lt;script&gt;" in text


async def test_contribution_from_received_to_decided(platform: Platform) -> None:
    campaign = await platform.campaign(title="Which sentence follows?")
    written = await platform.contribution(campaign, content="my private words", contributor="ann@example.org")
    before = await page(platform.api, f"/c/{written['id']}")
    assert "Received, not decided yet" in before
    assert "If nobody decides by" in before
    assert f'href="/v1/contributions/{written["id"]}/receipt"' in before
    decided = await platform.decision(written["id"], feedback="private feedback")
    after = await page(platform.api, f"/c/{written['id']}")
    assert "Accepted" in after
    assert "A reviewer decided. The verdict: accepted, with the score 1." in after
    assert "5\u00a0points once the decision is final" in after
    assert "Which sentence follows?" in after
    for secret in ("my private words", "private feedback", "ann@example.org"):
        assert secret not in after
    assert await page(platform.api, f"/d/{decided['id']}") == after


async def test_needs_work_and_rejected(platform: Platform) -> None:
    campaign = await platform.campaign()
    for verdict, words in (("needs_work", "Needs more work"), ("rejected", "Not accepted")):
        written = await platform.contribution(campaign)
        await platform.decision(written["id"], verdict=verdict)
        text = await page(platform.api, f"/c/{written['id']}")
        assert words in text
        assert ("Nothing yet; a new version" if verdict == "needs_work" else "This decision pays nothing.") in text
        assert ("you can send a new version" in text) == (verdict == "needs_work")
        assert "you can appeal" in text


async def test_unanswered_request_for_more_work(platform: Platform) -> None:
    written = await platform.contribution(
        await platform.campaign(appeal_window=0, revisions={"window": 0, "rounds": 1})
    )
    await platform.decision(written["id"], verdict="needs_work")
    text = await page(platform.api, f"/c/{written['id']}")
    assert "Not accepted" in text
    assert "No new version came in time." in text
    assert "This decision pays nothing." in text


async def test_decision_that_was_changed(platform: Platform) -> None:
    written = await platform.contribution(await platform.campaign())
    first = await platform.decision(written["id"], verdict="rejected")
    assert "your platform can still change the decision, once" in await page(platform.api, f"/c/{written['id']}")
    await platform.decision(written["id"], supersedes=first["id"])
    after = await page(platform.api, f"/c/{written['id']}")
    assert "It was changed once and cannot be changed again but by an appeal." in after


async def test_what_an_undecided_contribution_earns(platform: Platform) -> None:
    policy = {"name": "score_rate", "max_amount": "10"}
    for default in ("accepted", "rejected"):
        written = await platform.contribution(await platform.campaign(policy=policy, decision_default=default))
        text = await page(platform.api, f"/c/{written['id']}")
        assert "If it is accepted, it earns up to 10\u00a0points, as far as the campaign&#39;s budget reaches." in text


async def test_deadlines_that_passed(platform: Platform) -> None:
    """Windows of no length pass at once: decided by default, final, earned."""
    campaign = await platform.campaign(decision_deadline=0, appeal_window=0)
    written = await platform.contribution(campaign)
    text = await page(platform.api, f"/c/{written['id']}")
    assert "Nobody decided in time, so it counts as accepted." in text
    assert "The decision can no longer change." in text
    assert "It earns 5\u00a0points" in text


async def test_entry_and_its_neighbours(platform: Platform) -> None:
    written = await platform.contribution(await platform.campaign())
    text = await page(platform.api, f"/e/{written['index']}")
    assert "contribution.submitted" in text
    assert written["id"] in text
    assert f'href="/e/{written["index"] - 1}"' in text
    assert f'href="/e/{written["index"] + 1}"' not in text
    assert 'href="/e/-1"' not in await page(platform.api, "/e/0")


async def test_anchors_are_told(platform: Platform) -> None:
    written = await platform.contribution(await platform.campaign())
    assert "not anchored on a chain" in await page(platform.api, "/")
    for size, finalized, words in ((3, False, "Recorded"), (4, False, "Anchored"), (5, True, "Permanent")):
        await _anchor(platform.api, size, finalized)
        platform.api.service.anchor.forget()  # do not wait out the second for which it is kept
        assert words in await page(platform.api, f"/c/{written['id']}"), size
        shown = (await platform.get(f"/v1/contributions/{written['id']}")).json()
        assert shown["status"] == words.lower()
    overview = await page(platform.api, "/")
    assert "entries are anchored for good" in overview


async def _anchor(api: Api, size: int, finalized: bool) -> None:
    row: dict[str, Any] = {
        "log": "main",
        "size": size,
        "root": bytes(32),
        "tx": "0x" + "cd" * 32,
        "block": 9,
        "chain_id": 31337,
        "contract": "0x" + "5f" * 20,
        "log_id": "0x" + "ab" * 32,
        "finalized": finalized,
    }
    async with api.service.reads.database.begin() as connection:
        await connection.execute(insert(tables.anchors).values(row))


async def test_every_problem_has_its_page(api: Api) -> None:
    listed = await page(api, "/problems")
    for slug, kind in kinds().items():
        assert f'href="/problems/{slug}"' in listed
        text = await page(api, f"/problems/{slug}")
        assert kind.title in text.replace("&#39;", "'")
        assert kind.default_remedy in text.replace("&#39;", "'") or not kind.default_remedy


async def test_docs_name_every_path(api: Api) -> None:
    text = await page(api, "/docs")
    for path in api.app.openapi()["paths"]:
        assert f"<code>{path}</code>" in text


async def test_browsers_get_errors_as_pages_and_programs_as_problems(api: Api) -> None:
    for path in ("/c/nothing", "/nowhere", "/e/99"):
        assert "There is no such thing" in await page(api, path, 404)
        assert (await api.http.get(path)).headers["content-type"] == "application/problem+json"
    reply = await api.http.get("/v1/campaigns", headers=HTML)
    assert reply.headers["content-type"] == "application/problem+json"


async def test_headers_of_every_reply(api: Api) -> None:
    for path in ("/", "/v1/keys", "/nowhere", "/health", "/static/style.css", "/logs/main/checkpoint"):
        headers = (await api.http.get(path)).headers
        assert headers["content-security-policy"] == (PAGE_POLICY if path == "/" else CONTENT_SECURITY_POLICY)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers
        assert "cache-control" in headers


async def test_headers_of_json_that_answers_a_write(platform: Platform) -> None:
    body = {"campaign": await platform.campaign(), "contributor": "ann", "content": "a"}
    written = await platform.post("/v1/contributions", body)
    assert sorted(written.headers) == [
        *("cache-control", "content-length", "content-type", "ratelimit", "ratelimit-policy"),
        *("x-content-type-options", "x-request-id"),
    ]
    assert written.headers["cache-control"] == "no-store"
    refused = await platform.post("/v1/contributions", {**body, "content": None, "task": "x"})
    assert refused.status_code == 422
    assert refused.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert refused.headers["cache-control"] == "no-store"


async def test_head_is_get_without_the_body(api: Api) -> None:
    for path in ("/", "/logs/main/checkpoint", "/v1/entries/0/receipt", "/static/style.css", "/nowhere"):
        got, head = await api.http.get(path), await api.http.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
        assert head.headers["content-type"] == got.headers["content-type"]


async def test_pages_of_any_origin_may_read_what_is_public(platform: Platform) -> None:
    written = await platform.contribution(await platform.campaign())
    public = ["/logs/main/checkpoint", "/logs/main/tile/0/000.p/1", "/logs/main/tile/0/900", "/v1/audit/summary"]
    public += ["/v1/entries/0/receipt", f"/v1/contributions/{written['id']}/receipt", "/v1/settlements"]
    campaign = (await platform.get(f"/v1/contributions/{written['id']}")).json()["campaign"]
    said = ("brief", "notices", "figures", "record", "rewards")
    public += ["/v1/campaigns/open", *(f"/v1/campaigns/{campaign}/{what}" for what in said)]
    for path in public:
        assert (await platform.api.http.get(path)).headers["access-control-allow-origin"] == "*", path
    private = ["/v1/contributions", f"/v1/contributions/{written['id']}", "/v1/keys", "/v1/receipts?external_id=a"]
    private += ["/v1/campaigns", f"/v1/campaigns/{campaign}", f"/v1/campaigns/{campaign}/queue?reviewer=bob"]
    for path in private:
        assert "access-control-allow-origin" not in (await platform.get(path)).headers, path


def test_amounts_read_well() -> None:
    token = Unit("DEV", 18)
    assert token.words(25 * 10**17) == "2.5\u00a0DEV"
    assert token.words(1) == "0.000000000000000001\u00a0DEV"
    assert token.words("1234567" + "0" * 18) == "1\u202f234\u202f567\u00a0DEV"
    assert Unit("points").words(0) == "0\u00a0points"


async def test_what_becomes_of_sealed_appealed_and_withdrawn_work(platform: Platform) -> None:
    work = (await platform.contribution(await platform.campaign()))["id"]
    await platform.decision(work, verdict="rejected", reviewer="bob")
    assert "Until" in await page(platform.api, f"/c/{work}")
    appeal = (await platform.post("/v1/appeals", {"contribution": work, "grounds": "Look again."})).json()["id"]
    text = await page(platform.api, f"/c/{work}")
    assert "Appealed: somebody else is looking at it" in text
    assert "it counts as accepted." in text
    assert "Pay waits for the appeal." in text
    body = {"reviewer": "carl", "verdict": "accepted", "reason": "They are right."}
    assert (await platform.post(f"/v1/appeals/{appeal}/resolve", body)).status_code == 201
    text = await page(platform.api, f"/c/{work}")
    assert "Somebody else has looked at it" in text
    assert "It earns 5\u00a0points" in text
    gone = (await platform.contribution(await platform.campaign()))["id"]
    assert (await platform.post(f"/v1/contributions/{gone}/withdraw")).status_code == 201
    assert "Its author took it back" in await page(platform.api, f"/c/{gone}")


async def test_prizes_are_not_told_before_they_are_known(platform: Platform) -> None:
    policy = {"name": "prizes", "amounts": ["300"], "min_score": "0"}
    campaign = await platform.campaign(policy=policy, title="A logo")
    work = (await platform.contribution(campaign))["id"]
    await platform.decision(work)
    assert "worked out once all entries of the campaign are final" in await page(platform.api, f"/c/{work}")
    text = await page(platform.api, f"/campaigns/{campaign}")
    assert "Place 1: 300\u00a0points" in text
    assert "4\u202f700" in text  # what is left of the budget
