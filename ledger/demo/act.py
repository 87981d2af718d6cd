"""What all campaigns of the demo share: the stage, the clock of each step, paying, and the look from outside."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from ledger.chain import anchors
from ledger.demo import payment
from ledger.demo.gas import gas_used
from ledger.demo.outside import Auditor
from ledger.demo.people import Person
from ledger.demo.planting import plant
from ledger.demo.platform import Platform
from ledger.demo.stage import Stage
from ledger.demo.summary import Summary
from ledger.wire import CampaignWritten

DELAY_SECONDS = 3
"""Appeal window, wallet delay and settlement delay: short, and real."""
RECEIPTS_CHECKED = 3
TOKEN = 10**18
"""Base units in a token."""
SEED = 8_000


class Scene(Protocol):
    """One type of campaign: made from its data, which it refuses before anything is started, then played once."""

    name: str
    platform: str
    """The name of the platform that holds the campaign."""

    def __init__(self, data: Path, questions: int | None) -> None: ...

    def play(self, act: Act) -> None: ...


class Act:
    """One run. Its result is the summary that the steps fill."""

    def __init__(self, folder: Path, summary: Summary, console: Console) -> None:
        self.folder, self.summary, self.console = folder, summary, console
        self.stage: Stage
        self.platform: Platform
        self.auditor: Auditor
        self.mirror: Path
        self._people: list[Person] = []

    @contextlib.contextmanager
    def phase(self, name: str, words: str) -> Iterator[None]:
        """Say what happens and time it."""
        self.console.print(f"[bold]{words}[/]")
        started = time.monotonic()
        yield
        self.summary.phases[name] = time.monotonic() - started

    @contextlib.contextmanager
    def running(self, platform: str) -> Iterator[None]:
        """Chain, contracts, service and a platform, as long as the scene plays."""
        self.stage = Stage(self.folder / "service", settlement_delay=DELAY_SECONDS, wallet_delay=DELAY_SECONDS)
        with contextlib.ExitStack() as stack:
            with self.phase("start", "Starting a chain, contracts on it, and the service as a process of its own"):
                stack.enter_context(self.stage)
                server = stack.enter_context(self.stage.server())
            self.auditor = Auditor(self.folder / "auditor", self.stage.chain.url)
            self.auditor.folder.mkdir(parents=True)
            self.platform = stack.enter_context(Platform(self.stage, server.url, platform, self.console))
            yield

    def link(self, people: Sequence[Person]) -> None:
        """Link wallets and wait until they and all decisions so far are in force."""
        self.platform.link(people)
        self._people += people
        self.platform.wait_until_passed(DELAY_SECONDS)

    def plant(self, campaign: CampaignWritten, total: int) -> None:
        """Let somebody who stole the reporter's key propose ``total``, while a watchman looks on."""
        words = "Somebody with the reporter's key proposes a wrong award; the guardian's watchman vetoes it"
        with self.phase("wrong award", words):
            self.summary.planted = plant(self.stage, self.platform, self.folder / "watchman", campaign, total)

    def settle(self) -> None:
        """Settle what is final, try to be early, and wait until it can be claimed."""
        settled = payment.settle(self.stage, self.platform)
        summary = self.summary
        summary.early_activation = summary.early_activation or settled.early_activation
        summary.early_claim = summary.early_claim or settled.early_claim
        payment.wait_until_active(self.platform, settled.number)

    def pay(self, campaigns: Sequence[CampaignWritten]) -> None:
        """Claim for everybody who linked a wallet, and count what they got."""
        payment.claim(self.platform, self._people)
        self.summary.awarded_total = sum(self.platform.awarded(each.id) for each in campaigns)
        token = self.stage.deployment.token
        self.summary.paid_total = sum(person.balance(self.stage.node, token) for person in self._people)

    def audit(self, *options: str) -> dict[str, Any]:
        """An auditor mirrors the whole log and replays it against the chain; some receipts are checked offline.

        ``options`` are further ones of the command; what it says is the report.
        """
        summary, platform = self.summary, self.platform
        with self.phase("audit", "An auditor mirrors the log and replays it against the chain"):
            last = platform.wait_until_anchored()
            summary.entries, summary.anchored_size = last.size, last.anchored
            self.mirror = self.auditor.mirror(platform.url)
            report = self.auditor.audit(str(self.mirror), *options)
            summary.audit = str(report["verdict"])
            count = min(RECEIPTS_CHECKED, len(platform.contributions))
            chosen = random.Random(SEED).sample(platform.contributions, count)  # noqa: S311
            summary.receipts_verified = sum(
                self.auditor.verify(path, "--key", platform.vkey)
                for path in platform.save_receipts(chosen, self.auditor.folder)
            )
        return report

    def count(self) -> None:
        """What the chain saw."""
        node, log, summary = self.stage.node, self.stage.deployment, self.summary
        end = node.block("latest").number
        summary.anchors = len(anchors.anchor_events(node, log.contribution_log, log.log_id, log.block, end))
        claims = anchors.claimed_events(node, log.pool, log.block, end)
        summary.claims = len({claim.account for claim in claims})
        summary.gas = gas_used(node, log)
        summary.settlements = sum(1 for _ in self.platform.client.settlements())
