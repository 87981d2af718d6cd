"""What goes wrong on the chain and around it, block by block; each run draws which of it, and how often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from tests.simulation.worker.chain import GWEI, Outside, Sent, SimChain
from tests.simulation.worker.contracts import (
    MAX_PAUSE,
    OPERATOR,
    RELAYER,
    REPORTER,
    Effect,
    Revert,
    Said,
    State,
)
from tests.simulation.worker.rows import OTHER, Store
from tests.simulation.worker.story import BUDGET, accounts

_COINS = 10**20
WRONG = "0x" + "bad0" * 16
"""Hash of a settlement that no log knows."""
_OURS = (OPERATOR, REPORTER, RELAYER)


def let_loose(chain: SimChain, store: Store) -> None:
    """Draw this run's faults; they strike after blocks until all is quiet."""
    rng = chain.world.rng
    kinds: list[Callable[[SimChain, Store], None]] = [
        _reorganise, _drop, _go_down, _restart, _lag, _lie, _serve_another_chain, _resend, _drain, _pause, _veto,
        _claim_outside, _refuse_payment, _take_nonce, _propose_wrong, _send_for_another_log,
    ]  # fmt: skip
    drawn = [(kind, rng.choice((0.05, 0.2, 0.5))) for kind in kinds if rng.random() < 0.5]
    rare = (_take_nonce, _drain, _pause, _serve_another_chain, _propose_wrong)
    drawn = [(kind, min(often, 0.05) if kind in rare else often) for kind, often in drawn]

    def strike() -> None:
        for kind, often in drawn:
            if chain.world.chance(often):
                kind(chain, store)

    chain.on_block.append(strike)


def heal(chain: SimChain, store: Store) -> None:
    """The end of all faults."""
    for node in chain.nodes:
        node.down_until = node.stale_until = node.lies_until = node.elsewhere_until = 0
    chain.refused.clear()

    def pay_all(state: State, now: int) -> Effect:
        state.refusing = state.unclear = frozenset()
        state.balances.update(dict.fromkeys(_OURS, _COINS))
        return []

    chain.outside.append(Outside("all is well", pay_all))
    _stop_what_is_wrong(chain)
    chain.sync()


