"""The main job from beginning to end, each step timed."""

from __future__ import annotations

import contextlib
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from ledger.chain import anchors
from ledger.demo import cheating, payment
from ledger.demo.answers import Answer, Judgement, judge, read_answers
from ledger.demo.gas import gas_used
from ledger.demo.outside import Auditor
from ledger.demo.people import meet
from ledger.demo.stage import Stage, free_folder
from ledger.demo.summary import Summary
from ledger.demo.work import Work

DELAY_SECONDS = 3
"""Appeal window, wallet delay and settlement delay: short, and real."""
RECEIPTS_CHECKED = 5
_LINKED_EARLY = 0.9
_SEED = 8_000


def run_demo(data: Path, *, questions: int | None, folder: Path | None, quiet: bool) -> Summary:
    """Do everything on the answers of ``data`` and say what happened. Raises CrowdLedgerError where a step fails.

    ``folder`` keeps what was made; without it all goes at the end. ``quiet`` leaves the words to the caller.
    """
    console = Console(stderr=quiet, quiet=quiet and not sys.stderr.isatty())
    answers = read_answers(data, questions)
    kept = free_folder(folder) if folder is not None else None
    place = kept or Path(tempfile.mkdtemp(prefix="crowdledger-demo-"))
    try:
        summary = _Demo(place, answers, console).run()
    finally:
        if kept is None:
            shutil.rmtree(place, ignore_errors=True)
    if not quiet:
        summary.show(console)
    return summary


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


class _Demo:
    """One run; its state is the summary that it fills."""

    def __init__(self, folder: Path, answers: list[Answer], console: Console) -> None:
        self.folder, self.answers, self.console = folder, answers, console
        self.judgements = judge(answers)
        self.summary = Summary(
            questions=len({answer.task for answer in answers}),
            contributors=len({answer.worker for answer in answers}),
        )

    @contextlib.contextmanager
    def phase(self, name: str, words: str) -> Iterator[None]:
        """Say what happens and time it."""
        self.console.print(f"[bold]{words}[/]")
        started = time.monotonic()
        yield
        self.summary.phases[name] = time.monotonic() - started

    def run(self) -> Summary:
        """All steps."""
        started = time.monotonic()
        stage = Stage(self.folder / "service", settlement_delay=DELAY_SECONDS, wallet_delay=DELAY_SECONDS)
        with contextlib.ExitStack() as stack:
            with self.phase("start", "Starting a chain, contracts on it, and the service as a process of its own"):
                stack.enter_context(stage)
                server = stack.enter_context(stage.server())
            work = stack.enter_context(Work(stage, server.url, self.answers, self.console))
            self._record(work)
            self._pay(stage, work)
            self._look_from_outside(stage, work)
        self.summary.seconds = time.monotonic() - started
        return self.summary

    def _record(self, work: Work) -> None:
        summary = self.summary
        judgements = self.judgements
        summary.by_person = sum(each.by_person for each in judgements)
        summary.accepted = sum(each.accepted for each in judgements)
        with self.phase("open", "A platform registers, opens a campaign and funds it on the chain"):
            work.open(DELAY_SECONDS)
        with self.phase("contributions", "Its crowd's answers go in over HTTP"):
            summary.contributions = work.contribute()
        with self.phase("decisions", "Each is decided by the majority of its question, ties by a reviewer"):
            # In two halves with an anchor between them, so that a change can be placed between two anchors.
            half = len(judgements) // 2
            summary.decisions = work.decide(judgements[:half])
            work.wait_until_anchored()
            summary.decisions += work.decide(judgements[half:])

    def _pay(self, stage: Stage, work: Work) -> None:
        summary = self.summary
        if not any(each.accepted for each in self.judgements):
            self.console.print("Nothing was accepted, so nothing is paid.")
            return
        early, late = map(meet, link_early_and_late(self.judgements))
        with self.phase("settlement", "Most link a wallet; the decisions become final; their pay is settled"):
            work.link(early)
            work.wait_until_passed(DELAY_SECONDS)
            settled = payment.settle(stage, work)
            summary.early_activation, summary.early_claim = settled.early_activation, settled.early_claim
            payment.wait_until_active(work, settled.number)
        with self.phase("claims", "They are paid; the service pays the gas"):
            payment.claim(work, early)
        with self.phase("second settlement", "The rest link their wallets, are settled and paid"):
            if late:
                work.link(late)
                work.wait_until_passed(DELAY_SECONDS)
                payment.wait_until_active(work, payment.settle(stage, work).number)
                payment.claim(work, late)
        summary.settlements = sum(1 for _ in work.client.settlements())
        summary.awarded_total = work.awarded()
        summary.paid_total = sum(person.balance(stage.node, stage.deployment.token) for person in early + late)

    def _look_from_outside(self, stage: Stage, work: Work) -> None:
        summary = self.summary
        auditor = Auditor(self.folder / "auditor", stage.chain.url)
        auditor.folder.mkdir(parents=True)
        with self.phase("audit", "An auditor mirrors the log and replays it against the chain"):
            last = work.wait_until_anchored()
            summary.entries, summary.anchored_size = last.size, last.anchored
            mirror = auditor.mirror(work.url)
            report = auditor.audit(str(mirror))
            summary.audit = str(report["verdict"])
            chosen = random.Random(_SEED).sample(work.receipts, min(RECEIPTS_CHECKED, len(work.receipts)))  # noqa: S311
            summary.receipts_verified = sum(
                auditor.verify(path, "--key", work.vkey) for path in work.save_receipts(chosen, auditor.folder)
            )
        with self.phase("tampering", "The operator changes one decision, signs everything anew and serves it"):
            turned = cheating.serve_turned_log(stage, auditor, mirror)
        end = stage.node.block("latest").number
        log = stage.deployment
        events = anchors.anchor_events(stage.node, log.contribution_log, log.log_id, log.block, end)
        claims = anchors.claimed_events(stage.node, log.pool, log.block, end)
        summary.anchors, summary.claims = len(events), len({claim.account for claim in claims})
        summary.gas = gas_used(stage.node, log)
        self.summary = replace(
            summary,
            tampered_audit=turned.verdict,
            turned_entry=turned.turned_entry,
            tampered_entry=turned.named_entry,
            tampered_range=turned.named_range,
        )
