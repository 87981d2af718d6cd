"""Which entries are about which platform, of those that no anchor is told to hold yet."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from ledger.book.fold import Book
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
from ledger.statements.platforms import AdminActed, KeyRotated, PlatformRegistered
from ledger.statements.results import ResultPublished
from ledger.statements.settlements import RewardsSettled
from ledger.statements.wallets import WalletLinked, WalletObjected

OfPlatform = CampaignOpened | KeyRotated | AdminActed | AuditorMandated
OfCampaign = (
    ContributionSubmitted | TaskAdded | CampaignAmended | CampaignNotice | CampaignPaused | CampaignResumed
    | CampaignClosed | CampaignFunded | FeedbackGiven | ResultPublished
)  # fmt: skip
OfContribution = DecisionMade | ContributionRevealed | ContributionWithdrawn | ReviewGiven | AppealFiled


class Presence:
    """Entries by platform, from the last anchor that was told of on."""

    def __init__(self) -> None:
        self._entries: dict[str, array[int]] = {}

    def note(self, statement: AnyStatement, index: int, book: Book) -> None:
        """Take the next entry; its statement broke no rule."""
        for platform in _platforms(statement, book):
            entries = self._entries.get(platform)
            if entries is None:
                entries = self._entries[platform] = array("q")
            entries.append(index)

    def below(self, size: int) -> Mapping[str, Sequence[int]]:
        """The entries of each platform among the first ``size``."""
        return {platform: some[: bisect_left(some, size)] for platform, some in self._entries.items()}

    def forget(self, size: int) -> None:
        """An anchor of the first ``size`` entries is told of."""
        left = {platform: some[bisect_left(some, size) :] for platform, some in self._entries.items()}
        self._entries = {platform: some for platform, some in left.items() if some}


def _platforms(statement: AnyStatement, book: Book) -> Iterator[str]:
    """The platforms that an entry is about; each once."""
    facts = book.facts
    campaign: str | None = None
    if isinstance(statement, OfCampaign):
        campaign = statement.campaign
    elif isinstance(statement, OfContribution):
        campaign = facts.contributions[statement.contribution].campaign
    elif isinstance(statement, AppealResolved):
        campaign = facts.contributions[facts.appeals[statement.appeal]].campaign
    elif isinstance(statement, ContentErased | ContentOpened):
        campaign = facts.campaign_of(statement.purpose, statement.subject)
    elif isinstance(statement, OfPlatform):
        yield statement.platform
    elif isinstance(statement, PlatformRegistered):
        yield statement.id
    elif isinstance(statement, WalletLinked | WalletObjected):
        platform = facts.contributors.get(statement.contributor)
        if platform is not None:
            yield platform
    elif isinstance(statement, RewardsSettled):
        yield from dict.fromkeys(facts.campaigns[line.campaign].opened.platform for line in statement.campaigns)
    if campaign is not None:
        yield facts.campaigns[campaign].opened.platform
