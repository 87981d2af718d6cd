"""Whatever is sent to a writer with a real database, in whatever groups: what it takes has its effect in the book."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest
from coincurve import PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.book.fold import Book
from ledger.db import open_database
from ledger.db.migrate import migrate
from ledger.errors import CrowdLedgerError
from ledger.log.items import Item, LinkWallet, RevokeKey, Written
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer
from ledger.statements import onchain, signatures
from ledger.statements.kinds import parse
from ledger.statements.platforms import KeyRotated
from ledger.statements.sign_in import WalletLink
from ledger.statements.values import format_time
from ledger.tree.checkpoints import LogSigner
from tests.unit.log.samples import DAY_MS, ORIGIN, PLACE, START_MS, Maker
from tests.unit.log.test_plan_random import Script

SIGNER = LogSigner.generate(ORIGIN)
NAMES = itertools.count()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("replay")
    url = f"sqlite+aiosqlite:///{folder / 'log.db'}"
    migrate(url)
    return url


class Play:
    """A log of its own in the database, its two platforms, and groups drawn at random."""

    def __init__(self, data: st.DataObject, writer: Writer, reader: Reader) -> None:
        self.data, self.writer, self.reader = data, writer, reader
        self.script = Script(data)
        self.book = Book()
        self.stated: list[KeyRotated] = []

    async def begin(self) -> None:
        first, second = self.script.makers
        await self.writer.write_many([first.register(), second.register()])
        await self.writer.write_many(
            [first.open_campaign(place=PLACE), second.open_campaign(place=PLACE, appeal_window=DAY_MS // 1000)]
        )

    async def group(self) -> None:
        await self.fold()
        items = [self.draw() for _ in range(self.data.draw(st.integers(1, 10)))]
        results = await self.writer.write_many(items + items[:2])
        assert all(isinstance(each, Written | CrowdLedgerError) for each in results)
        assert not any(type(each) is CrowdLedgerError for each in results)  # none met a fault of ours

    async def fold(self) -> None:
        for statement in await self.reader.statements(self.book.size, 10_000):
            self.book.fold_bytes(statement, self.book.size)
            read = parse(statement)
            self.stated += [read] if isinstance(read, KeyRotated) else []
        assert self.book.findings == []

    def draw(self) -> Item:
        maker = self.data.draw(st.sampled_from(self.script.makers))
        match self.data.draw(st.integers(0, 11)):
            case 0:
                return maker.funded(maker.campaign, self.data.draw(st.integers(0, 3)))
            case 1 | 2 if self.book.facts.contributors:
                return self.link(maker)
            case 3:
                return maker.add_key()
            case 4 if self.keys(maker):
                key = self.data.draw(st.sampled_from(self.keys(maker)))
                return RevokeKey(platform=maker.platform, key_id=key)
            case _:
                return self.script.draw()

    def keys(self, maker: Maker) -> list[str]:
        """All that the platform ever had, the revoked ones included."""
        stated = [each.keys for each in self.stated if each.platform == maker.platform]
        return sorted({key.id for keys in stated for key in keys})

    def link(self, maker: Maker) -> LinkWallet:
        """Of anybody the log knows, after the link that the book knows: the second of a group comes too late."""
        who = self.data.draw(st.sampled_from(sorted(self.book.facts.contributors)))
        latest = self.book.facts.links.get(who)
        key = PrivateKey(bytes([self.data.draw(st.integers(1, 3))]) * 32)
        address = "0x" + onchain.keccak256(key.public_key.format(compressed=False)[1:])[12:].hex()
        times = {"issued_at": format_time(START_MS), "expires_at": format_time(START_MS + DAY_MS)}
        names = {"domain": "example.org", "uri": "https://example.org", "nonce": "12345678", "log": ORIGIN}
        replaces = latest.index if latest else None
        message = WalletLink(
            **names, **times, address=address, contributor=who, replaces=replaces, chain_id=1
        ).message()
        raw = key.sign_recoverable(signatures.message_digest(message), hasher=None)
        return maker.link(who, address, message, "0x" + (raw[:64] + bytes([raw[64] + 27])).hex())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_what_the_database_remembers_is_what_a_replay_knows(url: str, data: st.DataObject) -> None:
    asyncio.run(play(url, data))


async def play(url: str, data: st.DataObject) -> None:
    name, now_ms = f"log {next(NAMES)}", START_MS
    async with open_database(url) as database:
        await open_log(database, name, ORIGIN, SIGNER, 3, clock=lambda: START_MS)
        async with Writer(database, name, SIGNER, clock=lambda: now_ms, own_clock=True) as writer:
            writer.allow_writes()
            story = Play(data, writer, Reader(database, name))
            await story.begin()
            for _ in range(data.draw(st.integers(2, 5))):
                now_ms += data.draw(st.sampled_from([0, 1, 3_000, 3_001, DAY_MS // 2, DAY_MS]))
                await story.group()
            await story.fold()
