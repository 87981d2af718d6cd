"""The database: tables, migrations, and the stores that append to a log in one transaction."""

from ledger.db.database import Database, open_database
from ledger.db.migrate import migrate
from ledger.db.urls import normalise_url

__all__ = ["Database", "migrate", "normalise_url", "open_database"]
