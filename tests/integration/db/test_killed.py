"""A change of the schema that is killed before any one of its statements: the next one ends as if nothing had been."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from ledger.db import migrate
from ledger.db.changing import reading
from ledger.db.downgrade import downgrade
from ledger.db.schemas import declared
from ledger.db.tables import metadata
from tests.integration.db.newer import HEAD, SINCE

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:.*expression-based index")]
_STRIDE = 7
"""Each statement was tried once; some of them, other ones after a migration more, are enough from then on."""
_INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"


def is_killed_before(number: int, change: Callable[[], Any]) -> bool:
    """Run ``change`` in a process of its own that gets SIGKILL before its statement of this number, if it has one."""
    child = os.fork()
    if child == 0:
        asked = 0

        def ask(*_: Any) -> None:
            nonlocal asked
            asked += 1
            if asked == number:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", ask)
        try:
            change()
        finally:
            os._exit(0 if asked else 1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def check_whole(connection: Connection) -> None:
    assert declared(connection) == (HEAD, SINCE)
    assert list(compare_metadata(MigrationContext.configure(connection), metadata)) == []
    if connection.dialect.name == "postgresql":
        assert connection.exec_driver_sql(_INVALID).scalar_one() == 0


def test_an_upgrade(database_url: str) -> None:
    downgrade(database_url, SINCE)
    seen, number = set(), 1
    while is_killed_before(number, lambda: migrate(database_url)):
        seen.add(reading(database_url, declared)[0])
        migrate(database_url)
        reading(database_url, check_whole)
        downgrade(database_url, SINCE)
        number += _STRIDE
    assert seen >= {SINCE, "0013", "0014"}, "each migration is there before the next"


def test_the_first_one(empty_database_url: str) -> None:
    """All or nothing; a few of its hundreds of statements stand for all."""
    for number in (2, 40, 150, 300):
        if is_killed_before(number, lambda: migrate(empty_database_url)):
            assert reading(empty_database_url, declared) == (None, None)
    migrate(empty_database_url)
    reading(empty_database_url, check_whole)


def test_a_downgrade(database_url: str) -> None:
    number = 1
    while is_killed_before(number, lambda: downgrade(database_url, SINCE)):
        reading(database_url, check_whole)
        number += _STRIDE
    assert reading(database_url, declared) == (SINCE, SINCE)
    migrate(database_url)
    reading(database_url, check_whole)
