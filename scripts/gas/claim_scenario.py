"""What settlements and claims cost, in a RewardPool and in a RewardToken, from a tree of 100,000 accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ledger.book.reward_tree import RewardTree
from scripts.gas import floor
from scripts.gas.lab import Lab, Sent
from scripts.gas.measured import Measured, measured
from scripts.gas.pools import CAMPAIGNS, Pool, deploy_pool, grow_log
from scripts.gas.trees import BATCH, Earners, LogTree


def claim_scenario(lab: Lab, tree: LogTree, earners: Earners, *, escrow: bool) -> Iterator[Measured]:
    """The rows of RewardPool (``escrow``) or RewardToken: two settlements, and after each the claims."""
    place = "pool" if escrow else "token"
    with lab.apart():
        pool = deploy_pool(lab, tree, earners, escrow=escrow)
        yield measured(f"deploy_{place}", [pool.deployed])
        yield _settlement(f"settle_{place}_first", pool, earners.first, earners.totals[0], first=True)
        _pay_in_advance(pool, earners)
        yield _many(f"many_{place}_first", pool, earners.first, earners.first_neighbours, first=True)
        yield _many(f"drawn_{place}_first", pool, earners.first, earners.drawn, first=True)
        yield from _listed("first", pool, earners.first, earners.single, earners.earned)
        yield _single(f"claim_{place}_first", pool, earners.first, earners.single, earners.earned, first=True)
        grow_log(pool)
        yield _settlement(f"settle_{place}", pool, earners.second, earners.totals[1], first=False)
        yield _many(f"many_{place}_repeat", pool, earners.second, earners.second_neighbours, first=False)
        yield _many(f"drawn_{place}_repeat", pool, earners.second, earners.drawn, first=False)
        yield from _listed("repeat", pool, earners.second, earners.single, earners.earned_twice)
        yield _single(f"claim_{place}_repeat", pool, earners.second, earners.single, earners.earned_twice, first=False)


def _pay_in_advance(pool: Pool, earners: Earners) -> None:
    """Those who will stand side by side in the second tree: nobody's first claim is then the pool's first either."""
    pool.claim_many(earners.first, earners.second_neighbours)


def _settlement(key: str, pool: Pool, tree: RewardTree, total: int, *, first: bool) -> Measured:
    proposed, activated = pool.settle(tree, total)
    floors = [floor.proposal(proposed, CAMPAIGNS), floor.activation(activated, CAMPAIGNS, first=first)]
    return measured(key, [proposed, activated], floors=floors)


def _many(key: str, pool: Pool, tree: RewardTree, accounts: list[str], *, first: bool) -> Measured:
    sent, hashes = pool.claim_many(tree, accounts)
    floors = [floor.claims(sent, BATCH, hashes, first=first, escrow=pool.escrow)]
    return measured(key, [sent], BATCH, floors)


def _single(
    key: str, pool: Pool, tree: RewardTree, accounts: Sequence[str], units: dict[str, int], *, first: bool
) -> Measured:
    """A transaction each, and their mean: proofs differ by one node, amounts by their zero bytes."""
    sent: list[Sent] = []
    floors: list[int] = []
    for account in accounts:
        sent.append(pool.claim(tree, account, units[account]))
        floors.append(floor.claims(sent[-1], 1, len(tree.proof(account)), first=first, escrow=pool.escrow))
    return measured(key, sent, len(sent), floors)


def _listed(
    time: str, pool: Pool, tree: RewardTree, accounts: Sequence[str], units: dict[str, int]
) -> Iterator[Measured]:
    """The same claims with an access list, undone. Only another contract's slots are worth a list."""
    if pool.escrow:
        with pool.lab.apart():
            sent = [pool.claim_listed(tree, account, units[account]) for account in accounts]
            yield measured(f"listed_pool_{time}", sent, len(sent))
