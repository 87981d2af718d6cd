"""Rules of campaigns and their tasks."""

from __future__ import annotations

from typing import Final

from ledger.book.campaigns import Campaign
from ledger.book.facts import Facts
from ledger.book.rules.require import known_campaign, require
from ledger.errors import RuleError
from ledger.statements import onchain
from ledger.statements.campaigns import (
    CampaignAmended,
    CampaignClosed,
    CampaignFunded,
    CampaignNotice,
    CampaignOpened,
    CampaignPaused,
    CampaignResumed,
    PieceRate,
    Policy,
    Pool,
    Prizes,
    ScoreRate,
    TaskAdded,
)
from ledger.statements.values import score_millionths, time_ms

MAX_VERSIONS: Final = 100
MAX_PAUSES: Final = 500
"""Every write to a campaign replays its versions and pauses under the lock that all platforms of the log share."""


def open_campaign(campaign: str, at_ms: int, facts: Facts) -> Campaign:
    """A campaign that is not over. Raises RuleError."""
    found = known_campaign(campaign, facts)
    if found.closed:
        raise RuleError(f"Campaign {campaign} is closed.", rule="campaign-open", remedy="Choose an open campaign.")
    if at_ms > found.last_submission_ms:
        when = found.opened.closing_date if found.opened.sealed is None else found.opened.sealed.deadline
        raise RuleError(
            f"Campaign {campaign} ends on {when}; a contribution, its decision and its appeal no longer fit.",
            rule="campaign-open",
            remedy="Choose an open campaign.",
        )
    return found


def check_task(statement: TaskAdded, at_ms: int, facts: Facts) -> None:
    """A new task of a campaign that is not over."""
    require(statement.id not in facts.tasks, "id-unused", f"Task {statement.id} exists already.")
    open_campaign(statement.campaign, at_ms, facts)


def check_opening(statement: CampaignOpened, at_ms: int, facts: Facts) -> None:
    """A new campaign whose dates leave time for everything that it promises."""
    require(statement.id not in facts.campaigns, "id-unused", f"Campaign {statement.id} exists already.")
    require(statement.platform in facts.platforms, "platform-known", f"No platform {statement.platform}.")
    campaign = Campaign(statement, 0)
    _check_dates(statement, campaign, at_ms)
    if statement.onchain is not None:
        expected = onchain.campaign_id(statement.onchain.opener, statement.onchain.log_id, onchain.charter(statement))
        require(
            statement.onchain.id == expected,
            "onchain-id",
            f"The on-chain id does not follow from opener, log and charter; {expected} would.",
        )


def _check_dates(statement: CampaignOpened, campaign: Campaign, at_ms: int) -> None:
    require(
        at_ms <= campaign.last_submission_ms,
        "deadlines-fit",
        "The dates leave no time to submit, decide and appeal.",
        "Set closing_date later than now + decision_deadline + the longer of appeal_window and revisions.window "
        "+ appeal_window + appeal_deadline, and a sealed campaign's deadline later than now.",
    )
    require(
        campaign.reveal_ms + campaign.longest_decision_ms <= campaign.closing_ms,
        "deadlines-fit",
        "Between reveal_until and the closing date there is no time to decide and appeal.",
        "Set closing_date later.",
    )
    if statement.funding_deadline is not None:
        require(
            at_ms < time_ms(statement.funding_deadline) <= campaign.closing_ms,
            "deadlines-fit",
            "The funding deadline is not between now and the closing date.",
        )


def check_amendment(statement: CampaignAmended, at_ms: int, facts: Facts) -> None:
    """The next version of a campaign that is not over, which takes nothing from what was submitted or promised."""
    campaign = open_campaign(statement.campaign, at_ms, facts)
    version = len(campaign.versions) + 1
    require(statement.version == version, "version-next", f"The next version is {version}, not {statement.version}.")
    require(version <= MAX_VERSIONS, "versions-bounded", f"A campaign has at most {MAX_VERSIONS} versions.")
    changes = (statement.brief, statement.terms, statement.policy, statement.budget, statement.reviewer_rate)
    require(any(each is not None for each in changes), "amends-something", "The amendment changes nothing.")
    now = campaign.versions[-1]
    budget = now.budget if statement.budget is None else int(statement.budget)
    require(budget >= now.budget, "never-lowers", f"The budget is {now.budget} and cannot be lowered.")
    if statement.policy is not None:
        _check_policy(statement.policy, now.policy, budget)


def _check_policy(new: Policy, old: Policy, budget: int) -> None:
    """Rates may change, each contribution keeps at least its own; what is paid once for all may only be raised."""
    match new, old:
        case PieceRate() | ScoreRate(), PieceRate() | ScoreRate():
            return
        case Prizes(), Prizes():
            raised = len(new.amounts) >= len(old.amounts) and all(
                int(after) >= int(before) for after, before in zip(new.amounts, old.amounts, strict=False)
            )
            raised = raised and score_millionths(new.min_score) <= score_millionths(old.min_score)
            total = sum(map(int, new.amounts))
        case Pool(), Pool():
            raised, total = int(new.total) >= int(old.total), int(new.total)
        case _:
            raise RuleError(
                "A campaign that pays by contribution cannot become one that pays once for all, or the other way.",
                rule="never-lowers",
                remedy="Open another campaign.",
            )
    require(raised, "never-lowers", "Prizes and pools that were announced can only be raised.")
    require(total <= budget, "budget-covers", "The budget is less than the prizes or the pool.", "Raise the budget.")


def check_notice(statement: CampaignNotice, at_ms: int, facts: Facts) -> None:
    """A new one of a campaign that exists."""
    require(statement.id not in facts.notices, "id-unused", f"Notice {statement.id} exists already.", "Make a new id.")
    known_campaign(statement.campaign, facts)


def check_pause(statement: CampaignPaused, at_ms: int, facts: Facts) -> None:
    """Of a campaign that takes contributions."""
    campaign = known_campaign(statement.campaign, facts)
    require(not campaign.closed, "campaign-open", f"Campaign {statement.campaign} is closed.")
    require(not campaign.paused, "campaign-running", f"Campaign {statement.campaign} is paused already.")
    require(campaign.pauses < MAX_PAUSES, "pauses-bounded", f"A campaign is paused at most {MAX_PAUSES} times.")


def check_resumption(statement: CampaignResumed, at_ms: int, facts: Facts) -> None:
    """Of a campaign that is paused or has a pilot that is not over."""
    campaign = known_campaign(statement.campaign, facts)
    require(not campaign.closed, "campaign-open", f"Campaign {statement.campaign} is closed.")
    stopped = campaign.paused or campaign.piloting
    require(stopped, "campaign-paused", f"Campaign {statement.campaign} is neither paused nor a pilot.")


def check_closing(statement: CampaignClosed, at_ms: int, facts: Facts) -> None:
    """Once."""
    campaign = known_campaign(statement.campaign, facts)
    require(not campaign.closed, "campaign-open", f"Campaign {statement.campaign} is closed already.")


def check_funds(statement: CampaignFunded, at_ms: int, facts: Facts) -> None:
    """Of a campaign with a pool, at a block that is not before the last record's."""
    campaign = known_campaign(statement.campaign, facts)
    require(campaign.opened.onchain is not None, "has-pool", "This campaign pays points and has no funds.")
    require(
        statement.block >= campaign.funds_block,
        "funds-newest",
        f"Block {statement.block} is before that of the last record, {campaign.funds_block}.",
        "Read the campaign again at a newer block.",
    )
