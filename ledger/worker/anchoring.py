"""Anchors: the log's head to the contract when it is time, and rows of what the contract took.

Where the log goes on under a successor's id, an anchor counts once it holds more than was anchored before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ledger.chain import contracts
from ledger.chain.anchors import AnchorEvent
from ledger.chain.answers import Block
from ledger.chain.contracts import AnchoredHead
from ledger.chain.successors import LogState
from ledger.errors import FormatError, ProofError
from ledger.log.signed_heads import altered
from ledger.statements import kinds
from ledger.statements.values import format_time, time_ms
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint
from ledger.worker.context import Context, Pace
from ledger.worker.ports import AnchorPlan, AnchorRow, PlanReason
from ledger.worker.requests import Requests
from ledger.worker.sending import Sender

MAX_GROWTH = 1 << 24
"""Entries by which one anchor may extend the log (``ContributionLog.MAX_GROWTH``)."""


# ---- when ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What decides whether it is anchored now. Times in milliseconds since 1970."""

    entries: int
    """Entries that no anchor covers."""
    anchored_ms: int
    """When it was anchored last; 0 for never."""
    oldest_ms: int
    """When the first entry that waits was written."""
    requested: bool = False
    catching_up: bool = False
    """Our log has just begun to continue another, which holds more."""
    possible: bool = True
    """There is a log that our operator can anchor to."""


def plan_anchor(waiting: Waiting, pace: Pace, now_ms: int, price: int | None, cap: int) -> AnchorPlan:
    """Whether to anchor now, and why. ``price`` is what gas costs now, None where nobody asked; both wei a gas."""
    if waiting.entries <= 0:
        return AnchorPlan(due=False, reason="nothing", words="Every entry is anchored.", at_ms=None, entries=0)
    at_ms = waiting.anchored_ms + int(pace.anchor_interval * 1000)
    ceiling = None if is_late(waiting.oldest_ms, pace, now_ms) else pace.anchor_ceiling

    def plan(due: bool, reason: PlanReason, words: str) -> AnchorPlan:
        return AnchorPlan(
            due=due, reason=reason, words=words, at_ms=at_ms, entries=waiting.entries, fee=price, ceiling=ceiling
        )

    if not waiting.possible:
        return plan(False, "nobody", f"{waiting.entries} entries wait for an operator who can anchor them.")
    cause = _cause(waiting, pace, now_ms, at_ms)
    if cause is None:
        return plan(False, "waiting", f"{waiting.entries} entries wait for {format_time(at_ms)}, or for more of them.")
    if price is not None and price > cap:
        return plan(False, "over-cap", f"Gas costs {price} wei, more than the cap of {cap} wei: nothing is anchored.")
    if price is not None and ceiling is not None and price > ceiling:
        until = format_time(waiting.oldest_ms + int(pace.anchor_max_age * 1000))
        words = f"Gas costs {price} wei, more than {ceiling} wei: it waits for less, until {until} at the latest."
        return plan(False, "expensive", words)
    reason, words = cause
    return plan(True, reason, words)


def is_late(oldest_ms: int, pace: Pace, now_ms: int) -> bool:
    """Whether an entry that was written then, and is not anchored, waits for longer than was promised."""
    return now_ms - oldest_ms > pace.anchor_max_age * 1000


def _cause(waiting: Waiting, pace: Pace, now_ms: int, at_ms: int) -> tuple[PlanReason, str] | None:
    """What makes an anchor due, whatever it costs."""
    if waiting.catching_up:
        return "catching-up", "The log goes on under another id, which catches up."
    if waiting.requested:
        return "request", "Somebody asked for an anchor or a settlement."
    if waiting.entries >= pace.anchor_entries:
        return "count", f"{waiting.entries} entries wait; it is anchored as soon as {pace.anchor_entries} do."
    if now_ms >= at_ms:
        return "age", "The last anchor is old enough."
    return None


# ---- what ----


