"""Never fork: whether our log is the one that is anchored. API, worker and command line ask before they write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from ledger.chain.anchors import OpenedLog
from ledger.chain.contracts import AnchoredHead
from ledger.errors import LogDivergedError, ProofError
from ledger.log.reader import Head
from ledger.tree.key_chain import KeyChain


class Heads(Protocol):
    """Our log, as far as a comparison concerns it."""

    async def head(self) -> Head:
        """The head as committed last."""
        ...

    async def log_keys(self) -> KeyChain:
        """All keys that the log had."""
        ...

    async def root_at(self, size: int) -> bytes:
        """The root of the first ``size`` entries. Raises ProofError where the database lacks a part of the tree."""
        ...


async def require_same_key(log: Heads, opened: OpenedLog) -> None:
    """Raise LogDivergedError unless the log was opened on the chain with a key of ours, in force or retired."""
    require_key(await log.log_keys(), opened)


async def require_same_history(log: Heads, anchored: AnchoredHead) -> None:
    """Raise LogDivergedError unless the anchored head is one of ours."""
    await require_head((await log.head()).size, log.root_at, anchored)


def require_key(ours: KeyChain, opened: OpenedLog) -> None:
    """The same for keys that are known."""
    if not ours.has(opened.vkey):
        raise LogDivergedError(
            f"The log was opened on the chain with the key '{opened.vkey}'; ours is '{ours.newest.vkey}'.",
            remedy="Operator: give the log's own key file, or the deployment file of this log.",
        )


async def require_head(size: int, root_at: Callable[[int], Awaitable[bytes]], anchored: AnchoredHead) -> None:
    """The same for a log of ``size`` entries."""
    if anchored.size > size:
        raise LogDivergedError(f"The contract holds {anchored.size} entries of this log, we hold {size}.")
    if anchored.size and await _root_at(root_at, anchored.size) != anchored.root:
        raise LogDivergedError(f"At size {anchored.size} the contract holds another root than our log.")


async def _root_at(root_at: Callable[[int], Awaitable[bytes]], size: int) -> bytes | None:
    try:
        return await root_at(size)
    except ProofError:
        return None
