"""Roles change slowly, pauses end by themselves."""

from __future__ import annotations

import pytest

from tests.integration.contracts.world import DELAY, World

ADMIN, REPORTER, GUARDIAN = range(3)
NOBODY = "0x" + "00" * 20


class TestRoles:
    @pytest.mark.parametrize(("role", "view"), [(REPORTER, "reporter"), (GUARDIAN, "guardian")])
    def test_change_takes_the_delay(self, world: World, role: int, view: str) -> None:
        holder = getattr(world.pool.functions, view)
        before = holder().call()
        receipt = world.evm.send(world.admin, world.pool.functions.proposeRole(role, world.stranger))
        executable = world.evm.now() + world.pool.functions.ROLE_DELAY().call()
        event = world.evm.event(world.pool.events.RoleProposed(), receipt)
        assert event == {"role": role, "account": world.stranger, "executableAt": executable}
        assert world.pool.functions.proposedRole(role).call() == [world.stranger, executable]
        execute = world.pool.functions.executeRole(role)
        assert world.evm.refusal(world.admin, execute, at=executable - 1) == ("RoleDelayNotOver", (role, executable))
        assert holder().call() == before
        receipt = world.evm.send(world.backer, execute, at=executable)
        event = world.evm.event(world.pool.events.RoleChanged(), receipt)
        assert event == {"role": role, "previous": before, "account": world.stranger}
        assert holder().call() == world.stranger
        assert world.evm.refused(world.backer, execute) == "NoRoleProposal"

    def test_delay_is_longer_than_a_settlements(self, world: World) -> None:
        assert world.pool.functions.ROLE_DELAY().call() > 2 * DELAY

    def test_admin_must_accept(self, world: World) -> None:
        world.evm.send(world.admin, world.pool.functions.proposeRole(ADMIN, world.stranger))
        executable = world.pool.functions.proposedRole(ADMIN).call()[1]
        execute = world.pool.functions.executeRole(ADMIN)
        assert world.evm.refused(world.stranger, execute, at=executable - 1) == "RoleDelayNotOver"
        assert world.evm.refused(world.admin, execute, at=executable) == "NotProposedAdmin"
        world.evm.send(world.stranger, execute)
        assert world.pool.functions.admin().call() == world.stranger
        call = world.pool.functions.proposeRole(REPORTER, world.stranger)
        assert world.evm.refused(world.admin, call) == "NotRole"

    def test_only_the_admin_proposes_and_withdraws(self, world: World) -> None:
        propose = world.pool.functions.proposeRole(REPORTER, world.stranger)
        cancel = world.pool.functions.cancelRole(REPORTER)
        for account in (world.reporter, world.guardian, world.stranger):
            assert world.evm.refused(account, propose) == "NotRole"
            assert world.evm.refused(account, cancel) == "NotRole"
        assert world.evm.refused(world.admin, cancel) == "NoRoleProposal"
        world.evm.send(world.admin, propose)
        executable = world.pool.functions.proposedRole(REPORTER).call()[1]
        receipt = world.evm.send(world.admin, cancel)
        event = world.evm.event(world.pool.events.RoleProposalCancelled(), receipt)
        assert event == {"role": REPORTER, "account": world.stranger}
        execute = world.pool.functions.executeRole(REPORTER)
        assert world.evm.refused(world.stranger, execute, at=executable) == "NoRoleProposal"

    def test_proposing_again_waits_again(self, world: World) -> None:
        world.evm.send(world.admin, world.pool.functions.proposeRole(REPORTER, world.stranger))
        first = world.pool.functions.proposedRole(REPORTER).call()[1]
        world.evm.send(world.admin, world.pool.functions.proposeRole(REPORTER, world.backer), at=first - 1)
        execute = world.pool.functions.executeRole(REPORTER)
        assert world.evm.refused(world.stranger, execute, at=first) == "RoleDelayNotOver"

    def test_nobody_is_no_holder(self, world: World) -> None:
        call = world.pool.functions.proposeRole(GUARDIAN, NOBODY)
        assert world.evm.refused(world.admin, call) == "ZeroAccount"


class TestPauses:
    def test_only_the_guardian(self, world: World) -> None:
        for account in (world.admin, world.reporter, world.stranger):
            assert world.evm.refused(account, world.pool.functions.pause()) == "NotRole"
        world.evm.send(world.guardian, world.pool.functions.pause())
        for account in (world.admin, world.reporter, world.stranger):
            assert world.evm.refused(account, world.pool.functions.unpause()) == "NotRole"

    def test_ends_by_itself(self, world: World) -> None:
        receipt = world.evm.send(world.guardian, world.pool.functions.pause())
        until = world.evm.now() + world.pool.functions.MAX_PAUSE().call()
        assert world.evm.event(world.pool.events.Paused(), receipt) == {"until": until}
        assert world.pool.functions.paused().call() is True
        unpause = world.pool.functions.unpause()
        propose = world.pool.functions.propose(*world.settlement({}))
        assert world.evm.refusal(world.reporter, propose, at=until - 1) == ("IsPaused", (until,))
        assert world.evm.refused(world.guardian, unpause, at=until) == "NotPaused"
        assert world.pool.functions.paused().call() is False
        world.evm.send(world.reporter, propose)

    def test_not_again_before_the_cooldown(self, world: World) -> None:
        begin = world.evm.now() + 10
        pause, unpause = world.pool.functions.pause(), world.pool.functions.unpause()
        cooldown = world.pool.functions.PAUSE_COOLDOWN().call()
        world.evm.send(world.guardian, pause, at=begin)
        assert world.evm.refused(world.guardian, pause) == "PauseCooldown"
        receipt = world.evm.send(world.guardian, unpause, at=begin + 100)
        assert world.evm.event(world.pool.events.Unpaused(), receipt) == {}
        assert world.evm.refused(world.guardian, unpause) == "NotPaused"
        early = world.evm.refusal(world.guardian, pause, at=begin + 99 + cooldown)
        assert early == ("PauseCooldown", (begin + 100 + cooldown,))
        world.evm.send(world.guardian, pause, at=begin + 100 + cooldown)

    def test_moves_no_money_and_holds_none_back(self, world: World) -> None:
        deadline = world.evm.now() + 1000
        campaign = world.funded_campaign(50, goal=100, deadline=deadline)
        books = world.pool.functions.books().call()
        world.evm.send(world.guardian, world.pool.functions.pause())
        assert world.pool.functions.books().call() == books
        world.evm.send(world.backer, world.pool.functions.refund(campaign), at=deadline + 1)
        assert world.balance(world.backer) == 50
