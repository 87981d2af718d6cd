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
    "deliveries": (
        (
            *("id", "hook", "event", "digest", "size", "body", "received_ms", "state", "tries", "next_ms", "ended_ms"),
            *("words", "recorded"),
        ),
        "what platforms delivered; what was made of it is in the log",
    ),
    "endpoints": (
        (
            *("id", "platform", "url", "description", "types", "secret", "old_secret", "old_until_ms", "state"),
            *("detail", "cursor", "at_ms", "at_once", "failing_ms", "failures", "pause_ms", "holder"),
            *("held_until_ms",),
        ),
        "where platforms are told of events; sealed secrets notice damage when they are opened",
    ),
    "event_cursors": (("number", "entries", "done", "anchored"), "how far events are written"),
    "events": (
        ("number", "type", "platform", "at_ms", "data", "told_ms"),
        "what platforms are told; what they tell of is in the log and on the chain",
    ),
    "files": (("erased_ms",), "when a file was erased"),
    "hooks": (
        (
            *("id", "platform", "campaign", "connector", "secrets", "old_until_ms", "base_url", "token", "rate"),
            *("at_ms", "holder", "held_until_ms", "worked_ms"),
        ),
        "settings of webhooks; sealed secrets notice damage when they are opened",
    ),
    "imports": (
        (
            *("id", "platform", "campaign", "connector", "form", "file", "state", "expected", "rows", "used"),
            *("refused", "skipped", "written", "known", "detail", "began_ms", "seen_ms", "ended_ms"),
        ),
        "what programs told of themselves",
    ),
    "key_uses": (("key", "used_ms"), "when keys were last used"),
    "leases": (("name", "holder", "token", "expires_at"), "who leads at the moment"),
    "nonces": (("chain_id", "sender", "nonce", "intent"), "the worker's word"),
    "payments": (
        ("chain_id", "pool", "block", "log_index", "account", "amount", "transaction", "told"),
        "the chain's word: audit with --rpc",
    ),
    "refusals": (("hook", "reason", "count", "last_ms"), "a counter"),
    "repeats": (
        ("id", "request", "at_ms", "reply"),
        "replies for whoever asks again; sealed, so that damage is noticed",
    ),
    "requests": (("id", "kind", "state", "at_ms", "platform", "detail"), "what was asked of the worker"),
    "sendings": (
        ("endpoint", "event", "state", "tries", "next_ms", "tried_ms", "took_ms", "status", "words", "at_ms"),
        "how events were sent",
    ),
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
        ("intent", "state", "at_ms", "detail", "block", "block_hash", "gas_used", "gas_price"),
        "the worker's word; all that was signed is compared",
    ),
    "worker_reports": (("report", "at_ms"), "how the worker was at its last step"),
}
"""By table: the columns, and why."""


def sentences() -> list[str]:
    """The same in words, one a table."""
    return [f"{table} ({', '.join(columns)}): {why}" for table, (columns, why) in sorted(UNBOUND.items())]
