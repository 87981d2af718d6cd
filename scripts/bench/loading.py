"""Logs of any size, written through the engine: real answers as contributions, and decisions on them, in groups.

Each log is made once and kept in ``build/bench`` under the schema's and this module's version.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.db import migrate, open_database
from ledger.errors import CrowdLedgerError
from ledger.log.items import ApiKey, Decide, Item, OpenCampaign, RegisterPlatform, Submit
from ledger.log.opening import open_log
from ledger.log.writer import Writer, system_clock_ms
from ledger.statements.campaigns import PieceRate
from ledger.statements.canonical import JsonValue
from ledger.statements.decisions import Method
from ledger.statements.values import format_time, uuid4, uuid7
from ledger.tree.keys import LogSigner
from scripts.bench.bodies import Contributions
from scripts.bench.service import ORIGIN, Account, Site

LOG = "main"
GROUP = 1_000
_VERSION = 1
_BRIEF: JsonValue = {
    "problem": "Does the aerial picture show a well pad?",
    "mode": "cooperation",
    "rules": "One answer each.",
}
_METHOD = Method(type="consensus", name="majority", version="1")
_YEAR_SECONDS = 365 * 86_400


@dataclass(frozen=True, slots=True)
class LoadedLog:
    """A site whose log has ``size`` entries, and the account that wrote them."""

    site: Site
    account: Account
    size: int


def sqlite_log(folder: Path, size: int, *, fresh: bool = False) -> LoadedLog:
    """The SQLite log of ``size`` entries below ``folder``, made if it is not there; do not write to it, copy it."""
    place = folder / f"log-{size}-v{_VERSION}"
    told = place / "account.json"
    url = f"sqlite+aiosqlite:///{place / 'bench.db'}"
    if fresh or not told.exists():
        shutil.rmtree(place, ignore_errors=True)
        account = load_log(Site.make(place, url), size)
        told.write_text(json.dumps({"key": account.key, "campaign": account.campaign}))
    else:
        migrate(url)
    signer = LogSigner.from_pem(ORIGIN, (place / "log.pem").read_bytes())
    site = Site(place, url, signer, (place / "admin.key").read_text())
    return LoadedLog(site, Account(**json.loads(told.read_text())), size)


def copy_of(loaded: LoadedLog, folder: Path) -> LoadedLog:
    """A copy to write to."""
    folder.mkdir()
    for name in ("bench.db", "log.pem", "admin.key"):
        shutil.copy(loaded.site.folder / name, folder)
    url = f"sqlite+aiosqlite:///{folder / 'bench.db'}"
    return LoadedLog(Site(folder, url, loaded.site.signer, loaded.site.admin_key), loaded.account, loaded.size)


def load_log(site: Site, size: int) -> Account:
    """Write a log of ``size`` entries into a new database: half of it contributions, half decisions on them."""
    return asyncio.run(_load(site, size))


async def _load(site: Site, size: int) -> Account:
    async with open_database(site.database_url) as database:
        await open_log(database, LOG, ORIGIN, site.signer, 0)
        async with Writer(database, LOG, site.signer, own_clock=True) as writer:
            writer.allow_writes()
            items = Items()
            await write_all(writer, [items.platform()])
            await write_all(writer, [items.campaign()])
            written = 3
            while written < size:
                group = items.group(min(GROUP, size - written))
                await write_all(writer, group)
                written += len(group)
                if written % 100_000 < GROUP:
                    print(f"  {written:,} of {size:,} entries", file=sys.stderr, flush=True)
    return Account(items.key, items.campaign_id)


async def write_all(writer: Writer, group: Sequence[Item]) -> None:
    """Write a group. Raises the first error that an item meets."""
    for result in await writer.write_many(group):
        if isinstance(result, CrowdLedgerError):
            raise result


class Items:
    """The writer's items of one platform with one campaign."""

    def __init__(self) -> None:
        self.key = f"cl_{secrets.token_hex(8)}_{secrets.token_hex(32)}"
        self.platform_id, self.campaign_id = _id(), _id()
        self._supply = Contributions(self.campaign_id, secrets.token_hex(4))
        self._undecided: list[str] = []

    def platform(self) -> Item:
        """The platform with its key."""
        digest = hashlib.sha256(self.key.encode()).digest()
        key = ApiKey(id=self.key[3:19], scopes=("submit", "review", "settle", "admin"), digest=digest)
        return RegisterPlatform(id=self.platform_id, name="Well pads from above", key=key)

    def campaign(self) -> Item:
        """The campaign, which closes in a year."""
        return OpenCampaign(
            id=self.campaign_id,
            platform=self.platform_id,
            title="Well pads",
            type="rating",
            brief=_BRIEF,
            terms="Answer honestly.",
            policy=PieceRate(amount="1"),
            budget=str(10**12),
            appeal_window=_YEAR_SECONDS,
            decision_deadline=_YEAR_SECONDS,
            decision_default="accepted",
            appeal_deadline=_YEAR_SECONDS,
            appeal_default="stands",
            closing_date=format_time(system_clock_ms() + 10 * _YEAR_SECONDS * 1000),
        )

    def group(self, count: int) -> list[Item]:
        """The next group: decisions on what the group before submitted, or new contributions."""
        if self._undecided:
            decided, self._undecided = self._undecided[:count], self._undecided[count:]
            return [self._decision(each) for each in decided]
        return self.submissions(count)

    def submissions(self, count: int) -> list[Item]:
        """New contributions."""
        made = [self._submission(self._supply.next()) for _ in range(count)]
        self._undecided = [each.id for each in made]
        return list(made)

    def _submission(self, sent: dict[str, Any]) -> Submit:
        return Submit(
            id=_id(),
            platform=self.platform_id,
            campaign=sent["campaign"],
            contributor=sent["contributor"],
            fresh_id=uuid4(secrets.token_bytes(16)),
            content=sent["content"],
            salt=secrets.token_bytes(32),
            external_id=sent["external_id"],
        )

    def _decision(self, contribution: str) -> Decide:
        return Decide(
            id=_id(),
            platform=self.platform_id,
            contribution=contribution,
            verdict="accepted",
            score="1",
            method=_METHOD,
            salt=secrets.token_bytes(32),
            fresh_id=uuid4(secrets.token_bytes(16)),
        )


def _id() -> str:
    return uuid7(system_clock_ms(), secrets.token_bytes(10))
