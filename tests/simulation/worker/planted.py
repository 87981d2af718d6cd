"""Workers with a bug, each of a kind that the simulator must find within some seeds.

They are made of the sound worker on ports that mislead it, so that they stay what they are whatever the worker becomes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ledger.chain.answers import Block
from ledger.chain.nodes import Answer
from ledger.chain.rpc import BlockTag
from ledger.worker.context import Context
from ledger.worker.ports import AnchorRow, Attempt

Plant = Callable[[Context], None]


def _ports(context: Context) -> tuple[Any, Any, Any]:
    """Chain, rows and log, whose methods a plant replaces."""
    return context.chain, context.rows, context.entries


def resends_under_a_new_nonce(context: Context) -> None:
    """It forgets what is under way and sends the same again, under the nonce after it."""
    chain, rows, _ = _ports(context)
    count = chain.nonce

    async def nonce(account: str, tag: BlockTag) -> int:
        said: int = await count(account, tag)
        return max(said, await rows.next_nonce(account)) if tag == "latest" else said

    async def open_attempts() -> list[Attempt]:
        return []

    chain.nonce, rows.open_attempts = nonce, open_attempts


def sends_before_saving(context: Context) -> None:
    """It saves what it has sent."""
    chain, rows, _ = _ports(context)
    save = rows.save_attempt

    async def send_and_save(attempt: Attempt) -> None:
        await chain.broadcast(attempt.raw, attempt.hash)
        await save(attempt)

    rows.save_attempt = send_and_save


def ignores_the_lease(context: Context) -> None:
    """It writes whoever leads."""
    _, rows, entries = _ports(context)
    rows.fenced = entries.fenced = False


def records_without_a_fence(context: Context) -> None:
    """It looks at the lease before it writes to the log, not while."""
    _, _, entries = _ports(context)
    entries.fenced = False


def takes_the_latest_block_for_permanent(context: Context) -> None:
    """It forgets that a block may go."""
    chain, _, _ = _ports(context)

    async def finalized() -> Block:
        block: Block = await chain.block("latest")
        return block

    chain.finalized = finalized


def takes_anchors_for_permanent(context: Context) -> None:
    """It writes anchors as permanent as soon as it sees them."""
    _, rows, _ = _ports(context)
    put = rows.replace_loose_anchors

    async def put_all(anchors: Sequence[AnchorRow]) -> None:
        await put([replace(each, finalized=True) for each in anchors])

    rows.replace_loose_anchors = put_all


def never_sends_again(context: Context) -> None:
    """It believes that what was sent once will be mined."""
    chain, rows, _ = _ports(context)
    broadcast, sent = chain.broadcast, set[tuple[str, int]]()

    async def send_once(raw: bytes, transaction: str) -> Answer:
        attempt = rows.store.attempts[transaction]
        if (attempt.sender, attempt.nonce) in sent:
            return Answer("accepted")
        sent.add((attempt.sender, attempt.nonce))
        answer: Answer = await broadcast(raw, transaction)
        return answer

    chain.broadcast = send_once


def forgets_what_was_not_accepted(context: Context) -> None:
    """It takes silence for a no, and the nonce for free."""
    chain, rows, _ = _ports(context)
    broadcast = chain.broadcast

    async def send_or_forget(raw: bytes, transaction: str) -> Answer:
        answer: Answer = await broadcast(raw, transaction)
        if answer.kind == "unknown":
            attempt = rows.store.attempts.pop(transaction, None)
            rows.store.nonces.pop(attempt and (attempt.sender, attempt.nonce), None)
        return answer

    chain.broadcast = send_or_forget


def keeps_the_first_proposal(context: Context) -> None:
    """It does not correct which transaction proposed a settlement once one is permanent."""
    _, rows, _ = _ports(context)

    async def note_nothing(proposal: str, transaction: str) -> None:
        return None

    rows.note_proposed_in = note_nothing


def keeps_claims_closed(context: Context) -> None:
    """It leaves a claim closed as paid where a reorganisation undid the payment."""
    _, rows, _ = _ports(context)
    rows._reopen = lambda transaction: None


PLANTS: dict[Plant, int] = {
    resends_under_a_new_nonce: 20,
    sends_before_saving: 5,
    ignores_the_lease: 60,
    records_without_a_fence: 150,
    takes_the_latest_block_for_permanent: 10,
    takes_anchors_for_permanent: 10,
    never_sends_again: 60,
    forgets_what_was_not_accepted: 150,
}
"""The plants, and within how many seeds each is found."""
HOT: dict[Plant, str] = {records_without_a_fence: "log.record"}
"""Where those runs have more trouble than elsewhere, which would otherwise be too many."""
RARE: dict[Plant, int] = {keeps_the_first_proposal: 4_000, keeps_claims_closed: 4_000}
"""The same of longer runs."""
