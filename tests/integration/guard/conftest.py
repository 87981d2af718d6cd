"""A staged log with a settlement in force, a folder that serves it, and guards on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.audit.source import FolderSource
from ledger.book.reward_tree import RewardTree
from ledger.book.rewards import Settlement
from ledger.chain import contracts
from ledger.chain.contracts import Proposal
from ledger.chain.devchain import DevChain
from ledger.chain.fees import FeePolicy
from ledger.chain.nodes import Nodes
from ledger.chain.rpc import Node
from ledger.chain.signers import LocalSigner
from ledger.guard.alarms import Alarm
from ledger.guard.veto import Vetoing
from ledger.guard.watch import Watch
from tests.integration.audit.staged import Staged, proposal_of
from tests.unit.book import story

CAP = 10**12
REPLACE_AFTER = 60.0


class Guard:
    """A watch of ``staged`` with a folder of its own; ``told`` are its lines, ``now_ms`` its clock."""

    def __init__(self, staged: Staged, folder: Path) -> None:
        self.staged, self.folder = staged, folder
        self.served = staged.folder / "served"
        self.told: list[dict[str, Any]] = []
        self.offset_ms = 0
        self.urls = [staged.chain.url]
        self.watch: Watch
        self.start()

    def start(
        self,
        *,
        key: bytes | None = b"",
        nodes: Sequence[Node] | None = None,
        senders: Callable[..., Nodes] = Nodes,
        veto_unjudged: bool = True,
        cap: int = CAP,
    ) -> None:
        """Begin, or begin anew as after a crash. ``key``: by default the guardian's, None for a guard without one."""
        place = self.staged.deployment
        self.folder.mkdir(exist_ok=True)
        vetoing = None
        if key is not None:
            vetoing = Vetoing(
                senders(self.urls, place.chain_id),
                place,
                LocalSigner.from_key(key or self.staged.operator_key),
                self.folder,
                FeePolicy(cap=cap, replace_after=REPLACE_AFTER),
                tell=self.told.append,
                now_ms=self.now_ms,
            )
        self.watch = Watch(
            FolderSource(self.served),
            nodes or [Node(url) for url in self.urls],
            place,
            self.folder,
            trusted_key=None,
            vetoing=vetoing,
            veto_unjudged=veto_unjudged,
            tell=self.told.append,
            now_ms=self.now_ms,
        )

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset_ms

    def round(self) -> list[str]:
        """One round; the alarms that stand."""
        self.watch.round()
        self._wait_until_mined()
        return sorted(alarm.name for alarm in self.watch.board.standing)

    def _wait_until_mined(self) -> None:
        """The chain mines what it was sent a moment later."""
        node, account = self.staged.node, self.staged.operator
        deadline = time.monotonic() + 5
        while self.staged.chain.rpc("anvil_getAutomine") and time.monotonic() < deadline:
            if node.nonce(account) == node.nonce(account, "latest"):
                return
            time.sleep(0.01)

    def alarm(self, name: str) -> Alarm:
        (found,) = [alarm for alarm in self.watch.board.standing if alarm.name == name]
        return found

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.told if line.get("event") == name]

    @property
    def pending(self) -> int:
        return contracts.read_pending(self.staged.node, self.staged.deployment.pool).number

    @property
    def reasons(self) -> list[str]:
        """Of the vetoes on the chain."""
        found = self.watch._views[0].look().settlements
        return [event.members["reason"] for event in found if event.kind == "vetoed"]


@pytest.fixture(scope="session")
def still_chain() -> Iterator[DevChain]:
    """A chain that makes blocks for transactions only: its time passes when a test says so."""
    with DevChain(mining=("--slots-in-an-epoch", "1")) as chain:
        yield chain


@pytest.fixture
def chain(still_chain: DevChain) -> Iterator[DevChain]:
    """The same as it was before the test."""
    snapshot = still_chain.snapshot()
    yield still_chain
    still_chain.rpc("evm_setAutomine", True)
    still_chain.revert(snapshot)


@pytest.fixture
def staged(chain: DevChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Staged:
    """One settlement in force, and new work that is anchored, accepted and not settled."""
    return told(Staged(chain, tmp_path, monkeypatch))


def told(found: Staged) -> Staged:
    """The same of any kind of pool."""
    campaign = found.open_campaign()
    found.work(campaign, 3)
    for person in range(3):
        found.tell.link(person, story.wallet(person))
    tick(found)
    found.settle()
    found.work(campaign, 2)
    tick(found)
    found.anchor()
    found.publish("served")
    return found


@pytest.fixture
def guard(staged: Staged, tmp_path: Path) -> Guard:
    return Guard(staged, tmp_path / "guard")


def tick(staged: Staged) -> None:
    """All that was decided is final."""
    staged.pass_time(5)
    staged.tell.tick()
    staged.tell.tick()


def record(staged: Staged) -> Settlement:
    """What follows, recorded and shown."""
    settlement: Settlement = staged.tell.settle()
    staged.publish("served")
    return settlement


def propose(staged: Staged, proposal: Proposal) -> None:
    staged.send(staged.deployment.pool, contracts.propose_call(proposal))


def wrong(staged: Staged, **changes: Any) -> Proposal:
    """What follows, with something else in it; nothing is recorded."""
    honest = proposal_of(story.settle(staged.tell.book, story.CHAIN, story.POOL))
    return replace(honest, **{"size": staged.anchors[-1].size, **changes})


def theft() -> str:
    """The root of a tree that pays one thief."""
    return RewardTree([("0x" + 40 * "7", 70)]).root
