"""What a platform does, through the client that any platform would use."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from rich.console import Console
from rich.progress import Progress

from ledger.client import Client, Result
from ledger.demo.people import Person, fund_on_chain
from ledger.demo.stage import Stage
from ledger.errors import CrowdLedgerError, UnavailableError
from ledger.statements.values import time_ms
from ledger.wire import (
    Brief,
    CampaignWritten,
    CriterionText,
    NewCampaign,
    NewContribution,
    NewDecision,
    NewTask,
    Rights,
    Written,
)

Answered = TypeVar("Answered")
Sent = TypeVar("Sent")

BATCH = 500
_WAIT_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Anchored:
    """The log's size, and how much of it is anchored."""

    size: int
    anchored: int


def wait_until(what: str, ask: Callable[[], Answered | None], pause_seconds: float = 0.25) -> Answered:
    """Ask again and again until the answer is not None. Raises UnavailableError after a minute and a half."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while (answer := ask()) is None:
        if time.monotonic() > deadline:
            raise UnavailableError(f"Waited {_WAIT_SECONDS:.0f} s until {what}.", remedy="Read the server's log.")
        time.sleep(pause_seconds)
    return answer


def brief(
    problem: str,
    rules: str,
    accepted: Any,
    rejected: Any,
    *,
    competition: bool = False,
    criteria: dict[str, str] | None = None,
) -> Brief:
    """A call as everybody reads it. Rights pass on with payment here, and what is rejected stays its author's."""
    texts = None if criteria is None else [CriterionText(name=name, text=text) for name, text in criteria.items()]
    return Brief(
        problem=problem,
        mode="competition" if competition else "cooperation",
        rules=rules,
        example_accepted=accepted,
        example_rejected=rejected,
        rights=Rights(rejected_entries="contributor", pass_on="payment"),  # noqa: S106
        criteria=texts,
    )


def place_of(written: Written) -> dict[str, str]:
    """What a contribution's commitment is bound to: ``campaign``, ``task``, ``contributor`` by their public ids."""
    assert written.opening is not None
    preimage = json.loads(written.opening["preimage"])
    return {name: preimage[name] for name in ("campaign", "task", "contributor") if name in preimage}


class Platform:
    """A platform at work. ``contributions`` are the ids of what its crowd sent."""

    def __init__(self, stage: Stage, url: str, name: str, console: Console) -> None:
        self.stage, self.url, self.console = stage, url, console
        self.contributions: list[str] = []
        with Client(url, stage.admin_key) as operator:
            key = operator.register_platform(name).key
            self.vkey = operator.audit_summary().vkey
        assert key is not None
        self.client = Client(url, key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    @property
    def account(self) -> str:
        """Its account on the chain."""
        return self.stage.signers["platform"].address

    def open(self, new: NewCampaign, funds: int) -> CampaignWritten:
        """Open a campaign in the log and in the pool, and fund it with ``funds`` base units."""
        written = self.client.open_campaign(new)
        fund_on_chain(self.stage, written, funds)
        return written

    def add_tasks(self, campaign: str, tasks: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, str]:
        """Add tasks by the platform's own ids; own id -> public id."""
        new = [NewTask(content=content, external_id=name) for name, content in tasks]
        written = self._write_all("questions", new, lambda part: self.client.add_tasks(campaign, part))
        return {each.external_id or "": done.id for each, done in zip(new, written, strict=True)}

    def contribute(self, items: Sequence[NewContribution]) -> list[Written]:
        """Send what people made; in the order of ``items``."""
        written = self._write_all("contributions", items, self.client.submit_many)
        self.contributions += [each.id for each in written]
        return written

    def decide(self, items: Sequence[NewDecision]) -> list[Written]:
        """Send decisions; in the order of ``items``."""
        return self._write_all("decisions", items, self.client.decide_many)

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
        self.wait_until_clock(time_ms(self.client.audit_summary().last_at) + seconds * 1000)
        self.wait_until_anchored()

    def wait_until_clock(self, at_ms: int) -> None:
        """Wait until the log's own clock is past a time (milliseconds since 1970)."""

        def passed() -> bool | None:
            return time_ms(self.client.audit_summary().last_at) > at_ms or None

        wait_until("the deadlines have passed", passed)

    def claimable(self, address: str) -> int:
        """Base units that an address can claim now."""
        return sum(int(reward.claimable) for reward in self.client.rewards(address).rewards)

    def awarded(self, campaign: str) -> int:
        """Base units that the last settlement says were earned in a campaign."""
        return int(self.client.campaign(campaign).settled or 0)

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
