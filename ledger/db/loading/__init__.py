"""Facts that a group of items names, loaded in a few queries whatever the group's size.

``load`` does no I/O: it yields queries and is sent their rows, so both stores run the same code. Facts of campaigns,
contributions and wallet links are rebuilt by a replay of the statements about them, so that what a statement does is
written in one place (``ledger.book.facts``); what a replay would have to count is loaded as numbers.
"""

from ledger.db.loading.ask import Asking
from ledger.db.loading.load import LEASE_SQL, load
from ledger.db.loading.names import (
    Answers,
    Content,
    DbRow,
    External,
    ExternalKey,
    LiveKey,
    Loaded,
    Loading,
    Lookup,
    Named,
    Pair,
    Queries,
    Query,
    Submission,
    once,
)

__all__ = [
    "LEASE_SQL",
    "Answers",
    "Asking",
    "Content",
    "DbRow",
    "External",
    "ExternalKey",
    "LiveKey",
    "Loaded",
    "Loading",
    "Lookup",
    "Named",
    "Pair",
    "Queries",
    "Query",
    "Submission",
    "load",
    "once",
]
