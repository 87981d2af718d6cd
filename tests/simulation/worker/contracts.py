"""The rules of ContributionLog and RewardPool as far as a worker meets them; it reads real call data.

A block's state is a value: every block that has transactions gets a copy, so that a reorganisation is a step back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode

from ledger.chain import contracts
from ledger.chain.artifacts import artifact
from ledger.errors import ProofError
from ledger.statements import onchain
from ledger.tree import merkle
from tests.simulation.contracts.trees import proves_many
from tests.unit.book.story import LOG_ID, POOL

CONTRACT = "0x" + "c1" * 20
OPERATOR, REPORTER, RELAYER, STRANGER = ("0x" + each * 20 for each in ("a1", "a2", "a3", "e0"))
DELAY = 20
MAX_PAUSE = 60
"""Seconds; the real one lasts three days, which no run does."""
ANCHORED_TOPIC = artifact(contracts.LOG_CONTRACT).abi.events["Anchored"].topic
CLAIMED_TOPIC = artifact(contracts.POOL_CONTRACT).abi.events["Claimed"].topic
SKIPPED_TOPIC = artifact(contracts.POOL_CONTRACT).abi.events["ClaimSkipped"].topic


class Revert(Exception):
    """A contract refuses; the text is the error as the worker reads it."""


@dataclass(frozen=True, slots=True)
class Funds:
    """A campaign in the pool."""

    funded: int
    awarded: int = 0
    finalised: bool = False


@dataclass(slots=True)
class State:
    """Both contracts and the accounts after a block."""

    nonces: dict[str, int] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    size: int = 0
    root: bytes = bytes(32)
    anchored_at: int = 0
    campaigns: dict[str, Funds] = field(default_factory=dict)
    count: int = 0
    last_vetoed: int = 0
    pending_since: int = 0
    proposal: str = onchain.ZERO_HASH
    number: int = 0
    active_root: str = onchain.ZERO_HASH
    active_size: int = 0
    awarded: int = 0
    claimed: dict[str, int] = field(default_factory=dict)
    paused_at: int = 0
    pause_ends: int = 0
    paused_before: int = 0
    refusing: frozenset[str] = frozenset()
    """Accounts whose payment fails and is skipped."""
    unclear: frozenset[str] = frozenset()
    """Accounts that no batch can contain."""

    def copy(self) -> State:
        """A state that can be changed."""
        other = State(self.nonces.copy(), self.balances.copy(), campaigns=self.campaigns.copy())
        other.claimed = self.claimed.copy()
        for name in _PLAIN:
            setattr(other, name, getattr(self, name))
        return other

    def become(self, other: State) -> None:
        """Take over all that another holds."""
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))

    @property
    def is_pending(self) -> bool:
        """Whether a settlement waits."""
        return self.count not in (self.number, self.last_vetoed) and self.count > 0

    def clock(self, now: int) -> int:
        """Seconds on the clock that stands still while paused."""
        return now - self.paused_before - (min(now, self.pause_ends) - self.paused_at)

    def ready_at(self, now: int) -> int:
        """Block time from which on what waits can be activated."""
        return self.pending_since + DELAY + now - self.clock(now)


_PLAIN = [name for name in State.__slots__ if name not in ("nonces", "balances", "campaigns", "claimed")]


@dataclass(frozen=True, slots=True)
class Said:
    """An event of a contract: its name and members."""

    name: str
    members: dict[str, Any]


Effect = list[Said]


def execute(state: State, sender: str, to: str, data: bytes, now: int) -> tuple[Effect, int]:
    """Run a call; what it said and the gas it took. Changes ``state``, unless it raises Revert."""
    if not data:
        return [], 21_000
    name, values = _read(to, data)
    said = _FUNCTIONS[name](state, sender, now, *values)
    return said, 50_000 + 10_000 * len(said) + 16 * len(data)


@lru_cache(4096)
def _read(to: str, data: bytes) -> tuple[str, tuple[Any, ...]]:
    contract = contracts.LOG_CONTRACT if to == CONTRACT else contracts.POOL_CONTRACT
    if to not in (CONTRACT, POOL):
        raise Revert("nothing stands there")
    for shape in artifact(contract).abi.functions.values():
        if shape.selector == data[:4]:
            return shape.name, tuple(decode(shape.inputs, data[4:]))
    raise Revert("no such function")


def _anchor(state: State, sender: str, now: int, log_id: bytes, size: int, root: bytes, proof: Any) -> Effect:
    if "0x" + log_id.hex() != LOG_ID:
        raise Revert(f"LogNotOpen(logId=0x{log_id.hex()})")
    if sender != OPERATOR:
        raise Revert(f"NotOperator(logId={LOG_ID}, caller={sender})")
    if size <= state.size:
        raise Revert(f"NotForward(oldSize={state.size}, newSize={size})")
    if not _extends(state.size, size, state.root, root, proof):
        raise Revert(f"InconsistentHead(logId={LOG_ID}, oldSize={state.size}, newSize={size})")
    said = [Said("Anchored", {"old": state.size, "size": size, "root": root})]
    state.size, state.root, state.anchored_at = size, root, now
    return said


@lru_cache(4096)
def _extends(old: int, size: int, old_root: bytes, root: bytes, proof: tuple[bytes, ...]) -> bool:
    try:
        merkle.verify_consistency(old, size, old_root if old else merkle.EMPTY_ROOT, root, proof)
    except ProofError:
        return False
    return True


def _propose(state: State, sender: str, now: int, *values: Any) -> Effect:
    number, parent, _, size, campaigns, totals, _ = values
    if sender != REPORTER:
        raise Revert(f"NotReporter(caller={sender})")
    _require_not_paused(state, now)
    if state.is_pending:
        raise Revert(f"SettlementIsPending(number={state.count})")
    if number != state.count + 1:
        raise Revert(f"WrongNumber(number={number}, expected={state.count + 1})")
    if parent != state.number:
        raise Revert(f"WrongParent(parent={parent}, expected={state.number})")
    if not state.active_size <= size <= state.size:
        raise Revert(f"WrongLogSize(logSize={size}, parentLogSize={state.active_size}, anchoredSize={state.size})")
    if list(campaigns) != sorted(set(campaigns)):
        raise Revert("NotAscending()")
    for campaign, total in zip(campaigns, totals, strict=True):
        funds = state.campaigns.get("0x" + campaign.hex())
        if funds is None:
            raise Revert("CampaignNotOpen()")
        if funds.finalised:
            raise Revert("CampaignIsFinal()")
        if not funds.awarded <= total <= funds.funded:
            raise Revert(f"WrongTotal(total={total}, awarded={funds.awarded}, limit={funds.funded})")
    state.proposal = _hash(values)
    state.count, state.pending_since = number, state.clock(now)
    return [Said("proposed", {"number": number, "proposal": state.proposal})]


def _hash(values: tuple[Any, ...]) -> str:
    number, parent, root, size, campaigns, totals, finals = values
    ids = ["0x" + each.hex() for each in campaigns]
    return onchain.proposal_hash(number, parent, "0x" + root.hex(), size, ids, totals, finals)


def _activate(state: State, sender: str, now: int, *values: Any) -> Effect:
    number, _, root, size, campaigns, totals, finals = values
    _require_not_paused(state, now)
    _require_pending(state, number)
    if _hash(values) != state.proposal:
        raise Revert(f"NotPending(number={number}, proposal={_hash(values)})")
    if now < state.ready_at(now):
        raise Revert(f"DelayNotOver(readyAt={state.ready_at(now)})")
    for campaign, total, final in zip(campaigns, totals, finals, strict=True):
        name = "0x" + campaign.hex()
        funds = state.campaigns[name]
        state.awarded += total - funds.awarded
        state.campaigns[name] = Funds(funds.funded, total, final)
    state.number, state.active_root, state.active_size = number, "0x" + root.hex(), size
    return [Said("activated", {"number": number, "proposal": state.proposal})]


def _claim_many(state: State, sender: str, now: int, accounts: Any, units: Any, proof: Any, flags: Any) -> Effect:
    _require_not_paused(state, now)
    leaves = tuple(zip(accounts, units, strict=True))
    if not leaves:
        raise Revert("BadLength()")
    if not _proved(leaves, proof, flags, bytes.fromhex(state.active_root[2:])):
        raise Revert("InvalidProof()")
    said: Effect = []
    for account, cumulative in leaves:
        due = cumulative - state.claimed.get(account, 0)
        if due > 0 and account in state.unclear:
            raise Revert(f"PaymentUnclear(account={account})")
        if due <= 0:
            continue
        if account in state.refusing:
            said.append(Said("skipped", {"account": account, "amount": due}))
            continue
        if sum(state.claimed.values()) + due > state.awarded:
            raise Revert("AwardsExceeded()")
        state.claimed[account] = cumulative
        said.append(Said("claimed", {"account": account, "amount": due}))
    return said


@lru_cache(4096)
def _proved(leaves: Any, proof: tuple[bytes, ...], flags: tuple[int, ...], root: bytes) -> bool:
    return proves_many(leaves, proof, flags, root)


def _require_not_paused(state: State, now: int) -> None:
    if now < state.pause_ends:
        raise Revert(f"IsPaused(until={state.pause_ends})")


def _require_pending(state: State, number: int) -> None:
    if not state.is_pending or number != state.count:
        raise Revert(f"NotPending(number={number})")


_FUNCTIONS: dict[str, Callable[..., Effect]] = {
    "anchor": _anchor,
    "propose": _propose,
    "activate": _activate,
    "claimMany": _claim_many,
}
