"""Results: published, counted again by a stranger, exported with their provenance."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ledger.consensus.tally import count
from ledger.log.items import EraseContent
from ledger.statements import canonical, kinds
from ledger.statements.commitments import Opening, verify_opening
from ledger.statements.results import ResultPublished
from ledger.tree import merkle
from tests.integration.api.running import ON_BOTH, Api, Platform
from tests.integration.api.test_problems import NOWHERE, check


async def poll(platform: Platform, answers: str = "yyn") -> tuple[str, list[str]]:
    """A campaign with an accepted answer for each letter, and one that was rejected."""
    campaign = await platform.campaign()
    works = []
    for number, letter in enumerate([*answers, "x"]):
        content = {"answer": letter, "why": "a secret reason"}
        work = await platform.contribution(campaign, contributor=f"c{number}", content=content)
        verdict = "rejected" if letter == "x" else "accepted"
        await platform.decision(work["id"], verdict=verdict, score="0.5" if letter == "n" else "1")
        works.append(work["id"])
    return campaign, works


async def publish(platform: Platform, campaign: str, **body: Any) -> dict[str, Any]:
    reply = await platform.post(f"/v1/campaigns/{campaign}/results", body)
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


@ON_BOTH
async def test_anybody_can_count_a_tally_again(both: Api) -> None:
    platform = await both.platform()
    campaign, works = await poll(platform)
    made = await publish(platform, campaign, make="tally", field="answer")
    shown = (await both.http.get(f"/v1/results/{made['id']}")).json()
    (data,) = await both.service.reader.statements(made["index"], made["index"] + 1)
    statement = kinds.parse(data)
    assert isinstance(statement, ResultPublished)
    opening = Opening.parse(canonical.encode(shown["opening"]))
    document: Any = verify_opening(opening, statement.commitment)
    assert (
        document
        == shown["result"]
        == {
            "method": "tally",
            "tally": {"y": 2, "n": 1},
            "entries": [{"contribution": work, "value": value} for work, value in zip(works, "yyn", strict=False)],
        }
    )
    assert count(document["method"], document["entries"]) == document["tally"]
    assert statement.entries == shown["entries"] == canonical.digest(works[:3])
    assert (statement.count, statement.method.parameters) == (3, {"field": "answer"})
    plain = await both.http.get(f"/v1/results/{made['id']}/document")
    assert plain.content == canonical.encode(document)
    assert "a secret reason" not in plain.text
    listed = (await both.http.get(f"/v1/campaigns/{campaign}/results")).json()
    assert [(each["id"], each["method"], each["count"]) for each in listed["items"]] == [(made["id"], "tally", 3)]


async def test_ranking_labels_and_assembly(platform: Platform) -> None:
    campaign, works = await poll(platform, "yn")
    ranking = await publish(platform, campaign, make="ranking")
    document = (await platform.api.http.get(f"/v1/results/{ranking['id']}")).json()["result"]
    assert [(each["contribution"], each["place"]) for each in document["tally"]] == [(works[0], 1), (works[1], 2)]
    assembled = await publish(platform, campaign, make="assembly", public=True)
    document = (await platform.api.http.get(f"/v1/results/{assembled['id']}")).json()["result"]
    assert [each["value"]["answer"] for each in document["entries"]] == ["y", "n"]
    labels = await publish(platform, campaign, make="labels", field="answer")
    document = (await platform.api.http.get(f"/v1/results/{labels['id']}")).json()["result"]
    assert document["tally"] == {"": {"label": None, "votes": 1, "answers": 2}}


async def test_a_result_of_the_platforms_own(platform: Platform) -> None:
    campaign, works = await poll(platform)
    body = {"result": {"text": "All together."}, "method": {"name": "edited", "version": "3"}, "entries": works[:2]}
    made = await publish(platform, campaign, **body, external_id="r-1")
    again = await platform.post(f"/v1/campaigns/{campaign}/results", body | {"external_id": "r-1"})
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    shown = (await platform.api.http.get(f"/v1/results/{made['id']}")).json()
    assert (shown["result"], shown["count"]) == ({"text": "All together."}, 2)
    path = f"/v1/campaigns/{campaign}/results"
    for wrong, field in (
        ({}, "result"),
        ({"result": 1, "method": body["method"]}, "entries"),
        ({"make": "tally", "result": 1}, "result"),
        ({"make": "sum"}, "make"),
        (body | {"field": "x"}, "field"),
        (body | {"entries": []}, "entries"),
        (body | {"method": {"name": "Big", "version": "1"}}, "method.name"),
        ({"make": "tally", "field": "nothing"}, "nothing"),
    ):
        assert check(await platform.post(path, wrong), 422, "field-invalid")["field"] == field
    check(await platform.post(path, body | {"entries": [NOWHERE]}), 404, "not-found")
    other = (await platform.contribution(await platform.campaign()))["id"]
    check(await platform.post(path, body | {"entries": [other]}), 404, "not-found")
    empty = f"/v1/campaigns/{await platform.campaign()}/results"
    assert check(await platform.post(empty, {"make": "tally"}), 422, "field-invalid")["field"] == "make"


async def test_made_again_is_what_was_made_first(platform: Platform) -> None:
    campaign, _ = await poll(platform)
    made = await publish(platform, campaign, make="ranking", external_id="r-1")
    late = await platform.contribution(campaign, contributor="late")
    await platform.decision(late["id"])
    path = f"/v1/campaigns/{campaign}/results"
    again = await platform.post(path, {"make": "ranking", "external_id": "r-1"})
    assert (again.status_code, again.json()["receipt"]) == (200, made["receipt"])
    check(await platform.post(path, {"make": "tally", "external_id": "r-1"}), 409, "id-reused")


async def test_private_results_show_nothing(platform: Platform) -> None:
    campaign, _ = await poll(platform)
    made = await publish(platform, campaign, make="assembly")
    shown = await platform.api.http.get(f"/v1/results/{made['id']}")
    assert (shown.json()["result"], shown.json()["opening"], shown.json()["count"]) == (None, None, 3)
    assert "a secret reason" not in shown.text
    check(await platform.api.http.get(f"/v1/results/{made['id']}/document"), 404, "not-found")
    check(await platform.api.http.get(f"/v1/results/{NOWHERE}"), 404, "not-found")


async def test_a_large_document_is_a_file(platform: Platform) -> None:
    campaign = await platform.campaign()
    for number in range(3):
        work = await platform.contribution(campaign, contributor=f"c{number}", content=str(number) * 120_000)
        await platform.decision(work["id"])
    made = await publish(platform, campaign, make="assembly", public=True)
    shown = (await platform.api.http.get(f"/v1/results/{made['id']}")).json()
    assert shown["result"].keys() == {"sha256", "bytes", "type"}
    reply = await platform.api.http.get(f"/v1/results/{made['id']}/document")
    assert hashlib.sha256(reply.content).hexdigest() == shown["result"]["sha256"]
    document = canonical.decode(reply.content)
    assert isinstance(document, dict)
    assert document["tally"] == 3


async def test_a_result_gives_no_file_of_another_platform(platform: Platform) -> None:
    file = (await platform.post("/v1/files", {"file": "the secret file"})).json()
    eve = await platform.api.platform("Eve")
    campaign, works = await poll(eve)
    body = {"result": file, "method": {"name": "theft", "version": "1"}, "entries": works[:1]}
    made = await publish(eve, campaign, **body)
    reply = await platform.api.http.get(f"/v1/results/{made['id']}/document")
    check(reply, 404, "not-found")
    assert "secret" not in reply.text


async def test_export_with_provenance(both: Api) -> None:
    platform = await both.platform()
    campaign, works = await poll(platform, "y" * 5)
    await both.service.writer.write(
        EraseContent(platform=platform.id, purpose="contribution", subject=works[1], reason="wish")
    )
    reply = await platform.get(f"/v1/campaigns/{campaign}/export")
    assert reply.headers["content-type"] == "application/x-ndjson"
    *lines, end = [json.loads(line) for line in reply.text.splitlines()]
    assert end == {"end": True, "count": 5}
    assert [line["contribution"] for line in lines] == works[:5]
    assert [line["erased"] for line in lines] == [False, True, False, False, False]
    for line in lines:
        for place in (line, line["decision"]):
            (data,) = await both.service.reader.statements(place["entry"], place["entry"] + 1)
            assert merkle.leaf_hash(data).hex() == place["leaf"]
        assert line["decision"]["verdict"] == "accepted"
    assert lines[0]["content"] == {"answer": "y", "why": "a secret reason"}
    assert "c0" not in {line["contributor"] for line in lines}
    left = await publish(platform, campaign, make="tally", field="answer")
    shown = (await both.http.get(f"/v1/results/{left['id']}")).json()["result"]
    assert shown["tally"] == {"y": 4}  # what was erased cannot be counted


async def test_what_the_default_accepted_counts(platform: Platform) -> None:
    campaign = await platform.campaign(decision_deadline=0, appeal_window=0)
    work = await platform.contribution(campaign)
    await platform.contribution(campaign, contributor="bob")
    lines = (await platform.get(f"/v1/campaigns/{campaign}/export")).text.splitlines()
    first = json.loads(lines[0])
    assert (first["contribution"], first["decision"], first["score"]) == (work["id"], None, "1")
