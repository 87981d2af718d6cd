"""From items to statements: references resolved, other platforms' things not seen, commitments made. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import msgspec

from ledger.book.facts import Campaign, Contribution, Facts
from ledger.db.loading import LiveKey, Loaded
from ledger.db.rows import ApiKeyRow, ContributorRow
from ledger.errors import FieldError, NotFoundError, RuleError
from ledger.log import items
from ledger.statements import canonical, onchain
from ledger.statements.campaigns import CampaignClosed, CampaignFunded, CampaignOpened, Onchain, TaskAdded
from ledger.statements.commitments import Opening, Place, commit
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.kinds import AnyStatement
from ledger.statements.log import ClockTick, LogOpened
from ledger.statements.platforms import Key, KeyRotated, PlatformRegistered, Scope
from ledger.statements.settlements import RewardsSettled, SettlementActivated, SettlementVetoed
from ledger.statements.wallets import WalletLinked

_OF_THE_SERVICE = (
    LogOpened | ClockTick | CampaignFunded | WalletLinked | RewardsSettled | SettlementActivated | SettlementVetoed
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement to be, and what the database keeps beside it."""

    statement: AnyStatement
    opening: Opening | None = None
    person: ContributorRow | None = None
    """Somebody whom the log names for the first time."""
    key: ApiKeyRow | None = None
    revoked: str | None = None


