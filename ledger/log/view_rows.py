"""From a statement that takes effect to the rows of the views that say the same."""

from __future__ import annotations

from ledger.db.checksums import checksum
from ledger.db.loading import Loaded
from ledger.db.rows import (
    AmendmentRow,
    AppealRow,
    CampaignRow,
    ContributionRow,
    DecisionRow,
    EntryRow,
    ErasureRow,
    FeedbackRow,
    FundsRow,
    MandateRow,
    NoticeRow,
    OpenedContentRow,
    PlatformRow,
    ResultRow,
    ReviewRow,
    Rows,
    TaskRow,
    WalletLinkRow,
)
from ledger.log import items
from ledger.statements import canonical
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
from ledger.statements.log import LogKeyRotated
from ledger.statements.platforms import PlatformRegistered
from ledger.statements.results import ResultPublished
from ledger.statements.values import score_millionths, time_ms
from ledger.statements.wallets import WalletLinked, WalletObjected


def subject(statement: AnyStatement, loaded: Loaded) -> str | None:
    """What an entry is about, where facts are rebuilt from it: the id of a first version, a campaign or a contributor,
    or the log's origin."""
    match statement:
        case ContributionSubmitted():
            return loaded.firsts[statement.id]
        case DecisionMade() | ReviewGiven() | AppealFiled() | ContributionRevealed() | ContributionWithdrawn() as about:
            return loaded.firsts[about.contribution]
        case AppealResolved():
            return loaded.firsts[loaded.facts.appeals[statement.appeal]]
        case CampaignOpened():
            return statement.id
        case CampaignAmended() | CampaignPaused() | CampaignResumed() | CampaignClosed() as about:
            return about.campaign
        case WalletLinked() | WalletObjected() as about:
            return about.contributor
        case LogKeyRotated():
            return loaded.facts.origin
        case _:
            return None


def add_view(rows: Rows, statement: AnyStatement, entry: EntryRow, item: items.Item, loaded: Loaded) -> None:
    """Add the rows, and the changes of rows, that say what the statement says."""
    index, at_ms = entry.entry_index, entry.at_ms
    match statement:
        case ContributionSubmitted():
            platform = loaded.facts.campaigns[statement.campaign].opened.platform
            where = (platform, statement.campaign, statement.contributor, statement.task, statement.replaces)
            first = loaded.firsts[statement.id]
            rows.add(ContributionRow(statement.id, *where, index, at_ms, first, None, None))
        case ContributionRevealed():
            rows.change("reveal", statement.contribution, index)
        case ContributionWithdrawn():
            rows.change("withdraw", statement.contribution, index)
        case TaskAdded():
            rows.add(TaskRow(statement.id, statement.campaign, index, at_ms))
        case WalletLinked():
            consent = statement.consent is not None
            rows.add(WalletLinkRow(statement.contributor, index, at_ms, statement.address, consent, None))
        case WalletObjected():
            rows.change("object", statement.contributor, statement.link, index)
        case PlatformRegistered():
            rows.add(PlatformRow(statement.id, statement.name, index, at_ms))
        case DecisionMade() | ReviewGiven() | AppealFiled() | AppealResolved():
            _add_judging(rows, statement, index, at_ms)
        case _:
            _add_campaign(rows, statement, entry, item)
            _add_contents(rows, statement, entry, item)


def _add_judging(
    rows: Rows, statement: DecisionMade | ReviewGiven | AppealFiled | AppealResolved, index: int, at_ms: int
) -> None:
    match statement:
        case DecisionMade() as made:
            what = (made.verdict, score_millionths(made.score), made.reviewer, made.supersedes)
            how = (made.method.type, made.appeal, made.bonus)
            rows.add(DecisionRow(made.id, made.contribution, *what, index, at_ms, *how))
        case ReviewGiven() as made:
            rows.add(ReviewRow(made.id, made.contribution, made.reviewer, made.second_look, index, at_ms))
        case AppealFiled() as made:
            still_open = (None, None, None, None)
            rows.add(AppealRow(made.id, made.contribution, made.decision, index, at_ms, *still_open))
        case AppealResolved():
            rows.change("resolve", statement.appeal, index, at_ms, statement.decision, statement.reviewer)


def _add_campaign(rows: Rows, statement: AnyStatement, entry: EntryRow, item: items.Item) -> None:
    index, at_ms, data = entry.entry_index, entry.at_ms, entry.statement
    match statement, item:
        case CampaignOpened() as made, items.OpenCampaign():
            texts = (item.title, _text(item.brief), _text(item.terms))
            made_of = checksum(made.id, item.title)
            rows.add(CampaignRow(made.id, made.platform, index, at_ms, *texts, data, None, None, None, made_of))
        case CampaignAmended() as made, items.AmendCampaign():
            brief = None if item.brief is None else _text(item.brief)
            terms = None if item.terms is None else _text(item.terms)
            rows.add(AmendmentRow(made.campaign, made.version, brief, terms, data, index, at_ms))
        case CampaignNotice() as made, items.PublishNotice():
            rows.add(NoticeRow(made.id, made.campaign, made.type, _text(item.text), index, at_ms))
        case CampaignPaused() as made, _:
            rows.change("pause", made.campaign, index)
        case CampaignResumed() as made, _:
            rows.change("resume", made.campaign, index)
        case CampaignClosed() as made, _:
            rows.change("close", made.campaign, index)
        case CampaignFunded() as made, _:
            state = (made.funded, made.returned, made.goal_reached, made.closed, made.block)
            rows.funds.append(FundsRow(made.campaign, *state, index))


def _add_contents(rows: Rows, statement: AnyStatement, entry: EntryRow, item: items.Item) -> None:
    index, at_ms = entry.entry_index, entry.at_ms
    match statement, item:
        case FeedbackGiven() as made, _:
            what = (made.about, made.subject, score_millionths(made.score))
            rows.add(FeedbackRow(made.id, made.campaign, made.contributor, *what, index, at_ms))
        case ResultPublished() as made, items.PublishResult():
            public = checksum(made.id, int(item.public))
            rows.add(ResultRow(made.id, made.campaign, entry.statement, item.public, index, at_ms, public))
        case AuditorMandated() as made, items.GiveMandate():
            until_ms = time_ms(made.until)
            who = (made.platform, made.name, made.campaign, until_ms, item.digest)
            rows.add(MandateRow(made.id, *who, index, at_ms, checksum(made.id, item.digest)))
        case ContentErased() as made, _:
            rows.add(ErasureRow(made.purpose, made.subject, made.reason, index, at_ms))
        case ContentOpened() as made, _:
            rows.add(OpenedContentRow(made.mandate, made.purpose, made.subject, index, at_ms))


def _text(value: canonical.JsonValue) -> str:
    return canonical.encode(value).decode()
