"""The file of the veto under way: what was written is read, anything else is refused."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import ConfigError, UnavailableError
from ledger.guard.kept import MAX_ATTEMPTS, Attempt, Kept, drop, load, save

ADDRESS, HASH = "0x" + 40 * "a", "0x" + 64 * "b"
FEE = st.integers(0, 2**62)


def attempts() -> st.SearchStrategy[Attempt]:
    return st.builds(
        Attempt,
        number=st.integers(1, 2**40),
        raw=st.binary(min_size=1, max_size=300).map(bytes.hex),
        hash=st.just(HASH),
        gas=st.integers(21_000, 16_777_215),
        max_fee=FEE,
        priority_fee=FEE | st.none(),
        at_ms=st.integers(0, 2**44),
    )


def kepts() -> st.SearchStrategy[Kept]:
    return st.builds(
        Kept,
        chain_id=st.integers(1, 2**31),
        pool=st.just(ADDRESS),
        account=st.just(ADDRESS),
        nonce=st.integers(0, 2**40),
        attempts=st.lists(attempts(), min_size=1, max_size=3),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(kepts())
def test_what_was_written_is_read(tmp_path: Path, kept: Kept) -> None:
    path = tmp_path / "veto.json"
    save(path, kept)
    assert load(path) == kept
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    drop(path)
    assert load(path) is None
    drop(path)


GOOD = {"v": 1, "chain_id": 1, "pool": ADDRESS, "account": ADDRESS, "nonce": 0}
ATTEMPT = {"number": 1, "raw": "00", "hash": HASH, "gas": 1, "max_fee": 1, "priority_fee": None, "at_ms": 0}


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"attempts": []}, {"nonce": -1}, {"more": 1}, {"pool": "0x1"}, {"attempts": [ATTEMPT | {"raw": "x"}]}],
)
def test_other_members_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "veto.json"
    path.write_text(json.dumps(GOOD | {"attempts": [ATTEMPT]}))
    assert load(path) is not None
    path.write_text(json.dumps(GOOD | {"attempts": [ATTEMPT]} | change))
    with pytest.raises(ConfigError, match="veto"):
        load(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "\x00", "[" * 5000])
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "veto.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="veto"):
        load(path)


def test_a_disk_that_does_not_take_it_is_named(tmp_path: Path) -> None:
    attempt = Attempt(number=1, raw="00", hash=HASH, gas=1, max_fee=1, priority_fee=None, at_ms=0)
    kept = Kept(chain_id=1, pool=ADDRESS, account=ADDRESS, nonce=0, attempts=[attempt] * MAX_ATTEMPTS)
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="cannot be written"):
        save(tmp_path / "file" / "veto.json", kept)
