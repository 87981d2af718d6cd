"""Direct entry: work that its author's wallet signed, to a campaign that takes it without the platform's key."""

from __future__ import annotations

import os
import time
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.attempts import address_of
from api.bodies import document, read_one
from api.lookup import Campaign, find_campaign
from api.reads.people import people_by_wallet
from api.replies import page_of, write_reply
from api.sealing import DIRECT_PREFIX, check_sealed, direct_name
from api.service import Service, new_id, service_of
from ledger.errors import FieldError, RuleError
from ledger.log.items import Submit
from ledger.statements.commitments import SALT_BYTES
from ledger.wire.sealed import NewDirectContribution

_DECODER: Final = msgspec.json.Decoder(NewDirectContribution)
_PAGE: Final = page_of("c")


async def submit(request: Request) -> Response:
    """Write signed work of somebody who has no platform's key. The same again answers the first receipt."""
    service = service_of(request)
    service.attempts.count(address_of(request))
    new = await read_one(request, _DECODER)
    campaign = await find_campaign(service.reader, new.campaign)
    if not campaign.opened.direct:
        raise RuleError(
            "This campaign takes contributions through its platform only.",
            rule="direct-entry",
            remedy="Submit it on the platform; GET /v1/campaigns/open lists campaigns that take direct entries.",
        )
    if new.commitment is None and new.salt is None:
        raise FieldError(
            "salt: A signature is over a commitment, which needs your salt.", field="salt", remedy="Send the salt too."
        )
    check_sealed(new.content, new.salt, new.commitment, new.contributor_id)
    content = None if new.content is msgspec.UNSET else document(new.content, "content")
    item = Submit(
        id=new_id(),
        platform=campaign.opened.platform,
        campaign=new.campaign,
        contributor=await _own_id(service, campaign, new),
        fresh_id=new.contributor_id,
        contributor_id=new.contributor_id,
        content=content,
        commitment=new.commitment,
        salt=os.urandom(SALT_BYTES) if new.salt is None else bytes.fromhex(new.salt),
        task=new.task,
        terms=new.terms,
        replaces=new.replaces,
        signature=new.signature,
        external_id=direct_name(new.signature),
    )
    return await write_reply(service, await service.writer.write(item), _PAGE)


hot_routes = [Route("/v1/direct/contributions", submit, methods=["POST"])]


async def _own_id(service: Service, campaign: Campaign, new: NewDirectContribution) -> str:
    """The platform's own id of the signer: the contributor whose wallet it is, else one made of its address.

    Whether the wallet really signed is the writer's to check; until then nothing is said that the log does not say.
    """
    wallet, platform = new.signature.address, campaign.opened.platform
    for person in await people_by_wallet(service.reads, wallet, time.time_ns() // 1_000_000):
        if person.platform == platform and person.id == new.contributor_id:
            return person.external_id
    # Not even their own first wallet speaks for them once another one is in force: it may have been stolen.
    if await service.reader.person(new.contributor_id) is not None:
        raise FieldError(
            "contributor_id: This public id is somebody else's, or another wallet is in force for it.",
            field="contributor_id",
            remedy="Sign with the wallet that is in force, or choose a random public id of your own.",
        )
    return f"{DIRECT_PREFIX}{wallet}"
