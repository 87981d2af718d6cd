"""The main path over HTTP on both databases: every write answers with a receipt that verifies offline."""

from __future__ import annotations

from typing import Any

from ledger.statements import canonical, kinds
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.commitments import Opening, verify_opening
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.tree.keys import LogSigner
from ledger.tree.receipts import Receipt, verify_log_part
from ledger.wire import CampaignWritten, Existing, KeyWritten, Written
from tests.integration.api.running import ADMIN_KEY, BRIEF, Api, Platform


def verified(reply: dict[str, Any], signer: LogSigner) -> kinds.AnyStatement:
    """The statement of a reply's receipt, once the receipt is checked under the log's key."""
    receipt = Receipt.parse(canonical.encode(reply["receipt"]))
    checked = verify_log_part(receipt, signer.verifier_key)
    assert checked.trusted
    assert checked.index == reply["index"]
    return kinds.parse(checked.statement)


async def test_main_path(both: Api, log_signer: LogSigner) -> None:
    platform = await both.platform()
    opened = await platform.post(
        "/v1/campaigns",
        {
            "title": "RTE",
            "type": "rating",
            "brief": BRIEF,
            "terms": {"text": "Answer honestly."},
            "policy": {"name": "score_rate", "max_amount": "7"},
            "budget": "700",
        },
    )
    assert opened.status_code == 201
    assert CampaignWritten.model_validate(opened.json()).onchain is None
    statement = verified(opened.json(), log_signer)
    assert isinstance(statement, CampaignOpened)
    assert statement.terms == canonical.digest({"text": "Answer honestly."})

    task = await platform.post(f"/v1/campaigns/{statement.id}/tasks", {"content": "T: a, H: b", "external_id": "t-1"})
    assert task.status_code == 201
    verified(task.json(), log_signer)

    written = await platform.contribution(statement.id, task_external_id="t-1", content={"answer": "é\u2028", "n": 1})
    submitted = verified(written, log_signer)
    assert isinstance(submitted, ContributionSubmitted)
    assert (submitted.id, submitted.task, submitted.terms) == (written["id"], task.json()["id"], statement.terms)
    assert written["url"] == f"http://crowd.test/c/{written['id']}"
    opening = Opening.parse(canonical.encode(written["opening"]))
    assert verify_opening(opening, submitted.commitment) == {"answer": "é\u2028", "n": 1}

    decided = await platform.decision(written["id"], score="0.5", feedback={"words": "good"}, reviewer="bob")
    made = verified(decided, log_signer)
    assert isinstance(made, DecisionMade)
    assert (made.contribution, made.verdict, made.score, made.method.type) == (
        written["id"],
        "accepted",
        "0.5",
        "human",
    )
    assert Opening.parse(canonical.encode(decided["opening"])).content() == {"words": "good"}

    shown = (await platform.get(f"/v1/contributions/{written['id']}")).json()
    assert shown["content"] == {"answer": "é\u2028", "n": 1}
    assert shown["decision"]["feedback"] == {"words": "good"}
    assert shown["payable_from"] == shown["decision"]["final_from"]
    campaign = (await platform.get(f"/v1/campaigns/{statement.id}")).json()
    assert (campaign["contributions"], campaign["decided"], campaign["accepted"]) == (1, 1, 1)


async def test_reply_is_the_wire_model(platform: Platform) -> None:
    """The hot paths build their replies from bytes; they must be what the model says, no member more or less."""
    campaign = await platform.campaign()
    reply = await platform.contribution(campaign)
    assert Written.model_validate(reply).model_dump() == reply
    assert list(reply) == list(Written.model_fields)


async def test_the_same_again_gives_the_first_receipt(both: Api) -> None:
    platform = await both.platform()
    campaign = await platform.campaign(external_id="c-1")
    assert (await _open(platform, external_id="c-1")).status_code == 200
    first = await platform.contribution(campaign, external_id="x-1")
    again = await platform.post(
        "/v1/contributions",
        {"external_id": "x-1", "content": {"answer": "yes"}, "contributor": "ann", "campaign": campaign},
    )
    assert again.status_code == 200
    assert again.json() == first
    decision = {"contribution_external_id": "x-1", "verdict": "rejected", "feedback": "w", "external_id": "d-1"}
    made = await platform.post("/v1/decisions", decision)
    repeated = await platform.post("/v1/decisions", decision)
    assert (made.status_code, repeated.status_code) == (201, 200)
    assert repeated.json()["receipt"] == made.json()["receipt"]


async def _open(platform: Platform, **more: Any) -> Any:
    return await platform.post(
        "/v1/campaigns",
        {
            "title": "Which sentence follows?",
            "type": "rating",
            "brief": BRIEF,
            "terms": "Answer honestly.",
            "policy": {"name": "piece_rate", "amount": "5"},
            "budget": "5000",
            **more,
        },
    )


async def test_reused_id_with_other_content_is_a_conflict(platform: Platform) -> None:
    campaign = await platform.campaign(external_id="c-1")
    written = await platform.contribution(campaign, external_id="x-1")
    size = (await platform.api.service.reader.head()).size
    other = await platform.post(
        "/v1/contributions",
        {"campaign": campaign, "contributor": "ann", "content": {"answer": "no"}, "external_id": "x-1"},
    )
    second_open = await _open(platform, external_id="c-1", budget="6000")
    for reply, first in ((other, written), (second_open, {"id": campaign, "index": 2})):
        assert reply.status_code == 409
        assert reply.json()["type"] == "/problems/id-reused"
        existing = Existing.model_validate(reply.json()["existing"]).model_dump()
        assert existing["id"] == first["id"]
        assert existing["receipt"] == (await platform.get(f"/v1/entries/{first['index']}/receipt")).json()
        assert existing["url"].endswith(first["id"])
    assert other.json()["existing"] == {name: written[name] for name in ("id", "index", "url", "receipt")}
    assert (await platform.api.service.reader.head()).size == size


