"""Solving: a challenge. Entries are sealed until the deadline, three judges mark them, the best win prizes."""

from __future__ import annotations

import time
from pathlib import Path

from ledger.chain import anchors
from ledger.demo import entries
from ledger.demo.act import TOKEN, Act
from ledger.demo.answers import mixed, read_answers, tasks_of, truth_of
from ledger.demo.entries import CRITERIA, Marks
from ledger.demo.people import meet
from ledger.demo.platform import brief, wait_until
from ledger.demo.sealing import Sealed, found_in, seal, seal_by_command
from ledger.demo.summary import tokens
from ledger.statements.values import format_score, format_time, score_millionths, time_ms
from ledger.wire import CampaignWritten, Criterion, Judging, NewCampaign, NewReview, Prizes
from ledger.wire import Sealed as SealedDates
from ledger.wire.appeals import NewAppeal, NewResolution

PRIZES = tuple(tokens_ * TOKEN for tokens_ in (400, 250, 150, 120, 80))
LEAST_SCORE = "0.8"
REVIEW_PAY = TOKEN // 2
"""What each review and the resolution of an appeal pays."""
SUBMIT_SECONDS, REVEAL_SECONDS = 14, 12
APPEAL_SECONDS = 10
_JUDGES = ("judge-1", "judge-2", "judge-3")
_OTHER_JUDGE = "judge-4"
_SILENT_PLACE = 3
"""Whose entry is never opened: the one that would have come in this place, counted from 0."""


