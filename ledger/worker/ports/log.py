"""Our log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ledger.errors import LogDivergedError
from ledger.log.items import EraseContent, Fence
from ledger.statements.contents import Purpose
from ledger.statements.kinds import AnyStatement
from ledger.tree.checkpoints import Checkpoint
from ledger.tree.key_chain import KeyChain


class Log(Protocol):
    """Our log."""

    async def size(self) -> int:
        """Entries."""
        ...

    async def signed_head(self) -> Checkpoint:
        """The newest head. Raises LogDivergedError unless the log's key signed it, and where it is smaller than one
        that was given before."""
        ...

    async def statements(self, begin: int, end: int) -> list[bytes]:
        """Bytes of entries ``begin`` to ``end`` (not included)."""
        ...

    async def root_at(self, size: int) -> bytes:
        """The root of its first entries, as the stored tree has it: what is signed is proved."""
        ...

    async def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """The proof between two sizes."""
        ...

    async def keys(self) -> KeyChain:
        """The keys that the log had."""
        ...

    async def record(self, statement: AnyStatement, fence: Fence) -> None:
        """Write a statement of the service's own. Fenced as rows are: raises UnavailableError, in the transaction that
        writes, where another worker leads by now."""
        ...

    async def old_contents(self, purpose: Purpose, after: str, until: str, limit: int) -> Sequence[tuple[str, str]]:
        """Subject and platform of contents of a kind whose subjects lie between two ids, in their order."""
        ...

    async def erase(self, items: Sequence[EraseContent]) -> None:
        """Write what retention asks for, each with its fence; what is refused is left out."""
        ...

    def confirm_time(self, confirmed_ms: int) -> None:
        """A block's time."""
        ...

    def allow_writes(self) -> None:
        """The log is the anchored one."""
        ...

    def stop_writes(self, error: LogDivergedError) -> None:
        """It is not."""
        ...
