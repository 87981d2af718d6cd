"""Campaigns and settlements in plain Python, from the NatSpec of ISettlements and ISuccession."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.simulation.contracts.model_log import NO_LOG, Logs
from tests.simulation.contracts.model_money import NOBODY, Refused, refuse
from tests.simulation.contracts.model_roles import Role, Roles, Times
from tests.simulation.contracts.trees import Tree

LIMIT = 1 << 120
MAX_TIME = (1 << 40) - 1
MAX_CAMPAIGNS = 500
NO_ROOT = bytes(32)


@dataclass
class Campaign:
    opener: str
    goal: int
    funding_deadline: int
    closing_date: int
    awarded: int = 0
    noticed_at: int = 0
    finalised: bool = False
    closed: bool = False
    paid_in: dict[str, int] = field(default_factory=dict)
    """Everything that backers ever paid in."""
    returned: dict[str, int] = field(default_factory=dict)
    """What each backer took back; whoever has an entry here has nothing in the campaign any more."""
    backing: dict[str, int] = field(default_factory=dict)

    @property
    def funded(self) -> int:
        return sum(self.paid_in.values())

    @property
    def goal_reached(self) -> bool:
        return self.funded >= self.goal

    @property
    def fixed(self) -> bool:
        return self.finalised or self.closed

    @property
    def limit(self) -> int:
        """Up to which a total may go."""
        return self.funded if self.goal_reached else 0

    @property
    def free(self) -> int:
        return self.funded - self.awarded - sum(self.returned.values())


@dataclass(frozen=True)
class Settlement:
    """The parameters of a proposal.

    ``tree`` is what hashes up to ``root`` as far as anybody knows; it is ``honest`` if it promises no more than is
    awarded and takes nothing back.
    """

    number: int
    parent: int
    root: bytes
    log_size: int
    campaigns: tuple[bytes, ...]
    totals: tuple[int, ...]
    finals: tuple[bool, ...]
    tree: Tree
    honest: bool

    def values(self) -> tuple[object, ...]:
        return self.number, self.parent, self.root, self.log_size, self.campaigns, self.totals, self.finals


@cache
def proposal_hash(*values: object) -> bytes:
    """``keccak256(abi.encode(...))`` of the parameters."""
    types = ["uint256", "uint256", "bytes32", "uint256", "bytes32[]", "uint256[]", "bool[]"]
    return keccak(encode(types, values))


NOTHING_YET = Settlement(0, 0, NO_ROOT, 0, (), (), (), Tree([]), True)


class Settlements(Roles):
    """What a pool knows of campaigns and of settlements. ``logs`` is the contract that its logs stand in."""

    def __init__(self, address: str, logs: Logs, log_id: bytes, times: Times, roles: tuple[str, str, str]) -> None:
        super().__init__(times, *roles)
        self.address = address
        self.logs = logs
        self.current_log = log_id
        self.successor: tuple[bytes, int] | None = None
        self.campaigns: dict[bytes, Campaign] = {}
        self.count = 0
        self.pending: tuple[Settlement, int] | None = None
        self.active = NOTHING_YET
        self.vetoed_at = 0
        self.honest = True
        """Whether all settlements so far were."""

    # ---- campaigns ----

    def open_campaign(self, campaign: bytes, opener: str, goal: int, deadline: int, closing: int) -> None:
        problems = ["BadAmount"] if goal >= LIMIT else []
        deadline = deadline if goal else closing
        if closing > MAX_TIME or not self.now < deadline <= closing:
            problems.append("BadDates")
        if campaign in self.campaigns:
            problems.append("CampaignAlreadyOpen")
        refuse(problems)
        self.campaigns[campaign] = Campaign(opener, goal, deadline, closing)

    def book_funding(self, campaign: bytes, backer: str, amount: int) -> None:
        """Notes what a backer pays in; who inherits collects it."""
        refuse(self.funding_problems(campaign, amount))
        c = self.campaigns[campaign]
        c.paid_in[backer] = c.paid_in.get(backer, 0) + amount
        c.backing[backer] = c.backing.get(backer, 0) + amount

    def funding_problems(self, campaign: bytes, amount: int) -> list[str]:
        """Why a campaign would not take this."""
        c = self.campaigns.get(campaign)
        if c is None:
            return ["CampaignNotOpen"]
        problems = ["FundingIsOver"] if self.now > c.funding_deadline or c.fixed else []
        if not 0 < amount < LIMIT or self.funded - self.returned + amount >= LIMIT:
            problems.append("BadAmount")
        return problems

    def book_refund(self, campaign: bytes, backer: str) -> int:
        """Notes what a backer takes back, which is returned; who inherits gives it back."""
        c = self._backed(campaign, backer)
        missed = self.now > c.funding_deadline and not c.goal_reached
        if not missed and not c.fixed:
            raise Refused("NotRefundable")
        backing = c.backing.pop(backer)
        amount = backing if missed else backing * (c.funded - c.awarded) // c.funded
        c.returned[backer] = c.returned.get(backer, 0) + amount
        return amount

    def give_notice(self, campaign: bytes, backer: str) -> None:
        c = self._backed(campaign, backer)
        if self.now <= c.closing_date or c.noticed_at or c.fixed:
            raise Refused("NoticeNotPossible")
        c.noticed_at = self.clock()

    def close_after_grace(self, campaign: bytes, backer: str, shown: Settlement) -> None:
        c = self._backed(campaign, backer)
        problems = ["CampaignIsFinal"] if c.fixed else []
        if not c.noticed_at or self.clock() < self._grace_end(c):
            problems.append("GraceNotOver")
        if self.pending and shown.values() != self.pending[0].values():
            problems.append("NotPending")
        if self.pending and campaign in shown.campaigns:
            problems.append("CampaignIsPending")
        refuse(problems)
        c.closed = True

    def _backed(self, campaign: bytes, backer: str) -> Campaign:
        c = self.campaigns.get(campaign)
        if c is None or not c.backing.get(backer):
            raise Refused("NotBacker")
        return c

    def _grace_end(self, c: Campaign) -> int:
        return max(c.noticed_at, self.vetoed_at) + self.times.grace

    def closable_at(self, c: Campaign) -> int:
        """When the grace of a campaign under notice ends, as if a running pause ended now."""
        return self.block_time_of(self._grace_end(c))

    # ---- settlements ----

    def propose(self, caller: str, settlement: Settlement) -> None:
        anchored = self.logs.logs[self.current_log].size
        problems = self.not_role(Role.REPORTER, caller) + self.not_paused()
        if self.pending:
            problems.append("SettlementIsPending")
        if settlement.number != self.count + 1:
            problems.append("WrongNumber")
        if settlement.parent != self.active.number:
            problems.append("WrongParent")
        if not self.active.log_size <= settlement.log_size <= anchored:
            problems.append("WrongLogSize")
        refuse(problems + self._wrong_lists(settlement))
        self.pending = (settlement, self.clock())
        self.count += 1

    def _wrong_lists(self, settlement: Settlement) -> list[str]:
        ids, totals = settlement.campaigns, settlement.totals
        problems = []
        if not len(ids) == len(totals) == len(settlement.finals) or len(ids) > MAX_CAMPAIGNS:
            problems.append("BadLength")
        if any(one >= other for one, other in pairwise(ids)):
            problems.append("NotAscending")
        for campaign, total in zip(ids, totals, strict=False):
            c = self.campaigns.get(campaign)
            if c is None:
                problems.append("CampaignNotOpen" if any(campaign) else "NotAscending")
                continue
            if c.fixed:
                problems.append("CampaignIsFinal")
            if not c.awarded <= total <= c.limit:
                problems.append("WrongTotal")
        return problems

    def ready_at(self) -> int:
        """When the pending settlement can be activated, as if a running pause ended now."""
        assert self.pending
        return self.block_time_of(self.pending[1] + self.times.settlement_delay)

    def activate(self, settlement: Settlement) -> None:
        problems = self.not_paused()
        if self.pending is None or settlement.values() != self.pending[0].values():
            raise Refused(*problems, "NotPending")
        if self.clock() < self.pending[1] + self.times.settlement_delay:
            problems.append("DelayNotOver")
        refuse(problems)
        self.active, self.pending = self.pending[0], None
        self.honest = self.honest and self.active.honest
        for campaign, total, final in zip(settlement.campaigns, settlement.totals, settlement.finals, strict=True):
            c = self.campaigns[campaign]
            # The contract promised that nothing after the proposal makes this impossible.
            assert c.awarded <= total <= c.funded
            assert not c.fixed
            c.awarded, c.finalised = total, final
            if c.noticed_at:
                c.noticed_at = self.clock()

    def veto(self, caller: str, number: int) -> None:
        waits = self.pending is not None and number == self.pending[0].number
        refuse(self.not_role(Role.GUARDIAN, caller) + ([] if waits else ["NotPending"]))
        self.pending = None
        self.vetoed_at = self.clock()

    # ---- succession ----

    def propose_successor(self, caller: str, successor: bytes) -> None:
        known = successor in self.logs.logs and successor != self.current_log
        refuse(self.not_role(Role.ADMIN, caller) + ([] if known else ["BadSuccessor"]))
        self.successor = (successor, self.now + self.times.role_delay)

    def cancel_successor(self, caller: str) -> None:
        refuse(self.not_role(Role.ADMIN, caller) + ([] if self.successor else ["NoSuccessorProposal"]))
        self.successor = None

    def follow(self, successor: bytes, *, proved: bool) -> None:
        """``proved``: the proof given is the right one, if there is one."""
        current, following = self.logs.logs[self.current_log], self.logs.logs.get(successor)
        problems = [] if following and successor != self.current_log else ["BadSuccessor"]
        named = successor != NO_LOG and current.closed and current.successor == successor
        proposed = self.successor is not None and self.successor[0] == successor
        if not named and not proposed:
            problems.append("SuccessorNotNamed")
        if proposed and not named and self.successor and self.now < self.successor[1]:
            problems.append("SuccessorDelayNotOver")
        if following is None or not proved or not following.extends(current):
            problems.append("NotExtension")
        refuse(problems)
        self.current_log = successor
        if proposed:
            self.successor = None

    # ---- sums and views ----

    def settlement_words(self) -> list[int | str | bytes]:
        """As `Stage._ofSettlements` reads them."""
        words: list[int | str | bytes] = [self.paused, self.count, 0, NO_ROOT, 0]
        if self.pending:
            words[2:] = [self.pending[0].number, proposal_hash(*self.pending[0].values()), self.ready_at()]
        words += [self.active.number, self.active.root, self.active.log_size]
        words += [self.funded, self.returned, self.awarded, self.paid, self.active.root]
        return [*words, self.current_log, *(self.successor or (NO_LOG, 0))]

    @property
    def funded(self) -> int:
        return sum(c.funded for c in self.campaigns.values())

    @property
    def returned(self) -> int:
        return sum(sum(c.returned.values()) for c in self.campaigns.values())

    @property
    def awarded(self) -> int:
        return sum(c.awarded for c in self.campaigns.values())

    @property
    def paid(self) -> int:
        raise NotImplementedError

    def edges(self) -> list[int]:
        """Block times at which something becomes possible or stops being so."""
        found = super().edges()
        if self.pending:
            found.append(self.ready_at())
        if self.successor:
            found.append(self.successor[1])
        for c in self.campaigns.values():
            if not c.fixed:
                found += [c.funding_deadline, c.closing_date]
            if c.noticed_at and not c.fixed:
                found.append(self.closable_at(c))
        return found

    def campaign_words(self, campaign: bytes, people: list[str]) -> list[int | str | bytes]:
        """As `Stage._ofCampaigns` reads them."""
        c = self.campaigns.get(campaign) or Campaign(NOBODY, 0, 0, 0)
        words: list[int | str | bytes] = [c.opener, c.goal, c.funding_deadline, c.closing_date]
        words += [c.funded, c.awarded, sum(c.returned.values()), c.noticed_at]
        words += [c.opener != NOBODY and c.goal_reached, c.finalised, c.closed]
        return words + [c.backing.get(person, 0) for person in people]
