"""Rules: what reporters, guardians and admins do, rightly and wrongly."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.simulation.contracts.model_pool import Pool
from tests.simulation.contracts.model_roles import Role
from tests.simulation.contracts.model_settlements import Settlement
from tests.simulation.contracts.rules_campaigns import INDEX, SLIP, WHICH, CampaignRules
from tests.simulation.contracts.stage import call_data
from tests.simulation.contracts.trees import Leaf, Tree

ROLE = st.sampled_from(list(Role))
FLAWS = ("number", "parent", "size", "old size", "above", "below", "order", "twice", "unknown", "lengths", "fixed")
FLAW = st.one_of(st.just(""), st.just(""), st.just(""), st.sampled_from(FLAWS))
LIE = st.sampled_from(["", "", "", "", "", "greedy", "falling", "double", "empty", "no tree", "gigantic"])
"""What a dishonest reporter does to the tree."""
SHARES = st.lists(st.tuples(st.integers(0, 10), st.integers(1, 4)), min_size=1, max_size=6)
"""Who earns how much of what is new."""
GROWTH = st.lists(st.sampled_from([None, 0, 1, 2, 4, 4, -1]), min_size=6, max_size=6)
"""Quarters of what is left in each campaign by which its total grows; None: not listed; -1: listed even if final."""
FINALS = st.one_of(st.just(0), st.integers(0, 255))


def total_awarded(pool: Pool, campaigns: tuple[bytes, ...], totals: tuple[int, ...]) -> int:
    """What would be awarded in all if these totals came into force."""
    listed = dict(zip(campaigns, totals, strict=True))
    return sum(listed.get(campaign, c.awarded) for campaign, c in pool.campaigns.items())


def earned_by(tree: Tree) -> dict[str, int]:
    """What each account can claim in all."""
    earned: dict[str, int] = {}
    for account, cumulative in tree.leaves:
        earned[account] = max(cumulative, earned.get(account, 0))
    return earned


class SettlementRules(CampaignRules):
    """Settlements, vetoes, pauses and roles."""

    def draft(
        self, pool: Pool, growth: list[int | None], finals: int, shares: list[tuple[int, int]], lie: str
    ) -> Settlement:
        """A proposal that the contract must accept, unless it lists what is final, whatever ``lie`` its tree holds."""
        chosen = []
        for index, (campaign, c) in enumerate(sorted(pool.campaigns.items())):
            quarters = growth[index % len(growth)]
            if quarters == -1 or (quarters is not None and not c.fixed):
                total = c.awarded + max(c.limit - c.awarded, 0) * max(quarters, 0) // 4
                chosen.append((campaign, total, finals >> index & 1 == 1))
        campaigns, totals = tuple(each[0] for each in chosen), tuple(each[1] for each in chosen)
        leaves = self._leaves(pool, total_awarded(pool, campaigns, totals), shares, lie)
        tree = Tree(leaves)
        return Settlement(
            number=pool.count + 1,
            parent=pool.active.number,
            root=b"\x07" * 32 if lie == "no tree" else tree.root,
            log_size=pool.logs.logs[pool.current_log].size,
            campaigns=campaigns,
            totals=totals,
            finals=tuple(each[2] for each in chosen),
            tree=Tree([]) if lie == "no tree" else tree,
            honest=not lie,
        )

    def _leaves(self, pool: Pool, awarded: int, shares: list[tuple[int, int]], lie: str) -> list[Leaf]:
        earned = earned_by(pool.active.tree)
        new = max(awarded - sum(earned.values()), 0)
        parts = sum(weight for _, weight in shares)
        for person, weight in shares:
            account = self.person(person)
            earned[account] = earned.get(account, 0) + new * weight // parts
        leaves = [leaf for leaf in earned.items() if leaf[1]]
        if lie == "greedy":
            return [(account, cumulative + new + 7) for account, cumulative in leaves]
        if lie == "gigantic":
            return [(account, cumulative + (1 << 250)) for account, cumulative in leaves]
        if lie == "falling":
            return [(account, cumulative // 2) for account, cumulative in leaves]
        if lie == "double":
            return [*leaves, *leaves[:2], *((account, cumulative + 5) for account, cumulative in leaves[:1])]
        return [] if lie == "empty" else leaves

    def flawed(self, pool: Pool, drafted: Settlement, flaw: str) -> Settlement:
        """The same with one thing wrong, though the contract may have nothing against it."""
        if not flaw:
            return drafted
        drafted = replace(drafted, honest=False)
        ids, totals, finals = drafted.campaigns, drafted.totals, drafted.finals
        first = pool.campaigns[ids[0]] if ids else None
        changes: dict[str, dict[str, object]] = {
            "number": {"number": drafted.number + 1},
            "parent": {"parent": drafted.parent + 1},
            "size": {"log_size": drafted.log_size + 1},
            "old size": {"log_size": max(pool.active.log_size - 1, 0)},
            "above": {"totals": (first.limit + 1, *totals[1:])} if first else {},
            "below": {"totals": (max(first.awarded - 1, 0), *totals[1:])} if first else {},
            "order": {"campaigns": ids[::-1]},
            "twice": {"campaigns": ids[:1] + ids, "totals": totals[:1] + totals, "finals": finals[:1] + finals},
            "unknown": {"campaigns": (*ids, b"\xff" * 32), "totals": (*totals, 0), "finals": (*finals, False)},
            "lengths": {"finals": (*finals, True)},
            "fixed": {},
        }
        if flaw == "fixed":
            fixed = [(campaign, c.awarded) for campaign, c in sorted(pool.campaigns.items()) if c.fixed][:1]
            found = dict(fixed)
            return replace(
                drafted, campaigns=tuple(found), totals=tuple(found.values()), finals=tuple(False for _ in found)
            )
        return replace(drafted, **changes[flaw])  # type: ignore[arg-type]  # names and values come from the table above

    @rule(which=WHICH, growth=GROWTH, finals=FINALS, shares=SHARES, lie=LIE, flaw=FLAW, actor=INDEX, slip=SLIP)
    def propose(
        self,
        which: int,
        growth: list[int | None],
        finals: int,
        shares: list[tuple[int, int]],
        lie: str,
        flaw: str,
        actor: int,
        slip: bool,
    ) -> None:
        pool = self.pool(which)
        if pool.pending and not slip and not flaw:
            return  # it would be refused, and most of the time for no better reason
        settlement = self.flawed(pool, self.draft(pool, growth, finals & finals >> 1, shares, lie), flaw)
        sender = self.actor(actor) if slip else pool.holders[Role.REPORTER]
        data = call_data("RewardPool", "propose", *settlement.values())
        self.act("propose", sender, pool.address, data, partial(pool.propose, sender, settlement))

    @rule(which=WHICH, actor=INDEX, change=st.sampled_from(["", "", "", "root", "totals", "finals", "old"]))
    def activate(self, which: int, actor: int, change: str) -> None:
        """Too early or in time; with the arguments proposed, others, or those of the last one."""
        pool = self.pool(which)
        settlement = pool.pending[0] if pool.pending and change != "old" else pool.active
        if change == "root":
            settlement = replace(settlement, root=b"\x09" * 32)
        if change == "totals" and settlement.totals:
            settlement = replace(settlement, totals=(settlement.totals[0] + 1, *settlement.totals[1:]))
        if change == "finals" and settlement.finals:
            settlement = replace(settlement, finals=(not settlement.finals[0], *settlement.finals[1:]))
        sender = self.actor(actor)
        data = call_data("RewardPool", "activate", *settlement.values())
        self.act("activate", sender, pool.address, data, partial(pool.activate, settlement))

    @rule(which=WHICH, growth=GROWTH, finals=FINALS, shares=SHARES, lie=LIE, late=st.sampled_from([-1, 0, 0, 0, 50]))
    def settle(
        self,
        which: int,
        growth: list[int | None],
        finals: int,
        shares: list[tuple[int, int]],
        lie: str,
        late: int,
    ) -> None:
        """The whole way, a second too early at times."""
        self.be_patient(self.pool(which), True)
        if self.pool(which).pending is None:
            self.propose(which, growth, finals, shares, lie, "", 0, False)
        self.be_patient(self.pool(which), True)
        if self.pool(which).pending:
            self.wait_until = max(self.wait_until, self.pool(which).ready_at() + late)
            self.activate(which, 0, "")

    @rule(which=WHICH, actor=INDEX, slip=SLIP, other=SLIP)
    def veto(self, which: int, actor: int, slip: bool, other: bool) -> None:
        pool = self.pool(which)
        if not pool.pending and not slip:
            return
        sender = self.actor(actor) if slip else pool.holders[Role.GUARDIAN]
        number = pool.count - other if pool.count else 0
        data = call_data("RewardPool", "veto", number, "wrong")
        self.act("veto", sender, pool.address, data, partial(pool.veto, sender, number))

    @rule(which=WHICH, campaign=INDEX, listed=st.booleans(), late=st.sampled_from([-1, 0]))
    def settle_under_notice(self, which: int, campaign: int, listed: bool, late: int) -> None:
        """What a pending settlement lists cannot be closed, and a veto starts the grace anew."""
        target = self.campaign(which, campaign)
        found = self.pool(which).campaigns.get(target)
        if found is None or found.fixed or not found.backing:
            return
        backer = next(iter(found.backing))
        if not found.noticed_at:
            self.wait_until = max(self.now, found.closing_date + 1)
            self._give_notice(which, target, backer)
        if not self.pool(which).pending:
            self.be_patient(self.pool(which), True)
            self.propose(which, [0 if listed else None], 0, [(0, 1)], "", "", 0, False)
        self._close_in_time(which, target, backer, 0)
        if not self.pool(which).campaigns[target].fixed:
            self.veto(which, 0, False, False)
            self._close(which, target, backer, True)
            self._close_in_time(which, target, backer, late)

    def _close_in_time(self, which: int, target: bytes, backer: str, late: int) -> None:
        pool = self.pool(which)
        self.wait_until = max(self.now, pool.closable_at(pool.campaigns[target]) + late)
        self._close(which, target, backer, True)

    @rule(which=WHICH, actor=INDEX, slip=SLIP, end=st.booleans())
    def pause(self, which: int, actor: int, slip: bool, end: bool) -> None:
        """Begins a pause, or ends one."""
        pool = self.pool(which)
        sender = self.actor(actor) if slip else pool.holders[Role.GUARDIAN]
        name, operation = ("unpause", pool.unpause) if end and (pool.paused or slip) else ("pause", pool.pause)
        self.act(name, sender, pool.address, call_data("RewardPool", name), partial(operation, sender))

    @rule(
        which=WHICH,
        role=ROLE,
        account=INDEX,
        steps=st.sampled_from(["propose", "cancel", "execute", "all", "all"]),
        late=st.sampled_from([-1, 0, 0, 10]),
        actor=INDEX,
        slip=SLIP,
    )
    def change_a_role(
        self, which: int, role: Role, account: int, steps: str, late: int, actor: int, slip: bool
    ) -> None:
        """One step of a change, or the whole way, a second too early at times."""
        sender = self.actor(actor) if slip else self.pool(which).holders[Role.ADMIN]
        if steps in ("propose", "all"):
            self._propose_role(which, role, self.person(account), sender)
        if steps == "cancel":
            pool = self.pool(which)
            role = next(iter(pool.proposals), role)
            data = call_data("RewardPool", "cancelRole", int(role))
            self.act("cancelRole", sender, pool.address, data, partial(pool.cancel_role, sender, role))
        proposed = self.pool(which).proposals.get(role)
        if proposed and steps == "all":
            self.wait_until = proposed[1] + late
        if steps in ("execute", "all"):
            named = proposed[0] if proposed and not slip else ""
            self._execute_role(which, role, named if named in self.actors else self.actor(actor))

    def _propose_role(self, which: int, role: Role, person: str, sender: str) -> None:
        pool = self.pool(which)
        data = call_data("RewardPool", "proposeRole", int(role), person)
        self.act("proposeRole", sender, pool.address, data, partial(pool.propose_role, sender, role, person))

    def _execute_role(self, which: int, role: Role, sender: str) -> None:
        """A new admin must do it itself; for the other roles it does not matter who does."""
        pool = self.pool(which)
        data = call_data("RewardPool", "executeRole", int(role))
        self.act("executeRole", sender, pool.address, data, partial(pool.execute_role, sender, role))
