"""The whole log against a slow one: groups of items, right and wrong, written through the writer; then every answer."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import insert

from ledger.book.fold import Book
from ledger.db import Database, open_database
from ledger.db.tables import anchors
from ledger.errors import NotFoundError, ProofError
from ledger.log.checking import check_database
from ledger.log.items import Decide, Item, Submit, Written
from ledger.log.opening import open_log
from ledger.log.reader import Reader
from ledger.log.writer import Writer
from ledger.statements.kinds import parse
from ledger.tree.checkpoints import LogSigner
from tests.services.databases import copy_sqlite
from tests.services.postgres import PostgresDatabases
from tests.unit.log.reference import Expected, ReferenceLog, leaf, path, proof, tree_head
from tests.unit.log.samples import HASH, ORIGIN, PLACE, START_MS, Maker

SIGNER = LogSigner.generate(ORIGIN)
PUBLIC_KEY = Ed25519PublicKey.from_public_bytes(base64.b64decode(SIGNER.verifier_key.vkey.split("+", 2)[2])[1:])
NAMES = itertools.count()
OWN_IDS = [None, None, "a", "b", "c"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database for all examples: each has a log of its own."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("migrated_sqlite")
        yield copy_sqlite(template, tmp_path_factory.mktemp("reference") / "log.sqlite")
    else:
        servers: PostgresDatabases = request.getfixturevalue("postgres")
        with servers.database(template=request.getfixturevalue("migrated_postgres")) as made:
            yield made


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(0, 10))
def test_a_log_is_what_a_slow_one_says(url: str, random: Random, groups: int) -> None:
    asyncio.run(play(url, random, groups, checks=8))


@pytest.mark.long
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(0, 25))
def test_logs_are_what_slow_ones_say(url: str, random: Random, groups: int) -> None:
    asyncio.run(play(url, random, groups, checks=30))


@dataclass
class Both:
    """The log and the slow one, told the same."""

    database: Database
    name: str
    random: Random
    maker: Maker
    slow: ReferenceLog
    reader: Reader
    now_ms: int = START_MS
    sent: list[Item] = field(default_factory=list)
    answers: dict[int, Written] = field(default_factory=dict)
    """The first answer by entry."""
    anchored: list[int] = field(default_factory=list)

    async def tell(self, writer: Writer, items: Sequence[Item]) -> None:
        """Write a group, and compare every answer."""
        told = await writer.write_many(items)
        expected = self.slow.group(items, self.now_ms)
        for item, said, wanted in zip(items, told, expected, strict=True):
            self._compare(item, said, wanted)
        self.sent += items

    def _compare(self, item: Item, said: object, wanted: Expected) -> None:
        if wanted.refused:
            assert type(said).__name__ == wanted.refused, (item, said)
            return
        assert isinstance(said, Written), (item, said, wanted)
        assert (said.index, said.repeated) == (wanted.index, wanted.repeated)
        assert said.statement == self.slow.entries[wanted.index]
        assert said.opening == wanted.opening
        if wanted.repeated:
            assert said.id == self.answers[wanted.index].id
        else:
            self.answers[wanted.index] = said
            self.check_receipt(said.receipt, wanted.index, None)

    def check_receipt(self, receipt: bytes, index: int, anchor: int | None) -> None:
        """Byte for byte what follows from the slow log; only the signature is taken on the key's word."""
        said = json.loads(receipt)
        assert receipt == json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        size = self.slow.first_checkpoint(index)
        leaves = self.slow.leaves(size)
        head, _, signed = said["proof"].partition("\n\n")
        lines = ["c2sp.org/tlog-proof@v1", f"extra {base64.b64encode(self.slow.entries[index]).decode()}"]
        lines += [f"index {index}", *(base64.b64encode(each).decode() for each in path(index, leaves))]
        assert head == "\n".join(lines)
        self.check_note(signed, size)
        assert said["key"] == SIGNER.verifier_key.vkey
        assert said.keys() == {"v", "key", "proof"} | ({"anchor"} if anchor else set())
        if anchor:
            grown = self.slow.leaves(anchor)
            assert (said["anchor"]["size"], said["anchor"]["root"]) == (anchor, tree_head(grown).hex())
            assert said["anchor"]["consistency"] == [each.hex() for each in proof(size, grown)]

    def check_note(self, note: str, size: int) -> None:
        """A checkpoint with the log's one signature."""
        text, _, signature = note.rpartition("\n\n")
        assert text + "\n" == self.slow.checkpoint(size)
        _, name, value = signature.split(" ")
        assert name == ORIGIN
        PUBLIC_KEY.verify(base64.b64decode(value)[4:], (text + "\n").encode())


