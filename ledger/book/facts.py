"""What rules need to know about the log so far.

The fold keeps the facts of a whole log; the writer loads those that a group of items names. Both change them with
``apply`` and ask the same rules, so a statement that the writer accepts takes effect in every replay.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.statements.campaigns import CampaignClosed, CampaignFunded, CampaignOpened, TaskAdded
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade, Verdict
from ledger.statements.kinds import AnyStatement
from ledger.statements.log import LogOpened
from ledger.statements.platforms import PlatformRegistered
from ledger.statements.values import score_millionths, time_ms
from ledger.statements.wallets import WalletLinked


@dataclass(slots=True)
class Campaign:
    """A campaign as opened, and what became of it since. Times are milliseconds since 1970.

    ``funds_block`` is the block of the last record of its funds.
    """

    opened: CampaignOpened
    index: int
    closed: bool = False
    funds_block: int = 0
    closing_ms: int = field(init=False)
    appeal_ms: int = field(init=False)
    decision_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self.closing_ms = time_ms(self.opened.closing_date)
        self.appeal_ms = self.opened.appeal_window * 1000
        self.decision_ms = self.opened.decision_deadline * 1000

    @property
    def last_submission_ms(self) -> int:
        """The last moment for a contribution: its decision, one that supersedes it and both windows still fit."""
        return self.closing_ms - self.decision_ms - 2 * self.appeal_ms


@dataclass(slots=True)
class Decision:
    """A decision that stands on a contribution. ``score`` is in millionths."""

    id: str
    index: int
    at_ms: int
    verdict: Verdict
    score: int
    superseding: bool


@dataclass(slots=True)
class Contribution:
    """A contribution and the decision that stands on it."""

    id: str
    index: int
    at_ms: int
    campaign: str
    contributor: str
    task: str | None
    replaced_by: str | None = None
    decision: Decision | None = None


@dataclass(slots=True)
class Link:
    """The latest wallet link of a contributor."""

    index: int
    at_ms: int
    address: str


@dataclass(slots=True)
class Facts:
    """The facts, by id. ``contributors`` gives the platform that first named a contributor."""

    origin: str = ""
    wallet_delay_ms: int = 0
    platforms: set[str] = field(default_factory=set)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    contributors: dict[str, str] = field(default_factory=dict)
    contributions: dict[str, Contribution] = field(default_factory=dict)
    decisions: dict[str, str] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)

    def apply(self, statement: AnyStatement, index: int) -> None:
        """Take the effect of a statement that ``rules.check`` let pass; other kinds have none here."""
        match statement:
            case ContributionSubmitted():
                self._submit(statement, index)
            case DecisionMade():
                self._decide(statement, index)
            case WalletLinked():
                self.links[statement.contributor] = Link(index, time_ms(statement.at), statement.address)
            case TaskAdded():
                self.tasks[statement.id] = statement.campaign
            case CampaignOpened():
                self.campaigns[statement.id] = Campaign(statement, index)
            case CampaignClosed():
                self.campaigns[statement.campaign].closed = True
            case CampaignFunded():
                self.campaigns[statement.campaign].funds_block = statement.block
            case PlatformRegistered():
                self.platforms.add(statement.id)
            case LogOpened():
                self.origin = statement.origin
                self.wallet_delay_ms = statement.wallet_delay * 1000
            case _:
                pass

    def _submit(self, statement: ContributionSubmitted, index: int) -> None:
        platform = self.campaigns[statement.campaign].opened.platform
        self.contributors.setdefault(statement.contributor, platform)
        self.contributions[statement.id] = Contribution(
            statement.id, index, time_ms(statement.at), statement.campaign, statement.contributor, statement.task
        )
        if statement.replaces is not None:
            self.contributions[statement.replaces].replaced_by = statement.id

    def _decide(self, statement: DecisionMade, index: int) -> None:
        self.decisions[statement.id] = statement.contribution
        self.contributions[statement.contribution].decision = Decision(
            statement.id,
            index,
            time_ms(statement.at),
            statement.verdict,
            score_millionths(statement.score),
            statement.supersedes is not None,
        )
