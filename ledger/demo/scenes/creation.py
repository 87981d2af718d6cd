"""Creation: a data set that many make together. Parts are scored, and a pool is shared by the scores."""

from __future__ import annotations

from pathlib import Path

from ledger.demo import parts
from ledger.demo.act import DELAY_SECONDS, TOKEN, Act
from ledger.demo.answers import read_answers, tasks_of, truth_of, workers_of
from ledger.demo.people import meet
from ledger.demo.platform import brief
from ledger.demo.published import Line, matches, read_export, read_result
from ledger.demo.summary import tokens
from ledger.statements.values import format_score
from ledger.wire import CampaignWritten, NewCampaign, NewContribution, NewDecision, NewResult, Pool

POOL = 1_000 * TOKEN
_CHECKED = 5


class Creation:
    """A data set made together; see the module."""

    name = "creation"
    platform = "Order of events"

    def __init__(self, data: Path, questions: int | None) -> None:
        answers = read_answers(data, questions)
        self.truth = truth_of(answers, data)
        self.parts = parts.cut(answers, self.truth)
        self.questions, self.workers = len(tasks_of(answers)), workers_of(answers)
        self.campaign: CampaignWritten

    def play(self, act: Act) -> None:
        """All steps."""
        act.summary.questions, act.summary.contributors = self.questions, len(self.workers)
        self._record(act)
        self._decide(act)
        people = meet(self.workers)
        with act.phase("wallets", "People link their wallets; the campaign is closed and all becomes final"):
            act.platform.client.close_campaign(self.campaign.id)
            act.link(people)
        shares = parts.shares(POOL, self.parts)
        act.plant(self.campaign, POOL + max(shares.values(), default=1))
        with act.phase("settlement", "The pool is shared and settled"):
            act.settle()
        with act.phase("claims", "They are paid; the service pays the gas"):
            act.pay([self.campaign])
        with act.phase("result", "The data set is published, and exported with its provenance"):
            self._publish(act)
        act.audit()
        self._say(act, shares)

    def _record(self, act: Act) -> None:
        platform = act.platform
        with act.phase("open", "A platform registers, opens a joint work and funds its pool on the chain"):
            # What is funded beyond the pool is headroom for the wrong award, which the contract would else refuse.
            self.campaign = platform.open(self._call(platform.account), 2 * POOL)
        with act.phase("contributions", "Its crowd's parts go in over HTTP"):
            items = [
                NewContribution(
                    campaign=self.campaign.id,
                    contributor=part.worker,
                    content={"part": part.name, "labels": dict(part.labels)},
                    external_id=part.name,
                )
                for part in self.parts
            ]
            act.summary.contributions = len(platform.contribute(items))

    def _call(self, account: str) -> NewCampaign:
        least = parts.LEAST_MILLIONTHS // 10_000
        return NewCampaign(
            title="Which of two events came first?",
            type="creation",
            brief=brief(
                f"Say of pairs of events in a text which came first, {parts.PART_ANSWERS} pairs a part. "
                "The parts become one data set.",
                f"An editor scores each part by the share of right pairs; below {least} per cent it is not taken in. "
                "The pool is shared by the scores once the work is closed.",
                {"part": "x-1", "labels": {"42_0": "before", "42_1": "after"}},
                {"part": "x-2", "labels": {"42_0": "I do not know"}},
            ),
            terms="The data set is published under CC BY 4.0 with the public ids of those who made it.",
            policy=Pool(total=str(POOL)),
            budget=str(POOL),
            appeal_window=DELAY_SECONDS,
            opener=account,
        )

    def _decide(self, act: Act) -> None:
        with act.phase("decisions", "An editor scores every part (the file's gold answers play the editor)"):
            items = [
                NewDecision(
                    contribution_external_id=part.name,
                    verdict="accepted" if part.accepted else "rejected",
                    score=format_score(part.score),
                    reviewer="editor",
                    feedback={"right": format_score(part.score)},
                    external_id=part.name,
                )
                for part in self.parts
            ]
            act.summary.decisions = act.summary.by_person = len(act.platform.decide(items))
            act.summary.accepted = sum(part.accepted for part in self.parts)

    def _publish(self, act: Act) -> None:
        """Publish all accepted parts as one document; then read it and the export as a stranger would."""
        client = act.platform.client
        written = client.publish_result(self.campaign.id, NewResult(make="assembly", public=True))
        document = read_result(client, written.id)
        lines = list(read_export(client.export_accepted(self.campaign.id)))
        labels = parts.assemble(_labels(line) for line in lines)
        right = parts.accuracy_millionths(labels, self.truth)
        act.summary.figures["data_set"] = {"questions": len(labels), "right": format_score(right)}
        act.summary.checks["the published data set is not what its entries add up to"] = document.holds
        act.summary.checks["the export is not what was accepted"] = (
            len(lines) == document.entries == act.summary.accepted
        )
        act.summary.checks["an exported part does not match its commitment"] = all(
            matches(client, line) for line in lines[:_CHECKED]
        )

    def _say(self, act: Act, shares: dict[str, int]) -> None:
        summary = act.summary
        by_person: dict[str, int] = {}
        for part in self.parts:
            by_person[part.worker] = by_person.get(part.worker, 0) + shares.get(part.name, 0)
        summary.checks["the settlement is not the whole pool"] = summary.awarded_total == sum(shares.values())
        summary.checks["not every part was recorded and decided"] = summary.contributions == summary.decisions
        summary.figures["parts"] = len(self.parts)
        most = max(by_person, key=lambda name: by_person[name])
        data_set = summary.figures["data_set"]
        summary.said += [
            (
                "pool",
                f"{tokens(POOL)} tokens for {summary.accepted} parts; the most, {tokens(by_person[most])}, to {most}",
            ),
            (
                "data set",
                f"{data_set['questions']} questions, {data_set['right']} of them right; exported line by line",
            ),
        ]


def _labels(line: Line) -> dict[str, str]:
    content = line.content
    assert isinstance(content, dict)
    labels = content["labels"]
    assert isinstance(labels, dict)
    return {task: str(label) for task, label in labels.items()}
