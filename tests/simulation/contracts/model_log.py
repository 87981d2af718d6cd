"""The money's view of a ContributionLog, in plain Python, from the NatSpec of IContributionLog."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from ledger.tree import merkle
from tests.simulation.contracts.model_money import NOBODY, Refused, refuse

NO_LOG = bytes(32)


@cache
def entry(number: int, branch: int) -> bytes:
    """Leaf hash of an entry; histories of different ``branch`` share nothing."""
    return merkle.leaf_hash(f"entry {number} of history {branch}".encode())


@dataclass
class Log:
    """A log's stored head; its ``entries`` are (number, branch)."""

    operator: str
    entries: list[tuple[int, int]] = field(default_factory=list)
    pending_operator: str = NOBODY
    anchored_at: int = 0
    closed: bool = False
    successor: bytes = NO_LOG

    @property
    def size(self) -> int:
        return len(self.entries)

    @property
    def leaves(self) -> list[bytes]:
        return [entry(*each) for each in self.entries]

    @property
    def root(self) -> bytes:
        return merkle.root(self.leaves) if self.entries else bytes(32)

    def extends(self, other: Log) -> bool:
        """Whether its head is a later state of the other's."""
        return self.entries[: other.size] == other.entries


class Logs:
    """All logs of the contract."""

    def __init__(self) -> None:
        self.logs: dict[bytes, Log] = {}

    def open(self, log_id: bytes, operator: str, origin: str, vkey: str) -> None:
        if not 1 <= len(origin.encode()) <= 255 or not 1 <= len(vkey.encode()) <= 511:
            raise Refused("BadLength")
        if log_id in self.logs:
            raise Refused("LogAlreadyOpen")
        self.logs[log_id] = Log(operator)

    def operated(self, log_id: bytes, caller: str) -> Log:
        log = self.logs.get(log_id)
        if log is None:
            raise Refused("LogNotOpen", "NotOperator")
        problems = [] if log.operator == caller else ["NotOperator"]
        if log.closed:
            problems.append("LogIsClosed")
        refuse(problems)
        return log

    def anchor(
        self,
        log_id: bytes,
        caller: str,
        entries: list[tuple[int, int]],
        size: int,
        *,
        proved: bool,
        growth: int,
        now: int,
    ) -> None:
        """``entries`` is the new history, ``size`` the one claimed, ``proved`` whether the proof is the right one."""
        log = self.operated(log_id, caller)
        problems = []
        if size <= log.size:
            problems.append("NotForward")
        if size > log.size + growth:
            problems.append("TooMuchGrowth")
        if not proved or size != len(entries) or entries[: log.size] != log.entries:
            problems.append("InconsistentHead")
        refuse(problems)
        log.entries, log.anchored_at = entries, now

    def transfer(self, log_id: bytes, caller: str, to: str) -> None:
        self.operated(log_id, caller).pending_operator = to

    def accept(self, log_id: bytes, caller: str) -> None:
        log = self.logs.get(log_id)
        if log is None or log.pending_operator != caller:
            raise Refused("NotPendingOperator")
        log.operator, log.pending_operator = caller, NOBODY

    def close(self, log_id: bytes, caller: str, successor: bytes) -> None:
        log = self.operated(log_id, caller)
        if successor != NO_LOG:
            following = self.logs.get(successor)
            if following is None or following.closed or successor == log_id:
                raise Refused("BadSuccessor")
        log.closed, log.successor, log.pending_operator = True, successor, NOBODY

    def words(self, log_id: bytes) -> list[int | str | bytes]:
        """As `Stage._ofLog` reads them; a log that is not open shows zeros."""
        log = self.logs.get(log_id) or Log(NOBODY)
        return [log.size, log.root, log.anchored_at, log.operator, log.pending_operator, log.closed, log.successor]
