"""Rules: what openers and backers do, rightly and wrongly, and what time does."""

from __future__ import annotations

from functools import partial

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.simulation.contracts.machine import Machine
from tests.simulation.contracts.model_roles import Role
from tests.simulation.contracts.model_settlements import LIMIT, Settlement
from tests.simulation.contracts.signatures import permit_digest
from tests.simulation.contracts.stage import call_data

MAX_CAMPAIGNS = 6
DAY = 86_400

WHICH = st.sampled_from([0, 0, 1])
"""The pool over the fickle token, or the token that is its own pool."""
INDEX = st.integers(0, 11)
SMALL = st.integers(1, 1_000)
BIG = st.sampled_from([0, LIMIT // 2, LIMIT // 2 - 10_000, LIMIT - 1_000, LIMIT - 1, LIMIT, 2**256 - 1])
AMOUNT = st.one_of(SMALL, SMALL, SMALL, SMALL, BIG)
PATIENT = st.integers(0, 7).map(lambda drawn: drawn < 7)
"""Whether one waits for the end of a pause."""
SLIP = st.integers(0, 7).map(lambda drawn: drawn == 7)
"""Whether somebody other than the right one tries."""


class CampaignRules(Machine):
    """Campaigns and their funds."""

    def campaign(self, which: int, index: int) -> bytes:
        """One that is open, or, now and then, one that is not."""
        found = self.watched.campaigns[which]
        return found[index % len(found)] if found and index < 11 else bytes([index]) * 32

    @rule(edge=INDEX, offset=st.sampled_from([-1, 0, 0, 0, 1]))
    def wait_for_an_edge(self, edge: int, offset: int) -> None:
        """The next act comes when something becomes possible, a second before, or a second after."""
        ahead = {time for pool in self.model.pools for time in pool.edges() if time >= self.now}
        if ahead:
            self.wait_until = sorted(ahead)[edge % len(ahead)] + offset

    @rule(seconds=st.one_of(st.integers(1, 300), st.sampled_from([3_600, DAY, 3 * DAY, 30 * DAY])))
    def wait(self, seconds: int) -> None:
        self.wait_until = self.now + seconds

    @rule(which=WHICH, opener=INDEX, charter=INDEX, goal=st.one_of(st.just(0), AMOUNT), deadline=INDEX, closing=INDEX)
    def open_some_campaign(self, which: int, opener: int, charter: int, goal: int, deadline: int, closing: int) -> None:
        if len(self.watched.campaigns[which]) < MAX_CAMPAIGNS:
            self.open_campaign(which, opener, charter, goal, (deadline - 1) * 300, closing * 500)

    def open_campaign(self, which: int, opener: int, charter: int, goal: int, deadline: int, closing: int) -> None:
        """Dates are seconds from now."""
        pool, sender, digest = self.pool(which), self.actor(opener), bytes([charter]) * 32
        campaign = keccak(encode(["address", "bytes32", "bytes32"], [sender, self.scenery.log_id, digest]))
        known = campaign in self.watched.campaigns[which]
        if not known:
            self.watched.campaigns[which].append(campaign)
        dates = self.next_time() + deadline, self.next_time() + closing
        data = call_data("RewardPool", "openCampaign", digest, goal, *dates)
        operation = partial(pool.open_campaign, campaign, sender, goal, *dates)
        if self.act("openCampaign", sender, pool.address, data, operation) is not None and not known:
            self.watched.campaigns[which].remove(campaign)

    @rule(which=WHICH, campaign=INDEX, backer=INDEX, amount=AMOUNT, slip=SLIP)
    def fund(self, which: int, campaign: int, backer: int, amount: int, slip: bool) -> None:
        """Where funds are taken, if they are anywhere. Only the admin of a RewardToken may."""
        pool, target = self.pool(which), self.campaign(which, campaign)
        taking = [each for each, c in pool.campaigns.items() if not c.fixed and c.funding_deadline > self.next_time()]
        if taking and not slip:
            target = taking[campaign % len(taking)]
        self._fund(which, target, self.actor(backer) if which == 0 or slip else pool.holders[Role.ADMIN], amount)

    @rule(which=WHICH, campaign=INDEX, backer=INDEX, beyond=st.sampled_from([-5_000, 0, 1]))
    def fund_to_the_limit(self, which: int, campaign: int, backer: int, beyond: int) -> None:
        """All that the pool can take, a unit more, or a little less."""
        pool = self.pool(which)
        limit = self.model.minting.cap if which else LIMIT - 1
        self.fund(which, campaign, backer, max(limit - pool.funded + pool.returned + beyond, 0), slip=False)

    def _fund(self, which: int, target: bytes, sender: str, amount: int) -> None:
        pool = self.pool(which)
        data = call_data("RewardPool", "fund", target, amount)
        self.act("fund", sender, pool.address, data, partial(pool.fund, sender, target, amount))

    @rule(
        campaign=INDEX, backer=INDEX, amount=SMALL, life=st.sampled_from([-1, 0, 50]), ahead=st.booleans(), wrong=SLIP
    )
    def fund_with_permit(self, campaign: int, backer: int, amount: int, life: int, ahead: bool, wrong: bool) -> None:
        """``ahead``: somebody uses the permit first; ``wrong``: it was signed for another amount."""
        accounts = list(self.scenery.accounts.values())
        signer, pool, token = accounts[backer % len(accounts)], self.model.escrow, self.model.token
        target, deadline = self.campaign(0, campaign), self.next_time() + life + ahead
        owner, nonce = signer.address, token.permits.get(signer.address, 0)
        signed = amount + 1 if wrong else amount
        digest = permit_digest(self.scenery.token_domain, owner, pool.address, signed, nonce, deadline)
        signature = signer.sign(digest)
        r, s, v = signature[:32], signature[32:64], signature[64]
        if ahead:
            data = call_data("FickleToken", "permit", owner, pool.address, amount, deadline, v, r, s)
            operation = partial(token.permit, owner, pool.address, amount, self.next_time() <= deadline, not wrong)
            self.act("permit", self.scenery.wallets[5], token.address, data, operation)
            pool, token = self.model.escrow, self.model.token
        valid = not wrong and self.next_time() <= deadline and token.permits.get(owner, 0) == nonce
        data = call_data("RewardPool", "fundWithPermit", target, amount, deadline, v, r, s)
        operation = partial(pool.fund_with_permit, owner, target, amount, valid=valid)
        self.act("fundWithPermit", owner, pool.address, data, operation)

    @rule(which=WHICH, campaign=INDEX, backer=INDEX, slip=SLIP)
    def refund(self, which: int, campaign: int, backer: int, slip: bool) -> None:
        """Where something can be taken back, if it can anywhere."""
        pool, target = self.pool(which), self.campaign(which, campaign)
        open_to = [each for each, c in pool.campaigns.items() if c.backing and (c.fixed or not c.goal_reached)]
        if open_to and not slip:
            target = open_to[campaign % len(open_to)]
        sender = self.backer(which, target, backer, slip)
        data = call_data("RewardPool", "refund", target)
        self.act("refund", sender, pool.address, data, partial(pool.refund, sender, target))

    @rule(which=WHICH, campaign=INDEX, backer=INDEX, slip=SLIP)
    def give_notice(self, which: int, campaign: int, backer: int, slip: bool) -> None:
        target = self.campaign(which, campaign)
        self._give_notice(which, target, self.backer(which, target, backer, slip))

    def _give_notice(self, which: int, target: bytes, sender: str) -> None:
        pool = self.pool(which)
        data = call_data("RewardPool", "giveNotice", target)
        self.act("giveNotice", sender, pool.address, data, partial(pool.give_notice, target, sender))

    @rule(which=WHICH, campaign=INDEX, backer=INDEX, slip=SLIP, shown=st.booleans())
    def close_after_grace(self, which: int, campaign: int, backer: int, slip: bool, shown: bool) -> None:
        """``shown``: with the arguments of the pending settlement, otherwise with those of the active one."""
        target = self.campaign(which, campaign)
        self._close(which, target, self.backer(which, target, backer, slip), shown)

    def _close(self, which: int, target: bytes, sender: str, shown: bool) -> None:
        pool = self.pool(which)
        settlement: Settlement = pool.pending[0] if pool.pending and shown else pool.active
        data = call_data("RewardPool", "closeAfterGrace", target, *settlement.values())
        operation = partial(pool.close_after_grace, target, sender, settlement)
        self.act("closeAfterGrace", sender, pool.address, data, operation)

    @rule(which=WHICH, campaign=INDEX, late=st.sampled_from([-1, 0, 0, 1]))
    def notice_and_close(self, which: int, campaign: int, late: int) -> None:
        """The whole way, which chance would seldom find."""
        target = self.campaign(which, campaign)
        found = self.pool(which).campaigns.get(target)
        if found is None or found.fixed or not found.backing:
            return
        sender = next(iter(found.backing))
        if not found.noticed_at:
            self.wait_until = max(self.now, found.closing_date + 1)
            self._give_notice(which, target, sender)
        found = self.pool(which).campaigns[target]
        self.wait_until = self.pool(which).closable_at(found) + late
        self._close(which, target, sender, True)

    def backer(self, which: int, campaign: bytes, index: int, slip: bool) -> str:
        """Somebody who has something in the campaign, if anybody has; on a slip, whoever."""
        found = self.pool(which).campaigns.get(campaign)
        backers = list(found.backing) if found else []
        return self.actor(index) if slip or not backers else backers[index % len(backers)]