# ---- what is sent ----


async def play(url: str, random: Random, groups: int, checks: int) -> None:
    """Write, restart, anchor; then ask for everything."""
    name = f"log {next(NAMES)}"
    async with open_database(url) as database, AsyncExitStack() as stack:
        await open_log(database, name, ORIGIN, SIGNER, 3, clock=lambda: START_MS)
        reader = Reader(database, name)
        maker = Maker(f"{name} {random.random()}")
        slow = ReferenceLog(ORIGIN, "", maker.platform, maker.campaign)
        both = Both(database, name, random, maker, slow, reader)

        async def writer() -> Writer:
            made = Writer(database, name, SIGNER, clock=lambda: both.now_ms, own_clock=True)
            made.allow_writes()
            return await stack.enter_async_context(made)

        writers = [await writer(), await writer()]  # two processes on one log
        await begin(both, writers[0])
        for _ in range(groups):
            match random.randrange(12):
                case 0:
                    writers[0] = await writer()  # a restart
                case 1:
                    await anchor(both)
                case 2:
                    await both.tell(random.choice(writers), [maker.submit(f"w{n % 7}") for n in range(280)])
                case _:
                    both.now_ms += random.choice([0, 1, 999, 60_000, -500])
                    await both.tell(random.choice(writers), [draw(both) for _ in range(random.randint(1, 9))])
        await ask(both, checks)


async def begin(both: Both, writer: Writer) -> None:
    """Entries 0 to 2, whose bytes the slow log takes as they are."""
    maker, slow = both.maker, both.slow
    register, campaign = maker.register(), maker.open_campaign()
    await writer.write(register)
    await writer.write(campaign)
    slow.entries = await both.reader.statements(0, 10)
    slow.terms = json.loads(slow.entries[2])["terms"]
    slow.sizes, slow.at_ms = [1, 2, 3], both.now_ms
    slow.platforms.add(register.id)
    slow.keys.add(register.key.id)
    both.sent += [register]


def draw(both: Both) -> Item:
    """An item that fits, repeats, conflicts or misses."""
    maker, random = both.maker, both.random
    own_id = random.choice(OWN_IDS)
    works = [each for each in both.sent if isinstance(each, Submit)]
    match random.randrange(10):
        case 0:
            return maker.register(id=maker.id(), name=random.choice(["Stars", "Moons"]), external_id=own_id)
        case 1:
            return maker.add_task(content={"picture": random.randrange(2)}, external_id=own_id)
        case 2 | 3:
            task = random.choice([*both.slow.tasks, None, None, maker.id()])
            return maker.submit(f"w{random.randrange(4)}", content=random.randrange(2), task=task, external_id=own_id)
        case 4:
            return maker.submit("w0", task_external_id=random.choice(["a", "b", "nothing"]), external_id=own_id)
        case 5 | 6 if works:
            work = random.choice(works)
            verdict = random.choice(["accepted", "rejected"])
            return maker.decide(work.id, verdict=verdict, external_id=own_id)
        case 7:
            return maker.decide(None, contribution_external_id=random.choice(["a", "b", "nothing"]))
        case 8:
            return again(both, random.choice(both.sent))
        case _:
            campaign = random.choice([maker.campaign, maker.campaign, maker.id()])
            return maker.submit(random.choice(["Zoë", "w1"]), content="…", campaign=campaign)


def again(both: Both, item: Item) -> Item:
    """The same once more: as a client repeats it, with other ids and salts, or altogether the same."""
    maker = both.maker
    if both.random.random() < 0.3:
        return item
    fresh: dict[str, Any] = {"id": maker.id()}
    if isinstance(item, Submit | Decide):
        fresh |= {"salt": maker.bytes(), "fresh_id": maker.submit().fresh_id}
    return replace(item, **fresh)


async def anchor(both: Both) -> None:
    """The contract took the head as it is now."""
    size = len(both.slow.entries)
    if size in both.anchored:
        return
    both.anchored.append(size)
    row = {
        "log": both.name, "size": size, "root": tree_head(both.slow.leaves()), "tx": HASH, "block": size,
        "chain_id": 31337, "contract": PLACE.pool, "log_id": HASH, "finalized": True,
    }  # fmt: skip
    async with both.database.begin() as connection:
        await connection.execute(insert(anchors).values(row))


# ---- what is asked ----


