"""The faults of ``make load ARGS=--faults``: what a machine room has, one after the other, in the midst of the load."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ledger.client import Client
from ledger.errors import CrowdLedgerError
from scripts.bench.postgres import PostgresServer
from scripts.soak.faults import Faults

_DOWN_SECONDS: Final = (0.0, 6.0)
_EXCUSED_SECONDS: Final = 20.0
"""So long after the database's return a process may still end for its absence."""
_LOOK_SECONDS: Final = 1.0


@dataclass
class Trouble(Faults):
    """Soak's faults, of which those happen that stop something, and the database's restart.

    Each kind comes up before any comes up again, so that a short run has all of them.
    """

    postgres: PostgresServer = field(kw_only=True)
    _bag: list[Callable[[], str]] = field(default_factory=list)
    _back: float = 0.0

    def turn(self) -> None:
        """As soak's, but the next one waits until all is up again: a machine that starts processes slowly would be down
        for most of the run.
        """
        if time.monotonic() >= self._next and not self._is_whole():
            self._next = time.monotonic() + _LOOK_SECONDS
        super().turn()

    def _is_whole(self) -> bool:
        if self._later or self.postgres.pid is None or not all(each.runs for each in self.processes.every):
            return False
        return all(_is_ready(url) for url in self.processes.urls)

    def kinds(self) -> list[Callable[[], str]]:
        """The one that is next."""
        if not self._bag:
            self._bag = [
                self._kill_worker, self._kill_service, self._restart_service, self._restart_node,
                self._restart_database,
            ]  # fmt: skip
            self.dice.shuffle(self._bag)
        return [self._bag.pop()]

    def revive(self) -> None:
        """Start again what ended because the database was away, as whatever keeps services running does.

        Raises UnavailableError where something ended that had no such reason.
        """
        if self.postgres.pid is None or time.monotonic() < self._back + _EXCUSED_SECONDS:
            for each in self.processes.every:
                if each.ended_by_itself is not None:
                    self.count["ended by itself"] += 1
                    self.say(f"{each.name} ended with {each.ended_by_itself} and is started again")
                    each.start()
        else:
            self.processes.require_running()

    def _kill_service(self) -> str:
        return self._end_service(softly=False)

    def _restart_service(self) -> str:
        return self._end_service(softly=True)

    def _bring_back(self) -> None:
        self.postgres.start()
        self._back = time.monotonic()

    def _restart_database(self) -> str:
        if self.postgres.pid is None:
            return ""
        softly, seconds = self.dice.random() < 0.5, self.dice.uniform(*_DOWN_SECONDS)
        self.postgres.stop(softly=softly)
        self._after(seconds, self._bring_back)
        return f"{'softly' if softly else 'as in a crash'}, for {seconds:.1f} s"


def _is_ready(url: str) -> bool:
    with Client(url) as client:
        try:
            return client.ready()
        except CrowdLedgerError:
            return False
