"""The port ``Chain`` of one worker: it reads from one node of the scripted chain and sends to all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from ledger.chain.anchors import AnchorEvent, ClaimEvent, OpenedLog, Place, PoolEvents, SettlementEvent
from ledger.chain.answers import Block, LogEntry, TransactionReceipt
from ledger.chain.contracts import AnchoredHead, CampaignRecord, Pending, ProposedSuccessor
from ledger.chain.nodes import Answer, NodeHealth
from ledger.chain.rpc import BlockTag
from ledger.chain.successors import Line, LogState
from ledger.chain.transactions import Fees
from ledger.errors import NodeError, TransactionError
from ledger.statements import onchain
from tests.simulation.worker.chain import TIP, Made, Mined, Sent, SimChain, SimNode
from tests.simulation.worker.contracts import (
    ANCHORED_TOPIC,
    CLAIMED_TOPIC,
    CONTRACT,
    OPERATOR,
    SKIPPED_TOPIC,
    Revert,
    Said,
    State,
    execute,
)
from tests.simulation.worker.world import Life, Port, World
from tests.unit.book.story import LOG_ID, LOG_KEYS, ORIGIN, POOL

_T = TypeVar("_T")
_LAG_SECONDS = 120
_NOWHERE = "0x" + "00" * 20


class SimClient(Port):
    """One worker's way to the chain."""

    error = NodeError
    takes_ms = 40

    def __init__(self, world: World, life: Life, chain: SimChain) -> None:
        super().__init__(world, life)
        self._chain = chain
        self._node = chain.nodes[0]
        self._doubted: SimNode | None = None
        self._aside: dict[str, str] = {}
        self.on_broadcast: Callable[[str, Sent], None] | None = None

    # ---- nodes ----

    async def connect(self) -> None:
        """Keep the node while it is sound, else the first that is."""
        await self._point("chain.connect")
        now_ms = self._world.now_ms
        right = [node for node in self._chain.nodes if max(node.down_until, node.elsewhere_until) <= now_ms]
        newest = max((node.view[-1].timestamp for node in right), default=0)
        sound = [node for node in right if newest - node.view[-1].timestamp <= _LAG_SECONDS]
        self._aside = {node.shown: "unsound" for node in self._chain.nodes if node not in sound}
        if not sound:
            raise NodeError("No node is sound.")
        others = [node for node in sound if node is not self._doubted]
        self._doubted = None
        if self._node not in others:
            self._node = (others or sound)[0]

    @property
    def reads_from(self) -> str:
        """The node that is read from."""
        return self._node.shown

    def doubt(self, reason: str) -> None:
        """Put the node that is read from aside at the next ``connect``."""
        self._doubted = self._node

    def span(self) -> int:
        """Blocks of events that one call may ask for."""
        return 30

    def health(self) -> Sequence[NodeHealth]:
        """How all nodes are."""
        return [NodeHealth(shown=node.shown, aside=self._aside.get(node.shown, "")) for node in self._chain.nodes]

    async def _ask(self, name: str) -> SimNode:
        await self._point(name)
        if max(self._node.down_until, self._node.elsewhere_until) > self._world.now_ms:
            raise NodeError(f"{self._node.shown} does not answer.")
        return self._node

    async def _read(self, name: str, tag: BlockTag, what: Callable[[State], _T]) -> _T:
        node = await self._ask(name)
        return what(self._made(node, tag).state)

    def _made(self, node: SimNode, tag: BlockTag) -> Made:
        if isinstance(tag, int):
            if tag >= len(node.view):
                raise NodeError(f"{node.shown} has no block {tag}.")
            return node.view[tag]
        return node.view[node.final if tag in ("finalized", "safe") else -1]

    # ---- blocks and accounts ----

    async def block(self, tag: BlockTag) -> Block:
        """A block's head."""
        node = await self._ask("chain.block")
        return self._block(self._made(node, tag))

    async def finalized(self) -> Block:
        """The newest permanent block."""
        node = await self._ask("chain.finalized")
        return self._block(node.view[node.final])

    def _block(self, made: Made) -> Block:
        return Block(made.number, made.hash, made.timestamp, None if self._chain.legacy else made.base_fee)

    async def nonce(self, account: str, tag: BlockTag) -> int:
        """Transactions of an account up to a block; too many of them by a node that lies."""
        count = await self._read("chain.nonce", tag, lambda state: state.nonces.get(account, 0))
        if tag == "latest" and self._lies() and self._world.chance(0.3):
            count += self._world.rng.choice((1, 2, 1_000))
            self._world.say(f"** {self._node.shown} says that {account[:4]} sent {count}")
        return count

    def _lies(self) -> bool:
        return self._node.lies_until > self._world.now_ms

    async def balance(self, account: str) -> int:
        """Coins."""
        return await self._read("chain.balance", "latest", lambda state: state.balances.get(account, 0))

    async def receipt(self, transaction: str) -> TransactionReceipt | None:
        """The receipt in the node's view; a node that lies makes some up and hides others."""
        node = await self._ask("chain.receipt")
        found = node.find(transaction)
        if self._lies():
            return None if found else self._made_up(node, transaction)
        return None if found is None else _receipt(*found)

    def _made_up(self, node: SimNode, transaction: str) -> TransactionReceipt | None:
        sent = self._chain.seen.get(transaction)
        if sent is None:
            return None
        head = node.view[-1]
        mined = Mined(transaction, sent.sender, sent.to, True, "", 50_000, sent.max_fee, ())
        self._world.say(f"** {node.shown} makes up a receipt of {transaction[:8]}")
        return _receipt(head, mined, block_hash=onchain.ZERO_HASH)

    async def estimate_gas(self, sender: str, to: str, data: bytes) -> int:
        """Gas that a call would need; TransactionError where it would fail."""
        node = await self._ask("chain.estimate_gas")
        if self._lies() and self._world.chance(0.3):
            raise TransactionError("It would fail, says a node that lies.")
        try:
            return execute(node.state.copy(), sender, to, data, node.view[-1].timestamp)[1]
        except Revert as error:
            raise TransactionError(f"It would fail: {error}.", reason=str(error)) from None

    async def fees(self) -> Fees:
        """What gas costs now."""
        node = await self._ask("chain.fees")
        return Fees(node.view[-1].base_fee + TIP, None if self._chain.legacy else TIP)

    async def broadcast(self, raw: bytes, transaction: str) -> Answer:
        """Hand it to all nodes; some never hear of it, some take it and are not heard."""
        sent = msgspec.msgpack.decode(raw, type=Sent)
        try:
            await self._point("chain.broadcast")
        except NodeError:  # this port answers all the same
            return Answer("unknown", "lost on the way")
        if self.on_broadcast is not None:
            self.on_broadcast(transaction, sent)
        if transaction not in self._chain.seen:
            self._chain.seen[transaction] = sent
            if self._world.chance(0.03):
                self._chain.refused.add(transaction)
        said = [self._hand(node, transaction, sent) for node in self._chain.nodes]
        answer = _together(said)
        self._world.say(f"{self._life.name} sends {sent.sender[:4]}/{sent.nonce} {transaction[:8]}: {answer}")
        try:
            await self._point("chain.broadcast, sent")
        except NodeError:
            return Answer("unknown", "the reply is lost")
        return answer

    def _hand(self, node: SimNode, transaction: str, sent: Sent) -> str | None:
        """What a node says: empty for yes, None if nothing is heard of it."""
        if max(node.down_until, node.elsewhere_until) > self._world.now_ms or self._world.chance(0.03):
            return None
        if transaction in self._chain.refused:
            return "refused: not here"
        said = node.offer(sent)
        return None if self._world.chance(0.03) else said

    async def failure(self, receipt: TransactionReceipt, data: bytes) -> str:
        """Why a mined transaction failed."""
        node = await self._ask("chain.failure")
        found = node.find(receipt.transaction)
        return found[1].reason if found else ""

    # ---- the log's contract ----

    async def check_deployment(self) -> OpenedLog:
        """How our log was opened."""
        await self._ask("chain.check_deployment")
        return self._opened()

    def _opened(self) -> OpenedLog:
        made = self._chain.blocks[1]
        return OpenedLog(LOG_ID, OPERATOR, ORIGIN, LOG_KEYS[0].verifier_key.vkey, Place(1, made.hash, made.hash, 0))

    async def line(self) -> Line:
        """Our log alone."""
        log = await self._read("chain.line", "latest", _log)
        return Line((log,), log)

    async def log_state(self, log_id: str) -> LogState:
        """Our log."""
        return await self._read("chain.log_state", "latest", _log)

    async def log_operator(self, log_id: str) -> str:
        """Our operator."""
        await self._ask("chain.log_operator")
        return OPERATOR

    async def log_opened(self, log_id: str) -> OpenedLog:
        """How it was opened."""
        await self._ask("chain.log_opened")
        return self._opened()

    async def anchor_events(self, log_id: str, begin: int, end: int) -> list[AnchorEvent]:
        """Anchors in a range of blocks."""
        node = await self._ask("chain.anchor_events")
        return [
            AnchorEvent(log_id, said.members["old"], said.members["size"], said.members["root"], place)
            for said, place in _events(node, begin, end)
            if said.name == "Anchored"
        ]

    # ---- the pool ----

    async def pool_stands(self, block: int) -> bool:
        """From the first block on."""
        await self._ask("chain.pool_stands")
        return block >= 1

    async def pool_events(self, begin: int, end: int) -> PoolEvents:
        """What the pool said."""
        node = await self._ask("chain.pool_events")
        found = _events(node, begin, end)
        return PoolEvents(
            tuple(
                SettlementEvent(said.name, said.members["number"], said.members["proposal"], said.members, place)
                for said, place in found
                if said.name in ("proposed", "activated", "vetoed")
            ),
            tuple(
                ClaimEvent(said.members["account"], said.members["amount"], place)
                for said, place in found
                if said.name == "claimed"
            ),
            tuple(dict.fromkeys(said.members["campaign"] for said, _ in found if said.name == "funded")),
        )

    async def campaign(self, onchain_id: str, block: BlockTag) -> CampaignRecord:
        """A campaign."""

        def record(state: State) -> CampaignRecord:
            funds = state.campaigns.get(onchain_id)
            if funds is None:
                return CampaignRecord(_NOWHERE, 0, 0, 0, 0, 0, 0, 0, False, False, False)
            return CampaignRecord(OPERATOR, 0, 0, 0, funds.funded, funds.awarded, 0, 0, True, funds.finalised, False)

        return await self._read("chain.campaign", block, record)

    async def pending(self) -> Pending:
        """What waits."""
        node = await self._ask("chain.pending")
        state, now = node.state, node.view[-1].timestamp
        if not state.is_pending:
            return Pending(0, onchain.ZERO_HASH, 0)
        return Pending(state.count, state.proposal, state.ready_at(now))

    async def proposal_count(self) -> int:
        """Proposals so far."""
        return await self._read("chain.proposal_count", "latest", lambda state: state.count)

    async def last_activated(self) -> tuple[int, str, int]:
        """The settlement in force."""
        return await self._read(
            "chain.last_activated", "latest", lambda state: (state.number, state.active_root, state.active_size)
        )

    async def claimed(self, accounts: Sequence[str], block: BlockTag) -> dict[str, int]:
        """What accounts were paid."""
        return await self._read(
            "chain.claimed", block, lambda state: {each: state.claimed.get(each, 0) for each in accounts}
        )

    async def proposed_successor(self) -> ProposedSuccessor | None:
        """None."""
        await self._ask("chain.proposed_successor")
        return None


