"""The packed multiproof proves what OpenZeppelin's multiproof proves, and nothing more.

It is stricter in two things, neither of which an honest proof does: there must be an account, and the flags' words must
be exactly those needed with no other bit set. Neither takes lists of unequal length or a proof that is not used up,
which is also what keeps a step from reading a hash that is not yet computed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from web3.contract import Contract

from tests.integration.contracts.evm import Evm
from tests.integration.contracts.reward_trees import reward_tree
from tests.simulation.proofs.many_calls import Answer, ManyCalls
from tests.simulation.proofs.multiproof_cases import (
    MultiCase,
    random_case,
    random_tree,
    single_cases,
    spoiled,
    true_case,
)

GAS_EACH = 50_000_000
STRICTER = {"no accounts", "packing"}


@pytest.fixture(scope="module")
def harness(roomy_evm: Evm) -> Contract:
    return roomy_evm.deploy("RewardTreeHarness")


class Judges:
    """The library, OpenZeppelin's and a replay in Python, who must agree; counts what they said."""

    def __init__(self, many: ManyCalls, harness: Contract) -> None:
        self._many = many
        self._harness = harness
        self.said: Counter[str] = Counter()

    def agree(self, cases: Sequence[MultiCase]) -> None:
        """Fails with the first case on which they do not."""
        ours = self._many.ask(self._harness, [case.call() for case in cases], gas_each=GAS_EACH)
        theirs = self._many.ask(self._harness, [case.open_zeppelin_call() for case in cases], gas_each=GAS_EACH)
        for case, our_answer, their_answer in zip(cases, ours, theirs, strict=True):
            fault, accepted, accepted_there = case.fault(), our_answer is Answer.TRUE, their_answer is Answer.TRUE
            assert accepted_there == (case.true_root() == case.root), f"OpenZeppelin: {their_answer}: {case}"
            assert accepted == (accepted_there and fault is None), f"{our_answer}, fault {fault}: {case}"
            self.said["accepted" if accepted else f"only there: {fault}" if accepted_there else "refused"] += 1

    @property
    def asked(self) -> int:
        """How many cases there were."""
        return self.said.total()


def check_shares(judges: Judges, seed: int) -> None:
    """Many proofs were true, many were not, and each way in which the library is stricter came up."""
    assert 0.2 <= judges.said["accepted"] / judges.asked <= 0.8, f"seed {seed}: {judges.said}"
    assert judges.said["refused"] / judges.asked >= 0.2, f"seed {seed}: {judges.said}"
    assert {f"only there: {fault}" for fault in STRICTER} <= judges.said.keys(), f"seed {seed}: {judges.said}"


def test_single_proofs_are_judged_alike(many: ManyCalls, harness: Contract) -> None:
    rng = random.Random(random.SystemRandom().getrandbits(32))
    cases = [case for size in [*range(1, 20), 70, 300] for case in single_cases(random_tree(size, rng), rng)]
    ours, theirs = (
        many.ask(harness, [case.call(plainly=plainly) for case in cases], gas_each=GAS_EACH)
        for plainly in (False, True)
    )
    for case, our_answer, their_answer in zip(cases, ours, theirs, strict=True):
        expected = Answer.TRUE if case.true_root() == case.root else Answer.FALSE
        assert our_answer is their_answer is expected, f"{our_answer}, OpenZeppelin {their_answer}: {case}"
    assert 0.2 <= ours.count(Answer.TRUE) / len(cases) <= 0.8


def test_every_part_of_a_small_tree(many: ManyCalls, harness: Contract) -> None:
    rng = random.Random(1)
    cases = []
    for size in range(1, 9):
        tree = random_tree(size, rng)
        names = [account for account, _ in tree.accounts]
        for chosen in range(1, 1 << size):
            cases.append(true_case(tree, [name for bit, name in enumerate(names) if chosen >> bit & 1]))
    judges = Judges(many, harness)
    judges.agree(cases)
    assert judges.said == {"accepted": len(cases)}


def test_spoiled_multiproofs_are_judged_alike(many: ManyCalls, harness: Contract) -> None:
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    judges = Judges(many, harness)
    cases: list[MultiCase] = []
    for size in range(1, 71):
        case = random_case(random_tree(size, rng), rng)
        cases += [case, *spoiled(case, rng, 12)]
    judges.agree(cases)
    tree = random_tree(1_500, rng)
    large = [random_case(tree, rng) for _ in range(8)]
    judges.agree([*large, *(other for case in large[:3] for other in spoiled(case, rng, 5))])
    check_shares(judges, seed)


@pytest.mark.long
def test_every_way_to_spoil_a_multiproof_is_judged_alike(many: ManyCalls, harness: Contract) -> None:
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    judges = Judges(many, harness)
    for _ in range(10):
        cases = [random_case(random_tree(size, rng), rng) for size in range(1, 71)]
        judges.agree([*cases, *(other for case in cases for other in spoiled(case, rng))])
    for _ in range(6):
        tree = random_tree(rng.randint(300, 3_000), rng)
        large = [random_case(tree, rng) for _ in range(5)]
        judges.agree([*large, *(other for case in large for other in spoiled(case, rng, 3))])
    print(dict(judges.said))
    assert judges.asked >= 100_000, f"seed {seed}"
    check_shares(judges, seed)


@pytest.mark.parametrize("size", [1, 2, 7, 70, 600])
def test_multiproofs_made_by_openzeppelins_javascript(size: int, many: ManyCalls, harness: Contract) -> None:
    rng = random.Random(size)
    tree = random_tree(size, rng)
    names = [account for account, _ in tree.accounts]
    batches = [names, *(rng.sample(names, rng.randint(1, size)) for _ in range(9))]
    other = reward_tree(dict(tree.accounts), batches)
    cases = []
    for batch, made in zip(batches, other.batches, strict=True):
        case = true_case(tree, batch)
        theirs = MultiCase(
            [int(account, 16) for account in made.accounts], made.cumulatives, made.proof, list(made.flags), other.root
        )
        assert case == theirs
        cases.append(case)
    judges = Judges(many, harness)
    judges.agree(cases)
    assert judges.said == {"accepted": len(cases)}