def fund(chain: SimChain, campaign: str) -> None:
    """A backer pays."""

    def act(state: State, now: int) -> Effect:
        funds = state.campaigns[campaign]
        if funds.finalised:
            raise Revert("FundingIsOver()")
        state.campaigns[campaign] = replace(funds, funded=funds.funded + BUDGET // 2)
        return [Said("funded", {"campaign": campaign})]

    chain.outside.append(Outside("fund", act))


# ---- nodes ----


def _until(chain: SimChain) -> int:
    return chain.world.now_ms + chain.world.rng.choice((5_000, 20_000, 60_000, 150_000))


def _reorganise(chain: SimChain, store: Store) -> None:
    chain.reorganise(chain.world.rng.choice((1, 2, 3, 9)))


def _drop(chain: SimChain, store: Store) -> None:
    """Nodes forget what waits, and say nothing."""
    rng = chain.world.rng
    chain.world.say("** transactions are dropped")
    for node in chain.nodes:
        if rng.random() < 0.8:
            node.pool.clear()


def _go_down(chain: SimChain, store: Store) -> None:
    node = chain.world.rng.choice(chain.nodes)
    node.down_until = _until(chain)
    chain.world.say(f"** {node.shown} is down")


def _restart(chain: SimChain, store: Store) -> None:
    node = chain.world.rng.choice(chain.nodes)
    node.pool.clear()
    node.down_until = chain.world.now_ms + 3_000


def _lag(chain: SimChain, store: Store) -> None:
    """It stays on the blocks that it has, which others may leave."""
    node = chain.world.rng.choice(chain.nodes)
    node.stale_until = _until(chain)
    chain.world.say(f"** {node.shown} lags from block {node.view[-1].number} on")


def _lie(chain: SimChain, store: Store) -> None:
    """Not for longer than the worker doubts before it believes that a stranger took a nonce."""
    node = chain.world.rng.choice(chain.nodes)
    if chain.world.now_ms < max(node.lies_until for node in chain.nodes) + 400_000:
        return
    node.lies_until = chain.world.now_ms + chain.world.rng.choice((10_000, 30_000, 90_000))
    chain.world.say(f"** {node.shown} lies about receipts")


def _serve_another_chain(chain: SimChain, store: Store) -> None:
    node = chain.world.rng.choice(chain.nodes)
    node.elsewhere_until = _until(chain)
    chain.world.say(f"** {node.shown} serves another chain")


# ---- others ----


def _resend(chain: SimChain, store: Store) -> None:
    """Somebody kept what was ever sent, and sends it again."""
    seen: list[Sent] = list(chain.seen.values())
    if seen:
        sent = chain.world.rng.choice(seen)
        chain.world.say(f"** somebody sends {sent.sender[:4]}/{sent.nonce} {sent.hash[:8]} again")
        chain.world.rng.choice(chain.nodes).offer(sent)


def _drain(chain: SimChain, store: Store) -> None:
    """One of our accounts runs out of coins; later somebody fills it up."""

    def set_coins(state: State, now: int, *, account: str, coins: int) -> Effect:
        state.balances[account] = coins
        return []

    account = chain.world.rng.choice(_OURS)
    chain.outside.append(Outside(f"drain {account[:4]}", partial(set_coins, account=account, coins=10**9)))
    later = Outside(f"refill {account[:4]}", partial(set_coins, account=account, coins=_COINS))
    chain.world.at(chain.world.rng.choice((15_000, 90_000)), lambda: chain.outside.append(later))


def _take_nonce(chain: SimChain, store: Store) -> None:
    """A stranger with our key."""
    account = chain.world.rng.choice(_OURS)

    def act(state: State, now: int) -> Effect:
        state.nonces[account] = state.nonces.get(account, 0) + 1
        return []

    chain.outside.append(Outside(f"a stranger takes a nonce of {account[:4]}", act))


def _pause(chain: SimChain, store: Store) -> None:
    def act(state: State, now: int) -> Effect:
        if now < state.pause_ends:
            raise Revert("PauseCooldown()")
        state.paused_before += state.pause_ends - state.paused_at
        state.paused_at, state.pause_ends = now, now + MAX_PAUSE
        return [Said("paused", {})]

    chain.outside.append(Outside("pause", act))


def _veto(chain: SimChain, store: Store) -> None:
    if not chain.state.is_pending:
        return
    number = chain.state.count

    def act(state: State, now: int) -> Effect:
        if not state.is_pending or number != state.count:
            raise Revert(f"NotPending(number={number})")
        state.last_vetoed = number
        return [Said("vetoed", {"number": number, "proposal": state.proposal})]

    chain.outside.append(Outside(f"veto {number}", act))


def _propose_wrong(chain: SimChain, store: Store) -> None:
    """Somebody has the reporter's key; the guardian wakes up sooner or later."""
    number = chain.state.count + 1

    def act(state: State, now: int) -> Effect:
        if state.is_pending or number != state.count + 1:
            raise Revert("SettlementIsPending()")
        state.count, state.pending_since, state.proposal = number, state.clock(now), WRONG
        return [Said("proposed", {"number": number, "proposal": WRONG})]

    chain.outside.append(Outside(f"propose {number}, which is wrong", act))
    chain.world.at(chain.world.rng.choice((15_000, 60_000)), lambda: _stop_what_is_wrong(chain))


def _stop_what_is_wrong(chain: SimChain) -> None:
    def act(state: State, now: int) -> Effect:
        if not state.is_pending or state.proposal != WRONG:
            raise Revert("nothing is wrong")
        state.last_vetoed = state.count
        return [Said("vetoed", {"number": state.count, "proposal": WRONG})]

    chain.outside.append(Outside("veto what is wrong", act))


def _send_for_another_log(chain: SimChain, store: Store) -> None:
    """Another log's worker sends from one of our accounts, and looks after it until it is permanent."""
    account = chain.world.rng.choice(_OURS)
    nonce = store.next_nonce(account)
    if nonce != chain.state.nonces.get(account, 0):
        return
    store.nonces[account, nonce] = f"{OTHER}{nonce}"
    sent = Sent(account, nonce, account, b"", 21_000, 2_000 * GWEI, 2 * GWEI)
    chain.world.say(f"** another log sends {account[:4]}/{nonce}")

    def look_after() -> None:
        if chain.final_state.nonces.get(account, 0) <= nonce:
            chain.world.rng.choice(chain.nodes).offer(sent)

    chain.on_block.append(look_after)


def _claim_outside(chain: SimChain, store: Store) -> None:
    """Somebody claims with a tool of their own."""
    claim_outside(chain, store, chain.world.rng.choice)


def claim_outside(
    chain: SimChain, store: Store, choose: Callable[[Sequence[tuple[str, int]]], tuple[str, int]]
) -> None:
    """An account of the settlement in force is paid by somebody else, in the next block."""
    row = store.settlements.get(chain.state.number)
    if row is None or not row.tree or row.settlement.root != chain.state.active_root:
        return
    account, cumulative = choose(row.tree)
    root = row.settlement.root

    def act(state: State, now: int) -> Effect:
        due = cumulative - state.claimed.get(account, 0)
        if state.active_root != root or now < state.pause_ends or due <= 0 or account in state.refusing:
            raise Revert("nothing to claim")
        state.claimed[account] = cumulative
        return [Said("claimed", {"account": account, "amount": due})]

    chain.outside.append(Outside(f"claim of {account[:8]}", act))


def _refuse_payment(chain: SimChain, store: Store) -> None:
    """An account cannot be paid for a while."""
    rng = chain.world.rng
    account, unclear = rng.choice(accounts()), rng.random() < 0.3

    def refuse(state: State, now: int) -> Effect:
        if unclear:
            state.unclear |= {account}
        else:
            state.refusing |= {account}
        return []

    def accept(state: State, now: int) -> Effect:
        state.refusing -= {account}
        state.unclear -= {account}
        return []

    chain.outside.append(Outside(f"{account[:8]} refuses", refuse))
    chain.world.at(60_000, lambda: chain.outside.append(Outside(f"{account[:8]} accepts", accept)))
