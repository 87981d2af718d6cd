"""Where contracts like these have been broken: starved calls, reentry before all is paid, words at their edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import httpx
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3.contract.contract import ContractFunction

from ledger.tree import merkle
from tests.integration.contracts.conftest import TOKEN_CAP
from tests.integration.contracts.evm import GAS_LIMIT, Evm
from tests.integration.contracts.reward_trees import reward_tree
from tests.integration.contracts.test_claims import account
from tests.integration.contracts.world import DAY, World, deploy_pool, deploy_reward_token

FIRST, SECOND, THIRD = account(1), account(2), account(3)
AMOUNTS = {FIRST: 10, SECOND: 20, THIRD: 30}
LARGEST = 2**120 - 1
YES, NO = 1, 0
REVERTS, REENTERS = 1, 9

# Answers true if it was given all of PAY_GAS (GAS itself has cost 2 of it), and reverts otherwise.
GREEDY_TOKEN = "0x5a62030d3e11601357600160005260206000f35b60006000fd"


@pytest.fixture(scope="module")
def session_fickle(session_evm: Evm) -> World:
    return deploy_pool(session_evm, session_evm.deploy("FickleToken"))


@pytest.fixture
def fickle_world(session_fickle: World, evm: Evm) -> World:
    return replace(session_fickle, leaves=[])


def answers(world: World, call: ContractFunction, gas_limits: Iterable[int]) -> list[int | None]:
    """The number that a call answers with each limit of gas, None if it fails."""
    data = {"from": world.relayer, "to": call.address, "data": call._encode_transaction_data()}
    requests = [
        {"jsonrpc": "2.0", "id": index, "method": "eth_call", "params": [data | {"gas": hex(limit)}, "latest"]}
        for index, limit in enumerate(gas_limits)
    ]
    replies = httpx.post(world.evm.chain.url, json=requests, timeout=60, trust_env=False).json()
    found = {reply["id"]: reply.get("result") for reply in replies}
    return [None if found[index] is None else int(found[index], 16) for index in range(len(requests))]


def least_gas(world: World, call: ContractFunction) -> int:
    """The least gas with which the call answers."""
    fails, goes = 0, GAS_LIMIT
    while goes - fails > 1:
        middle = (fails + goes) // 2
        if answers(world, call, [middle]) == [None]:
            fails = middle
        else:
            goes = middle
    return goes


class TestStarvedCalls:
    @pytest.mark.parametrize("people", [[FIRST], list(AMOUNTS)], ids=["one", "three"])
    def test_a_payment_has_all_its_gas_or_the_batch_fails(self, world: World, people: list[str]) -> None:
        """With the least gas that goes through, nobody is skipped who would have been paid with more."""
        assert world.token is not None
        tree = reward_tree(AMOUNTS, [people])
        world.settle({world.funded_campaign(60): 60}, root=tree.root)
        world.evm.chain.rpc("anvil_setCode", world.token.address, GREEDY_TOKEN)
        batch = world.pool.functions.claimMany(*tree.batches[0].arguments())
        least = least_gas(world, batch)
        everything = sum(AMOUNTS[each] for each in people)
        assert set(answers(world, batch, range(least - 100, least))) == {None}
        assert set(answers(world, batch, range(least, least + 300))) == {everything}

    def test_a_hash_that_was_not_made_proves_no_inclusion(self, world: World) -> None:
        """The last sibling is the root, and lies where the last hash goes: unless it is written, the proof holds."""
        world.anchor(6)
        proof = [b"\x01" * 32, b"\x02" * 32, merkle.root(world.leaves)]
        call = world.log.functions.verifyInclusion(world.log_id, world.leaves[3], 3, proof)
        least = least_gas(world, call)
        assert set(answers(world, call, range(least - 1_500, least + 100))) == {None, NO}

    def test_a_hash_that_was_not_made_proves_no_extension(self, world: World) -> None:
        """The last hash of the new tree goes where the last one of the old tree lies, whose root is claimed again."""
        world.anchor(6)
        root = merkle.root(world.leaves)
        world.evm.send(world.stranger, world.log.functions.openLog("example.org/other", "other+key"))
        other = keccak(encode(["address", "string"], [world.stranger, "example.org/other"]))
        world.evm.send(world.stranger, world.log.functions.anchor(other, 7, root, []))
        pair = merkle.root(world.leaves[4:])
        proof = [pair, merkle.leaf_hash(b"more"), merkle.root(world.leaves[:4])]
        call = world.log.functions.verifyExtension(world.log_id, other, proof)
        least = least_gas(world, call)
        assert set(answers(world, call, range(least - 1_500, least + 100))) == {None, NO}


class TestReentryIntoWhatIsNotGuarded:
    def test_an_activation_between_two_payments(self, fickle_world: World) -> None:
        """A batch that began under one root ends under the next; what it could not pay is owed on top of the growth."""
        world = fickle_world
        assert world.token is not None
        campaign = world.funded_campaign(100)
        tree = reward_tree(AMOUNTS, [list(AMOUNTS)])
        world.settle({campaign: 60}, root=tree.root)
        later = reward_tree({**AMOUNTS, SECOND: 35}, [list(AMOUNTS)])
        settlement = world.settlement({campaign: 75}, root=later.root)
        world.propose(settlement)
        activate = world.pool.functions.activate(*settlement)._encode_transaction_data()
        set_conduct = world.token.functions.setConduct
        world.evm.send(world.stranger, world.token.functions.setReentry(world.pool.address, activate))
        world.evm.send(world.stranger, set_conduct(FIRST, REENTERS))
        world.evm.send(world.stranger, set_conduct(SECOND, REVERTS))
        ready = world.pool.functions.pending().call()[2]
        world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()), at=ready)
        assert world.token.functions.reentered().call() is True
        assert world.pool.functions.books().call() == [100, 0, 75, 40]
        world.assert_solvent()
        world.evm.send(world.stranger, set_conduct(SECOND, 0))
        world.evm.send(world.relayer, world.pool.functions.claimMany(*later.batches[0].arguments()))
        assert [world.balance(each) for each in AMOUNTS] == [10, 35, 30]
        assert world.pool.functions.books().call() == [100, 0, 75, 75]
        world.assert_solvent()

    def test_a_choice_of_payee_between_two_payments(self, fickle_world: World) -> None:
        """The token is an account too, and chooses while another is paid: it is paid once, at one of its places."""
        world = fickle_world
        assert world.token is not None
        itself = world.token.address
        amounts = {FIRST: 10, itself: 20, THIRD: 30}
        campaign = world.funded_campaign(60)
        tree = reward_tree(amounts, [list(amounts)])
        world.settle({campaign: 60}, root=tree.root)
        choose = world.pool.functions.setPayee(SECOND)._encode_transaction_data()
        world.evm.send(world.stranger, world.token.functions.setReentry(world.pool.address, choose))
        for each in amounts:
            world.evm.send(world.stranger, world.token.functions.setConduct(each, REENTERS))
        world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
        assert world.pool.functions.payeeOf(itself).call() == SECOND
        assert world.balance(itself) + world.balance(SECOND) == 20
        assert [world.pool.functions.claimed(each).call() for each in amounts] == [10, 20, 30]
        assert world.balance(world.pool.address) == 0


class TestAtTheEdgeOfAWord:
    @pytest.mark.parametrize("payee", [FIRST, SECOND], ids=["itself", "another"])
    def test_the_largest_amounts_fit_beside_each_other(self, evm: Evm, payee: str) -> None:
        """All that can exist, earned by one account and paid at one place: no bit of a neighbour is touched."""
        world = deploy_reward_token(evm, LARGEST)
        evm.chain.rpc("anvil_impersonateAccount", FIRST)
        evm.chain.rpc("anvil_setBalance", FIRST, hex(10**18))
        evm.send(FIRST, world.pool.functions.setPayee(payee))
        campaign = world.open_campaign()
        world.fund(campaign, LARGEST, backer=world.admin)
        tree = reward_tree({FIRST: LARGEST, THIRD: 1}, [[FIRST]])
        world.settle({campaign: LARGEST}, root=tree.root)
        evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
        views = world.pool.functions
        assert views.claimed(FIRST).call() == views.balanceOf(payee).call() == views.totalSupply().call() == LARGEST
        assert views.payeeOf(FIRST).call() == payee
        assert views.claimed(SECOND).call() == 0
        assert evm.refusal(world.relayer, views.claim(*tree.claim(THIRD))) == (
            "AwardsExceeded",
            (LARGEST + 1, LARGEST),
        )

    @pytest.mark.parametrize(
        "promised",
        [{FIRST: 2**256 - 1}, {FIRST: 2**120 + 5}, {FIRST: 2**255, SECOND: 2**255}, {FIRST: 2**255 + 5, SECOND: 1}],
        ids=["largest", "past the amount", "sum past the word", "shifted out"],
    )
    @pytest.mark.parametrize("kind", ["world", "token_world"])
    def test_a_root_that_promises_the_moon_pays_nothing(
        self, kind: str, promised: dict[str, int], request: pytest.FixtureRequest
    ) -> None:
        """What a root says is never trusted to fit: sums that wrap around are refused as every other excess."""
        world: World = request.getfixturevalue(kind)
        campaign = world.open_campaign()
        world.fund(campaign, 100, backer=world.admin)
        tree = reward_tree(promised, [list(promised)])
        world.settle({campaign: 60}, root=tree.root)
        refusals = ("AwardsExceeded", "Panic 0x11")
        batch = world.pool.functions.claimMany(*tree.batches[0].arguments())
        assert world.evm.refused(world.relayer, batch) in refusals
        assert world.evm.refused(world.relayer, world.pool.functions.claim(*tree.claim(FIRST))) in refusals
        assert world.pool.functions.books().call() == [100, 0, 60, 0]
        assert world.pool.functions.claimed(FIRST).call() == 0


def test_what_is_no_boolean_is_not_proposed(world: World) -> None:
    """A proposal whose hash no arguments give could never be activated."""
    campaign = world.funded_campaign(10)
    data = bytearray.fromhex(
        world.pool.functions.propose(*world.settlement({campaign: 5}))._encode_transaction_data()[2:]
    )
    assert data[-1] == 0
    data[-1] = 2
    before = world.pool.functions.count().call()
    sent = world.evm.web3.eth.send_transaction(
        {"from": world.reporter, "to": world.pool.address, "data": bytes(data), "gas": 1_000_000}
    )
    assert world.evm.web3.eth.wait_for_transaction_receipt(sent)["status"] == 0
    assert world.pool.functions.count().call() == before


def test_the_longest_list_of_noticed_campaigns_can_be_made_final(world: World) -> None:
    """The dearest activation: each campaign's grace starts anew. Otherwise a long proposal would hold the pool up."""
    closing = world.evm.now() + DAY
    campaigns = [world.funded_campaign(1, closing=closing) for _ in range(12)]
    world.evm.mine(at=closing + 1)
    for campaign in campaigns:
        world.evm.send(world.backer, world.pool.functions.giveNotice(campaign))
    few, many = campaigns[:2], campaigns[2:]
    gas_of_two, gas_of_ten = (
        world.settle(dict.fromkeys(each, 1), final=tuple(each))[1]["gasUsed"] for each in (few, many)
    )
    bound = world.pool.functions.MAX_CAMPAIGNS().call()
    assert gas_of_two + (bound - 2) * (gas_of_ten - gas_of_two) / 8 < 2**24 * 3 / 4


def test_the_cap_holds_over_grants_and_cancelled_grants(token_world: World) -> None:
    """Allowance that was cancelled can be granted anew, what was awarded cannot: the supply never passes the cap."""
    world = token_world
    tree = reward_tree({FIRST: TOKEN_CAP, SECOND: 1})
    first = world.open_campaign()
    world.fund(first, TOKEN_CAP, backer=world.admin)
    world.settle({first: 1}, root=tree.root, final=(first,))
    world.evm.send(world.admin, world.pool.functions.refund(first))
    second = world.open_campaign()
    assert world.evm.refused(world.admin, world.pool.functions.fund(second, TOKEN_CAP)) == "CapExceeded"
    world.fund(second, TOKEN_CAP - 1, backer=world.admin)
    world.settle({second: TOKEN_CAP - 1}, root=tree.root)
    world.evm.send(world.relayer, world.pool.functions.claim(*tree.claim(FIRST)))
    assert world.pool.functions.totalSupply().call() == TOKEN_CAP
    assert world.evm.refused(world.relayer, world.pool.functions.claim(*tree.claim(SECOND))) == "AwardsExceeded"
