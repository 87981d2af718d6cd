"""A chain without a clock of its own: a block comes with each transaction, and tests say when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ledger.chain.devchain import DevChain
from tests.integration.contracts.evm import CHAIN_ARGUMENTS, Evm
from tests.integration.contracts.world import World, deploy_pool, deploy_reward_token
from tests.simulation.proofs.many_calls import ROOMY, ManyCalls

TOKEN_CAP = 1_000_000


@pytest.fixture(scope="session")
def still_chain() -> Iterator[DevChain]:
    """Mines on demand only, so that a test decides every block's time."""
    with DevChain(mining=(), arguments=CHAIN_ARGUMENTS) as chain:
        yield chain


@pytest.fixture(scope="session")
def session_evm(still_chain: DevChain) -> Evm:
    return Evm(still_chain)


@pytest.fixture(scope="session")
def session_pool(session_evm: Evm) -> World:
    return deploy_pool(session_evm, session_evm.deploy("DevToken", "Development", "DEV"))


@pytest.fixture(scope="session")
def session_reward_token(session_evm: Evm) -> World:
    return deploy_reward_token(session_evm, TOKEN_CAP)


@pytest.fixture
def evm(session_evm: Evm) -> Iterator[Evm]:
    """The chain; whatever a test does to it is reverted."""
    snapshot = session_evm.chain.snapshot()
    session_evm.chain.rpc("evm_mine")  # brings the chain's time up to date after earlier tests
    yield session_evm
    session_evm.chain.revert(snapshot)


@pytest.fixture
def world(session_pool: World, evm: Evm) -> World:
    """A fresh log and a pool over DevToken."""
    return replace(session_pool, leaves=[])


@pytest.fixture
def token_world(session_reward_token: World, evm: Evm) -> World:
    """A fresh log and a RewardToken with a cap of ``TOKEN_CAP``."""
    return replace(session_reward_token, leaves=[])


@pytest.fixture(scope="module")
def roomy_evm() -> Iterator[Evm]:
    """A chain of its own, with room for calls that take very much gas."""
    with DevChain(mining=(), arguments=(*CHAIN_ARGUMENTS, *ROOMY)) as chain:
        yield Evm(chain)


@pytest.fixture(scope="module")
def many(roomy_evm: Evm) -> ManyCalls:
    """Many calls to a contract in one request to the node."""
    return ManyCalls(roomy_evm)
