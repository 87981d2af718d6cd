"""Public figures of campaigns: what there is to earn, and how people who worked there fared."""

from __future__ import annotations

from typing import Any

from ledger.statements.campaigns import CampaignType
from ledger.wire.values import Amount, Model


class Money(Model):
    """How far a campaign's money reaches, in base units (points where it has no pool).

    ``limit`` is the lesser of budget and recorded funds. ``earned`` is what stands as accepted, ``open`` the most that
    what is undecided, appealed or sent back could still cost, reviewers' pay included. ``left`` is what remains for new
    work; ``used_up`` says that it no longer pays one more contribution whole.
    """

    limit: Amount
    earned: Amount
    open: Amount
    left: Amount
    used_up: bool
    unit: str
    decimals: int


class Acceptance(Model):
    """Contributions, those decided, and those accepted as it stands; ``share`` of the decided, null without any."""

    contributions: int
    decided: int
    accepted: int
    share: str | None


class Appeals(Model):
    """Appeals: ``overturned`` by another decision, ``by_default`` because nobody resolved them in time.

    ``median_seconds`` from filing to resolution, null without any.
    """

    filed: int
    resolved: int
    overturned: int
    by_default: int
    median_seconds: int | None


class SecondLooks(Model):
    """Rejections that were judged blind once more, and those of them that the second look accepted."""

    taken: int
    overturned: int
    share: str | None


class Rating(Model):
    """What contributors said about tasks, decisions or the campaign: how many, and the mean score in [0, 1]."""

    about: str
    count: int
    mean: str


class Figures(Model):
    """The public record of a campaign. Times are seconds; shares and means have six digits, rounded down."""

    campaign: str
    money: Money
    acceptance: Acceptance
    appeals: Appeals
    decision_median_seconds: int | None
    decision_deadline: int
    second_looks: SecondLooks
    ratings: list[Rating]


class OpenCampaign(Model):
    """A campaign that can be worked for: what it asks and pays, and its record.

    ``paused`` campaigns take nothing for the moment. ``open_until`` is when the last contribution can be sent.
    """

    id: str
    title: str
    type: CampaignType
    problem: str
    mode: str
    version: int
    pay: str
    policy: dict[str, Any]
    reviewer_rate: Amount
    appeal_window: int
    decision_deadline: int
    decision_default: str
    """What silence comes to."""
    appeal_deadline: int
    appeal_default: str
    closing_date: str
    open_until: str
    goal: Amount | None
    limits: dict[str, Any] | None
    requires: dict[str, Any] | None
    sealed: dict[str, Any] | None
    pilot: int | None
    direct: bool
    paused: bool
    figures: Figures
    brief: str
    url: str
