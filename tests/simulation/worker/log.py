"""The ports ``Log``, ``Clock``, ``Signing`` and ``Work``: a small real log that grows, and virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ledger.book import rules
from ledger.book.fold import Book
from ledger.chain.signers import ReadTransaction, SignedTransaction, Signer, Transaction
from ledger.errors import DatabaseError, LogDivergedError, NodeError, UnavailableError
from ledger.log.items.service import Fence
from ledger.statements import kinds, values
from ledger.statements.kinds import AnyStatement
from ledger.tree import merkle
from ledger.tree.checkpoints import Checkpoint
from ledger.tree.key_chain import KeyChain
from tests.simulation.worker.chain import Sent
from tests.simulation.worker.rows import Store
from tests.simulation.worker.world import BrokenProperty, Life, Port, Sleep, World
from tests.unit.book.story import CHAIN, LOG_KEYS, ORIGIN


class Entries:
    """The log itself, folded as it grows."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.statements: list[bytes] = []
        self.leaves: list[bytes] = []
        self.book = Book()
        self._roots: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """Entries."""
        return len(self.statements)

    def add(self, statement: AnyStatement) -> None:
        """Write one at its time. Raises RuleError where the log says no."""
        at_ms = max(self._world.now_ms, self.book.clock_ms)
        said = msgspec.structs.replace(statement, at=values.format_time(at_ms))
        rules.check_at(said, at_ms, self.size, self.book.facts)
        data = kinds.encode(said)
        self.book.fold(said, self.size)
        self.statements.append(data)
        self.leaves.append(merkle.leaf_hash(data))
        self._world.say(f"   entry {self.size - 1} {kinds.NAMES[type(said)]}")

    def root_at(self, size: int) -> bytes:
        """The root of the first entries."""
        if size not in self._roots:
            self._roots[size] = merkle.root(self.leaves[:size])
        return self._roots[size]


class SimLog(Port):
    """One worker's way to the log."""

    error = DatabaseError
    takes_ms = 3
    fenced = True

    def __init__(self, world: World, life: Life, entries: Entries, store: Store) -> None:
        super().__init__(world, life)
        self._entries = entries
        self._store = store
        self.on_record: list[Callable[[AnyStatement, Fence], None]] = []

    async def size(self) -> int:
        """Entries."""
        await self._point("log.size")
        return self._entries.size

    async def signed_head(self) -> Checkpoint:
        """The head; whatever is in this log is signed."""
        await self._point("log.signed_head")
        size = self._entries.size
        return Checkpoint(ORIGIN, size, self._entries.root_at(size))

    async def statements(self, begin: int, end: int) -> list[bytes]:
        """Bytes of some."""
        await self._point("log.statements")
        return self._entries.statements[begin:end]

    async def root_at(self, size: int) -> bytes:
        """A root."""
        await self._point("log.root_at")
        return self._entries.root_at(size)

    async def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """A proof."""
        await self._point("log.consistency")
        return merkle.consistency_proof(old, new, self._entries.leaves[:new])

    async def keys(self) -> KeyChain:
        """The one key."""
        await self._point("log.keys")
        return KeyChain.single(LOG_KEYS[0].verifier_key)

    async def record(self, statement: AnyStatement, fence: Fence) -> None:
        """Write one of the service's own; the writer looks at the lease in its own transaction."""
        await self._point("log.record")
        lease = self._store.lease
        if self.fenced and (lease is None or lease[:2] != (fence.holder, fence.token)):
            raise UnavailableError("Another worker leads by now.")
        for each in self.on_record:
            each(statement, fence)
        self._entries.add(statement)
        await self._point("log.record, done")

    async def old_contents(self, purpose: str, after: str, until: str, limit: int) -> Sequence[tuple[str, str]]:
        """None."""
        await self._point("log.old_contents")
        return []

    async def erase(self, items: Sequence[object]) -> None:
        """Nothing is ever old enough."""
        raise BrokenProperty("Something is erased.")

    def confirm_time(self, confirmed_ms: int) -> None:
        """A block's time."""

    def allow_writes(self) -> None:
        """The log is the anchored one."""

    def stop_writes(self, error: LogDivergedError) -> None:
        """It never is another one here."""
        raise BrokenProperty(f"Writes are stopped: {error}")


class SimSigning(Port):
    """Signs, or does not answer."""

    error = NodeError
    takes_ms = 10

    def __init__(self, world: World, life: Life, *, legacy: bool) -> None:
        super().__init__(world, life)
        self._legacy = legacy

    async def sign(self, signer: Signer, transaction: Transaction) -> SignedTransaction:
        """The signer's bytes."""
        await self._point("signing.sign")
        return signer.sign_transaction(transaction)

    async def read(self, raw: bytes) -> ReadTransaction | None:
        """What the bytes say; nothing outside is asked."""
        try:
            sent = msgspec.msgpack.decode(raw, type=Sent)
        except msgspec.DecodeError:
            return None
        transaction = Transaction(
            chain_id=CHAIN,
            nonce=sent.nonce,
            to=sent.to or None,
            data=sent.data,
            gas=sent.gas,
            max_fee=sent.max_fee,
            priority_fee=None if self._legacy else sent.priority,
        )
        return ReadTransaction(sent.hash, sent.sender, transaction)


class SimWork:
    """Computes at once."""

    async def run(self, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """What the function returns."""
        return function(*given, **named)


class SimClock:
    """Virtual time."""

    def __init__(self, world: World, wrong_ms: int) -> None:
        self._world = world
        self.wrong_ms = wrong_ms
        """By how much this machine's clock is wrong."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, more or less."""
        return self._world.now_ms + self.wrong_ms

    async def sleep(self, seconds: float) -> None:
        """Let it pass."""
        await Sleep(int(seconds * 1000))
