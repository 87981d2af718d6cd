"""Sealed entries: only a commitment before the deadline, opened by its author in the window; withdrawal; feedback."""

from __future__ import annotations

import secrets
import time
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from ledger.db import tables
from ledger.statements.commitments import Opening, Place, commit
from ledger.statements.values import format_time
from tests.integration.api.people import later, signed_in
from tests.integration.api.running import ON_BOTH, ORIGIN, Api, Platform

IDEA = {"idea": "a wheel"}
SECONDS = 60


def sealed(campaign: str, contributor: str, content: Any = IDEA) -> Opening:
    return commit(Place("contribution", ORIGIN, campaign, None, contributor), content, secrets.token_bytes(32))


async def sealed_campaign(platform: Platform) -> str:
    """A campaign of sealed entries whose deadline is in a minute."""
    deadline = time.time() + SECONDS
    times = {
        "deadline": format_time(int(deadline * 1000)),
        "reveal_until": format_time(int(deadline * 1000) + 3_600_000),
    }
    return await platform.campaign(type="solving", sealed=times)


def opening(opened: Opening) -> dict[str, Any]:
    return {"opening": {"v": 1, "salt": opened.salt.hex(), "preimage": opened.preimage.decode()}}


@ON_BOTH
async def test_a_sealed_entry_is_opened_by_its_author(both: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = await both.platform()
    campaign = await sealed_campaign(platform)
    who = str(uuid.uuid4())
    kept = sealed(campaign, who)
    body = {"campaign": campaign, "contributor": "ann", "contributor_id": who, "commitment": kept.commitment}
    made = await platform.post("/v1/contributions", body)
    assert made.status_code == 201, made.text
    entry = made.json()
    assert entry["opening"] is None
    rows = await both.service.reads.all(
        select(tables.contents.c.subject).where(tables.contents.c.kind == "contribution")
    )
    assert list(rows) == [], "nobody has the content"
    ann = await signed_in(platform)
    (line,) = await ann.contributions()
    assert (line["state"], line["content"], line["erased"]) == ("sealed", None, False)
    path = f"/v1/contributions/{entry['id']}/reveal"
    early = await ann.post(path, opening(kept))
    assert (early.status_code, early.json()["rule"]) == (409, "reveal-in-time")
    later(monkeypatch, SECONDS + 1)
    for wrong in (sealed(campaign, who), sealed(campaign, who, "better"), sealed(campaign, str(uuid.uuid4()))):
        refused = await ann.post(path, opening(wrong))
        assert refused.status_code == 422, refused.text
    late = await platform.post("/v1/contributions", body | {"contributor": "bob", "contributor_id": str(uuid.uuid4())})
    assert late.status_code == 409
    revealed = await ann.post(path, opening(kept))
    assert revealed.status_code == 201, revealed.text
    (line,) = await ann.contributions()
    assert (line["state"], line["content"]) == ("submitted", IDEA)
    assert (await ann.get(f"/v1/contributions/{entry['id']}/opening")).json()["salt"] == kept.salt.hex()
    assert (await ann.post(path, opening(kept))).status_code in (200, 409)


async def test_what_does_not_fit_together_is_refused(api: Api, platform: Platform) -> None:
    campaign = await sealed_campaign(platform)
    plain = await platform.campaign()
    who = str(uuid.uuid4())
    kept = sealed(campaign, who)
    good = {"campaign": campaign, "contributor": "ann", "contributor_id": who, "commitment": kept.commitment}
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"content": IDEA}, {"content"}),
        ({"commitment": None}, {"content"}),
        ({"salt": kept.salt.hex()}, {"salt"}),
        ({"contributor_id": None}, {"contributor_id"}),
        ({"campaign": plain}, {"commitment", "content"}),
        ({"commitment": None, "contributor_id": None, "content": IDEA}, {"content", "commitment"}),
    ]
    for change, fields in cases:
        body = {name: value for name, value in (good | change).items() if value is not None}
        reply = await platform.post("/v1/contributions", body)
        assert reply.status_code == 422, (change, reply.text)
        assert reply.json()["field"] in fields, (change, reply.text)
    batch = await platform.post("/v1/contributions/batch", {"items": [good, {**good, "salt": "00" * 32}]})
    assert [each["code"] for each in batch.json()["results"]] == [201, 422]


