"""What no statement, hash or checksum binds: damage there is not seen. It is said, and listed in docs/audit.md."""

from __future__ import annotations

from typing import Final

UNBOUND: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "anchors": (("tx", "block", "chain_id", "contract", "log_id", "finalized"), "the chain's word: audit with --rpc"),
    "audits": (
        (
            *("id", "state", "by_operator", "at_ms", "started_ms", "seen_ms", "ended_ms", "verdict", "entries"),
            *("anchored", "errors", "warnings", "notes", "report", "detail"),
        ),
        "the worker's word: run an audit of your own",
    ),
    "chain_cursor": (("chain_id", "block", "block_ms", "block_hash"), "how far the chain was read"),
    "claim_requests": (
        ("id", "chain_id", "pool", "account", "state", "at_ms", "transaction", "detail"),
        "what was asked of the worker",
    ),
    "claims": (
        ("chain_id", "pool", "account", "cumulative", "final_cumulative", "state", "transaction", "block"),
        "the chain's word: audit with --rpc",
    ),
    "costs": (
        ("chain_id", "transaction", "campaign", "intent", "gas", "wei"),
        "the chain's word: receipts of the transactions",
    ),
    "files": (("erased_ms",), "when a file was erased"),
    "leases": (("name", "holder", "token", "expires_at"), "who leads at the moment"),
    "nonces": (("chain_id", "sender", "nonce", "intent"), "the worker's word"),
    "requests": (("id", "kind", "state", "at_ms", "platform", "detail"), "what was asked of the worker"),
    "settlement_shares": (
        (
            *("chain_id", "pool", "number", "size", "position", "account", "contributor", "rule", "units"),
            *("entry", "final"),
        ),
        "explains settlements, whose accounts are compared; made again from the log where it is missing",
    ),
    "settlements": (("due_ms", "proposed_tx", "ended_tx"), "the chain's word: audit with --rpc"),
    "sign_in_links": (("used",), "when a link was used"),
    "transactions": (
        (
            *("chain_id", "sender", "nonce", "intent", "recipient", "data", "gas", "max_fee", "priority_fee"),
            *("state", "at_ms", "detail", "block", "block_hash", "gas_used", "gas_price"),
        ),
        "the worker's word; bytes and hash are compared",
    ),
    "worker_reports": (("report", "at_ms"), "how the worker was at its last step"),
}
"""By table: the columns, and why."""


def sentences() -> list[str]:
    """The same in words, one a table."""
    return [f"{table} ({', '.join(columns)}): {why}" for table, (columns, why) in sorted(UNBOUND.items())]