class Anchoring:
    """Anchors one log."""

    def __init__(self, context: Context, sender: Sender, requests: Requests) -> None:
        self._context = context
        self._sender = sender
        self._requests = requests
        self._begin: dict[str, int] = {}
        self._anchored: int | None = None
        self._written: dict[int, int] = {}
        self.plan: AnchorPlan | None = None
        """The newest plan."""

    async def anchor(self, own: LogState | None, newest: AnchoredHead, latest: Block) -> bool:
        """Anchor to our log, if there is one and it is time; whether the contract's head moved.

        A log that is behind ``newest``, the newest head of all, has just begun to continue another and catches up.
        Raises LogDivergedError where the head to anchor is not one that the log's key signed.
        """
        context, signer = self._context, self._context.signers.operator
        signed = await context.entries.signed_head()
        self.plan = await self._plan(own, newest, signed.size, latest)
        if own is None or signer is None or not self.plan.due:
            return False
        size = min(signed.size, own.head.size + MAX_GROWTH)
        root = await self._root_at(size, signed)
        proof = await context.entries.consistency(own.head.size, size)
        data = contracts.anchor_call(own.log_id, size, root, proof)
        return await self._sender.send(signer, f"anchor:{size}", context.deployment.contribution_log, data) is not None

    async def _root_at(self, size: int, signed: Checkpoint) -> bytes:
        """The root of the first entries of those under the signed head; the stored tree has to prove it."""
        if size == signed.size:
            return signed.root
        entries = self._context.entries
        try:
            root, proof = await entries.root_at(size), await entries.consistency(size, signed.size)
            merkle.verify_consistency(size, signed.size, root, signed.root, proof)
        except ProofError as error:
            raise altered(f"The stored tree of {size} entries does not lead to the head that is signed.") from error
        return root

    async def _plan(self, own: LogState | None, newest: AnchoredHead, size: int, latest: Block) -> AnchorPlan:
        context = self._context
        head = newest if own is None else own.head
        now_ms = max(context.clock.now_ms(), latest.timestamp * 1000)
        self._anchored = newest.size
        waiting = Waiting(
            entries=size - head.size,
            anchored_ms=head.anchored_at * 1000,
            oldest_ms=await self.written_ms(newest.size) if newest.size < size else now_ms,
            requested=self._requests.needs_anchor(head.size),
            catching_up=head.size < newest.size,
            possible=own is not None,
        )
        plan = plan_anchor(waiting, context.pace, now_ms, None, context.fees.cap)
        if plan.due:
            price = (await context.chain.fees()).price
            plan = plan_anchor(waiting, context.pace, now_ms, price, context.fees.cap)
        return plan

    async def anchored(self) -> int:
        """Entries that are anchored, as far as we know while the chain does not answer."""
        if self._anchored is None:
            size, _ = await self._context.rows.last_final_anchor()
            self._anchored = max([size, *(row.size for row in await self._context.rows.loose_anchors())])
        return self._anchored

    async def written_ms(self, index: int) -> int:
        """When an entry was written."""
        if index not in self._written:
            (data,) = await self._context.entries.statements(index, index + 1)
            try:
                at_ms = time_ms(kinds.parse(data).at)
            except FormatError:  # what is no statement is a finding of the audit and has no time of its own
                at_ms = self._context.book.clock_ms
            self._written = dict([*self._written.items(), (index, at_ms)][-2:])
        return self._written[index]

    # ---- what is anchored ----

    async def note(self, logs: Mapping[str, LogState], latest: Block, finalized: Block) -> None:
        """Bring the rows up to what the chain says of ``logs``, our log and those that continue it.

        There are new anchors, final ones, and those that a reorganisation undid.
        """
        rows = self._context.rows
        size, final_blocks = await rows.last_final_anchor()
        known = await rows.loose_anchors()
        begin = self._begin or {log_id: block + 1 for log_id, block in final_blocks.items()}
        wanted = []
        for event in await self._events(logs, begin, latest):
            if event.size > size:
                size = event.size
                wanted.append(_row(event, finalized))
        if wanted != known:
            await rows.replace_loose_anchors(wanted)
        self._begin = dict.fromkeys(logs, finalized.number + 1)
        self._anchored = max(log.head.size for log in logs.values())

    async def _events(self, logs: Collection[str], begin: dict[str, int], latest: Block) -> list[AnchorEvent]:
        """What the logs anchored in the blocks that were not final, or not read, when we noted last."""
        found: list[AnchorEvent] = []
        for log_id in logs:
            first = begin.get(log_id, self._context.deployment.block)
            if first <= latest.number:
                found += await self._context.chain.anchor_events(log_id, first, latest.number)
        return sorted(found, key=lambda event: (event.place.block, event.place.log_index))


def _row(event: AnchorEvent, finalized: Block) -> AnchorRow:
    return AnchorRow(
        size=event.size,
        root=event.root,
        transaction=event.place.transaction,
        block=event.place.block,
        log_id=event.log_id,
        finalized=event.place.block <= finalized.number,
    )
