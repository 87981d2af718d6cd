"""Tasks of a campaign, written one by one or in batches."""

from __future__ import annotations

import os
from typing import Annotated

import msgspec
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.auth import Caller, needs
from api.bodies import read_items
from api.lookup import find_campaign
from api.openapi import takes, writes
from api.problems import validation_error
from api.replies import batch_reply, entry_page, write_reply
from api.service import new_id, service_of
from api.writing import write_each
from ledger.errors import CrowdLedgerError
from ledger.log.items import AddTask
from ledger.statements.commitments import SALT_BYTES
from ledger.wire import BatchReply, NewTask, TaskBatch, Written

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])


@router.post("/{campaign}/tasks", **writes(Written))
async def add_task(
    campaign: str, new: NewTask, request: Request, caller: Annotated[Caller, needs("submit")]
) -> Response:
    """Add a task."""
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    written = await service.writer.write(task_item(new, campaign, caller.platform))
    return await write_reply(service, written, entry_page)


@router.post("/{campaign}/tasks/batch", responses={200: {"model": BatchReply}}, openapi_extra=takes(TaskBatch))
async def add_tasks(campaign: str, request: Request, caller: Annotated[Caller, needs("submit")]) -> Response:
    """Add up to 1,000 tasks, each on its own."""
    # The body is read here, after the key was checked: a large one takes time that strangers do not get.
    service = service_of(request)
    await find_campaign(service.reader, campaign, caller.platform)
    requests = [read_task(item) for item in await read_items(request)]
    results = await write_each(service.writer, requests, lambda new: task_item(new, campaign, caller.platform))
    return await batch_reply(service, results, entry_page)


def read_task(item: msgspec.Raw | bytes) -> NewTask | CrowdLedgerError:
    """A task as it was sent, or what is wrong with it."""
    try:
        return NewTask.model_validate_json(bytes(item))
    except ValidationError as error:
        return validation_error(list(error.errors(include_input=False)))


def task_item(new: NewTask, campaign: str, platform: str) -> AddTask:
    """The writer's item of a request."""
    return AddTask(
        id=new_id(),
        platform=platform,
        campaign=campaign,
        content=new.content,
        salt=os.urandom(SALT_BYTES),
        external_id=new.external_id,
    )
