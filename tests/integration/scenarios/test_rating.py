"""Rating: a survey with one entry a person, flat pay, an appeal, a tally that anybody counts again, and an erasure."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ledger.tree.keys import VerifierKey
from ledger.tree.receipts import Receipt, verify_log_part
from tests.integration.scenarios.crowd import Crowd, commitment_of
from tests.integration.scenarios.lies import green, only, planted, told

RATE = 10
BUDGET = 1000


async def test_a_survey(crowd: Crowd) -> None:
    """Ann and Ben answer, Cem's answer is invalid, Dee's rejection is overturned, Eve finds no place any more."""
    campaign = await crowd.open(
        funds=BUDGET,
        policy={"name": "piece_rate", "amount": str(RATE)},
        budget=str(BUDGET),
        limits={"participants": 4, "per_person": 1},
    )
    work = await _answers(crowd, campaign)
    await _decisions(crowd, work)
    await _appeal(crowd, work["dee"])
    await crowd.link("ann", "ben", "dee")
    await crowd.until_final(campaign)
    await _pay(crowd, campaign, work)
    result = await _tally(crowd, campaign)
    await green(crowd)
    await _erasure(crowd, campaign, work, result)


async def _answers(crowd: Crowd, campaign: str) -> dict[str, str]:
    said = {"ann": "yes", "ben": "no", "cem": "perhaps", "dee": "YES"}
    work = {person: await crowd.submit(campaign, person, {"answer": answer}) for person, answer in said.items()}
    assert await crowd.submit(campaign, "ann", {"answer": "no"}, code=409) == "limit-per-person"
    assert await crowd.submit(campaign, "eve", {"answer": "no"}, code=409) == "limit-participants"
    return work


async def _decisions(crowd: Crowd, work: dict[str, str]) -> None:
    for person in ("ann", "ben"):
        await crowd.decide(work[person], reviewer="editor")
    for person in ("cem", "dee"):
        await crowd.decide(
            work[person], "rejected", reviewer="editor", feedback={"why": f"Neither yes nor no, {person}."}
        )
    refused = await crowd.post(
        "/v1/decisions", {"contribution": work["ann"], "verdict": "rejected", "reviewer": "editor"}, code=409
    )
    assert refused["rule"] in ("supersedes-standing", "feedback-given")


async def _appeal(crowd: Crowd, contribution: str) -> None:
    """Dee sees why, appeals without a wallet, and another person than the editor looks again."""
    key = await crowd.session("dee")
    (mine,) = (await crowd.get("/v1/contributors/me/contributions", key=key))["items"]
    assert (mine["state"], mine["decision"]["feedback"]) == ("decided", {"why": "Neither yes nor no, dee."})
    appeal = await crowd.post("/v1/appeals", {"contribution": contribution, "grounds": "I shouted yes."}, key=key)
    said = {"verdict": "accepted", "reason": {"why": "It is a yes."}}
    resolve = f"/v1/appeals/{appeal['id']}/resolve"
    refused = await crowd.post(resolve, said | {"reviewer": "editor"}, code=409)
    assert refused["rule"] == "judged-by-another"
    assert (await crowd.post(resolve, said | {"reviewer": "second editor"}))["changed"]
    (mine,) = (await crowd.get("/v1/contributors/me/contributions", key=key))["items"]
    assert (mine["state"], mine["decision"]["verdict"]) == ("final", "accepted")


async def _pay(crowd: Crowd, campaign: str, work: dict[str, str]) -> None:
    valid = ["ann", "ben", "dee"]
    finding = only(await planted(crowd, {campaign: RATE * 4}), campaign=campaign)
    assert (finding.award.rule, finding.award.claimed, finding.award.awarded) == ("rejected", 40, 30)
    assert f"contribution {work['cem']}" in finding.detail
    assert "only what was accepted earns" in finding.detail
    await crowd.until_in_force(*valid)
    settled = await crowd.settle()
    assert [(line["campaign"], line["total"], line["final"]) for line in settled["campaigns"]] == [
        (campaign, str(RATE * len(valid)), False)
    ]
    assert await crowd.recomputed(campaign) == await crowd.expected({each: {"piece_rate": RATE} for each in valid})
    await crowd.claim(*valid)
    assert [crowd.balance(person) for person in valid] == [RATE] * len(valid)

    found = await told(crowd, totals={campaign: RATE * 4})
    assert only(found, campaign=campaign, account=None).award.rule == "rejected"
    found = await told(crowd, moved={"ann": RATE, "ben": -RATE})
    lost = only(found, contributor=await crowd.public("ben"))
    gained = only(found, contributor=await crowd.public("ann"))
    assert (lost.award.claimed, lost.award.awarded, gained.award.claimed, gained.award.awarded) == (0, 10, 20, 10)
    assert "Rule piece_rate: what is final is paid" in lost.detail
    assert "Rule piece_rate: each award is paid once" in gained.detail


async def _tally(crowd: Crowd, campaign: str) -> str:
    """The tally is published; a stranger opens and counts it."""
    made = await crowd.post(f"/v1/campaigns/{campaign}/results", {"make": "tally", "field": "answer"})
    public = (await crowd.api.http.get(f"/v1/results/{made['id']}")).json()
    assert commitment_of(public["opening"]) == public["commitment"]
    document = json.loads(public["opening"]["preimage"])["content"]
    counted: dict[str, int] = {}
    for entry in document["entries"]:
        counted[entry["value"]] = counted.get(entry["value"], 0) + 1
    assert counted == document["tally"] == {"yes": 1, "no": 1, "YES": 1}
    names = [entry["contribution"] for entry in document["entries"]]
    assert hashlib.sha256(json.dumps(names, separators=(",", ":")).encode()).hexdigest() == public["entries"]
    return str(made["id"])


async def _erasure(crowd: Crowd, campaign: str, work: dict[str, str], result: str) -> None:
    """Ben's content goes at his wish: receipts, log and audit stay whole, and the audit says what it cannot see."""
    kept = await crowd.get(f"/v1/contributions/{work['ben']}/receipt")
    folder = await _openings(crowd, work, result)
    counted = {check.name: check.evidence for check in (await crowd.audit(folder)).checks}
    assert "counted again: 1 of 1" in counted["results"]
    assert "say: 3, not compared: 0" in counted["results"]

    erased = await crowd.post("/v1/contributors/ben/erase", {"reason": "wish"}, code=200)
    assert erased["contents"] == 1
    gone = await crowd.api.http.get(f"/v1/contributions/{work['ben']}/opening", headers=crowd.platform.headers)
    assert gone.status_code in (404, 410)
    (folder / "contribution" / f"{work['ben']}.json").unlink()
    report = await green(crowd, await crowd.audit(folder))
    said = {check.name: check.evidence for check in report.checks}
    assert "erased: 1 (wish 1, law 0, retention 0)" in said["contents"]
    assert "no longer verifiable, because erased: 1" in said["openings"]
    assert "say: 2, not compared: 1" in said["results"]
    now = await crowd.get(f"/v1/contributions/{work['ben']}/receipt")
    key = VerifierKey.parse(kept["key"])
    for receipt in (kept, now):
        data = json.dumps(receipt, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
        assert work["ben"] in verify_log_part(Receipt.parse(data), key).statement.decode()


async def _openings(crowd: Crowd, work: dict[str, str], result: str) -> Path:
    """The openings that an auditor was given, as a folder."""
    given: dict[tuple[str, str], Any] = {
        ("contribution", each): await crowd.get(f"/v1/contributions/{each}/opening")
        for person, each in work.items()
        if person != "cem"
    }
    given["result", result] = (await crowd.get(f"/v1/results/{result}"))["opening"]
    folder = crowd.folder / "openings"
    for (purpose, subject), opening in given.items():
        path = folder / purpose / f"{subject}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(opening, separators=(",", ":"), sort_keys=True, ensure_ascii=False))
    return folder
