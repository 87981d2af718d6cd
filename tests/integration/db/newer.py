"""A version to come: the migrations that there are, and more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent
from unittest.mock import patch

from ledger.db import schemas

HEAD = str(schemas.migrations().get_current_head())
SINCE = "0012"
"""The first schema beside which newer code was made to run."""
_MIGRATION = """
import sqlalchemy as sa
from alembic import op

from ledger.db.migrations.beside import beside_writers

revision = "{revision}"
down_revision = "{before}"
oldest = "{oldest}"
{more}


def upgrade():
{upgrade}


def downgrade():
{downgrade}
"""


class Newer:
    """Migrations in a folder of their own. The numbers of those that are added begin with 9."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "migrations"
        shutil.copytree(schemas._SCRIPTS, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        self.head = HEAD

    def add(self, upgrade: str, downgrade: str = "pass", *, oldest: str | None = None, more: str = "") -> str:
        """The number of a new migration, which declares that its own code may run on it, or older code."""
        before, self.head = self.head, str(max(9000, int(self.head)) + 1)
        text = _MIGRATION.format(
            revision=self.head,
            before=before,
            oldest=oldest or self.head,
            more=more,
            upgrade=indent(upgrade, "    "),
            downgrade=indent(downgrade, "    "),
        )
        (self.folder / "versions" / f"added_{self.head}.py").write_text(text)
        return self.head

    @contextmanager
    def version(self) -> Iterator[None]:
        """Within the block this code is that version."""
        with patch.object(schemas, "_SCRIPTS", self.folder):
            yield
