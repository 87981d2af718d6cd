"""Calls about the log: its entries by what they name, their receipts and proofs, and the log's files."""

from __future__ import annotations

from collections.abc import Iterator

from ledger import wire
from ledger.client.connection import Connection


class EntryCalls(Connection):
    """Entries, receipts, proofs, checkpoints, tiles."""

    def receipt(self, contribution: str) -> bytes:
        """The receipt of a contribution, with its anchor once there is one."""
        return self._send("GET", f"/v1/contributions/{contribution}/receipt").content

    def decision_receipt(self, decision: str) -> bytes:
        """The receipt of a decision."""
        return self._send("GET", f"/v1/decisions/{decision}/receipt").content

    def entry_receipt(self, index: int) -> bytes:
        """The receipt of any entry."""
        return self._send("GET", f"/v1/entries/{index}/receipt").content

    def entry_proof(self, index: int) -> str:
        """The C2SP tlog-proof of an entry."""
        return self._send("GET", f"/v1/entries/{index}/proof").text

    def entry(self, index: int) -> wire.Entry:
        """An entry."""
        return self._get(f"/v1/entries/{index}", wire.Entry)

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
    ) -> Iterator[wire.Entry]:
        """The entries for which all that is given holds; ``digest`` is the leaf hash, ``external_id`` needs a key."""
        return self._list(
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

    def find_statement(self, statement: bytes) -> wire.Entry | None:
        """The entry that holds exactly these bytes; None if the log has none."""
        found = self._read(self._send("POST", "/v1/entries/find", statement), wire.Page[wire.Entry]).items
        return found[0] if found else None

    def audit_summary(self) -> wire.AuditSummary:
        """The log's name, key, size, anchor and place."""
        return self._get("/v1/audit/summary", wire.AuditSummary)

    def checkpoint(self) -> str:
        """The log's newest signed checkpoint."""
        return self._send("GET", "/checkpoint").text

    def tile(self, path: str) -> bytes:
        """A tile or an entry bundle by its tlog-tiles path, ``tile/0/000`` or ``tile/entries/x001/234.p/5``."""
        return self._send("GET", f"/{path}").content
