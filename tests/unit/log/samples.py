"""Items for tests of planning, writing and reading: one platform, one campaign, and whatever a test adds."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from ledger.log.items import (
    AddKey,
    AddTask,
    ApiKey,
    CloseCampaign,
    Decide,
    LinkWallet,
    OpenCampaign,
    PoolPlace,
    Record,
    RegisterPlatform,
    Submit,
)
from ledger.statements.campaigns import CampaignFunded, PieceRate
from ledger.statements.decisions import Method
from ledger.statements.log import LogOpened
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
        }
        return Decide(**usual | members)

    def link(self, contributor: str, address: str, message: str, signature: str) -> LinkWallet:
        """A wallet link of a contributor's public id."""
        return LinkWallet(
            id=self.id(),
            platform=self.platform,
            contributor=contributor,
            address=address,
            message=message,
            signature=signature,
        )
