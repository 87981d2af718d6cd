"""The rules of the book: what a statement must fulfil, given the log so far, to take effect.

``check`` raises RuleError with the rule's name. The fold records such a statement without effect; the writer refuses it
before it is recorded. "In time" means ``at <= deadline``, "passed" means the clock is beyond it.
"""

from __future__ import annotations

from ledger.book.facts import Campaign, Contribution, Facts
from ledger.errors import FormatError, RuleError, SignatureError
from ledger.statements import onchain, sign_in, signatures
from ledger.statements.campaigns import CampaignClosed, CampaignFunded, CampaignOpened, TaskAdded
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.log import LogOpened
from ledger.statements.platforms import KeyRotated, PlatformRegistered
from ledger.statements.values import time_ms
from ledger.statements.wallets import WalletLinked


def check(statement: AnyStatement, index: int, facts: Facts) -> None:
    """Raise RuleError unless ``statement`` may take effect as entry ``index`` after the facts so far."""
    match statement:
        case ContributionSubmitted():
            _check_contribution(statement, facts)
        case DecisionMade():
            _check_decision(statement, facts)
        case TaskAdded():
            _require(statement.id not in facts.tasks, "id-unused", f"Task {statement.id} exists already.")
            _open_campaign(statement.campaign, time_ms(statement.at), facts)
        case WalletLinked():
            _check_link(statement, facts)
        case CampaignOpened():
            _check_opening(statement, facts)
        case CampaignClosed():
            campaign = _campaign(statement.campaign, facts)
            _require(not campaign.closed, "campaign-open", f"Campaign {statement.campaign} is closed already.")
        case CampaignFunded():
            campaign = _campaign(statement.campaign, facts)
            _require(campaign.opened.onchain is not None, "has-pool", "This campaign pays points and has no funds.")
            _require(
                statement.block >= campaign.funds_block,
                "funds-newest",
                f"Block {statement.block} is before that of the last record, {campaign.funds_block}.",
                "Read the campaign again at a newer block.",
            )
        case PlatformRegistered():
            _require(statement.id not in facts.platforms, "id-unused", f"Platform {statement.id} exists already.")
        case KeyRotated():
            _require(statement.platform in facts.platforms, "platform-known", f"No platform {statement.platform}.")
        case LogOpened():
            _require(index == 0, "log-opened-once", "A log is opened by its entry 0 only.")
        case _:
            pass
    _require(index > 0 or isinstance(statement, LogOpened), "log-opened-once", "Entry 0 of a log opens it.")


def default_taken(contribution: Contribution, campaign: Campaign, clock_ms: int) -> bool:
    """Whether no decision came in time, so that the campaign's declared default stands for good."""
    return contribution.decision is None and clock_ms > contribution.at_ms + campaign.decision_ms


def is_final(contribution: Contribution, campaign: Campaign, clock_ms: int) -> bool:
    """Whether the decision on a contribution can no longer change."""
    if contribution.decision is None:
        return default_taken(contribution, campaign, clock_ms)
    return clock_ms > contribution.decision.at_ms + campaign.appeal_ms


def _require(holds: bool, rule: str, detail: str, remedy: str | None = None) -> None:
    if not holds:
        raise RuleError(detail, rule=rule, remedy=remedy)


def _campaign(campaign: str, facts: Facts) -> Campaign:
    found = facts.campaigns.get(campaign)
    if found is None:
        raise RuleError(f"There is no campaign {campaign}.", rule="campaign-known", remedy="Open the campaign first.")
    return found


def _open_campaign(campaign: str, clock_ms: int, facts: Facts) -> Campaign:
    found = _campaign(campaign, facts)
    _require(not found.closed, "campaign-open", f"Campaign {campaign} is closed.", "Choose an open campaign.")
    _require(
        clock_ms <= found.last_submission_ms,
        "campaign-open",
        f"Campaign {campaign} ends on {found.opened.closing_date}; a decision and its appeal no longer fit.",
        "Choose an open campaign.",
    )
    return found


def _check_opening(statement: CampaignOpened, facts: Facts) -> None:
    _require(statement.id not in facts.campaigns, "id-unused", f"Campaign {statement.id} exists already.")
    _require(statement.platform in facts.platforms, "platform-known", f"No platform {statement.platform}.")
    campaign = Campaign(statement, 0)
    opened_ms = time_ms(statement.at)
    _require(
        opened_ms <= campaign.last_submission_ms,
        "deadlines-fit",
        "The closing date leaves no time to submit, decide and appeal.",
        "Set closing_date later than now + decision_deadline + 2 * appeal_window.",
    )
    if statement.funding_deadline is not None:
        deadline = time_ms(statement.funding_deadline)
        _require(
            opened_ms < deadline <= campaign.closing_ms,
            "deadlines-fit",
            "The funding deadline is not between now and the closing date.",
        )
    if statement.onchain is not None:
        expected = onchain.campaign_id(statement.onchain.opener, statement.onchain.log_id, onchain.charter(statement))
        _require(
            statement.onchain.id == expected,
            "onchain-id",
            f"The on-chain id does not follow from opener, log and charter; {expected} would.",
        )


