"""Several nodes of one chain: a send goes to all, a decision reads one, and what is unsound is put aside and named.

Which node is read from follows from ``ledger.chain.soundness``; here are the questions to the nodes. Each is asked in a
thread of its own, so that a silent node keeps nobody waiting who does not need its answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from ledger.chain import soundness
from ledger.chain.refusals import read_refusal
from ledger.chain.rpc import TIMEOUT_SECONDS, Node, Unreached, require_chain
from ledger.chain.soundness import Seen, Standing
from ledger.errors import ChainError, NodeError, TransactionError, WrongChainError

Found = TypeVar("Found")
_LOGGER = logging.getLogger(__name__)

_FIRST_WAIT_SECONDS = 2.0
"""At the very first, how long all nodes are waited for, so that the first choice knows them."""
_LATER_SECONDS = 1.0
"""How long the other nodes are waited for once one has taken a transaction."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the nodes said to a signed transaction, taken together.

    ``accepted``: at least one has it, or had it already. ``refused``: every one that could be reached refused it for
    good, so that it can never be mined as it is; with ``no_funds`` because the account cannot pay for it. ``unknown``:
    anything else, such as silence; it counts as sent.
    """

    kind: Literal["accepted", "refused", "unknown"]
    reason: str = ""
    no_funds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeHealth:
    """How one node is; ``shown`` is its URL without path and key, ``aside`` why it is not used (empty: it is)."""

    shown: str
    aside: str = ""
    block: int | None = None
    lag_blocks: int | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What one node said to a signed transaction; ``unreached`` where no connection to it was made."""

    kind: Literal["accepted", "refused", "no-funds", "unknown", "unreached"]
    reason: str = ""


def combine(replies: Sequence[Reply]) -> Answer:
    """What all nodes said together. One that has it, or may have it, outweighs all that refuse it."""
    by_kind = {reply.kind: reply.reason for reply in reversed(replies)}
    if "accepted" in by_kind:
        return Answer("accepted")
    if "unknown" in by_kind:
        return Answer("unknown", by_kind["unknown"])
    if "refused" in by_kind:
        return Answer("refused", by_kind["refused"])
    if "no-funds" in by_kind:
        return Answer("refused", by_kind["no-funds"], no_funds=True)
    return Answer("unknown", by_kind.get("unreached", "There is no node to send to."))


