"""How every run begins, and how it ends: everybody claims, every backer takes back, and nothing is missing."""

from __future__ import annotations

from functools import partial

from tests.simulation.contracts.model_money import NOBODY, Conduct
from tests.simulation.contracts.rules_logs import LogRules
from tests.simulation.contracts.rules_settlements import SettlementRules
from tests.simulation.contracts.stage import call_data
from tests.simulation.contracts.trees import pack


class Scenes(SettlementRules, LogRules):
    """Something to attack at first; earned funds that survived whatever happened at last."""

    def open_the_scene(self) -> None:
        """A log with entries; in each pool campaigns with no goal, one reached and one missed; pay for most people.

        The token is a backer too, so that nothing but the guard keeps it from funding and taking back in mid-payment.
        """
        self.anchor(0, 0, 5, "", 0, False)
        for which in (0, 1):
            for index, goal in enumerate((0, 500, 5_000)):
                self.open_campaign(which, index, index, goal, 3_000, 6_000)
                for backer in (index, index + 1):
                    self.fund(which, index, backer, 400 + 10 * backer, slip=False)
                if which == 0:
                    self._fund(which, self.watched.campaigns[which][index], self.scenery.token, 50)
            self.settle(which, [2], 0, [(person, 1 + person % 3) for person in range(9)], "", 0)

    def teardown(self) -> None:
        if self.sound:
            self._make_the_token_honest()
            for which in range(2):
                self._pay_everybody(which)
                self._refund_everybody(which)
        super().teardown()

    def _make_the_token_honest(self) -> None:
        token, escrow, stranger = self.model.token, self.model.escrow, self.scenery.wallets[5]
        for account, conduct in list(token.conduct.items()):
            if conduct is not Conduct.HONEST:
                data = call_data("FickleToken", "setConduct", account, 0)
                operation = partial(token.conduct.__setitem__, account, Conduct.HONEST)
                self.act("end: honest", stranger, token.address, data, operation)
        if missing := max(escrow.must_hold - escrow.balance, 0):
            data = call_data("FickleToken", "mint", escrow.address, missing)
            self.act("end: make good", stranger, token.address, data, partial(token.mint, escrow.address, missing))

    def _pay_everybody(self, which: int) -> None:
        """In full if the reporter was honest; in any case as the model says."""
        pool = self.pool(which)
        if pool.pauses:
            self.wait_until = max(self.now + 1, pool.pauses[-1][1])
        tree, stranger = pool.active.tree, self.scenery.wallets[5]
        if tree.leaves:
            batch = tree.batch(range(len(tree.leaves)))
            accounts, cumulatives = zip(*batch.leaves, strict=True)
            arguments = accounts, cumulatives, batch.proof, pack(batch.flags)
            data = call_data("RewardPool", "claimMany", *arguments)
            error = self.act("end: claimMany", stranger, pool.address, data, partial(pool.claim_many, *arguments))
            assert error is None or not pool.honest
        pool = self.pool(which)
        if pool.honest:
            earned = {account: cumulative for account, cumulative in tree.leaves if account != NOBODY}
            assert {account: pool.claimed.get(account, 0) for account in earned} == earned

    def _refund_everybody(self, which: int) -> None:
        """What was fixed below the funds goes back; what then stays is what rounding down left."""
        for campaign in list(self.pool(which).campaigns):
            found = self.pool(which).campaigns[campaign]
            if not found.fixed:
                continue
            for backer in list(found.backing):
                pool = self.pool(which)
                data = call_data("RewardPool", "refund", campaign)
                error = self.act("end: refund", backer, pool.address, data, partial(pool.refund, backer, campaign))
                assert error is None
            found = self.pool(which).campaigns[campaign]
            assert found.free < max(len(found.paid_in), 1) or found.funded == 0