async def test_a_copied_commitment_is_useless(api: Api, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = await sealed_campaign(platform)
    ann_id, bob_id = str(uuid.uuid4()), str(uuid.uuid4())
    kept = sealed(campaign, ann_id)
    body = {"campaign": campaign, "commitment": kept.commitment}
    await platform.post("/v1/contributions", body | {"contributor": "ann", "contributor_id": ann_id})
    copy = await platform.post("/v1/contributions", body | {"contributor": "bob", "contributor_id": bob_id})
    assert copy.status_code == 201
    later(monkeypatch, SECONDS + 1)
    bob = await signed_in(platform, "bob")
    refused = await bob.post(f"/v1/contributions/{copy.json()['id']}/reveal", opening(kept))
    assert refused.status_code == 422, "even with ann's opening the copy does not open"


async def test_withdrawal_before_anybody_judged(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign(limits={"per_person": 1})
    made = await platform.contribution(campaign)
    ann = await signed_in(platform)
    path = f"/v1/contributions/{made['id']}/withdraw"
    eve = await api.platform("Eve")
    assert (await eve.post(path)).status_code == 404
    assert (await ann.post(path)).status_code == 201
    (line,) = await ann.contributions()
    assert (line["state"], line["payable_from"], line["final_from"]) == ("withdrawn", None, None)
    second = await platform.contribution(campaign, content="better")
    await platform.decision(second["id"])
    late = await platform.post(f"/v1/contributions/{second['id']}/withdraw")
    assert (late.status_code, late.json()["rule"]) == (409, "withdraws-undecided")


async def test_needs_work_is_answered_by_a_new_version(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign(revisions={"window": 3600, "rounds": 1})
    made = await platform.contribution(campaign, content="draft")
    await platform.decision(made["id"], verdict="needs_work", feedback="Say more.")
    ann = await signed_in(platform)
    (line,) = await ann.contributions()
    assert (line["state"], line["decision"]["feedback"], line["payable_from"]) == ("needs_work", "Say more.", None)
    newer = await platform.contribution(campaign, content="more", replaces=made["id"])
    old, new = await ann.contributions()
    assert (old["state"], old["replaced_by"], new["state"]) == ("replaced", newer["id"], "submitted")


async def test_feedback_goes_both_ways(api: Api, platform: Platform) -> None:
    campaign = await platform.campaign()
    task = (await platform.post(f"/v1/campaigns/{campaign}/tasks", {"content": "?"})).json()
    made = await platform.contribution(campaign, task=task["id"])
    decision = await platform.decision(made["id"])
    ann = await signed_in(platform)
    for about, subject in (("task", task["id"]), ("decision", decision["id"]), ("campaign", campaign)):
        body = {"campaign": campaign, "about": about, "subject": subject, "score": "0.5", "words": {"about": about}}
        given = await ann.post("/v1/feedback", body)
        assert given.status_code == 201, given.text
        assert given.json()["opening"] is not None
        assert (await ann.post("/v1/feedback", body)).json()["rule"] == "rates-once"
    rating = {"campaign": campaign, "about": "campaign", "subject": campaign, "score": "1"}
    assert (await platform.post("/v1/feedback", rating)).json()["field"] == "contributor"
    assert (await platform.post("/v1/feedback", rating | {"contributor": "bob"})).status_code == 404
    await platform.contribution(campaign, contributor="bob")
    assert (await platform.post("/v1/feedback", rating | {"contributor": "bob"})).status_code == 201
    eve = await api.platform("Eve")
    assert (await eve.post("/v1/feedback", rating | {"contributor": "bob"})).status_code == 404
    await platform.contribution(await platform.campaign(), contributor="carl")
    carl = await signed_in(platform, "carl")
    assert (await carl.post("/v1/feedback", rating)).json()["rule"] == "took-part"
