"""What must hold: at every save, send and write, after every step, and once the faults are over."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.book import rewards
from ledger.book.rewards import PoolBook
from ledger.log.items.service import Fence
from ledger.statements.kinds import AnyStatement
from ledger.worker.ports import AnchorRow, Attempt
from tests.simulation.worker.chain import Made, Mined, Sent, SimChain
from tests.simulation.worker.log import Entries
from tests.simulation.worker.rows import FILL, OPEN, Store
from tests.simulation.worker.world import BrokenProperty, World
from tests.unit.book.story import CHAIN, POOL


def _told(attempt: Attempt | None) -> str:
    """An attempt in a few words."""
    if attempt is None:
        return "nothing"
    return (f"{attempt.intent} {attempt.sender[:4]}/{attempt.nonce} {attempt.hash[:8]} {attempt.state} "
            f"in {attempt.block} {(attempt.block_hash or '')[:8]} {attempt.detail}")  # fmt: skip


def _where(found: tuple[Made, Mined] | None) -> str:
    return "nowhere" if found is None else f"in {found[0].number} {found[0].hash[:8]}"


class Watch:
    """Looks on."""

    def __init__(self, world: World, chain: SimChain, store: Store, entries: Entries) -> None:
        self._world = world
        self._chain = chain
        self._store = store
        self._entries = entries
        self._settled: dict[str, Attempt] = {}
        self._final_anchors: list[AnchorRow] = []
        self._intents: dict[tuple[str, int], str] = {}
        self._token = 0
        self._cursor = 0
        self._checked = 1
        self._costs: dict[str, object] = {}
        self._unpaid: dict[str, str] = {}
        """Claims that were closed without a payment while what was offered was not paid, and how."""

    # ---- at every call ----

    def broadcast(self, transaction: str, sent: Sent) -> None:
        """Nothing is sent that was not saved, and no nonce is two intents'."""
        saved = self._store.attempts.get(transaction)
        if saved is None or saved.raw != sent.raw:
            raise BrokenProperty(f"{transaction} is sent before it is saved.")
        if saved.intent == FILL:
            return
        known = self._intents.setdefault((sent.sender, sent.nonce), saved.intent)
        if known != saved.intent:
            raise BrokenProperty(f"Nonce {sent.nonce} of {sent.sender} is sent for {known} and for {saved.intent}.")

    def saves(self, attempt: Attempt) -> None:
        """Of an account one nonce is under way at a time."""
        waiting: dict[int, bool] = {}
        for each in self._store.attempts.values():
            if each.sender == attempt.sender and each.nonce < attempt.nonce:
                waiting[each.nonce] = waiting.get(each.nonce, True) and each.state == "sent"
        seen = max(node.state.nonces.get(attempt.sender, 0) for node in self._chain.nodes)
        late = [nonce for nonce, waits in waiting.items() if waits and nonce >= seen]
        if late and attempt.nonce not in {each.nonce for each in self._of(attempt.sender)}:
            raise BrokenProperty(f"{attempt.intent} takes nonce {attempt.nonce} while {late} wait to be mined.")

    def _of(self, sender: str) -> Iterator[Attempt]:
        return (each for each in self._store.attempts.values() if each.sender == sender)

    def writes(self, name: str, held: tuple[str, int] | None) -> None:
        """Only the leader writes."""
        lease = self._store.lease
        if lease is None or lease[:2] != held:
            raise BrokenProperty(f"{held} writes {name}, but {lease} leads.")

    def records(self, statement: AnyStatement, fence: Fence) -> None:
        """Only the leader writes to the log."""
        self.writes(f"{type(statement).__name__} to the log", (fence.holder, fence.token))

    # ---- after every step ----

    def check(self) -> None:
        """What rows call permanent is so, and stays so; tokens and cursor only grow; the chain's books add up."""
        self._check_attempts()
        self._check_anchors()
        token = self._store.lease[1] if self._store.lease else 0
        cursor = self._store.cursor[0] if self._store.cursor else 0
        if token < self._token or cursor < self._cursor:
            raise BrokenProperty(f"Token {self._token} or cursor {self._cursor} went back to {token}, {cursor}.")
        self._token, self._cursor = token, cursor
        if self._store.cursor and self._store.cursor[2] not in (None, self._chain.blocks[cursor].hash):
            raise BrokenProperty("The cursor's block is not one of the chain.")
        final = self._chain.final_state
        for account, row in self._store.claimed.items():
            if row.final > final.claimed.get(account, 0):
                raise BrokenProperty(f"{account} is said to have claimed {row.final} for good.")
        for transaction, costs in self._costs.items():
            if self._store.costs.get(transaction) != costs:
                raise BrokenProperty(f"The cost of {transaction} changed.")
        self._costs = dict(self._store.costs)
        self._check_blocks()
        self._check_claims()

    def _check_attempts(self) -> None:
        for hash_, before in self._settled.items():
            if self._store.attempts.get(hash_) != before:
                raise BrokenProperty(f"{_told(before)} was permanent, and is {_told(self._store.attempts.get(hash_))}.")
        for hash_, attempt in self._store.attempts.items():
            if attempt.state not in OPEN and hash_ not in self._settled:
                self._check_permanent(attempt)
                self._settled[hash_] = attempt

    def _check_permanent(self, attempt: Attempt) -> None:
        found = self._chain.find(attempt.hash)
        is_final = found is not None and found[0].number <= self._chain.final
        taken = self._chain.final_state.nonces.get(attempt.sender, 0) > attempt.nonce
        if attempt.state == "final":
            if not is_final or found is None or (attempt.block, attempt.block_hash) != (found[0].number, found[0].hash):
                raise BrokenProperty(f"{_told(attempt)} is said to be permanent; it is {_where(found)}.")
            if bool(attempt.detail) == found[1].succeeded or attempt.gas_used != found[1].gas_used:
                raise BrokenProperty(f"{_told(attempt)} became of {found[1]}.")
        elif is_final or not taken:
            raise BrokenProperty(f"{_told(attempt)} is given up, its nonce taken: {taken}; it is {_where(found)}.")
        if attempt.state == "lost" and any(self._is_final(each) for each in self._of(attempt.sender)
                                           if each.nonce == attempt.nonce):  # fmt: skip
            raise BrokenProperty(f"{_told(attempt)} is said to be lost to a stranger, but we mined it ourselves.")

    def _is_final(self, attempt: Attempt) -> bool:
        found = self._chain.find(attempt.hash)
        return found is not None and found[0].number <= self._chain.final

    def _check_anchors(self) -> None:
        final = [row for row in self._store.anchors if row.finalized]
        if final[: len(self._final_anchors)] != self._final_anchors:
            raise BrokenProperty(f"Permanent anchors changed: {self._final_anchors}, then {final}.")
        for row in final[len(self._final_anchors) :]:
            found = self._chain.find(row.transaction)
            if found is None or found[0].number != row.block or row.block > self._chain.final:
                raise BrokenProperty(f"{row} is said to be permanent; it is {_where(found)}.")
            if row.root != self._entries.root_at(row.size):
                raise BrokenProperty(f"{row} is not of our log.")
        self._final_anchors = final

    def _check_blocks(self) -> None:
        """Permanent blocks, each once: heads go forward and are ours, nobody is paid more than was awarded."""
        while self._checked < self._chain.final:
            before, block = self._chain.blocks[self._checked : self._checked + 2]
            self._checked += 1
            if block.state is before.state:
                continue
            if block.state.size < before.state.size:
                raise BrokenProperty("The anchored head went back.")
            if block.state.size and block.state.root != self._entries.root_at(block.state.size):
                raise BrokenProperty("What is anchored is not our log.")
            if sum(block.state.claimed.values()) > block.state.awarded:
                raise BrokenProperty("More was paid than awarded.")

    def _check_claims(self) -> None:
        """Note which claims are closed without a payment while permanent blocks have not paid what was offered."""
        for id_, row in self._store.claims_asked.items():
            if row.offer is None or row.state not in ("paid", "failed") or row.transaction is not None:
                self._unpaid.pop(id_, None)
            elif id_ not in self._unpaid:
                is_paid = self._chain.final_state.claimed.get(row.account, 0) >= row.offer[1]
                lacks = row.state == "failed" and "no share" in (row.detail or "")
                self._unpaid[id_] = row.state if lacks or (row.state == "paid" and not is_paid) else ""

    # ---- once the faults are over ----

    def open_ends(self) -> list[str]:
        """What is not as it should be in the end, in words."""
        return [words for words in self._open_ends() if words]

    def _open_ends(self) -> Iterator[str]:
        state, size = self._chain.final_state, self._entries.size
        yield "" if state.size == size else f"{state.size} of {size} entries are anchored for good"
        yield from self._unsettled()
        left = self._store.open_attempts()
        yield "" if not left else f"open attempts: {[(each.intent, each.nonce, each.state) for each in left]}"
        yield "" if not self._store.asked else f"requests wait: {list(self._store.asked)}"
        waiting = {row.account for row in self._store.claims_asked.values() if row.state not in ("paid", "failed")}
        yield "" if not waiting else f"claims wait: {waiting}"
        yield from self._rows_differ()

    def _unsettled(self) -> Iterator[str]:
        state, book = self._chain.final_state, self._entries.book
        pool = book.pools.get((CHAIN, POOL))
        if pool is None:
            yield "the log knows no pool"
            return
        yield "a settlement waits" if state.is_pending else ""
        active = pool.active
        if active is None or (active.number, active.root) != (state.number, state.active_root):
            yield f"the pool's settlement is {state.number}, the log's {active.number if active else 0}"
            return
        if self.next_settlement(pool) is not None:
            yield "something could be settled"
        for account, share in pool.tree(active).accounts:
            if state.claimed.get(account, 0) != share:
                yield f"{account} has {state.claimed.get(account, 0)} of {share}"

    def next_settlement(self, pool: PoolBook) -> object:
        """What could be settled now, if anything."""
        return rewards.compute(self._entries.book, pool, self._entries.size)

    def _rows_differ(self) -> Iterator[str]:
        state = self._chain.final_state
        anchored = [
            (block.number, mined.hash, said.members["size"])
            for block in self._chain.blocks[: self._chain.final + 1]
            for mined in block.mined.values()
            for _, said in mined.said
            if said.name == "Anchored"
        ]
        rows = [(row.block, row.transaction, row.size) for row in self._store.anchors if row.finalized]
        yield "" if rows == anchored else f"anchors are {anchored}, the rows say {rows}"
        claimed = {account: (row.cumulative, row.final) for account, row in self._store.claimed.items()}
        wanted = {account: (units, units) for account, units in state.claimed.items() if units}
        yield "" if claimed == wanted else f"claimed are {wanted}, the rows say {claimed}"
        ended = {each.number: each for each in self._entries.book.pools[CHAIN, POOL].ended}
        for number, row in self._store.settlements.items():
            end = ended.get(number)
            known = end.settlement if end else None
            if end and known and known.proposal == row.settlement.proposal and row.state != end.verdict:
                yield f"settlement {number} is {end.verdict}, its row says {row.state}"
        yield from self._false_places()
        yield from self._closed_unpaid()
        for attempt in self._store.attempts.values():
            if attempt.state == "final":
                costs = self._store.costs.get(attempt.hash, ())
                paid = (attempt.gas_used or 0) * (attempt.gas_price or 0)
                if sum(cost.wei for cost in costs) != paid or sum(cost.gas for cost in costs) != attempt.gas_used:
                    yield f"{attempt.intent} cost {paid} wei, the rows say {costs}"

    def _false_places(self) -> Iterator[str]:
        """Transactions that rows name: each is on the chain, and did what they say."""
        ended = {end.number: end.settlement for end in self._entries.book.pools[CHAIN, POOL].ended}
        for number, settled in self._store.settlements.items():
            known = ended.get(number)
            if known is None or known.proposal != settled.settlement.proposal:
                continue  # somebody else's proposal took its number
            for name, transaction in (("proposed", settled.proposed_tx), (settled.state, settled.ended_tx)):
                if transaction is not None and not self._says(transaction, name, "number", number):
                    yield f"settlement {number} was not {name} in {transaction[:8]}"
        for account, claimed in self._store.claimed.items():
            if claimed.transaction is None or not self._says(claimed.transaction, "claimed", "account", account):
                yield f"{account} did not claim in {claimed.transaction}"
        for id_, row in self._store.claims_asked.items():
            named = row.transaction
            if named is None:
                continue
            if self._says(named, "claimed", "account", row.account) != (row.state == "paid"):
                yield f"claim {id_} of {row.account} is {row.state}, which is not what {named[:8]} did"

    def _closed_unpaid(self) -> Iterator[str]:
        """Claims of what a settlement offered that is in force after all: to these one did not answer truly."""
        active = {end.settlement.proposal for end in self._entries.book.pools[CHAIN, POOL].ended
                  if end.settlement and end.verdict == "activated"}  # fmt: skip
        for id_, state in self._unpaid.items():
            row = self._store.claims_asked[id_]
            if state and row.offer is not None and row.offer[0] in active:
                yield f"claim {id_} of {row.account} was closed as {state} without a payment"

    def _says(self, transaction: str, name: str, member: str, value: object) -> bool:
        found = self._chain.find(transaction)
        if found is None or found[0].number > self._chain.final:
            return False
        return any(said.name == name and said.members[member] == value for _, said in found[1].said)
