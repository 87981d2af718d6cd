"""Items for tests of planning, writing and reading: one platform, one campaign, and whatever a test adds."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from msgspec.structs import replace

from ledger.log.items import (
    AddKey,
    AddTask,
    AmendCampaign,
    ApiKey,
    CloseCampaign,
    Decide,
    EraseContent,
    FileAppeal,
    GiveFeedback,
    GiveMandate,
    LinkWallet,
    OpenCampaign,
    OpenContent,
    PauseCampaign,
    PoolPlace,
    PublishNotice,
    PublishResult,
    Record,
    RegisterPlatform,
    ResolveAppeal,
    ResumeCampaign,
    Reveal,
    Review,
    Submit,
    Withdraw,
)
from ledger.statements.campaigns import CampaignFunded, PieceRate, Revisions
from ledger.statements.commitments import Opening, Place, commit
from ledger.statements.decisions import Method
from ledger.statements.log import LogOpened
from ledger.statements.results import ResultMethod
from ledger.statements.values import format_time, uuid4, uuid7
from ledger.tree.checkpoints import LogSigner

ORIGIN = "example.org/crowd"
START_MS = 1_795_300_000_000
DAY_MS = 86_400_000
METHOD = Method(type="human")
HASH = "0x" + 64 * "1"
PLACE = PoolPlace(chain_id=31337, pool="0x" + 40 * "2", log_id=HASH, opener="0x" + 40 * "3")


class Maker:
    """Makes items with ids that never repeat; ``seed`` keeps two makers apart."""

    def __init__(self, seed: str = "", start_ms: int = START_MS) -> None:
        self._seed = seed
        self._numbers = itertools.count()
        self.start_ms = start_ms
        self.platform = self.id()
        self.campaign = self.id()

    def bytes(self) -> bytes:
        """32 new bytes, the same in every run."""
        return hashlib.sha256(f"{self._seed} {next(self._numbers)}".encode()).digest()

    def id(self) -> str:
        """A new UUID version 7."""
        return uuid7(self.start_ms, self.bytes())

    def key(self) -> ApiKey:
        """A new API key."""
        return ApiKey(id=self.bytes()[:8].hex(), scopes=("admin", "submit"), digest=self.bytes())

    def log_opened(self, signer: LogSigner) -> Record:
        """Entry 0."""
        at = format_time(self.start_ms)
        return Record(statement=LogOpened(v=1, at=at, origin=ORIGIN, key=signer.verifier_key.vkey, wallet_delay=3))

    def register(self, **members: Any) -> RegisterPlatform:
        """The platform."""
        usual: dict[str, Any] = {"id": self.platform, "name": "Stars", "key": self.key()}
        return RegisterPlatform(**usual | members)

    def add_key(self) -> AddKey:
        """One more key of the platform."""
        return AddKey(platform=self.platform, key=self.key())

    def open_campaign(self, **members: Any) -> OpenCampaign:
        """The campaign: it lasts a hundred days from the maker's start."""
        usual: dict[str, Any] = {
            "id": self.campaign,
            "platform": self.platform,
            "title": "Galaxies",
            "type": "processing",
            "brief": {"question": "Which shape?"},
            "terms": {"text": "Fair pay."},
            "policy": PieceRate(amount="5"),
            "budget": "1000",
            "appeal_window": 3,
            "decision_deadline": 86_400,
            "decision_default": "accepted",
            "appeal_deadline": 86_400,
            "appeal_default": "accepted",
            "revisions": Revisions(window=60, rounds=2),
            "closing_date": format_time(self.start_ms + 100 * DAY_MS),
        }
        return OpenCampaign(**usual | members)

    def funded(self, campaign: str, block: int) -> Record:
        """The contract's record of a campaign at a block."""
        record = CampaignFunded(
            v=1,
            at=format_time(0),
            campaign=campaign,
            block=block,
            block_hash=HASH,
            funded="5",
            returned="0",
            goal_reached=True,
            closed=False,
        )
        return Record(statement=record)

    def close_campaign(self, **members: Any) -> CloseCampaign:
        """The end of the campaign."""
        return CloseCampaign(**{"platform": self.platform, "campaign": self.campaign} | members)

    def add_task(self, **members: Any) -> AddTask:
        """A task."""
        usual: dict[str, Any] = {"content": {"picture": 1}, "salt": self.bytes(), "campaign": self.campaign}
        return AddTask(**{"id": self.id(), "platform": self.platform} | usual | members)

    def submit(self, contributor: str = "worker-1", **members: Any) -> Submit:
        """A contribution."""
        usual: dict[str, Any] = {
            "id": self.id(),
            "platform": self.platform,
            "campaign": self.campaign,
            "contributor": contributor,
            "fresh_id": uuid4(self.bytes()),
            "content": {"label": "spiral"},
            "salt": self.bytes(),
        }
        return Submit(**usual | members)

    def decide(self, contribution: str | None = None, **members: Any) -> Decide:
        """A decision."""
        usual: dict[str, Any] = {
            "id": self.id(),
            "platform": self.platform,
            "contribution": contribution,
            "verdict": "accepted",
            "score": "1",
            "method": METHOD,
            "salt": self.bytes(),
            "fresh_id": uuid4(self.bytes()),
            "feedback": None if members.get("verdict", "accepted") == "accepted" else "Look again.",
        }
        return Decide(**usual | members)

    def amend(self, **members: Any) -> AmendCampaign:
        """A second version of the campaign."""
        return AmendCampaign(**{"platform": self.platform, "campaign": self.campaign, "version": 2} | members)

    def notice(self, **members: Any) -> PublishNotice:
        """News."""
        usual: dict[str, Any] = {"id": self.id(), "platform": self.platform, "campaign": self.campaign}
        return PublishNotice(**usual | {"type": "notice", "text": "There is more time."} | members)

    def pause(self, **members: Any) -> PauseCampaign:
        """No contributions for now."""
        return PauseCampaign(**{"platform": self.platform, "campaign": self.campaign} | members)

    def resume(self, **members: Any) -> ResumeCampaign:
        """Contributions again."""
        return ResumeCampaign(**{"platform": self.platform, "campaign": self.campaign} | members)

    def sealed(self, contributor: str, campaign: str, content: Any = "secret") -> tuple[Submit, Opening]:
        """An entry that only its author can open."""
        item = self.submit(contributor, campaign=campaign, content=None)
        opening = commit(Place("contribution", ORIGIN, campaign, contributor=item.fresh_id), content, self.bytes())
        return replace(item, contributor_id=item.fresh_id, commitment=opening.commitment), opening

    def reveal(self, contribution: str, opening: Opening) -> Reveal:
        """The opening of a sealed entry."""
        return Reveal(platform=self.platform, contribution=contribution, salt=opening.salt, preimage=opening.preimage)

    def withdraw(self, contribution: str) -> Withdraw:
        """A contribution taken back."""
        return Withdraw(platform=self.platform, contribution=contribution)

    def review(self, contribution: str, reviewer: str, **members: Any) -> Review:
        """What a judge says."""
        usual: dict[str, Any] = {
            "id": self.id(),
            "platform": self.platform,
            "contribution": contribution,
            "reviewer": reviewer,
            "fresh_id": uuid4(self.bytes()),
            "verdict": "accepted",
            "score": "1",
            "salt": self.bytes(),
        }
        return Review(**usual | members)

    def appeal(self, contribution: str, decision: str, **members: Any) -> FileAppeal:
        """An appeal against a decision."""
        usual: dict[str, Any] = {"id": self.id(), "platform": self.platform, "salt": self.bytes()}
        what = {"contribution": contribution, "decision": decision, "grounds": "I did what was asked."}
        return FileAppeal(**usual | what | members)

    def resolve(self, appeal: str, decision: str, reviewer: str, **members: Any) -> ResolveAppeal:
        """The end of an appeal."""
        usual: dict[str, Any] = {"platform": self.platform, "fresh_id": uuid4(self.bytes()), "salt": self.bytes()}
        what = {"appeal": appeal, "decision": decision, "reviewer": reviewer, "reason": "The picture is blurred."}
        return ResolveAppeal(**usual | what | members)

    def feedback(self, contributor: str, **members: Any) -> GiveFeedback:
        """A rating of the campaign."""
        usual: dict[str, Any] = {"id": self.id(), "platform": self.platform, "campaign": self.campaign}
        what = {"about": "campaign", "subject": self.campaign, "score": "0.75", "words": "Clear task."}
        return GiveFeedback(**usual | what | {"contributor": contributor, "salt": self.bytes()} | members)

    def result(self, *entries: str, **members: Any) -> PublishResult:
        """What came out."""
        usual: dict[str, Any] = {"id": self.id(), "platform": self.platform, "campaign": self.campaign}
        what = {"result": {"spiral": 2}, "method": ResultMethod(name="tally", version="1"), "entries": entries}
        return PublishResult(**usual | what | {"salt": self.bytes()} | members)

    def erase(self, purpose: Any, subject: str, reason: Any = "wish") -> EraseContent:
        """Content that goes for good."""
        return EraseContent(platform=self.platform, purpose=purpose, subject=subject, reason=reason)

    def mandate(self, **members: Any) -> GiveMandate:
        """An auditor who may look for ten days."""
        usual: dict[str, Any] = {"id": self.id(), "platform": self.platform, "name": "Audit & Co"}
        until = format_time(self.start_ms + 10 * DAY_MS)
        return GiveMandate(**usual | {"until": until, "digest": self.bytes()} | members)

    def look(self, mandate: str, purpose: Any, subject: str) -> OpenContent:
        """What the auditor asks for."""
        return OpenContent(mandate=mandate, purpose=purpose, subject=subject)

    def link(self, contributor: str, address: str, message: str, signature: str, **members: Any) -> LinkWallet:
        """A wallet link of a contributor's public id."""
        return LinkWallet(
            id=self.id(),
            platform=self.platform,
            contributor=contributor,
            address=address,
            message=message,
            signature=signature,
            **members,
        )
