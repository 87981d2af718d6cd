from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit.published import parse_accounts, path_of, shown_by
from ledger.audit.source import FolderSource
from ledger.book.reward_tree import RewardTree
from ledger.errors import FormatError, UnavailableError
from tests.unit.audit import logs

POOL = "0x" + 40 * "c"
_ACCOUNTS = st.dictionaries(
    st.binary(min_size=20, max_size=20).map(lambda each: "0x" + each.hex()), st.integers(1, 2**120 - 1), max_size=6
)


def file_of(accounts: dict[str, int]) -> bytes:
    return json.dumps({"v": 1, "accounts": [[account, str(units)] for account, units in accounts.items()]}).encode()


@given(accounts=_ACCOUNTS)
def test_accounts_are_read_as_they_were_written(accounts: dict[str, int]) -> None:
    assert parse_accounts(file_of(accounts)) == accounts


@settings(max_examples=50)
@given(
    data=st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(repr).map(str.encode)
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_accounts(data)


def test_an_account_stands_there_once() -> None:
    with pytest.raises(FormatError, match="twice"):
        parse_accounts(b'{"v":1,"accounts":[["0x' + 40 * b"1" + b'","5"],["0x' + 40 * b"1" + b'","6"]]}')


def test_accounts_count_only_with_their_root(tmp_path: Path) -> None:
    accounts = {"0x" + 40 * "1": 5, "0x" + 40 * "2": 6}
    root = RewardTree(accounts.items()).root
    logs.write(tmp_path / path_of(5, POOL, 3), file_of(accounts))
    shown = shown_by(FolderSource(tmp_path))
    assert shown(5, POOL, 3, root) == accounts
    assert shown(5, POOL, 3, "0x" + 64 * "1") is None
    assert shown(5, POOL, 4, root) is None


class Silent(FolderSource):
    """An operator who does not answer when asked for accounts."""

    def fetch(self, path: str, limit: int) -> bytes:
        raise UnavailableError("Try later.")


def test_who_does_not_answer_shows_nothing(tmp_path: Path) -> None:
    assert shown_by(Silent(tmp_path))(5, POOL, 3, "0x" + 64 * "1") is None
