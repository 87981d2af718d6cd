"""What a run came to: each kind of request under load beside itself when nothing else goes on, and the memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from scripts.load.client import EVENT, Measured
from scripts.load.watch import Held

TIMES: Final = 4.0
"""What a 99th percentile under load may be of the idle one."""
ALL: Final = "all of the mix"
_FEWEST: Final = 50
"""Of fewer requests a 99th percentile says nothing."""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that ``share`` of them do not exceed; of at least one value."""
    return weighted([(each, 1.0) for each in values], share)


def weighted(values: Iterable[tuple[float, float]], share: float) -> float:
    """The same of values with weights."""
    ordered = sorted(values)
    wanted = share * sum(weight for _, weight in ordered) - 1e-9
    reached = accumulate(weight for _, weight in ordered)
    return next((value for (value, _), sofar in zip(ordered, reached, strict=True) if sofar >= wanted), ordered[-1][0])


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of request; times in milliseconds."""

    kind: str
    requests: int
    idle_p50: float
    idle_p99: float
    p50: float
    p99: float
    met: bool | None
    """Whether the 99th percentile is within the aim; None where too few were sent to say."""

    @property
    def times(self) -> float:
        """The 99th percentile against the idle one."""
        return self.p99 / self.idle_p99

    @classmethod
    def of(cls, kind: str, idle: Sequence[float], load: Sequence[float], within: float = 0.0) -> Line:
        """Both were measured at least once. What takes no longer than ``within`` seconds is met in any case."""
        idle_p50, idle_p99, p50, p99 = (percentile(each, share) * 1e3 for each in (idle, load) for share in (0.5, 0.99))
        enough = min(len(idle), len(load)) >= _FEWEST
        met = p99 <= max(TIMES * idle_p99, within * 1e3)
        return cls(kind, len(load), idle_p50, idle_p99, p50, p99, met if enough else None)

    @classmethod
    def of_all(cls, idle: Measured, load: Measured, kinds: Sequence[str]) -> Line:
        """All kinds together, idle ones in the numbers that the load had of each."""
        alone = [(each, len(load.took[kind]) / len(idle.took[kind])) for kind in kinds for each in idle.took[kind]]
        mixed = [each for kind in kinds for each in load.took[kind]]
        idle_p50, idle_p99 = (weighted(alone, share) * 1e3 for share in (0.5, 0.99))
        p50, p99 = (percentile(mixed, share) * 1e3 for share in (0.5, 0.99))
        return cls(ALL, len(mixed), idle_p50, idle_p99, p50, p99, p99 <= TIMES * idle_p99)

    def members(self) -> dict[str, Any]:
        """As JSON."""
        times = {name: round(getattr(self, name), 2) for name in ("idle_p50", "idle_p99", "p50", "p99", "times")}
        return {"kind": self.kind, "requests": self.requests, **times, "met": self.met}


def lines_of(idle: Measured, load: Measured) -> list[Line]:
    """All of the mix, a line for each kind that both have, and the streams' events.

    A process does one thing at a time, so the quickest requests now and then wait behind the slowest: none of a kind is
    too slow that takes no longer than the slowest hundredth of all when nothing else goes on.
    """
    kinds = [kind for kind in idle.took if kind in load.took and kind != EVENT]
    if not kinds:
        return []
    everything = Line.of_all(idle, load, kinds)
    within = everything.idle_p99 / 1e3
    found = [everything, *(Line.of(kind, idle.took[kind], load.took[kind], within) for kind in kinds)]
    if EVENT in idle.took and EVENT in load.took:
        found.append(Line.of(EVENT, idle.took[EVENT], load.took[EVENT]))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A run. ``wrong`` is what the check at the end found, by check, each empty where all is well."""

    faults: Mapping[str, int] | None
    """What was done to it; None in a run without faults, whose times and memory count."""
    services: int
    share: float
    most: float
    """Requests a second that all of the machine can do."""
    idle: Measured
    load: Measured
    held: Mapping[str, Held]
    wrong: Mapping[str, Sequence[str]]
    acknowledged: int
    """Receipts that were verified at the end."""

    @property
    def errors(self) -> Counter[str]:
        """Of all phases."""
        return self.idle.errors + self.load.errors

    @property
    def missed(self) -> list[str]:
        """What is not as it should be."""
        found = [f"{count} times: {words}" for words, count in self.errors.items()]
        found += [f"{check}: {each}" for check, some in self.wrong.items() for each in some]
        if self.faults is None:
            slow = [line for line in lines_of(self.idle, self.load) if line.met is False]
            found += [f"{line.kind}: p99 is {line.times:.1f} times the idle one" for line in slow]
            growing = [name for name, held in self.held.items() if not held.is_flat]
            found += [f"{name}: its memory grows" for name in growing]
        return found

    def members(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "seconds": round(self.load.seconds, 1),
            "faults": self.faults,
            "services": self.services,
            "most_per_second": round(self.most, 1),
            "share": self.share,
            "per_second": round(self.load.requests / self.load.seconds, 1),
            "requests": self.load.requests,
            "errors": sum(self.errors.values()),
            "sent_again": dict(self.load.again),
            "most_at_once": self.load.most_at_once,
            "client_cpu_us": round(self.load.processor_seconds / max(1, self.load.requests) * 1e6),
            "kinds": [line.members() for line in lines_of(self.idle, self.load)],
            "memory": {
                name: {
                    "start": held.start,
                    "middle": held.middle,
                    "end": held.end,
                    "book": held.book,
                    "flat": held.is_flat,
                }
                for name, held in self.held.items()
            },
            "checks": {check: len(some) for check, some in self.wrong.items()},
            "acknowledged": self.acknowledged,
            "missed": self.missed,
        }

    def words(self) -> str:
        """For people."""
        load = self.load
        text = [
            f"{load.requests:,} requests in {load.seconds:.0f} s, {load.requests / load.seconds:.0f} a second, "
            f"{self.share:.0%} of the {self.most:.0f} that this machine can do with all of the mix; "
            f"{sum(self.errors.values())} errors, {sum(load.again.values())} sent again, "
            f"at most {load.most_at_once} under way at once.",
            "",
            f"{'milliseconds':24}{'requests':>10}{'idle p50':>10}{'p99':>8}{'load p50':>10}{'p99':>8}{'times':>8}",
        ]
        for line in lines_of(self.idle, load):
            met = {True: "", False: "  MISSED", None: "  too few to say"}[line.met if self.faults is None else True]
            times = f"{line.idle_p50:>10.1f}{line.idle_p99:>8.1f}{line.p50:>10.1f}{line.p99:>8.1f}{line.times:>8.1f}"
            text.append(f"{line.kind:24}{line.requests:>10,}{times}{met}")
        for name, held in self.held.items():
            mib = ", ".join(f"{each / 2**20:.1f}" for each in (held.start, held.middle, held.end))
            book = f", {held.book / 2**20:.1f} for the book" if held.book else ""
            text.append(f"{name}: {mib} MiB at start, middle and end{book}{'' if held.is_flat else '  GROWS'}")
        if self.faults is not None:
            text.append("Faults: " + (", ".join(f"{count} {name}" for name, count in self.faults.items()) or "none"))
        for check, some in self.wrong.items():
            text.append(f"{'HOLDS' if not some else 'FAILS'}  {check}")
        text += ["", "All as it should be." if not self.missed else "Missed:", *self.missed[:30]]
        return "\n".join(text)
