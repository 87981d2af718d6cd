"""Processing: real answers judged by gold questions, a weighed vote and people; rights of who was judged; a budget."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.audit.openings import MandateOpenings
from ledger.audit.report import Report
from ledger.audit.run import audit
from ledger.audit.source import UrlSource
from ledger.chain.rpc import Node
from ledger.consensus.answers import Answer
from ledger.consensus.decide import decide, inputs_document
from ledger.consensus.gold import GoldWeighted
from tests.integration.scenarios import labels
from tests.integration.scenarios.crowd import Crowd
from tests.integration.scenarios.labels import ASKED, GOLD, Row
from tests.integration.scenarios.lies import green, only, planted, told

RATE, RAISED, BONUS, REVIEWER_RATE = 10, 12, 25, 3
UNPAID = 9
"""By so much the budget is short."""
EXPERT = 2
"""Right answers to gold questions from which on the bonus is paid."""


@dataclass
class Work:
    """The campaign, the answers by their contributions, and what is awarded in the order in which it becomes final."""

    campaign: str
    answers: dict[str, Row] = field(default_factory=dict)
    voices: list[Answer] = field(default_factory=list)
    verdicts: dict[Row, str] = field(default_factory=dict)
    queue: list[tuple[str, str, int]] = field(default_factory=list)
    """Person, rule, units."""

    def first(self, task: str, verdict: str) -> str:
        return next(each for each, row in self.answers.items() if (row.task, self.verdicts[row]) == (task, verdict))


async def test_labels(crowd: Crowd) -> None:
    rows = labels.rows()
    work = Work("", verdicts=labels.verdicts(rows))
    work.campaign = await _open(crowd, _whole_pay(rows, work.verdicts) - UNPAID)
    await _answer(crowd, work, rows)
    unfinished = await _ask_again(crowd, work)
    await _decide(crowd, work, rows)
    appeal = await _appeal(crowd, work)
    await _review(crowd, work)
    await _second_look(crowd, work)
    await _nora(crowd, work, unfinished)
    await _told_before(crowd, work)
    await _pay(crowd, work, appeal)


def _whole_pay(rows: list[Row], verdicts: dict[Row, str]) -> int:
    """What is earned but for the appeal, were there no budget."""
    doubtful = [row for row in rows if verdicts[row] == "doubtful"]
    accepted = sum(verdicts[row] == "accepted" for row in rows) + sum(row.label == row.truth for row in doubtful)
    experts = sum(count >= EXPERT for count in labels.right_on_gold(rows).values())
    overturned = RATE + REVIEWER_RATE
    asked_again = RAISED + 2 * REVIEWER_RATE
    return RATE * accepted + BONUS * experts + REVIEWER_RATE * len(doubtful) + overturned + asked_again


async def _open(crowd: Crowd, budget: int) -> str:
    return await crowd.open(
        funds=budget + 1000,
        campaign_type="processing",
        policy={"name": "piece_rate", "amount": str(RATE)},
        budget=str(budget),
        bonus_limit=str(BONUS),
        reviewer_rate=str(REVIEWER_RATE),
        limits={"per_task": 10},
        revisions={"window": 5, "rounds": 1},
        second_looks="1",
        appeal_window=3,
        appeal_deadline=60,
    )


async def _answer(crowd: Crowd, work: Work, rows: list[Row]) -> None:
    tasks = [{"content": {"question": task}, "external_id": task} for task in GOLD + ASKED]
    await _batch(crowd, f"/v1/campaigns/{work.campaign}/tasks/batch", tasks)
    items = [
        {
            "campaign": work.campaign,
            "contributor": row.worker,
            "task_external_id": row.task,
            "content": {"label": row.label},
        }
        for row in rows
    ]
    for row, written in zip(rows, await _batch(crowd, "/v1/contributions/batch", items), strict=True):
        place = json.loads(written["opening"]["preimage"])
        work.answers[written["id"]] = row
        work.voices.append(Answer(written["id"], place["task"], place["contributor"], row.label))
    full = await crowd.submit(work.campaign, "late", {"label": "1"}, task_external_id=ASKED[0], code=409)
    assert full == "limit-per-task"


async def _batch(crowd: Crowd, path: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = (await crowd.post(path, {"items": items}, code=200))["results"]
    assert [each for each in results if each["code"] != 201] == []
    return results


async def _ask_again(crowd: Crowd, work: Work) -> str:
    """Nora's first version is sent back, under the first rate."""
    unfinished = await crowd.submit(work.campaign, "nora", {"label": "it depends"})
    await crowd.decide(unfinished, "needs_work", reviewer="rita")
    return unfinished


