"""What is known when a draft is made: what was loaded, and what earlier items of the group added to it.

Things of another platform are not seen: they are missing like those that never were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from ledger.book.campaigns import Campaign
from ledger.book.contributions import Contribution
from ledger.book.facts import Facts
from ledger.db.checksums import checksum
from ledger.db.loading import LiveKey, Loaded
from ledger.db.rows import ContributorRow
from ledger.errors import FieldError, NotFoundError, RuleError


@dataclass(frozen=True, slots=True)
class Known:
    """``log`` is the log's origin, ``at`` the time of the group's entries."""

    loaded: Loaded
    log: str
    at: str

    @property
    def facts(self) -> Facts:
        """What the rules know."""
        return self.loaded.facts

    def campaign(self, platform: str, campaign: str) -> Campaign:
        """A platform's campaign. Raises NotFoundError."""
        found = self.loaded.facts.campaigns.get(campaign)
        if found is None or found.opened.platform != platform:
            missing("campaign", campaign)
        return found

    def contribution(self, platform: str, contribution: str) -> Contribution:
        """A contribution to a platform's campaign. Raises NotFoundError."""
        found = self.facts.contributions.get(contribution)
        if found is None or self.facts.campaigns[found.campaign].opened.platform != platform:
            missing("contribution", contribution)
        return found

    def appealed(self, platform: str, appeal: str) -> Contribution:
        """The contribution that an appeal is about. Raises NotFoundError."""
        found = self.facts.contributions.get(self.facts.appeals.get(appeal, ""))
        if found is None or self.facts.campaigns[found.campaign].opened.platform != platform:
            missing("appeal", appeal)
        return found

    def carried(self, platform: str, purpose: str, subject: str) -> Campaign:
        """The platform's campaign in which something carries a commitment. Raises NotFoundError."""
        campaign = self.facts.campaign_of(purpose, subject)
        found = self.facts.campaigns.get(campaign or "")
        if found is None or found.opened.platform != platform:
            missing(purpose, subject)
        return found

    def external(self, platform: str, kind: str, external_id: str) -> str:
        """What a platform's own id names. Raises NotFoundError."""
        found = self.loaded.externals.get((platform, kind, external_id))
        if found is None:
            raise NotFoundError(f"There is no {kind} with external_id {external_id!r}.")
        return found.subject

    def person(self, platform: str, external_id: str, fresh_id: str) -> tuple[str, ContributorRow | None]:
        """The public id of a platform's person, with their row if they are new. Raises RuleError."""
        known = self.loaded.people.get((platform, external_id))
        if known is not None:
            return known, None
        if fresh_id in self.loaded.public_ids:
            raise RuleError(f"The public id {fresh_id} is somebody else's.", rule="id-unused", remedy="Make a new one.")
        row = (platform, external_id, fresh_id)
        return fresh_id, ContributorRow(*row, checksum(*row))

    def named_person(self, platform: str, public_id: str) -> None:
        """Raise NotFoundError unless the public id is of a person of the platform."""
        if self.loaded.public_ids.get(public_id) != platform:
            missing("contributor", public_id)

    def live_keys(self, platform: str) -> dict[str, LiveKey]:
        """A platform's keys that count. Raises NotFoundError."""
        if platform not in self.facts.platforms:
            missing("platform", platform)
        return self.loaded.keys.get(platform, {})


def missing(kind: str, subject: str) -> NoReturn:
    """Raise NotFoundError."""
    raise NotFoundError(f"There is no {kind} {subject}.")


def require_own(stated: str | None, public_id: str, field: str) -> None:
    """Raise FieldError where the caller says another public id than the person's."""
    if stated is not None and stated != public_id:
        raise FieldError(
            f"{field}: This person's public id is {public_id}.", field=field, remedy="Sign and send that one."
        )