class Solving:
    """A challenge; see the module."""

    name = "solving"
    platform = "Bird challenge"

    def __init__(self, data: Path, questions: int | None) -> None:
        everything = read_answers(data)
        answers = mixed(everything, truth_of(everything, data), questions)
        self.truth = truth_of(answers, data)
        self.negative, self.positive = entries.classes(self.truth, data)
        self.pictures = tasks_of(answers)
        self.labels = entries.entries_of(answers)
        self.shares = entries.shares(self.truth, len(_JUDGES))
        best_first = sorted(self.labels, key=lambda name: -self._marked(name))
        self.misread = best_first[0]
        self.silent = best_first[min(_SILENT_PLACE, len(best_first) - 1)]
        self.campaign: CampaignWritten
        self._sealed: dict[str, Sealed] = {}
        self._ids: dict[str, str] = {}
        self._deadline_ms = self._reveal_ms = 0

    def play(self, act: Act) -> None:
        """All steps."""
        act.summary.questions, act.summary.contributors = len(self.pictures), len(self.labels)
        self._enter(act)
        self._open(act)
        self._judge(act)
        people = meet([*self.labels, *_JUDGES, _OTHER_JUDGE])
        with act.phase("wallets", "Wallets are linked; the reveal window and the appeal windows end"):
            last_ms = time_ms(act.platform.client.audit_summary().last_at) + APPEAL_SECONDS * 1000
            act.link(people)
            act.platform.wait_until_clock(max(last_ms, self._reveal_ms))
            act.platform.wait_until_anchored()
        act.plant(self.campaign, self._expected(act) + PRIZES[0])
        with act.phase("settlement", "All is final: the prizes are settled"):
            act.settle()
        with act.phase("claims", "Winners and judges are paid"):
            act.pay([self.campaign])
        act.audit()
        self._say(act)

    def _marked(self, name: str) -> int:
        """The mean of the three judges' marks, nobody misreading anything; millionths."""
        marks = [entries.mark(self.labels[name], share, self.positive) for share in self.shares]
        return sum(each.mean for each in marks) // len(marks)

    # ---- before the deadline ----

    def _enter(self, act: Act) -> None:
        platform = act.platform
        with act.phase("open", "A platform announces a challenge: sealed entries, judges, prizes"):
            now_ms = time.time_ns() // 10**6
            self._deadline_ms = now_ms + SUBMIT_SECONDS * 1000
            self._reveal_ms = self._deadline_ms + REVEAL_SECONDS * 1000
            budget = sum(PRIZES) + REVIEW_PAY * (len(_JUDGES) * len(self.labels) + 1)
            # What is funded beyond the budget is headroom for the wrong award, which the contract would else refuse.
            self.campaign = platform.open(self._call(platform.account, budget), budget + PRIZES[0])
        with act.phase("sealed", "Entrants send commitments; the log is anchored before the deadline"):
            for name, labels in self.labels.items():
                if name == self.misread:  # one with the command that people type, the others in this process
                    folder = act.folder / "entrant"
                    self._sealed[name] = seal_by_command(folder, name, self.campaign.id, {"labels": dict(labels)})
                else:
                    self._sealed[name] = seal(name, self.campaign.id, {"labels": dict(labels)})
            written = platform.contribute([each.submission(self.campaign.id) for each in self._sealed.values()])
            self._ids = {name: each.id for name, each in zip(self._sealed, written, strict=True)}
            act.summary.contributions = len(written)
            platform.wait_until_anchored()
            self._check_sealed(act, last=max(each.index for each in written))

    def _call(self, account: str, budget: int) -> NewCampaign:
        texts = {
            "sensitivity": "The share of indigo buntings that the entry finds.",
            "specificity": "The share of blue grosbeaks that it leaves alone.",
            "complete": "The share of pictures that it answers.",
        }
        rules = (
            "One entry a person. Seal it before the deadline and open it in the window after it. Three judges mark it, "
            f"each on pictures of their own. The mean counts; below {LEAST_SCORE} there is no prize, equal marks share."
        )
        return NewCampaign(
            title="Which of two blue birds?",
            type="solving",
            brief=brief(
                "Label every picture: 1 for an indigo bunting, 0 for a blue grosbeak.",
                rules,
                {"labels": dict.fromkeys(self.pictures[:2], "1")},
                {"labels": {}},
                competition=True,
                criteria=texts,
            ),
            terms="Entries that win may be published with their author's public id.",
            policy=Prizes(amounts=[str(each) for each in PRIZES], min_score=LEAST_SCORE),
            budget=str(budget),
            reviewer_rate=str(REVIEW_PAY),
            judging=Judging(
                judges=len(_JUDGES),
                agree=2,
                criteria=[Criterion(name=name, weight=weight) for name, weight in CRITERIA.items()],
            ),
            sealed=SealedDates(deadline=format_time(self._deadline_ms), reveal_until=format_time(self._reveal_ms)),
            appeal_window=APPEAL_SECONDS,
            decision_deadline=60,
            decision_default="rejected",
            opener=account,
        )

    def _check_sealed(self, act: Act, last: int) -> None:
        """All commitments were on the chain in time, and the operator holds nothing that opens them."""
        stage = act.stage
        log = stage.deployment
        end = stage.node.block("latest").number
        events = anchors.anchor_events(stage.node, log.contribution_log, log.log_id, log.block, end)
        covering = next((event for event in events if event.size > last), None)
        at_ms = 0 if covering is None else stage.node.block(covering.place.block).timestamp * 1000
        known = found_in(stage.database, self._sealed.values())
        act.summary.checks["an entry was not anchored before the deadline"] = 0 < at_ms <= self._deadline_ms
        act.summary.checks["the operator's database tells what is in an entry"] = not known
        act.summary.figures |= {
            "sealed": len(self._sealed),
            "anchored_before_deadline": 0 < at_ms <= self._deadline_ms,
            "readable_before_deadline": len(known),
        }

    # ---- after it ----

    def _open(self, act: Act) -> None:
        platform = act.platform
        with act.phase("revealed", "The deadline passes; entrants open their entries, but for one"):
            wait_until("the deadline has passed", lambda: time.time_ns() // 10**6 > self._deadline_ms or None)
            opened = 0
            for name, sealed in self._sealed.items():
                if name != self.silent:
                    platform.client.reveal(self._ids[name], sealed.opening)
                    opened += 1
            act.summary.figures["revealed"] = opened
            # The same search finds them now: that it found nothing before was not for want of looking.
            known = found_in(act.stage.database, self._sealed.values())
            act.summary.checks["the search of the operator's database finds not even what is open"] = (
                len(known) == opened
            )

    def _judge(self, act: Act) -> None:
        client, summary = act.platform.client, act.summary
        decided = {}
        with act.phase("judging", "Three judges mark every entry; one of them misreads the best one"):
            for name in self.labels:
                if name == self.silent:
                    continue
                for judge, share in zip(_JUDGES, self.shares, strict=True):
                    marks = self._marks(name, judge, share)
                    review = NewReview(
                        contribution=self._ids[name],
                        reviewer=judge,
                        verdict="accepted" if marks.accepted else "rejected",
                        scores=marks.texts(),
                        words={"pictures": len(share)},
                    )
                    decided[name] = client.review(review).decision
                if name == self.misread:
                    self._appeal(act)
        summary.decisions = sum(each is not None for each in decided.values())
        summary.by_person = summary.decisions

    def _marks(self, name: str, judge: str, share: dict[str, str]) -> Marks:
        labels = self.labels[name]
        if name == self.misread and judge == _JUDGES[1]:
            labels = entries.turned(labels, self.negative, self.positive)
        return entries.mark(labels, share, self.positive)

    def _appeal(self, act: Act) -> None:
        """The entrant counts, finds the mistake, appeals; a judge who has not seen the entry marks all of it."""
        client = act.platform.client
        contribution = self._ids[self.misread]
        before = client.contribution(contribution).decision
        assert before is not None
        grounds = {"why": "The second judge has read my 0 as 1 and my 1 as 0. Please mark the entry again."}
        appeal = client.appeal(NewAppeal(contribution=contribution, grounds=grounds))
        marks = entries.mark(self.labels[self.misread], self.truth, self.positive)
        resolution = NewResolution(
            reviewer=_OTHER_JUDGE,
            reason={"why": "The appeal is right. The entry was marked anew, on all pictures."},
            verdict="accepted" if marks.accepted else "rejected",
            score=format_score(marks.mean),
        )
        resolved = client.resolve(appeal.id, resolution)
        act.summary.figures["appeal"] = {
            "entrant": self.misread,
            "score_before": before.score,
            "score_after": resolution.score,
            "changed": resolved.changed,
        }

    # ---- what it came to ----

    def _scores(self) -> dict[str, int]:
        """The scores that stand, in the order of the entries; millionths."""
        scores = {name: self._marked(name) for name in self.labels if name != self.silent}
        scores[self.misread] = entries.mark(self.labels[self.misread], self.truth, self.positive).mean
        accepted = {name for name in scores if self._accepted(name)}
        return {name: score for name, score in scores.items() if name in accepted}

    def _accepted(self, name: str) -> bool:
        if name == self.misread:
            return entries.mark(self.labels[name], self.truth, self.positive).accepted
        return sum(entries.mark(self.labels[name], share, self.positive).accepted for share in self.shares) >= 2

    def _won(self) -> dict[str, int]:
        return entries.prizes(PRIZES, self._scores(), score_millionths(LEAST_SCORE))

    def _expected(self, act: Act) -> int:
        """All pay: prizes, and a fee for every review and the resolved appeal."""
        reviews = len(_JUDGES) * (len(self.labels) - 1) + 1
        act.summary.accepted = len(self._scores())
        return sum(self._won().values()) + REVIEW_PAY * reviews

    def _say(self, act: Act) -> None:
        summary, won = act.summary, self._won()
        summary.checks["the settlement is not what the marks come to"] = summary.awarded_total == self._expected(act)
        summary.checks["not every opened entry was decided"] = summary.decisions == summary.contributions - 1
        summary.checks["the appeal changed nothing"] = bool(summary.figures["appeal"]["changed"])
        scores = self._scores()
        shared = sum(1 for name in won if list(scores.values()).count(scores[name]) > 1)
        summary.figures |= {
            "prizes": {name: str(units) for name, units in won.items()},
            "tied": shared,
            "not_revealed": self.silent,
            "judges_paid": str(summary.awarded_total - sum(won.values())),
        }
        appeal = summary.figures["appeal"]
        summary.said += [
            (
                "sealed",
                f"{summary.figures['sealed']} entries, on the chain before the deadline; the operator's database held "
                f"the salt or content of {summary.figures['readable_before_deadline']} of them",
            ),
            ("opened", f"{summary.figures['revealed']}; entrant {self.silent} did not and wins nothing"),
            ("appeal", f"entrant {self.misread}: {appeal['score_before']} became {appeal['score_after']}"),
            ("prizes", "; ".join(f"{name} {tokens(units)}" for name, units in won.items()) + f" ({shared} share)"),
            ("judges", f"{tokens(int(summary.figures['judges_paid']))} tokens for reviews and the appeal"),
        ]
