"""Which version runs on which schema, case by case and for all numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.db.schemas import Standing
from ledger.errors import ConfigError

SCHEMAS = st.integers(1, 30).map("{:04}".format)


@pytest.mark.parametrize(
    ("schema", "oldest", "own", "runs"),
    [
        ("0015", "0012", "0015", True),
        ("0015", "0015", "0015", True),
        ("0015", "0013", "0014", True),
        ("0015", "0014", "0014", True),
        ("0015", "0015", "0014", False),
        ("0014", "0012", "0015", False),
        (None, None, "0015", False),
        ("0012", "0012", "0013", False),
    ],
)
def test_cases(schema: str | None, oldest: str | None, own: str, runs: bool) -> None:
    found = Standing(schema, oldest, own, own)
    assert found.runs is runs
    if runs:
        found.check()
    else:
        with pytest.raises(ConfigError):
            found.check()


@given(SCHEMAS, SCHEMAS, SCHEMAS)
def test_only_what_is_between_the_declaration_and_the_schema_runs(schema: str, oldest: str, own: str) -> None:
    oldest = min(oldest, schema)
    assert Standing(schema, oldest, own, own).runs is (oldest <= own <= schema)


@given(SCHEMAS, SCHEMAS, SCHEMAS)
def test_whoever_may_go_on_may_run_afterwards(before: str, own: str, own_oldest: str) -> None:
    """``goes_on`` promises what the processes of before find once the database is upgraded."""
    own, own_oldest = max(before, own), min(own, own_oldest)
    goes_on = Standing(before, before, own, own_oldest).goes_on
    assert goes_on is Standing(own, own_oldest, before, before).runs
