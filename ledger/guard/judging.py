"""Judging what a node shows by what our mirror holds, each proposal once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.audit.opening import Opened
from ledger.chain.anchors import SettlementEvent
from ledger.chain.deployments import Deployment
from ledger.chain.successors import LogState
from ledger.errors import CrowdLedgerError
from ledger.guard.alarms import Alarm, Tell
from ledger.guard.copied import Copied
from ledger.guard.judge import Judgement, Published, doubts, judge, proposal_of
from ledger.guard.views import Seen
from ledger.statements.values import format_time


@dataclass(frozen=True, slots=True)
class Case:
    """One proposal as one node shows it. ``waits``: it can still be vetoed, surely until ``ready_at`` (seconds)."""

    seen: Seen
    number: int
    proposal: str
    judgement: Judgement
    waits: bool
    ready_at: int
    delay: int

    def must_be_stopped(self, *, unjudged: bool) -> bool:
        """Whether it is to be vetoed now; ``unjudged``: also what cannot be judged, in the last third of the delay."""
        if not self.waits or self.judgement.verdict == "sound":
            return False
        left = self.ready_at - self.seen.latest.timestamp
        return self.judgement.verdict == "wrong" or (unjudged and 3 * left <= self.delay)

    @property
    def alarm(self) -> Alarm | None:
        """What is to be told of it."""
        verdict = self.judgement.verdict
        if verdict == "sound":
            return None
        what = f"Settlement {self.number}"
        if self.waits:
            state = f"waits; it can be vetoed, surely until {format_time(self.ready_at * 1000)}"
        else:
            state = "is in force, and can be claimed by"
        if verdict == "unjudged":
            name, words = "unjudged-settlement", f"{what} {state}, and cannot be judged."
        else:
            name = "wrong-settlement" if self.waits else "wrong-activated"
            words = f"{what} does not follow from the log. It {state}."
        return Alarm(name, f"{self.number} {self.proposal}", words, self._members())

    def _members(self) -> dict[str, Any]:
        awards = [
            {
                "rule": award.rule,
                "claimed": str(award.claimed),
                "awarded": str(award.awarded),
                "campaign": award.campaign,
                "account": award.account,
                "detail": award.words,
            }
            for award in self.judgement.awards
        ]
        return {
            "number": self.number,
            "proposal": self.proposal,
            "reasons": list(self.judgement.reasons),
            "awards": awards,
        }


class Judging:
    """Remembers what was judged: what follows from entries that were seen to be the anchored ones stays so."""

    def __init__(self, copied: Copied, deployment: Deployment, tell: Tell) -> None:
        self._copied, self._deployment, self._tell = copied, deployment, tell
        self._judged: dict[str, Judgement] = {}

    def compare(self, seen: Seen, opened: Opened | None, *, fresh: bool) -> list[Alarm]:
        """The log that is shown to us against the one that the contract knows. ``fresh``: shown after the chain was."""
        if opened is None:
            return []
        alarms = []
        announced = seen.opened
        if announced.origin != opened.opening.origin or not opened.keys.has(announced.vkey):
            words = f"The contract announced '{announced.origin}' with the key '{announced.vkey}'; ours has another."
            alarms.append(Alarm("fork", announced.log_id, words))
        for log in seen.line.logs:
            published = self._published(log)
            words = f"{log.head.size} entries are anchored under the log {log.log_id}"
            if published.is_fork:
                self._judged.clear()
                alarms.append(Alarm("fork", log.log_id, f"{words}; they are not those that are shown to us."))
            elif published.root is None and fresh:
                words = f"{words}; only {published.size} are shown to us."
                alarms.append(Alarm("unpublished", log.log_id, words))
        return alarms

    def cases(self, seen: Seen) -> list[Case]:
        """All that was proposed and not vetoed, judged."""
        published = self._published(seen.line.current)
        ends = seen.ends
        found = []
        for event in seen.proposals:
            end = ends.get(event.number)
            if end is None or end.kind == "activated":
                ready_at = seen.pending.ready_at if end is None else 0
                judgement = self._judge(event, published)
                delay = self._deployment.settlement_delay
                found.append(Case(seen, event.number, event.proposal, judgement, end is None, ready_at, delay))
        return found

    def _published(self, log: LogState) -> Published:
        try:
            root = self._copied.root_at(log.head.size)
        except CrowdLedgerError:  # our mirror is damaged: it bears out nothing
            root = None
        return Published(log.head, self._copied.size, root)

    def _judge(self, event: SettlementEvent, published: Published) -> Judgement:
        known = self._judged.get(event.proposal)
        if known is not None:
            return known
        proposal = proposal_of(event)
        found = doubts(proposal, event.proposal, published)
        if found is None:
            place = (self._deployment.chain_id, self._deployment.pool)
            copied = self._copied
            try:
                recorded = copied.recorded_since(proposal.size)
                found = judge(proposal, place, copied.book_at(proposal.size), recorded, copied.shown)
            except CrowdLedgerError as error:  # our mirror is damaged
                return Judgement("unjudged", (f"Our mirror cannot be read: {error.detail}",))
            if found.verdict != "unjudged":
                self._judged[event.proposal] = found
        if found.verdict == "sound":
            words = f"Settlement {event.number} follows from the first {proposal.size} entries of the log."
            self._tell({"event": "sound", "number": event.number, "proposal": event.proposal, "detail": words})
        return found
