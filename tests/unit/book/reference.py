"""The book a second time, from DESIGN's sections 3 to 5, as slowly as one likes.

No heap, no bisection, no rules shared with the book. It knows the statements that ``test_reference`` plays.
Every question about the past is answered by folding again.
"""

from dataclasses import dataclass, field

from ledger.statements import campaigns, contributions, decisions, log, onchain, platforms, settlements, wallets
from ledger.statements.sign_in import parse
from ledger.statements.values import score_millionths, time_ms


@dataclass
class Work:
    """A contribution and all decisions on it, as (index, at, statement)."""

    index: int
    at: int
    said: contributions.ContributionSubmitted
    decided: list = field(default_factory=list)
    replaced: bool = False
    final: bool = False


@dataclass
class Queued:
    """An award in the queue of its campaign."""

    campaign: str
    who: str
    units: int


@dataclass
class Ending:
    """How a settlement number ended: the recorded computation's size, or None for a veto."""

    entry: int
    size: int | None


class Reference:
    """Folds ``statements`` whole; ``settlement()`` is what the next one would be."""

    def __init__(self, statements):
        self.statements = statements
        self.clock = 0
        self.opened, self.closed, self.funds, self.work = {}, set(), {}, {}
        self.links, self.in_force = {}, {}
        self.queue, self.recorded, self.endings = [], {}, []
        self.refused = []
        for index, statement in enumerate(statements):
            at = time_ms(statement.at)
            if at < self.clock:
                self.refused.append(index)
                continue
            self.pass_deadlines(at)
            self.clock = at
            if not self.take(index, at, statement):
                self.refused.append(index)

    # ---- deadlines ----

    def deadline(self, work):
        """When a contribution becomes final, and the entry that set that time."""
        opened = self.opened[work.said.campaign]
        if work.decided:
            index, at, _ = work.decided[-1]
            return at + opened.appeal_window * 1000, index
        return work.at + opened.decision_deadline * 1000, work.index

    def pass_deadlines(self, at):
        due = sorted(
            (self.deadline(work), name)
            for name, work in self.work.items()
            if not work.final and not work.replaced and self.deadline(work)[0] < at
        )
        for _, name in due:
            self.finish(self.work[name])
        for who, (_, linked, address) in self.links.items():
            if linked + self.delay < at:
                self.in_force[who] = address

    def finish(self, work):
        work.final = True
        opened = self.opened[work.said.campaign]
        verdict, score = opened.decision_default, 10**6
        if work.decided:
            verdict, score = work.decided[-1][2].verdict, score_millionths(work.decided[-1][2].score)
        rate = opened.policy
        units = int(rate.amount) if isinstance(rate, campaigns.PieceRate) else int(rate.max_amount) * score // 10**6
        if verdict == "accepted" and units:
            self.queue.append(Queued(work.said.campaign, work.said.contributor, units))

    # ---- what a statement does; False where it breaks a rule ----

    def take(self, index, at, said):
        match said:
            case log.LogOpened():
                self.delay = said.wallet_delay * 1000
            case campaigns.CampaignOpened():
                self.opened[said.id] = said
            case campaigns.CampaignClosed():
                if said.campaign in self.closed:
                    return False
                self.closed.add(said.campaign)
            case campaigns.CampaignFunded():
                last = self.funds.get(said.campaign)
                if last is not None and last.block > said.block:
                    return False
                self.funds[said.campaign] = said
            case contributions.ContributionSubmitted():
                return self.submit(index, at, said)
            case decisions.DecisionMade():
                return self.decide(index, at, said)
            case wallets.WalletLinked():
                return self.link(index, at, said)
            case settlements.RewardsSettled():
                return self.settled(index, said)
            case settlements.SettlementActivated() | settlements.SettlementVetoed():
                return self.ended(index, said)
            case _:
                assert isinstance(said, platforms.PlatformRegistered | log.ClockTick)
        return True

    def over(self, campaign):
        opened = self.opened[campaign]
        slack = (opened.decision_deadline + 2 * opened.appeal_window) * 1000
        return campaign in self.closed or self.clock > time_ms(opened.closing_date) - slack

    def submit(self, index, at, said):
        if self.over(said.campaign):
            return False
        if said.replaces is not None:
            old = self.work.get(said.replaces)
            if old is None or old.replaced or old.final:
                return False
            if (old.said.campaign, old.said.contributor) != (said.campaign, said.contributor):
                return False
            if old.decided and old.decided[-1][2].verdict != "needs_work":
                return False
            old.replaced = True
        self.work[said.id] = Work(index, at, said)
        return True

    def decide(self, index, at, said):
        work = self.work.get(said.contribution)
        if work is None or work.replaced or work.final or len(work.decided) == 2:
            return False
        if said.supersedes != (work.decided[-1][2].id if work.decided else None):
            return False
        work.decided.append((index, at, said))
        return True

    def link(self, index, at, said):
        latest = self.links.get(said.contributor)
        if parse(said.message).replaces != (latest[0] if latest else None):
            return False
        if said.contributor not in {work.said.contributor for work in self.work.values()}:
            return False
        self.links[said.contributor] = index, at, said.address
        return True

    def settled(self, index, said):
        then = Reference(self.statements[: said.size])
        if said.size > index or len(then.endings) != len(self.endings):
            return False
        proposal = then.settlement()
        if proposal is None or proposal["hash"] != said.proposal or str(proposal["total"]) != said.total:
            return False
        self.recorded[said.proposal] = proposal["number"], said.size
        return True

    def ended(self, index, said):
        if said.number != len(self.endings) + 1:
            return False
        number, size = self.recorded[said.proposal]
        assert number == said.number
        self.endings.append(Ending(index, size if isinstance(said, settlements.SettlementActivated) else None))
        return True

    # ---- money ----

    def published(self):
        """Number, accounts, what is paid by campaign, what went to wallets, finals: as last activated."""
        for number in range(len(self.endings), 0, -1):
            size = self.endings[number - 1].size
            if size is not None:
                made = Reference(self.statements[:size]).settlement()
                return number, made["accounts"], made["paid"], made["assigned"], made["finals"]
        return 0, {}, {}, {}, set()

    def settlement(self):
        parent, accounts, before, assigned, finals = self.published()
        accounts, assigned, finals, paid = dict(accounts), dict(assigned), set(finals), dict(before)
        lines = []
        for campaign, opened in self.opened.items():
            record = self.funds.get(campaign)
            if record is None or record.closed or campaign in finals:
                continue
            old = before.get(campaign, {})
            queue = [award for award in self.queue if award.campaign == campaign]
            funds = int(record.funded) - int(record.returned) if record.goal_reached else 0
            paid[campaign] = self.paid_of(queue, min(int(opened.budget), funds), old)
            total = sum(paid[campaign].values())
            done = self.over(campaign) and all(
                work.final or work.replaced for work in self.work.values() if work.said.campaign == campaign
            )
            final = done and total >= min(int(opened.budget), sum(award.units for award in queue))
            if final:
                finals.add(campaign)
            if final or total != sum(old.values()):
                lines.append((opened.onchain.id, total, final))
        for campaign, people in paid.items():
            for who, units in people.items():
                owed = units - assigned.get((campaign, who), 0)
                if owed and who in self.in_force:
                    address = self.in_force[who]
                    accounts[address] = accounts.get(address, 0) + owed
                    assigned[campaign, who] = units
        if not lines and not accounts_differ(accounts, self.published()[1]):
            return None
        lines.sort()
        number = len(self.endings) + 1
        root = root_of(accounts)
        columns = [list(column) for column in zip(*lines, strict=True)] or [[], [], []]
        proposal = onchain.proposal_hash(number, parent, root, len(self.statements), *columns)
        made = {"number": number, "hash": proposal, "accounts": accounts, "paid": paid, "assigned": assigned}
        return made | {"finals": finals, "total": sum(accounts.values()), "lines": lines, "parent": parent}

    @staticmethod
    def paid_of(queue, limit, old):
        """The most of the queue, its last award cut, at which everybody's max(published, net) fits the limit."""

        def counted(net):
            return {who: max(old.get(who, 0), net.get(who, 0)) for who in old.keys() | net.keys()}

        best, net = old, {}
        for award in queue:
            low, high = 0, award.units
            while low < high:  # the most of this award that still fits
                middle = (low + high + 1) // 2
                trial = net | {award.who: net.get(award.who, 0) + middle}
                low, high = (middle, high) if sum(counted(trial).values()) <= limit else (low, middle - 1)
            net = net | {award.who: net.get(award.who, 0) + low}
            if sum(counted(net).values()) <= limit:
                best = counted(net)
            if low < award.units:
                break
        return {who: units for who, units in best.items() if units}


def accounts_differ(left, right):
    return {who: units for who, units in left.items() if units} != {who: units for who, units in right.items() if units}


def root_of(accounts):
    """OpenZeppelin's tree, by recursion over the array's positions."""
    word = 32
    leaves = sorted(
        onchain.keccak256(onchain.keccak256(bytes.fromhex(who[2:]).rjust(word, b"\0") + units.to_bytes(word, "big")))
        for who, units in accounts.items()
    )
    if not leaves:
        return onchain.ZERO_HASH
    inner = len(leaves) - 1

    def node(position):
        if position >= inner:
            return leaves[2 * inner - position]
        return onchain.keccak256(b"".join(sorted([node(2 * position + 1), node(2 * position + 2)])))

    return "0x" + node(0).hex()