async def ask(both: Both, checks: int) -> None:
    """Everything that the log answers."""
    size = len(both.slow.entries)
    await ask_for_heads(both, size)
    for _ in range(checks):
        await ask_for_proofs(both, size)
        await ask_for_tiles(both, size)
    await ask_for_receipts(both, size)
    await ask_for_things(both)
    book = Book()
    for index, data in enumerate(both.slow.entries):
        book.fold(parse(data), index)
    assert book.findings == []
    assert {each: work.decision.id for each, work in book.facts.contributions.items() if work.decision} == (
        both.slow.decided
    )
    report = await check_database(both.database, both.name)
    assert report.findings == []
    assert (report.entries, report.root) == (size, tree_head(both.slow.leaves()).hex())


async def ask_for_heads(both: Both, size: int) -> None:
    head = await both.reader.head()
    assert (head.size, head.at_ms) == (size, both.slow.at_ms)
    assert head.compact.root() == tree_head(both.slow.leaves())
    both.check_note(head.checkpoint, size)
    assert await both.reader.statements(0, size + 5) == both.slow.entries
    for wanted in {1, size, both.random.randint(1, size)}:
        both.check_note(
            await both.reader.checkpoint_at(wanted), min(each for each in both.slow.sizes if each >= wanted)
        )
    with pytest.raises(NotFoundError):
        await both.reader.checkpoint_at(size + 1)


async def ask_for_proofs(both: Both, size: int) -> None:
    random, reader, slow = both.random, both.reader, both.slow
    old, new = sorted((random.randint(0, size), random.randint(1, size)))
    assert await reader.root_at(old) == tree_head(slow.leaves(old))
    assert await reader.consistency(old, new) == proof(old, slow.leaves(new))
    index = random.randrange(new)
    assert await reader.inclusion(index, new) == path(index, slow.leaves(new))
    with pytest.raises(NotFoundError):
        await reader.consistency(old, size + 1)
    with pytest.raises((NotFoundError, ProofError)):
        await reader.inclusion(new, new)


async def ask_for_tiles(both: Both, size: int) -> None:
    random, reader = both.random, both.reader
    n = random.randrange(-(-size // 256))
    most = min(256, size - 256 * n)
    width = random.randint(1, most)
    part = both.slow.entries[256 * n : 256 * n + width]
    asked = None if width == 256 else width
    assert await reader.tile(0, n, asked) == b"".join(map(leaf, part))
    assert await reader.entry_bundle(n, asked) == b"".join(len(each).to_bytes(2, "big") + each for each in part)
    if most < 256:
        with pytest.raises(NotFoundError):
            await reader.tile(0, n, most + 1 if most < 255 else None)
    roots = [tree_head(both.slow.leaves()[256 * each : 256 * each + 256]) for each in range(size // 256)]
    if roots:
        assert await reader.tile(1, 0, len(roots)) == b"".join(roots)


async def ask_for_receipts(both: Both, size: int) -> None:
    """Of all eras: those from before an anchor have it now, and those of the writer are still what they were."""
    chosen = sorted({0, size - 1, *(both.random.randrange(size) for _ in range(20))})
    found = await both.reader.receipts(chosen)
    for index in chosen:
        first = both.slow.first_checkpoint(index)
        anchored = min((each for each in both.anchored if each >= first), default=None)
        both.check_receipt(found[index].encode(), index, anchored)
    for index, said in both.answers.items():
        if index in chosen:
            both.check_receipt(said.receipt, index, None)


async def ask_for_things(both: Both) -> None:
    reader, slow, platform = both.reader, both.slow, both.maker.platform
    for (owner, kind, own_id), (index, _, _) in slow.externals.items():
        view = await reader.external(owner, kind, own_id)
        assert view is not None
        assert (view.index, view.subject) == (index, json.loads(slow.entries[index])["id"])
    assert await reader.external(platform, "contribution", "nothing") is None
    for own_id, public in slow.people.items():
        assert await reader.contributor(platform, own_id) == public
        theirs = [each for each in slow.works if slow.authors[each] == public]
        page = await reader.contributions(contributor=public)
        assert [view.id for view in page.items] == theirs[:200]
        for view in page.items[:5]:
            assert view.index == slow.works[view.id]
            assert (view.decision.id if view.decision else None) == slow.decided.get(view.id)
    listed, after = [], None
    while page_of := await reader.tasks(both.maker.campaign, after=after, limit=7):
        listed += [(each.id, each.index) for each in page_of.items]
        after = page_of.next
        if after is None:
            break
    assert listed == list(slow.tasks.items())
