"""Calls about the log: its entries by what they name, their receipts and proofs, its files, its keys, its audits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from ledger import wire
from ledger.client.calls import call, listing
from ledger.client.core import Core, path_of
from ledger.client.later import Later

if TYPE_CHECKING:
    from ledger.wire import audits as wire_audits
    from ledger.wire import history as wire_history
else:
    wire_audits = Later("ledger.wire.audits")
    wire_history = Later("ledger.wire.history")


class EntryCalls(Core):
    """Entries, receipts, proofs, checkpoints, tiles, audits."""

    @call
    async def entry_receipt(self, index: int) -> bytes:
        """The receipt of any entry."""
        return await self._receipt(path_of("/v1/entries/{}/receipt", index), index)

    @call
    async def entry_proof(self, index: int) -> str:
        """The C2SP tlog-proof of an entry."""
        return (await self._reply("GET", path_of("/v1/entries/{}/proof", index))).text

    @call
    async def entry(self, index: int) -> wire.Entry:
        """An entry."""
        return await self._get(path_of("/v1/entries/{}", index), wire.Entry)

    @listing
    def entries(
        self,
        *,
        digest: str | None = None,
        id: str | None = None,
        external_id: str | None = None,
        campaign: str | None = None,
        contributor: str | None = None,
        task: str | None = None,
        contribution: str | None = None,
        kind: str | None = None,
    ) -> AsyncIterator[wire.Entry]:
        """The entries for which all that is given holds; ``digest`` is the leaf hash, ``external_id`` needs a key."""
        return self._pages(
            "/v1/entries",
            wire.Entry,
            digest=digest,
            id=id,
            external_id=external_id,
            campaign=campaign,
            contributor=contributor,
            task=task,
            contribution=contribution,
            kind=kind,
        )

    @call
    async def find_statement(self, statement: bytes) -> wire.Entry | None:
        """The entry that holds exactly these bytes; None if the log has none."""
        reply = await self._reply("POST", "/v1/entries/find", statement, repeatable=True)
        found = (await self._read(reply, wire.Page[wire.Entry])).items
        return found[0] if found else None

    @call
    async def audit_summary(self) -> wire.AuditSummary:
        """The log's name, key, size, anchor and place."""
        return await self._get("/v1/audit/summary", wire.AuditSummary)

    @call
    async def history(self, points: int | None = None) -> wire_history.History:
        """How the log grew, its anchors, and what became of money: figures to draw."""
        return await self._get(
            "/v1/audit/history", wire_history.History, points=None if points is None else str(points)
        )

    @call
    async def ask_audit(self) -> wire_audits.AuditReport:
        """Ask the service to audit itself; ``audit`` says how far it is."""
        return await self._post("/v1/audits", None, wire_audits.AuditReport)

    @listing
    def audits(self) -> AsyncIterator[wire_audits.AuditLine]:
        """The audits that were asked for, the newest first."""
        return self._pages("/v1/audits", wire_audits.AuditLine)

    @call
    async def audit(self, audit: str) -> wire_audits.AuditReport:
        """An audit that was asked for, with its report once it is done."""
        return await self._get(path_of("/v1/audits/{}", audit), wire_audits.AuditReport)

    @call
    async def log_keys(self) -> wire.LogKeys:
        """All keys that the log has had, as the service says; auditors check their rotations."""
        return await self._get("/keys.json", wire.LogKeys)

    @call
    async def checkpoint(self) -> str:
        """The log's newest signed checkpoint."""
        return (await self._reply("GET", "/checkpoint")).text

    @call
    async def tile(self, path: str) -> bytes:
        """A tile or an entry bundle by its tlog-tiles path, ``tile/0/000`` or ``tile/entries/x001/234.p/5``."""
        return (await self._reply("GET", f"/{path}")).content
