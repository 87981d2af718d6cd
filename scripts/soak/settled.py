"""After the faults: everything that was begun comes to its end, as anybody sees it through the API."""

from __future__ import annotations

from collections.abc import Callable

from ledger.chain.rpc import Node
from scripts.soak.load import AMOUNT, Load
from scripts.soak.patience import wait_until

SETTLE_SECONDS = 300.0
_STEPS = 10
"""Blocks within which the worker notes that something is permanent."""


def settle_all(load: Load, node: Node, say: Callable[[str], None]) -> None:
    """Wait until all that was earned is settled and paid. Raises UnavailableError where it does not come to that."""
    client = load.client
    say("everybody links a wallet")
    load.finish()
    say("all is settled")
    settling = _Settling(load)
    wait_until("everybody's share is settled", settling.is_done, SETTLE_SECONDS)
    say("everybody is paid")
    owed = [person.address for person in load.people if load.claimable(person)]
    if owed:
        load.done.claims += [each.id for each in client.claim(owed)]
    wait_until("everybody is paid", lambda: not any(map(load.claimable, load.people)), SETTLE_SECONDS)
    wait_until(
        "every claim is answered",
        lambda: all(client.claim_request(each).state in ("paid", "failed") for each in load.done.claims),
        SETTLE_SECONDS,
    )
    say("the last blocks become permanent")
    end = node.block("latest").number + _STEPS
    wait_until("the last blocks are permanent", lambda: node.block("finalized").number >= end, SETTLE_SECONDS)
    wait_until("the whole log is anchored for good", lambda: _anchored(load), SETTLE_SECONDS)


class _Settling:
    """Asks for one settlement after the other until they hold all that the clients know to be accepted."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._asked = ""

    def is_done(self) -> bool:
        """Look once, and ask for the next settlement where the last one is over and not enough."""
        client = self._load.client
        if any(each.state == "settled" for each in client.settlements()):
            return False
        if all(self._earned(each.address) == self._expected(each.name) for each in self._load.people):
            return True
        if not self._asked or client.settlement_request(self._asked).state not in ("asked", "sent"):
            self._asked = client.settle().id
        return False

    def _earned(self, address: str) -> int:
        return sum(int(each.earned) for each in self._load.client.rewards(address).rewards)

    def _expected(self, name: str) -> int:
        return self._load.done.accepted[name] * AMOUNT


def _anchored(load: Load) -> bool:
    """Whether the whole log is anchored for good."""
    summary = load.client.audit_summary()
    anchored = summary.anchor
    return anchored is not None and anchored.finalized and anchored.size == summary.size