def _log(state: State) -> LogState:
    return LogState(LOG_ID, AnchoredHead(state.size, state.root, state.anchored_at), False, None)


def _events(node: SimNode, begin: int, end: int) -> list[tuple[Said, Place]]:
    return [
        (said, Place(made.number, made.hash, mined.hash, place))
        for made in node.view[begin : end + 1]
        for mined in made.mined.values()
        for place, said in mined.said
    ]


def _together(said: Sequence[str | None]) -> Answer:
    """What the nodes say, taken together."""
    if "" in said:
        return Answer("accepted")
    heard = [each for each in said if each is not None]
    for_good = len(heard) == len(said) and all(each.startswith(("refused", "insufficient")) for each in heard)
    poor = for_good and any(each.startswith("insufficient") for each in heard)
    return Answer("refused" if for_good else "unknown", next(iter(heard), ""), no_funds=poor)


def _coded(said: Said) -> tuple[str, tuple[bytes, ...], bytes]:
    """An event as a receipt has it: contract, topics, data."""
    m = said.members
    if said.name == "claimed":
        return POOL, (CLAIMED_TOPIC, onchain.address_word(m["account"])), onchain.uint256(m["amount"])
    if said.name == "skipped":
        payee = onchain.address_word(m["account"])
        return POOL, (SKIPPED_TOPIC, payee, payee), onchain.uint256(m["amount"])
    data = onchain.uint256(m["old"]) + onchain.uint256(m["size"]) + m["root"]
    return CONTRACT, (ANCHORED_TOPIC, bytes.fromhex(LOG_ID[2:])), data


def _receipt(made: Made, mined: Mined, block_hash: str | None = None) -> TransactionReceipt:
    logs = tuple(
        LogEntry(*_coded(said), made.number, made.hash, mined.hash, place)
        for place, said in mined.said
        if said.name in ("claimed", "skipped", "Anchored")
    )
    return TransactionReceipt(
        transaction=mined.hash,
        block=made.number,
        block_hash=block_hash or made.hash,
        succeeded=mined.succeeded,
        sender=mined.sender,
        to=mined.to,
        made=None,
        gas_used=mined.gas_used,
        logs=logs,
        gas_price=mined.price,
    )
