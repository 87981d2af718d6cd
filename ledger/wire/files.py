"""Files of any size: they are sent as they are; what names them in a task or a contribution is this."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ledger.wire.values import Model


class FileContent(Model):
    """A stored file, and word for word the ``content`` of the task or contribution that it belongs to."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0)]
    type: str
