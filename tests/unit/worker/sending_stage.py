"""A small chain, rows and clock in memory, on which one sender, or several, stand. Nothing here ever suspends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from ledger.book.fold import Book
from ledger.chain import contracts
from ledger.chain.answers import Block, LogEntry, TransactionReceipt
from ledger.chain.artifacts import artifact
from ledger.chain.deployments import Deployment
from ledger.chain.nodes import Answer
from ledger.chain.signers import ReadTransaction, SignedTransaction, Transaction
from ledger.chain.transactions import Fees
from ledger.errors import NodeError, TransactionError
from ledger.worker.context import Context, Pace, Signers
from ledger.worker.sending import FeePolicy, Sender
from tests.unit.book.story import CHAIN, LOG_ID, ORIGIN, POOL, START_MS
from tests.unit.worker.sending_rows import Dead, Rows, RowsOf

_T = TypeVar("_T")
GWEI = 10**9
CAP = 100 * GWEI
OPERATOR, REPORTER = "0x" + "0a" * 20, "0x" + "0b" * 20
CONTRACT = "0x" + "1c" * 20


def done(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """The result of a coroutine that awaits nothing but the ports here."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("It awaited something else than its ports.")


@dataclass(frozen=True, slots=True)
class Tx:
    """A transaction as its bytes tell it."""

    sender: str
    nonce: int
    to: str
    data: str
    gas: int
    max_fee: int
    priority_fee: int | None
    chain_id: int
    call: str = ""
    """The function that is called; ``data`` are its arguments."""

    @property
    def raw(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @property
    def hash(self) -> str:
        return "0x" + hashlib.sha256(self.raw).hexdigest()


class Account:
    """Signs after its fashion; ``silent`` as a remote signer may be."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.silent = False

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        if self.silent:
            raise NodeError("The signer does not answer.")
        fields = asdict(transaction) | {"call": transaction.data[:4].hex(), "data": transaction.data[4:].hex()}
        tx = Tx(sender=self.address, **fields)
        return SignedTransaction(tx.raw, tx.hash)


@dataclass
class Chain:
    """One node. ``blocks`` hold transactions; block 0 is empty."""

    blocks: list[tuple[str, list[Tx]]] = field(default_factory=lambda: [("0xb0", [])])
    final: int = 0
    pool: dict[tuple[str, int], Tx] = field(default_factory=dict)
    market: Fees = Fees(2 * GWEI, GWEI)  # noqa: RUF009  (it is frozen)
    coins: int = 10**18
    at_once: bool = False
    reverts: dict[str, str] = field(default_factory=dict)
    """By call data in hex: why it fails, once mined, and as an estimate unless it begins with 'late'."""
    refuses: Callable[[Tx], str] = lambda tx: ""
    silent: Callable[[Tx], bool] = lambda tx: False
    """Whether the node's reply to a transaction gets lost."""
    takes: Callable[[Tx], bool] = lambda tx: True
    false_count: int | None = None
    hides: set[str] = field(default_factory=set)
    logs: dict[str, tuple[LogEntry, ...]] = field(default_factory=dict)
    """By call data in hex."""
    sent: list[Tx] = field(default_factory=list)
    on_broadcast: Callable[[Tx], None] = lambda tx: None
    die_at: str = ""
    down: bool = False
    forks: int = 0

    def _ask(self, name: str) -> None:
        if self.die_at == name:
            raise Dead
        if self.down:
            raise NodeError("The node is down.")

    # ---- what happens ----

    def mine(self, blocks: int = 1) -> None:
        """Blocks with what of the pool can be mined."""
        for _ in range(blocks):
            taken: list[Tx] = []
            for tx in sorted(self.pool.values(), key=lambda each: each.nonce):
                ahead = sum(each.sender == tx.sender for each in taken)
                if tx.nonce == self.count(tx.sender) + ahead and tx.max_fee >= self.market.price - (
                    self.market.priority or 0
                ):
                    taken.append(tx)
            self._add(taken)

    def _add(self, taken: list[Tx]) -> None:
        self.forks += 1
        self.blocks.append((f"0xb{len(self.blocks)}f{self.forks}", taken))
        mined = {(tx.sender, tx.nonce) for tx in taken}
        self.pool = {spot: tx for spot, tx in self.pool.items() if spot not in mined}

    def stranger(self, sender: str) -> None:
        """Somebody else uses the account's next nonce."""
        self._add([Tx(sender, self.count(sender), CONTRACT, "ff", 21_000, GWEI, 1, CHAIN)])

    def finalize(self) -> None:
        self.final = len(self.blocks) - 1

    def reorganise(self, depth: int, *, keep: bool) -> None:
        """The newest blocks go; their transactions are in the pool again, or nowhere."""
        depth = min(depth, len(self.blocks) - 1 - self.final)
        gone = [tx for _, some in self.blocks[len(self.blocks) - depth :] for tx in some]
        del self.blocks[len(self.blocks) - depth :]
        if keep:
            self.pool = {(tx.sender, tx.nonce): tx for tx in gone} | self.pool
        for _ in range(depth):
            self._add([])

    # ---- what is ----

    def count(self, account: str, block: int | None = None) -> int:
        some = self.blocks if block is None else self.blocks[: block + 1]
        return sum(tx.sender == account for _, txs in some for tx in txs)

    def find(self, hash_: str) -> tuple[int, Tx] | None:
        return next(
            ((number, tx) for number, (_, txs) in enumerate(self.blocks) for tx in txs if tx.hash == hash_), None
        )

    # ---- the port ----

    async def block(self, tag: int | str) -> Block:
        self._ask("block")
        number = tag if isinstance(tag, int) else len(self.blocks) - 1
        return Block(number, self.blocks[number][0], number * 12, 1)

    async def finalized(self) -> Block:
        return Block(self.final, self.blocks[self.final][0], self.final * 12, 1)

    async def nonce(self, account: str, tag: int | str) -> int:
        self._ask("nonce")
        if isinstance(tag, int):
            return self.count(account, tag)
        return self.count(account) if self.false_count is None else self.false_count

    async def balance(self, account: str) -> int:
        return self.coins

    async def receipt(self, transaction: str) -> TransactionReceipt | None:
        self._ask("receipt")
        found = self.find(transaction)
        if found is None or transaction in self.hides:
            return None
        number, tx = found
        return TransactionReceipt(
            transaction=transaction,
            block=number,
            block_hash=self.blocks[number][0],
            succeeded=tx.data not in self.reverts,
            sender=tx.sender,
            to=tx.to,
            made=None,
            gas_used=tx.gas - 10_000,
            logs=self.logs.get(tx.data, ()),
            gas_price=self.market.price,
        )

    async def estimate_gas(self, sender: str, to: str, data: bytes) -> int:
        self._ask("estimate_gas")
        reason = self.reverts.get(data[4:].hex(), "late")
        if not reason.startswith("late"):
            raise TransactionError(f"It would fail: {reason}.", reason=reason)
        return 50_000

    async def fees(self) -> Fees:
        self._ask("fees")
        return self.market

    async def failure(self, receipt: TransactionReceipt, data: bytes) -> str:
        return self.reverts[data[4:].hex()]

    async def broadcast(self, raw: bytes, transaction: str) -> Answer:
        if self.die_at == "broadcast":
            raise Dead
        tx = Tx(**json.loads(raw))
        assert tx.hash == transaction
        self.on_broadcast(tx)
        self.sent.append(tx)
        answer = self._offer(tx)
        if self.at_once:
            self.mine()
        if self.die_at == "after broadcast":
            raise Dead
        return Answer("unknown", "no reply") if self.silent(tx) or self.down else answer

    def _offer(self, tx: Tx) -> Answer:
        held = self.pool.get((tx.sender, tx.nonce))
        if held == tx or self.find(tx.hash):
            return Answer("accepted", "already known")
        if reason := self.refuses(tx):
            return Answer("refused", reason, no_funds="funds" in reason)
        if tx.nonce < self.count(tx.sender):
            return Answer("unknown", "nonce too low")
        if self.down or not self.takes(tx):
            return Answer("unknown", "silence")
        if held and not _replaces(tx, held):
            return Answer("unknown", "replacement transaction underpriced")
        self.pool[tx.sender, tx.nonce] = tx
        return Answer("accepted")


def _replaces(tx: Tx, held: Tx) -> bool:
    pairs = ((tx.max_fee, held.max_fee), (tx.priority_fee or 0, held.priority_fee or 0))
    return all(new * 8 >= old * 9 for new, old in pairs)


@dataclass
class Clock:
    """Stands still but for sleeps; ``while_asleep`` is what happens meanwhile."""

    ms: int = START_MS
    while_asleep: Callable[[], None] = lambda: None

    def now_ms(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)
        self.while_asleep()


class Signing:
    """Signs at once."""

    async def sign(self, signer: Account, transaction: Transaction) -> SignedTransaction:
        return signer.sign_transaction(transaction)

    async def read(self, raw: bytes) -> ReadTransaction | None:
        try:
            tx = Tx(**json.loads(raw))
        except (ValueError, TypeError):
            return None
        fields = {name: getattr(tx, name) for name in ("chain_id", "nonce", "to", "gas", "max_fee", "priority_fee")}
        return ReadTransaction(tx.hash, tx.sender, Transaction(data=bytes.fromhex(tx.call + tx.data), **fields))


class Work:
    """Computes at once."""

    async def run(self, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return function(*given, **named)


class Entries:
    """The log's bytes."""

    def __init__(self, statements: Sequence[bytes] = ()) -> None:
        self._statements = list(statements)

    async def statements(self, begin: int, end: int) -> list[bytes]:
        assert begin < end <= len(self._statements)
        return self._statements[begin:end]


def call_of(intent: str) -> tuple[str, bytes]:
    """The contract and the function that are called for an intent."""
    kind, pool = intent.partition(":")[0], artifact(contracts.POOL_CONTRACT).abi.functions
    if kind == "anchor":
        return CONTRACT, artifact(contracts.LOG_CONTRACT).abi.functions["anchor"].selector
    name = {"propose": "propose", "activate": "activate", "follow": "followLog", "claim": "claimMany"}[kind]
    return POOL, pool[name].selector


class Stage:
    """A chain, a database, a clock, and senders on them."""

    def __init__(self, *, cap: int = CAP, statements: Sequence[bytes] = (), book: Book | None = None) -> None:
        self.chain, self.rows, self.clock = Chain(), Rows(), Clock()
        self.operator, self.reporter = Account(OPERATOR), Account(REPORTER)
        self.policy = FeePolicy(cap=cap, replace_after=60)
        self.entries, self.book = Entries(statements), book or Book()
        self.sender = self.make()

    def context(self, worker: str = "w1", log: str = "main") -> Context:
        deployment = Deployment(
            chain_id=CHAIN,
            contribution_log=CONTRACT,
            log_id=LOG_ID,
            origin=ORIGIN,
            pool=POOL,
            token=CONTRACT,
            settlement_delay=60,
            dev=True,
            block=0,
        )
        ports: Any = {
            "chain": self.chain,
            "rows": RowsOf(self.rows, worker, log),
            "entries": self.entries,
            "signing": Signing(),
            "clock": self.clock,
            "work": Work(),
        }
        return Context(
            log=log,
            deployment=deployment,
            signers=Signers(operator=self.operator, reporter=self.reporter),
            pace=Pace(anchor_interval=1, anchor_entries=1, settle_automatically=False, settle_interval=1),
            fees=self.policy,
            holder=worker,
            book=self.book,
            **ports,
        )

    def make(self, worker: str = "w1", log: str = "main") -> Sender:
        """A worker's sender."""
        return Sender(self.context(worker, log))

    def send(self, intent: str = "anchor:1", data: bytes = b"\1", signer: Account | None = None, **more: Any) -> Any:
        to, call = call_of(intent)
        return done(self.sender.send(signer or self.operator, intent, to, call + data, **more))

    def restore(self) -> None:
        """A process on a database that knows of nothing."""
        self.rows = Rows()
        self.sender = self.make()

    def look(self, seconds: float = 0, sender: Sender | None = None) -> None:
        """Look after everything, some time later."""
        self.clock.ms += int(seconds * 1000)
        done((sender or self.sender).look_after(done(self.chain.finalized())))

    def states(self, nonce: int = 0, account: str = OPERATOR) -> list[str]:
        """States of the attempts at a nonce, the cheapest first."""
        return [each.state for each in self.rows.at(account, nonce)]
