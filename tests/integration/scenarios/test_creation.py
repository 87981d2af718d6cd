"""Creation: an article by shares of a pool; a part withdrawn, a fraud found late, the result exported."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.integration.scenarios.crowd import Crowd, commitment_of
from tests.integration.scenarios.lies import green, only, planted, told

POOL, MOST = 100, 40
FUNDS = 500
SCORES = {"ida": "0.5", "jon": "0.3", "kim": "0.3"}
COPIED, GOOD, LATER = 20, 30, 36
"""What Jon's copied picture, Ida's and Jon's next one are paid: 0.5, 0.75 and 0.9 of 40."""


async def test_an_article_and_its_pictures(crowd: Crowd) -> None:
    """Ida, Jon and Kim write parts, Lea takes hers back; one of Jon's pictures turns out to be copied."""
    article = await _call(crowd, {"name": "pool", "total": str(POOL)})
    pictures = await _call(crowd, {"name": "score_rate", "max_amount": str(MOST)})
    work = {person: await crowd.submit(article, person, _part(person)) for person in (*SCORES, "lea")}
    await crowd.post(f"/v1/contributions/{work['lea']}/withdraw", key=await crowd.session("lea"))
    for person, score in SCORES.items():
        await crowd.decide(work[person], score=score, reviewer="editor")
    await crowd.decide(await crowd.submit(pictures, "ida", {"picture": 1}), score="0.75", reviewer="editor")
    work["copied"] = await crowd.submit(pictures, "jon", {"picture": 2})
    copied = await crowd.decide(work["copied"], score="0.5", reviewer="editor")
    await crowd.link(*SCORES)
    await crowd.until_final(article, pictures)
    await crowd.until_in_force(*SCORES)

    early = only(await planted(crowd, {article: POOL}), campaign=article)
    assert (early.award.rule, early.award.claimed, early.award.awarded) == ("not-over", POOL, 0)
    assert "prizes and pools are paid once the campaign is over" in early.detail
    await crowd.settle()
    paid = {"ida": {"score_rate": GOOD}, "jon": {"score_rate": COPIED}}
    assert await crowd.recomputed(pictures) == await crowd.expected(paid)

    # The fraud is found once its pay was published: that is a debt against Jon's later pay, and nobody else's.
    await crowd.decide(work["copied"], "rejected", supersedes=copied, reviewer="second editor")
    await crowd.decide(await crowd.submit(pictures, "jon", {"picture": 3}), score="0.9", reviewer="editor")
    await crowd.post(f"/v1/campaigns/{article}/close")
    await crowd.until_final(pictures)
    await crowd.until(lambda: crowd.book(article).final_entry is not None)
    await _pay(crowd, article, pictures, work)
    await _result(crowd, article, work)
    await green(crowd)


async def _call(crowd: Crowd, policy: dict[str, str]) -> str:
    return await crowd.open(funds=FUNDS, campaign_type="creation", policy=policy, budget=str(FUNDS), appeal_window=1)


def _part(person: str) -> dict[str, str]:
    return {"text": f"A part about wheels by {person}."}


def _shares() -> dict[str, int]:
    """By largest remainder; equal remainders go to the earlier part."""
    tenths = {person: int(score[2:]) for person, score in SCORES.items()}
    whole = sum(tenths.values())
    shares = {person: POOL * weight // whole for person, weight in tenths.items()}
    left = POOL - sum(shares.values())
    for person in sorted(tenths, key=lambda each: -(POOL * tenths[each] % whole))[:left]:
        shares[person] += 1
    return shares


async def _pay(crowd: Crowd, article: str, pictures: str, work: dict[str, str]) -> None:
    shares = _shares()
    assert shares == {"ida": 46, "jon": 27, "kim": 27}
    earned = GOOD + LATER
    finding = only(await planted(crowd, {pictures: earned + COPIED}), campaign=pictures)
    assert (finding.award.rule, finding.award.claimed, finding.award.awarded) == ("reopened", earned + COPIED, earned)
    assert f"contribution {work['copied']}" in finding.detail
    assert "superseded after it was final is void" in finding.detail
    settled = await crowd.settle()
    assert {line["campaign"]: (line["total"], line["final"]) for line in settled["campaigns"]} == {
        article: (str(POOL), True),
        pictures: (str(earned), False),
    }
    assert await crowd.recomputed(article) == await crowd.expected(
        {person: {"pool": units} for person, units in shares.items()}
    )
    assert await crowd.recomputed(pictures) == await crowd.expected(
        {"ida": {"score_rate": GOOD}, "jon": {"score_rate": LATER}}
    )
    await crowd.claim(*SCORES)
    # Jon had 20 of his 36 already, for the copied picture.
    expected = {"ida": shares["ida"] + GOOD, "jon": shares["jon"] + LATER, "kim": shares["kim"]}
    assert {person: crowd.balance(person) for person in SCORES} == expected

    found = await told(crowd, totals={pictures: earned + COPIED})
    assert only(found, campaign=pictures, account=None).award.rule == "reopened"
    found = await told(crowd, moved={"jon": -1, "kim": 1})  # a unit that cannot be divided goes elsewhere
    finding = only(found, contributor=await crowd.public("kim"))
    assert (finding.award.rule, finding.award.claimed, finding.award.awarded) == ("pool", 28, 27)
    assert "Rule pool: the amount is not what this rule gives" in finding.detail
    assert f"contribution {work['kim']}" in finding.detail


async def _result(crowd: Crowd, campaign: str, work: dict[str, str]) -> None:
    """The assembled article is public, and what it was made from is exported with its place in the log."""
    made = await crowd.post(f"/v1/campaigns/{campaign}/results", {"make": "assembly", "public": True})
    public = await crowd.get(f"/v1/results/{made['id']}")
    assert commitment_of(public["opening"]) == public["commitment"]
    article = json.loads(public["opening"]["preimage"])["content"]
    assert [(part["contribution"], part["value"]) for part in article["entries"]] == [
        (work[person], _part(person)) for person in SCORES
    ]
    reply = await crowd.api.http.get(f"/v1/campaigns/{campaign}/export", headers=crowd.platform.headers)
    *lines, end = [json.loads(line) for line in reply.text.splitlines()]
    assert end == {"end": True, "count": len(SCORES)}
    entries = await crowd.entries()
    for person, line in zip(SCORES, lines, strict=True):
        assert (line["contribution"], line["content"]) == (work[person], _part(person))
        assert (line["contributor"], line["score"]) == (await crowd.public(person), SCORES[person])
        _check_place(entries, line)


def _check_place(entries: list[bytes], line: dict[str, Any]) -> None:
    """The line's leaves are those of the entries that it names, which say what it says (RFC 9162, 2.1.1)."""
    for place in (line, line["decision"]):
        assert hashlib.sha256(b"\x00" + entries[place["entry"]]).hexdigest() == place["leaf"]
    submitted, decided = (json.loads(entries[place["entry"]]) for place in (line, line["decision"]))
    assert (submitted["id"], submitted["commitment"]) == (line["contribution"], line["commitment"])
    assert (decided["contribution"], decided["score"]) == (line["contribution"], line["score"])
