"""Where an account is paid is its own choice, by a transaction or by a signature that works once, here only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.logs import DISCARD

from tests.integration.contracts.reward_trees import reward_tree
from tests.integration.contracts.test_claims import account
from tests.integration.contracts.world import DELAY, World

SIGNER = Account.from_key(b"\x22" * 32)
OTHER_SIGNER = Account.from_key(b"\x33" * 32)
PAYEE, SECOND_PAYEE = account(5), account(6)
NOBODY = "0x" + "00" * 20
DEADLINE = 2**64


class Verdict(IntEnum):
    """How a HostileWallet answers ERC-1271."""

    REFUSES = 0
    APPROVES = 1
    APPROVES_ONE = 2
    REVERTS = 3
    BURNS_GAS = 4
    ANSWERS_TOO_LITTLE = 5
    ANSWERS_TOO_MUCH = 6


Sign = Callable[..., bytes]


@pytest.fixture
def sign(world: World) -> Sign:
    """Signs as ``SIGNER`` for ``PAYEE`` with the first nonce in the pool's own domain, unless told otherwise."""

    def made(key: LocalAccount = SIGNER, *, contract: str = "", chain_id: int = 0, **values: object) -> bytes:
        message = {
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "SetPayee": [
                    {"name": "account", "type": "address"},
                    {"name": "payee", "type": "address"},
                    {"name": "nonce", "type": "uint256"},
                    {"name": "deadline", "type": "uint256"},
                ],
            },
            "primaryType": "SetPayee",
            "domain": {
                "name": "CrowdLedger",
                "version": "1",
                "chainId": chain_id or world.evm.chain.chain_id,
                "verifyingContract": contract or world.pool.address,
            },
            "message": {"account": SIGNER.address, "payee": PAYEE, "nonce": 0, "deadline": DEADLINE} | values,
        }
        return bytes(key.sign_message(encode_typed_data(full_message=message)).signature)

    return made


def bring(world: World, signature: bytes, *, payee: str = PAYEE, deadline: int = DEADLINE) -> ContractFunction:
    return world.pool.functions.setPayeeBySignature(SIGNER.address, payee, deadline, signature)


def payee(world: World, of: str = SIGNER.address) -> str:
    return str(world.pool.functions.payeeOf(of).call())


def nonce(world: World, of: str = SIGNER.address) -> int:
    return int(world.pool.functions.payeeNonceOf(of).call())


class TestBySignature:
    def test_anyone_brings_it(self, world: World, sign: Sign) -> None:
        assert (payee(world), nonce(world)) == (SIGNER.address, 0)
        receipt = world.evm.send(world.relayer, bring(world, sign()))
        event = world.evm.event(world.pool.events.PayeeSet(), receipt)
        assert event == {"account": SIGNER.address, "payee": PAYEE}
        assert (payee(world), nonce(world)) == (PAYEE, 1)
        assert (payee(world, world.relayer), nonce(world, world.relayer)) == (world.relayer, 0)

    def test_works_once(self, world: World, sign: Sign) -> None:
        world.evm.send(world.relayer, bring(world, sign()))
        assert world.evm.refusal(world.relayer, bring(world, sign())) == ("InvalidSignature", (SIGNER.address.lower(),))
        second = bring(world, sign(payee=SECOND_PAYEE, nonce=1), payee=SECOND_PAYEE)
        world.evm.send(world.relayer, second)
        assert payee(world) == to_checksum_address(SECOND_PAYEE)
        for call in (bring(world, sign()), second):
            assert world.evm.refused(world.relayer, call) == "InvalidSignature"

    def test_dies_with_a_newer_choice_by_transaction(self, world: World, sign: Sign) -> None:
        world.evm.chain.rpc("anvil_impersonateAccount", SIGNER.address)
        world.evm.chain.rpc("anvil_setBalance", SIGNER.address, hex(10**18))
        world.evm.send(SIGNER.address, world.pool.functions.setPayee(SECOND_PAYEE))
        assert world.evm.refused(world.relayer, bring(world, sign())) == "InvalidSignature"
        assert payee(world) == to_checksum_address(SECOND_PAYEE)

    def test_until_its_deadline(self, world: World, sign: Sign) -> None:
        deadline = world.evm.now() + 1000
        first = bring(world, sign(deadline=deadline), deadline=deadline)
        second = bring(world, sign(deadline=deadline, nonce=1), deadline=deadline)
        world.evm.send(world.relayer, first, at=deadline)
        late = world.evm.refusal(world.relayer, second, at=deadline + 1)
        assert late == ("SignatureExpired", (deadline,))

    def test_says_exactly_this(self, world: World, sign: Sign) -> None:
        for wrong in (
            sign(OTHER_SIGNER),
            sign(payee=SECOND_PAYEE),
            sign(account=OTHER_SIGNER.address),
            sign(nonce=1),
            sign(deadline=DEADLINE + 1),
            sign(chain_id=1),
            sign(contract=world.log.address),
            sign()[:-1],
            b"",
            bytes(65),
        ):
            assert world.evm.refused(world.relayer, bring(world, wrong)) == "InvalidSignature"
        assert (payee(world), nonce(world)) == (SIGNER.address, 0)

    def test_is_good_in_one_pool_only(self, world: World, sign: Sign) -> None:
        assert world.token is not None
        arguments = (world.log.address, world.log_id, world.token.address, *world.evm.accounts[2:5], DELAY)
        other = replace(world, pool=world.evm.deploy("RewardPool", *arguments))
        assert world.evm.refused(world.relayer, bring(other, sign())) == "InvalidSignature"
        world.evm.send(world.relayer, bring(world, sign()))

    def test_of_nobody_is_refused(self, world: World) -> None:
        """A recovery that fails gives the zero address, which is no signer."""
        call = world.pool.functions.setPayeeBySignature(NOBODY, PAYEE, DEADLINE, bytes(64) + b"\x1b")
        assert world.evm.refused(world.relayer, call) == "InvalidSignature"

    def test_is_bound_by_the_same_rules(self, world: World, sign: Sign) -> None:
        pool = world.pool.address
        call = bring(world, sign(payee=pool), payee=pool)
        assert world.evm.refusal(world.relayer, call) == ("BadPayee", (pool.lower(),))
        world.evm.send(world.relayer, bring(world, sign()))
        world.evm.send(world.relayer, bring(world, sign(payee=NOBODY, nonce=1), payee=NOBODY))
        assert payee(world) == SIGNER.address

    def test_of_a_token_has_the_tokens_domain(self, token_world: World, sign: Sign) -> None:
        domain = token_world.pool.functions.eip712Domain().call()
        assert domain[1:5] == ["Crowd", "1", token_world.evm.chain.chain_id, token_world.pool.address]
        ours = sign(contract=token_world.pool.address)
        assert token_world.evm.refused(token_world.relayer, bring(token_world, ours)) == "InvalidSignature"


