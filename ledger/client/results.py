"""Calls about what came out of a campaign, and about auditors who may look into it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import httpx

from ledger import wire
from ledger.client.connection import Connection, error_in
from ledger.errors import FormatError


class ResultCalls(Connection):
    """Results, exports, mandates."""

    def publish_result(self, campaign: str, new: wire.NewResult) -> wire.ResultWritten:
        """Publish a result, or let the service make it."""
        return self._post(f"/v1/campaigns/{campaign}/results", new, wire.ResultWritten)

    def results(self, campaign: str) -> Iterator[wire.ResultLine]:
        """The published results of a campaign."""
        return self._list(f"/v1/campaigns/{campaign}/results", wire.ResultLine)

    def result(self, result: str) -> wire.Result:
        """A published result with its opening, if it is public."""
        return self._get(f"/v1/results/{result}", wire.Result)

    def result_document(self, result: str) -> bytes:
        """The document of a public result: the canonical JSON to count again."""
        return self._send("GET", f"/v1/results/{result}/document").content

    def export_accepted(self, campaign: str) -> Iterator[dict[str, Any]]:
        """What stands as accepted, line by line. Raises FormatError at the end if the stream was cut."""
        whole = False
        try:
            with self._http.stream("GET", f"/v1/campaigns/{campaign}/export") as reply:
                if not reply.is_success:
                    reply.read()
                    raise error_in(reply)
                for data in _lines(reply.iter_bytes()):
                    line: dict[str, Any] = json.loads(data)
                    whole = line.get("end") is True
                    if not whole:
                        yield line
        except httpx.HTTPError as error:
            raise self._unanswered(error) from error
        if not whole:
            raise FormatError("The export ended before its last line.", remedy="Ask for it again.")

    def give_mandate(self, new: wire.NewMandate) -> wire.MandateWritten:
        """Let an auditor open commitments; the reply has the auditor's token."""
        return self._post("/v1/mandates", new, wire.MandateWritten)

    def mandates(self) -> Iterator[wire.Mandate]:
        """The platform's mandates."""
        return self._list("/v1/mandates", wire.Mandate)

    def open_under_mandate(self, mandate: str, purpose: str, subject: str) -> wire.Opened:
        """An opening, with the auditor's token as this client's key. The log says for good that it was given."""
        return self._get(f"/v1/mandates/{mandate}/openings/{purpose}/{subject}", wire.Opened)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines that end with a line feed; httpx would split at U+2028 too, which JSON leaves as it is."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
