"""Which of several nodes is read from: rules without clocks, threads or network.

A node is looked at: its chain, and the age of its latest block. What is wrong with it puts it aside until a later look
says otherwise. The node in use stays in use while it is sound, so that decisions do not jump between two views of the
chain. Times are seconds of a clock that never goes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ledger.errors import ChainError, NodeError, WrongChainError

LOOK_SECONDS = 15.0
"""How often a sound node that is not in use is looked at."""
MOST_PAUSE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a node found: it serves our chain, and its latest block was ``age`` seconds old ``at`` that time.

    A negative age is that of a block of the future.
    """

    block: int
    age: float
    at: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one node. ``failure`` is why it is aside; it is not looked at before ``look_at``."""

    failure: ChainError | None = None
    failures: int = 0
    look_at: float = 0.0
    seen: Seen | None = None


def pause(failures: int) -> float:
    """How long a node that failed so often in a row is left alone: twice as long each time, up to a bound."""
    return min(MOST_PAUSE_SECONDS, 2.0 ** min(failures - 1, 20))


def put_aside(standing: Standing, failure: ChainError, now: float) -> Standing:
    """The standing of a node after a failure."""
    failures = standing.failures + 1
    return replace(standing, failure=failure, failures=failures, look_at=now + pause(failures))


def after_looks(
    standings: Sequence[Standing],
    looks: Mapping[int, Seen | ChainError],
    shown: Sequence[str],
    *,
    now: float,
    lag: float,
) -> list[Standing]:
    """The standings after some nodes were looked at; ``shown`` are the names of all.

    A node lags whose latest block was more than ``lag`` older than the youngest that a sound node had lately. A block
    that is as far in the future counts as youngest only if every node has such: then it is the chain, or our clock.
    """
    after = list(standings)
    for place, look in looks.items():
        after[place] = (
            put_aside(after[place], look, now) if isinstance(look, ChainError) else replace(after[place], seen=look)
        )
    ages = [
        each.seen.age
        for place, each in enumerate(after)
        if each.seen is not None
        and each.seen.at >= now - 2 * LOOK_SECONDS
        and (isinstance(looks.get(place), Seen) or each.failure is None)
    ]
    youngest = min([age for age in ages if age >= -lag] or ages, default=0.0)
    for place, look in looks.items():
        if isinstance(look, Seen):
            failure = _out_of_time(look.age - youngest, shown[place], lag)
            if failure is None:
                after[place] = replace(after[place], failure=None, failures=0, look_at=now + LOOK_SECONDS)
            else:
                after[place] = put_aside(after[place], failure, now)
    return after


def _out_of_time(behind: float, shown: str, lag: float) -> NodeError | None:
    """Why a node's latest block is too old, or of the future; None if it is neither."""
    if behind > lag:
        return NodeError(f"The node at {shown} is {behind:.0f} s behind another.", remedy=_LAGS)
    if behind < -lag:
        return NodeError(f"The node at {shown} has blocks of the future.", remedy=_LAGS)
    return None


_LAGS = "It is tried again by itself; if it stays so, look after the node or leave its URL out."


def choose(standings: Sequence[Standing], current: int | None) -> int | None:
    """The node to read from: the one in use while it is sound, else the first that is; None if none is."""
    if current is not None and standings[current].failure is None:
        return current
    return next((place for place, each in enumerate(standings) if each.failure is None), None)


def lag_blocks(standings: Sequence[Standing], place: int) -> int | None:
    """How many blocks a node was behind the best of the sound ones when it was looked at last."""
    seen = standings[place].seen
    if seen is None:
        return None
    best = [each.seen.block for each in standings if each.seen is not None and each.failure is None]
    return max(0, max(best, default=seen.block) - seen.block)


def nobody(standings: Sequence[Standing]) -> ChainError:
    """The error of a chain whose nodes are all aside: the one of the only node, or of all together."""
    failures = [each.failure for each in standings if each.failure is not None]
    if not failures:
        return NodeError("No RPC URL is configured.", remedy="Set CROWDLEDGER_RPC_URLS.")
    if len(failures) == 1 or all(isinstance(each, WrongChainError) for each in failures):
        return failures[0]
    words = " ".join(each.detail for each in failures)
    return NodeError(f"None of {len(failures)} nodes can be used. {words}", remedy="Look after them, or add another.")
