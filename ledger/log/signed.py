"""Wallet signatures inside statements: checked before they are recorded."""

from __future__ import annotations

from ledger.errors import FieldError
from ledger.statements import signatures
from ledger.statements.contributions import ContributionSubmitted, Signature
from ledger.statements.decisions import DecisionMade


def check_signature(
    statement: ContributionSubmitted | DecisionMade, signature: Signature, domain: signatures.Domain | None
) -> None:
    """Raise SignatureError unless the named address signed what the statement says; FieldError without a domain."""
    if domain is None:
        raise FieldError(
            "No chain is configured, so a wallet's signature cannot be checked.",
            field="signature",
            remedy="Leave the signature out, or ask the operator to configure the chain.",
        )
    signatures.verify(signatures.statement_digest(domain, statement), signature.value, signature.address)