class Drafter:
    """Makes drafts on what is known: what was loaded, and what earlier items of the group added to it."""

    def __init__(self, loaded: Loaded, log: str, at: str) -> None:
        self._loaded = loaded
        self._facts: Facts = loaded.facts
        self._log = log
        self._at = at

    def draft(self, item: items.Item) -> Draft:
        """The item's draft. Raises NotFoundError, RuleError, FieldError, FormatError."""
        match item:
            case items.Submit():
                return self._submit(item)
            case items.Decide():
                return self._decide(item)
            case items.AddTask():
                return self._add_task(item)
            case items.OpenCampaign():
                return Draft(self._campaign_opened(item))
            case items.CloseCampaign():
                self._campaign(item.platform, item.campaign)
                return Draft(CampaignClosed(v=1, at=self._at, campaign=item.campaign))
            case items.LinkWallet():
                return self._link_wallet(item)
            case items.RegisterPlatform():
                return self._register_platform(item)
            case items.AddKey():
                return self._add_key(item)
            case items.RevokeKey():
                return self._revoke_key(item)
            case items.Record(statement=statement):
                if not isinstance(statement, _OF_THE_SERVICE):
                    raise FieldError("The service records no such statement by itself.", field="kind")
                return Draft(msgspec.structs.replace(statement, at=self._at))

    def _submit(self, item: items.Submit) -> Draft:
        campaign = self._campaign(item.platform, item.campaign)
        task = self._task(item, campaign)
        if item.replaces is not None:
            self._contribution(item.platform, item.replaces)
        contributor, person = self._person(item.platform, item.contributor, item.fresh_id)
        _require_own(item.contributor_id, contributor, "contributor_id")
        place = Place("contribution", self._log, item.campaign, task, contributor)
        opening = commit(place, item.content, item.salt)
        statement = ContributionSubmitted(
            v=1,
            at=self._at,
            id=item.id,
            campaign=item.campaign,
            contributor=contributor,
            commitment=opening.commitment,
            terms=item.terms or campaign.opened.terms,
            task=task,
            replaces=item.replaces,
            signature=item.signature,
        )
        return Draft(statement, opening, person)

    def _decide(self, item: items.Decide) -> Draft:
        contribution = self._contribution(item.platform, self._contribution_id(item))
        reviewer, person = None, None
        if item.reviewer is not None:
            reviewer, person = self._person(item.platform, item.reviewer, item.fresh_id)
            _require_own(item.reviewer_id, reviewer, "reviewer_id")
        opening = None
        if item.feedback is not None:
            place = Place("feedback", self._log, contribution.campaign, contributor=reviewer, subject=contribution.id)
            opening = commit(place, item.feedback, item.salt)
        statement = DecisionMade(
            v=1,
            at=self._at,
            id=item.id,
            contribution=contribution.id,
            verdict=item.verdict,
            score=item.score,
            method=item.method,
            reviewer=reviewer,
            feedback=opening.commitment if opening else None,
            supersedes=item.supersedes,
            signature=item.signature,
        )
        return Draft(statement, opening, person)

    def _add_task(self, item: items.AddTask) -> Draft:
        self._campaign(item.platform, item.campaign)
        opening = commit(Place("task", self._log, item.campaign, task=item.id), item.content, item.salt)
        statement = TaskAdded(v=1, at=self._at, id=item.id, campaign=item.campaign, commitment=opening.commitment)
        return Draft(statement, opening)

    def _campaign_opened(self, item: items.OpenCampaign) -> CampaignOpened:
        statement = CampaignOpened(
            v=1,
            at=self._at,
            id=item.id,
            platform=item.platform,
            type=item.type,
            brief=canonical.digest(item.brief),
            terms=canonical.digest(item.terms),
            policy=item.policy,
            budget=item.budget,
            appeal_window=item.appeal_window,
            decision_deadline=item.decision_deadline,
            decision_default=item.decision_default,
            closing_date=item.closing_date,
            goal=item.goal,
            funding_deadline=item.funding_deadline,
        )
        if item.place is None:
            return statement
        place = item.place
        try:
            campaign_id = onchain.campaign_id(place.opener, place.log_id, onchain.charter(statement))
        except ValueError as error:
            raise FieldError("The opener's address or the log's id is not hexadecimal.", field="place") from error
        part = Onchain(
            chain_id=place.chain_id, pool=place.pool, log_id=place.log_id, opener=place.opener, id=campaign_id
        )
        return msgspec.structs.replace(statement, onchain=part)

    def _link_wallet(self, item: items.LinkWallet) -> Draft:
        if self._loaded.public_ids.get(item.contributor) != item.platform:
            _missing("contributor", item.contributor)
        return Draft(
            WalletLinked(
                v=1,
                at=self._at,
                contributor=item.contributor,
                address=item.address,
                message=item.message,
                signature=item.signature,
            )
        )

    def _register_platform(self, item: items.RegisterPlatform) -> Draft:
        key = self._new_key(item.id, item.key)
        keys = [Key(id=item.key.id, scopes=list(item.key.scopes))]
        return Draft(PlatformRegistered(v=1, at=self._at, id=item.id, name=item.name, keys=keys), key=key)

    def _add_key(self, item: items.AddKey) -> Draft:
        key = self._new_key(item.platform, item.key)
        live = self._live_keys(item.platform)
        return Draft(self._keys_rotated(item.platform, live | {key.id: LiveKey(key.id, key.scopes)}), key=key)

    def _revoke_key(self, item: items.RevokeKey) -> Draft:
        live = dict(self._live_keys(item.platform))
        revoked = live.pop(item.key_id, None)
        if revoked is None:
            _missing("key", item.key_id)
        if _is_admin(revoked) and not any(_is_admin(key) for key in live.values()):
            raise RuleError(
                f"Key {item.key_id} is the platform's last one with the scope admin.",
                rule="last-admin-key",
                remedy="Add another key with the scope admin first, then revoke this one with it.",
            )
        return Draft(self._keys_rotated(item.platform, live), revoked=item.key_id)

    def _keys_rotated(self, platform: str, live: dict[str, LiveKey]) -> KeyRotated:
        keys = [Key(id=key.id, scopes=_scopes(key.scopes)) for key in sorted(live.values())]
        return KeyRotated(v=1, at=self._at, platform=platform, keys=keys)

    def _new_key(self, platform: str, key: items.ApiKey) -> ApiKeyRow:
        if key.id in self._loaded.key_ids:
            raise RuleError(f"A key {key.id} exists already.", rule="id-unused", remedy="Make a new key.")
        return ApiKeyRow(key.id, platform, key.digest, " ".join(key.scopes), None)

    def _live_keys(self, platform: str) -> dict[str, LiveKey]:
        if platform not in self._facts.platforms:
            _missing("platform", platform)
        return self._loaded.keys.get(platform, {})

    def _campaign(self, platform: str, campaign: str) -> Campaign:
        found = self._facts.campaigns.get(campaign)
        if found is None or found.opened.platform != platform:
            _missing("campaign", campaign)
        return found

    def _contribution(self, platform: str, contribution: str) -> Contribution:
        found = self._facts.contributions.get(contribution)
        if found is None or self._facts.campaigns[found.campaign].opened.platform != platform:
            _missing("contribution", contribution)
        return found

    def _contribution_id(self, item: items.Decide) -> str:
        if item.contribution is not None:
            return item.contribution
        external_id = item.contribution_external_id or ""
        return self._external(item.platform, "contribution", external_id)

    def _task(self, item: items.Submit, campaign: Campaign) -> str | None:
        if item.task_external_id is not None:
            task = self._external(item.platform, "task", item.task_external_id)
        elif item.task is not None:
            task = item.task
        else:
            return None
        if self._facts.tasks.get(task) != campaign.opened.id:
            raise NotFoundError(f"There is no task {task} in this campaign.")
        return task

    def _external(self, platform: str, kind: str, external_id: str) -> str:
        found = self._loaded.externals.get((platform, kind, external_id))
        if found is None:
            raise NotFoundError(f"There is no {kind} with external_id {external_id!r}.")
        return found.subject

    def _person(self, platform: str, external_id: str, fresh_id: str) -> tuple[str, ContributorRow | None]:
        known = self._loaded.people.get((platform, external_id))
        if known is not None:
            return known, None
        if fresh_id in self._loaded.public_ids:
            raise RuleError(f"The public id {fresh_id} is somebody else's.", rule="id-unused", remedy="Make a new one.")
        return fresh_id, ContributorRow(platform, external_id, fresh_id)


def _require_own(stated: str | None, public_id: str, field: str) -> None:
    if stated is not None and stated != public_id:
        raise FieldError(
            f"{field}: This person's public id is {public_id}.", field=field, remedy="Sign and send that one."
        )


def _missing(kind: str, subject: str) -> NoReturn:
    raise NotFoundError(f"There is no {kind} {subject}.")


def _is_admin(key: LiveKey) -> bool:
    return "admin" in key.scopes.split()


def _scopes(words: str) -> list[Scope]:
    return msgspec.convert(words.split(), list[Scope])