async def _decide(crowd: Crowd, work: Work, rows: list[Row]) -> None:
    """What the method is sure of; it says of each answer what was counted here."""
    known = {voice.task: work.answers[voice.contribution].truth for voice in work.voices}
    gold = {task: known[task] for task in known if _task_of(work, task) in GOLD}
    method, threshold = GoldWeighted(), int(labels.THRESHOLD * 10**6)
    judged = decide(work.voices, method.judge(work.voices, gold), gold, threshold_millionths=threshold)
    made = {each.contribution: each for each in judged}
    assert {work.answers[name]: each.verdict.replace("needs_review", "doubtful") for name, each in made.items()} == (
        work.verdicts
    )
    inputs = inputs_document(work.voices, gold, method, threshold_millionths=threshold, field="label")
    used = {"type": "consensus", "name": method.name, "version": method.version, "parameters": method.parameters}
    experts = {who for who, count in labels.right_on_gold(rows).items() if count >= EXPERT}
    items = []
    for name, row in work.answers.items():
        verdict = work.verdicts[row]
        if verdict == "doubtful":
            continue
        item = {"contribution": name, "verdict": verdict, "method": used, "inputs": inputs}
        item |= {"feedback": {"why": made[name].reason}} if verdict == "rejected" else {}
        if verdict == "accepted":
            work.queue.append((row.worker, "piece_rate", RATE))
        if verdict == "accepted" and row.worker in experts:
            experts.remove(row.worker)
            item["bonus"] = str(BONUS)
            work.queue.append((row.worker, "bonus", BONUS))
        items.append(item | {"score": _score(made[name].score)})
    await _batch(crowd, "/v1/decisions/batch", items)


def _score(millionths: int) -> str:
    return "1" if millionths == 10**6 else f"0.{millionths:06d}".rstrip("0").rstrip(".")


def _task_of(work: Work, task: str) -> str:
    return next(work.answers[voice.contribution].task for voice in work.voices if voice.task == task)


async def _appeal(crowd: Crowd, work: Work) -> str:
    """A contributor finds the vote of the others wrong."""
    contested = work.first(ASKED[2], "rejected")
    key = await crowd.session(work.answers[contested].worker)
    filed = await crowd.post("/v1/appeals", {"contribution": contested, "grounds": "Read it again."}, key=key)
    return str(filed["id"])


async def _review(crowd: Crowd, work: Work) -> None:
    """Rita decides what the vote left open, as the file's gold answer says."""
    queue = (await crowd.get(f"/v1/campaigns/{work.campaign}/queue", reviewer="rita", limit=50))["items"]
    doubtful = [name for name, row in work.answers.items() if work.verdicts[row] == "doubtful"]
    assert {item["contribution"] for item in queue if item["kind"] == "review"} == set(doubtful)
    items = []
    for name in doubtful:
        row = work.answers[name]
        right = row.label == row.truth
        item = {"contribution": name, "verdict": "accepted" if right else "rejected", "reviewer": "rita"}
        items.append(item | ({} if right else {"feedback": "The second does not follow from the first."}))
        work.queue += [(row.worker, "piece_rate", RATE)] * right + [("rita", "reviewer_rate", REVIEWER_RATE)]
    await _batch(crowd, "/v1/decisions/batch", items)


async def _second_look(crowd: Crowd, work: Work) -> None:
    """Every rejection is drawn; Sven finds one of them right after all."""
    drawn = await crowd.get(f"/v1/campaigns/{work.campaign}/second-looks", reviewer="sven", limit=50)
    found = work.first(ASKED[0], "rejected")
    assert found in {item["contribution"] for item in drawn["items"]}
    review = {"contribution": found, "reviewer": "sven", "verdict": "accepted", "second_look": True}
    assert (await crowd.post("/v1/reviews", review))["decision"] is not None
    work.queue.append((work.answers[found].worker, "piece_rate", RATE))
    work.queue.append(("sven", "reviewer_rate", REVIEWER_RATE))


