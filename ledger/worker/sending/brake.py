"""Holds back what fails again and again: whatever is made anew from the contract's state would burn gas without end.

What the chain refuses before it is sent costs nothing and is not counted. A transaction that was mined and failed costs
its gas, one that all nodes refuse costs the transfer that fills its place.
"""

from __future__ import annotations

from dataclasses import dataclass

FREE = 2
"""Failures in a row without a pause: a reorganisation or another's transaction can cause one or two."""
FIRST_PAUSE_MS, MOST_PAUSE_MS = 60_000, 3_600_000


@dataclass(frozen=True, slots=True)
class _Failing:
    count: int
    last_ms: int
    last_hash: str
    intent: str


class Brake:
    """By account and kind of intent (what stands before its last colon): how often it failed in a row, and when."""

    def __init__(self) -> None:
        self._failing: dict[tuple[str, str], _Failing] = {}

    def failed(self, account: str, intent: str, hash_: str, now_ms: int) -> None:
        """A transaction cost something in vain; the same one counts once."""
        before = self._failing.get(_key(account, intent))
        if before is None or before.last_hash != hash_:
            count = 1 if before is None else before.count + 1
            self._failing[_key(account, intent)] = _Failing(count, now_ms, hash_, intent)

    def worked(self, account: str, intent: str) -> None:
        """One of that kind did what it is for."""
        self._failing.pop(_key(account, intent), None)

    def holds(self, account: str, intent: str, now_ms: int) -> bool:
        """Whether nothing of that kind is sent now."""
        failing = self._failing.get(_key(account, intent))
        return failing is not None and 0 <= now_ms - failing.last_ms < _pause_ms(failing.count)

    def held(self, now_ms: int) -> list[str]:
        """The intents that failed last, of all kinds that are held back now; not of those that name whom they are for,
        such as ``claim:0x...:1``: nobody else waits for them."""
        failing = [(account, each.intent) for (account, kind), each in self._failing.items() if ":" not in kind]
        return [intent for account, intent in failing if self.holds(account, intent, now_ms)]


def _key(account: str, intent: str) -> tuple[str, str]:
    return account, intent.rpartition(":")[0] or intent


def _pause_ms(count: int) -> int:
    """Twice as long with each failure, up to a bound."""
    return 0 if count <= FREE else min(MOST_PAUSE_MS, FIRST_PAUSE_MS << min(count - FREE - 1, 20))
