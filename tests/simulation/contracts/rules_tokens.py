"""Rules: what tokens and those who hold them do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.simulation.contracts.model_money import Conduct
from tests.simulation.contracts.rules_campaigns import AMOUNT, INDEX, SLIP, SMALL
from tests.simulation.contracts.rules_claims import ClaimRules
from tests.simulation.contracts.rules_settlements import FINALS, GROWTH, LIE, SHARES, SettlementRules
from tests.simulation.contracts.stage import call_data

REENTRIES = (
    "claim",
    "claimMany",
    "fund",
    "fundWithPermit",
    "refund",
    "activate",
    "setPayee",
    "other pool",
    "giveNotice",
)


class TokenRules(SettlementRules, ClaimRules):
    """A token that misbehaves, and one whose balances share a slot with what was claimed."""

    @rule(
        growth=GROWTH,
        finals=FINALS,
        shares=SHARES,
        lie=LIE,
        conducts=st.lists(st.sampled_from(list(Conduct)), min_size=1, max_size=3),
    )
    def pay_through_trouble(
        self,
        growth: list[int | None],
        finals: int,
        shares: list[tuple[int, int]],
        lie: str,
        conducts: list[Conduct],
    ) -> None:
        """New pay for people towards some of whom the token misbehaves, in one batch, and once more."""
        self.settle(0, growth, finals, shares, lie, 0)
        for (person, _), conduct in zip(shares, conducts, strict=False):
            self.set_conduct(self.scenery.people.index(self.model.escrow.payee_of(self.person(person))), conduct)
        for _ in range(2):
            self.claim_many(0, list(range(len(self.model.escrow.active.tree.leaves))), 0, True)

    @rule(person=INDEX, conduct=st.sampled_from([Conduct.HONEST, *Conduct]))
    def set_conduct(self, person: int, conduct: Conduct) -> None:
        """Towards one account from now on."""
        account, token = self.person(person), self.model.token
        data = call_data("FickleToken", "setConduct", account, int(conduct))
        operation = partial(token.conduct.__setitem__, account, conduct)
        self.act("setConduct", self.scenery.wallets[5], token.address, data, operation)

    @rule(person=INDEX, entry=st.sampled_from(REENTRIES), index=INDEX)
    def set_reentry(self, person: int, entry: str, index: int) -> None:
        """What transfers of one account call while they are under way."""
        token, stranger = self.model.token, self.scenery.wallets[5]
        target, data, operation = self._entry(entry, index)
        self.act(
            "setReentry",
            stranger,
            token.address,
            call_data("FickleToken", "setReentry", target, data),
            partial(token.set_reentry, operation),
        )
        self.set_conduct(person, Conduct.REENTERS)

    def _entry(self, entry: str, index: int) -> tuple[str, bytes, Callable[[], None]]:
        """Whom to call with what, and what that does; setting a payee where ``entry`` is not possible."""
        escrow, minting, me = self.model.escrow, self.model.minting, self.model.token.address
        campaigns = self.watched.campaigns[0]
        campaign = campaigns[index % len(campaigns)]
        if entry == "fund":
            return self._call("fund", partial(escrow.fund, me), campaign, 1)
        if entry == "fundWithPermit":
            data = call_data("RewardPool", "fundWithPermit", campaign, 1, 0, 27, bytes(32), bytes(32))
            return escrow.address, data, partial(escrow.fund_with_permit, me, campaign, 1, valid=False)
        if entry == "refund":
            return self._call("refund", partial(escrow.refund, me), campaign)
        if entry == "giveNotice":
            return (
                escrow.address,
                call_data("RewardPool", "giveNotice", campaign),
                partial(escrow.give_notice, campaign, me),
            )
        if entry == "claim" and escrow.active.tree.leaves:
            leaf, proof = escrow.active.tree.leaves[0], escrow.active.tree.proof(0)
            return self._call("claim", escrow.claim, *leaf, proof)
        if entry == "claimMany" and escrow.active.tree.leaves:
            leaf, proof = escrow.active.tree.leaves[0], escrow.active.tree.proof(0)
            words = [0] if proof else []
            return self._call("claimMany", escrow.claim_many, [leaf[0]], [leaf[1]], proof, words)
        if entry == "activate" and escrow.pending and len(escrow.pending[0].campaigns) < 2:
            data = call_data("RewardPool", "activate", *escrow.pending[0].values())
            return escrow.address, data, partial(escrow.activate, escrow.pending[0])
        if entry == "other pool" and minting.active.tree.leaves:
            leaf, proof = minting.active.tree.leaves[0], minting.active.tree.proof(0)
            data = call_data("RewardPool", "claim", *leaf, proof)
            return minting.address, data, partial(minting.claim, *leaf, proof)
        return self._call("setPayee", partial(escrow.set_payee, me), self.person(index))

    def _call(
        self, name: str, operation: Callable[..., None], *arguments: object
    ) -> tuple[str, bytes, Callable[[], None]]:
        """A call of the escrow pool whose parameters are those of the operation."""
        return self.model.escrow.address, call_data("RewardPool", name, *arguments), partial(operation, *arguments)

    @rule(change=st.integers(-500, 500))
    def rebase(self, change: int) -> None:
        """The token changes what the pool has."""
        escrow, token = self.model.escrow, self.model.token
        balance = max(escrow.balance + change, 0)

        def operation() -> None:
            escrow.lost += max(escrow.balance - balance, 0)
            token.balances[escrow.address] = balance

        data = call_data("FickleToken", "rebase", escrow.address, balance)
        self.act("rebase", self.scenery.wallets[5], token.address, data, operation)

    @rule(donor=st.integers(0, 5), amount=SMALL)
    def donate(self, donor: int, amount: int) -> None:
        """Tokens that nobody books."""
        escrow, token = self.model.escrow, self.model.token
        sender = self.scenery.wallets[donor]
        data = call_data("FickleToken", "mint", escrow.address, amount)
        self.act("donate", sender, token.address, data, partial(token.mint, escrow.address, amount))

    @rule(sender=INDEX, to=INDEX, amount=AMOUNT, everything=st.booleans(), to_self=SLIP, slip=SLIP)
    def transfer_reward_token(
        self, sender: int, to: int, amount: int, everything: bool, to_self: bool, slip: bool
    ) -> None:
        """What was earned can be passed on, mostly by one who has some, and nothing else."""
        minting = self.model.minting
        holders = [actor for actor in self.actors if minting.token.balance(actor)]
        source = self.actor(sender) if slip or not holders else holders[sender % len(holders)]
        target = source if to_self else self.person(to)
        units = minting.token.balance(source) if everything else amount
        data = call_data("RewardToken", "transfer", target, units)
        self.act("transfer", source, minting.address, data, partial(minting.token.move, source, target, units))
