"""A chain that is slow, expensive, forked and forgetful: blocks, and nodes that know them more or less."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from ledger.chain.signers import SignedTransaction, Transaction
from tests.simulation.worker.contracts import Effect, Revert, Said, State, execute
from tests.simulation.worker.world import START_MS, World

BLOCK_MS = 12_000
GWEI = 10**9
BASE_FEE = 10 * GWEI
TIP = GWEI
_RAISE = (9, 8)
"""What takes another's place in a mempool pays 12.5 % more."""


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """A transaction as its bytes tell it: unsigned, for nobody here forges."""

    sender: str
    nonce: int
    to: str
    data: bytes
    gas: int
    max_fee: int
    priority: int

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        return msgspec.msgpack.encode(self)

    @property
    def hash(self) -> str:
        """The hash under which the chain knows it."""
        return "0x" + hashlib.sha256(self.raw).hexdigest()


class Account:
    """Signs, after its fashion."""

    def __init__(self, address: str) -> None:
        self.address = address

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        """The bytes that the chain here reads."""
        sent = Sent(
            self.address,
            transaction.nonce,
            transaction.to or "",
            transaction.data,
            transaction.gas,
            transaction.max_fee,
            transaction.max_fee if transaction.priority_fee is None else transaction.priority_fee,
        )
        return SignedTransaction(sent.raw, sent.hash)


@dataclass(frozen=True, slots=True)
class Outside:
    """What somebody else does to the chain; it is never lost."""

    name: str
    act: Callable[[State, int], Effect]


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction in a block. ``said`` are its events with their places among those of the block."""

    hash: str
    sender: str
    to: str
    succeeded: bool
    reason: str
    gas_used: int
    price: int
    said: tuple[tuple[int, Said], ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A block and the state behind it."""

    number: int
    hash: str
    timestamp: int
    base_fee: int
    state: State
    mined: dict[str, Mined]
    sent: tuple[Sent, ...]
    outside: tuple[Outside, ...]


@dataclass(slots=True, eq=False)
class SimNode:
    """A node: the blocks as it sees them and a mempool of its own. Times are the world's, in milliseconds."""

    shown: str
    view: list[Made]
    final: int = 0
    pool: dict[str, dict[int, Sent]] = field(default_factory=dict)
    down_until: int = 0
    stale_until: int = 0
    lies_until: int = 0
    elsewhere_until: int = 0
    """Until when it serves another chain."""

    @property
    def state(self) -> State:
        """The newest state that it knows."""
        return self.view[-1].state

    def find(self, hash_: str) -> tuple[Made, Mined] | None:
        """A mined transaction in its view."""
        return next(((block, block.mined[hash_]) for block in reversed(self.view) if hash_ in block.mined), None)

    def offer(self, sent: Sent) -> str:
        """Hand it a transaction; empty if it takes it, else why not."""
        waiting = self.pool.setdefault(sent.sender, {})
        held = waiting.get(sent.nonce)
        if held == sent or self.find(sent.hash) is not None:
            return ""
        if sent.nonce < self.state.nonces.get(sent.sender, 0):
            return "nonce too low"
        if self.state.balances.get(sent.sender, 0) < sent.gas * sent.max_fee:
            return "insufficient funds"
        up, down = _RAISE
        if held and (sent.max_fee * down < held.max_fee * up or sent.priority * down < held.priority * up):
            return "replacement transaction underpriced"
        waiting[sent.nonce] = sent
        return ""

    def forget_mined(self) -> None:
        """Drop from the mempool what can no longer be mined."""
        nonces = self.state.nonces
        for sender, waiting in self.pool.items():
            for nonce in [each for each in waiting if each < nonces.get(sender, 0)]:
                del waiting[nonce]


