"""What the stores load is what a replay of the whole log knows."""

from __future__ import annotations

import pytest
from coincurve import PrivateKey

from ledger.book.facts import Facts
from ledger.db.loading import Loaded, Named
from ledger.db.store import Change, Head
from ledger.errors import RuleError
from ledger.statements import onchain, signatures
from ledger.statements.kinds import parse
from ledger.statements.sign_in import WalletLink
from ledger.statements.values import format_time
from tests.integration.log.conftest import LOG, OpenLog
from tests.unit.log.samples import DAY_MS, ORIGIN, PLACE


async def link(log: OpenLog, contributor: str, secret: bytes, replaces: int | None) -> int:
    key = PrivateKey(secret)
    address = "0x" + onchain.keccak256(key.public_key.format(compressed=False)[1:])[12:].hex()
    message = WalletLink(
        domain="example.org",
        address=address,
        contributor=contributor,
        log=ORIGIN,
        replaces=replaces,
        uri="https://example.org",
        chain_id=1,
        nonce="12345678",
        issued_at=format_time(log.maker.start_ms),
        expires_at=format_time(log.maker.start_ms + DAY_MS),
    ).message()
    raw = key.sign_recoverable(signatures.message_digest(message), hasher=None)
    signature = "0x" + (raw[:64] + bytes([raw[64] + 27])).hex()
    return (await log.writer.write(log.maker.link(contributor, address, message, signature))).index


async def test_loaded_facts_are_those_of_a_replay(log: OpenLog) -> None:
    maker, write = log.maker, log.writer.write
    tasks = [maker.add_task() for _ in range(2)]
    first = maker.submit("ann", task=tasks[0].id, external_id="first")
    better = maker.submit("ann", task=tasks[0].id, replaces=first.id)
    other, undecided = maker.submit("bob"), maker.submit("bob")
    await log.writer.write_many([*tasks, first, better, other, undecided])
    rejected = maker.decide(better.id, verdict="rejected", score="0.123456", reviewer="rev")
    await write(rejected)
    await write(maker.decide(better.id, supersedes=rejected.id))
    await write(maker.decide(other.id, verdict="needs_work", score="0"))
    ended = maker.open_campaign(id=maker.id())
    await write(ended)
    await write(maker.close_campaign(campaign=ended.id))
    funded = maker.open_campaign(id=maker.id(), place=PLACE)
    await write(funded)
    await write(maker.funded(funded.id, 7))
    with pytest.raises(RuleError, match="before that of the last record, 7"):
        await write(maker.funded(funded.id, 6))
    index = await link(log, first.fresh_id, b"\x07" * 32, None)
    await link(log, first.fresh_id, b"\x08" * 32, index)

    replayed = Facts()
    for number, statement in enumerate(await log.reader.statements(0, 1000)):
        replayed.apply(parse(statement), number)
    named = Named(
        externals={(maker.platform, "contribution", "first")},
        people={(maker.platform, name): set() for name in ("ann", "bob", "rev", "nobody")},
        linked={first.fresh_id, other.fresh_id, rejected.fresh_id},
        platforms={maker.platform, maker.id()},
        keys_of={maker.platform},
        campaigns={maker.campaign, ended.id, funded.id, maker.id()},
        tasks={task.id for task in tasks},
        contributions={better.id, other.id, undecided.id, maker.id()},
        decisions=set(replayed.decisions),
    )

    def look(head: Head, loaded: Loaded) -> Change[Loaded]:
        return Change(loaded)

    loaded = await log.database.store(LOG).append(named, look)
    for name in ("platforms", "campaigns", "tasks", "contributions", "decisions", "contributors", "links"):
        assert getattr(loaded.facts, name) == getattr(replayed, name), name
    people = {external_id: public_id for (_, external_id), public_id in loaded.people.items()}
    assert people == {"ann": first.fresh_id, "bob": other.fresh_id, "rev": rejected.fresh_id}
    assert loaded.externals[maker.platform, "contribution", "first"].subject == first.id
    assert len(loaded.keys[maker.platform]) == 1
