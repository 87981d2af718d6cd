"""The rules of the book: what a statement must fulfil, given the log so far, to take effect.

``check`` raises RuleError with the rule's name. The fold records such a statement without effect; the writer refuses it
before it is recorded. "In time" means ``at <= deadline``, "passed" means the clock is beyond it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ledger.book.facts import Facts
from ledger.book.rules import appeals, campaigns, contents, contributions, decisions, log_keys, people
from ledger.errors import RuleError
from ledger.statements.appeals import AppealFiled, AppealResolved
from ledger.statements.campaigns import (
    CampaignAmended,
    CampaignClosed,
    CampaignFunded,
    CampaignNotice,
    CampaignOpened,
    CampaignPaused,
    CampaignResumed,
    TaskAdded,
)
from ledger.statements.contents import AuditorMandated, ContentErased, ContentOpened
from ledger.statements.contributions import ContributionRevealed, ContributionSubmitted, ContributionWithdrawn
from ledger.statements.decisions import DecisionMade, ReviewGiven
from ledger.statements.feedback import FeedbackGiven
from ledger.statements.kinds import AnyStatement
from ledger.statements.log import LogKeyRotated, LogOpened
from ledger.statements.platforms import AdminActed, KeyRotated, PlatformRegistered
from ledger.statements.results import ResultPublished
from ledger.statements.values import time_ms
from ledger.statements.wallets import WalletLinked, WalletObjected

_RULES: Final[dict[type, Callable[[Any, int, Facts], object]]] = {
    ContributionSubmitted: contributions.check_submission,
    ContributionRevealed: contributions.check_reveal,
    ContributionWithdrawn: contributions.check_withdrawal,
    ReviewGiven: decisions.check_review,
    DecisionMade: decisions.check_decision,
    AppealFiled: appeals.check_filing,
    AppealResolved: appeals.check_resolution,
    TaskAdded: campaigns.check_task,
    CampaignOpened: campaigns.check_opening,
    CampaignAmended: campaigns.check_amendment,
    CampaignNotice: campaigns.check_notice,
    CampaignPaused: campaigns.check_pause,
    CampaignResumed: campaigns.check_resumption,
    CampaignClosed: campaigns.check_closing,
    CampaignFunded: campaigns.check_funds,
    FeedbackGiven: people.check_feedback,
    WalletLinked: people.check_link,
    WalletObjected: people.check_objection,
    PlatformRegistered: people.check_platform,
    KeyRotated: people.check_keys,
    AdminActed: people.check_keys,
    ResultPublished: contents.check_result,
    ContentErased: contents.check_erasure,
    AuditorMandated: contents.check_mandate,
    ContentOpened: contents.check_opened,
    LogKeyRotated: log_keys.check_rotation,
}
"""By kind: given the statement, its ``at`` in milliseconds and the facts. Kinds that are not here break no rule."""


def check(statement: AnyStatement, index: int, facts: Facts) -> None:
    """Raise RuleError unless ``statement`` may take effect as entry ``index`` after the facts so far."""
    check_at(statement, time_ms(statement.at), index, facts)


def check_at(statement: AnyStatement, at_ms: int, index: int, facts: Facts) -> None:
    """The same where the statement's time is known in milliseconds."""
    kind = type(statement)
    rule = _RULES.get(kind)
    if rule is not None:
        rule(statement, at_ms, facts)
    if (index == 0) != (kind is LogOpened):
        raise RuleError("A log is opened by its entry 0, and by no other.", rule="log-opened-once")
