"""Rating: a survey. Every valid answer is paid the same, and anybody can count the published result again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ledger.demo import survey
from ledger.demo.act import DELAY_SECONDS, TOKEN, Act
from ledger.demo.people import meet
from ledger.demo.platform import brief
from ledger.demo.published import read_result
from ledger.demo.summary import tokens
from ledger.wire import CampaignWritten, Limits, NewCampaign, NewContribution, NewDecision, NewResult, PieceRate

RATE = TOKEN // 10
"""Base units for a valid answer: 0.1 tokens."""
_PUBLISHED: tuple[Literal["tally", "labels"], ...] = ("tally", "labels")


class Rating:
    """A survey; see the module."""

    name = "rating"
    platform = "Well pads from above"

    def __init__(self, data: Path, questions: int | None) -> None:
        self.votes = survey.read_votes(data, questions)
        self.invalid = survey.repeated(self.votes)
        self.campaign: CampaignWritten
        self._counted: dict[str, Any] = {}

    def play(self, act: Act) -> None:
        """All steps."""
        act.summary.questions = len({vote.question for vote in self.votes})
        act.summary.contributors = len({vote.person for vote in self.votes})
        self._record(act)
        self._decide(act)
        people = meet(sorted({vote.person for vote in self.votes}))
        with act.phase("wallets", "People link their wallets; the decisions become final"):
            act.link(people)
        act.plant(self.campaign, RATE * (act.summary.accepted + 1))
        with act.phase("settlement", "Their pay is settled"):
            act.settle()
        with act.phase("claims", "They are paid; the service pays the gas"):
            act.pay([self.campaign])
        with act.phase("result", "The result is published, and counted again from what is public"):
            self._publish(act)
        act.audit()
        self._say(act)

    def _record(self, act: Act) -> None:
        platform = act.platform
        budget = RATE * len(self.votes)
        with act.phase("open", "A platform registers, opens a survey and funds it on the chain"):
            self.campaign = platform.open(self._call(platform.account, budget), budget)
            questions = list(dict.fromkeys(vote.question for vote in self.votes))
            platform.add_tasks(self.campaign.id, ((question, {"picture": question}) for question in questions))
        with act.phase("contributions", "The answers go in over HTTP"):
            items = [
                NewContribution(
                    campaign=self.campaign.id,
                    task_external_id=vote.question,
                    contributor=vote.person,
                    content={"selection": vote.choice},
                    external_id=vote.run,
                )
                for vote in self.votes
            ]
            act.summary.contributions = len(platform.contribute(items))

    def _call(self, account: str, budget: int) -> NewCampaign:
        by_question: dict[str, int] = {}
        for vote in self.votes:
            by_question[vote.question] = by_question.get(vote.question, 0) + 1
        people = len({vote.person for vote in self.votes})
        return NewCampaign(
            title="Is there a well pad on the picture?",
            type="rating",
            brief=brief(
                "Look at the picture from the air. Choose pad, nopad or unknown.",
                "There is no wrong answer. Every person has one voice a picture: the first answer counts and is paid.",
                {"selection": "unknown"},
                {"selection": "pad", "why": "the second answer of the same person to the same picture"},
            ),
            terms="Answers may be published. Valid answers are paid at the rate of the campaign.",
            policy=PieceRate(amount=str(RATE)),
            budget=str(budget),
            limits=Limits(participants=people, per_task=max(by_question.values()), per_person=2 * len(by_question)),
            appeal_window=DELAY_SECONDS,
            opener=account,
        )

    def _decide(self, act: Act) -> None:
        with act.phase("decisions", "Valid is who answers a question for the first time"):
            items = [
                NewDecision(
                    contribution_external_id=vote.run,
                    verdict="rejected" if vote.run in self.invalid else "accepted",
                    reviewer="editor",
                    feedback={"why": "You had answered this question before."} if vote.run in self.invalid else None,
                    external_id=vote.run,
                )
                for vote in self.votes
            ]
            act.summary.decisions = act.summary.by_person = len(act.platform.decide(items))
            act.summary.accepted = len(items) - len(self.invalid)

    def _publish(self, act: Act) -> None:
        """Publish both counts; then forget them and count from the public documents."""
        client = act.platform.client
        for making in _PUBLISHED:
            written = client.publish_result(self.campaign.id, NewResult(make=making, field="selection"))
            document = read_result(client, written.id)
            act.summary.checks[f"the published {making} is not what its entries add up to"] = document.holds
            self._counted[making] = document.counted

    def _say(self, act: Act) -> None:
        summary = act.summary
        counted = survey.tally(vote.choice for vote in self.votes if vote.run not in self.invalid)
        summary.checks["the tally is not that of the file"] = counted == self._counted["tally"]
        summary.checks["the settlement is not what the decisions come to"] = (
            summary.awarded_total == RATE * summary.accepted
        )
        summary.checks["not every answer was recorded and decided"] = summary.contributions == summary.decisions
        labels = self._counted["labels"].values()
        tied = sum(each["label"] is None for each in labels)
        summary.figures |= {"invalid": len(self.invalid), "tally": counted, "questions_tied": tied}
        summary.said += [
            ("valid", f"{summary.accepted:,}; {len(self.invalid)} second answers of the same person are not"),
            ("tally", ", ".join(f"{choice} {count:,}" for choice, count in counted.items())),
            ("by question", f"{len(labels) - tied} have one answer that leads, {tied} tie; anybody can count again"),
            ("pay", f"{tokens(RATE)} tokens for each valid answer, whatever it says"),
        ]