class Nodes:
    """The nodes of one chain, in order of preference. ``lag_seconds``: how old a latest block may be compared with
    another node's. Used by one caller at a time; what it started may go on in threads."""

    def __init__(
        self,
        urls: Sequence[str],
        chain_id: int,
        *,
        timeout: float = TIMEOUT_SECONDS,
        lag_seconds: float = 120.0,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._nodes = [Node(url, timeout_seconds=timeout) for url in urls]
        self.shown = _names([node.shown for node in self._nodes])
        self._chain_id = chain_id
        self._lag_seconds = lag_seconds
        self._monotonic, self._clock = monotonic, clock
        self._standings = [Standing() for _ in self._nodes]
        self._looks: dict[int, Future[Seen]] = {}
        self._sends: dict[int, Future[Reply]] = {}
        self._current: int | None = None

    def close(self) -> None:
        """Closes the connections."""
        for node in self._nodes:
            node.close()

    # ---- which one is read from ----

    @property
    def current(self) -> Node:
        """The node that is read from. Raises NodeError before the first ``connect``."""
        if self._current is None:
            raise NodeError("No node was chosen yet.", remedy="Connect first.")
        return self._nodes[self._current]

    @property
    def reads_from(self) -> str:
        """Its name: the URL without path and key, numbered where several nodes have the same."""
        return "" if self._current is None else self.shown[self._current]

    def connect(self) -> Node:
        """Look at the node in use, and keep it while it is sound, else take the next one that is.

        Raises WrongChainError or NodeError where none is.
        """
        if self._current is None:
            self._look_at_those_due()
            wait(list(self._looks.values()), _FIRST_WAIT_SECONDS)
        looked: set[int] = set()
        while True:
            looked |= self._take_looks()
            self._look_at_those_due()
            chosen = soundness.choose(self._standings, self._current)
            if chosen in looked:
                self._current = chosen
                return self.current
            if chosen is None:  # nobody is sound as far as we know: whoever is left is asked before its time
                left = [place for place in range(len(self._nodes)) if place not in looked]
                if not left:
                    raise soundness.nobody(self._standings)
                wait([self._look(place) for place in left], return_when=FIRST_COMPLETED)
            else:
                wait([self._look(chosen)])

    def doubt(self, failure: ChainError) -> None:
        """Put the node that is read from aside for what a question to it came to; it is read from until ``connect``."""
        if self._current is not None:
            place, before = self._current, list(self._standings)
            self._standings[place] = soundness.put_aside(before[place], failure, self._monotonic())
            self._tell(before)

    def health(self) -> list[NodeHealth]:
        """How all nodes are, in the order of preference."""
        return [
            NodeHealth(
                shown=shown,
                aside="" if each.failure is None else each.failure.detail,
                block=None if each.seen is None else each.seen.block,
                lag_blocks=soundness.lag_blocks(self._standings, place),
                failures=each.failures,
            )
            for place, (shown, each) in enumerate(zip(self.shown, self._standings, strict=True))
        ]

    def _look_at_those_due(self) -> None:
        now = self._monotonic()
        for place, standing in enumerate(self._standings):
            if standing.look_at <= now:
                self._look(place)

    def _look(self, place: int) -> Future[Seen]:
        """Begin to look at a node, unless that is under way."""
        if place not in self._looks:
            node = self._nodes[place]
            self._looks[place] = _begin(partial(self._see, node))
        return self._looks[place]

    def _see(self, node: Node) -> Seen:
        require_chain(node, self._chain_id)
        latest = node.block("latest")
        return Seen(latest.number, self._clock() - latest.timestamp, self._monotonic())

    def _take_looks(self) -> set[int]:
        """Judge by the looks that came to an end; which nodes they were at."""
        ended = {place: look for place, look in self._looks.items() if look.done()}
        looks: dict[int, Seen | ChainError] = {}
        for place, look in ended.items():
            del self._looks[place]
            failure = look.exception()
            if failure is not None and not isinstance(failure, ChainError):
                raise failure
            looks[place] = look.result() if failure is None else failure
        before, now = self._standings, self._monotonic()
        self._standings = soundness.after_looks(before, looks, self.shown, now=now, lag=self._lag_seconds)
        self._tell(before)
        return set(ended)

    def _tell(self, before: Sequence[Standing]) -> None:
        """Name what is put aside, and what is sound again; of a lone node its user tells what went wrong."""
        for shown, was, standing in zip(self.shown, before, self._standings, strict=True):
            if len(before) > 1 and (was.failure is None) != (standing.failure is None):
                words = "It is sound again." if standing.failure is None else f"Put aside: {standing.failure.detail}"
                _LOGGER.log(logging.INFO if standing.failure is None else logging.WARNING, "Node %s: %s", shown, words)

    # ---- sending ----

    def broadcast(self, raw: bytes, transaction: str) -> Answer:
        """Hand a signed transaction to all nodes, but those of other chains. Never raises ChainError.

        A node that has not answered the one before is left out, and counts as silent.
        """
        replies, sends = [], list[Future[Reply]]()
        for place, node in enumerate(self._nodes):
            before = self._sends.get(place)
            if isinstance(self._standings[place].failure, WrongChainError):
                continue
            if before is not None and not before.done():
                replies.append(_silent(self.shown[place]))
            else:
                self._sends[place] = _begin(partial(_send, node, raw, transaction))
                sends.append(self._sends[place])
        pending, patience = set(sends), None
        while pending:
            ended, pending = wait(pending, patience, return_when=FIRST_COMPLETED)
            if not ended:  # one has taken it: what the others say makes no difference any more
                break
            if any(send.result().kind == "accepted" for send in ended):
                patience = _LATER_SECONDS
        return combine(replies + [send.result() for send in sends if send.done()])


def _send(node: Node, raw: bytes, transaction: str) -> Reply:
    try:
        told = node.send_raw(raw)
    except TransactionError as error:
        return Reply(read_refusal(error.reason), error.detail)
    except Unreached as error:
        return Reply("unreached", error.detail)
    except ChainError as error:
        return Reply("unknown", error.detail)
    if told != transaction:
        return Reply("unknown", f"The node at {node.shown} took it for another transaction, {told}.")
    return Reply("accepted")


def _silent(shown: str) -> Reply:
    return Reply("unknown", f"The node at {shown} has not answered yet.")


def _names(shown: Sequence[str]) -> list[str]:
    """Names that differ: two accesses to one provider look alike without their keys."""
    names: list[str] = []
    for each in shown:
        number = shown[: len(names)].count(each) + 1
        names.append(each if number == 1 else f"{each} ({number})")
    return names


def _begin(function: Callable[[], Found]) -> Future[Found]:
    """Call a function in a thread that keeps no process alive."""
    future: Future[Found] = Future()

    def call() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    return future
