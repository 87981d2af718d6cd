"""For migrations that make nothing but indexes (``only_indexes = True``): on PostgreSQL they run in no transaction."""

from __future__ import annotations

from typing import Any

from alembic import op


def beside_writers() -> dict[str, Any]:
    """Arguments of ``op.create_index`` by which nobody who writes waits for a large table's index, wherever that can be
    done: not in a transaction, such as that in which an empty database gets all its tables.

    What an attempt that broke off has made already is left as it is.
    """
    options = op.get_bind().get_execution_options()
    return {"if_not_exists": True, "postgresql_concurrently": options.get("isolation_level") == "AUTOCOMMIT"}
