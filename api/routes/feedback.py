"""Feedback: what contributors think of tasks, of decisions on their work, and of campaigns."""

from __future__ import annotations

import os

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.lookup import find_campaign
from api.openapi import writes
from api.replies import entry_page, write_reply
from api.service import Service, new_id, service_of
from api.sessions import Bearer, is_session, person_entrusted, signed_in
from ledger.errors import FieldError, NotFoundError
from ledger.log.items import GiveFeedback
from ledger.log.shapes import PersonView
from ledger.statements.commitments import SALT_BYTES
from ledger.wire import Written
from ledger.wire.people import NewFeedback

router = APIRouter(prefix="/v1/feedback", tags=["people"])


@router.post("", dependencies=[Bearer], **writes(Written))
async def give_feedback(new: NewFeedback, request: Request) -> Response:
    """Rate a task, a decision or a campaign, once: a contributor's session, or a key with the scope submit for them."""
    service = service_of(request)
    person = await _person(service, new, request)
    item = GiveFeedback(
        id=new_id(),
        platform=person.platform,
        campaign=new.campaign,
        contributor=person.id,
        about=new.about,
        subject=new.subject,
        score=new.score,
        words=new.words,
        salt=os.urandom(SALT_BYTES),
    )
    return await write_reply(service, await service.writer.write(item), entry_page)


async def _person(service: Service, new: NewFeedback, request: Request) -> PersonView:
    if is_session(request):
        who = await signed_in(request)
        platform = (await find_campaign(service.reader, new.campaign)).opened.platform
        mine = [each for each in who.people if each.platform == platform and new.contributor in (None, each.id)]
        if len(mine) > 1:
            raise FieldError(
                "contributor: This wallet is several contributors of the platform; say which.",
                field="contributor",
                remedy=f"Send one of {', '.join(each.id for each in mine)}.",
            )
        if not mine:
            raise NotFoundError(
                "You took no part in this campaign.", remedy="Only who took part in a campaign rates it."
            )
        return mine[0]
    caller = await service.keys.caller(request, "submit")
    await find_campaign(service.reader, new.campaign, caller.platform)
    if new.contributor is None:
        raise FieldError(
            "contributor: It is missing.", field="contributor", remedy="Send your own id of the person who rates."
        )
    return await person_entrusted(service, caller, new.contributor)
