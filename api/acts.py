"""What a platform's administrator does to its webhooks and people stands in the log, with the key or member who did."""

from __future__ import annotations

from api.auth import Caller
from api.service import Service
from ledger.log.items import NoteAct
from ledger.statements.platforms import Act


def check_notable(service: Service) -> None:
    """Nothing is done that the log would not take a statement of. Raises UnavailableError, QueueFullError."""
    service.writer.check_open()


async def note_act(service: Service, caller: Caller, act: Act, subject: str) -> None:
    """Write that it was done. ``subject`` is the id of what it was done to."""
    await service.writer.write(NoteAct(platform=caller.platform, by=caller.by, act=act, subject=subject))
