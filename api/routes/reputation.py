"""Reputation: public figures of a public id, and certificates for those who want to show them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.lookup import find_campaign
from api.reads.reputation import decided_work
from api.service import Service, service_of
from api.sessions import Session
from ledger.audit.certificates import certificate
from ledger.book.reputation import by_campaign
from ledger.errors import NotFoundError
from ledger.wire.reputation import CampaignRecord, JudgedEntries, PublicReputation, figures
from ledger.wire.values import Title

router = APIRouter(prefix="/v1", tags=["people"])
_PUBLIC_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "The certificate's file"}
}


@router.get("/people/{public}/reputation")
async def get_reputation(public: str, request: Request) -> PublicReputation:
    """What the log says of the work of a public id, and from which entries: their receipts prove every figure.

    Of a public id that the log does not know it says as much as of one that nobody has decided on yet.
    """
    service = service_of(request)
    if not _PUBLIC_ID.fullmatch(public):
        raise NotFoundError("This is not a public id: a lower-case UUID of version 4, as receipts have it.")
    return await service.reputations.get(public, lambda: _reputation(service, public))


async def _reputation(service: Service, public: str) -> PublicReputation:
    size = (await service.reader.head()).size
    work = await decided_work(service.reads, public)
    return PublicReputation.model_validate(
        {
            "contributor": public,
            "size": size,
            "left_out": work.left_out,
            "campaigns": [
                CampaignRecord.model_validate(
                    {
                        "campaign": campaign,
                        "entries": [JudgedEntries(contribution=e.contribution, decision=e.decision) for e in judged],
                        **figures(judged),
                    }
                )
                for campaign, judged in by_campaign(work.judged).items()
            ],
            **figures(work.judged),
        }
    )


@router.get("/contributors/me/certificate", responses=_FILE, response_class=Response)
async def get_certificate(
    request: Request,
    who: Session,
    campaign: Annotated[str, Query(max_length=36)],
    name: Annotated[Title | None, Query()] = None,
    contributor: Annotated[str | None, Query(max_length=36)] = None,
) -> Response:
    """One's decided work in a campaign with all receipts: ``crowdledger verify`` checks it offline.

    ``name`` is what one wants to be called; left out, the certificate names a public id only.
    """
    service = service_of(request)
    opened = await find_campaign(service.reader, campaign)
    for person in who.people:
        work = await decided_work(service.reads, person.id, campaign)
        if work.judged and contributor in (None, person.id):
            break
    else:
        raise NotFoundError("Nothing of yours was decided in this campaign yet.")
    indexes = {index for each in work.judged for index in (each.contribution, each.decision)} | {opened.index}
    receipts = {index: found.encode() for index, found in (await service.reader.receipts(indexes)).items()}
    data = certificate(
        log=service.config.origin,
        contributor=person.id,
        campaign=receipts[opened.index],
        work=[(receipts[each.contribution], receipts[each.decision]) for each in work.judged],
        judged=work.judged,
        name=name,
    )
    headers = {"Content-Disposition": f'attachment; filename="certificate-{campaign}.json"'}
    return Response(data, headers=headers, media_type="application/json")
