"""Roots, books and recorded settlements of any size, however they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.audit.mirror import Mirror
from ledger.audit.source import FolderSource
from ledger.errors import FormatError
from ledger.guard.copied import Copied
from ledger.statements import kinds
from ledger.tree import merkle
from tests.unit.audit import logs


@pytest.fixture(scope="module")
def entries_and_mirror(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], Mirror]:
    """A log of two bundles, mirrored in three steps."""
    folder = tmp_path_factory.mktemp("log")
    signer = logs.log_signer()
    entries = logs.a_story(signer, 120, paid=True)
    mirror = Mirror(folder / "mirror")
    for size in (100, 255, len(entries)):
        mirror.sync(FolderSource(logs.publish(folder / str(size), entries[:size], signer)))
    return entries, mirror


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=5))
def test_any_size_in_any_order(entries_and_mirror: tuple[list[bytes], Mirror], sizes: list[int]) -> None:
    entries, mirror = entries_and_mirror
    copied = Copied(mirror)
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    for size in sizes:
        assert copied.root_at(size) == merkle.root(leaves[:size])
        assert copied.book_at(size).size == size


def test_what_is_not_there(entries_and_mirror: tuple[list[bytes], Mirror]) -> None:
    entries, mirror = entries_and_mirror
    copied = Copied(mirror)
    assert copied.size == len(entries)
    assert copied.root_at(len(entries) + 1) is None
    with pytest.raises(FormatError, match="The mirror has"):
        copied.book_at(len(entries) + 1)


def test_recorded_settlements_are_found_where_they_stand(entries_and_mirror: tuple[list[bytes], Mirror]) -> None:
    entries, mirror = entries_and_mirror
    copied = Copied(mirror)
    last = len(entries) - 1
    recorded = kinds.parse(entries[last])
    for size in (0, 254, 256, last):
        assert copied.recorded_since(size) == [recorded]
    assert copied.recorded_since(len(entries)) == []


def test_nothing_is_mirrored_yet(tmp_path: Path) -> None:
    copied = Copied(Mirror(tmp_path / "none"))
    assert copied.opened() is None
    assert (copied.size, copied.root_at(1), copied.recorded_since(0)) == (0, None, [])


def test_a_checkpoint_that_was_spoilt_bears_out_nothing(tmp_path: Path) -> None:
    signer = logs.log_signer()
    folder = logs.publish(tmp_path, logs.a_story(signer), signer)
    spoilt = bytearray((folder / "checkpoint").read_bytes())
    spoilt[-10] ^= 1
    (folder / "checkpoint").write_bytes(spoilt)
    assert Copied(Mirror(folder)).opened() is None
