"""What migrations declare about older code is so: beside a running older version nothing may be taken or asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect

from ledger.db import migrate, schemas
from ledger.db.changing import reading
from ledger.db.downgrade import downgrade
from tests.integration.db.newer import HEAD, SINCE, Newer

Shape = dict[str, dict[str, Any]]

pytestmark = pytest.mark.filterwarnings("ignore:.*expression-based index")


def shape(connection: Connection) -> Shape:
    """By table: columns, and whatever a row must satisfy."""
    found = inspect(connection)
    return {
        table: {
            "columns": {each["name"]: each for each in found.get_columns(table)},
            "bound": [
                found.get_pk_constraint(table)["constrained_columns"],
                sorted(map(repr, found.get_unique_constraints(table))),
                sorted(map(repr, found.get_foreign_keys(table))),
                sorted(map(repr, found.get_check_constraints(table))),
                sorted(repr(each["column_names"]) for each in found.get_indexes(table) if each["unique"]),
            ],
        }
        for table in found.get_table_names()
    }


def wrongs(before: Shape, after: Shape) -> Iterator[str]:
    """What a change does that code of before does not bear."""
    for table, old in before.items():
        new = after.get(table)
        if new is None:
            yield f"{table} goes"
            continue
        if old["bound"] != new["bound"]:
            yield f"rows of {table} must satisfy something else"
        for name, column in old["columns"].items():
            if describe(new["columns"].get(name)) != describe(column):
                yield f"{table}.{name} goes or changes"
        for name, column in new["columns"].items():
            if name not in old["columns"] and not column["nullable"] and column["default"] is None:
                yield f"{table}.{name} must be given"


def describe(column: dict[str, Any] | None) -> tuple[str, ...]:
    return () if column is None else tuple(str(column[each]) for each in ("type", "nullable", "default"))


def changes(url: str, since: str) -> dict[str, tuple[bool, list[str]]]:
    """By migration down to ``since``: whether it is declared to only add, and what it does besides. Goes back there."""
    found = {}
    after = reading(url, shape)
    for script in [each for each in schemas.migrations().walk_revisions() if each.revision > since]:
        downgrade(url, str(script.down_revision))
        before = reading(url, shape)
        found[script.revision] = (schemas.is_additive(script), list(wrongs(before, after)))
        after = before
    return found


@pytest.mark.long
def test_what_is_declared_to_only_add_does(database_url: str) -> None:
    found = changes(database_url, SINCE)
    assert len(found) == int(HEAD) - int(SINCE)
    assert {revision: wrong for revision, (additive, wrong) in found.items() if additive and wrong} == {}


def test_every_migration_declares() -> None:
    scripts = schemas.migrations()
    for script in scripts.walk_revisions():
        declared = script.module.oldest
        assert declared <= script.revision, script.revision
        assert len(declared) == len(script.revision) == 4, script.revision
        assert script.down_revision is None or str(script.down_revision) < script.revision, "numbers are their order"
        if getattr(script.module, "only_indexes", False):  # killed in the middle, it must have nothing left to declare
            before, after = (schemas.oldest_for(scripts, str(each)) for each in (script.down_revision, script.revision))
            assert before == after, script.revision


def test_operators_are_told_of_every_schema() -> None:
    page = (Path(__file__).parents[3] / "docs/upgrading.md").read_text()
    told = dict(re.findall(r"^\| (\d{4}) \|[^|]*\| (\d{4}) \|", page, re.MULTILINE))
    scripts = [each for each in schemas.migrations().walk_revisions() if each.revision > SINCE]
    assert told == {each.revision: each.module.oldest for each in scripts}


WRONG = [
    ('op.drop_table("leases")', 'op.create_table("leases", sa.Column("x", sa.Text))', "leases goes"),
    (
        'op.alter_column("costs", "gas", new_column_name="used")',
        'op.alter_column("costs", "used", new_column_name="gas")',
        "costs.gas goes or changes",
    ),
    (
        'op.add_column("costs", sa.Column("x", sa.Text, nullable=False))',
        'op.drop_column("costs", "x")',
        "costs.x must be given",
    ),
    (
        'op.create_index("ux", "costs", ["log", "used"], unique=True)',
        'op.drop_index("ux", "costs")',
        "rows of costs must satisfy something else",
    ),
    (
        'op.create_check_constraint("ck", "costs", "used > 0")',
        'op.drop_constraint("ck", "costs")',
        "rows of costs must satisfy something else",
    ),
    (
        'op.alter_column("costs", "wei", nullable=True)',
        'op.alter_column("costs", "wei", nullable=False)',
        "costs.wei goes or changes",
    ),
]


@pytest.mark.long
def test_wrong_declarations_are_found(tmp_path: Path, postgres_url: str) -> None:
    """The check above can fail."""
    newer = Newer(tmp_path)
    added = {newer.add(upgrade, back, oldest=HEAD): wrong for upgrade, back, wrong in WRONG}
    with newer.version():
        migrate(postgres_url)
        found = {revision: (additive, wrong[0]) for revision, (additive, wrong) in changes(postgres_url, HEAD).items()}
    assert found == {revision: (True, wrong) for revision, wrong in added.items()}


@pytest.mark.long
def test_what_has_a_default_may_be_added(tmp_path: Path, database_url: str) -> None:
    newer = Newer(tmp_path)
    newer.add(
        """op.add_column("costs", sa.Column("x", sa.Text, nullable=False, server_default="none"))
op.add_column("costs", sa.Column("y", sa.Text, nullable=True))
op.create_index("ix_costs_x", "costs", ["x"])""",
        """op.drop_index("ix_costs_x", "costs")
op.drop_column("costs", "y")
op.drop_column("costs", "x")""",
        oldest=HEAD,
    )
    with newer.version():
        migrate(database_url)
        assert list(changes(database_url, HEAD).values()) == [(True, [])]
