"""Reading what a campaign published as a stranger would: checked against its commitments, and counted again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ledger.client import Client
from ledger.consensus import tally
from ledger.errors import FormatError, ProofError
from ledger.statements import canonical
from ledger.statements.canonical import JsonValue
from ledger.statements.commitments import Opening, verify_opening


@dataclass(frozen=True, slots=True)
class Document:
    """A published document whose entries were counted again: ``counted`` is what they come to."""

    tally: JsonValue
    counted: JsonValue
    entries: int

    @property
    def holds(self) -> bool:
        """Whether it says what its entries say."""
        return self.tally == self.counted


def read_result(client: Client, result: str) -> Document:
    """A public result: opened against its commitment, a large document against its digest, and counted again.

    Raises ProofError where something does not match.
    """
    public = client.result(result)
    if public.opening is None:
        raise ProofError(f"The result {result} is not public.")
    content = verify_opening(Opening.parse(canonical.encode(public.opening)), public.commitment)
    if isinstance(content, dict) and content.keys() == {"sha256", "bytes", "type"}:
        data = client.result_document(result)
        if hashlib.sha256(data).hexdigest() != content["sha256"]:
            raise ProofError(f"The document of result {result} is not the one in the log.")
        content = canonical.decode(data)
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list):
        raise FormatError(f"The document of result {result} has no entries.")
    entries = content["entries"]
    assert isinstance(entries, list)
    return Document(content["tally"], tally.count(str(content["method"]), entries), len(entries))


@dataclass(frozen=True, slots=True)
class Line:
    """An accepted contribution in an export."""

    contribution: str
    commitment: str
    content: JsonValue


def read_export(lines: Iterable[dict[str, Any]]) -> Iterator[Line]:
    """The lines of an export that were not erased."""
    for line in lines:
        if not line["erased"]:
            yield Line(line["contribution"], line["commitment"], line["content"])


def matches(client: Client, line: Line) -> bool:
    """Whether an exported content is what the contribution's commitment in the log opens to."""
    opening = Opening.parse(client.opening(line.contribution))
    return verify_opening(opening, line.commitment) == line.content
