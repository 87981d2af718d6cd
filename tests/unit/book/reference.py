"""The book a second time, from DESIGN's sections 3 to 5, as slowly as one likes.

No heap, no bisection, no facts, no rules shared with the book: statements are kept as they came, and what holds is
looked up in them whenever somebody asks. It knows the statements that pay or delay (those that ``player`` writes).
Every question about the past is answered by folding again.
"""

from ledger.statements import appeals, campaigns, contributions, decisions, log, platforms, settlements, wallets
from ledger.statements.values import score_millionths, time_ms
from tests.unit.book.reference_pay import Money, Queued, share_out, units_of
from tests.unit.book.reference_rules import Rules
from tests.unit.book.reference_wallets import Wallets


class Reference(Rules, Wallets, Money):
    """Folds ``statements`` whole; ``settlement()`` is what the next one would be."""

    def __init__(self, statements, known=None):
        self.statements, self.known = statements, {} if known is None else known
        self.clock = -1
        self.calls, self.works, self.appeals, self.people = {}, {}, {}, set()
        self.links, self.in_force, self.used = {}, {}, set()
        self.queue, self.recorded, self.endings = [], {}, []
        self.halted = False
        self.refused = []
        for index, statement in enumerate(statements):
            at = time_ms(statement.at)
            if at < self.clock:
                self.refused.append(index)
                continue
            self.pass_deadlines(index, at)
            self.clock = at
            self.end_campaigns(index)
            if not self.take(index, at, statement):
                self.refused.append(index)
            self.end_campaigns(index)

    def at_size(self, size):
        """The reference of the first ``size`` entries (each is computed once for a whole log)."""
        if size not in self.known:
            self.known[size] = Reference(self.statements[:size], self.known)
        return self.known[size]

    # ---- deadlines ----

    def deadline(self, work):
        """When a contribution becomes final, and the entry that set that time."""
        call, standing = self.calls[work.said.campaign], work.standing
        opened = call.opened
        if work.appeal is not None:
            return work.appeal.at + opened.appeal_deadline * 1000, work.appeal.index
        if standing is not None:
            wait = opened.appeal_window * 1000
            if standing.said.verdict == "needs_work":
                wait = max(wait, call.asking)
            return standing.at + wait, standing.index
        if call.sealed is None:
            return work.at + opened.decision_deadline * 1000, work.index
        if work.opened_at is None:
            return call.sealed[1], work.index
        return call.sealed[1] + opened.decision_deadline * 1000, work.opened_at

    def pass_deadlines(self, index, at):
        due = sorted(
            (self.deadline(work), name)
            for name, work in self.works.items()
            if not work.final and not work.gone and self.deadline(work)[0] < at
        )
        for _, name in due:
            self.finish(self.works[name], index)
        for who, link in self.links.items():
            if link["due"] < at:
                self.in_force[who] = link["address"]

    def finish(self, work, index):
        """The outcome of a contribution is final: it and its judges earn."""
        work.final = True
        call = self.calls[work.said.campaign]
        outcome = self.outcome(work, call)
        if outcome is not None:
            score, bonus = outcome
            policies = [call.version(version.index)["policy"] for version in (work, work.first)]
            units, source = max((units_of(policy, score) for policy in policies), key=lambda each: each[0])
            self.earn(index, work, work.said.contributor, units, source)
            if not call.pays_once:
                self.earn(index, work, work.said.contributor, bonus, "bonus")
        self.pay_judges(work, index)

    def pay_judges(self, work, index):
        call = self.calls[work.said.campaign]
        for place, (person, entry, paid) in enumerate(work.judged):
            if not paid:
                work.judged[place] = (person, entry, True)
                rate = int(call.version(work.index)["reviewer_rate"] or 0)
                if call.pays_once:
                    call.judges_wait.append((work, person, rate))
                else:
                    self.earn(index, work, person, rate, "reviewer_rate")

    def outcome(self, work, call):
        """Score and bonus of what is accepted; None for what is not."""
        standing = work.standing
        if work.withdrawn or (call.sealed and work.opened_at is None):
            return None
        if standing is None:
            return (10**6, 0) if call.opened.decision_default == "accepted" else None
        accepted = standing.said.verdict == "accepted"
        bonus = int(standing.said.bonus or 0) if accepted else 0
        if work.appeal is not None and not work.appeal.resolved and call.opened.appeal_default == "accepted":
            return 10**6, bonus
        return (score_millionths(standing.said.score), bonus) if accepted else None

    def earn(self, index, work, who, units, source):
        if units:
            self.queue.append(Queued(work.said.campaign, index, work.said.id, who, units, source))

    def is_over(self, call):
        return call.closed or self.clock > call.last_submission

    def end_campaigns(self, index):
        """Nothing can be submitted and all is final: what is paid once for all is paid now."""
        for name, call in self.calls.items():
            works = [work for work in self.works.values() if work.said.campaign == name]
            if call.over_at is not None or not self.is_over(call):
                continue
            if not all(work.final or work.gone for work in works):
                continue
            call.over_at = index
            scored = [
                (work, outcome[0])
                for work in works
                if not work.gone and (outcome := self.outcome(work, call)) is not None
            ]
            for work, units, source in share_out(call.version(index)["policy"], scored):
                self.earn(index, work, work.said.contributor, units, source)
            if not call.pays_once:
                continue
            for work, _ in scored:
                self.earn(index, work, work.said.contributor, self.outcome(work, call)[1], "bonus")
            for work, person, rate in call.judges_wait:
                self.earn(index, work, person, rate, "reviewer_rate")

    # ---- what a statement does; False where it breaks a rule ----

    def take(self, index, at, said):
        if not isinstance(said, SILENT | log.LogOpened):
            return TAKES[type(said)](self, index, at, said)
        if isinstance(said, log.LogOpened):
            self.delay = said.wallet_delay * 1000
        return True


SILENT = log.ClockTick | platforms.PlatformRegistered | campaigns.TaskAdded
TAKES = {
    campaigns.CampaignOpened: Rules.open_call,
    campaigns.CampaignAmended: Rules.amend,
    campaigns.CampaignPaused: Rules.pause,
    campaigns.CampaignResumed: Rules.resume,
    campaigns.CampaignClosed: Rules.close,
    campaigns.CampaignFunded: Rules.fund,
    contributions.ContributionSubmitted: Rules.submit,
    contributions.ContributionRevealed: Rules.reveal,
    contributions.ContributionWithdrawn: Rules.withdraw,
    decisions.ReviewGiven: Rules.review,
    decisions.DecisionMade: Rules.decide,
    appeals.AppealFiled: Rules.appealed,
    appeals.AppealResolved: Rules.resolve,
    wallets.WalletLinked: Wallets.link,
    wallets.WalletObjected: Wallets.object_to_link,
    settlements.RewardsSettled: Money.settled,
    settlements.SettlementActivated: Money.ended,
    settlements.SettlementVetoed: Money.ended,
}
