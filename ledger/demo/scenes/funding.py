"""Funding: many backers raise a campaign's budget on the chain. All or nothing, and the rest goes back."""

from __future__ import annotations

import time
from pathlib import Path

from ledger.chain import contracts
from ledger.demo import planting
from ledger.demo.act import DELAY_SECONDS, TOKEN, Act
from ledger.demo.answers import Answer, mixed, read_answers, tasks_of, truth_of, workers_of
from ledger.demo.backers import Backer, meet_backers, raise_funds, split
from ledger.demo.people import meet
from ledger.demo.platform import brief, wait_until
from ledger.demo.summary import tokens
from ledger.errors import TransactionError
from ledger.statements.values import format_time
from ledger.wire import CampaignWritten, NewCampaign, NewContribution, NewDecision, PieceRate

RATE = TOKEN // 10
"""Base units for a right label."""
FUNDING_SECONDS = 20
_QUESTIONS = 10
_WEIGHTS = (7, 5, 3, 2, 1)
"""How the backers share what they give."""
_ODD_UNITS = 7
"""What is raised is no round sum, so that shares of the rest do not come out even."""


class Funding:
    """A budget raised from many; see the module."""

    name = "funding"
    platform = "Birds, paid by their friends"

    def __init__(self, data: Path, questions: int | None) -> None:
        everything = read_answers(data)
        self.truth = truth_of(everything, data)
        self.answers = mixed(everything, self.truth, questions or _QUESTIONS)
        self.goal = RATE * len(self.answers)
        self.reached: CampaignWritten
        self.missed: CampaignWritten
        self._deadline_ms = 0

    def play(self, act: Act) -> None:
        """All steps."""
        act.summary.questions = len(tasks_of(self.answers))
        act.summary.contributors = len(workers_of(self.answers))
        some, others = self._raise(act)
        self._work(act)
        people = meet(workers_of(self.answers))
        with act.phase("wallets", "People link their wallets; the campaign is closed and all becomes final"):
            act.platform.client.close_campaign(self.reached.id)
            act.link(people)
        act.plant(self.reached, RATE * (act.summary.accepted + 1))
        with act.phase("settlement", "The pay is settled, and with it the campaign is final"):
            act.settle()
        with act.phase("claims", "They are paid; the service pays the gas"):
            act.pay([self.reached])
        with act.phase("money back", "What was not spent goes back in proportion; of the missed goal everything"):
            self._give_back(act, some, others)
        act.audit()
        self._say(act)

    def _raise(self, act: Act) -> tuple[list[Backer], list[Backer]]:
        stage, platform = act.stage, act.platform
        with act.phase("open", "Two campaigns ask for the same goal on the chain"):
            self._deadline_ms = time.time_ns() // 10**6 + FUNDING_SECONDS * 1000
            self.reached = platform.client.open_campaign(self._call(platform.account, "one half of the pictures"))
            self.missed = platform.client.open_campaign(self._call(platform.account, "the other half"))
        with act.phase("funding", "One gets more than its goal, the other less"):
            some = meet_backers(stage, split(self.goal * 5 // 4 + _ODD_UNITS, _WEIGHTS))
            others = meet_backers(stage, split(self.goal * 2 // 5, _WEIGHTS))
            act.summary.figures["raised"] = str(raise_funds(stage, self.reached, some))
            act.summary.figures["raised_missed"] = str(raise_funds(stage, self.missed, others))
            act.summary.figures["early_refund"] = some[0].refused(stage, self.reached)
        return some, others

    def _call(self, account: str, what: str) -> NewCampaign:
        return NewCampaign(
            title=f"Which of two blue birds, {what}?",
            type="processing",
            brief=brief(
                f"Label {what}: 1 for an indigo bunting, 0 for a blue grosbeak.",
                "Work begins once the goal is reached; if it is missed, nobody is paid and all backers get their money "
                "back. A right label is paid at the rate.",
                {"label": "1"},
                {"label": "neither"},
            ),
            terms="Labels may be published. Right labels are paid at the rate of the campaign.",
            policy=PieceRate(amount=str(RATE)),
            budget=str(self.goal),
            goal=str(self.goal),
            funding_deadline=format_time(self._deadline_ms),
            appeal_window=DELAY_SECONDS,
            opener=account,
        )

    def _work(self, act: Act) -> None:
        platform, summary = act.platform, act.summary
        with act.phase("contributions", "The goal is reached, and the work is done"):
            wait_until(
                "the log knows that the goal is reached",
                lambda: platform.client.campaign(self.reached.id).funded or None,
            )
            platform.add_tasks(self.reached.id, ((task, {"picture": task}) for task in tasks_of(self.answers)))
            summary.contributions = len(platform.contribute([self._contribution(each) for each in self.answers]))
        with act.phase("decisions", "An editor checks every label (the file's gold answers play the editor)"):
            items = [self._decision(answer) for answer in self.answers]
            summary.decisions = summary.by_person = len(platform.decide(items))
            summary.accepted = sum(self.truth[answer.task] == answer.label for answer in self.answers)
        with act.phase("too early", "Pay from the campaign that has not reached its goal is refused"):
            summary.figures["pay_without_goal"] = self._pay_without_goal(act)

    def _contribution(self, answer: Answer) -> NewContribution:
        return NewContribution(
            campaign=self.reached.id,
            task_external_id=answer.task,
            contributor=answer.worker,
            content={"label": answer.label},
            external_id=f"row-{answer.row}",
        )

    def _decision(self, answer: Answer) -> NewDecision:
        right = self.truth[answer.task] == answer.label
        return NewDecision(
            contribution_external_id=f"row-{answer.row}",
            verdict="accepted" if right else "rejected",
            reviewer="editor",
            feedback=None if right else {"why": "It is the other bird."},
            external_id=f"row-{answer.row}",
        )

    def _pay_without_goal(self, act: Act) -> str:
        """The contract's reason against a reporter who would pay from the other campaign; empty if there is none."""
        act.platform.wait_until_anchored()
        proposal = planting.wrong_proposal(act.stage, self.missed, RATE)
        try:
            act.stage.send("reporter", act.stage.deployment.pool, contracts.propose_call(proposal))
        except TransactionError as error:
            return error.reason
        return ""

    def _give_back(self, act: Act, some: list[Backer], others: list[Backer]) -> None:
        stage, summary = act.stage, act.summary
        raised = sum(backer.stake for backer in some)
        rest = raised - summary.awarded_total
        back = [backer.take_back(stage, self.reached) for backer in some]
        wait_until(
            "the funding deadline has passed",
            lambda: stage.node.block("latest").timestamp * 1000 > self._deadline_ms or None,
        )
        full = [backer.take_back(stage, self.missed) for backer in others]
        due = [backer.stake * rest // raised for backer in some]
        summary.checks["a backer did not get their share of the rest"] = back == due
        summary.checks["a backer of the missed goal did not get everything back"] = full == [
            backer.stake for backer in others
        ]
        summary.figures |= {
            "goal": str(self.goal),
            "unspent": str(rest),
            "returned": str(sum(back)),
            "refunded": str(sum(full)),
            "dust": str(rest - sum(back)),
        }

    def _say(self, act: Act) -> None:
        summary, figures = act.summary, act.summary.figures
        expected = RATE * summary.accepted
        summary.checks["the settlement is not what the decisions come to"] = summary.awarded_total == expected
        summary.checks["not every answer was recorded and decided"] = summary.contributions == summary.decisions
        summary.checks["money came back before it was over"] = bool(figures["early_refund"])
        summary.checks["a campaign without its goal could pay"] = "WrongTotal" in figures["pay_without_goal"]
        raised, returned = int(figures["raised"]), int(figures["returned"])
        summary.said += [
            (
                "goal reached",
                f"{tokens(raised)} of {tokens(self.goal)} tokens from {len(_WEIGHTS)} backers",
            ),
            (
                "not spent",
                f"{tokens(int(figures['unspent']))} tokens; {tokens(returned)} went back in proportion, "
                f"{figures['dust']} base units are what rounding left",
            ),
            (
                "goal missed",
                f"{tokens(int(figures['raised_missed']))} of {tokens(self.goal)} tokens; all of it went back; "
                f"pay from it: {figures['pay_without_goal'] or 'possible'}",
            ),
        ]
