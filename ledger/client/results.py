"""Calls about what came out of a campaign, and about auditors who may look into it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from ledger import wire
from ledger.client.batches import object_of
from ledger.client.calls import call, listing
from ledger.client.core import Core, path_of
from ledger.errors import FormatError


class ResultCalls(Core):
    """Results, exports, mandates."""

    @call
    async def publish_result(self, campaign: str, new: wire.NewResult) -> wire.ResultWritten:
        """Publish a result, or let the service make it."""
        return await self._post(path_of("/v1/campaigns/{}/results", campaign), new, wire.ResultWritten)

    @listing
    def results(self, campaign: str) -> AsyncIterator[wire.ResultLine]:
        """The published results of a campaign."""
        return self._pages(path_of("/v1/campaigns/{}/results", campaign), wire.ResultLine)

    @call
    async def result(self, result: str) -> wire.Result:
        """A published result with its opening, if it is public."""
        return await self._get(path_of("/v1/results/{}", result), wire.Result)

    @call
    async def result_document(self, result: str) -> bytes:
        """The document of a public result: the canonical JSON to count again."""
        return (await self._reply("GET", path_of("/v1/results/{}/document", result))).content

    @listing
    async def export_accepted(self, campaign: str) -> AsyncIterator[dict[str, Any]]:
        """What stands as accepted, line by line. Raises FormatError at the end if the stream was cut."""
        whole = False
        async with self._streamed(path_of("/v1/campaigns/{}/export", campaign)) as reply:
            async for data in _lines(self._chunks(reply)):
                line = object_of(data, "A line of the export")
                whole = line.get("end") is True
                if not whole:
                    yield line
        if not whole:
            raise FormatError("The export ended before its last line.", remedy="Ask for it again.")

    @call
    async def give_mandate(self, new: wire.NewMandate) -> wire.MandateWritten:
        """Let an auditor open commitments; the reply has the auditor's token."""
        return await self._post("/v1/mandates", new, wire.MandateWritten)

    @listing
    def mandates(self) -> AsyncIterator[wire.Mandate]:
        """The platform's mandates."""
        return self._pages("/v1/mandates", wire.Mandate)

    @call
    async def open_under_mandate(self, mandate: str, purpose: str, subject: str) -> wire.Opened:
        """An opening, with the auditor's token as this client's key. The log says for good that it was given."""
        return await self._get(path_of("/v1/mandates/{}/openings/{}/{}", mandate, purpose, subject), wire.Opened)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines that end with a line feed; httpx would split at U+2028 too, which JSON leaves as it is."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
