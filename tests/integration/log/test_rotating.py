"""Log keys are rotated in one transaction; what was signed before still verifies, and an old key writes no more."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ledger.audit.run import audit
from ledger.audit.source import FolderSource
from ledger.book.fold import Book
from ledger.db import open_database
from ledger.errors import ConfigError, RuleError, UnavailableError
from ledger.log.opening import check_key, open_log
from ledger.log.reader import Reader
from ledger.log.rotating import rotate_key
from ledger.log.writer import Writer
from ledger.statements import kinds
from ledger.tree.checkpoints import LogSigner, open_checkpoint
from ledger.tree.key_chain import KeyChain
from ledger.tree.receipts import Receipt, verify_log_part
from tests.integration.log.conftest import LOG, OpenLog
from tests.unit.audit.logs import publish
from tests.unit.log.samples import ORIGIN


async def test_receipts_and_checkpoints_of_every_era_verify(log: OpenLog) -> None:
    first, second, third = log.signer, LogSigner.generate(ORIGIN), LogSigner.generate(ORIGIN)
    at_once = [await log.writer.write(log.maker.submit("ann"))]
    rotated = await rotate_key(log.database, LOG, first, second)
    assert (rotated.index, rotated.repeated) == (4, False)
    async with Writer(log.database, LOG, second) as writer:
        writer.allow_writes()
        at_once.append(await writer.write(log.maker.submit("bob")))
    assert (await rotate_key(log.database, LOG, second, third)).index == 6
    async with Writer(log.database, LOG, third) as writer:
        writer.allow_writes()
        at_once.append(await writer.write(log.maker.submit("cyd")))
    keys = await log.reader.log_keys()
    assert keys == KeyChain(((0, first.verifier_key), (4, second.verifier_key), (6, third.verifier_key)))
    size = (await log.reader.head()).size
    later = await log.reader.receipts(range(size))
    by = [verify_log_part(later[index], third.verifier_key, keys).key for index in range(size)]
    assert by == [each.verifier_key for each in (first, first, first, first, second, second, third, third)]
    for written in at_once:
        assert later[written.index].encode() == written.receipt
        verify_log_part(Receipt.parse(written.receipt), first.verifier_key, keys)
    for covered in range(1, size + 1):
        assert open_checkpoint(await log.reader.checkpoint_at(covered), [keys.key_at(covered)]).size == covered
    book = Book()
    for index, data in enumerate(await log.reader.statements(0, size)):
        book.fold_bytes(data, index)
    assert book.findings == []
    assert KeyChain.of(book.facts.log_keys) == keys


async def test_what_was_written_passes_an_audit(log: OpenLog, tmp_path: Path) -> None:
    """By an auditor with any of the keys, and by one who kept a mirror from before."""
    signers = [log.signer, *(LogSigner.generate(ORIGIN) for _ in range(2))]
    earlier = FolderSource(publish(tmp_path / "earlier", await log.reader.statements(0, 3), log.signer))
    for old, new in pairwise(signers):
        await rotate_key(log.database, LOG, old, new)
    source = FolderSource(publish(tmp_path / "now", await log.reader.statements(0, 5), signers[-1]))
    assert (tmp_path / "now/checkpoint").read_text() == await log.reader.checkpoint()
    for signer in signers:
        assert audit(source, trusted_key=signer.verifier_key).verdict == "pass"
    assert audit(source, earlier=earlier).verdict == "pass"


async def test_the_old_key_writes_no_more(log: OpenLog) -> None:
    """The service that ran on, and one that is started anew with the old key."""
    new = LogSigner.generate(ORIGIN)
    await rotate_key(log.database, LOG, log.signer, new)
    before = await log.reader.head()
    with pytest.raises(UnavailableError, match="has another one") as refused:
        await log.writer.write(log.maker.submit("ann"))
    assert "log_key_file" in refused.value.remedy
    for check in (open_log(log.database, LOG, ORIGIN, log.signer, 3), check_key(log.database, LOG, log.signer)):
        with pytest.raises(ConfigError, match="set log_key_file to the newest one"):
            await check
    assert await log.reader.head() == before
    assert before.vkey == new.verifier_key.vkey
    await open_log(log.database, LOG, ORIGIN, new, 3)
    await check_key(log.database, LOG, new)
    await check_key(log.database, "not opened yet", new)


async def test_to_rotate_again_is_to_ask_whether_it_was_done(log: OpenLog) -> None:
    new = LogSigner.generate(ORIGIN)
    done = await rotate_key(log.database, LOG, log.signer, new)
    again = await rotate_key(log.database, LOG, log.signer, new)
    assert (again.index, again.key, again.repeated) == (done.index, done.key, True)
    assert (await log.reader.head()).size == done.index + 1


async def test_only_the_key_in_force_rotates_and_to_a_new_one(log: OpenLog) -> None:
    second, stranger = LogSigner.generate(ORIGIN), LogSigner.generate(ORIGIN)
    with pytest.raises(ConfigError, match="The log's key is"):
        await rotate_key(log.database, LOG, stranger, second)
    await rotate_key(log.database, LOG, log.signer, second)
    with pytest.raises(ConfigError, match="The log's key is"):
        await rotate_key(log.database, LOG, log.signer, stranger)
    with pytest.raises(RuleError) as back:
        await rotate_key(log.database, LOG, second, log.signer)
    assert back.value.members["rule"] == "log-key-unused"
    assert (await log.reader.head()).size == 4


async def test_another_process_sees_the_rotation(log: OpenLog) -> None:
    """A reader that knew the key of before, as in a service that goes on serving reads."""
    assert (await log.reader.log_keys()).newest == log.signer.verifier_key
    new = LogSigner.generate(ORIGIN)
    async with open_database(log.url) as other:
        await rotate_key(other, LOG, log.signer, new)
        assert (await Reader(other, LOG).receipts([3]))[3].key == new.verifier_key
    assert (await log.reader.log_keys()).newest == new.verifier_key
    assert (await log.reader.receipts([2, 3]))[2].key == log.signer.verifier_key
    (statement,) = await log.reader.statements(3, 4)
    assert kinds.parse(statement).__struct_config__.tag == "log.key_rotated"
