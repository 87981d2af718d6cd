"""All rows in the order of the scenarios. Trees are made once a process."""

from __future__ import annotations

from collections.abc import Generator
from functools import cache

from scripts.gas.claim_scenario import claim_scenario
from scripts.gas.lab import Lab
from scripts.gas.log_scenario import log_scenario
from scripts.gas.measured import Measured
from scripts.gas.other_scenario import other_scenario, people
from scripts.gas.peer_scenario import peer_scenario
from scripts.gas.trees import MILLION, SPREAD, STEP, Earners, LogTree


@cache
def _log_tree() -> LogTree:
    return LogTree(MILLION + SPREAD + STEP)


@cache
def _earners() -> Earners:
    return Earners([each.address for each in people()])


def ours(lab: Lab) -> Generator[Measured]:
    """The figures of our contracts, each yielded while the chain still has its transactions."""
    yield from log_scenario(lab, _log_tree())
    for escrow in (True, False):
        yield from claim_scenario(lab, _log_tree(), _earners(), escrow=escrow)
    yield from other_scenario(lab, _log_tree(), _earners())


def of_contract(lab: Lab, contract: str, *, unproved: bool = False) -> Generator[Measured]:
    """The figures of one of our contracts, ``unproved`` with empty proofs where anchors carry one."""
    tree = _log_tree().unproved() if unproved else _log_tree()
    if contract == "ContributionLog":
        yield from log_scenario(lab, tree)
    else:
        yield from claim_scenario(lab, tree, _earners(), escrow=contract == "RewardPool")


def peers(lab: Lab) -> Generator[Measured]:
    """The figures of others' contracts, which must be installed."""
    yield from peer_scenario(lab, _earners())
