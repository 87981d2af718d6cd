"""Rules of the log's own keys."""

from __future__ import annotations

from ledger.book.facts import Facts
from ledger.book.rules.require import require
from ledger.errors import FormatError, RuleError, SignatureError
from ledger.statements.log import LogKeyRotated
from ledger.tree.key_chain import verify_rotation
from ledger.tree.keys import VerifierKey


def check_rotation(statement: LogKeyRotated, at_ms: int, facts: Facts) -> None:
    """From the key in force to one that the log never had, signed by both; a retired key cannot come back."""
    in_force = facts.log_keys[-1][1] if facts.log_keys else None
    require(
        statement.previous == in_force,
        "log-key-in-force",
        f"The key in force is '{in_force}', not '{statement.previous}'.",
        "Rotate from the key that signs the log's checkpoints now.",
    )
    require(
        all(statement.key != vkey for _, vkey in facts.log_keys),
        "log-key-unused",
        f"The log had the key '{statement.key}' before.",
        "Make a new key: 'crowdledger key new FILE'.",
    )
    try:
        previous, key = VerifierKey.parse(statement.previous), VerifierKey.parse(statement.key)
        signatures = bytes.fromhex(statement.signature), bytes.fromhex(statement.endorsed)
        verify_rotation(previous, key, *signatures)
    except (FormatError, SignatureError) as error:
        raise RuleError(error.detail, rule="log-key-endorsed", remedy=error.remedy) from error
