"""The tables. A row belongs to the log it names; hashes of the log are 32 bytes, times integer milliseconds since 1970,
amounts decimal text, values of the chain ``0x`` text.

``log`` is the log. ``campaigns`` and ``work`` are views that a replay of the statements rebuilds, but for digests of
keys and tokens and texts of briefs, terms and notices; ``private`` is what no statement holds; ``worker`` belongs to
the worker, as does ``audits``, which it fills for those who check the service; ``imports`` is what programs tell of
themselves; ``hooks`` are the webhooks that platforms send, ``events`` what they are told and where it is
sent; ``repeats`` are replies, kept for whoever sends a request again; ``restored`` says what came from a mirror.
"""

from ledger.db.tables.audits import audits, settlement_shares
from ledger.db.tables.campaigns import (
    amendments,
    api_keys,
    campaign_funds,
    campaigns,
    key_uses,
    mandates,
    notices,
    platforms,
    results,
    tasks,
)
from ledger.db.tables.columns import metadata
from ledger.db.tables.events import endpoints, event_cursors, events, payments, sendings
from ledger.db.tables.hooks import deliveries, hooks, refusals
from ledger.db.tables.imports import imports
from ledger.db.tables.log import checkpoints, entries, logs, tiles
from ledger.db.tables.private import contents, contributors, externals, files, members, sessions, sign_in_links
from ledger.db.tables.repeats import repeats
from ledger.db.tables.restored import restored
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
    "deliveries",
    "endpoints",
    "entries",
    "erasures",
    "event_cursors",
    "events",
    "externals",
    "feedbacks",
    "files",
    "hooks",
    "imports",
    "key_uses",
    "leases",
    "logs",
    "mandates",
    "members",
    "metadata",
    "nonces",
    "notices",
    "opened_contents",
    "payments",
    "platforms",
    "refusals",
    "repeats",
    "requests",
    "restored",
    "results",
    "reviews",
    "sendings",
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
