"""What the slow reference keeps of a campaign and of a contribution: the statements as they came."""

from dataclasses import dataclass, field

from ledger.statements import appeals, campaigns, contributions, decisions
from ledger.statements.values import time_ms


@dataclass
class Call:
    """A campaign: its opening, and everything that was said about it, with the entries."""

    index: int
    opened: campaigns.CampaignOpened
    amended: list = field(default_factory=list)
    closed: bool = False
    paused: bool = False
    resumed: bool = False
    over_at: int | None = None
    funds: campaigns.CampaignFunded | None = None
    judges_wait: list = field(default_factory=list)
    """Judges of a campaign that pays once for all: they are paid after that."""

    @property
    def pays_once(self):
        return self.opened.policy.__struct_config__.tag in ("prizes", "pool")

    def version(self, index):
        """Policy, terms, budget and reviewer's rate for entry ``index``, and the number of that version."""
        now = self.opened
        has = {"policy": now.policy, "terms": now.terms, "budget": now.budget, "reviewer_rate": now.reviewer_rate}
        number = 1
        for entry, amendment in self.amended:
            if entry < index:
                number += 1
                has |= {name: value for name in has if (value := getattr(amendment, name)) is not None}
        return has | {"number": number}

    @property
    def sealed(self):
        opened = self.opened.sealed
        return (time_ms(opened.deadline), time_ms(opened.reveal_until)) if opened else None

    @property
    def asking(self):
        """Milliseconds that a new version may take."""
        return self.opened.revisions.window * 1000 if self.opened.revisions else 0

    @property
    def last_submission(self):
        """The latest moment from which decision, superseding, appeal and resolution end by the closing date."""
        opened = self.opened
        window = opened.appeal_window * 1000
        needs = opened.decision_deadline * 1000 + max(window, self.asking) + window + opened.appeal_deadline * 1000
        last = time_ms(opened.closing_date) - needs
        return min(last, self.sealed[0]) if self.sealed else last


@dataclass
class Ruling:
    """A decision, and how it came: "first", "second" (superseding what was not final), "answer" or "again"."""

    index: int
    at: int
    said: decisions.DecisionMade
    way: str


@dataclass
class Objection:
    """An appeal."""

    index: int
    at: int
    said: appeals.AppealFiled
    resolved: bool = False


@dataclass
class Work:
    """A version of a contribution with everything that was said about it."""

    index: int
    at: int
    said: contributions.ContributionSubmitted
    before: "Work | None"
    rulings: list = field(default_factory=list)
    reviews: list = field(default_factory=list)
    appeal: Objection | None = None
    opened_at: int | None = None
    withdrawn: bool = False
    replaced: bool = False
    final: bool = False
    judged: list = field(default_factory=list)
    """(person, entry, paid) of everybody who judged it."""

    @property
    def standing(self):
        return self.rulings[-1] if self.rulings else None

    @property
    def reopened(self):
        return any(ruling.way == "again" for ruling in self.rulings)

    @property
    def first(self):
        return self.before.first if self.before else self

    @property
    def gone(self):
        return self.withdrawn or self.replaced

    @property
    def versions(self):
        return 1 + (self.before.versions if self.before else 0)

    def has_judged(self, person):
        return any(person == each[0] for each in self.judged)
