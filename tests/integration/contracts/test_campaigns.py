"""Campaigns: how money comes in, and how what was never awarded goes back."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from web3.contract.contract import ContractFunction

from tests.integration.contracts.world import DAY, DELAY, NO_ROOT, Settlement, World

NOTHING: Settlement = (0, 0, NO_ROOT, 0, [], [], [])


class TestOpening:
    def test_id_belongs_to_the_opener(self, world: World) -> None:
        now = world.evm.now()
        charter = b"\7" * 32
        opening = world.pool.functions.openCampaign(charter, 50, now + DAY, now + 2 * DAY)
        ids = set()
        for opener in (world.opener, world.stranger):
            receipt = world.evm.send(opener, opening)
            event = world.evm.event(world.pool.events.CampaignOpened(), receipt)
            ids.add(event["campaign"])
            assert event["opener"] == opener
            assert event["charter"] == charter
            assert world.evm.refused(opener, opening) == "CampaignAlreadyOpen"
        assert len(ids) == 2

    def test_id_is_as_documented(self, world: World) -> None:
        campaign = world.open_campaign(goal=50, deadline=world.evm.now() + DAY)
        record = world.record(campaign)
        assert record["opener"] == world.opener
        assert (record["goal"], record["funded"], record["reached"]) == (50, 0, False)

    def test_without_a_goal_funding_lasts_until_closing(self, world: World) -> None:
        record = world.record(world.open_campaign())
        assert record["deadline"] == record["closing"]
        assert record["reached"] is True

    @pytest.mark.parametrize(
        ("goal", "deadline", "closing"),
        [(0, 0, 0), (0, 0, -1), (0, 0, 2**40), (5, -1, DAY), (5, DAY + 1, DAY), (5, -(2**31), DAY)],
    )
    def test_dates_lie_ahead_in_order(self, world: World, goal: int, deadline: int, closing: int) -> None:
        now = world.evm.now() + 10
        call = world.pool.functions.openCampaign(b"\7" * 32, goal, max(0, now + deadline), now + closing)
        assert world.evm.refused(world.opener, call, at=now) == "BadDates"

    def test_goal_is_bounded(self, world: World) -> None:
        now = world.evm.now()
        call = world.pool.functions.openCampaign(b"\7" * 32, 2**120, now + DAY, now + DAY)
        assert world.evm.refused(world.opener, call) == "BadAmount"

    def test_unknown_campaign_has_no_record(self, world: World) -> None:
        assert set(map(int, (world.record(b"\1" * 32)[name] for name in ("goal", "funded", "reached")))) == {0}


class TestFunding:
    def test_is_noted_by_backer(self, world: World) -> None:
        campaign = world.open_campaign()
        world.fund(campaign, 100)
        world.fund(campaign, 20)
        receipt = world.fund(campaign, 3, backer=world.second_backer)
        event = world.evm.event(world.pool.events.CampaignFunded(), receipt)
        assert event == {
            "campaign": campaign,
            "backer": world.second_backer,
            "amount": 3,
            "totalFunded": 123,
        }
        assert world.pool.functions.backingOf(campaign, world.backer).call() == 120
        assert world.balance(world.pool.address) == 123
        world.assert_solvent()

    def test_needs_an_open_campaign_and_an_amount(self, world: World) -> None:
        world.endow(world.backer, 2**121)
        fund = world.pool.functions.fund
        assert world.evm.refused(world.backer, fund(b"\1" * 32, 1)) == "CampaignNotOpen"
        campaign = world.open_campaign()
        for amount in (0, 2**120, 2**256 - 1):
            assert world.evm.refused(world.backer, fund(campaign, amount)) == "BadAmount"
        world.evm.send(world.backer, fund(campaign, 2**120 - 1))
        for amount in (1, 2**256 - 1):
            assert world.evm.refused(world.backer, fund(campaign, amount)) == "BadAmount"

    def test_the_sum_of_all_campaigns_fits(self, world: World) -> None:
        """What stays in the pool or was paid is below 2**120; all that ever came fits into 128 bits."""
        campaign = world.funded_campaign(7)
        slot = next(each for each in range(40) if self.storage(world, each) == 7)
        world.endow(world.backer, 2)
        for funded, returned, most in ((2**120 - 2, 0, 1), (2**128 - 2, 2**128 - 2**119, 1)):
            value = f"0x{returned << 128 | funded:064x}"
            world.evm.chain.rpc("anvil_setStorageAt", world.pool.address, hex(slot), value)
            assert world.pool.functions.books().call()[:2] == [funded, returned]
            assert world.evm.refused(world.backer, world.pool.functions.fund(campaign, most + 1)) == "BadAmount"
        world.evm.send(world.backer, world.pool.functions.fund(campaign, 1))

    @staticmethod
    def storage(world: World, slot: int) -> int:
        return int.from_bytes(world.evm.web3.eth.get_storage_at(world.pool.address, slot))

    def test_needs_the_tokens(self, world: World) -> None:
        campaign = world.open_campaign()
        assert world.evm.refused(world.backer, world.pool.functions.fund(campaign, 1)) == "ERC20InsufficientAllowance"
        assert world.record(campaign)["funded"] == 0

    def test_ends_with_the_deadline(self, world: World) -> None:
        deadline = world.evm.now() + DAY
        campaign = world.open_campaign(goal=10, deadline=deadline)
        world.endow(world.backer, 2)
        fund = world.pool.functions.fund(campaign, 1)
        world.evm.send(world.backer, fund, at=deadline)
        assert world.evm.refused(world.backer, fund, at=deadline + 1) == "FundingIsOver"

    def test_ends_with_closing_and_finality(self, world: World) -> None:
        closing = world.evm.now() + DAY
        campaign = world.open_campaign(closing=closing)
        finished = world.funded_campaign(5)
        world.settle({finished: 5}, final=(finished,))
        world.endow(world.backer, 2)
        assert world.evm.refused(world.backer, world.pool.functions.fund(finished, 1)) == "FundingIsOver"
        world.evm.send(world.backer, world.pool.functions.fund(campaign, 1), at=closing)
        assert (
            world.evm.refused(world.backer, world.pool.functions.fund(campaign, 1), at=closing + 1) == "FundingIsOver"
        )


class TestPermit:
    SIGNER = Account.from_key(b"\x11" * 32)
    DEADLINE = 2**64

    def signature(self, world: World, amount: int) -> tuple[int, bytes, bytes]:
        assert world.token is not None
        message = {
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "Permit": [
                    {"name": "owner", "type": "address"},
                    {"name": "spender", "type": "address"},
                    {"name": "value", "type": "uint256"},
                    {"name": "nonce", "type": "uint256"},
                    {"name": "deadline", "type": "uint256"},
                ],
            },
            "primaryType": "Permit",
            "domain": {
                "name": "Development",
                "version": "1",
                "chainId": world.evm.chain.chain_id,
                "verifyingContract": world.token.address,
            },
            "message": {
                "owner": self.SIGNER.address,
                "spender": world.pool.address,
                "value": amount,
                "nonce": 0,
                "deadline": self.DEADLINE,
            },
        }
        signed = self.SIGNER.sign_message(encode_typed_data(full_message=message))
        return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")

    def prepare(self, world: World) -> bytes:
        assert world.token is not None
        world.evm.chain.rpc("anvil_impersonateAccount", self.SIGNER.address)
        world.evm.chain.rpc("anvil_setBalance", self.SIGNER.address, hex(10**18))
        world.evm.send(world.stranger, world.token.functions.mint(self.SIGNER.address, 100))
        return world.open_campaign()

    def test_funds_in_one_transaction(self, world: World) -> None:
        campaign = self.prepare(world)
        call = world.pool.functions.fundWithPermit(campaign, 100, self.DEADLINE, *self.signature(world, 100))
        world.evm.send(self.SIGNER.address, call)
        assert world.pool.functions.backingOf(campaign, self.SIGNER.address).call() == 100

    def test_front_runner_cannot_break_it(self, world: World) -> None:
        assert world.token is not None
        campaign = self.prepare(world)
        signature = self.signature(world, 100)
        permit = world.token.functions.permit(self.SIGNER.address, world.pool.address, 100, self.DEADLINE, *signature)
        world.evm.send(world.stranger, permit)
        world.evm.send(
            self.SIGNER.address, world.pool.functions.fundWithPermit(campaign, 100, self.DEADLINE, *signature)
        )
        assert world.record(campaign)["funded"] == 100

    def test_another_cannot_use_it(self, world: World) -> None:
        campaign = self.prepare(world)
        call = world.pool.functions.fundWithPermit(campaign, 100, self.DEADLINE, *self.signature(world, 100))
        assert world.evm.refused(world.stranger, call) == "ERC20InsufficientAllowance"


class TestRefund:
    def test_all_of_it_when_the_goal_was_missed(self, world: World) -> None:
        deadline = world.evm.now() + DAY
        campaign = world.open_campaign(goal=100, deadline=deadline)
        world.fund(campaign, 60)
        world.fund(campaign, 39, backer=world.second_backer)
        refund = world.pool.functions.refund(campaign)
        assert world.evm.refused(world.backer, refund, at=deadline) == "NotRefundable"
        receipt = world.evm.send(world.backer, refund, at=deadline + 1)
        event = world.evm.event(world.pool.events.CampaignRefunded(), receipt)
        assert event == {"campaign": campaign, "backer": world.backer, "amount": 60}
        assert world.evm.refused(world.backer, refund) == "NotBacker"
        world.evm.send(world.second_backer, refund)
        assert [world.balance(backer) for backer in (world.backer, world.second_backer)] == [60, 39]
        assert world.record(campaign)["returned"] == 99
        world.assert_solvent()

    def test_not_when_the_goal_was_reached(self, world: World) -> None:
        deadline = world.evm.now() + DAY
        campaign = world.open_campaign(goal=100, deadline=deadline)
        world.fund(campaign, 100)
        assert (
            world.evm.refused(world.backer, world.pool.functions.refund(campaign), at=deadline + 1) == "NotRefundable"
        )

    def test_a_pending_settlement_cannot_hold_up_a_missed_goal(self, world: World) -> None:
        deadline = world.evm.now() + DAY
        campaign = world.open_campaign(goal=100, deadline=deadline)
        world.fund(campaign, 99)
        settlement = world.settlement({campaign: 0}, final=(campaign,))
        world.propose(settlement)
        world.evm.send(world.backer, world.pool.functions.refund(campaign), at=deadline + 1)
        world.evm.send(world.stranger, world.pool.functions.activate(*settlement))
        assert world.record(campaign)["finalised"] is True
        world.assert_solvent()

    def test_by_share_of_what_was_not_awarded(self, world: World) -> None:
        world.anchor(1)
        campaign = world.open_campaign()
        world.fund(campaign, 200)
        world.fund(campaign, 100, backer=world.second_backer)
        world.settle({campaign: 100})
        refund = world.pool.functions.refund(campaign)
        assert world.evm.refused(world.backer, refund) == "NotRefundable"
        world.settle({campaign: 101}, final=(campaign,))
        world.evm.send(world.backer, refund)
        world.evm.send(world.second_backer, refund)
        assert world.balance(world.backer) == 132  # 200 * 199 / 300, rounded down
        assert world.balance(world.second_backer) == 66
        assert world.evm.refused(world.stranger, refund) == "NotBacker"
        world.assert_solvent()

    def test_nothing_is_left_when_all_was_awarded(self, world: World) -> None:
        campaign = world.funded_campaign(10)
        world.settle({campaign: 10}, final=(campaign,))
        world.evm.send(world.backer, world.pool.functions.refund(campaign))
        assert world.balance(world.backer) == 0

    def test_not_in_an_open_campaign(self, world: World) -> None:
        campaign = world.funded_campaign(10)
        assert world.evm.refused(world.backer, world.pool.functions.refund(campaign)) == "NotRefundable"
        assert world.evm.refused(world.backer, world.pool.functions.refund(b"\1" * 32)) == "NotBacker"


class TestNoticeAndGrace:
    def noticed(self, world: World) -> tuple[bytes, int]:
        """A campaign with notice given, and when it can be closed."""
        closing = world.evm.now() + DAY
        campaign = world.funded_campaign(100, closing=closing)
        receipt = world.evm.send(world.backer, world.pool.functions.giveNotice(campaign), at=closing + 1)
        event = world.evm.event(world.pool.events.CampaignNotice(), receipt)
        return campaign, event["closableAt"]

    def close(self, world: World, campaign: bytes, settlement: Settlement = NOTHING) -> ContractFunction:
        return world.pool.functions.closeAfterGrace(campaign, *settlement)

    def test_grace_outlasts_a_role_change_and_two_settlements(self, world: World) -> None:
        role_delay = world.pool.functions.ROLE_DELAY().call()
        assert role_delay > DELAY
        assert world.pool.functions.GRACE().call() > role_delay + 2 * DELAY

    def test_notice_is_a_backers_once_after_closing(self, world: World) -> None:
        closing = world.evm.now() + DAY
        campaign = world.funded_campaign(100, closing=closing)
        notice = world.pool.functions.giveNotice(campaign)
        assert world.evm.refused(world.backer, notice, at=closing) == "NoticeNotPossible"
        assert world.evm.refused(world.stranger, notice) == "NotBacker"
        world.evm.send(world.backer, notice, at=closing + 1)
        assert world.evm.refused(world.backer, notice) == "NoticeNotPossible"

    def test_no_notice_once_pay_is_fixed(self, world: World) -> None:
        closing = world.evm.now() + DAY
        campaign = world.funded_campaign(100, closing=closing)
        world.settle({campaign: 1}, final=(campaign,))
        notice = world.pool.functions.giveNotice(campaign)
        assert world.evm.refused(world.backer, notice, at=closing + 1) == "NoticeNotPossible"

    def test_closing_gives_back_what_was_not_awarded(self, world: World) -> None:
        campaign, closable = self.noticed(world)
        close = self.close(world, campaign)
        assert world.evm.refusal(world.backer, close, at=closable - 1) == ("GraceNotOver", (campaign, closable))
        assert world.evm.refused(world.stranger, close, at=closable) == "NotBacker"
        world.evm.send(world.backer, close)
        assert world.record(campaign)["closed"] is True
        assert world.evm.refused(world.backer, close) == "CampaignIsFinal"
        world.evm.send(world.backer, world.pool.functions.refund(campaign))
        assert world.balance(world.backer) == 100
        late = world.settlement({campaign: 1})
        assert world.evm.refused(world.reporter, world.pool.functions.propose(*late)) == "CampaignIsFinal"

    def test_needs_a_notice(self, world: World) -> None:
        campaign = world.funded_campaign(100)
        far = world.evm.now() + 1000 * DAY
        assert world.evm.refused(world.backer, self.close(world, campaign), at=far) == "GraceNotOver"

    def test_activation_that_lists_it_starts_anew_and_awards_stay(self, world: World) -> None:
        campaign, closable = self.noticed(world)
        settlement = world.settlement({campaign: 40})
        world.evm.send(world.reporter, world.pool.functions.propose(*settlement), at=closable - DELAY - 1)
        world.evm.send(world.stranger, world.pool.functions.activate(*settlement), at=closable - 1)
        grace = world.pool.functions.GRACE().call()
        close = self.close(world, campaign)
        assert world.evm.refused(world.backer, close, at=closable + grace - 2) == "GraceNotOver"
        world.evm.send(world.backer, close, at=closable + grace - 1)
        world.evm.send(world.backer, world.pool.functions.refund(campaign))
        assert world.balance(world.backer) == 60
        world.assert_solvent()

    def test_activation_of_others_does_not_delay_it(self, world: World) -> None:
        campaign, closable = self.noticed(world)
        world.settle({})
        world.evm.send(world.backer, self.close(world, campaign), at=closable)
        assert world.record(campaign)["closed"] is True

    def test_a_veto_starts_anew(self, world: World) -> None:
        campaign, closable = self.noticed(world)
        world.propose(world.settlement({}))
        world.evm.send(world.guardian, world.pool.functions.veto(1, "wrong"), at=closable - 1)
        grace = world.pool.functions.GRACE().call()
        assert world.evm.refused(world.backer, self.close(world, campaign), at=closable) == "GraceNotOver"
        world.evm.send(world.backer, self.close(world, campaign), at=closable + grace - 1)

    def test_not_while_a_pending_settlement_lists_it(self, world: World) -> None:
        campaign, closable = self.noticed(world)
        listing = world.settlement({campaign: 40})
        world.propose(listing)
        assert world.evm.refused(world.backer, self.close(world, campaign, listing), at=closable) == "CampaignIsPending"
        other: Settlement = (*listing[:4], [], [], [])
        assert world.evm.refused(world.backer, self.close(world, campaign, other)) == "NotPending"
        assert world.evm.refused(world.backer, self.close(world, campaign)) == "NotPending"

    def test_while_a_pending_settlement_does_not_list_it(self, world: World) -> None:
        campaign, closable = self.noticed(world)
        other = world.funded_campaign(5)
        settlement = world.settlement({other: 5})
        world.propose(settlement)
        world.evm.send(world.backer, self.close(world, campaign, settlement), at=closable)
        world.evm.send(world.stranger, world.pool.functions.activate(*settlement))
        world.assert_solvent()

    def test_paused_time_does_not_count(self, world: World) -> None:
        campaign, closable = self.noticed(world)
        begin = world.evm.now() + 10
        world.evm.send(world.guardian, world.pool.functions.pause(), at=begin)
        world.evm.send(world.guardian, world.pool.functions.unpause(), at=begin + 5000)
        close = self.close(world, campaign)
        assert world.evm.refusal(world.backer, close, at=closable + 4999)[1] == (campaign, closable + 5000)
        world.evm.send(world.backer, close, at=closable + 5000)
