"""Solving: a contest of sealed entries, three judges with criteria, a tie, a minimum, an appeal that nobody answers."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.api.running import BRIEF, ORIGIN
from tests.integration.scenarios.crowd import Crowd, random_salt
from tests.integration.scenarios.lies import green, only, planted, told

PRIZES = [100, 60, 31]
LEAST = 600_000
REVIEWER_RATE = 4
FUNDS = 1000
SEALED_SECONDS = 3.0
REVEAL_SECONDS = 2.5
APPEAL_SECONDS = 2
CRITERIA = {"novelty": 2, "use": 1}
# What three judges give each entry, novelty and use; two of three must accept.
SCORES = {
    "bea": (("0.9", "0.6"), ("0.8", "0.8"), ("0.7", "1")),
    "cid": (("0.8", "0.8"), ("0.8", "0.8"), ("0.8", "0.8")),
    "dov": (("0.4", "0.4"), ("0.5", "0.5"), ("0.3", "0.6")),
    "fay": (("0.2", "0.1"), ("0.1", "0.3"), ("0.9", "0.9")),
}
VERDICTS = {"fay": ("rejected", "rejected", "accepted")}


async def test_a_contest(crowd: Crowd) -> None:
    """Bea and Cid tie, Dov stays below the minimum, Eli does not open his entry, Gus copied Bea's, Fay appeals."""
    deadline = datetime.now(UTC) + timedelta(seconds=SEALED_SECONDS)
    campaign = await _open(crowd, deadline)
    openings = {person: await _sealed(crowd, campaign, person) for person in (*SCORES, "eli")}
    work = {person: opening.pop("contribution") for person, opening in openings.items()}
    work["gus"] = await _copied(crowd, campaign, openings["bea"])
    await crowd.link(*SCORES)
    assert not any(_in_database(crowd, person) for person in openings)
    await crowd.until(lambda: datetime.now(UTC) > deadline)
    await _reveal(crowd, work, openings)
    assert [person for person in openings if _in_database(crowd, person)] == list(SCORES)
    await _judge(crowd, campaign, work)
    await crowd.link("judge-0", "judge-1", "judge-2")
    key = await crowd.session("fay")
    await crowd.post("/v1/appeals", {"contribution": work["fay"], "grounds": "Two never read it."}, key=key)
    await crowd.until(lambda: crowd.book(campaign).final_entry is not None)
    await _pay(crowd, campaign, work)


async def _open(crowd: Crowd, deadline: datetime) -> str:
    criteria = [{"name": name, "text": f"How much {name} there is."} for name in CRITERIA]
    weights = [{"name": name, "weight": weight} for name, weight in CRITERIA.items()]
    until = deadline + timedelta(seconds=REVEAL_SECONDS)
    return await crowd.open(
        funds=FUNDS,
        campaign_type="solving",
        brief=BRIEF | {"mode": "competition", "criteria": criteria},
        policy={"name": "prizes", "amounts": [str(each) for each in PRIZES], "min_score": "0.6"},
        budget=str(FUNDS),
        reviewer_rate=str(REVIEWER_RATE),
        judging={"judges": 3, "agree": 2, "criteria": weights},
        sealed={"deadline": deadline.isoformat(), "reveal_until": until.isoformat()},
        appeal_deadline=APPEAL_SECONDS,
        appeal_default="accepted",
    )


def _secret(person: str) -> str:
    return f"The wheel, but better, says {person}."


async def _sealed(crowd: Crowd, campaign: str, person: str) -> dict[str, str]:
    """Somebody seals an entry with a salt of their own; the service sees the commitment only."""
    who, salt = str(uuid.uuid4()), random_salt()
    place = {"v": 1, "purpose": "contribution", "log": ORIGIN, "campaign": campaign, "contributor": who}
    content = {"content": {"idea": _secret(person)}}
    preimage = json.dumps(place | content, sort_keys=True, separators=(",", ":"))
    commitment = hashlib.sha256(b"\x43" + salt + preimage.encode()).hexdigest()
    sent = {"campaign": campaign, "contributor": person, "contributor_id": who, "commitment": commitment}
    written = await crowd.post("/v1/contributions", sent)
    return {"contribution": written["id"], "salt": salt.hex(), "preimage": preimage}


async def _copied(crowd: Crowd, campaign: str, opening: dict[str, str]) -> str:
    """Gus sends the commitment that he saw in the log as his own."""
    data = b"\x43" + bytes.fromhex(opening["salt"]) + opening["preimage"].encode()
    commitment = hashlib.sha256(data).hexdigest()
    sent = {"campaign": campaign, "contributor": "gus", "contributor_id": str(uuid.uuid4()), "commitment": commitment}
    return str((await crowd.post("/v1/contributions", sent))["id"])