class TestContractWallets:
    @pytest.fixture
    def wallet(self, world: World) -> Contract:
        return world.evm.deploy("HostileWallet")

    def bring(self, world: World, wallet: Contract) -> ContractFunction:
        return world.pool.functions.setPayeeBySignature(wallet.address, PAYEE, DEADLINE, b"anything")

    def test_are_asked(self, world: World, wallet: Contract) -> None:
        assert world.evm.refused(world.relayer, self.bring(world, wallet)) == "InvalidSignature"
        world.evm.send(world.stranger, wallet.functions.setVerdict(Verdict.APPROVES, bytes(32)))
        world.evm.send(world.relayer, self.bring(world, wallet))
        assert payee(world, wallet.address) == PAYEE
        assert nonce(world, wallet.address) == 1

    @pytest.mark.parametrize("verdict", [v for v in Verdict if v not in (Verdict.APPROVES, Verdict.APPROVES_ONE)])
    def test_must_say_yes_clearly(self, world: World, wallet: Contract, verdict: Verdict) -> None:
        world.evm.send(world.stranger, wallet.functions.setVerdict(verdict, bytes(32)))
        assert world.evm.refused(world.relayer, self.bring(world, wallet)) == "InvalidSignature"
        assert payee(world, wallet.address) == wallet.address


class TestByTransaction:
    def test_every_choice_uses_a_nonce_up(self, world: World) -> None:
        for number, chosen in enumerate((PAYEE, SECOND_PAYEE, SECOND_PAYEE, NOBODY, world.stranger), start=1):
            receipt = world.evm.send(world.stranger, world.pool.functions.setPayee(chosen))
            expected = world.stranger if chosen == NOBODY else chosen
            assert world.evm.event(world.pool.events.PayeeSet(), receipt) == {
                "account": world.stranger,
                "payee": expected,
            }
            assert payee(world, world.stranger) == expected
            assert nonce(world, world.stranger) == number

    def test_holds_for_later_claims_alone(self, world: World) -> None:
        """What was paid stays where it is; claimed amounts do not move with the payee."""
        first = reward_tree({world.stranger: 50})
        campaign = world.funded_campaign(100)
        world.settle({campaign: 50}, root=first.root)
        world.evm.send(world.relayer, world.pool.functions.claim(*first.claim(world.stranger)))
        world.evm.send(world.stranger, world.pool.functions.setPayee(PAYEE))
        second = reward_tree({world.stranger: 80})
        world.settle({campaign: 80}, root=second.root)
        world.evm.send(world.relayer, world.pool.functions.claim(*second.claim(world.stranger)))
        assert (world.balance(world.stranger), world.balance(PAYEE)) == (50, 30)
        assert world.pool.functions.claimed(world.stranger).call() == 80
        assert world.pool.functions.claimed(PAYEE).call() == 0


class TestInATokenOfItsOwn:
    """Payee bit, claimed amount and balance share a slot."""

    def test_a_choice_touches_neither_balance_nor_claimed(self, token_world: World) -> None:
        world = token_world
        tree = reward_tree({world.stranger: 60, account(2): 40}, [[world.stranger, account(2)]])
        campaign = world.open_campaign()
        world.fund(campaign, 100, backer=world.admin)
        world.settle({campaign: 100}, root=tree.root)
        world.evm.send(world.stranger, world.pool.functions.setPayee(PAYEE))
        receipt = world.evm.send(world.relayer, world.pool.functions.claimMany(*tree.batches[0].arguments()))
        event = world.evm.event(world.pool.events.Claimed(), receipt)
        assert (event["account"], event["amount"]) == (world.stranger, 60)
        transfers = world.pool.events.Transfer().process_receipt(receipt, errors=DISCARD)
        assert {each["args"]["to"]: each["args"]["value"] for each in transfers} == {PAYEE: 60, account(2): 40}
        assert world.pool.functions.claimed(world.stranger).call() == 60
        assert [world.balance(each) for each in (world.stranger, PAYEE, account(2))] == [0, 60, 40]
        world.evm.send(world.stranger, world.pool.functions.setPayee(NOBODY))
        assert world.pool.functions.claimed(world.stranger).call() == 60
        world.assert_solvent()

    def test_is_not_the_token(self, token_world: World) -> None:
        call = token_world.pool.functions.setPayee(token_world.pool.address)
        assert token_world.evm.refused(token_world.stranger, call) == "BadPayee"