class SimChain:
    """The chain as it really is, and its nodes."""

    def __init__(self, world: World, state: State, nodes: int, finality: int, *, legacy: bool) -> None:
        self.world = world
        self.legacy = legacy
        """Whether it knows no fees of EIP-1559."""
        first = Made(1, _hash("genesis"), START_MS // 1000 - 12, BASE_FEE, state, {}, (), ())
        self.blocks = [Made(0, _hash("nothing"), first.timestamp - 12, BASE_FEE, State(), {}, (), ()), first]
        self.nodes = [SimNode(f"http://node{number}", list(self.blocks)) for number in range(nodes)]
        self.outside: list[Outside] = []
        self.seen: dict[str, Sent] = {}
        """Whatever was ever handed to a node: anybody may keep it."""
        self.refused: set[str] = set()
        """What all nodes refuse, for reasons of their own."""
        self.final = 1
        self.on_block: list[Callable[[], None]] = []
        self._finality = finality
        self._base_fee = BASE_FEE
        self._forks = 0
        world.at(BLOCK_MS, self._tick)

    # ---- blocks ----

    def _tick(self) -> None:
        self.world.at(BLOCK_MS, self._tick)
        rng = self.world.rng
        if self.world.quiet:
            self._base_fee = BASE_FEE
        elif rng.random() < 0.1:
            self._base_fee = BASE_FEE * rng.choice((1, 1, 3, 12, 45, 60))
        self._make(self.world.now_ms // 1000)
        if not self.world.chance(0.1):
            self.final = max(self.final, self.blocks[-1].number - self._finality)
        self.sync()
        for each in self.on_block:
            each()

    def _make(self, timestamp: int) -> None:
        """One block, from the mempool of whoever builds it."""
        before, builder = self.blocks[-1], self.world.rng.choice(self.nodes)
        waits = any(builder.pool.values()) or bool(self.outside)
        state = before.state.copy() if waits else before.state
        mined: dict[str, Mined] = {}
        taken: list[Sent] = []
        place = 0
        done = [each for each in self.outside if not self.world.chance(0.2)]
        self.outside = [each for each in self.outside if each not in done]
        for each in done:
            place = self._add_outside(state, timestamp, each, mined, place)
        for waiting in builder.pool.values():
            for sent in sorted(waiting.values(), key=lambda each: each.nonce):
                if sent.nonce > state.nonces.get(sent.sender, 0) or self.world.chance(0.15):
                    break
                if sent.nonce == state.nonces.get(sent.sender, 0) and sent.max_fee >= self._base_fee:
                    place = self._add(state, timestamp, sent, mined, place)
                    taken.append(sent)
        self._forks += 1
        number = before.number + 1
        block = Made(
            number, _hash(f"{number}/{self._forks}"), timestamp, self._base_fee, state, mined, tuple(taken), tuple(done)
        )
        self.blocks.append(block)

    def _add(self, state: State, now: int, sent: Sent, mined: dict[str, Mined], place: int) -> int:
        price = sent.max_fee if self.legacy else min(sent.max_fee, self._base_fee + sent.priority)
        state.nonces[sent.sender] = sent.nonce + 1
        trial = state.copy()
        try:
            said, gas = execute(trial, sent.sender, sent.to, sent.data, now)
            reason = ""
            state.become(trial)
        except Revert as error:
            said, gas, reason = [], 40_000, str(error)
        state.balances[sent.sender] = state.balances.get(sent.sender, 0) - gas * price
        places = tuple(enumerate(said, place))
        ok = not reason
        mined[sent.hash] = Mined(sent.hash, sent.sender, sent.to, ok, reason, gas, price, places)
        self.world.say(f"   mined {sent.sender[:4]}/{sent.nonce} {sent.hash[:8]} {reason or [e.name for e in said]}")
        return place + len(said)

    def _add_outside(self, state: State, now: int, each: Outside, mined: dict[str, Mined], place: int) -> int:
        trial = state.copy()
        try:
            said = each.act(trial, now)
        except Revert as error:
            self.world.say(f"   outside {each.name} reverts: {error}")
            return place
        state.become(trial)
        self.world.say(f"   outside {each.name}")
        hash_ = _hash(f"outside {each.name} {self._forks} {place} {len(mined)}")
        mined[hash_] = Mined(hash_, "", "", True, "", 0, 0, tuple(enumerate(said, place)))
        return place + len(said)

    def reorganise(self, depth: int, *, loses: bool = False) -> None:
        """Other blocks in the place of the newest ones; what was mined in them may be lost, or is if it ``loses``."""
        depth = min(depth, self.blocks[-1].number - self.final)
        if depth < 1:
            return
        gone = self.blocks[-depth:]
        self.world.say(f"** reorganisation of {depth} blocks from {gone[0].number} on")
        del self.blocks[-depth:]
        back = self.world.rng.random() < 0.6 and not loses
        for block in gone:
            self.outside += () if loses else block.outside
            for sent in block.sent:
                if back:
                    self.world.rng.choice(self.nodes).pool.setdefault(sent.sender, {}).setdefault(sent.nonce, sent)
        for block in gone:
            self._make(block.timestamp)
        self.sync()

    def sync(self) -> None:
        """Nodes that work learn of the newest blocks, and mostly of each other's transactions."""
        now_ms = self.world.now_ms
        awake = [node for node in self.nodes if max(node.down_until, node.stale_until) <= now_ms]
        for node in awake:
            node.view, node.final = list(self.blocks), self.final
            node.forget_mined()
        for node in awake:
            for other in awake:
                if node is not other and not self.world.chance(0.3):
                    for waiting in list(other.pool.values()):
                        for sent in list(waiting.values()):
                            node.offer(sent)

    # ---- what is true ----

    @property
    def state(self) -> State:
        """The newest state."""
        return self.blocks[-1].state

    @property
    def final_state(self) -> State:
        """The newest permanent state."""
        return self.blocks[self.final].state

    def find(self, hash_: str) -> tuple[Made, Mined] | None:
        """Where a transaction really is mined."""
        return next(((block, block.mined[hash_]) for block in reversed(self.blocks) if hash_ in block.mined), None)


def _hash(text: str) -> str:
    return "0x" + hashlib.sha256(text.encode()).hexdigest()
