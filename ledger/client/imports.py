"""Calls of programs that import, which tell how far they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from ledger.client.calls import call, listing
from ledger.client.core import Core, path_of
from ledger.client.later import Later

if TYPE_CHECKING:
    from ledger.wire import imports as wire_imports
else:
    wire_imports = Later("ledger.wire.imports")


class ImportCalls(Core):
    """Imports as a platform's people see them; what is imported is sent as everything else."""

    @call
    async def begin_import(self, new: wire_imports.NewImport) -> wire_imports.Import:
        """Say that an import begins."""
        return await self._post("/v1/imports", new, wire_imports.Import)

    @call
    async def tell_import(self, imported: str, progress: wire_imports.ImportProgress) -> wire_imports.Import:
        """Say how far an import is, or that it ended."""
        return await self._patch(path_of("/v1/imports/{}", imported), progress, wire_imports.Import)

    @listing
    def imports(self, campaign: str | None = None) -> AsyncIterator[wire_imports.Import]:
        """The platform's last imports, the newest first."""
        return self._pages("/v1/imports", wire_imports.Import, campaign=campaign)

    @call
    async def import_state(self, imported: str) -> wire_imports.Import:
        """An import of the platform."""
        return await self._get(path_of("/v1/imports/{}", imported), wire_imports.Import)
