"""Auditors with a mandate: each opening stands in the log before it is given."""

from __future__ import annotations

from typing import Any

import pytest

from api.attempts import Attempts
from ledger.statements import canonical, kinds
from ledger.statements.commitments import Opening, verify_opening
from ledger.statements.contents import AuditorMandated, ContentOpened
from ledger.statements.contributions import ContributionSubmitted
from tests.integration.api.running import ON_BOTH, Api, Platform
from tests.integration.api.test_problems import NOWHERE, check

UNTIL = "2099-01-01T00:00:00Z"


async def mandate(platform: Platform, **more: Any) -> tuple[str, dict[str, str]]:
    reply = await platform.post("/v1/mandates", {"name": "Audit & Co", "until": UNTIL} | more)
    assert reply.status_code == 201, reply.text
    token = reply.json()["token"]
    assert token not in (await platform.get("/v1/mandates")).text
    return reply.json()["id"], {"Authorization": f"Bearer {token}"}


@ON_BOTH
async def test_an_opening_is_logged_and_then_given(both: Api) -> None:
    platform = await both.platform()
    work = await platform.contribution(await platform.campaign(), content="the secret answer")
    decision = await platform.decision(work["id"], feedback="the secret words")
    auditor, headers = await mandate(platform)
    reader = both.service.reader
    for purpose, subject, content in (
        ("contribution", work["id"], "the secret answer"),
        ("feedback", decision["id"], "the secret words"),
    ):
        reply = await both.http.get(f"/v1/mandates/{auditor}/openings/{purpose}/{subject}", headers=headers)
        assert reply.status_code == 200, reply.text
        (data,) = await reader.statements(reply.json()["index"], reply.json()["index"] + 1)
        opened = kinds.parse(data)
        assert isinstance(opened, ContentOpened)
        assert (opened.mandate, opened.purpose, opened.subject) == (auditor, purpose, subject)
        assert Opening.parse(canonical.encode(reply.json()["opening"])).content() == content
    submitted = kinds.parse((await reader.statements(work["index"], work["index"] + 1))[0])
    assert isinstance(submitted, ContributionSubmitted)
    reply = await both.http.get(f"/v1/mandates/{auditor}/openings/contribution/{work['id']}", headers=headers)
    opening = Opening.parse(canonical.encode(reply.json()["opening"]))
    assert verify_opening(opening, submitted.commitment) == "the secret answer"
    (line,) = (await platform.get("/v1/mandates")).json()["items"]
    assert (line["id"], line["opened"], line["campaign"]) == (auditor, 3, None)
    given = kinds.parse((await reader.statements(line["index"], line["index"] + 1))[0])
    assert isinstance(given, AuditorMandated)


async def test_wrong_tokens_learn_nothing(platform: Platform) -> None:
    work = await platform.contribution(await platform.campaign())
    auditor, headers = await mandate(platform)
    _, other = await mandate(platform)
    size = (await platform.api.service.reader.head()).size
    path = f"/v1/mandates/{auditor}/openings/contribution/{work['id']}"
    good = headers["Authorization"]
    wrong = [{}, other, platform.headers, {"Authorization": good[:-1] + ("0" if good[-1] != "0" else "1")}]
    wrong += [{"Authorization": good.replace("Bearer", "Basic")}, {"Authorization": "Bearer "}]
    for each in wrong:
        problem = check(await platform.api.http.get(path, headers=each), 401, "unauthorized")
        never = path.replace(auditor, NOWHERE)
        assert check(await platform.api.http.get(never, headers=each), 401, "unauthorized") == problem | {
            "instance": never
        }
    assert (await platform.api.service.reader.head()).size == size


@pytest.mark.parametrize("purpose", ["contribution", "task", "secret", "result"])
async def test_what_cannot_be_opened(platform: Platform, purpose: str) -> None:
    auditor, headers = await mandate(platform)
    for subject in (NOWHERE, "x"):
        path = f"/v1/mandates/{auditor}/openings/{purpose}/{subject}"
        check(await platform.api.http.get(path, headers=headers), 404, "not-found")


async def test_a_mandate_covers_what_it_says(platform: Platform) -> None:
    one, other = await platform.campaign(), await platform.campaign()
    auditor, headers = await mandate(platform, campaign=one)
    eve = await platform.api.platform("Eve")
    theirs = await eve.contribution(await eve.campaign())
    hers = {"name": "Eve", "until": UNTIL, "campaign": one}
    check(await eve.post("/v1/mandates", hers), 404, "not-found")
    mine, not_mine = await platform.contribution(one), await platform.contribution(other)
    base = f"/v1/mandates/{auditor}/openings/contribution"
    assert (await platform.api.http.get(f"{base}/{mine['id']}", headers=headers)).status_code == 200
    for each in (not_mine, theirs):
        check(await platform.api.http.get(f"{base}/{each['id']}", headers=headers), 404, "not-found")


async def test_a_mandate_ends(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    work = await platform.contribution(await platform.campaign())
    over = {"name": "Late", "until": "2020-01-01T00:00:00Z"}
    assert check(await platform.post("/v1/mandates", over), 409, "rule-broken")["rule"] == "mandate-in-time"
    auditor, headers = await mandate(platform)
    monkeypatch.setattr("api.routes.mandates.time.time_ns", lambda: 5_000_000_000_000_000_000)
    reply = await platform.api.http.get(f"/v1/mandates/{auditor}/openings/contribution/{work['id']}", headers=headers)
    check(reply, 403, "forbidden")


async def test_an_auditor_does_not_fill_the_log(platform: Platform) -> None:
    """Each opening is an entry for good, and an auditor is a stranger to the operator."""
    platform.api.service.openings = Attempts(per_address=2, in_all=3)
    work = await platform.contribution(await platform.campaign())
    codes = []
    for _ in range(2):
        auditor, headers = await mandate(platform)
        path = f"/v1/mandates/{auditor}/openings/contribution/{work['id']}"
        codes += [(await platform.api.http.get(path, headers=headers)).status_code for _ in range(3)]
    assert codes == [200, 200, 429, 200, 429, 429]


async def test_a_contributor_is_told_who_looked(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign()
    mine, bobs = await platform.contribution(campaign), await platform.contribution(campaign, contributor="bob")
    decision = await platform.decision(mine["id"], feedback="Well done.")
    auditor, headers = await mandate(platform)
    for purpose, subject in (("contribution", mine), ("contribution", bobs), ("feedback", decision)):
        path = f"/v1/mandates/{auditor}/openings/{purpose}/{subject['id']}"
        assert (await both.http.get(path, headers=headers)).status_code == 200
    told = (await platform.get("/v1/contributors/ann/export")).json()["opened"]
    assert [(each["auditor"], each["purpose"], each["subject"]) for each in told] == [
        ("Audit & Co", "contribution", mine["id"]),
        ("Audit & Co", "feedback", decision["id"]),
    ]
    assert all(each["receipt"]["v"] == 1 for each in told)