async def test_a_batch_says_what_a_reused_id_names(platform: Platform) -> None:
    campaign = await platform.campaign()
    written = await platform.contribution(campaign, external_id="x-1", content=1)
    line = {"campaign": campaign, "contributor": "ann", "external_id": "x-1"}
    lines = [line | {"content": content} for content in (2, 1, 3)] + [line | {"external_id": "x-2", "content": 2}]
    results = (await platform.post("/v1/contributions/batch", {"items": lines})).json()["results"]
    assert [result["code"] for result in results] == [409, 200, 409, 201]
    for result in (results[0], results[2]):
        assert result["existing"] == {name: written[name] for name in ("id", "index", "url", "receipt")}
    assert "existing" not in results[1]


async def test_batch_keeps_order_and_independence(both: Api, log_signer: LogSigner) -> None:
    platform = await both.platform()
    campaign = await platform.campaign()
    good = {"campaign": campaign, "contributor": "ann", "content": 1, "external_id": "b-1"}
    items: list[Any] = [
        good,
        {"campaign": campaign, "contributor": "ann"},
        "not an object",
        {**good, "content": 2},
        good,
        {**good, "external_id": "b-2", "task_external_id": "no such task"},
        {**good, "external_id": "b-3"},
    ]
    reply = await platform.post("/v1/contributions/batch", {"items": items})
    assert reply.status_code == 200
    results = reply.json()["results"]
    assert [result["code"] for result in results] == [201, 422, 400, 409, 200, results[5]["code"], 201]
    assert results[5]["code"] in (404, 409)
    assert results[1]["field"] == "content"
    assert results[4]["receipt"] == results[0]["receipt"]
    for result in (results[0], results[6]):
        verified(result, log_signer)
    decisions = await platform.post(
        "/v1/decisions/batch",
        {
            "items": [
                {"contribution_external_id": "b-1", "verdict": "accepted"},
                {"contribution_external_id": "unknown", "verdict": "accepted"},
                {"verdict": "accepted"},
                {"contribution_external_id": "b-3", "verdict": "rejected", "feedback": "w", "method": {"type": "gold"}},
            ]
        },
    )
    assert [result["code"] for result in decisions.json()["results"]] == [201, 404, 422, 201]
    tasks = await platform.post(f"/v1/campaigns/{campaign}/tasks/batch", {"items": [{"content": 1}, {"contents": 1}]})
    assert [result["code"] for result in tasks.json()["results"]] == [201, 422]


async def test_platform_key_is_shown_once(api: Api) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    first = await api.http.post("/v1/platforms", json={"name": "P", "external_id": "p"}, headers=headers)
    again = await api.http.post("/v1/platforms", json={"name": "P", "external_id": "p"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert KeyWritten.model_validate(first.json()).key is not None
    assert again.json()["key"] is None
    assert again.json()["id"] == first.json()["id"]


async def test_keys_are_added_and_revoked(platform: Platform) -> None:
    made = (await platform.post("/v1/keys", {"scopes": ["submit"]})).json()
    key_id = made["key"].split("_")[1]
    other = Platform(platform.api, platform.id, made["key"])
    campaign = await platform.campaign()
    await other.contribution(campaign)
    listed = (await platform.get("/v1/keys")).json()["items"]
    assert {"id": key_id, "scopes": ["submit"], "expires": None, "last_used": None} in listed
    assert made["key"] not in str(listed)
    revoked = await platform.api.http.delete(f"/v1/keys/{key_id}", headers=platform.headers)
    assert revoked.status_code == 201
    refused = await other.post("/v1/contributions", {"campaign": campaign, "contributor": "ann", "content": 1})
    assert refused.status_code == 401
    missing = await platform.api.http.delete("/v1/keys/0000000000000000", headers=platform.headers)
    assert missing.status_code == 404


async def test_closed_campaign_takes_nothing(platform: Platform) -> None:
    campaign = await platform.campaign()
    assert (await platform.post(f"/v1/campaigns/{campaign}/close")).status_code == 201
    late = await platform.post("/v1/contributions", {"campaign": campaign, "contributor": "ann", "content": 1})
    assert late.status_code == 409
    assert late.json()["rule"] == "campaign-open"
    assert (await platform.get(f"/v1/campaigns/{campaign}")).json()["closed"] is True


async def test_what_is_done_once_is_answered_with_the_entry_that_did_it(both: Api) -> None:
    """A client whose reply was lost sends the same again, and needs no external id to be safe."""
    platform = await both.platform()
    path = f"/v1/campaigns/{await platform.campaign()}"

    async def repeated(act: str, body: Any = None) -> int:
        first, second = [await platform.post(f"{path}/{act}", body) for _ in range(2)]
        assert (first.status_code, second.status_code) == (201, 200), (act, second.text)
        assert second.json()["receipt"] == first.json()["receipt"]
        return int(first.json()["index"])

    await repeated("amend", {"version": 2, "budget": "6000"})
    other = await platform.post(f"{path}/amend", {"version": 2, "budget": "7000"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/rule-broken")
    assert await repeated("pause") < await repeated("resume") < await repeated("pause") < await repeated("resume")
    await repeated("close")
