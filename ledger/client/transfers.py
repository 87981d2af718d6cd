"""Calls that bring files of any size to the service and from it."""

from __future__ import annotations

from pathlib import Path

from ledger.client.calls import call
from ledger.client.core import Core, path_of
from ledger.client.files import Part, Source
from ledger.errors import ProofError
from ledger.statements.canonical import JsonValue
from ledger.wire.files import FileContent


class FileCalls(Core):
    """Files of the platform, and the log as one file."""

    @call
    async def upload(self, path: Path, media_type: str) -> dict[str, JsonValue]:
        """Store a file of any size; gives the content that names it in a task or a contribution. Can be repeated."""
        source = await self._apart(Source.of, path)
        headers = {"Content-Type": media_type, "Content-Length": str(source.size)}
        reply = await self._reply("PUT", f"/v1/files/{source.sha256}", source, headers=headers)
        stored = await self._read(reply, FileContent)
        if (stored.sha256, stored.bytes) != (source.sha256, source.size):
            raise ProofError(
                f"The service says that it stored {stored.sha256}, not {source.sha256}.",
                remedy="Do not send the content that it names. Ask the operator: its store of files is damaged.",
            )
        return stored.model_dump()

    @call
    async def download(self, sha256: str, path: Path) -> None:
        """Save a file of the platform, once its digest is checked. Raises ProofError if it is another one."""
        await self._save(path_of("/v1/files/{}", sha256), path, sha256)

    @call
    async def erase_file(self, sha256: str) -> FileContent:
        """Erase a file of the platform: its bytes go, what the log says of it stays."""
        return await self._delete(path_of("/v1/files/{}", sha256), FileContent)

    @call
    async def download_mirror(self, path: Path) -> None:
        """Save all of the log as one file (tar), which ``crowdledger audit`` reads once it is unpacked."""
        await self._save("/mirror.tar", path, None)

    async def _save(self, where: str, to: Path, sha256: str | None) -> None:
        async with self._streamed(where) as reply:
            part = Part(to)  # at once: what is cancelled in a thread would leave its file behind
            try:
                async for chunk in self._chunks(reply):
                    await self._apart(part.write, chunk)
                await self._apart(part.keep, sha256)
            finally:
                await self._apart(part.drop)
