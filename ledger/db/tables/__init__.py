"""The tables. A row belongs to the log it names; hashes of the log are 32 bytes, times integer milliseconds since 1970,
amounts decimal text, values of the chain ``0x`` text.

``log`` is the log. ``campaigns`` and ``work`` are views that a replay of the statements rebuilds, but for digests of
keys and tokens and texts of briefs, terms and notices; ``private`` is what no statement holds; ``worker`` belongs to
the worker, as does ``audits``, which it fills for those who check the service.
"""

from ledger.db.tables.audits import audits, settlement_shares
from ledger.db.tables.campaigns import (
    amendments,
    api_keys,
    campaign_funds,
    campaigns,
    mandates,
    notices,
    platforms,
    results,
    tasks,
)
from ledger.db.tables.columns import metadata
from ledger.db.tables.log import checkpoints, entries, logs, tiles
from ledger.db.tables.private import contents, contributors, externals, files, sessions, sign_in_links
from ledger.db.tables.work import (
    appeals,
    contributions,
    decisions,
    erasures,
    feedbacks,
    opened_contents,
    reviews,
    wallet_links,
)
from ledger.db.tables.worker import (
    anchors,
    chain_cursor,
    claim_requests,
    claims,
    costs,
    leases,
    nonces,
    requests,
    settlement_accounts,
    settlements,
    transactions,
    worker_reports,
)

__all__ = [
    "amendments",
    "anchors",
    "api_keys",
    "appeals",
    "audits",
    "campaign_funds",
    "campaigns",
    "chain_cursor",
    "checkpoints",
    "claim_requests",
    "claims",
    "contents",
    "contributions",
    "contributors",
    "costs",
    "decisions",
    "entries",
    "erasures",
    "externals",
    "feedbacks",
    "files",
    "leases",
    "logs",
    "mandates",
    "metadata",
    "nonces",
    "notices",
    "opened_contents",
    "platforms",
    "requests",
    "results",
    "reviews",
    "sessions",
    "settlement_accounts",
    "settlement_shares",
    "settlements",
    "sign_in_links",
    "tasks",
    "tiles",
    "transactions",
    "wallet_links",
    "worker_reports",
]
