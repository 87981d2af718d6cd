"""What a platform does, through the client that any platform would use."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import Progress

from ledger.client import Client, Result
from ledger.demo.answers import Answer, Judgement, method_of
from ledger.demo.people import Person, fund_on_chain
from ledger.demo.stage import Stage
from ledger.errors import CrowdLedgerError, UnavailableError
from ledger.statements.values import time_ms
from ledger.wire import NewCampaign, NewContribution, NewDecision, NewTask, PieceRate, Written

Answered = TypeVar("Answered")
Sent = TypeVar("Sent")

RATE = 5 * 10**16
"""Base units for an accepted answer: 0.05 tokens."""
BATCH = 500
_WAIT_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Anchored:
    """The log's size, and how much of it is anchored."""

    size: int
    anchored: int


def wait_until(what: str, ask: Callable[[], Answered | None], pause_seconds: float = 0.1) -> Answered:
    """Ask again and again until the answer is not None. Raises UnavailableError after a minute and a half."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while (answer := ask()) is None:
        if time.monotonic() > deadline:
            raise UnavailableError(f"Waited {_WAIT_SECONDS:.0f} s until {what}.", remedy="Read the server's log.")
        time.sleep(pause_seconds)
    return answer


class Work:
    """A platform at work. ``receipts`` are the urls of the receipts of its contributions."""

    def __init__(self, stage: Stage, url: str, answers: Sequence[Answer], console: Console) -> None:
        self.stage, self.url, self.answers, self.console = stage, url, answers, console
        self.client = Client(url, stage.admin_key)
        self.receipts: list[str] = []
        self.campaign = ""
        self.vkey = self.client.audit_summary().vkey

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def open(self, delay_seconds: int) -> None:
        """Register, open the campaign here and in the pool, fund it with all that it could cost, add the tasks."""
        registered = self.client.register_platform("Textual entailment")
        self.client.close()
        assert registered.key is not None
        self.client = Client(self.url, registered.key)
        budget = RATE * len(self.answers)
        written = self.client.open_campaign(
            NewCampaign(
                title="Does the first sentence imply the second?",
                type="processing",
                brief={"question": "Read both sentences. Answer 1 if the second follows from the first, 0 if not."},
                terms="Answers may be published. Accepted answers are paid at the rate of the campaign.",
                policy=PieceRate(amount=str(RATE)),
                budget=str(budget),
                appeal_window=delay_seconds,
                opener=self.stage.signers["platform"].address,
            )
        )
        self.campaign = written.id
        fund_on_chain(self.stage, written, budget)
        tasks = [
            NewTask(content={"question": task}, external_id=task)
            for task in dict.fromkeys(answer.task for answer in self.answers)
        ]
        self._write_all("questions", tasks, lambda part: self.client.add_tasks(self.campaign, part))

    def contribute(self) -> int:
        """Send every answer; how many were recorded."""
        items = [
            NewContribution(
                campaign=self.campaign,
                task_external_id=answer.task,
                contributor=answer.worker,
                content={"label": answer.label},
                external_id=f"row-{answer.row}",
            )
            for answer in self.answers
        ]
        done = self._write_all("answers", items, self.client.submit_many)
        self.receipts = [each.id for each in done]
        return len(done)

    def decide(self, judgements: Sequence[Judgement]) -> int:
        """Send decisions; how many were recorded."""
        items = [
            NewDecision(
                contribution_external_id=f"row-{judgement.answer.row}",
                verdict="accepted" if judgement.accepted else "rejected",
                score=judgement.score,
                method=method_of(judgement),
                reviewer="reviewer" if judgement.by_person else None,
                feedback={"why": "a reviewer decided the tie" if judgement.by_person else "majority of the question"},
                external_id=f"row-{judgement.answer.row}",
            )
            for judgement in judgements
        ]
        return len(self._write_all("decisions", items, self.client.decide_many))

    def link(self, people: Sequence[Person]) -> None:
        """Let people link their wallets."""
        with self._progress() as bar:
            for person in bar.track(people, description="wallets"):
                person.link(self.client)

    def wait_until_anchored(self) -> Anchored:
        """Wait until the whole log is anchored."""

        def whole() -> Anchored | None:
            summary = self.client.audit_summary()
            anchored = summary.anchor.size if summary.anchor else 0
            return Anchored(summary.size, anchored) if anchored == summary.size else None

        return wait_until("the whole log is anchored", whole)

    def wait_until_passed(self, seconds: int) -> None:
        """Wait until every deadline of ``seconds`` that was set so far has passed by the log's own clock.

        The worker ticks that clock once a deadline has passed, and the settlement needs that entry anchored.
        """
        summary = self.client.audit_summary()
        deadline_ms = time_ms(summary.last_at) + seconds * 1000

        def passed() -> bool | None:
            return time_ms(self.client.audit_summary().last_at) > deadline_ms or None

        wait_until("the deadlines have passed", passed)
        self.wait_until_anchored()

    def claimable(self, address: str) -> int:
        """Base units that an address can claim now."""
        return sum(int(reward.claimable) for reward in self.client.rewards(address).rewards)

    def awarded(self) -> int:
        """Base units that the last settlement says were earned in all."""
        return int(self.client.campaign(self.campaign).settled or 0)

    def save_receipts(self, contributions: Sequence[str], folder: Path) -> list[Path]:
        """Fetch receipts into files."""
        paths = []
        for number, contribution in enumerate(contributions):
            paths.append(folder / f"receipt-{number}.json")
            paths[-1].write_bytes(self.client.receipt(contribution))
        return paths

    def _write_all(
        self, what: str, items: Sequence[Sent], send: Callable[[Sequence[Sent]], list[Result]]
    ) -> list[Written]:
        """Send items a batch at a time, with a progress bar. Raises the first error that comes back."""
        written: list[Written] = []
        with self._progress() as bar:
            task = bar.add_task(what, total=len(items))
            for begin in range(0, len(items), BATCH):
                for result in send(items[begin : begin + BATCH]):
                    if isinstance(result, CrowdLedgerError):
                        raise result
                    written.append(result)
                bar.update(task, completed=len(written))
        return written

    def _progress(self) -> Progress:
        return Progress(console=self.console, transient=True, disable=not self.console.is_terminal)