def _check_contribution(statement: ContributionSubmitted, facts: Facts) -> None:
    clock_ms = time_ms(statement.at)
    _require(statement.id not in facts.contributions, "id-unused", f"Contribution {statement.id} exists already.")
    campaign = _open_campaign(statement.campaign, clock_ms, facts)
    _require(
        statement.terms == campaign.opened.terms,
        "terms-accepted",
        "The accepted terms are not those of the campaign.",
        f"Show the contributor the campaign's terms and send their digest, {campaign.opened.terms}.",
    )
    if statement.task is not None:
        _require(
            facts.tasks.get(statement.task) == statement.campaign,
            "task-known",
            f"There is no task {statement.task} in this campaign.",
        )
    owner = facts.contributors.get(statement.contributor, campaign.opened.platform)
    _require(
        owner == campaign.opened.platform,
        "contributor-of-platform",
        f"Contributor {statement.contributor} belongs to another platform.",
    )
    if statement.replaces is not None:
        _check_replacement(statement, statement.replaces, campaign, facts)


def _check_replacement(statement: ContributionSubmitted, replaces: str, campaign: Campaign, facts: Facts) -> None:
    old = facts.contributions.get(replaces)
    clock_ms = time_ms(statement.at)
    if old is None or (old.campaign, old.contributor, old.task) != (
        statement.campaign,
        statement.contributor,
        statement.task,
    ):
        raise RuleError(
            "Only the same contributor's own contribution to the same task can be replaced.", rule="replaces-own"
        )
    _require(old.replaced_by is None, "replaces-latest", f"{replaces} was replaced by {old.replaced_by} already.")
    open_ = old.decision is None or old.decision.verdict == "needs_work"
    _require(
        open_ and not is_final(old, campaign, clock_ms),
        "replaces-undecided",
        f"Contribution {replaces} is decided and cannot be replaced.",
    )


def _check_decision(statement: DecisionMade, facts: Facts) -> None:
    clock_ms = time_ms(statement.at)
    _require(statement.id not in facts.decisions, "id-unused", f"Decision {statement.id} exists already.")
    contribution = facts.contributions.get(statement.contribution)
    if contribution is None:
        raise RuleError(
            f"There is no contribution {statement.contribution}.",
            rule="contribution-known",
            remedy="Send the contribution first; refer to it by the id in its receipt.",
        )
    campaign = _campaign(contribution.campaign, facts)
    _require(
        contribution.replaced_by is None,
        "decides-latest",
        f"This contribution was replaced by {contribution.replaced_by}.",
        "Decide the latest version.",
    )
    _require(statement.reviewer != contribution.contributor, "no-self-review", "Nobody decides on their own work.")
    _require(
        not default_taken(contribution, campaign, clock_ms),
        "decided-in-time",
        f"The deadline for a decision has passed; '{campaign.opened.decision_default}' took effect.",
    )
    standing = contribution.decision
    if standing is None:
        _require(statement.supersedes is None, "supersedes-standing", "There is no decision to supersede.")
        return
    _require(
        statement.supersedes == standing.id,
        "supersedes-standing",
        f"Decision {standing.id} stands on this contribution.",
        f"To change it while it is not final, send supersedes: {standing.id}.",
    )
    _require(not standing.superseding, "superseded-once", "A decision can be superseded once; after that by appeal.")
    _require(
        not is_final(contribution, campaign, clock_ms), "not-final", "The decision is final: its appeal window passed."
    )


def _check_link(statement: WalletLinked, facts: Facts) -> None:
    if statement.contributor not in facts.contributors:
        raise RuleError(f"There is no contributor {statement.contributor}.", rule="contributor-known")
    try:
        link = sign_in.parse(statement.message)
        signatures.verify(signatures.message_digest(statement.message), statement.signature, statement.address)
    except (FormatError, SignatureError) as error:
        raise RuleError(error.detail, rule="link-signed", remedy=error.remedy) from error
    latest = facts.links.get(statement.contributor)
    _require(
        (link.address, link.contributor, link.log) == (statement.address, statement.contributor, facts.origin),
        "link-names",
        "The signed message names another wallet, contributor or log.",
        "Ask for a new message and sign it with the wallet that shall be paid.",
    )
    _require(
        link.replaces == (latest.index if latest else None),
        "link-replaces-latest",
        "The signed message does not name the latest link of this contributor, so it is used up or too old.",
        "Ask for a new message and sign that.",
    )
    _require(
        time_ms(statement.at) <= time_ms(link.expires_at),
        "link-in-time",
        "The signed message has expired.",
        "Ask for a new message and sign that.",
    )
