"""What an external id names already, for whoever used it again: the original receipt as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from api.service import Service
from ledger.errors import CrowdLedgerError, IdReusedError

_PAGES: Final = {"contribution": "c", "decision": "d", "campaign": "campaigns"}


async def tell_existing(service: Service, errors: Iterable[CrowdLedgerError]) -> None:
    """Give every IdReusedError among ``errors`` its ``existing``; none where the database does not answer now."""
    reused = [(each, each.index) for each in errors if isinstance(each, IdReusedError) and each.index is not None]
    if not reused:
        return
    try:
        receipts = await service.reader.receipts({index for _, index in reused})
    except CrowdLedgerError:
        return  # the answer is the conflict; the receipt can be asked for
    for error, index in reused:
        page = f"/{_PAGES[error.kind]}/{error.id}" if error.kind in _PAGES else f"/e/{index}"
        error.existing = {
            "id": error.id,
            "index": index,
            "url": service.url(page),
            "receipt": msgspec.json.decode(receipts[index].encode()),
        }