async def _nora(crowd: Crowd, work: Work, unfinished: str) -> None:
    """The rate is raised; Nora's new version is accepted under it, and Rita is paid for both of her looks."""
    higher = {"version": 2, "policy": {"name": "piece_rate", "amount": str(RAISED)}}
    await crowd.post(f"/v1/campaigns/{work.campaign}/amend", higher)
    again = await crowd.submit(work.campaign, "nora", {"label": "0"}, replaces=unfinished)
    work.queue.insert(0, ("rita", "reviewer_rate", REVIEWER_RATE))  # final with the new version, before all others
    await crowd.decide(again, reviewer="rita")
    work.queue += [("nora", "piece_rate", RAISED), ("rita", "reviewer_rate", REVIEWER_RATE)]


async def _told_before(crowd: Crowd, work: Work) -> None:
    """Who looks for work sees that this campaign has no money left, and how it is judged."""
    (line,) = [each for each in (await crowd.get("/v1/campaigns/open"))["items"] if each["id"] == work.campaign]
    earned = sum(units for _, _, units in work.queue)
    money = line["figures"]["money"]
    assert (money["used_up"], money["left"], money["earned"]) == (True, "0", str(earned))
    assert int(money["limit"]) == earned - UNPAID
    assert line["figures"]["second_looks"] == {"taken": 1, "overturned": 1, "share": "1"}
    assert line["figures"]["appeals"]["filed"] == 1


def _paid(work: Work, budget: int) -> dict[str, dict[str, int]]:
    """First final, first paid: the queue up to the budget, the last one in part."""
    left = budget
    awards: dict[str, dict[str, int]] = {}
    for person, rule, units in work.queue:
        given = min(left, units)
        left -= given
        if given:
            rules = awards.setdefault(person, {})
            rules[rule] = rules.get(rule, 0) + given
    return awards


async def _pay(crowd: Crowd, work: Work, appeal: str) -> None:
    budget = sum(units for _, _, units in work.queue) - UNPAID
    people = ("nora", "rita", "sven", "w6")
    await crowd.link(*people)
    await crowd.until_final(work.campaign, but=1)
    finding = only(await planted(crowd, {work.campaign: budget + RATE}), campaign=work.campaign)
    assert finding.award.rule == "appeal-pending"
    assert "while an appeal is open, pay waits for its resolution" in finding.detail
    assert finding.award.contributor == await crowd.public(_contested(work))

    refused = {"reviewer": "tess", "reason": "It was read again; the others are right."}
    assert not (await crowd.post(f"/v1/appeals/{appeal}/resolve", refused))["changed"]
    work.queue.append(("tess", "reviewer_rate", REVIEWER_RATE))
    await crowd.until_final(work.campaign)
    await crowd.until_in_force(*people)
    settled = await crowd.settle()
    assert [line["total"] for line in settled["campaigns"]] == [str(budget)]
    awards = _paid(work, budget)
    assert await crowd.recomputed(work.campaign) == await crowd.expected(awards)
    assert awards["nora"] == {"piece_rate": RAISED + REVIEWER_RATE - UNPAID}
    await crowd.claim(*people)
    for person in people:
        assert crowd.balance(person) == sum(awards[person].values())
    await green(crowd)
    await _run_again(crowd, work)

    found = await told(crowd, totals={work.campaign: budget + UNPAID + REVIEWER_RATE})
    finding = only(found, campaign=work.campaign, account=None)
    assert finding.award.rule == "budget"
    assert "a campaign pays no more than its budget" in finding.detail
    found = await told(crowd, moved={"nora": REVIEWER_RATE, "sven": -REVIEWER_RATE})
    assert only(found, contributor=await crowd.public("sven")).award.rule == "reviewer_rate"


def _contested(work: Work) -> str:
    return work.answers[work.first(ASKED[2], "rejected")].worker


async def _run_again(crowd: Crowd, work: Work) -> None:
    """An auditor with a mandate runs the vote again on the opened answers; each opening stands in the log."""
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    mandate = await crowd.post("/v1/mandates", {"name": "Audit Ltd", "until": until, "campaign": work.campaign})
    await crowd.until_anchored()

    def run() -> Report:
        address = f"{crowd.url}/v1/mandates/{mandate['id']}"
        with (
            UrlSource(crowd.url) as source,
            MandateOpenings(address, mandate["token"]) as openings,
            Node(crowd.chain.url) as node,
        ):
            return audit(source, node=node, openings=openings)

    report = await asyncio.to_thread(run)
    decided = sum(verdict != "doubtful" for verdict in work.verdicts.values())
    (methods,) = [check for check in report.checks if check.name == "methods"]
    assert (report.verdict, methods.verdict) == ("pass", "pass")
    assert f"run again with the same outcome: {decided} of {decided}" in methods.evidence
