"""Wallets' EIP-712 signatures on contributions and decisions: the dearest part of an audit, each by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ledger.audit.processes import Processes
from ledger.errors import SignatureError
from ledger.statements import kinds, signatures
from ledger.statements.contributions import ContributionSubmitted
from ledger.statements.decisions import DecisionMade
from ledger.statements.signatures import Domain

Signed = ContributionSubmitted | DecisionMade
_AT_A_TIME = 250
"""Signatures of one job."""


def wrong_signatures(
    domain: Domain, signed: Sequence[tuple[int, Signed]], processes: Processes | None
) -> Iterator[tuple[int, str]]:
    """Yield (entry, why) of the statements that their ``signature`` does not fit, in order; all of them have one."""
    if processes is None:
        yield from _wrong(domain, signed)
        return
    parts = (signed[begin : begin + _AT_A_TIME] for begin in range(0, len(signed), _AT_A_TIME))
    jobs = ([(entry, kinds.encode(statement)) for entry, statement in part] for part in parts)
    yield from chain.from_iterable(processes.each(_Verifying(domain), jobs))


@dataclass(frozen=True, slots=True)
class _Verifying:
    """The work for processes: statements come as bytes, which are handed over faster."""

    domain: Domain

    def __call__(self, entries: list[tuple[int, bytes]]) -> list[tuple[int, str]]:
        return list(_wrong(self.domain, [(entry, _signed(data)) for entry, data in entries]))


def _signed(data: bytes) -> Signed:
    statement = kinds.parse(data)
    assert isinstance(statement, Signed)
    return statement


def _wrong(domain: Domain, signed: Sequence[tuple[int, Signed]]) -> Iterator[tuple[int, str]]:
    for entry, statement in signed:
        assert statement.signature is not None
        digest = signatures.statement_digest(domain, statement)
        try:
            signatures.verify(digest, statement.signature.value, statement.signature.address)
        except SignatureError as error:
            yield entry, error.detail
