"""What the routes work with: one service a log, made when the application starts."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from math import inf
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from api.attempts import Attempts
from api.auth import KeyRing
from api.comparison import Comparison
from api.inbox.door import Door
from api.kept import Kept, KeptEach
from api.reads import Reads
from api.reads.history import Sums
from api.reads.people_payments import Paid, Sum
from api.reads.record import Earner
from api.reads.settlements import Place
from api.reads.summary import AnchorRow
from api.scope import SERVICE
from api.streams import Streams
from ledger.blobs.store import BlobStore
from ledger.book.reward_tree import RewardTree
from ledger.chain.deployments import Deployment
from ledger.chain.units import BASE_UNITS, POINTS, Unit
from ledger.config import Config
from ledger.db.sealed import SealedSecrets
from ledger.log.reader import Head, Reader
from ledger.log.writer import Writer
from ledger.statements.campaigns import CampaignOpened
from ledger.statements.values import uuid7
from ledger.wire.figures import Figures
from ledger.wire.history import History
from ledger.wire.record import CampaignRecord, Signs
from ledger.wire.reputation import PublicReputation

_TREES: Final = 4
_FIGURES_SECONDS: Final = 5.0
_FIGURES_TIMES: Final = 100
"""All contributions of a campaign are counted for them: of a large one they may be minutes old."""
_FIGURES: Final = 1000
_SIGNS_SECONDS: Final = 300.0
"""Contents are read for them."""
_EARNED: Final = 20
_HISTORY_SECONDS: Final = 5.0
_HISTORIES: Final = 10
_REPUTATIONS: Final = 100
_OPENINGS: Final = 600
"""In a minute, under one mandate."""


@dataclass(slots=True)
class Service:
    """Configuration, log and views, and the little that is cached."""

    config: Config
    public_url: str
    reads: Reads
    reader: Reader
    writer: Writer
    blobs: BlobStore
    keys: KeyRing
    anchor: Kept[AnchorRow | None]
    counts: Kept[dict[str, int]]
    last_event: Kept[int]
    """The number of the last event; many streams wait for it to rise."""
    comparison: Comparison
    deployment: Deployment | None
    sealed: SealedSecrets | None
    """Keeps secrets of webhooks; None where the operator gave no key for them."""
    door: Door = field(default_factory=Door)
    """Where deliveries of webhooks come in."""
    streams: Streams = field(default_factory=Streams)
    attempts: Attempts = field(default_factory=Attempts)
    openings: Attempts = field(default_factory=lambda: Attempts(_OPENINGS, 10 * _OPENINGS))
    """Contents that auditors open, by mandate: each one is an entry of the log for good."""
    heads: KeptEach[None, Head] = field(default_factory=lambda: KeptEach(0, 1, 0))
    """Not kept, but read once for all who ask meanwhile."""
    unit: Unit = BASE_UNITS
    """What the pool's token is counted in, once the chain has said it."""
    trees: KeptEach[tuple[Place, int], RewardTree] = field(default_factory=lambda: KeptEach(inf, _TREES))
    figures: KeptEach[str, Figures] = field(
        default_factory=lambda: KeptEach(_FIGURES_SECONDS, _FIGURES, _FIGURES_TIMES)
    )
    """Public figures by campaign: strangers may ask for them as often as they like."""
    reputations: KeptEach[str, PublicReputation] = field(default_factory=lambda: KeptEach(0, _REPUTATIONS))
    """By public id, kept only where they take long: a few have thousands of entries."""
    histories: KeptEach[int, History] = field(default_factory=lambda: KeptEach(_HISTORY_SECONDS, _HISTORIES))
    """How the log grew, by the number of points."""
    money: KeptEach[None, dict[Place, Sums]] = field(default_factory=lambda: KeptEach(_HISTORY_SECONDS, 1))
    """Every pool's money: all settlements and claims are read for it, whatever the number of points."""
    shares: KeptEach[str, dict[str, int] | None] = field(default_factory=lambda: KeptEach(0, _FIGURES))
    """What each contributor of a campaign won that pays once; None while it is not over."""
    records: KeptEach[str, CampaignRecord] = field(
        default_factory=lambda: KeptEach(_FIGURES_SECONDS, _FIGURES, _FIGURES_TIMES)
    )
    """Public records by campaign."""
    signs: KeptEach[str, Signs] = field(default_factory=lambda: KeptEach(_SIGNS_SECONDS, _FIGURES))
    """Counts of signs of fraud by campaign."""
    earned: KeptEach[str, list[Earner]] = field(
        default_factory=lambda: KeptEach(_FIGURES_SECONDS, _EARNED, _FIGURES_TIMES)
    )
    """What everybody earned in a campaign, the most first: of a few campaigns, as each may have many people."""
    share_sums: KeptEach[tuple[Place, int, int, str], tuple[int, int] | None] = field(
        default_factory=lambda: KeptEach(0, _FIGURES)
    )
    """How many awards are behind an account of a settlement (pool, number, size), and their sum; kept where it takes
    long."""
    payments: KeptEach[Sum, list[Paid]] = field(default_factory=lambda: KeptEach(_FIGURES_SECONDS, _FIGURES))
    """What the chain says of an account, as long as the worker knows of no other sum."""
    others: tuple[Service, ...] = ()
    """The further logs of the process; only the main one knows of them, so that auditors find them."""

    @property
    def domain(self) -> str:
        """The host that wallets show when they sign (EIP-4361)."""
        return urlsplit(self.public_url).netloc

    @property
    def base(self) -> str:
        """The path in the public address, below which the world finds ours; for links."""
        return urlsplit(self.public_url).path

    def url(self, path: str) -> str:
        """A page's or a path's whole address."""
        return self.public_url + path

    def unit_of(self, opened: CampaignOpened) -> Unit:
        """What a campaign pays in."""
        if opened.onchain is None:
            return POINTS
        own = self.deployment is not None and opened.onchain.pool == self.deployment.pool
        return self.unit if own else BASE_UNITS

    async def tree(self, place: Place, number: int) -> RewardTree:
        """The reward tree of an activated settlement; the last few are kept."""

        async def read() -> RewardTree:
            return await asyncio.to_thread(RewardTree, await self.reader.settlement_accounts(*place, number))

        return await self.trees.get((place, number), read)


def service_of(request: Request) -> Service:
    """The service of the log that ``request`` is for."""
    service: Service = request.scope[SERVICE]
    return service


def new_id() -> str:
    """A new UUID version 7."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))
