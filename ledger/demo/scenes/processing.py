"""Processing: answers to questions, judged by gold questions and a weighed vote, the doubtful by a person."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ledger.client.deciding import Bonus, Piece, Plan, Work, send, with_bonus
from ledger.consensus.answers import Answer as Voice
from ledger.consensus.decide import rerun
from ledger.demo import cheating, judging, mandate
from ledger.demo.act import DELAY_SECONDS, SEED, TOKEN, Act
from ledger.demo.answers import Answer, read_answers, tasks_of, workers_of
from ledger.demo.judging import Judgement, PaidRight
from ledger.demo.mandate import check_named
from ledger.demo.people import meet
from ledger.demo.platform import brief, place_of
from ledger.demo.summary import tokens
from ledger.statements.canonical import JsonValue
from ledger.wire import CampaignWritten, NewCampaign, NewContribution, NewDecision, PieceRate

RATE = TOKEN // 20
"""Base units for an accepted answer: 0.05 tokens."""
BONUS = TOKEN
"""Once for everybody whose answers to gold questions were good."""
_LINKED_EARLY = 0.9
_REVIEWER = "reviewer"
_OPENED = 20
"""Decisions whose inputs an auditor opens: each opening is an entry of the log."""


def link_early_and_late(judgements: Iterable[Judgement]) -> tuple[list[str], list[str]]:
    """Who links a wallet at once, and who only for the second settlement.

    Nine of ten who earned something are early, and all who earned nothing: a second settlement needs new pay.
    """
    earned: dict[str, bool] = {}
    for each in judgements:
        earned[each.answer.worker] = earned.get(each.answer.worker, False) or each.accepted
    paid = sorted(worker for worker, any_ in earned.items() if any_)
    count = max(1, int(len(paid) * _LINKED_EARLY))
    return paid[:count] + sorted(earned.keys() - set(paid)), paid[count:]


class Processing:
    """Labels for questions; see the module."""

    name = "processing"
    platform = "Textual entailment"

    def __init__(self, data: Path, questions: int | None) -> None:
        self.answers = read_answers(data, questions)
        self.gold = judging.choose_gold(self.answers, SEED)
        self.experts = judging.experts(self.answers, self.gold)
        self.judgements: dict[str, Judgement] = {}
        self.campaign: CampaignWritten
        self._sent: dict[str, Answer] = {}
        self._pieces: list[Piece] = []
        self.bonuses = 0
        self._openings: dict[str, bytes] = {}
        self._by_method: list[str] = []
        self._document: JsonValue = None
        self._opened = 0
        self._ran_again: dict[str, Any] = {}
        self._known: dict[str, str] = {}

    def play(self, act: Act) -> None:
        """All steps."""
        act.summary.questions = len(tasks_of(self.answers))
        act.summary.contributors = len(workers_of(self.answers))
        self._record(act)
        self._decide(act)
        self._pay(act)
        openings = self._open(act)
        self._ran_again = check_named(act.audit("--openings", str(openings)), "methods")
        with act.phase("tampering", "The operator changes one decision, signs everything anew and serves it"):
            act.summary.turned = cheating.serve_turned_log(act.stage, act.auditor, act.mirror)
        self._say(act)

    def _record(self, act: Act) -> None:
        platform = act.platform
        budget = RATE * len(self.answers) + BONUS * len(self.experts)
        with act.phase("open", "A platform registers, opens a campaign and funds it on the chain"):
            self.campaign = platform.open(self._call(platform.account, budget), budget)
            tasks = platform.add_tasks(
                self.campaign.id, ((task, {"question": task}) for task in tasks_of(self.answers))
            )
        with act.phase("contributions", "Its crowd's answers go in over HTTP"):
            items = [
                NewContribution(
                    campaign=self.campaign.id,
                    task_external_id=answer.task,
                    contributor=answer.worker,
                    content={judging.FIELD: answer.label},
                    external_id=f"row-{answer.row}",
                )
                for answer in self.answers
            ]
            for answer, written in zip(self.answers, platform.contribute(items), strict=True):
                place, content = place_of(written), {judging.FIELD: answer.label}
                self._sent[written.id] = answer
                self._openings[written.id] = written.opening_file() or b""
                self._pieces.append(
                    Piece(written.id, written.index, place["task"], place["contributor"], 0, {**content})
                )
        self._known = {tasks[task]: label for task, label in self.gold.items()}
        act.summary.contributions = len(self._sent)

    def _call(self, account: str, budget: int) -> NewCampaign:
        rules = (
            f"One answer a person and question. {len(self.gold)} of the questions have known answers: they judge the "
            "answers to them and tell how much your other answers weigh. Where the weighed answers leave doubt a "
            f"reviewer decides. Who is right on {judging.EXPERT_MILLIONTHS // 10_000} per cent of at least "
            f"{judging.EXPERT_ANSWERS} known ones gets a bonus once."
        )
        return NewCampaign(
            title="Does the first sentence imply the second?",
            type="processing",
            brief=brief(
                "Read both sentences. Answer 1 if the second follows from the first, 0 if not.",
                rules,
                {"label": "1"},
                {"label": "it depends"},
            ),
            terms="Answers may be published. Accepted answers are paid at the rate of the campaign.",
            policy=PieceRate(amount=str(RATE)),
            budget=str(budget),
            bonus_limit=str(BONUS),
            appeal_window=DELAY_SECONDS,
            opener=account,
        )

    def _decide(self, act: Act) -> None:
        """As ``crowdledger decide`` does it, with the work at hand instead of read back."""
        summary, platform = act.summary, act.platform
        with act.phase("decisions", "Gold questions and a vote weighed by them decide; where that is unsure, a person"):
            work = Work(platform.client.campaign(self.campaign.id), tuple(self._pieces))
            plan = judging.plan(work, self._known)
            bonus = Bonus(BONUS, judging.EXPERT_MILLIONTHS, judging.EXPERT_ANSWERS)
            plan = with_bonus(platform.client, work, plan, self._known, bonus, judging.FIELD)
            self.bonuses = sum(ruling.bonus > 0 for ruling in plan.rulings)
            # In two halves with an anchor between them, so that a change can be placed between two anchors.
            half = len(plan.rulings) // 2
            summary.decisions = self._send(act, replace(plan, rulings=plan.rulings[:half]))
            platform.wait_until_anchored()
            summary.decisions += self._send(act, replace(plan, rulings=plan.rulings[half:]))
            self.judgements = judging.judgements(plan, self._sent, self.gold)
            summary.decisions += len(platform.decide([self._by_person(each) for each in plan.doubtful]))
        judged = self.judgements.values()
        summary.accepted = sum(each.accepted for each in judged)
        summary.by_person = sum(each.by == "person" for each in judged)
        self._check_again(act, plan)

    def _send(self, act: Act, plan: Plan) -> int:
        sent = send(act.platform.client, plan)
        for error in sent.refused.values():
            raise error
        self._by_method += sent.decisions.values()
        self._document = plan.document
        return len(sent.decisions)

    def _by_person(self, contribution: str) -> NewDecision:
        judgement = self.judgements[contribution]
        return NewDecision(
            contribution=contribution,
            verdict="accepted" if judgement.accepted else "rejected",
            reviewer=_REVIEWER,
            feedback={"why": "The weighed vote left doubt. A reviewer has looked at it."},
            external_id=f"row-{judgement.answer.row}",
        )

    def _check_again(self, act: Act, plan: Plan) -> None:
        """The method runs once more on the document that the decisions commit to, and on the answers."""
        voices = [
            Voice(piece.id, piece.task or "", piece.contributor, self._sent[piece.id].label) for piece in self._pieces
        ]
        again = {each.contribution: each.verdict for each in rerun(plan.document, voices)}
        act.summary.checks["running the consensus again gave something else"] = all(
            again[ruling.contribution] == ruling.verdict for ruling in plan.rulings
        )

    def _open(self, act: Act) -> Path:
        """Give an auditor a mandate; the folder with what the auditor may open."""
        folder = act.auditor.folder / "openings"
        with act.phase("mandate", "An auditor is given the answers and opens what some decisions were made from"):
            mandate.hand_over(folder, self._openings, self._document)
            count = min(_OPENED, len(self._by_method))
            drawn = random.Random(SEED).sample(self._by_method, count)  # noqa: S311
            self._opened = mandate.open_inputs(act.platform, self.campaign.id, folder, drawn)
        return folder

    def _pay(self, act: Act) -> None:
        if not any(each.accepted for each in self.judgements.values()):
            act.console.print("Nothing was accepted, so nothing is paid.")
            return
        early, late = map(meet, link_early_and_late(self.judgements.values()))
        with act.phase("settlement", "Most link a wallet; the decisions become final; their pay is settled"):
            act.link(early)
            act.settle()
        with act.phase("claims", "They are paid; the service pays the gas"):
            act.pay([self.campaign])
        with act.phase("second settlement", "The rest link their wallets, are settled and paid"):
            if late:
                act.link(late)
                act.settle()
                act.pay([self.campaign])

    def _say(self, act: Act) -> None:
        summary = act.summary
        judged = list(self.judgements.values())
        ours, plain = judging.paid_right(judged), judging.majority_paid_right(self.answers)
        summary.checks["the settlement is not what the decisions come to"] = (
            summary.awarded_total == RATE * summary.accepted + BONUS * self.bonuses
        )
        summary.checks["not everybody who was good at the gold questions got the bonus"] = self.bonuses == len(
            self.experts
        )
        summary.checks["not every answer was recorded and decided"] = summary.contributions == summary.decisions
        ran_again = f"run again with the same outcome: {self._opened} of {len(self._by_method)};"
        summary.checks["the auditor did not get the same by running the consensus again"] = self._ran_again.get(
            "verdict"
        ) == "pass" and str(self._ran_again.get("evidence")).startswith(ran_again)
        summary.figures |= {
            "run_again": self._opened,
            "gold_questions": len(self.gold),
            "by_gold": sum(each.by == "gold" for each in judged),
            "bonuses": self.bonuses,
            "bonus_total": str(BONUS * self.bonuses),
            "paid_right": _members(ours) if self._has_truth() else None,
            "majority_paid_right": _members(plain) if self._has_truth() else None,
        }
        summary.said += self._words(summary.figures["by_gold"], ours, plain)

    def _words(self, by_gold: int, ours: PaidRight, plain: PaidRight) -> Sequence[tuple[str, str]]:
        who = "whom the file's gold answers play" if self._has_truth() else "who accepts all of them"
        return [
            (
                "judged by",
                f"{len(self.gold)} gold questions ({by_gold:,} answers), a vote weighed by them, and for "
                f"{ours.by_person:,} answers in doubt a person, {who}",
            ),
            (
                "run again",
                "by an auditor with a mandate, from the answers and the inputs of "
                f"{self._opened} decisions: {self._ran_again.get('verdict', 'not made')}",
            ),
            ("bonus", f"{self.bonuses} people, {tokens(BONUS * self.bonuses)} tokens"),
            *(self._comparison(ours, plain) if self._has_truth() else []),
        ]

    def _comparison(self, ours: PaidRight, plain: PaidRight) -> Sequence[tuple[str, str]]:
        return [
            ("paid for right answers", _right(ours)),
            ("plain majority would", f"{_right(plain)}; {plain.by_person:,} answers in ties by a person"),
        ]

    def _has_truth(self) -> bool:
        """Whether the file knows what is right; without that nobody can say how much of the pay was."""
        return any(answer.truth is not None for answer in self.answers)


def _right(paid: PaidRight) -> str:
    return f"{tokens(RATE * paid.right)} of {tokens(RATE * paid.paid)} tokens at the rate ({paid.percent} %)"


def _members(paid: PaidRight) -> dict[str, JsonValue]:
    return {
        "paid": str(RATE * paid.paid),
        "right": str(RATE * paid.right),
        "percent": paid.percent,
        "by_person": paid.by_person,
    }