def _in_database(crowd: Crowd, person: str) -> bool:
    """Whether the content stands anywhere in what the operator keeps."""
    path = crowd.config.database_url.partition("///")[2]
    kept = [each for each in crowd.folder.rglob("*") if each.is_file()]
    assert any(str(each) == path or path.endswith(each.name) for each in kept)
    return any(_secret(person).encode() in each.read_bytes() for each in kept)


async def _reveal(crowd: Crowd, work: dict[str, str], openings: dict[str, dict[str, str]]) -> None:
    for person in SCORES:
        path = f"/v1/contributions/{work[person]}/reveal"
        await crowd.post(path, {"opening": openings[person]}, key=await crowd.session(person))
    stolen = await crowd.post(f"/v1/contributions/{work['gus']}/reveal", {"opening": openings["bea"]}, code=422)
    assert "contributor" in stolen["detail"]


async def _judge(crowd: Crowd, campaign: str, work: dict[str, str]) -> None:
    """Each judge is given what they have not judged, blind."""
    for number in range(3):
        judge = f"judge-{number}"
        queue = (await crowd.get(f"/v1/campaigns/{campaign}/queue", reviewer=judge))["items"]
        assert {item["contribution"] for item in queue} == {work[person] for person in SCORES}
        assert not {"contributor", "reviews", "author"} & queue[0].keys()
        for person, scores in SCORES.items():
            review: dict[str, Any] = {
                "contribution": work[person],
                "reviewer": judge,
                "verdict": VERDICTS.get(person, ("accepted",) * 3)[number],
                "scores": list(scores[number]),
                "words": f"Said {judge}.",
            }
            decision = (await crowd.post("/v1/reviews", review))["decision"]
            assert (decision is None) == (number < 2)


def _score(person: str) -> int:
    """The mean of the judges' weighted means, in millionths."""
    means = []
    for given in SCORES[person]:
        millionths = [round(float(text) * 10**6) for text in given]
        means.append(sum(map(int.__mul__, millionths, CRITERIA.values())) // sum(CRITERIA.values()))
    return sum(means) // len(means)


async def _pay(crowd: Crowd, campaign: str, work: dict[str, str]) -> None:
    scores = {person: _score(person) for person in ("bea", "cid", "dov")} | {"fay": 10**6}  # by the declared default
    assert scores["bea"] == scores["cid"] > LEAST > scores["dov"]
    shared = PRIZES[1] + PRIZES[2]
    awards = {
        "fay": {"prizes": PRIZES[0]},
        "bea": {"prizes": shared - shared // 2},  # what cannot be divided goes to the earlier entry
        "cid": {"prizes": shared // 2},
    } | {f"judge-{number}": {"reviewer_rate": len(SCORES) * REVIEWER_RATE} for number in range(3)}
    total = sum(PRIZES) + 3 * len(SCORES) * REVIEWER_RATE

    finding = only(await planted(crowd, {campaign: total + PRIZES[0]}), campaign=campaign)
    assert (finding.award.rule, finding.award.claimed, finding.award.awarded) == ("prizes", total + 100, total)
    assert f"each award is paid once, and contribution {work['fay']}" in finding.detail
    assert "appealed in entry" in finding.detail
    await crowd.until_in_force(*awards)
    settled = await crowd.settle()
    assert [(line["total"], line["final"]) for line in settled["campaigns"]] == [(str(total), True)]
    assert await crowd.recomputed(campaign) == await crowd.expected(awards)
    await crowd.claim(*awards)
    assert {person: crowd.balance(person) for person in awards} == {
        person: sum(rules.values()) for person, rules in awards.items()
    }
    await green(crowd)

    found = await told(crowd, totals={campaign: total + REVIEWER_RATE})
    assert only(found, campaign=campaign, account=None).award.rule == "reviewer_rate"
    found = await told(crowd, moved={"bea": 14, "cid": -14})  # a tie broken
    for person, claimed, awarded in (("bea", 60, 46), ("cid", 31, 45)):
        finding = only(found, contributor=await crowd.public(person))
        assert (finding.award.claimed, finding.award.awarded) == (claimed, awarded)
        assert "Rule prizes: the amount is not what this rule gives" in finding.detail
        assert "places 2 to 3 shared by 2 with the equal score 0.8" in finding.detail
